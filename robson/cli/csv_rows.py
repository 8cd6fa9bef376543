"""The history as CSV (RFC 4180): a row a position, plain decimals, unknown as empty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

COLUMNS = (
    "id",
    "account",
    "symbol",
    "side",
    "strategy",
    "created_at",
    "entry_filled_at",
    "closed_at",
    "exit_reason",
    "entry_price",
    "exit_price",
    "entry_quantity",
    "leverage",
    "first_stop",
    "planned_risk",
    "realized_pnl",
    "r_multiple",
    "fees",
    "interest",
    "settled",
)


def text(positions: Iterable[Mapping[str, Any]]) -> str:
    """The header and the rows."""
    rows = [",".join(COLUMNS), *(_row(each) for each in positions)]
    return "".join(f"{row}\r\n" for row in rows)


def _row(position: Mapping[str, Any]) -> str:
    known = {**position, "strategy": position["strategy"]["name"]}
    return ",".join(_cell(known[column]) for column in COLUMNS)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    said = str(value)
    if any(char in said for char in ',"\r\n'):
        escaped = said.replace('"', '""')
        return f'"{escaped}"'
    return said
