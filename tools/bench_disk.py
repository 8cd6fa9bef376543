"""What durability costs: an append to the journal, against the same bytes written and synced."""

from __future__ import annotations

import io
import os
import sqlite3
import time
from pathlib import Path

from bench_kit import CannotMeasure, Goal, Row, Run, Timed, alternate, timed

from robson.domain import events as e
from robson.store.journal import FILE_NAME, JournalIdentity, SqliteJournal

ROUNDS = 2_000


def _row_bytes(directory: Path) -> bytes:
    """The last row of the journal, as it would stand in a plain file."""
    db = sqlite3.connect(f"file:{directory / FILE_NAME}?mode=ro", uri=True)
    try:
        row = db.execute("SELECT * FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    finally:
        db.close()
    return "\x1f".join(str(column) for column in row).encode() + b"\n"


def _floor(file: io.FileIO, line: bytes) -> Timed:
    def work() -> None:
        file.write(line)
        os.fdatasync(file.fileno())

    return timed(work)


def journal(run: Run) -> list[Row]:
    """The commit that stands before an order: ``order_sending``, the commonest row of a life."""
    life, directory = run.life, run.folder("journal")
    place = next((i for i, event in enumerate(life) if isinstance(event, e.OrderSending)), None)
    armed = next((event for event in life if isinstance(event, e.PositionArmed)), None)
    if place is None or armed is None:
        raise CannotMeasure("the life that was played sent no order")
    identity = JournalIdentity(profile="sim", account=armed.scope.account)
    store = SqliteJournal(directory, identity, wall_ns=time.time_ns, new_id=lambda: "bench")
    try:
        store.append(life[: place + 1])  # the order that the row is about is known by now
        line = _row_bytes(directory)
        with io.FileIO(directory / "floor", "a") as file:
            pairs = alternate(
                timed(lambda: store.append((life[place],))),
                _floor(file, line),
                rounds=run.count(ROUNDS),
                bound_s=9,
            )
    finally:
        store.close()
    what = (
        "SqliteJournal.append of one order_sending, against write and fdatasync of its"
        f" {len(line)} bytes"
    )
    return [pairs.row("journal", what, "us", Goal(of="ratio", must=2.5, aim=1.7))]
