"""What is to be told outside of this machine, written down before it leaves: a table of its own.

It is no row of the journal: alerts follow wall time, and what follows from the rows must not. Each
is sealed, so that one that was changed is refused like a row. Nothing is ever taken away.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import attrs

from robson.domain.errors import JournalCorrupt
from robson.store.trust import GENESIS, row_hash


@attrs.frozen(kw_only=True)
class KeptAlert:
    """One message and who still has to take it.

    Attributes:
        number: counts the messages of this journal, across restarts.
        at: wall time of the decision, ISO 8601 in UTC.
        about: code, what it is about, and words, of each condition.
        waits: names of the ways out that have not taken it.
    """

    number: int
    kind: str
    urgent: bool
    at: str
    about: tuple[tuple[str, str, str], ...]
    waits: tuple[str, ...]


def keep(db: sqlite3.Connection, account: str, alert: KeptAlert) -> None:
    """Write a message down, or who has taken it meanwhile, inside the caller's transaction."""
    fields = (
        alert.number,
        account,
        alert.kind,
        int(alert.urgent),
        alert.at,
        json.dumps(alert.about, ensure_ascii=False),
        json.dumps(alert.waits),
    )
    db.execute(
        "INSERT OR REPLACE INTO alerts VALUES (?,?,?,?,?,?,?,?)",
        (*fields, row_hash(GENESIS, *fields)),
    )


def every(db: sqlite3.Connection, account: str, path: Path) -> Sequence[KeptAlert]:
    """Every message, oldest first.

    Raises:
        JournalCorrupt: one is not as it was written.
    """
    found = []
    asked = "SELECT * FROM alerts WHERE account = ? ORDER BY number"
    for *fields, seal in db.execute(asked, (account,)):
        number, _, kind, urgent, at, about, waits = fields
        if seal != row_hash(GENESIS, *fields):
            raise JournalCorrupt(f"{path}: alert {number} is not what its hash says")
        found.append(
            KeptAlert(
                number=number,
                kind=kind,
                urgent=bool(urgent),
                at=at,
                about=tuple((code, what, said) for code, what, said in json.loads(about)),
                waits=tuple(json.loads(waits)),
            )
        )
    return found
