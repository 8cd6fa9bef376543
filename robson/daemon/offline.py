"""What a journal says of a position while no daemon runs: read-only, row by row, for people.

The chapters of ``robson explain`` need a running daemon; this is the way in for a dead one.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from robson.domain.errors import Refused
from robson.domain.values import NS_PER_MS
from robson.store.journal import JournalReader, StoredRow

ROWS = 100_000
_FACTS = (
    "reason",
    "code",
    "price",
    "stop",
    "quantity",
    "client_id",
    "message",
    "net",
    "r_multiple",
)
_SHORTEST_SUFFIX = 4


def find(rows: list[StoredRow], wanted: str) -> str:
    """The full id of a position by id, suffix or symbol.

    Raises:
        Refused: none or several match.
    """
    known = {row.position: row for row in rows if row.kind.startswith("position_armed")}
    text = wanted.upper().removeprefix("POS_")
    found = [
        position
        for position, row in known.items()
        if position is not None
        and (
            (len(text) >= _SHORTEST_SUFFIX and position.endswith(text))
            or _symbol(row) == wanted.upper()
        )
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refused("POSITION_NOT_FOUND", f"the journal knows no position {wanted}")
    raise Refused("AMBIGUOUS_POSITION", f"{wanted} is one of {', '.join(found)}")


def _symbol(row: StoredRow) -> str:
    symbol = json.loads(row.payload)["scope"]["symbol"]
    return f"{symbol['base']}{symbol['quote']}"


def explain(directory: Path, account: str, wanted: str) -> list[StoredRow]:
    """Every journal row of one position.

    Raises:
        Refused: there is no such position.
        StoreError: the journal cannot be read.
    """
    reader = JournalReader(directory, account)
    position = find(reader.rows(None, 0, ROWS), wanted)
    return reader.rows(position, 0, ROWS)


def document(rows: list[StoredRow]) -> str:
    """The rows as one JSON document."""
    return json.dumps(
        {
            "schema": "robson.journal-rows/1",
            "rows": [
                {
                    "seq": row.seq,
                    "epoch": row.epoch,
                    "at": _stamp(row.at_ns),
                    "kind": row.kind,
                    "payload": json.loads(row.payload),
                }
                for row in rows
            ],
        },
        indent=1,
    )


def lines(rows: list[StoredRow]) -> list[str]:
    """One line a row: number, time, kind, the facts."""
    return [
        f"{row.seq:>5}  {_stamp(row.at_ns)}  {row.kind:<24} {_facts(row.payload)}".rstrip()
        for row in rows
    ]


def _facts(text: str) -> str:
    payload: dict[str, Any] = json.loads(text)
    order = payload.get("order") or {}
    merged = {**{name: order.get(name) for name in _FACTS}, **payload}
    return "  ".join(
        f"{name} {merged[name]}" for name in _FACTS if merged.get(name) not in (None, "")
    )


def _stamp(at_ns: int) -> str:
    at_ms = at_ns // NS_PER_MS
    text = datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{at_ms % 1000:03d}Z"
