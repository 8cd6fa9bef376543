"""What crosses between threads besides intents and reports; all of it frozen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

import attrs

from robson.domain.commands import Command
from robson.domain.instrument import Instrument
from robson.domain.values import ExchangeNs


@attrs.frozen
class Wake:
    """Prices of a symbol wait on its board."""

    symbol: str


@attrs.frozen
class Unseen:
    """Lowest and highest price, in ticks, of a time that nobody watched.

    ``since_ns``: when it began; None where a process before this one saw what was before.
    """

    low: int
    high: int
    since_ns: ExchangeNs | None = None


@attrs.frozen
class Missed:
    """By symbol, what a broken line has kept from a daemon that went on living."""

    unseen: Mapping[str, Unseen]


@attrs.frozen
class Hint:
    """Something may have happened on a pair's account: worth a look, and no more than that."""

    symbol: str


@attrs.frozen
class RulesChanged:
    """The exchange has other rules for a pair than before; ``what`` says which.

    ``now``: the rules to go by as soon as no position needs the old ones; None where a start has to
    read them, as prices are counted by the old ones.
    """

    symbol: str
    what: str
    now: Instrument | None = None


@attrs.frozen
class TimerDue:
    """The time the monitor asked to be called at has come."""


@attrs.frozen(eq=False)
class Asked:
    """A command and where its answer goes."""

    command: Command
    answer: Future[Any] = attrs.Factory(Future)


@attrs.frozen(eq=False)
class Call:
    """Something that only the receiving thread may do: opening what it will own."""

    run: Callable[[], Any]
    answer: Future[Any]


@attrs.frozen
class Stop:
    """No more work after this."""


STOP = Stop()
