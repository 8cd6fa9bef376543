"""What the core asks of the world: time, ids, memory and the exchange, as protocols.

Every adapter of a port is tested by one suite for that port.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import attrs

from robson.domain.events import Event
from robson.domain.intents import Intent
from robson.domain.reports import Answer
from robson.domain.values import ExchangeNs, MonotonicNs


class Clock(Protocol):
    """Time, explicit. Under simulation all three are one virtual clock."""

    def monotonic_ns(self) -> MonotonicNs:
        """For deadlines and waits."""

    def exchange_ns(self) -> ExchangeNs:
        """The best estimate of the exchange's own clock; what is told by it never runs back."""

    def signing_ns(self) -> ExchangeNs:
        """The same to sign by: it follows the exchange also where its clock was set back."""


class Ids(Protocol):
    """Makes identities: the only source of chance in the core."""

    def bits(self) -> int:
        """128 bits, later calls larger."""


class Exchange(Protocol):
    """The outside. One call is one request; nothing is ever sent twice by the adapter."""

    def call(self, request: Intent) -> Answer:
        """Send and wait, bounded; transport trouble is an answer, never an exception."""


@attrs.frozen(kw_only=True)
class Recorded:
    """An event as the journal holds it: ``seq`` orders, times explain."""

    seq: int
    epoch: int
    event: Event


class Journal(Protocol):
    """Append-only memory. What ``append`` returned survives a crash."""

    def append(self, events: Sequence[Event]) -> tuple[Recorded, ...]:
        """Make events durable in one transaction.

        Raises:
            StoreError: nothing of it may be relied on.
        """

    def read(self, after_seq: int = 0) -> Iterable[Recorded]:
        """All events after a sequence number, in order."""
