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
from robson.sim.venue.kinds import KINDS, STREAMS, TOKEN

SIDES = ("long", "short")
ENDS = ("gain", "stop", "panic", "away")
"""How it is left: at the target, at the stop, by a person's panic, or by the exchange stop while
nobody is there."""
DEATHS = ("none", "none", "struck", "entering", "holding", "leaving")
"""When the process is killed; ``struck``: at once when the first fault has struck."""
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


@attrs.frozen(kw_only=True)
class Trouble:
    """One line of the venue's script: the nth request or frame of a role."""

    kind: str
    role: str
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.kind}/{self.role}"


@attrs.frozen(kw_only=True)
class Plan:
    """One position, from arm to end. ``hints``: the daemon listens to the account as well."""

    seed: int
    number: int
    side: str
    end: str
    death: str
    hints: bool
    troubles: tuple[Trouble, ...]

    @property
    def of_holding(self) -> set[tuple[str, str]]:
        """What can strike while it is held: neither its entry nor what trades on its way out."""
        rest = {(kind, "insurance") for kind in (*_TRADED, "dead_stop")}
        passing = {(t.kind, t.role) for t in self.troubles if t.role not in ("entry", *_LEAVING)}
        return passing - rest


def plan_of(seed: int, number: int) -> Plan:
    """What a position meets; numbers begin with 1."""
    rng = Random(f"live {seed} {number}")  # noqa: S311 - reproducible, not secret
    cards = [_card(seed, CARDS * (number - 1) + place) for place in range(CARDS)]
    troubles = [_trouble(rng, *card) for card in cards]
    for kind, role in cards:
        if (shown_by := _SHOWN_BY.get(kind)) is not None:
            troubles.append(Trouble(kind=shown_by, role=role if role in ORDERS else "entry"))
        if role == "repay":
            troubles.append(Trouble(kind="skipped_repay", role="exit"))
    end = rng.choice(_ends(cards))
    return Plan(
        seed=seed,
        number=number,
        side=SIDES[number % 2],
        end=end,
        death=rng.choice(DEATHS),
        hints=any(role in ("user", TOKEN) for _, role in cards),
        troubles=tuple(dict.fromkeys(troubles)),
    )


def _ends(cards: Sequence[tuple[str, str]]) -> Sequence[str]:
    """Ways out on which these faults can strike: the exchange stop alone sends nothing of ours."""
    if any(kind == "dead_stop" for kind, _ in cards):
        return ("away",)
    if any(role in _LEAVING for _, role in cards):
        return ENDS[:-1]
    if any(role == "insurance" and kind in _TRADED for kind, role in cards):
        return ("away",)
    return ENDS


def _trouble(rng: Random, kind: str, role: str) -> Trouble:
    nth = rng.randint(1, _TIMES) if role in _REPEATED else 1
    return Trouble(kind=kind, role=role, nth=nth)


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
