"""Documents of risk and of admin: room, a limit that is met, a halt, a pause, a thaw."""

from __future__ import annotations

from typing import Any

from tests.unit.cli.screens.documents import BTC_LONG, DAEMON, RISK, D, Doc, changed

AS_OF = "2025-11-21T14:03:22.000Z"
DAY, MONTH = "2025-11-22T00:00:00.000Z", "2025-12-01T00:00:00.000Z"
ROWS: tuple[tuple[str, str, bool | None, Any, Any, str | None], ...] = (
    ("1", "not_leader", True, "leader", "leader", None),
    ("2", "degraded", None, None, None, None),
    ("3", "not_running", True, "RUNNING", "RUNNING", None),
    ("4", "monthly_halt", True, D("234.40"), D(0), MONTH),
    ("5", "duplicate_position", None, None, D(0), None),
    ("6", "max_open_positions", True, D(2), D(3), None),
    ("6b", "wallet_not_clean", None, None, "dust", None),
    ("7", "daily_loss_limit", True, D("-98.02"), D("-300.00"), DAY),
    ("8", "daily_trade_limit", True, D(4), D(50), DAY),
    ("9", "leverage_limit", None, D(3), D(3), None),
    ("10", "stop_invalid", None, None, "10 to 1000 bps", None),
    ("11", "price_drift", None, None, "0.3 %, 0.25 spans", None),
    ("12", "size_too_small", None, None, "the exchange's smallest order", None),
    ("14", "liquidation_too_close", None, None, "1.5, 1.3", None),
    ("16", "risk_budget_insufficient", None, None, D("234.40"), MONTH),
)
GATES: list[Doc] = [
    {"number": number, "code": code, "ok": ok, "value": value, "limit": limit, "resets": resets}
    for number, code, ok, value, limit, resets in ROWS
]
ROOM: Doc = {
    "schema": "robson.risk/1",
    "as_of": AS_OF,
    "risk": {**RISK, "gates": GATES},
    "daemon": DAEMON,
}
NO_ROOM = changed(ROOM, risk__slots=0, risk__remaining=D("61.40"), risk__consumed=D(234))
MET = changed(
    ROOM,
    risk__gates=[
        {**gate, "ok": False, "value": D("-301.40")} if gate["number"] == "7" else gate
        for gate in GATES
    ],
    risk__daily={**RISK["daily"], "pnl": D("-301.40"), "trades": 41, "trades_warn": 40},
)
HALT: Doc = {
    "is": True,
    "reason": "enough for this month",
    "since": "2025-11-21T09:12:00.000Z",
    "actor": "ops@edge-1",
}
CHANGE: Doc = {
    "reason": "exchange maintenance",
    "actor": "ops@edge-1",
    "since": "2025-11-21T14:03:22.000Z",
}
PAUSED_DAEMON: Doc = {**DAEMON, "runtime_state": "paused", "runtime_change": CHANGE}
HALTED = changed(ROOM, risk__halt=HALT)
ADMIN: Doc = {
    "schema": "robson.admin/1",
    "as_of": AS_OF,
    "daemon": PAUSED_DAEMON,
    "action": "pause",
    "reason": "exchange maintenance",
    "scope": None,
    "position": None,
    "was": "running",
    "risk": ROOM["risk"],
    "next": "robson risk",
}
DRAINING = changed(ADMIN, action="drain", daemon={**PAUSED_DAEMON, "runtime_state": "draining"})
HALTING = changed(
    ADMIN, action="halt", reason=HALT["reason"], was=None, daemon=DAEMON, risk__halt=HALT
)
CLEARED = changed(ADMIN, action="clear-halt", reason="agreed", was=None, daemon=DAEMON)
THAWED = changed(
    ADMIN, action="clear-degraded", scope="BTCUSDT", reason="checked", was=None, daemon=DAEMON
)
RESOLVED = changed(
    ADMIN,
    action="resolve",
    position=BTC_LONG,
    reason="checked",
    was=None,
    daemon=DAEMON,
    next="robson reconcile --symbol BTCUSDT",
)
