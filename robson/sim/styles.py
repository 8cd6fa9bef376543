"""Which strategy a position of a world lives by: one that comes with Robson, or a user's own.

A user's own is made up as its file would say it: how the stop follows, whether there is a target,
what lies between the level and the stop, and who says when.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from robson.daemon.strategies import strategy_of
from robson.domain.strategy import StrategyConfig
from robson.domain.values import Side
from robson.sim.chance import Chance

KEEPS = 0.45
"""Of the positions that enter at arm, those that stay with ``now``."""
SIGNALLED, CROSSED = 0.55, 0.25
"""Of the positions that would wait for a crossing which no short tape has, those that somebody
tells, and those with averages that cross on one."""
_OWN = "own"
_SAYS: dict[str, tuple[Any, ...]] = {
    "stop.level_n": (2, 2, 2, 1, 3, 4),
    "stop.lookback": (100, 100, 60),
    "stop.swing": (2, 2, 1, 3),
    "stop.min_touches": (1, 1, 1, 2),
    "stop.tolerance": (Decimal("0.002"), Decimal("0.002"), Decimal("0.005")),
    "stop.atr_period": (14, 14, 5),
    "stop.atr_mult": (Decimal("1.5"), Decimal("1.5"), Decimal("0.8"), Decimal(3)),
    "stop.min_bps": (10, 10, 40),
    "stop.max_bps": (1000, 1000, 400),
    "stop.buffer_bps": (Decimal(0), Decimal(0), Decimal(5), Decimal(20), Decimal("62.5")),
    "stop.cap_ratio": (Decimal("0.25"), Decimal("0.25"), Decimal("0.1")),
    "stop.guard_enabled": (False, False, True),
    "stop.guard_lookback": (20, 20, 2, 5, 50),
    "stop_gain.r": (Decimal(2), Decimal("0.75"), Decimal("1.5"), Decimal(3), "none", "none"),
    "trailing.mode": ("handspan", "handspan", "continuous", "continuous", "off"),
    "trailing.be_bps": ("auto", "auto", Decimal(0), Decimal(45), Decimal(150)),
    "risk_pct": (Decimal(1), Decimal(1), Decimal("0.5"), Decimal("0.2")),
}
"""What a file may say, and how often."""
_CROSSINGS = ((9, 21), (5, 12), (3, 8), (12, 26))
_QUICK = ((2, 3), (2, 4), (3, 5))
"""Averages that cross on a tape of a few candles."""
_AWAY_BPS = (40, 80, 80, 150, 300)
"""How far from the price somebody who gives the signal puts the stop."""


@attrs.frozen(kw_only=True)
class Style:
    """A strategy by its name; the strategy itself where it is a user's ``own``.

    ``signal_bps``: how far from the price the stop of the signal lies that a person gives.
    """

    name: str
    own: StrategyConfig | None = None
    signal_bps: int | None = None


def style_of(chance: Chance, place: int, *, side: Side | None, waits: bool, crosses: bool) -> Style:
    """The style of a place.

    Args:
        chance: what it is picked by.
        place: of the position in its world.
        side: what the person names.
        waits: it does not enter at arm.
        crosses: the usual averages cross on its tape.
    """
    if not waits:
        kept = chance.hits(KEEPS)
        return Style(name="now") if kept else _own(chance, place, {"detector.kind": "immediate"})
    named = ("all-in", "trend") if side is Side.LONG else ("iron-exit", "trend", "all-in")
    if crosses:
        name = chance.pick((*named[:2], _OWN))
        return _crossed(chance, place, _CROSSINGS) if name == _OWN else Style(name=name)
    how = chance.share()
    if how < CROSSED:
        return _crossed(chance, place, _QUICK)
    if how < CROSSED + SIGNALLED:
        told = _own(chance, place, {"detector.kind": "manual"})
        return attrs.evolve(told, signal_bps=chance.pick(_AWAY_BPS))
    return Style(name=chance.pick(named))


def _crossed(chance: Chance, place: int, averages: tuple[tuple[int, int], ...]) -> Style:
    fast, slow = chance.pick(averages)
    bias = chance.pick(("long", "short", "auto"))
    return _own(chance, place, {"detector.fast": fast, "detector.slow": slow, "bias": bias})


def _own(chance: Chance, place: int, said: dict[str, Any]) -> Style:
    """One of a file that says this, and else what chance has it say."""
    picked = {key: chance.pick(values) for key, values in _SAYS.items()}
    own = strategy_of(f"{_OWN}-{place}", picked | said)
    return Style(name=own.name, own=own)
