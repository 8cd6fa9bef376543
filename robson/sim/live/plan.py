"""What one position meets, by seed and number alone, so that any of a hundred can be lived again.

Every fault that a venue's script knows is a card of a deck, one for each role that it can meet. The
deck is shuffled by the seed and dealt out, so that no card comes twice before all have come once.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from random import Random

import attrs

from robson.connectors.simulated.kinds import ORDERS
from robson.sim.live.acts import ACTS, DEPOSIT, PERSON, troubles_of
from robson.sim.live.trouble import Trouble
from robson.sim.venue.kinds import KINDS, STREAMS, TOKEN

SIDES = ("long", "short")
ENDS = ("gain", "stop", "panic", "away")
"""How it is left: at the target, at the stop, by a person's panic, or by the exchange stop while
nobody is there."""
FILLED = "filled"
DEATHS = ("none", "none", "struck", "entering", FILLED, "holding", "leaving")
"""When the process is killed; ``struck``: at once when the first fault has struck; ``filled``: when
the books have the entry's fill, before or after its stop is there."""
CARDS = 3
"""Faults for each position."""
_NOT_OURS = ("foreign_order", "foreign_stop", "foreign_cancel", "foreign_loan")
_MONEY = ("foreign_deposit", "foreign_withdrawal", "liquidated")
_NOT_DEALT = frozenset((*_NOT_OURS, *_MONEY))
"""Not weather but somebody else: then the books are no longer Robson's alone."""
_HEARD = ("aggTrade", "kline", "user")
_SHOWN_BY: Mapping[str, str] = {"hidden_order": "lost_answer", "stale_answer": "lost_answer"}
"""A fault that only shows when another one makes Robson ask."""
_TRADED = ("several_trades", "thin_book", "slow_matching", "skipped_repay")
"""Faults of an order that trades: of the exchange stop only where it is met."""
_LEAVING = ("exit", "cancel", "repay")
_REPEATED = ("question", "market")
_TIMES = 4
_SOON = 2
_AFTER: Mapping[str, tuple[str | None, ...]] = {
    "question": (None, "entry", "insurance", "exit"),
    "market": (None, "insurance"),
    "aggTrade": (None, "insurance", "cancel"),
    "kline": (None, "insurance", "cancel"),
    "user": (None, "insurance", "cancel"),
}
"""What comes all the time is met in every state: from the begin, or when such a request came."""


@attrs.frozen(kw_only=True)
class Plan:
    """One position, from arm to end.

    Attributes:
        hints: the daemon listens to the account as well.
        act: what happens beside the troubles, one of ``ACTS``.
        own: which troubles are the act's.
    """

    seed: int
    number: int
    side: str
    end: str
    death: str
    hints: bool
    troubles: tuple[Trouble, ...]
    act: str = ""
    own: tuple[Trouble, ...] = ()

    @property
    def of_holding(self) -> set[tuple[str, str]]:
        """What can strike while it is held: neither its entry nor what trades on its way out."""
        rest = {(kind, "insurance") for kind in (*_TRADED, "dead_stop")}
        passing = {
            (t.kind, t.role)
            for t in self.troubles
            if t.nth == 1 and t.role not in ("entry", *_LEAVING) and t.after not in _LEAVING
        }
        return passing - rest


def plan_of(seed: int, number: int) -> Plan:
    """What a position meets; numbers begin with 1."""
    rng = Random(f"live {seed} {number}")  # noqa: S311 - reproducible, not secret
    cards = [_card(seed, CARDS * (number - 1) + place) for place in range(CARDS)]
    act = _act(seed, number)
    end = rng.choice(_ends(cards, leaves=ACTS[act].leaves))
    death = rng.choice(DEATHS)
    troubles = [_trouble(rng, *card, end=end) for card in cards]
    for kind, role in cards:
        if (shown_by := _SHOWN_BY.get(kind)) is not None:
            troubles.append(Trouble(kind=shown_by, role=role if role in ORDERS else "entry"))
        if role == "repay":
            troubles.append(Trouble(kind="skipped_repay", role="exit"))
    own = troubles_of(act, rng)
    return Plan(
        seed=seed,
        number=number,
        side=SIDES[number % 2],
        end=end,
        death="holding" if ACTS[act].dies and death == "none" else death,
        hints=ACTS[act].hears or any(role in ("user", TOKEN) for _, role in cards),
        troubles=tuple(dict.fromkeys((*troubles, *own))),
        act=act,
        own=own,
    )


def _ends(cards: Sequence[tuple[str, str]], *, leaves: bool) -> Sequence[str]:
    """Ways out on which these faults can strike: the exchange stop alone sends nothing of ours."""
    if any(kind == "dead_stop" for kind, _ in cards):
        return ("away",)
    if any(role in _LEAVING for _, role in cards):
        return ENDS[:-1]
    if any(role == "insurance" and kind in _TRADED for kind, role in cards):
        return ("away",)
    return ENDS[:-1] if leaves else ENDS


def _trouble(rng: Random, kind: str, role: str, *, end: str) -> Trouble:
    """Kinds that another fault shows, and what is dead from the begin, wait for nothing."""
    waits = _AFTER.get(role, (None,)) if kind not in _SHOWN_BY else (None,)
    after = rng.choice([role for role in waits if end != "away" or role not in _LEAVING])
    nth = rng.randint(1, _SOON if after else _TIMES) if role in _REPEATED else 1
    return Trouble(kind=kind, role=role, nth=nth, after=after)


def _act(seed: int, number: int) -> str:
    times, at = divmod(number - 1, len(ACTS))
    names = list(ACTS)
    Random(f"live {seed} acts {times}").shuffle(names)  # noqa: S311
    # What a person buys beside a short is part of its way out, and no more theirs.
    return DEPOSIT if (names[at], SIDES[number % 2]) == (PERSON, "short") else names[at]


def _card(seed: int, place: int) -> tuple[str, str]:
    deck = _deck()
    times, at = divmod(place, len(deck))
    return _shuffled(seed, times)[at]


@functools.cache
def _shuffled(seed: int, times: int) -> tuple[tuple[str, str], ...]:
    cards = list(_deck())
    Random(f"live {seed} deck {times}").shuffle(cards)  # noqa: S311
    return tuple(cards)


@functools.cache
def _deck() -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, role)
        for name, kind in KINDS.items()
        if name not in _NOT_DEALT
        for role in kind.requests
        if role not in STREAMS or role in _HEARD
    )
