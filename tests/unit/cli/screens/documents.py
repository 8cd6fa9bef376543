"""Documents in the form of docs/reference/json.md, with the numbers of the screens' design."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

Doc = dict[str, Any]


def numbers(document: Any) -> Any:
    """The document as a client reads it: numbers as Decimals and ints."""
    return json.loads(json.dumps(document, default=str), parse_float=Decimal)


def changed(document: Doc, **changes: Any) -> Doc:
    """A copy with some keys replaced; ``a__b`` reaches into ``a``."""
    made = copy.deepcopy(document)
    for key, value in changes.items():
        *path, last = key.split("__")
        inner = made
        for step in path:
            inner = inner[step]
        inner[last] = value
    return made


D = Decimal

DAEMON: Doc = {
    "profile": "live",
    "account": "main",
    "door": "unix:///run/robson/robsond.sock",
    "version": "0.1.0",
    "instance_id": "edge-1/7f3a",
    "epoch": 14,
    "runtime_state": "running",
    "started_at": "2025-11-20T06:00:00.000Z",
    "tape": None,
    "leader": [{"key": "main", "epoch": 14, "expires_in_s": D("5.2")}],
    "degraded": [],
    "reconciliation_blockers": [],
    "feed": [
        {"symbol": "BTCUSDT", "source": "ws", "age_ms": 180},
        {"symbol": "ETHUSDT", "source": "ws", "age_ms": 90},
    ],
    "journal": {"seq": 2213, "replicated_seq": 2213, "lag_s": D("0.1"), "replication": "on"},
    "clock_skew_ms": 12,
    "exchange": {"silent_since": None, "unanswered": 0, "refused": None},
    "disk": {"free_mib": 217_088, "warn_mib": 200, "entry_mib": 64},
}

SIM: Doc = {
    **DAEMON,
    "profile": "sim",
    "account": "sim",
    "door": "unix:///tmp/robson-demo/robsond.sock",
    "tape": "recorded 2025-07-16, 2000x",
    "leader": [{"key": "sim", "epoch": 1, "expires_in_s": None}],
    "epoch": 1,
    "feed": [{"symbol": "BTCUSDT", "source": "tape", "age_ms": 0}],
    "journal": {"seq": 41, "replicated_seq": None, "lag_s": None, "replication": "off"},
}

BTC: Doc = {
    "symbol": "BTCUSDT",
    "base": "BTC",
    "quote": "USDT",
    "tick": D("0.01"),
    "step": D("0.00001"),
    "price_decimals": 2,
    "quantity_decimals": 5,
    "rules": "exchange",
}
ETH: Doc = {
    **BTC,
    "symbol": "ETHUSDT",
    "base": "ETH",
    "step": D("0.0001"),
    "quantity_decimals": 4,
}
SOL: Doc = {
    **BTC,
    "symbol": "SOLUSDT",
    "base": "SOL",
    "step": D("0.001"),
    "quantity_decimals": 3,
}

NOTHING_RESTS: Doc = {
    "state": "none",
    "stop_price": None,
    "quantity": None,
    "order_id": None,
    "client_id": None,
    "age_s": None,
    "attempts": 0,
    "error": None,
}

ARMED: Doc = {
    "id": "pos_01JB5V8Q2N4T6X8Z0A2CM41TZC",
    "symbol": "SOLUSDT",
    "side": "long",
    "state": "armed",
    "entry_price": None,
    "stop_loss": None,
    "stop_gain": None,
    "quantity": None,
    "leverage": 3,
    "unrealized_pnl": None,
    "realized_pnl": None,
    "palma": None,
    "created_at": "2025-11-21T11:00:00.000Z",
    "entry_filled_at": None,
    "closed_at": None,
    "strategy": {
        "name": "all-in",
        "version": 1,
        "detector": "ma_crossover",
        "stop_gain_spans": D(2),
        "be_bps": None,
        "risk_pct": D(1),
    },
    "exit_reason": None,
    "trailing": {"mode": "handspan", "rung": 0, "watermark": None},
    "technical_stop": None,
    "executable_span": None,
    "planned_risk": None,
    "r_multiple": None,
    "insurance": NOTHING_RESTS,
    "margin": None,
    "frozen": {"is": False, "reason": None},
    "last_rejection": None,
    "settled": False,
    "version": 1,
    "account": "main",
    "actor": "ops@edge-1",
    "instrument": SOL,
    "capital": None,
    "entry_ref": None,
    "first_stop": None,
    "entry_quantity": None,
    "price": {"value": D("141.20"), "at": "2025-11-21T14:03:21.900Z", "age_s": D("0.2")},
    "exit_price": None,
    "exited_at": None,
    "fees": None,
    "interest": None,
    "pnl_provisional": None,
    "waiting_for": "SMA 9 to cross above SMA 21 on closed 15m candles",
    "protection": {
        "after_fill_s": D(0),
        "replacing_s": D(0),
        "before_exit_s": D(0),
        "unprotected_s": None,
    },
    "exit_fence": None,
    "entry_order": None,
    "exit_order": None,
    "orders": [],
    "trigger": None,
    "at_risk": D(0),
    "result_at_stop": None,
    "actual_risk": None,
    "net_r_at_gain": None,
    "rejections": 0,
}

BTC_LONG: Doc = {
    **ARMED,
    "id": "pos_01JB5V8Q2N4T6X8Z0A2C7K3QM4",
    "symbol": "BTCUSDT",
    "state": "active",
    "entry_price": D("117727.40"),
    "entry_ref": D("117724.29"),
    "stop_loss": D("118018.60"),
    "first_stop": D("116711.67"),
    "stop_gain": D("119749.53"),
    "quantity": D("0.07021"),
    "entry_quantity": D("0.07029"),
    "unrealized_pnl": D("91.03"),
    "palma": {"distance": D("1012.62"), "distance_pct": D("0.8602")},
    "created_at": "2025-11-21T02:00:00.000Z",
    "entry_filled_at": "2025-11-21T02:00:01.000Z",
    "trailing": {"mode": "handspan", "rung": 1, "watermark": D("119261.13")},
    "technical_stop": D("116711.67"),
    "executable_span": D("1012.62"),
    "planned_risk": D("99.9924"),
    "actual_risk": D("100.21"),
    "insurance": {
        "state": "resting",
        "stop_price": D("117765.44"),
        "quantity": D("0.07021"),
        "order_id": 5612034459,
        "client_id": "rbsabcdefghijklmnopqrst01-e",
        "age_s": D("19500"),
        "attempts": 1,
        "error": None,
    },
    "instrument": BTC,
    "price": {"value": D("119261.13"), "at": "2025-11-21T14:03:21.800Z", "age_s": D("0.2")},
    "waiting_for": None,
    "protection": {
        "after_fill_s": D("0.3"),
        "replacing_s": D("0.6"),
        "before_exit_s": D(0),
        "unprotected_s": None,
    },
    "exit_fence": "asset",
    "at_risk": D("4.40"),
    "result_at_stop": D("-4.3951"),
    "net_r_at_gain": D("1.2134"),
}

ETH_SHORT: Doc = {
    **BTC_LONG,
    "id": "pos_01JB5V8Q2N4T6X8Z0A2C9XD20B",
    "symbol": "ETHUSDT",
    "side": "short",
    "entry_price": D("3148.20"),
    "entry_ref": D("3148.20"),
    "stop_loss": D("3172.45"),
    "first_stop": D("3172.45"),
    "stop_gain": D("3099.70"),
    "quantity": D("2.8313"),
    "entry_quantity": D("2.8313"),
    "unrealized_pnl": D("-21.54"),
    "technical_stop": D("3172.45"),
    "executable_span": D("24.25"),
    "trailing": {"mode": "handspan", "rung": 0, "watermark": D("3141.10")},
    "insurance": {
        **BTC_LONG["insurance"],
        "stop_price": D("3178.51"),
        "quantity": D("2.8342"),
        "order_id": 991,
    },
    "instrument": ETH,
    "price": {"value": D("3149.51"), "at": "2025-11-21T14:03:21.900Z", "age_s": D("0.1")},
    "at_risk": D("100.00"),
    "result_at_stop": D("-100.00"),
}

RISK: Doc = {
    "asset": "USDT",
    "capital_base": D("10000.00"),
    "budget": D("400.00"),
    "consumed": D("61.20"),
    "latent": D("104.40"),
    "remaining": D("234.40"),
    "slots": 2,
    "daily": {
        "pnl": D("-98.02"),
        "limit": D("-300.00"),
        "trades": 4,
        "trades_limit": 50,
        "resets_at": "2025-11-22T00:00:00.000Z",
    },
    "halt": {"is": False, "reason": None, "since": None},
    "open_positions": {"value": 3, "limit": 3},
    "max_leverage": 3,
    "month_resets_at": "2025-12-01T00:00:00.000Z",
}

STATUS: Doc = {
    "schema": "robson.status/1",
    "as_of": "2025-11-21T14:03:22.000Z",
    "positions": [BTC_LONG, ETH_SHORT, ARMED],
    "summary": {
        "active_count": 2,
        "armed_count": 1,
        "closed_today_count": 1,
        "total_pnl_today": D("-98.02"),
        "entering_count": 0,
        "exiting_count": 0,
        "error_count": 0,
    },
    "risk": RISK,
    "daemon": DAEMON,
}

NO_COUNTS: Doc = {**dict.fromkeys(STATUS["summary"], 0), "total_pnl_today": D(0)}


def with_positions(*positions: Doc, **changes: Any) -> Doc:
    """A status document of these positions."""
    return changed({**STATUS, "positions": list(positions)}, **changes)


EMPTY = with_positions(
    summary=NO_COUNTS,
    risk__consumed=D(0),
    risk__latent=D(0),
    risk__remaining=D(400),
    risk__slots=4,
)
IDLE = with_positions(ARMED, summary={**NO_COUNTS, "armed_count": 1}, risk__latent=D(0))
UNPROTECTED_ETH = changed(
    ETH_SHORT,
    insurance={
        **NOTHING_RESTS,
        "state": "failed",
        "attempts": 8,
        "error": "-1003: too many requests",
    },
    protection__unprotected_s=D("41.3"),
)
UNPROTECTED = with_positions(BTC_LONG, UNPROTECTED_ETH, ARMED)
OBSERVING = changed(IDLE, daemon__observes=True)
IN_BNB = [{"asset": "BNB", "amount": D("0.01427003")}]
"""A fee that was taken in neither asset of the pair."""
PAID_IN_BNB = with_positions(changed(BTC_LONG, other_fees=IN_BNB, unrealized_pnl=None), ARMED)
UNINSURED = with_positions(
    changed(
        BTC_LONG,
        insurance={**NOTHING_RESTS, "enabled": False},
        protection__unprotected_s=D("74"),
    ),
    ARMED,
    daemon=SIM,
)
UNKNOWN_ORDER: Doc = {
    "purpose": "entry",
    "client_id": "rbeabcdefghijklmnopqrst00-e",
    "order_id": None,
    "action": "sell",
    "type": "MARKET",
    "quantity": D("2.8313"),
    "stop_price": None,
    "attempt": 0,
    "status": "unknown",
    "sent_at": "2025-11-21T14:03:09.800Z",
}
ENTERING_ETH = changed(
    ETH_SHORT,
    state="entering",
    entry_price=None,
    entry_quantity=None,
    entry_filled_at=None,
    unrealized_pnl=None,
    insurance=NOTHING_RESTS,
    result_at_stop=None,
    orders=[UNKNOWN_ORDER],
    entry_order=UNKNOWN_ORDER,
)
ORDER_UNKNOWN = with_positions(BTC_LONG, ENTERING_ETH)
FROZEN = with_positions(
    BTC_LONG,
    changed(ETH_SHORT, frozen={"is": True, "reason": "a foreign order bought 0.6132 ETH at 14:02"}),
)
ERROR = with_positions(
    changed(
        ETH_SHORT,
        state="error",
        frozen={"is": True, "reason": "unexpected_fill: trade 771 belongs to no order"},
    )
)
DEGRADED = with_positions(
    BTC_LONG,
    daemon__degraded=[
        {"scope": "account", "reason": "clock 1,812 ms behind", "since": "2025-11-21T14:01:02.000Z"}
    ],
)
SLOW_FEED = with_positions(
    BTC_LONG, daemon__feed=[{"symbol": "BTCUSDT", "source": "rest", "age_ms": 800}]
)
NOT_LEADER = with_positions(BTC_LONG, daemon__leader=[])
HALTED = with_positions(
    BTC_LONG,
    risk__halt={
        "is": True,
        "reason": "the month has 0.00 left",
        "since": "2025-11-21T09:12:00.000Z",
    },
    risk__consumed=D("400.00"),
    risk__slots=0,
)
NO_CAPITAL = changed(
    with_positions(),
    risk__halt={"is": True, "reason": None, "since": None},
    **{f"risk__{key}": D(0) for key in ("capital_base", "budget", "consumed", "latent")},
    risk__remaining=D(0),
    risk__slots=0,
)
PAUSED = with_positions(BTC_LONG, daemon__runtime_state="paused")
BEHIND = with_positions(
    BTC_LONG,
    daemon__journal={
        "seq": 2213,
        "replicated_seq": 2190,
        "lag_s": D("41.2"),
        "replication": "behind",
    },
)
NO_EXCHANGE = with_positions(
    BTC_LONG, daemon__exchange={"silent_since": "2025-11-21T14:02:41.000Z", "unanswered": 7}
)
KEY_REFUSED = with_positions(
    BTC_LONG,
    daemon__exchange={
        "silent_since": "2025-11-21T14:02:41.000Z",
        "unanswered": 7,
        "refused": "-2015: Invalid API-key, IP, or permissions for action.",
    },
)
DISK_LOW = with_positions(
    BTC_LONG, daemon__disk={"free_mib": 180, "warn_mib": 200, "entry_mib": 64}
)
NO_ROOM = with_positions(BTC_LONG, risk__slots=0, risk__remaining=D("61.40"), risk__consumed=D(234))
PLACING = with_positions(
    changed(BTC_LONG, insurance__state="placing", protection__unprotected_s=D("0.2"))
)
EXITING = with_positions(
    changed(BTC_LONG, state="exiting", insurance=NOTHING_RESTS, protection__unprotected_s=D("0.4"))
)
SIMULATED = with_positions(changed(BTC_LONG), daemon=SIM, as_of="2025-07-16T10:20:00.000Z")
FIVE = with_positions(
    UNPROTECTED_ETH,
    changed(BTC_LONG, frozen={"is": True, "reason": "two exits were filled"}),
    changed(
        BTC_LONG,
        id="pos_01JB5V8Q2N4T6X8Z0A2CM41TZC",
        symbol="SOLUSDT",
        instrument=SOL,
        orders=[UNKNOWN_ORDER],
    ),
    daemon__leader=[],
    daemon__runtime_state="draining",
)
