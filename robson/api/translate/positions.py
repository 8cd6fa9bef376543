"""A position view as its wire message, with the numbers of the moment: price, result, ages."""

from __future__ import annotations

from decimal import Decimal, localcontext

from robson.api.published import MarginFact, PositionNote, Published
from robson.api.translate.results import provisional, unrealized
from robson.api.translate.values import (
    decimals_of,
    enum_name,
    floored,
    named,
    raised,
    seconds,
    stamp,
    text,
)
from robson.api.v1 import robson_pb2 as pb
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountSnapshot, fees_elsewhere
from robson.domain.strategy import StrategyConfig
from robson.domain.values import MONEY, NS_PER_MS
from robson.domain.view import OrderRecord, PositionView

_PERCENT_PLACES = Decimal("1E-6")
_LEVEL_PLACES = Decimal("1E-4")
_UNKNOWN_DECIMALS = 8


def position(view: PositionView, published: Published) -> pb.Position:
    """Everything known of a position at this instant."""
    note = published.notes.get(view.id, PositionNote())
    message = _identity(view, published)
    for part in (_plan(view, note), _money(view, published, note), _guards(view, published, note)):
        message.MergeFrom(part)
    message.orders.extend(_order(record) for record in view.orders)
    return message


def _identity(view: PositionView, published: Published) -> pb.Position:
    return pb.Position(
        id=view.id,
        instrument=instrument(view.scope.symbol, published),
        side=enum_name("SIDE", view.side),
        state=enum_name("POSITION_STATE", view.state),
        leverage=view.leverage,
        created_at=stamp(view.created_ns),
        closed_at=stamp(_ended_ns(view)),
        strategy=strategy(view.strategy),
        exit_reason=_exit_reason(view),
        settled=view.is_settled,
        version=view.version,
        account=view.scope.account,
        actor=view.actor,
        capital=text(view.capital),
        rejections=view.rejections,
        last_rejection=_rejection(view),
    )


def _plan(view: PositionView, note: PositionNote) -> pb.Position:
    plan = view.plan
    trailing = pb.Trailing(
        mode=enum_name("TRAILING_MODE", view.strategy.trailing),
        rung=view.rung,
        watermark=text(note.watermark),
    )
    if plan is None:
        return pb.Position(trailing=trailing)
    stops = plan.stops
    with localcontext(MONEY):
        distance = abs(stops.entry_ref - stops.technical_stop)
        pct = distance * 100 / stops.entry_ref
    return pb.Position(
        trailing=trailing,
        stop_loss=text(view.stop),
        stop_gain=text(stops.stop_gain),
        palma=pb.Palma(distance=text(distance), distance_pct=floored(pct, _PERCENT_PLACES)),
        technical_stop=text(stops.technical_stop),
        executable_span=text(stops.span),
        planned_risk=text(plan.sizing.planned_risk),
        entry_ref=text(stops.entry_ref),
        first_stop=text(stops.stop),
        net_r_at_gain=floored(plan.net_r_at_gain),
    )


def _money(view: PositionView, published: Published, note: PositionNote) -> pb.Position:
    last = published.prices.get(str(view.scope.symbol))
    rules = published.instruments.get(str(view.scope.symbol))
    price = last.price if last else None
    entry, closed, settled = view.entry, view.closed, view.settled
    exits = (*view.exit_fills, *view.insurance_fills)
    return pb.Position(
        entry_price=text(entry.price if entry else None),
        entry_quantity=text(entry.quantity if entry else None),
        entry_filled_at=stamp(entry.fills[-1].at_ns if entry else None),
        quantity=text(_quantity(view)),
        unrealized_pnl=floored(unrealized(view, price, rules)),
        realized_pnl=floored(settled.net if settled else None),
        r_multiple=floored(settled.r_multiple if settled else None),
        fees=raised(settled.fees if settled else None),
        other_fees=_other_fees(view),
        interest=raised(settled.interest if settled else None),
        pnl_provisional=floored(provisional(view)),
        exit_price=text(closed.price if closed else None),
        exited_at=stamp(max((fill.at_ns for fill in exits), default=None)),
        at_risk=raised(note.latent),
        result_at_stop=floored(note.result_at_stop),
        actual_risk=raised(note.actual_risk),
        price=price_point(price, last.at_ns, published.now_ns) if price and last else None,
    )


def _other_fees(view: PositionView) -> list[pb.AssetAmount]:
    """What was paid in neither asset of the pair, whatever became of the position."""
    entered = view.entry.fills if view.entry else ()
    fills = (*entered, *view.exit_fills, *view.insurance_fills, *view.given_back)
    paid = fees_elsewhere(fills, view.scope.symbol)
    return [pb.AssetAmount(asset=each, amount=raised(paid[each])) for each in paid]


def _guards(view: PositionView, published: Published, note: PositionNote) -> pb.Position:
    insurance, now = view.insurance, published.now_ns
    resting = insurance.state == "resting" and insurance.accepted_ns is not None
    bare = now - view.bare_since_ns if view.bare_since_ns is not None else None
    armed = view.state is PositionState.ARMED
    return pb.Position(
        insurance=pb.Insurance(
            state=enum_name("INSURANCE_STATE", insurance.state),
            stop_price=text(insurance.stop_price),
            quantity=text(insurance.quantity),
            client_id=insurance.client_id or "",
            order_id=insurance.order_id,
            age_s=seconds(now - (insurance.accepted_ns or now)) if resting else "",
            attempts=insurance.attempts,
            error=insurance.error or "",
            off=view.plan is not None and not view.plan.insurance.terms.enabled,
        ),
        margin=margin(view.account, note.margin),
        frozen=pb.Frozen(
            **{"is": view.state is PositionState.ERROR},
            reason=f"{view.error.code}: {view.error.message}" if view.error else "",
        ),
        waiting_for=(note.waiting_for or "") if armed else "",
        protection=pb.Protection(
            after_fill_s=seconds(view.bare_after_fill_ns),
            replacing_s=seconds(view.bare_replacing_ns),
            vanished_s=seconds(view.bare_vanished_ns),
            before_exit_s=seconds(view.bare_before_exit_ns),
            unprotected_s=seconds(bare) if view.state.may_hold else "",
            alerted_at=stamp(view.alerted_ns),
        ),
        exit_fence=enum_name("EXIT_FENCE", note.exit_fence),
        trigger=_trigger(view),
    )


def _quantity(view: PositionView) -> Decimal | None:
    """What has to be exited: by fills, else as planned; None where nothing was ever traded."""
    if view.entry is not None:
        return view.entry.held
    if view.plan is None or view.state is PositionState.CANCELLED:
        return None
    return view.plan.sizing.quantity


def _ended_ns(view: PositionView) -> int | None:
    if view.closed is not None:
        return view.closed.at_ns
    return view.updated_ns if view.state is PositionState.CANCELLED else None


def _exit_reason(view: PositionView) -> str:
    if view.closed is not None:
        return view.closed.reason
    if view.trigger is not None:
        return view.trigger.reason
    return view.cancel_reason or ""


def _trigger(view: PositionView) -> pb.Trigger | None:
    trigger = view.trigger
    if trigger is None:
        return None
    return pb.Trigger(
        reason=trigger.reason,
        price=text(trigger.price),
        at=stamp(trigger.due_ns),
        jumped_from=text(trigger.jumped_from),
        stop=text(trigger.stop),
        actor=trigger.actor or "",
    )


def _rejection(view: PositionView) -> pb.Rejection | None:
    rejection = view.rejection
    if rejection is None:
        return None
    return pb.Rejection(
        code=rejection.code,
        message=rejection.message,
        numbers=named(rejection.numbers),
        at=stamp(rejection.at_ns),
    )


def _order(record: OrderRecord) -> pb.Order:
    order = record.order
    sent_ms = record.timestamp_ms
    return pb.Order(
        purpose=enum_name("ORDER_PURPOSE", order.purpose.name),
        client_id=record.client_id,
        order_id=record.order_id,
        action=order.action.value,
        type=order.type.value,
        quantity=text(order.quantity),
        stop_price=text(order.stop_price),
        attempt=record.attempt,
        status=record.status,
        sent_at=stamp(sent_ms * NS_PER_MS if sent_ms is not None else None),
    )


def margin(account: AccountSnapshot | None, fact: MarginFact | None = None) -> pb.Margin | None:
    """The pair's account as last read; the level is absent without debt."""
    if fact is not None and fact.account is not None:
        account = fact.account
    if account is None:
        return None
    owed = account.base if account.base.debt > 0 else account.quote
    with localcontext(MONEY):
        debt = account.quote.debt + account.base.debt * account.index_price
        assets = account.quote.total + account.base.total * account.index_price
        level = assets / debt if debt > 0 else None
    return pb.Margin(
        level=floored(level, _LEVEL_PLACES),
        asset=owed.asset if debt > 0 else "",
        debt=text(owed.debt),
        interest=text(owed.interest),
        read_at=stamp(account.at_ns),
        band=fact.band if fact is not None else "",
        exit_level=text(fact.exit_level) if fact is not None else "",
        liquidation_ratio=text(fact.liquidation_ratio) if fact is not None else "",
        liquidation_price=text(fact.liquidation_price) if fact is not None else "",
    )


def instrument(symbol: Symbol, published: Published) -> pb.Instrument:
    """The pair and its grids; of an unknown pair only the names."""
    rules: Instrument | None = published.instruments.get(str(symbol))
    return pb.Instrument(
        symbol=str(symbol),
        base=symbol.base,
        quote=symbol.quote,
        tick=text(rules.tick if rules else None),
        step=text(rules.order_step if rules else None),
        price_decimals=decimals_of(rules.tick) if rules else _UNKNOWN_DECIMALS,
        quantity_decimals=decimals_of(rules.order_step) if rules else _UNKNOWN_DECIMALS,
        derived=rules.derived if rules else False,
    )


def strategy(config: StrategyConfig) -> pb.Strategy:
    """A strategy's own snapshot."""
    return pb.Strategy(
        name=config.name,
        version=config.version,
        detector=config.detector.value,
        stop_gain_spans=text(config.stop_gain_spans),
        be_bps=text(config.be_bps),
        risk_pct=text(config.risk_pct),
    )


def price_point(price: Decimal, at_ns: int, now_ns: int) -> pb.PricePoint:
    """A price with its age."""
    return pb.PricePoint(value=text(price), at=stamp(at_ns), age_s=seconds(now_ns - at_ns))
