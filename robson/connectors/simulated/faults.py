"""What a real exchange does to those who trust it, as questions with the answer "no"."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson.domain.instrument import Instrument
from robson.domain.intents import Intent
from robson.domain.reports import Answer, ApiError


@attrs.frozen(kw_only=True)
class Piece:
    """One trade that a book gives an order.

    Attributes:
        worse_bps: how much worse than the market's slippage alone, in basis points.
        after_ns: how long the matching engine takes to carry it out; its price is fixed before.
    """

    quantity: Decimal
    worse_bps: Decimal = Decimal(0)
    after_ns: int = 0


@attrs.frozen(kw_only=True)
class Deed:
    """What somebody else does on a pair.

    Attributes:
        kind: one of the kinds of fault that strike the account.
        share: of what is free there.
    """

    kind: str
    share: Decimal = Decimal(0)


NOTHING_TO_LEND = ApiError(
    status=400, code=-3045, message="The system does not have enough asset now."
)


class ExchangeFaults:
    """No faults. A simulation overrides what it wants to happen; what struck is counted.

    Times are exchange time in nanoseconds, counted from the order's acceptance.
    """

    def rejects(self, request: Intent, at_ns: int) -> ApiError | None:
        """Refuse a request before anything is done: overload, ban, nothing to lend."""
        return None

    def lends(self, request: Intent, at_ns: int) -> Decimal:
        """The share of what it would lend that there is to lend; asked where it matters."""
        return Decimal(1)

    def meddles(self, request: Intent, at_ns: int) -> tuple[Deed, ...]:
        """What others do on the pair just before a request is answered."""
        return ()

    def rules(self, instrument: Instrument, at_ns: int) -> Instrument:
        """The rules that orders are held against now."""
        return instrument

    def looks_back_ns(self, request: Intent, at_ns: int) -> int:
        """How old the state is from which a question is answered."""
        return 0

    def retells(self, request: Intent, answer: Answer, at_ns: int) -> Answer:
        """What is said of a request that was carried out, instead of its answer."""
        return answer

    def hides_order(self, client_id: str, since_accept_ns: int) -> bool:
        """Answer a query with -2013 although the order exists."""
        return False

    def skips_repay(self, client_id: str) -> bool:
        """Fill an AUTO_REPAY order and silently leave its debt alone."""
        return False

    def drops_stop(self, client_id: str, since_accept_ns: int) -> bool:
        """Let a resting stop expire on the exchange's own account; asked when the price moves."""
        return False

    def book(self, client_id: str, quantity: Decimal) -> tuple[Piece, ...] | None:
        """The trades that a book gives a market order; what it lacks expires with the last one.

        None: all of it, at once, at one price. Never more than ``quantity``; ``after_ns`` rises.
        """
        return None
