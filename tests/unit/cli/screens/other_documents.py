"""Documents of history, and of refusals."""

from __future__ import annotations

from typing import Any

from tests.unit.cli.screens.documents import (
    BTC,
    BTC_LONG,
    DAEMON,
    ETH,
    IN_BNB,
    NOTHING_RESTS,
    SOL,
    D,
    Doc,
    changed,
)


def closed(
    when: str,
    short: str,
    pair: Doc,
    side: str,
    by: str,
    pnl: str | None,
    r: str | None,
    **more: Any,
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
HISTORY_IN_BNB = changed(
    HISTORY, positions=[changed(HISTORY["positions"][0], other_fees=IN_BNB)], stats__over_plan=[]
)
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
NO_DAEMON = refusal("UNAVAILABLE", "robsond does not answer on unix:///run/robson/robsond.sock.", 3)
PENDING = refusal("PENDING", "the entry was not seen within 5 s", 10, symbol="BTCUSDT")
INTERNAL = refusal("INTERNAL", "robsond failed inside: KeyError", 1)


def _said(value: object, source: str = "default", by: str | None = None) -> Doc:
    return {"value": value, "source": source, "by": by}


CONFIG: Doc = {
    "schema": "robson.config/1",
    "path": "/etc/robson/cli.toml",
    "exists": True,
    "settings": {
        "daemon.url": _said("unix:///run/robson/robsond.sock", "environment", "ROBSON_DAEMON_URL"),
        "daemon.timeout_ms": _said(700, "file"),
        "daemon.token_file": _said(None),
        "output.format": _said("table"),
        "output.color": _said(value=False, source="flag", by="--no-color"),
        "risk.default_capital": _said("1000.50", "file"),
        "risk.default_leverage": _said(None),
        "risk.max_open_positions": _said(3, "file"),
        "logging.level": _said("info"),
    },
}
NO_CONFIG: Doc = changed(
    CONFIG,
    exists=False,
    settings={"daemon.timeout_ms": _said(5000), "output.color": _said(value=True)},
)
EVENT: Doc = {
    "schema": "robson.event/1",
    "seq": 1045,
    "epoch": 14,
    "at": "2025-11-21T02:00:00.236Z",
    "kind": "entry_filled.v1",
    "payload": {
        "client_id": "rbed72iasdkh33h5izwrj6e00-1",
        "price": "117727.40",
        "quantity": "0.07029",
        "reconciled": True,
        "fills": [{"price": "117727.40"}],
        "at_ns": 1763690400236000000,
        "position": "pos_01JB5V8Q2N4T6X8Z0A2C7K3QM4",
    },
    "position": "pos_01JB5V8Q2N4T6X8Z0A2C7K3QM4",
}
ACCOUNT_EVENT: Doc = changed(
    EVENT,
    seq=2,
    kind="month_opened.v1",
    payload={"capital_base": "10000.00", "month": "2025-11"},
    position=None,
)
LOG_LINE: Doc = {
    "schema": "robson.log/1",
    "number": 7,
    "at": "2025-11-21T02:00:00.236Z",
    "level": "warning",
    "message": "an order of BTCUSDT has no answer for 2.0 s: it is looked up by its client id",
    "position": "pos_01JB5V8Q2N4T6X8Z0A2C7K3QM4",
}
DAEMON_CONFIG: Doc = {
    "schema": "robson.daemon_config/1",
    "as_of": "2025-11-21T14:03:22.000Z",
    "daemon": DAEMON,
    "settings": {
        "risk.max_leverage": _said("3"),
        "risk.gap_bps": _said("12", "/etc/robson/robsond.toml"),
        "api.grpc": _said("127.0.0.1:0", "the command line"),
        "exchange.rest_url": _said(""),
        "exchange.key_file": _said(
            "/data/anybody/.config/robson/keys/binance-main-isolated.toml",
            "/data/anybody/.config/robson/robsond.toml",
        ),
        "pg.dsn_file": {**_said(None, "the environment"), "secret": True},
    },
}
