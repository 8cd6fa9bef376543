"""The parts of strategies, as worlds recognise that they were met: held, raised, left by."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from robson.domain import events as e
from robson.domain.lifecycle import PositionState as State
from robson.domain.strategy import STRATEGIES, DetectorKind, StrategyConfig, TrailingMode
from robson.domain.view import PositionView
from robson.sim.courses import Course


def _is_new(course: Course) -> bool:
    """The entry that makes a position one that holds."""
    filled = isinstance(course.event, e.EntryFilled | e.EntryPartlyFilled)
    return filled and course.goes(State.ENTERING, State.ACTIVE)


def _raised(course: Course, mode: TrailingMode) -> bool:
    return isinstance(course.event, e.StopRaised) and course.after.strategy.trailing is mode


def _left(course: Course, *reasons: str) -> bool:
    return isinstance(course.event, e.ExitTriggered) and course.event.reason in reasons


_HELD: dict[str, Callable[[StrategyConfig, PositionView], bool]] = {
    "own crossing held": lambda s, _v: _is_own(s) and s.detector is DetectorKind.MA_CROSSOVER,
    "signal held": lambda s, _v: s.detector is DetectorKind.MANUAL,
    "no trailing held": lambda s, _v: s.trailing is TrailingMode.OFF,
    "no target held": lambda s, _v: s.stop_gain_spans is None,
    "less risk held": lambda s, _v: s.risk_pct < 1,
    "buffer held": lambda _s, v: v.plan is not None and v.plan.stops.buffer > 0,
    "guard held": lambda _s, v: v.plan is not None and v.plan.stops.unguarded is not None,
}
"""What a position that holds may have of its strategy."""

_DONE: dict[str, Callable[[Course], bool]] = {
    "handspan raised": lambda c: _raised(c, TrailingMode.HANDSPAN),
    "handspan raised twice": lambda c: (
        _raised(c, TrailingMode.HANDSPAN) and getattr(c.event, "rung", 0) > 1
    ),
    "own break-even": lambda c: (
        _raised(c, TrailingMode.HANDSPAN)
        and getattr(c.event, "rung", 0) == 1
        and c.after.strategy.be_bps is not None
    ),
    "continuous raised": lambda c: _raised(c, TrailingMode.CONTINUOUS),
    "continuous stop met": lambda c: (
        _left(c, "trailing_stop") and c.after.strategy.trailing is TrailingMode.CONTINUOUS
    ),
    "guard released": lambda c: isinstance(c.event, e.GuardReleased),
    "guard met": lambda c: (
        _left(c, "stop_loss") and c.after.plan is not None and bool(c.after.plan.stops.unguarded)
    ),
    "own target met": lambda c: (
        _left(c, "stop_gain") and c.after.strategy.stop_gain_spans not in (None, 2)
    ),
    "own signal refused": lambda c: (
        isinstance(c.event, e.SignalRejected) and c.after.strategy.detector is DetectorKind.MANUAL
    ),
}
"""What may happen to one because of its strategy."""

TRAITS = (*(f"{name} held" for name in STRATEGIES), *_HELD, *_DONE)
"""Every strategy that comes with Robson, and every part of one, as worlds have to meet them."""


def _is_own(strategy: StrategyConfig) -> bool:
    return strategy.name not in STRATEGIES


def traits(course: Course) -> Iterator[str]:
    """What of a strategy an event shows."""
    view = course.after
    if _is_new(course):
        if not _is_own(view.strategy):
            yield f"{view.strategy.name} held"
        yield from (name for name, shows in _HELD.items() if shows(view.strategy, view))
    yield from (name for name, shows in _DONE.items() if shows(course))
