"""Comparing with the exchange, and what a person says of a position that nobody can explain."""

from __future__ import annotations

from robson.api import lookup
from robson.api.published import Difference, Looked, PairReading, Published, Settled
from robson.api.translate import positions, status
from robson.api.translate.evidence import evidence
from robson.api.translate.operators import reason_of
from robson.api.translate.values import named, stamp, text
from robson.api.v1 import robson_pb2 as pb
from robson.domain.commands import Reconcile, ReconcileClose, Resolve
from robson.domain.errors import Refused
from robson.domain.reports import Balance, OrderState

_TARGETS = {
    pb.POSITION_STATE_ACTIVE: "active",
    pb.POSITION_STATE_EXITING: "exiting",
    pb.POSITION_STATE_CLOSED: "closed",
    pb.POSITION_STATE_CANCELLED: "cancelled",
}


def reconcile(request: pb.ReconcileRequest, published: Published, actor: str) -> Reconcile:
    """The command.

    Raises:
        Refused: a pair that nobody knows.
    """
    symbol = lookup.known_symbol(published, request.symbol) if request.symbol else None
    return Reconcile(symbol=symbol, report_only=request.report_only, actor=actor)


def close(request: pb.ReconcileCloseRequest, published: Published, actor: str) -> ReconcileClose:
    """The command.

    Raises:
        Refused: no such position, no reason, or no evidence.
    """
    view = lookup.find_position(published, request.position, live_only=True)
    return ReconcileClose(
        position=view.id,
        evidence=evidence(request.evidence_json, view),
        reason=reason_of(request.reason),
        actor=actor,
    )


def resolve(request: pb.ResolveRequest, published: Published, actor: str) -> Resolve:
    """The command.

    Raises:
        Refused: no such position, no reason, or nothing that it may be.
    """
    target = _TARGETS.get(request.target)
    if target is None:
        allowed = ", ".join(_TARGETS.values())
        raise Refused("INVALID_ARGUMENT", f"target is {request.target}; allowed is {allowed}.")
    view = lookup.find_position(published, request.position, live_only=True)
    brought = evidence(request.evidence_json, view) if request.evidence_json else None
    reason = reason_of(request.reason)
    return Resolve(position=view.id, target=target, evidence=brought, reason=reason, actor=actor)


def closed(done: Settled, published: Published) -> pb.ReconcileCloseResponse:
    """What came of it."""
    return pb.ReconcileCloseResponse(
        as_of=stamp(published.now_ns),
        daemon=status.daemon(published.daemon),
        position=positions.position(done.position, published),
        risk=status.risk_of(published.risk, published.now_ns),
    )


def resolved(done: Settled, published: Published) -> pb.ResolveResponse:
    """What came of it."""
    return pb.ResolveResponse(
        as_of=stamp(published.now_ns),
        daemon=status.daemon(published.daemon),
        position=positions.position(done.position, published),
        risk=status.risk_of(published.risk, published.now_ns),
    )


def looked(found: Looked, published: Published) -> pb.ReconcileResponse:
    """What was found."""
    return pb.ReconcileResponse(
        as_of=stamp(published.now_ns),
        daemon=status.daemon(published.daemon),
        differences=[_difference(each) for each in found.found],
        pairs=[_pair(each, published) for each in found.pairs],
        report_only=found.report_only,
    )


def _difference(found: Difference) -> pb.Difference:
    return pb.Difference(
        symbol=found.symbol,
        row=found.row,
        code=found.code,
        message=found.message,
        evidence=named(found.evidence),
        follows=found.follows,
        freezes=found.freezes,
    )


def _pair(read: PairReading, published: Published) -> pb.PairReading:
    account = read.account
    view = next((each for each in published.positions if each.id == read.position), None)
    return pb.PairReading(
        symbol=str(account.scope.symbol),
        read_at=stamp(account.at_ns),
        position=None if view is None else positions.position(view, published),
        base=_holding(account.base),
        quote=_holding(account.quote),
        orders=[_order(each, ours=each.client_id in read.ours) for each in account.open_orders],
    )


def _holding(held: Balance) -> pb.Holding:
    return pb.Holding(
        asset=held.asset, free=text(held.free), locked=text(held.locked), debt=text(held.debt)
    )


def _order(order: OrderState, *, ours: bool) -> pb.RestingOrder:
    return pb.RestingOrder(
        order_id=order.order_id,
        client_id=order.client_id,
        action=order.action.value,
        type=order.type.value,
        quantity=text(order.quantity),
        stop_price=text(order.stop_price),
        ours=ours,
    )
