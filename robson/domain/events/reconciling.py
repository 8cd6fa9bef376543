"""What reconciliation found: the exchange's side of a pair differs from the journal's."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import attrs

from robson.domain.identity import PositionId
from robson.domain.intents import CancelOrder
from robson.domain.reports import Fill
from robson.domain.values import ExchangeNs, Numbers, Price


@attrs.frozen(kw_only=True)
class Reconciled:
    """The exchange said something else than the journal, and was followed.

    ``row`` of the recovery table, ``code`` what was found; the events beside it say what follows.
    """

    KIND: ClassVar[str] = "reconciled.v1"
    position: PositionId
    at_ns: ExchangeNs
    row: str
    code: str
    evidence: Numbers = ()


@attrs.frozen(kw_only=True)
class OrphanCancelling:
    """An order rests that its position does not need any more: it is being taken back."""

    KIND: ClassVar[str] = "orphan_cancelling.v1"
    position: PositionId
    at_ns: ExchangeNs
    cancel: CancelOrder


@attrs.frozen(kw_only=True)
class HoldingMissed:
    """The account shows less than the position holds, for the first time: base, in quantity.

    The instant stays until the holding is seen again; looking once more does not move it.
    """

    KIND: ClassVar[str] = "holding_missed.v1"
    position: PositionId
    at_ns: ExchangeNs
    expected: Decimal
    found: Decimal


@attrs.frozen(kw_only=True)
class HoldingSeen:
    """What was missed is there again."""

    KIND: ClassVar[str] = "holding_seen.v1"
    position: PositionId
    at_ns: ExchangeNs


@attrs.frozen(kw_only=True)
class FilledOutside:
    """Somebody else's order reduced the position: its fills are part of the result."""

    KIND: ClassVar[str] = "filled_outside.v1"
    position: PositionId
    at_ns: ExchangeNs
    order_id: int
    fills: tuple[Fill, ...]


@attrs.frozen(kw_only=True)
class HoldingAdopted:
    """No trade explains what is missing: from here on the position holds what is there."""

    KIND: ClassVar[str] = "holding_adopted.v1"
    position: PositionId
    at_ns: ExchangeNs
    was: Decimal
    held: Decimal


@attrs.frozen(kw_only=True)
class GapForgiven:
    """The price was beyond the stop while nobody watched, and has come back: it is held.

    ``extreme``: the worst price of that time; ``price``: the live one, which judges.
    """

    KIND: ClassVar[str] = "gap_cross_forgiven.v1"
    position: PositionId
    at_ns: ExchangeNs
    stop: Price
    extreme: Price
    price: Price
