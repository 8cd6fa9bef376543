"""Documents of arm: dry runs that pass and that do not, and what was armed."""

from __future__ import annotations

from tests.unit.cli.screens.documents import (
    ARMED,
    BTC,
    DAEMON,
    SIM,
    D,
    Doc,
    changed,
)

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
            "resets": "2025-12-01T00:00:00.000Z",
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

ASKED_FOR_MORE = changed(DRY_RUN, request__capital=D(1_000_000))
NO_EXCHANGE_STOP = changed(
    DRY_RUN, daemon=SIM, preview__plan__insurance={"enabled": False, "stop_price": None}
)
ARMED_IN_VAIN = changed(ARMED_NOW, daemon__observes=True)
ARMED_BARE = changed(ARMED_NOW, daemon={**SIM, "insurance": {"enabled": False}})

BY_MARGIN = changed(
    DRY_RUN,
    preview__side="short",
    preview__exit_fence="settle",
    preview__plan__borrows=True,
    preview__plan__sizing__binding="margin",
    preview__plan__sizing__with_costs={
        "quantity": D("0.05000"),
        "loss": D("71.1286"),
        "loss_pct": D("0.711286"),
    },
    preview__plan__sizing__terms__interest=D("1.1772"),
)
