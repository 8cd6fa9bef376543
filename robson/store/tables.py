"""The tables of a journal file, and what each row changes in those beside the journal.

Orders and fills are projections: made from the rows in the same transaction, never read for a
recovery. Their keys are what may stand in a journal only once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

SCHEMA_VERSION = "1"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
  seq INTEGER PRIMARY KEY, writer TEXT NOT NULL, epoch INTEGER NOT NULL,
  prev_hash TEXT NOT NULL, hash TEXT NOT NULL, kind TEXT NOT NULL, account TEXT NOT NULL,
  position TEXT, payload TEXT NOT NULL, at INTEGER NOT NULL, written_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS journal_position ON journal (account, position, seq);
CREATE TABLE IF NOT EXISTS intents (
  client_order_id TEXT PRIMARY KEY, account TEXT NOT NULL, position TEXT NOT NULL,
  role TEXT NOT NULL, attempt INTEGER NOT NULL, epoch INTEGER NOT NULL, status TEXT NOT NULL,
  request_ts_ms INTEGER, UNIQUE (position, role, attempt)
) STRICT;
CREATE TABLE IF NOT EXISTS fills (
  account TEXT NOT NULL, position TEXT NOT NULL, exchange_trade_id INTEGER NOT NULL,
  client_order_id TEXT NOT NULL, price TEXT NOT NULL, quantity TEXT NOT NULL,
  commission TEXT NOT NULL, commission_asset TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (account, position, exchange_trade_id)
) STRICT;
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS snapshots (
  seq INTEGER PRIMARY KEY, row_hash TEXT NOT NULL, version TEXT NOT NULL, payload TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS alerts (
  number INTEGER NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL, urgent INTEGER NOT NULL,
  at TEXT NOT NULL, about TEXT NOT NULL, waits TEXT NOT NULL, hash TEXT NOT NULL,
  PRIMARY KEY (account, number)
) STRICT;
"""
SCHEMA = tuple(_SCHEMA.strip().removesuffix(";").split(";\n"))
"""Statements; each does nothing where its table is there already."""
TABLES = ("journal", "intents", "fills", "meta", "snapshots", "alerts")
PROJECTED = ("intents", "fills")
"""Tables whose contents follow from the rows of the journal alone."""

Statement = tuple[str, tuple[object, ...]]

_STATUS: dict[str, str] = {
    "order_unknown": "unknown",
    "entry_failed": "failed",
    "exit_retry": "failed",
    "insurance_failed": "failed",
    "insurance_placed": "resting",
    "entry_accepted": "resting",
    "entry_partly_filled": "resting",
    "exit_accepted": "resting",
    "insurance_cancelled": "cancelled",
    "entry_filled": "completed",
    "exit_filled": "completed",
    "insurance_filled": "completed",
}
"""What an order has become, by the kind of the row that says so."""
_SENT = (
    "UPDATE intents SET status = 'executing', request_ts_ms = ?"
    " WHERE account = ? AND client_order_id = ?"
)
_ASKING = ("entry_requested", "exit_requested", "insurance_requested")
_FILLING = ("entry_partly_filled", "entry_filled", "exit_filled", "insurance_filled")


def projections(kind: str, payload: str, account: str, epoch: int) -> Iterator[Statement]:
    """What a row changes in the projected tables; its text alone decides, in every version."""
    name = kind.partition(".")[0]
    if name in _ASKING:
        yield _asked(json.loads(payload), account, epoch)
    elif name == "order_sending":
        row = json.loads(payload)
        yield (
            _SENT,
            (row["timestamp_ms"], account, row["client_id"]),
        )
    elif name in _STATUS:
        row = json.loads(payload)
        yield (
            "UPDATE intents SET status = ? WHERE account = ? AND client_order_id = ?",
            (_STATUS[name], account, row["client_id"]),
        )
        for fill in row["fills"] if name in _FILLING else ():
            yield _filled(fill, account, row["position"])


def _asked(row: dict[str, Any], account: str, epoch: int) -> Statement:
    order = row["order"]
    values = (
        order["client_id"],
        account,
        order["position"],
        order["purpose"],
        row["attempt"],
        epoch,
        "pending",
    )
    return "INSERT INTO intents VALUES (?,?,?,?,?,?,?,NULL)", values


def _filled(fill: dict[str, Any], account: str, position: str) -> Statement:
    values = (
        account,
        position,
        fill["trade_id"],
        fill["client_id"],
        fill["price"],
        fill["quantity"],
        fill["commission"],
        fill["commission_asset"],
        fill["at_ns"],
    )
    return "INSERT OR IGNORE INTO fills VALUES (?,?,?,?,?,?,?,?,?)", values
