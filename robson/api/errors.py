"""Every error code with its gRPC status and its exit code, as one table.

It never decides anything: it is read by the server when it refuses, and by the CLI when it ends.
"""

from __future__ import annotations

from typing import NamedTuple

HEADER = "robson-error"
"""Trailing metadata that carries an error as JSON: code, message, details."""


class Row(NamedTuple):
    """One code: the name of its gRPC status, and the exit code of the CLI."""

    code: str
    status: str
    exit: int


ROWS: tuple[Row, ...] = (
    Row("INTERNAL", "INTERNAL", 1),
    Row("CANCELLED_BY_USER", "CANCELLED", 1),
    Row("INVALID_ARGUMENT", "INVALID_ARGUMENT", 2),
    Row("UNKNOWN_SYMBOL", "INVALID_ARGUMENT", 2),
    Row("UNKNOWN_STRATEGY", "INVALID_ARGUMENT", 2),
    Row("AMBIGUOUS_POSITION", "INVALID_ARGUMENT", 2),
    Row("UNAVAILABLE", "UNAVAILABLE", 3),
    Row("DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED", 3),
    Row("RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED", 3),
    Row("UNAUTHENTICATED", "UNAUTHENTICATED", 4),
    Row("PERMISSION_DENIED", "PERMISSION_DENIED", 4),
    Row("POSITION_NOT_FOUND", "NOT_FOUND", 5),
    Row("INVALID_STATE_TRANSITION", "FAILED_PRECONDITION", 6),
    Row("STILL_DEGRADED", "FAILED_PRECONDITION", 6),
    Row("MANUAL_SIGNALS_OFF", "FAILED_PRECONDITION", 6),
    Row("NOT_SIMULATED", "FAILED_PRECONDITION", 6),
    Row("NO_STANDBY", "FAILED_PRECONDITION", 6),
    Row("DUPLICATE_POSITION", "ALREADY_EXISTS", 7),
    Row("IDEMPOTENCY_CONFLICT", "ALREADY_EXISTS", 7),
    Row("MAX_OPEN_POSITIONS", "FAILED_PRECONDITION", 7),
    Row("WALLET_NOT_CLEAN", "FAILED_PRECONDITION", 7),
    Row("DAILY_LOSS_LIMIT", "FAILED_PRECONDITION", 7),
    Row("DAILY_TRADE_LIMIT", "FAILED_PRECONDITION", 7),
    Row("LEVERAGE_LIMIT", "FAILED_PRECONDITION", 7),
    Row("STOP_INVALID", "FAILED_PRECONDITION", 7),
    Row("STOP_ORDER_UNSUPPORTED", "FAILED_PRECONDITION", 7),
    Row("STOP_GAIN_NET_LOW", "FAILED_PRECONDITION", 7),
    Row("SIGNAL_STALE", "FAILED_PRECONDITION", 7),
    Row("PRICE_DRIFT", "FAILED_PRECONDITION", 7),
    Row("SIZE_TOO_SMALL", "FAILED_PRECONDITION", 7),
    Row("SIZE_TOO_LARGE", "FAILED_PRECONDITION", 7),
    Row("INSUFFICIENT_MARGIN", "FAILED_PRECONDITION", 7),
    Row("LIQUIDATION_TOO_CLOSE", "FAILED_PRECONDITION", 7),
    Row("RISK_PER_TRADE", "FAILED_PRECONDITION", 7),
    Row("RISK_BUDGET_INSUFFICIENT", "FAILED_PRECONDITION", 7),
    Row("OBSERVING", "FAILED_PRECONDITION", 7),
    Row("EXCHANGE_REJECTED", "ABORTED", 8),
    Row("EXCHANGE_UNAVAILABLE", "UNAVAILABLE", 8),
    Row("ORDER_UNKNOWN", "UNAVAILABLE", 8),
    Row("NOT_LEADER", "FAILED_PRECONDITION", 9),
    Row("DEGRADED", "FAILED_PRECONDITION", 9),
    Row("HALTED", "FAILED_PRECONDITION", 9),
    Row("MONTHLY_HALT", "FAILED_PRECONDITION", 9),
    Row("NOT_RUNNING", "FAILED_PRECONDITION", 9),
    Row("PENDING", "DEADLINE_EXCEEDED", 10),
)
_BY_CODE = {row.code: row for row in ROWS}
_UNLISTED = 7

INTERRUPTED = 130
"""Exit code after Ctrl-C."""


def row_of(code: str) -> Row:
    """The row of a code; gates spell theirs in lower case. A refusal nobody listed is a gate."""
    row = _BY_CODE.get(code.upper())
    return row._replace(code=code) if row else Row(code, "FAILED_PRECONDITION", _UNLISTED)


def code_of_status(status: str) -> str:
    """The code for a bare gRPC status, when whatever refused did not send one."""
    return status if status in _BY_CODE else "INTERNAL"
