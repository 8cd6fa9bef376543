"""Journals as text: recorded by an earlier release and kept for ever, or written down now.

The first line is the table meta, every other one a row of the journal, each column in order.
To write one down: python -m tests.integration.recorded STATE_DIR/journal.db FILE.jsonl
"""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from robson.store.tables import SCHEMA, projections

KEPT = Path(__file__).resolve().parents[1] / "contract" / "golden" / "journals"


def restored(text: Path, directory: Path) -> Path:
    """A journal file made from its text, to the last byte of every row."""
    meta, *rows = map(json.loads, text.read_text(encoding="utf-8").splitlines())
    path = directory / "journal.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in SCHEMA:
            db.execute(statement)
        db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        for row in rows:
            db.execute("INSERT INTO journal VALUES (?,?,?,?,?,?,?,?,?,?,?)", row)
            for statement, values in projections(row[5], row[8], row[6], row[2]):
                db.execute(statement, values)
    return path


def write_down(database: Path, text: Path) -> None:
    """Meta and rows of a journal."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as db:
        meta = dict(db.execute("SELECT key, value FROM meta"))
        rows = db.execute("SELECT * FROM journal ORDER BY seq").fetchall()
    lines = [
        json.dumps(meta, sort_keys=True),
        *(json.dumps(r, separators=(",", ":")) for r in rows),
    ]
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_down(Path(sys.argv[1]), Path(sys.argv[2]))
