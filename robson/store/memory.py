"""A journal in memory with the same promises as the file, for simulation and tests.

It keeps encoded rows, so that what is read back has gone through the codec.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from robson.domain.events import Event
from robson.domain.ports import Recorded
from robson.store.codec import decode, encode


class MemoryJournal:
    """Rows survive the death of their writer: hand them to the next one with ``reopened``."""

    def __init__(self, rows: list[tuple[int, str, str]] | None = None, *, epoch: int = 0) -> None:
        self.rows = rows if rows is not None else []
        self.epoch = epoch

    def reopened(self) -> MemoryJournal:
        """The same rows under the next epoch, as a restart would find them."""
        return MemoryJournal(self.rows, epoch=self.epoch + 1)

    def append(self, events: Sequence[Event]) -> tuple[Recorded, ...]:
        """Durable at once."""
        first = len(self.rows) + 1
        # Encoded first: all of them or none, as in a transaction.
        made = [(self.epoch, *encode(event)) for event in events]
        self.rows.extend(made)
        return tuple(
            Recorded(seq=first + place, epoch=self.epoch, event=event)
            for place, event in enumerate(events)
        )

    def read(self, after_seq: int = 0) -> Iterator[Recorded]:
        """All rows after a sequence number, decoded."""
        for place, (epoch, kind, payload) in enumerate(self.rows[after_seq:], after_seq + 1):
            yield Recorded(seq=place, epoch=epoch, event=decode(kind, payload))
