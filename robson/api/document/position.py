"""A position as it stands in every document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from robson.api.document.text import Document, enum_word, number, number_or_word, when, word
from robson.api.v1 import robson_pb2 as pb


def position(message: pb.Position) -> Document:
    """Everything known of a position."""
    orders = [order(each) for each in message.orders]
    return {
        "id": message.id,
        "symbol": message.instrument.symbol,
        "side": enum_word(pb.Side, "SIDE", message.side),
        "state": enum_word(pb.PositionState, "POSITION_STATE", message.state),
        "entry_price": number(message.entry_price),
        "stop_loss": number(message.stop_loss),
        "stop_gain": number(message.stop_gain),
        "quantity": number(message.quantity),
        "leverage": message.leverage,
        "unrealized_pnl": number(message.unrealized_pnl),
        "realized_pnl": number(message.realized_pnl),
        "palma": {
            "distance": number(message.palma.distance),
            "distance_pct": number(message.palma.distance_pct),
        },
        "created_at": when(message, "created_at"),
        "entry_filled_at": when(message, "entry_filled_at"),
        "closed_at": when(message, "closed_at"),
        "strategy": strategy(message.strategy),
        "exit_reason": word(message.exit_reason),
        "trailing": _trailing(message.trailing),
        "technical_stop": number(message.technical_stop),
        "executable_span": number(message.executable_span),
        "planned_risk": number(message.planned_risk),
        "r_multiple": number(message.r_multiple),
        "insurance": _insurance(message.insurance),
        "margin": _margin(message.margin),
        "frozen": {"is": getattr(message.frozen, "is"), "reason": word(message.frozen.reason)},
        "last_rejection": _rejection(message),
        "settled": message.settled,
        "version": message.version,
        **_more(message),
        "entry_order": _last(orders, "entry"),
        "exit_order": _last(orders, "exit"),
        "orders": orders,
        "trigger": _trigger(message),
        "at_risk": number(message.at_risk),
        "result_at_stop": number(message.result_at_stop),
        "actual_risk": number(message.actual_risk),
        "net_r_at_gain": number(message.net_r_at_gain),
        "rejections": message.rejections,
    }


def _more(message: pb.Position) -> Document:
    guard = message.protection
    return {
        "account": message.account,
        "actor": word(message.actor),
        "instrument": instrument(message.instrument),
        "capital": number(message.capital),
        "entry_ref": number(message.entry_ref),
        "first_stop": number(message.first_stop),
        "entry_quantity": number(message.entry_quantity),
        "price": price(message.price),
        "exit_price": number(message.exit_price),
        "exited_at": when(message, "exited_at"),
        "fees": number(message.fees),
        "other_fees": [
            {"asset": each.asset, "amount": number(each.amount)} for each in message.other_fees
        ],
        "interest": number(message.interest),
        "pnl_provisional": number(message.pnl_provisional),
        "waiting_for": word(message.waiting_for),
        "protection": {
            "after_fill_s": number(guard.after_fill_s),
            "replacing_s": number(guard.replacing_s),
            "vanished_s": number(guard.vanished_s),
            "before_exit_s": number(guard.before_exit_s),
            "unprotected_s": number(guard.unprotected_s),
            "alerted_at": when(guard, "alerted_at"),
        },
        "exit_fence": enum_word(pb.ExitFence, "EXIT_FENCE", message.exit_fence),
    }


def strategy(message: pb.Strategy) -> Document:
    """A strategy's snapshot."""
    return {
        "name": message.name,
        "version": message.version,
        "detector": word(message.detector),
        "stop_gain_spans": number(message.stop_gain_spans),
        "be_bps": number(message.be_bps),
        "risk_pct": number(message.risk_pct),
    }


def instrument(message: pb.Instrument) -> Document:
    """The pair and its grids."""
    return {
        "symbol": message.symbol,
        "base": message.base,
        "quote": message.quote,
        "tick": number(message.tick),
        "step": number(message.step),
        "price_decimals": message.price_decimals,
        "quantity_decimals": message.quantity_decimals,
        "rules": "derived" if message.derived else "exchange",
    }


def price(message: pb.PricePoint) -> Document:
    """A price with its age."""
    return {
        "value": number(message.value),
        "at": when(message, "at"),
        "age_s": number(message.age_s),
    }


def order(message: pb.Order) -> Document:
    """One order of a position."""
    return {
        "purpose": enum_word(pb.OrderPurpose, "ORDER_PURPOSE", message.purpose),
        "client_id": message.client_id,
        "order_id": optional(message, "order_id"),
        "action": word(message.action),
        "type": word(message.type),
        "quantity": number(message.quantity),
        "stop_price": number(message.stop_price),
        "attempt": message.attempt,
        "status": word(message.status),
        "sent_at": when(message, "sent_at"),
    }


def named(numbers: Iterable[pb.Named]) -> Document:
    """Names with their values."""
    return {each.name: number_or_word(each.value) for each in numbers}


def optional(message: Any, field: str) -> Any:
    """A field that may be unset: then None."""
    return getattr(message, field) if message.HasField(field) else None


def _trailing(message: pb.Trailing) -> Document:
    return {
        "mode": enum_word(pb.TrailingMode, "TRAILING_MODE", message.mode),
        "rung": message.rung,
        "watermark": number(message.watermark),
    }


def _insurance(message: pb.Insurance) -> Document:
    return {
        "state": enum_word(pb.InsuranceState, "INSURANCE_STATE", message.state),
        "stop_price": number(message.stop_price),
        "quantity": number(message.quantity),
        "order_id": optional(message, "order_id"),
        "client_id": word(message.client_id),
        "age_s": number(message.age_s),
        "attempts": message.attempts,
        "error": word(message.error),
        "enabled": not message.off,
    }


def _margin(message: pb.Margin) -> Document:
    return {
        "level": number(message.level),
        "asset": word(message.asset),
        "debt": number(message.debt),
        "interest": number(message.interest),
        "read_at": when(message, "read_at"),
        "band": word(message.band),
        "exit_level": number(message.exit_level),
        "liquidation_ratio": number(message.liquidation_ratio),
        "liquidation_price": number(message.liquidation_price),
    }


def _rejection(message: pb.Position) -> Document | None:
    if not message.HasField("last_rejection"):
        return None
    rejection = message.last_rejection
    return {
        "code": rejection.code,
        "message": rejection.message,
        "numbers": named(rejection.numbers),
        "at": when(rejection, "at"),
    }


def _trigger(message: pb.Position) -> Document | None:
    if not message.HasField("trigger"):
        return None
    trigger = message.trigger
    return {
        "reason": trigger.reason,
        "price": number(trigger.price),
        "at": when(trigger, "at"),
        "jumped_from": number(trigger.jumped_from),
        "stop": number(trigger.stop),
        "actor": word(trigger.actor),
    }


def _last(orders: list[Document], purpose: str) -> Document | None:
    return next((each for each in reversed(orders) if each["purpose"] == purpose), None)
