"""What has happened to an account and to the process that serves it, in the past tense."""

from __future__ import annotations

import enum
from decimal import Decimal
from typing import ClassVar

import attrs

from robson.domain.values import ExchangeNs, Numbers


class RuntimeState(enum.Enum):
    """Whether entries are taken. Exits are managed in every one of them."""

    RUNNING = "running"
    PAUSED = "paused"
    DRAINING = "draining"
    STOPPED = "stopped"


@attrs.frozen(kw_only=True)
class MonthOpened:
    """A UTC month began for an account: the capital base that its budget is taken from."""

    KIND: ClassVar[str] = "month_opened.v1"
    at_ns: ExchangeNs
    month: str
    capital_base: Decimal


@attrs.frozen(kw_only=True)
class CapitalRecalibrated:
    """Money has left the account within a month: the capital base is lower until it ends.

    ``moves``: every transfer since the month opened by its name, with its worth in quote, below
    zero for one out.
    """

    KIND: ClassVar[str] = "capital_recalibrated.v1"
    at_ns: ExchangeNs
    month: str
    was: Decimal
    capital_base: Decimal
    moves: Numbers


@attrs.frozen(kw_only=True)
class HaltEntered:
    """No entry until the month ends or an operator clears it. ``remaining``: of the month then.

    ``actor``: None when the month's limit was used up, else who asked.
    """

    KIND: ClassVar[str] = "halt_entered.v1"
    at_ns: ExchangeNs
    month: str
    reason: str
    remaining: Decimal
    actor: str | None = None


@attrs.frozen(kw_only=True)
class HaltCleared:
    """The halt is over: another month opened (``actor`` None), or an operator said so."""

    KIND: ClassVar[str] = "halt_cleared.v1"
    at_ns: ExchangeNs
    reason: str
    actor: str | None = None


@attrs.frozen(kw_only=True)
class BudgetAlerted:
    """What the month has lost reached a line; said once a month for each of them.

    ``line_pct``: where it lies, in percent of the capital base. ``consumed``: lost by then.
    """

    KIND: ClassVar[str] = "budget_alerted.v1"
    at_ns: ExchangeNs
    month: str
    line_pct: Decimal
    consumed: Decimal
    capital_base: Decimal


@attrs.frozen(kw_only=True)
class RuntimeStateChanged:
    """Entries are taken, or not any more; ``actor`` None when a drain came to its end."""

    KIND: ClassVar[str] = "runtime_state_changed.v1"
    at_ns: ExchangeNs
    was: RuntimeState
    state: RuntimeState
    reason: str
    actor: str | None = None


@attrs.frozen(kw_only=True)
class ScopeFrozen:
    """A symbol, or ``account``, takes no entry until a person decides.

    ``code`` is what was found and ``evidence`` its numbers; a scope may be frozen for several.
    """

    KIND: ClassVar[str] = "degraded_entered.v2"
    OLDER: ClassVar[tuple[str, ...]] = ("degraded_entered.v1",)
    at_ns: ExchangeNs
    scope: str
    reason: str
    code: str = "frozen"
    evidence: Numbers = ()


@attrs.frozen(kw_only=True)
class ScopeCleared:
    """A person looked, and a frozen scope takes entries again."""

    KIND: ClassVar[str] = "degraded_cleared.v1"
    at_ns: ExchangeNs
    scope: str
    reason: str
    actor: str


@attrs.frozen(kw_only=True)
class Started:
    """A process took the journal under this epoch."""

    KIND: ClassVar[str] = "startup.v1"
    at_ns: ExchangeNs
    epoch: int
    version: str
    instance: str


@attrs.frozen(kw_only=True)
class Stopped:
    """A process let go of the journal in order."""

    KIND: ClassVar[str] = "shutdown.v1"
    at_ns: ExchangeNs
    epoch: int
