"""Where alerts are written down before they leave: a table of the journal's, after all else."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import Protocol

from robson.daemon.messages import Call
from robson.daemon.worker import Worker
from robson.domain.errors import StoreError
from robson.store.alerts import KeptAlert
from robson.store.journal import SqliteJournal

WRITE_S = 5.0
LAST = 100
"""Priority in the monitor's inbox: after everything that trades."""


class Book(Protocol):
    """Where messages are written down before they leave."""

    def every(self) -> Sequence[KeptAlert]:
        """All that was ever written, oldest first."""

    def write(self, alert: KeptAlert) -> str:
        """Make it durable; empty when it is, else why not."""

    def later(self, alert: KeptAlert) -> None:
        """Make it durable some time, and do not wait."""


class JournalBook:
    """The journal's own table of alerts, written on the journal's thread after all else.

    An exit, a price or an answer that has come meanwhile goes first; a thread that does not get to
    it within ``WRITE_S`` keeps no message back.
    """

    def __init__(self, journal: SqliteJournal, owner: Worker) -> None:
        self._journal = journal
        self._owner = owner

    def every(self) -> Sequence[KeptAlert]:
        """See :class:`Book`."""
        return self._owner.call(self._journal.kept_alerts)

    def write(self, alert: KeptAlert) -> str:
        """See :class:`Book`."""
        try:
            kept = self._put(alert).result(WRITE_S)
        except TimeoutError:
            return f"the journal's thread has not come to it within {WRITE_S:g} s"
        except StoreError as error:
            return str(error)
        return "" if kept else f"{self._journal.failed}"

    def later(self, alert: KeptAlert) -> None:
        """See :class:`Book`."""
        self._put(alert)

    def _put(self, alert: KeptAlert) -> Future[bool]:
        answer: Future[bool] = Future()
        call = Call(partial(self._journal.keep_alert, alert), answer)
        self._owner.inbox.put(call, priority=LAST, outside=True)
        return answer
