"""A whole life as journal rows, in the form in which the store writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.unit.cli.screens.documents import BTC_LONG, NOTHING_RESTS, SIM, STATUS, Doc, changed

START = datetime(2025, 7, 16, 2, tzinfo=UTC)
ID = "pos_01JB5V8Q2N4T6X8Z0A2C7K3QM4"
SCOPE = {"account": "sim", "symbol": {"base": "BTC", "quote": "USDT"}}
HASH = "abcdefghijklmnopqrst"
D = Decimal


def moment(seconds: float) -> datetime:
    """An instant so long after the position was armed."""
    return START + timedelta(milliseconds=round(seconds * 1000))


def iso(seconds: float) -> str:
    """The same as a document writes it."""
    return moment(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ns(seconds: float) -> int:
    """The same as a payload writes it."""
    return round(START.timestamp()) * 10**9 + round(seconds * 1000) * 10**6


VERSIONS = {
    **dict.fromkeys(("position_armed", "signal_received", "signal_rejected"), 2),
    "sizing_decided": 3,
}
"""Of the kinds that have got fields since the first."""


def row(seq: int, seconds: float, kind: str, **payload: Any) -> Doc:
    """One journal row of the position."""
    own = {} if kind in ("startup", "shutdown") else {"position": ID}
    return {
        "seq": seq,
        "epoch": 14,
        "at": iso(seconds),
        "kind": f"{kind}.v{VERSIONS.get(kind, 1)}",
        "payload": {**own, "at_ns": ns(seconds), **payload},
    }


def client_id(purpose: str, attempt: int) -> str:
    """One of our own ids."""
    return f"rb{purpose}{HASH}{attempt:02d}-e"


def order(purpose: str, attempt: int, *, action: str, quantity: str, **more: Any) -> Doc:
    """An order as an intent carries it."""
    return {
        "scope": SCOPE,
        "position": ID,
        "purpose": purpose,
        "client_id": client_id(purpose, attempt),
        "action": action,
        "type": "STOP_LOSS" if purpose == "s" else "MARKET",
        "quantity": quantity,
        "side_effect": "NO_SIDE_EFFECT" if purpose == "e" else "AUTO_REPAY",
        "stop_price": None,
        "timestamp_ms": None,
        "recv_window_ms": 1500,
        **more,
    }


def fill(number: int, seconds: float, price: str, quantity: str, fee: str, asset: str) -> Doc:
    """One trade of an order."""
    return {
        "trade_id": 310455000 + number,
        "order_id": 5612034400 + number,
        "client_id": client_id("e", 0),
        "action": "buy" if asset == "BTC" else "sell",
        "price": price,
        "quantity": quantity,
        "commission": fee,
        "commission_asset": asset,
        "at_ns": ns(seconds),
    }


STRATEGY = {
    "name": "now",
    "version": 1,
    "bias": "long",
    "detector": "immediate",
    "fast": 9,
    "slow": 21,
    "stop": {
        "level_n": 2,
        "lookback_candles": 100,
        "swing_lookback": 2,
        "level_tolerance": "0.002",
        "min_touches": 1,
        "atr_period": 14,
        "atr_multiplier": "1.5",
        "buffer_bps": "0",
        "buffer_cap_ratio": "0.25",
        "bounds": {"min_bps": 10, "max_bps": 1000},
    },
    "stop_gain_spans": "2",
    "trailing": "handspan",
    "be_bps": None,
    "risk_pct": "1",
}
LEVELS = (("117263.66", 2), ("116711.67", 2), ("116019.05", 7), ("115736.92", 1))
AUDIT = {
    "candles": 100,
    "first_open_ns": ns(-90000),
    "last_open_ns": ns(-900),
    "levels": [
        {"price": price, "touches": touches, "distance": str(D("117724.29") - D(price))}
        for price, touches in LEVELS
    ],
    "configured_n": 2,
    "selected_n": 2,
    "skipped": [],
    "method": "swing",
    "confidence": "high",
    "atr": None,
    "min_bps": 10,
    "max_bps": 1000,
}
SIZING = {
    "capital": "10000",
    "risk_pct": "1",
    "cap_risk": "100",
    "entry_fill": "117783.152145",
    "adverse_fill": "116594.95833",
    "fee": "0.001",
    "span_term": "1012.62",
    "fee_term": "234.378110475",
    "gap_term": "116.71167",
    "slip_term": "58.862145",
    "interest_unit": "0",
    "loss_unit": "1422.571925475",
    "qty_risk": "0.070295215",
    "qty_margin": "0.25227436",
    "golden_quantity": "0.09875",
    "quantity": "0.07029",
    "planned_risk": "99.992580641638",
    "binding": "risk",
}
PLAN = {
    "stops": {
        "side": "long",
        "entry_ref": "117724.29",
        "technical_stop": "116711.67",
        "buffer": "0",
        "stop": "116711.67",
        "stop_gain": "119749.53",
    },
    "sizing": SIZING,
    "insurance": {"stop_price": "116458.51", "offset": "253.16"},
    "be_bps": "25",
    "net_r_at_gain": "1.2134",
    "borrows": False,
    "decided_ns": ns(0),
}
ACCOUNT = {
    "scope": SCOPE,
    "base": {"asset": "BTC", "free": "0", "locked": "0", "borrowed": "0", "interest": "0"},
    "quote": {"asset": "USDT", "free": "10000", "locked": "0", "borrowed": "0", "interest": "0"},
    "index_price": "117724.29",
    "at_ns": ns(0),
    "open_orders": [],
    "hourly_rate_base": "0",
    "hourly_rate_quote": "0",
}

ROWS: list[Doc] = [
    row(
        1040,
        0,
        "position_armed",
        scope=SCOPE,
        side="long",
        strategy=STRATEGY,
        capital="10000",
        leverage=3,
        idempotency_key="demo-1",
        actor="ops@edge-1",
    ),
    row(
        1041,
        0.214,
        "signal_received",
        signal_id="sig-1",
        side="long",
        entry_ref="117724.29",
        valid_until_ns=ns(30),
        audit=AUDIT,
    ),
    row(1042, 0.219, "sizing_decided", plan=PLAN, account=ACCOUNT),
    row(
        1043,
        0.219,
        "entry_requested",
        order=order("e", 0, action="buy", quantity="0.07029"),
        attempt=0,
    ),
    row(
        1044,
        0.236,
        "order_sending",
        client_id=client_id("e", 0),
        timestamp_ms=ns(0.236) // 10**6,
        recv_window_ms=1500,
    ),
    row(1045, 2.236, "order_unknown", client_id=client_id("e", 0), reason="no answer in 2.0 s"),
    row(
        1046,
        2.301,
        "order_resolved",
        client_id=client_id("e", 0),
        outcome="found",
        evidence=[["status", "FILLED"]],
    ),
    row(
        1047,
        2.301,
        "entry_filled",
        client_id=client_id("e", 0),
        order_id=5612034411,
        fills=[fill(11, 0.3, "117727.40", "0.07029", "0.00007029", "BTC")],
        price="117727.40",
        quantity="0.07029",
        held="0.07021971",
        reconciled=True,
    ),
    row(
        1048,
        2.302,
        "exit_prearmed",
        cancel=None,
        exit=order("x", 0, action="sell", quantity="0.07021"),
        attempt=0,
    ),
    row(
        1049,
        2.302,
        "insurance_requested",
        order=order("s", 0, action="sell", quantity="0.07021", stop_price="116458.51"),
        attempt=0,
    ),
    row(
        1050,
        2.611,
        "insurance_placed",
        client_id=client_id("s", 0),
        order_id=5612034459,
        stop_price="116458.51",
        quantity="0.07021",
        accepted_ns=ns(2.6),
    ),
    row(1051, 2.7, "account_read", account=ACCOUNT),
    row(
        1388,
        23880.9,
        "stop_raised",
        rung=1,
        stop="118018.60",
        was="116711.67",
        price="118736.91",
    ),
    row(
        1389,
        23880.9,
        "insurance_cancelling",
        cancel={
            "scope": SCOPE,
            "position": ID,
            "target": client_id("s", 0),
            "cancel_id": client_id("c", 0),
            "timestamp_ms": None,
            "recv_window_ms": 2000,
        },
    ),
    row(
        1390,
        23881.0,
        "insurance_cancelled",
        client_id=client_id("s", 0),
        executed="0",
        cancelled_ns=ns(23880.95),
    ),
    row(
        1391,
        23881.0,
        "insurance_requested",
        order=order("s", 1, action="sell", quantity="0.07021", stop_price="117765.44"),
        attempt=0,
    ),
    row(
        1392,
        23881.5,
        "insurance_placed",
        client_id=client_id("s", 1),
        order_id=5612555001,
        stop_price="117765.44",
        quantity="0.07021",
        accepted_ns=ns(23881.5),
    ),
    row(
        2204,
        47160.118,
        "exit_triggered",
        reason="stop_gain",
        price="119749.53",
        tick_ns=ns(47160.115),
        stop="118018.60",
        jumped_from=None,
        actor=None,
    ),
    row(
        2205,
        47160.2,
        "insurance_cancelled",
        client_id=client_id("s", 1),
        executed="0",
        cancelled_ns=ns(47160.13),
    ),
    row(
        2206,
        47160.2,
        "exit_requested",
        order=order("x", 0, action="sell", quantity="0.07021"),
        attempt=0,
    ),
    row(
        2209,
        47160.3,
        "exit_filled",
        client_id=client_id("x", 0),
        order_id=5612911802,
        fills=[fill(12, 47160.156, "119747.66", "0.07021", "8.407483", "USDT")],
        quantity="0.07021",
        price="119747.66",
    ),
    row(
        2210,
        47160.4,
        "position_closed",
        reason="stop_gain",
        by="exit",
        price="119747.66",
        quantity="0.07021",
        gross="141.84",
        dust="0.00000971",
        account=ACCOUNT,
    ),
    row(2212, 47161.2, "account_read", account=ACCOUNT),
    row(
        2213,
        47161.48,
        "pnl_settled",
        gross="141.84",
        fees="16.68",
        interest="0",
        net="125.16",
        r_multiple="1.2516",
        planned_risk="99.9925",
    ),
]

NOW = {
    "name": "now",
    "version": 1,
    "detector": "immediate",
    "stop_gain_spans": D(2),
    "be_bps": D(25),
    "risk_pct": D(1),
}
SIM_LONG = changed(
    BTC_LONG,
    created_at=iso(0),
    entry_filled_at=iso(0.3),
    strategy=NOW,
    account="sim",
    price={"value": D("119261.13"), "at": iso(30000), "age_s": D("0.2")},
)
ACTIVE = changed(
    {**STATUS, "positions": [SIM_LONG], "daemon": SIM}, as_of=iso(30000), risk__latent=D("4.40")
)
CLOSED_LONG = changed(
    SIM_LONG,
    state="closed",
    closed_at=iso(47160.4),
    exit_reason="stop_gain",
    exit_price=D("119747.66"),
    exited_at=iso(47160.156),
    realized_pnl=D("125.16"),
    unrealized_pnl=None,
    r_multiple=D("1.2516"),
    settled=True,
    fees=D("16.68"),
    interest=D(0),
    quantity=D(0),
    insurance=NOTHING_RESTS,
    result_at_stop=None,
    at_risk=D(0),
    protection={
        "after_fill_s": D("0.3"),
        "replacing_s": D(0),
        "before_exit_s": D("0.4"),
        "unprotected_s": None,
    },
    trigger={
        "reason": "stop_gain",
        "price": D("119749.53"),
        "at": iso(47160.115),
        "jumped_from": None,
        "stop": D("118018.60"),
        "actor": None,
    },
)

PATH = [
    (0, "117724.29"),
    (1800, "117430"),
    (3600, "117210"),
    (5400, "117180"),
    (7200, "117420"),
    (9000, "117390"),
    (10800, "117380"),
    (12600, "117790"),
    (14400, "117880"),
    (16200, "117760"),
    (18000, "118110"),
    (19800, "118230"),
    (21600, "118140"),
    (23400, "118230"),
    (23880, "118740"),
    (25200, "118990"),
    (27000, "119120"),
    (28800, "118960"),
    (30000, "119261.13"),
]

EXPLAIN: Doc = {
    "schema": "robson.explain/1",
    "as_of": iso(48000),
    "daemon": SIM,
    "position": CLOSED_LONG,
    "rows": ROWS,
}
EXPLAIN_ACTIVE = changed(
    EXPLAIN, position=SIM_LONG, rows=[r for r in ROWS if r["seq"] < 2000], as_of=iso(30000)
)
