"""The document of ``robson reconcile``: what journal and exchange say of each pair, and then."""

from __future__ import annotations

from robson.api.document.position import named, position
from robson.api.document.status import daemon
from robson.api.document.text import Document, number, when, word
from robson.api.v1 import robson_pb2 as pb


def reconcile(message: pb.ReconcileResponse, door: str, *, then: str) -> Document:
    """``robson.reconcile/1``."""
    return {
        "schema": "robson.reconcile/1",
        "as_of": when(message, "as_of"),
        "daemon": daemon(message.daemon, door),
        "applied": not message.report_only,
        "agrees": not message.differences,
        "pairs": [_pair(each, message) for each in message.pairs],
        "next": then,
    }


def _pair(pair: pb.PairReading, message: pb.ReconcileResponse) -> Document:
    return {
        "symbol": pair.symbol,
        "read_at": when(pair, "read_at"),
        "position": position(pair.position) if pair.HasField("position") else None,
        "exchange": {
            "base": _holding(pair.base),
            "quote": _holding(pair.quote),
            "orders": [_order(each) for each in pair.orders],
        },
        "differences": [_difference(d) for d in message.differences if d.symbol == pair.symbol],
    }


def _holding(held: pb.Holding) -> Document:
    return {
        "asset": held.asset,
        "free": number(held.free),
        "locked": number(held.locked),
        "debt": number(held.debt),
    }


def _order(order: pb.RestingOrder) -> Document:
    return {
        "order_id": order.order_id,
        "client_id": order.client_id,
        "action": word(order.action),
        "type": word(order.type),
        "quantity": number(order.quantity),
        "stop_price": number(order.stop_price),
        "ours": order.ours,
    }


def _difference(found: pb.Difference) -> Document:
    return {
        "row": found.row,
        "code": found.code,
        "message": found.message,
        "evidence": named(found.evidence),
        "follows": found.follows,
        "freezes": found.freezes,
    }
