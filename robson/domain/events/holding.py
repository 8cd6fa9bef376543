"""What happens to a position while it is held: the month turns, its margin level changes band."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import attrs

from robson.domain.identity import PositionId
from robson.domain.values import ExchangeNs


@attrs.frozen(kw_only=True)
class PositionCarried:
    """A month opened while the position was open: it counts in it from ``basis`` on.

    ``basis``: its result marked at the boundary, after the fees and the interest charged by then,
    in quote. What it earns or loses in the month is its final result less this.
    """

    KIND: ClassVar[str] = "position_carried.v1"
    position: PositionId
    at_ns: ExchangeNs
    month: str
    basis: Decimal


@attrs.frozen(kw_only=True)
class MarginBandChanged:
    """The pair's margin level moved into another band (domain rule: five bands).

    ``level`` is None when nothing is owed any more; ``exit_level`` the level in force below which
    the position is left.
    """

    KIND: ClassVar[str] = "margin_band_changed.v1"
    position: PositionId
    at_ns: ExchangeNs
    was: str
    band: str
    level: Decimal | None
    exit_level: Decimal
