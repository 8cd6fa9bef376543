"""``robsond`` beside a running daemon or a dead one: explain, verify-journal, backup; read-only.

The chapters of ``robson explain`` need a running daemon; this is the way in for a dead one.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from robson.api import places
from robson.daemon import logs
from robson.daemon.config import KEYS
from robson.domain.errors import Refused, StoreError
from robson.domain.values import NS_PER_MS
from robson.store.examine import Examined, back_up, examine
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
COMMANDS = ("explain", "verify-journal", "backup")


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """Add these commands to the command line of ``robsond``."""
    told = commands.add_parser("explain", help="a position's journal, without a running daemon")
    told.add_argument("position", metavar="ID", help="full id, its last 4 or more, or the symbol")
    told.add_argument("--account", default=KEYS["instance.account"].default, metavar="NAME")
    checked = commands.add_parser(
        "verify-journal", help="check every page, row and projection; changes nothing"
    )
    copied = commands.add_parser(
        "backup", help="copy the journal while a daemon runs, and verify the copy"
    )
    copied.add_argument("file", metavar="FILE", help="a name that is free")
    for command in (told, checked, copied):
        command.add_argument("--state-dir", metavar="DIR", help="where the journal is")
        command.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace, environ: dict[str, str]) -> int:
    """Do what one of ``COMMANDS`` asks; what is wrong is raised."""
    directory = Path(places.state_dir(environ, "sim", args.state_dir))
    if args.command == "explain":
        rows = explain(directory, args.account, args.position)
        logs.tell(document(rows) if args.json else "\n".join(lines(rows)))
    elif args.command == "verify-journal":
        found = examine(directory / FILE_NAME)
        logs.tell(_json_of(found) if args.json else f"{found.path} is whole: {_told(found)}")
    else:
        found = back_up(directory, Path(args.file))
        logs.tell(_json_of(found) if args.json else f"{found.path} is a whole copy: {_told(found)}")
    return 0


def problem(message: str, code: str, exit_code: int) -> str:
    """What was refused, as one JSON document."""
    told = {"code": code, "message": message, "exit_code": exit_code}
    return json.dumps({"error": told}, indent=1)


def _told(found: Examined) -> str:
    rows = "1 row" if found.rows == 1 else f"{found.rows} rows"
    waiting = f", {found.waiting} more wait in journal.emergency" if found.waiting else ""
    return (
        f"{rows}{waiting}, epoch {found.epoch}, profile {found.profile}, account {found.account},"
        f" chain {found.head[:12]}"
    )


def _json_of(found: Examined) -> str:
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
