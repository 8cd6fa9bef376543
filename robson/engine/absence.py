"""What follows from the proof that an order never happened: it has failed, and what it was for."""

from __future__ import annotations

from typing import Any

from robson.domain import events as e
from robson.domain.identity import Purpose
from robson.domain.intents import PlaceOrder
from robson.domain.values import Numbers
from robson.domain.view import PositionView
from robson.engine.context import Context, Decision


def decide_absent(view: PositionView, order: PlaceOrder, proof: Numbers, ctx: Context) -> Decision:
    """The order is resolved as absent, with its proof, and has failed.

    Nothing follows for a position that is over: a person has said what became of it before the
    proof was there.
    """
    told: dict[str, Any] = {
        "position": view.id,
        "at_ns": ctx.now_ns,
        "client_id": order.client_id,
    }
    resolved = e.OrderResolved(**told, outcome="absent", evidence=proof)
    if view.state.is_terminal:
        return Decision(events=(resolved,))
    return Decision(events=(resolved, _failed(order.purpose, told, proof)))


def _failed(purpose: Purpose, told: dict[str, Any], proof: Numbers) -> e.PositionEvent:
    if purpose is Purpose.ENTRY:
        return e.EntryFailed(
            **told,
            reason="absent",
            code=None,
            message="the exchange never had the entry",
            proof=proof,
        )
    if purpose in (Purpose.EXIT, Purpose.UNTRACKED):
        return e.ExitRetry(
            **told, code=None, message="the exchange never had the exit", proof=proof
        )
    return e.InsuranceFailed(**told, code=None, message="the exchange never had the stop")
