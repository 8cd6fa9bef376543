"""The document of ``robson arm``, with the whole plan in a dry run."""

from __future__ import annotations

from robson.api.document.gates import gate
from robson.api.document.position import instrument, named, position, price, strategy
from robson.api.document.status import daemon
from robson.api.document.text import Document, enum_word, number, when, word
from robson.api.v1 import robson_pb2 as pb


def arm(asked: Document, message: pb.ArmResponse, door: str, *, then: str) -> Document:
    """``robson.arm/1``.

    Args:
        asked: what the client was asked for, by the names of ``Client.arm``.
        message: the answer.
        door: by which it came.
        then: the command that makes sense next.
    """
    placed = message.HasField("position")
    return {
        "schema": "robson.arm/1",
        "as_of": when(message, "as_of"),
        "daemon": daemon(message.daemon, door),
        "dry_run": asked["dry_run"],
        "request": {
            "symbol": asked["symbol"],
            "strategy": word(asked["strategy"]),
            "side": asked["side"],
            "capital": number(asked["capital"] or ""),
            "leverage": asked["leverage"],
            "idempotency_key": word(asked["idempotency_key"]),
        },
        "repeated": message.repeated,
        "position": position(message.position) if placed else None,
        "preview": _preview(message.preview) if message.HasField("preview") else None,
        "next": then,
    }


def _preview(message: pb.ArmPreview) -> Document:
    return {
        "accepted": not message.denials,
        "side": enum_word(pb.Side, "SIDE", message.side),
        "leverage": message.leverage,
        "strategy": strategy(message.strategy),
        "instrument": instrument(message.instrument),
        "waiting_for": word(message.waiting_for),
        "price": price(message.price),
        "exit_fence": enum_word(pb.ExitFence, "EXIT_FENCE", message.exit_fence),
        "plan": _plan(message.plan, message.price) if message.HasField("plan") else None,
        "stop_search": _search(message.stop_search) if message.HasField("stop_search") else None,
        "gates": [gate(each) for each in message.gates],
        "denials": [
            {"code": each.code, "message": each.message, "numbers": named(each.numbers)}
            for each in message.denials
        ],
    }


def _plan(plan: pb.Plan, last: pb.PricePoint) -> Document:
    gain = {
        "price": number(plan.stop_gain),
        "pct": number(plan.stop_gain_pct),
        "spans": number(plan.stop_gain_spans),
        "net_r": number(plan.net_r_at_gain),
    }
    return {
        "entry": {"price": number(plan.entry_ref), "price_age_s": number(last.age_s)},
        "stop": {
            "price": number(plan.stop),
            "pct": number(plan.stop_pct),
            "technical_stop": number(plan.technical_stop),
            "buffer": number(plan.buffer),
        },
        "span": number(plan.span),
        "stop_gain": gain if plan.stop_gain else None,
        "be_bps": number(plan.be_bps),
        "insurance": {
            "enabled": bool(plan.insurance_stop),
            "stop_price": number(plan.insurance_stop),
        },
        "borrows": plan.borrows,
        "notional": number(plan.notional),
        "sizing": _sizing(plan.sizing),
    }


def _sizing(sizing: pb.Sizing) -> Document:
    return {
        "capital": number(sizing.capital),
        "risk_pct": number(sizing.risk_pct),
        "risk_limit": number(sizing.risk_limit),
        "fee_rate": number(sizing.fee_rate),
        "terms": {
            "span": number(sizing.span_term),
            "fees": number(sizing.fee_term),
            "gap": number(sizing.gap_term),
            "slip": number(sizing.slip_term),
            "interest": number(sizing.interest_term),
            "loss_unit": number(sizing.loss_unit),
        },
        "by_hand": {
            "quantity": number(sizing.by_hand_quantity),
            "loss": number(sizing.by_hand_loss),
            "loss_pct": number(sizing.by_hand_loss_pct),
        },
        "with_costs": {
            "quantity": number(sizing.quantity),
            "loss": number(sizing.planned_risk),
            "loss_pct": number(sizing.planned_risk_pct),
        },
        "quantity_by_risk": number(sizing.quantity_by_risk),
        "quantity_by_margin": number(sizing.quantity_by_margin),
        "binding": word(sizing.binding),
    }


def _search(search: pb.StopSearch) -> Document:
    return {
        "level_n": search.level_n,
        "chosen_n": search.chosen_n or None,
        "method": word(search.method),
        "confidence": word(search.confidence),
        "candles": search.candles,
        "min_bps": search.min_bps,
        "max_bps": search.max_bps,
        "atr": number(search.atr),
        "levels": [
            {
                "n": level.n,
                "price": number(level.price),
                "distance": number(level.distance),
                "distance_pct": number(level.distance_pct),
                "touches": level.touches,
                "verdict": level.verdict,
            }
            for level in search.levels
        ],
    }
