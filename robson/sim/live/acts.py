"""What else happens in a life: sequences that no single fault makes, one for each position.

An act brings troubles of its own for the venue's script, and may want a death or a way out. What
the script cannot do, somebody does by hand when its step has come.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

import attrs

from robson.sim.live.trouble import Trouble

MOVED, HOUR, AGAIN, RECOVERY, RESTART, ROLLOVER, DEPOSIT, PERSON = (
    "moved", "hour", "again", "recovery", "restart", "rollover", "deposit", "person",
)  # fmt: skip
_SILENT = ("lost_request", "cut_before", "page", "stalled_answer", "overloaded")
_DONE = ("lost_answer", "cut_after", "bus_error", "body_cut", "html_page")
_REFUSED = ("clock", "rate_limit", "clock_stepped", "throttled")

_ASKED = ("page", "rate_limit", "body_slow", "lost_answer", "account_lag", "cut_before")


@attrs.frozen(kw_only=True)
class Act:
    """One of them.

    Attributes:
        means: what happens, in words.
        dies: it begins with a death.
        leaves: the way out is sent by Robson, not met by the exchange stop alone.
        hears: the daemon listens to the account as well.
    """

    means: str
    dies: bool = False
    leaves: bool = False
    hears: bool = False


ACTS: Mapping[str, Act] = {
    MOVED: Act(
        means="the price reaches the first rung: the stop is moved, and its requests are struck"
    ),
    HOUR: Act(means="the clock jumps over the full hour, at which interest is charged"),
    AGAIN: Act(means="killed twice within a second", dies=True),
    RECOVERY: Act(means="the first questions after a death are struck", dies=True),
    RESTART: Act(means="the venue is restarted when the exit has come in", leaves=True),
    ROLLOVER: Act(means="streams end with the price that is to be left at", leaves=True),
    "chain of an exit": Act(
        means="an exit, the question after it, and its repeat are struck", leaves=True
    ),
    "chain of a stop": Act(means="a stop, the question after it, and its repeat are struck"),
    "in pieces": Act(means="entry and exit trade in parts, seconds apart", leaves=True),
    "deaf": Act(means="no listen token is ever given", hears=True),
    DEPOSIT: Act(means="somebody brings money in while it is held"),
    PERSON: Act(means="somebody brings money in, and buys for it by a client of their own"),
}
"""By name."""


def troubles_of(act: str, rng: Random) -> tuple[Trouble, ...]:
    """What an act adds to the script from the begin; what waits for a step is below."""
    if act == "deaf":
        return (Trouble(kind=rng.choice(("page", "wrong_country")), role="token", every=1),)
    if act == MOVED:
        return (
            Trouble(kind=rng.choice((*_SILENT, *_DONE, *_REFUSED)), role="cancel"),
            Trouble(kind=rng.choice((*_SILENT, *_DONE, *_REFUSED)), role="insurance", nth=2),
        )
    if act == "in pieces":
        return tuple(Trouble(kind="slow_matching", role=role) for role in ("entry", "exit"))
    if act.startswith("chain"):
        role = "exit" if act == "chain of an exit" else "insurance"
        return (
            Trouble(kind=rng.choice((*_SILENT, *_DONE)), role=role),
            Trouble(kind=rng.choice(_ASKED), role="question", after=role),
            Trouble(kind=rng.choice((*_SILENT, *_REFUSED)), role=role, nth=2),
        )
    return ()


def recovering(rng: Random) -> tuple[Trouble, ...]:
    """What meets a process that comes back: two of its first questions."""
    return tuple(
        Trouble(kind=rng.choice(_ASKED), role="question", nth=nth)
        for nth in sorted(rng.sample(range(1, 6), 2))
    )


def rolling() -> tuple[Trouble, ...]:
    """Every stream of prices ends with its next frame."""
    return tuple(Trouble(kind="stream_day", role=role) for role in ("aggTrade", "kline"))
