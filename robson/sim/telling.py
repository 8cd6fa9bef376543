"""What an event of a life means, in one short sentence with its numbers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from robson.domain import events as e
from robson.domain.reports import Fill
from robson.domain.strategy import StrategyConfig
from robson.domain.values import NS_PER_S, Side, plain
from robson.domain.view import PositionView
from robson.sim.paper import figure

Told = tuple[str, str]
"""A word for the margin, and the sentence."""

_LEVELS = {"high": "the level asked for", "medium": "a deeper level", "low": "no level, by range"}


def told(event: Any, view: PositionView) -> Told | None:
    """The event in words; None for one that a reader does not miss."""
    telling = _TELLINGS.get(type(event))
    return telling(event, view) if telling else None


def _money(view: PositionView, amount: Decimal) -> str:
    places = 6 if 0 < abs(amount) < Decimal("0.1") else 2
    return f"{figure(amount, places)} {view.scope.symbol.quote}"


def _short(price: Decimal) -> str:
    """An average price, cut to a length that people read."""
    return plain(round(price, 8).normalize())


def _base(view: PositionView, quantity: Decimal) -> str:
    return f"{plain(quantity)} {view.scope.symbol.base}"


def _armed(event: e.PositionArmed, _view: PositionView) -> Told:
    side = event.side.value if event.side else "either side"
    capital = "all capital" if event.capital is None else f"capital {figure(event.capital)}"
    style = _style(event.strategy)
    return "armed", f"{event.strategy.name}, {side}, {capital}, leverage {event.leverage}x; {style}"


def _style(strategy: StrategyConfig) -> str:
    """How its stop follows, and its target."""
    gain = strategy.stop_gain_spans
    target = "no target" if gain is None else f"target {plain(gain)} spans"
    guard = ", guard" if strategy.stop.guard_lookback is not None else ""
    return f"trailing {strategy.trailing.value}, {target}{guard}"


def _signal(event: e.SignalReceived, _view: PositionView) -> Told:
    level = _LEVELS.get(event.audit.confidence)
    stop = f"stop from the chart: {level}" if level else "its stop came with it"
    return "signal", f"{event.side.value} at {plain(event.entry_ref)}; {stop}"


def _rejected(event: e.SignalRejected, _view: PositionView) -> Told:
    return "no entry", f"{event.code}: {event.message}"


def _sized(event: e.SizingDecided, view: PositionView) -> Told:
    sizing, stops = event.plan.sizing, event.plan.stops
    away = stops.span * 100 / stops.entry_ref
    gain = f", gain {plain(stops.stop_gain)}" if stops.stop_gain is not None else ""
    return "sized", (
        f"{_base(view, sizing.quantity)}; stop {plain(stops.stop)} is {away:.2f}% away{gain};"
        f" may lose {_money(view, sizing.planned_risk)}"
    )


def _requested(event: e.EntryRequested, _view: PositionView) -> Told:
    order = event.order
    return "entry", f"market {order.action.value} {plain(order.quantity)}, {order.client_id}"


def _filled(event: e.EntryFilled, view: PositionView) -> Told:
    found = ", found by asking" if event.reconciled else ""
    verb = "bought" if view.side is Side.LONG else "sold"
    return "filled", f"{verb} {_base(view, event.quantity)} at {_short(event.price)}{found}"


def _partly(event: e.EntryPartlyFilled, view: PositionView) -> Told:
    verb = "bought" if view.side is Side.LONG else "sold"
    return "part", f"{verb} {_base(view, event.quantity)} at {_short(event.price)}, still open"


def _entry_back(_event: e.EntryCancelling, _view: PositionView) -> Told:
    return "take back", "what is left of the entry is cancelled before the position is left"


def _failed(event: e.EntryFailed, _view: PositionView) -> Told:
    again = "; waits for the next signal" if event.rearm else ""
    return "no entry", f"{event.message}{again}"


def _unknown(event: e.OrderUnknown, _view: PositionView) -> Told:
    return "unknown", f"{event.reason}; Robson asks, and sends nothing again: {event.client_id}"


def _resolved(event: e.OrderResolved, _view: PositionView) -> Told:
    if event.outcome == "found":
        said = dict(event.evidence)
        return "found", f"order {said['order_id']} is {said['status']}, {said['executed']} executed"
    return "absent", "proved by two not-founds, all orders, all trades and the balances"


def _insured(event: e.InsurancePlaced, view: PositionView) -> Told:
    quantity = _base(view, event.quantity)
    return "guarded", f"exchange stop {plain(event.stop_price)} rests for {quantity}"


def _insurance_failed(event: e.InsuranceFailed, _view: PositionView) -> Told:
    return "unguarded", f"the exchange stop was refused: {event.message}"


def _gone(_event: e.InsuranceGone, _view: PositionView) -> Told:
    return "gone", "the exchange stop is not open, and nobody said why; Robson asks"


def _cancelled_stop(_event: e.InsuranceCancelled, _view: PositionView) -> Told:
    return "released", "the exchange stop is taken back, nothing of it had executed"


def _stopped_out(event: e.InsuranceFilled, view: PositionView) -> Told:
    return "stopped", f"by the exchange's own stop: {_fills(view, event.fills)}"


def _raised(event: e.StopRaised, _view: PositionView) -> Told:
    return "stop up", (
        f"price {plain(event.price)} reached rung {event.rung}: stop {plain(event.was)}"
        f" → {plain(event.stop)}"
    )


def _released(event: e.GuardReleased, _view: PositionView) -> Told:
    return "guard off", f"the stop has left the guard {plain(event.guard)} behind"


def _triggered(event: e.ExitTriggered, view: PositionView) -> Told:
    gain = view.plan.stops.stop_gain if view.plan else None
    level = gain if event.reason == "stop_gain" and gain is not None else event.stop
    price = f" at {plain(event.price)}" if event.price is not None else ""
    how = f", jumped over from {plain(event.jumped_from)}" if event.jumped_from else ""
    asked = f", asked by {event.actor}" if event.actor else f", level {plain(level)}"
    return "exit", f"{event.reason}{price}{asked}{how}"


def _exited(event: e.ExitFilled, view: PositionView) -> Told:
    if view.side is None or event.fills[0].action is view.side.exit_action:
        return "left", _fills(view, event.fills)
    quantity = sum((fill.quantity for fill in event.fills), Decimal(0))
    price = _short(event.fills[-1].price)
    return "given back", f"sold {_base(view, quantity)} at {price}: it was bought back twice"


def _fills(view: PositionView, fills: tuple[Fill, ...]) -> str:
    verb = "sold" if view.side is Side.LONG else "bought back"
    quantity = sum((fill.quantity for fill in fills), Decimal(0))
    return f"{verb} {_base(view, quantity)} at {_short(fills[-1].price)}"


def _retry(event: e.ExitRetry, _view: PositionView) -> Told:
    return "again", f"the exit did not happen: {event.message}"


def _panic(event: e.PanicRequested, _view: PositionView) -> Told:
    return "panic", f"by {event.actor}, before the entry is known: its fill will be left at once"


def _ended(event: e.PositionCancelled, _view: PositionView) -> Told:
    return "cancelled", f"{event.reason}; nothing was traded"


def _repay(event: e.RepayRequested, _view: PositionView) -> Told:
    return "repay", f"{plain(event.amount)} {event.asset} was left owed"


def _closed(event: e.PositionClosed, view: PositionView) -> Told:
    dust = f", dust {_base(view, event.dust)}" if event.dust else ""
    return "closed", f"flat, by {event.reason}{dust}"


def _settled(event: e.PnlSettled, view: PositionView) -> Told:
    bare_ns = view.bare_after_fill_ns + view.bare_replacing_ns
    bare_ns += view.bare_vanished_ns + view.bare_before_exit_ns
    return "result", (
        f"{event.net:+,.2f} {view.scope.symbol.quote} ({event.r_multiple:+.2f} R); planned to lose"
        f" at most {_money(view, event.planned_risk)}; fees {_money(view, event.fees)}, interest"
        f" {_money(view, event.interest)}; no stop rested for {bare_ns / NS_PER_S:.2f} s"
    )


def _error(event: e.PositionFailed, _view: PositionView) -> Told:
    return "ERROR", f"{event.code}: {event.message}"


_TELLINGS: dict[type, Callable[[Any, PositionView], Told]] = {
    e.PositionArmed: _armed,
    e.SignalReceived: _signal,
    e.SignalRejected: _rejected,
    e.SizingDecided: _sized,
    e.EntryRequested: _requested,
    e.EntryPartlyFilled: _partly,
    e.EntryCancelling: _entry_back,
    e.EntryFilled: _filled,
    e.EntryFailed: _failed,
    e.OrderUnknown: _unknown,
    e.OrderResolved: _resolved,
    e.InsurancePlaced: _insured,
    e.InsuranceFailed: _insurance_failed,
    e.InsuranceGone: _gone,
    e.InsuranceCancelled: _cancelled_stop,
    e.InsuranceFilled: _stopped_out,
    e.StopRaised: _raised,
    e.GuardReleased: _released,
    e.ExitTriggered: _triggered,
    e.ExitFilled: _exited,
    e.ExitRetry: _retry,
    e.PanicRequested: _panic,
    e.PositionCancelled: _ended,
    e.RepayRequested: _repay,
    e.PositionClosed: _closed,
    e.PnlSettled: _settled,
    e.PositionFailed: _error,
}
