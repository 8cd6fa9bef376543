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

NO_COUNTS: Doc = {**{key: 0 for key in STATUS["summary"]}, "total_pnl_today": D(0)}


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
NO_ROOM = with_positions(BTC_LONG, risk__slots=0, risk__remaining=D("61.40"), risk__consumed=D(234))
PLACING = with_positions(
    changed(BTC_LONG, insurance__state="placing", protection__unprotected_s=D("0.2"))
)
EXITING = with_positions(
    changed(
        BTC_LONG, state="exiting", insurance=NOTHING_RESTS, protection__unprotected_s=D("0.4")
    )
)
SIMULATED = with_positions(changed(BTC_LONG), daemon=SIM, as_of="2025-07-16T10:20:00.000Z")

# --- arm -----------------------------------------------------------------------------------------

GATES: list[Doc] = [
    {"number": number, "code": code, "ok": True, "value": value, "limit": limit, "resets": None}
    for number, code, value, limit in (
        ("1", "not_leader", "leader", "leader"),
        ("2", "degraded", "no", "no"),
        ("3", "not_running", "running", "running"),
        ("4", "monthly_halt", D("234.40"), D(0)),
        ("5", "duplicate_position", D(0), D(0)),
        ("6", "max_open_positions", D(2), D(3)),
        ("6b", "wallet_not_clean", "clean", "clean"),
        ("7", "daily_loss_limit", D("-98.02"), D("-300.00")),
        ("8", "daily_trade_limit", D(4), D(50)),
        ("9", "leverage_limit", D(3), D(3)),
        ("10", "stop_invalid", "valid", "valid"),
        ("11", "signal_stale", D("0.2"), D(5)),
        ("12", "size_too_small", D("0.07029"), D("0.00001")),
        ("13", "insufficient_margin", D("0.07029"), D("0.25227")),
        ("14", "liquidation_too_close", "no debt", D("1.3")),
        ("15", "risk_per_trade", D("99.9925"), D("100.00")),
        ("16", "risk_budget_insufficient", D("99.9925"), D("238.80")),
    )
]

PREVIEW: Doc = {
    "accepted": True,
    "side": "long",
    "leverage": 3,
    "strategy": {**ARMED["strategy"], "name": "now", "detector": "immediate"},
    "instrument": BTC,
    "waiting_for": None,
    "price": {"value": D("117724.29"), "at": "2025-07-16T02:00:00.000Z", "age_s": D("0.2")},
    "exit_fence": "asset",
    "plan": {
        "entry": {"price": D("117724.29"), "price_age_s": D("0.2")},
        "stop": {
            "price": D("116711.67"),
            "pct": D("-0.8602"),
            "technical_stop": D("116711.67"),
            "buffer": D(0),
        },
        "span": D("1012.62"),
        "stop_gain": {
            "price": D("119749.53"),
            "pct": D("1.7203"),
            "spans": D(2),
            "net_r": D("1.2134"),
        },
        "be_bps": D(25),
        "insurance": {"stop_price": D("116458.51")},
        "borrows": False,
        "notional": D("8274.8403441"),
        "sizing": {
            "capital": D("10000.00"),
            "risk_pct": D(1),
            "risk_limit": D(100),
            "fee_rate": D("0.001"),
            "terms": {
                "span": D("1012.62"),
                "fees": D("234.378110475"),
                "gap": D("116.71167"),
                "slip": D("58.862145"),
                "interest": D(0),
                "loss_unit": D("1422.571925475"),
            },
            "by_hand": {"quantity": D("0.09875"), "loss": D("140.4790"), "loss_pct": D("1.40479")},
            "with_costs": {
                "quantity": D("0.07029"),
                "loss": D("99.9926"),
                "loss_pct": D("0.999926"),
            },
            "quantity_by_risk": D("0.070295215"),
            "quantity_by_margin": D("0.25227436"),
            "binding": "risk",
        },
    },
    "stop_search": {
        "level_n": 2,
        "chosen_n": 2,
        "method": "swing",
        "confidence": "high",
        "candles": 100,
        "min_bps": 10,
        "max_bps": 1000,
        "atr": None,
        "levels": [
            {
                "n": n,
                "price": price,
                "distance": D("117724.29") - price,
                "distance_pct": pct,
                "touches": touches,
                "verdict": verdict,
            }
            for n, price, pct, touches, verdict in (
                (1, D("117263.66"), D("-0.3913"), 2, "nearer"),
                (2, D("116711.67"), D("-0.8602"), 2, "chosen"),
                (3, D("116019.05"), D("-1.4485"), 7, "farther"),
                (4, D("115736.92"), D("-1.6882"), 1, "farther"),
            )
        ],
    },
    "gates": GATES,
    "denials": [],
}
REQUEST: Doc = {
    "symbol": "BTCUSDT",
    "strategy": "now",
    "side": None,
    "capital": D(10000),
    "leverage": None,
    "idempotency_key": None,
}
DRY_RUN: Doc = {
    "schema": "robson.arm/1",
    "as_of": "2025-11-21T14:03:22.000Z",
    "daemon": DAEMON,
    "dry_run": True,
    "request": REQUEST,
    "repeated": False,
    "position": None,
    "preview": PREVIEW,
    "next": "robson arm BTCUSDT --strategy now --capital 10000",
}
DENIED = changed(
    DRY_RUN,
    preview__accepted=False,
    preview__gates=[
        *GATES[:-1],
        {
            **GATES[-1],
            "ok": False,
            "limit": D("61.40"),
            "resets": "on Dec 1, 00:00 UTC (9d 09h), or when an open position reaches a rung",
        },
    ],
    preview__denials=[
        {
            "code": "risk_budget_insufficient",
            "message": "the plan needs 99.99 USDT and the month has 61.40 free",
            "numbers": {
                "needs": D("99.99"),
                "free": D("61.40"),
                "lost": D("138.66"),
                "at risk": D("199.94"),
            },
        }
    ],
)
NO_STOP = changed(
    DRY_RUN,
    preview__accepted=False,
    preview__plan=None,
    preview__stop_search={
        **PREVIEW["stop_search"],
        "chosen_n": None,
        "method": "atr",
        "confidence": None,
        "atr": D("8123.5"),
        "levels": [],
    },
    preview__gates=[
        {**gate, "ok": None, "value": None, "limit": None}
        if int(gate["number"].rstrip("b")) > 10
        else {**gate, "ok": False, "value": "atr_out_of_bounds", "limit": "a stop within bounds"}
        if gate["code"] == "stop_invalid"
        else gate
        for gate in GATES
    ],
    preview__denials=[
        {
            "code": "stop_invalid",
            "message": "1.5 times the average range is 10.35% of the entry; allowed is 0.1% to 10%",
            "numbers": {},
        }
    ],
)
ATR_STOP = changed(
    DRY_RUN,
    preview__waiting_for="SMA 9 to cross above SMA 21 on closed 15m candles",
    preview__stop_search={
        **PREVIEW["stop_search"],
        "chosen_n": None,
        "method": "atr",
        "confidence": "low",
        "atr": D("675.08"),
        "levels": [],
    },
)
ARMED_NOW: Doc = {
    **DRY_RUN,
    "dry_run": False,
    "position": {**ARMED, "side": "long"},
    "preview": None,
    "next": "robson status --symbol SOLUSDT",
}

# --- panic, disarm -------------------------------------------------------------------------------


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

# --- history -------------------------------------------------------------------------------------


def closed(
    when: str, short: str, pair: Doc, side: str, by: str, pnl: str | None, r: str | None, **more: Any
) -> Doc:
    """A closed position of the history."""
    return {
        **BTC_LONG,
        "id": f"pos_01JB5V8Q2N4T6X8Z0A2C{short}",
        "symbol": pair["symbol"],
        "instrument": pair,
        "side": side,
        "state": "closed",
        "closed_at": when,
        "exit_reason": by,
        "realized_pnl": D(pnl) if pnl else None,
        "r_multiple": D(r) if r else None,
        "unrealized_pnl": None,
        "settled": pnl is not None,
        "insurance": NOTHING_RESTS,
        **more,
    }


INSURED = closed(
    "2025-11-16T11:31:00.000Z",
    "K9A7VE",
    BTC,
    "short",
    "insurance_stop",
    "-104.12",
    "-1.04",
    exit_price=D("95309.10"),
    trigger=None,
    stop_loss=D("95100.00"),
)
HISTORY: Doc = {
    "schema": "robson.history/1",
    "as_of": "2025-11-21T14:03:22.000Z",
    "daemon": DAEMON,
    "since": "2025-11-14T14:03:22.000Z",
    "days": 7,
    "symbol": None,
    "truncated": False,
    "positions": [
        closed("2025-11-21T09:12:00.000Z", "7Q0M2R", BTC, "long", "stop_loss", "-98.02", "-0.98"),
        closed("2025-11-20T15:06:00.000Z", "7K3QM4", BTC, "long", "stop_gain", "125.16", "1.2516"),
        closed("2025-11-19T22:40:00.000Z", "5TTB8A", ETH, "short", "trailing_stop", "4.11", "0.04"),
        closed("2025-11-19T03:15:00.000Z", "2WEN0C", ETH, "short", "stop_loss", "-98.70", "-0.98"),
        closed("2025-11-17T18:52:00.000Z", "HH41ZD", SOL, "long", "stop_gain", "126.02", "1.26"),
        INSURED,
        closed("2025-11-15T07:08:00.000Z", "0PXS3F", BTC, "long", "user_panic", "18.44", "0.18"),
    ],
    "stats": {
        "closed": 7,
        "won": 4,
        "net": D("-27.11"),
        "fees": D("118.30"),
        "interest": D("1.92"),
        "r_total": D("-0.2684"),
        "r_average": D("-0.0383"),
        "largest_loss": D("-104.12"),
        "largest_loss_r": D("-1.04"),
        "largest_loss_id": "pos_01JB5V8Q2N4T6X8Z0A2CK9A7VE",
        "over_plan": ["pos_01JB5V8Q2N4T6X8Z0A2CK9A7VE"],
        "unsettled": 0,
    },
}
NO_HISTORY = changed(HISTORY, positions=[], stats__closed=0, stats__over_plan=[])
UNSETTLED_HISTORY = changed(
    HISTORY,
    positions=[
        closed(
            "2025-11-21T14:01:00.000Z",
            "ABC123",
            BTC,
            "long",
            "stop_loss",
            None,
            None,
            pnl_provisional=D("-97.10"),
        ),
        *HISTORY["positions"][:2],
    ],
    stats__unsettled=1,
    stats__over_plan=[],
    truncated=True,
)

# --- errors --------------------------------------------------------------------------------------


def refusal(code: str, message: str, exit_code: int, **details: Any) -> Doc:
    """An error document."""
    return {
        "schema": "robson.error/1",
        "error": {"code": code, "message": message, "details": details},
        "exit": exit_code,
        "daemon": None,
    }


BAD_SYMBOL = refusal(
    "UNKNOWN_SYMBOL",
    "BTCUSD is not a margin pair on Binance. Did you mean BTCUSDT or BTCUSDC?",
    2,
)
BAD_LEVERAGE = refusal(
    "INVALID_ARGUMENT",
    "--leverage is 20; allowed is 1 to 10, and 3 here (risk.max_leverage)",
    2,
)
AMBIGUOUS = refusal(
    "AMBIGUOUS_POSITION",
    "BTCUSDT names 2 positions",
    2,
    candidates=["pos_01JB5V8Q2N4T6X8Z0A2C7K3QM4", "pos_01JB5V8Q2N4T6X8Z0A2C9XD20B"],
)
NOT_ARMED = refusal(
    "INVALID_STATE_TRANSITION",
    "Cannot disarm 7K3QM4: the position is active",
    6,
    hint="robson panic --symbol BTCUSDT",
)
NO_DAEMON = refusal(
    "UNAVAILABLE", "robsond does not answer on unix:///run/robson/robsond.sock.", 3
)
PENDING = refusal("PENDING", "the entry was not seen within 5 s", 10, symbol="BTCUSDT")
INTERNAL = refusal("INTERNAL", "robsond failed inside: KeyError", 1)
