"""Runs robsond and notes of every order, as it leaves, whether the journal already holds it.

    python watching.py run OPTIONS

Each commit is held up a little, so that an order that does not wait for its commit is sure to
overtake it. The notes are lines in the state directory's file `orders`: id, and yes or no.
"""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from robson.daemon.__main__ import main
from robson.daemon.stage import Stage
from robson.domain.intents import Intent, PlaceOrder
from robson.store.journal import SqliteJournal

HELD_UP_S = 0.03


def watch(place: Path) -> None:
    """Replace what sends and what commits, in this process only."""
    call, append = Stage.call, SqliteJournal.append

    def calling(self: Stage, request: Intent) -> Any:
        if isinstance(request, PlaceOrder):
            note(place, request.client_id)
        return call(self, request)

    def appending(self: SqliteJournal, events: Sequence[Any]) -> Any:
        threading.Event().wait(HELD_UP_S)
        return append(self, events)

    Stage.call = calling  # type: ignore[method-assign]
    SqliteJournal.append = appending  # type: ignore[method-assign]


def note(place: Path, client_id: str) -> None:
    """Look by another connection: what it sees is durable."""
    db = sqlite3.connect(f"file:{place / 'journal.db'}?mode=ro", uri=True)
    try:
        query = "SELECT count(*) FROM journal WHERE instr(payload, ?)"
        (rows,) = db.execute(query, (client_id,)).fetchone()
    finally:
        db.close()
    with (place / "orders").open("a") as notes:
        notes.write(f"{client_id} {'yes' if rows else 'no'}\n")


if __name__ == "__main__":
    watch(Path(sys.argv[sys.argv.index("--state-dir") + 1]))
    sys.exit(main())
