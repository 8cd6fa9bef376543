"""The keeper's thread: looks at the journal's disk each second, and ends what cannot be written.

With little room it lets nothing new begin. When the journal has failed, what is open is seen
through to its end on the emergency file; then the process ends, and the next start goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

import attrs

from robson.api.facts import DegradedFact, DiskFact
from robson.daemon import logs
from robson.daemon.inbox import Inbox
from robson.daemon.messages import Call
from robson.daemon.worker import Fatal
from robson.domain.errors import StoreError
from robson.domain.ports import Clock
from robson.domain.values import ExchangeNs
from robson.engine.snapshot import DiskState
from robson.store.disk import Disk, DiskWatch
from robson.store.journal import SqliteJournal

EVERY_S = 1.0
DISK_LOW, JOURNAL_FAILED = "disk_low", "journal_failed"
FAREWELL_LOOKS = 5
"""Looks at a flat account before the end, so that whoever has just left sees it."""


@attrs.frozen(kw_only=True)
class DiskLimits:
    """Free space below which a warning is logged, and below which no entry is made, in MiB."""

    warn_mib: int
    least_mib: int


class Keeper:
    """``state`` may be asked by any thread. ``flat``: nothing is open, so the process may end."""

    def __init__(
        self,
        journal: SqliteJournal,
        watch: DiskWatch,
        limits: DiskLimits,
        *,
        inbox: Inbox,
        clock: Clock,
        flat: Callable[[], bool],
        fatal: Fatal,
    ) -> None:
        self._journal = journal
        self._watch = watch
        self._limits = limits
        self._inbox = inbox
        self._clock = clock
        self._flat = flat
        self._fatal = fatal
        self._stopping = threading.Event()
        self._flat_looks = 0
        self._warned = False
        self._disk = watch.look()
        self.since_ns: ExchangeNs | None = None
        self.ended = False

    def state(self) -> DiskState:
        """What the gates judge."""
        failed = self._journal.failed
        return DiskState(
            free_mib=self._disk.free_mib,
            least_mib=self._limits.least_mib,
            failed=None if failed is None else str(failed),
        )

    def room(self) -> DiskFact:
        """How much is left, for people."""
        return DiskFact(
            free_mib=self._disk.free_mib,
            warn_mib=self._limits.warn_mib,
            entry_mib=self._limits.least_mib,
        )

    def trouble(self) -> str:
        """Why nothing is entered, for people; empty while the disk is well."""
        state = self.state()
        if state.failed is not None:
            return f"the journal cannot be written: {state.failed}"
        if state.free_mib < state.least_mib:
            least = state.least_mib
            return f"the journal's disk has {state.free_mib} MiB left, and an entry needs {least}"
        return ""

    def degraded(self, trouble: str, since_ns: ExchangeNs) -> DegradedFact:
        """The trouble as a scope: of the whole account. Too little room ends by itself, a journal
        that has failed with the process.
        """
        room = self._journal.failed is None
        return DegradedFact(
            scope="account",
            reason=trouble,
            since_ns=since_ns,
            code=DISK_LOW if room else JOURNAL_FAILED,
            auto_clear=room,
        )

    def run(self) -> None:
        """Look until stopped, or until there is nothing more to look after."""
        while not self._stopping.wait(EVERY_S) and not self.ended:
            self.look()

    def look(self) -> None:
        """Once."""
        self._disk = disk = self._watch.look()
        if disk.lost is not None and self._journal.failed is None:
            self._give_up(disk.lost)
        self._warn(disk)
        troubled = self._journal.failed is not None or disk.free_mib < self._limits.least_mib
        if not troubled:
            self.since_ns = None
        elif self.since_ns is None:
            self.since_ns = self._clock.exchange_ns()
        self._flat_looks = self._flat_looks + 1 if self._journal.failed and self._flat() else 0
        if self._flat_looks >= FAREWELL_LOOKS:
            self._end()

    def _warn(self, disk: Disk) -> None:
        low = disk.free_mib < self._limits.warn_mib
        if low and not self._warned:
            logs.note(
                f"the journal's disk has {disk.free_mib} MiB left;"
                f" below {self._limits.least_mib} MiB no position is entered",
                "warning",
            )
        self._warned = low

    def _give_up(self, why: str) -> None:
        """On the journal's own thread, before it writes anything else."""
        reason = StoreError(why)
        self._inbox.put(Call(lambda: self._journal.files_lost(reason), Future()), outside=True)

    def _end(self) -> None:
        self.ended = True
        self._fatal(
            "journal",
            StoreError(
                f"{self._journal.failed}. Nothing is open. Make room or mend the disk and start"
                " again: the rows that wait in journal.emergency are carried over"
            ),
        )

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
