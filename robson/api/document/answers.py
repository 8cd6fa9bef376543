"""The documents of ``robson disarm``, ``panic``, ``history`` and ``explain``, and of errors."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any

from robson.api.document.position import optional, position
from robson.api.document.records import journal_row
from robson.api.document.status import daemon
from robson.api.document.text import (
    Document,
    Number,
    enum_word,
    number,
    number_or_word,
    when,
    word,
)
from robson.api.v1 import robson_pb2 as pb

_EXACT = Context(prec=60)


def disarm(message: pb.DisarmResponse, door: str, *, then: str) -> Document:
    """``robson.disarm/1``."""
    return {
        "schema": "robson.disarm/1",
        "as_of": when(message, "as_of"),
        "daemon": daemon(message.daemon, door),
        "outcome": enum_word(pb.DisarmOutcome, "DISARM_OUTCOME", message.outcome),
        "position": position(message.position),
        "next": then,
    }


def panic(
    message: pb.PanicProgress, door: str, *, error: Document | None = None, then: str
) -> Document:
    """``robson.panic/1``; ``error`` says why the waiting ended before it was done."""
    steps = [_step(each) for each in message.steps]
    return {
        "schema": "robson.panic/1",
        "as_of": when(message, "as_of"),
        "daemon": daemon(message.daemon, door),
        "dry_run": message.dry_run,
        "started_at": when(message, "started_at"),
        "elapsed_s": number(message.elapsed_s),
        "done": message.done,
        "left_open": list(message.left_open),
        "steps": steps,
        "result": _sum(steps),
        "error": error,
        "next": then,
    }


def _step(message: pb.PanicStep) -> Document:
    return {
        "position": position(message.position),
        "action": enum_word(pb.PanicAction, "PANIC_ACTION", message.action),
        "decided": message.decided,
        "stop_off": optional(message, "stop_off"),
        "flat": optional(message, "flat"),
        "settled": optional(message, "settled"),
        "result": number(message.result),
    }


def _sum(steps: list[Document]) -> Number | None:
    """Sum of the results; None when one that traded is not known."""
    traded = [step for step in steps if step["action"] != "cancel"]
    if any(step["result"] is None for step in traded):
        return None
    total = Decimal(0)
    for step in traded:
        total = _EXACT.add(total, Decimal(step["result"]))
    return Number(format(total, "f"))


def history(message: pb.ListHistoryResponse, door: str) -> Document:
    """``robson.history/1``."""
    stats = message.stats
    return {
        "schema": "robson.history/1",
        "as_of": when(message, "as_of"),
        "daemon": daemon(message.daemon, door),
        "since": when(message, "since"),
        "until": when(message, "until"),
        "days": message.days or None,
        "symbol": word(message.symbol),
        "truncated": message.truncated,
        "positions": [position(each) for each in message.positions],
        "stats": {
            "closed": stats.closed,
            "won": stats.won,
            "net": number(stats.net),
            "fees": number(stats.fees),
            "interest": number(stats.interest),
            "r_total": number(stats.r_total),
            "r_average": number(stats.r_average),
            "largest_loss": number(stats.largest_loss),
            "largest_loss_r": number(stats.largest_loss_r),
            "largest_loss_id": word(stats.largest_loss_id),
            "over_plan": list(stats.over_plan),
            "unsettled": stats.unsettled,
        },
    }


def explain(message: pb.ExplainResponse, door: str) -> Document:
    """``robson.explain/1``."""
    return {
        "schema": "robson.explain/1",
        "as_of": when(message, "as_of"),
        "daemon": daemon(message.daemon, door),
        "position": position(message.position),
        "rows": [journal_row(row) for row in message.rows],
    }


def get_position(message: pb.GetPositionResponse, door: str) -> Document:
    """A position alone, with who answered: for callers that follow one."""
    return {
        "schema": "robson.position/1",
        "as_of": when(message, "as_of"),
        "daemon": daemon(message.daemon, door),
        "position": position(message.position),
    }


def error_block(code: str, message: str, details: Mapping[str, Any]) -> Document:
    """The inside of an error document; ``candidates`` come as one text, parted by blanks."""
    shown = {
        name: number_or_word(value) if isinstance(value, str) else value
        for name, value in details.items()
    }
    if "candidates" in details:
        shown["candidates"] = str(details["candidates"]).split()
    return {"code": code, "message": message, "details": shown}


def error(block: Document, exit_code: int, who: Document | None = None) -> Document:
    """``robson.error/1``."""
    return {"schema": "robson.error/1", "error": block, "exit": exit_code, "daemon": who}
