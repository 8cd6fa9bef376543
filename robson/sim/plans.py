"""What a seed stands for: a market, how bad it is there, and what a person wants of it."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson.domain.strategy import StrategyConfig
from robson.domain.values import Side
from robson.sim.chance import Chance
from robson.sim.faults import CrashAt
from robson.sim.seams import POINTS
from robson.sim.styles import style_of

PATIENCE = {"brisk": 900, "ticking": 400, "storm": 12, "patient": 4 * 3600}
"""Seconds after which a person has had enough of a position."""
TEMPERS_MET = ("brisk",) * 8 + ("ticking",) * 4 + ("storm",) * 3 + ("patient",)
SEVERITIES_MET = ("calm",) * 2 + ("rough",) * 4 + ("harsh", "deadly")
"""How often which market, and how bad it is there."""
_PATIENT_MET = ("choosy", "calm", "rough")
"""And where a crossing is waited for, by many strategies: mostly its entry is to be taken."""
_PANICS, _DISARMS, _AT_ONCE = range(12), range(12, 18), range(20, 23)
_DARKENS, _STOPS, _BY_HAND = range(30, 60), range(60, 75), range(90, 99)
_HALTS = range(80, 90)
"""Of a hundred wishes, those in which somebody or something interferes."""
_HANDS = ((Decimal(1), 1), (Decimal(1), 2), (Decimal("0.4"), 1))
"""What a person leaves by hand, at the exchange: all, all in two orders, a part."""


@attrs.frozen(kw_only=True)
class Wish:
    """One position as a person wants it. Times are virtual seconds after it was armed.

    Attributes:
        share: part of the account's capital that it is sized from; None for all.
        panic_s, disarm_s: when they change their mind; None for never.
        stop_s: when they stop the process in order, to start it again soon.
        dark_s: when the power fails for a while, which is nobody's wish.
        halt_s: when they halt entries, which closes what is open where the plan says so.
        hand_s: when they leave ``hand`` of it by themselves, a share in so many orders.
        signal_bps: how far from the price the stop of the signal lies that they give; None for no
            signal.
    """

    strategy: str
    side: Side | None
    leverage: int
    share: Decimal | None
    pause_s: int
    panic_s: int | None = None
    disarm_s: int | None = None
    stop_s: int | None = None
    dark_s: int | None = None
    hand_s: int | None = None
    halt_s: int | None = None
    hand: tuple[Decimal, int] = (Decimal(1), 1)
    force: bool = False
    asks_twice: bool = False
    looks_first: bool = False
    signal_bps: int | None = None


@attrs.frozen(kw_only=True)
class Plan:
    """A world before it begins. ``crash_at``: where the process dies besides by chance;
    ``closes``: what is open is left at a halt; ``only_limited``: the symbol takes no stop but one
    with a limit; ``strategies``: the person's own, besides those that come with Robson.
    """

    seed: int
    temper: str
    severity: str
    balance: Decimal
    rises: bool
    crash_at: CrashAt | None
    only_limited: bool
    closes: bool = False
    wishes: tuple[Wish, ...]
    strategies: tuple[StrategyConfig, ...] = ()


def plan_of(seed: int, positions: int, *, usual: bool = False) -> Plan:
    """What a seed stands for; ``usual``: with the strategies ``now`` and ``all-in`` alone."""
    plan = _usual(seed, positions)
    return plan if usual else _mixed(plan)


def _mixed(plan: Plan) -> Plan:
    """The plan with strategies of its seed in place of some; its market stays as it is."""
    chance = Chance(f"strategies {plan.seed}")
    patient = plan.temper == "patient"
    if patient:
        severity = chance.pick(_PATIENT_MET)
        at = plan.crash_at if severity != "calm" else None
        plan = attrs.evolve(plan, severity=severity, crash_at=at)
    wishes, own = [], []
    for place, wish in enumerate(plan.wishes):
        style = style_of(
            chance,
            place,
            side=wish.side,
            waits=wish.strategy != "now",
            crosses=patient and place == 0,
        )
        own += [style.own] if style.own else []
        wishes.append(attrs.evolve(wish, strategy=style.name, signal_bps=style.signal_bps))
    return attrs.evolve(plan, wishes=tuple(wishes), strategies=tuple(own))


def _usual(seed: int, positions: int) -> Plan:
    chance = Chance(f"plan {seed}")
    temper = chance.pick(TEMPERS_MET)
    severity = chance.pick(SEVERITIES_MET)
    if temper == "patient":
        severity = chance.pick(("calm", "choosy", "choosy"))
    at = CrashAt(POINTS[seed % len(POINTS)]) if severity != "calm" else None
    rises = chance.hits(0.5)
    wishes = [_wish(chance, temper, place) for place in range(positions)]
    if temper == "patient" and wishes:
        # A crossing comes soon, and comes the tape's way.
        way = Side.LONG if rises else Side.SHORT
        wishes[0] = attrs.evolve(wishes[0], side=way, panic_s=None, disarm_s=None)
    return Plan(
        seed=seed,
        temper=temper,
        severity=severity,
        balance=Decimal(chance.pick(("10000", "2500", "100000"))),
        rises=rises,
        crash_at=at,
        only_limited=seed % 3 == 0,
        closes=seed % 5 == 0,
        wishes=tuple(wishes),
    )


def _wish(chance: Chance, temper: str, place: int) -> Wish:
    waits = temper == "patient" and place == 0
    patience = PATIENCE[temper]
    changes = chance.below(100)
    disarm_s = chance.below(patience // 9) if changes in _DISARMS else None
    at_once = changes in _AT_ONCE
    return Wish(
        strategy="all-in" if waits or chance.hits(0.08) else "now",
        side=None if chance.hits(0.1) else chance.pick((Side.LONG, Side.SHORT)),
        leverage=chance.pick((3, 3, 3, 2, 2, 2, 1)),
        share=None if chance.hits(0.3) else Decimal(chance.pick(("0.1", "0.25", "0.05"))),
        pause_s=0 if temper == "storm" else chance.below(20),
        panic_s=chance.below(patience // 6) if changes in _PANICS else None,
        disarm_s=0 if at_once else disarm_s,
        stop_s=chance.below(max(1, patience // 25)) if changes in _STOPS else None,
        dark_s=chance.below(max(1, patience // 25)) if changes in _DARKENS else None,
        halt_s=patience // 20 if changes in _HALTS else None,
        hand_s=patience // 150 if changes in _BY_HAND else None,
        hand=_HANDS[changes % len(_HANDS)],
        force=at_once or chance.hits(0.5),
        asks_twice=chance.hits(0.2),
        looks_first=chance.hits(0.15),
    )
