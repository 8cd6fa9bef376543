"""How far a panic is, as its wire message: read off the published view, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from robson.api.published import Published
from robson.api.translate import positions
from robson.api.translate.results import provisional, unrealized
from robson.api.translate.status import daemon
from robson.api.translate.values import enum_name, floored, seconds, stamp
from robson.api.v1 import robson_pb2 as pb
from robson.domain.identity import PositionId
from robson.domain.lifecycle import PositionState
from robson.domain.view import PositionView

_ACTIONS = {
    PositionState.ARMED: "cancel",
    PositionState.ENTERING: "exit_on_fill",
    PositionState.ACTIVE: "exit",
    PositionState.EXITING: "already_exiting",
    PositionState.ERROR: "exit",
}
_RESTS = ("placing", "resting", "cancelling")


@attrs.frozen(kw_only=True)
class Panicking:
    """A panic under way. ``started_ns`` is None for a dry run, where nothing was decided."""

    actions: Mapping[PositionId, str]
    started_ns: int | None
    symbol: str | None


def actions_for(targets: tuple[PositionView, ...]) -> dict[PositionId, str]:
    """What panic would do about each position in its present state."""
    return {view.id: _ACTIONS[view.state] for view in targets if view.state in _ACTIONS}


def progress(panic: Panicking, published: Published) -> pb.PanicProgress:
    """Where every position concerned stands now."""
    views = [view for view in published.positions if view.id in panic.actions]
    decided = panic.started_ns is not None
    others = {
        str(view.scope.symbol): None
        for view in published.positions
        if not view.state.is_terminal and view.id not in panic.actions
    }
    return pb.PanicProgress(
        as_of=stamp(published.now_ns),
        daemon=daemon(published.daemon),
        started_at=stamp(panic.started_ns),
        elapsed_s=seconds(published.now_ns - panic.started_ns) if panic.started_ns else "",
        steps=[_step(view, panic.actions[view.id], published, decided=decided) for view in views],
        done=len(views) == len(panic.actions) and not any(view.is_live for view in views),
        dry_run=not decided,
        left_open=list(others),
    )


def _step(view: PositionView, action: str, published: Published, *, decided: bool) -> pb.PanicStep:
    cancelled = view.state is PositionState.CANCELLED
    insured = view.insurance.attempts > 0
    return pb.PanicStep(
        position=positions.position(view, published),
        action=enum_name("PANIC_ACTION", action),
        decided=decided,
        stop_off=view.insurance.state not in _RESTS if insured else None,
        flat=_is_flat(view),
        settled=None if cancelled else view.is_settled,
        result=floored(_result(view, published)),
    )


def _is_flat(view: PositionView) -> bool | None:
    """None where what is held is not known: an order without an answer, or an error."""
    if view.state.is_terminal or view.state is PositionState.ARMED:
        return True
    unknown = any(record.status == "unknown" for record in view.orders)
    held = view.state in (PositionState.ACTIVE, PositionState.EXITING)
    return False if held and not unknown else None


def _result(view: PositionView, published: Published) -> Decimal | None:
    if view.settled is not None:
        return view.settled.net
    if view.closed is not None:
        return provisional(view)
    last = published.prices.get(str(view.scope.symbol))
    rules = published.instruments.get(str(view.scope.symbol))
    return unrealized(view, last.price if last else None, rules)
