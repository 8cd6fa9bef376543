"""What a journal tells without its daemon: the rows of a position, and whether all of it is whole.

Read-only. It is loaded when it is asked for, because everything that can be in a journal comes
with it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from robson.domain.errors import Refused, StoreError
from robson.domain.values import NS_PER_MS
from robson.store.examine import Examined
from robson.store.journal import FILE_NAME
from robson.store.reader import JournalReader, StoredRow

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


def told(found: Examined) -> str:
    """What was found, in a line for people."""
    rows = "1 row" if found.rows == 1 else f"{found.rows} rows"
    waiting = f", {found.waiting} more wait in journal.emergency" if found.waiting else ""
    return (
        f"{rows}{waiting}, epoch {found.epoch}, profile {found.profile}, account {found.account},"
        f" chain {found.head[:12]}"
    )


def json_of(found: Examined) -> str:
    """What was found, as one JSON document."""
    return json.dumps(
        {
            "schema": "robson.journal/1",
            "path": str(found.path),
            "journal_id": found.journal_id,
            "profile": found.profile,
            "account": found.account,
            "epoch": found.epoch,
            "rows": found.rows,
            "rows_waiting": found.waiting,
            "chain": found.head,
        },
        indent=1,
    )


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
    if not (directory / FILE_NAME).exists():
        raise StoreError(
            f"there is no journal {directory / FILE_NAME}; name its directory with --state-dir"
        )
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
