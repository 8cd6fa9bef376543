"""Documents of panic and disarm, from the preview to the end."""

from __future__ import annotations

from typing import Any

from tests.unit.cli.screens.documents import (
    ARMED,
    BTC_LONG,
    DAEMON,
    ENTERING_ETH,
    ETH_SHORT,
    SIM,
    UNKNOWN_ORDER,
    D,
    Doc,
    changed,
)


def step(position: Doc, action: str, **more: Any) -> Doc:
    """One step of a panic, not begun."""
    begun: Doc = {"decided": False, "stop_off": None, "flat": None, "settled": None, "result": None}
    return {"position": position, "action": action, **begun, **more}


PANIC_PREVIEW: Doc = {
    "schema": "robson.panic/1",
    "as_of": "2025-11-21T14:03:22.000Z",
    "daemon": DAEMON,
    "dry_run": True,
    "started_at": None,
    "elapsed_s": D(0),
    "done": False,
    "left_open": [],
    "steps": [
        step(BTC_LONG, "exit", result=D("91.03")),
        step(changed(ETH_SHORT, quantity=D("2.8342")), "exit", result=D("-21.54")),
        step(ARMED, "cancel", result=None),
    ],
    "result": D("69.49"),
    "error": None,
    "next": "robson panic --confirm",
}
PANIC_BARE: Doc = {
    **PANIC_PREVIEW,
    "daemon": SIM,
    "steps": [
        step(changed(BTC_LONG, insurance__enabled=False), "exit", result=D("91.03")),
        step(ARMED, "cancel", result=None),
    ],
    "result": D("91.03"),
}
EXIT_ORDER: Doc = {
    **UNKNOWN_ORDER,
    "purpose": "exit",
    "client_id": "rbxabcdefghijklmnopqrst00-e",
    "action": "sell",
    "quantity": D("0.07021"),
    "status": "done",
    "sent_at": "2025-11-21T14:03:24.300Z",
}
BY_OPS: Doc = {
    "reason": "user_panic",
    "price": None,
    "at": "2025-11-21T14:03:24.000Z",
    "jumped_from": None,
    "stop": D("118018.60"),
    "actor": "ops@edge-1",
}
PANIC_GOING: Doc = {
    **PANIC_PREVIEW,
    "dry_run": False,
    "as_of": "2025-11-21T14:03:26.300Z",
    "started_at": "2025-11-21T14:03:24.000Z",
    "elapsed_s": D("2.3"),
    "steps": [
        step(
            changed(
                BTC_LONG,
                state="closed",
                trigger=BY_OPS,
                exit_price=D("119258.40"),
                exit_order=EXIT_ORDER,
            ),
            "exit",
            decided=True,
            stop_off=True,
            flat=True,
            settled=True,
            result=D("90.84"),
        ),
        step(
            changed(
                ETH_SHORT,
                state="exiting",
                trigger=BY_OPS,
                exit_order={
                    **EXIT_ORDER,
                    "status": "unknown",
                    "action": "buy",
                    "sent_at": "2025-11-21T14:03:24.200Z",
                },
            ),
            "exit",
            decided=True,
            stop_off=True,
        ),
        step(changed(ARMED, state="cancelled"), "cancel", decided=True),
    ],
    "result": None,
    "next": "robson status",
}
PANIC_PENDING = changed(
    PANIC_GOING,
    elapsed_s=D("60.1"),
    error={"code": "PENDING", "message": "ETHUSDT is not known to be flat", "details": {}},
)
PANIC_DONE = changed(
    PANIC_GOING,
    done=True,
    elapsed_s=D("3.1"),
    result=D("69.02"),
    left_open=["SOLUSDT"],
    steps=[
        PANIC_GOING["steps"][0],
        step(
            changed(
                ETH_SHORT,
                state="closed",
                exit_price=D("3149.60"),
                exit_order={**EXIT_ORDER, "quantity": D("2.8342")},
            ),
            "exit",
            decided=True,
            stop_off=True,
            flat=True,
            settled=True,
            result=D("-21.82"),
        ),
    ],
)
PANIC_NOTHING = changed(PANIC_PREVIEW, steps=[], result=None, done=True)
DISARMED: Doc = {
    "schema": "robson.disarm/1",
    "as_of": "2025-11-21T14:03:22.000Z",
    "daemon": DAEMON,
    "outcome": "cancelled",
    "position": changed(ARMED, state="cancelled", exit_reason="disarmed_by_user"),
    "next": "robson status",
}
DISARM_NOOP = changed(DISARMED, outcome="noop")
DISARM_ASKED = changed(
    DISARMED, outcome="cancel_requested", position=ENTERING_ETH, next="robson status"
)
