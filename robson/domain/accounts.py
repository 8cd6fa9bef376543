"""What has happened to an account and to the process that serves it, in the past tense."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import attrs

from robson.domain.values import ExchangeNs


@attrs.frozen(kw_only=True)
class MonthOpened:
    """A UTC month began for an account: the capital base that its budget is taken from."""

    KIND: ClassVar[str] = "month_opened.v1"
    at_ns: ExchangeNs
    month: str
    capital_base: Decimal


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
