"""Journals to test with: how one is opened, and events that can be told apart."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

from robson.domain import events as e
from robson.domain.values import ExchangeNs
from robson.store.journal import JournalIdentity, SqliteJournal
from tests.integration import every_event as some

ROOT = Path(__file__).resolve().parents[2]
IDENTITY = JournalIdentity(profile="sim", account="main")


def opened(directory: Path, identity: JournalIdentity = IDENTITY) -> SqliteJournal:
    ticks = itertools.count(1)
    return SqliteJournal(directory, identity, wall_ns=lambda: next(ticks), new_id=lambda: "j" * 32)


def months(count: int, first: int = 1) -> tuple[e.MonthOpened, ...]:
    """Small events that can be told apart."""
    capital = some.D(1)
    return tuple(
        e.MonthOpened(at_ns=ExchangeNs(number), month="2025-11", capital_base=capital * number)
        for number in range(first, first + count)
    )


def change(directory: Path, *statements: str) -> None:
    """What somebody with a shell might do to it."""
    with closing(sqlite3.connect(directory / "journal.db", isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)
            assert db.total_changes > 0
