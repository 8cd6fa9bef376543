"""The ledger: books and the state they fold to, in step; and what the exchange's services cost."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

from robson.connectors.simulated.account import Account, Wallet
from robson.connectors.simulated.books import Books
from robson.connectors.simulated.entries import Entry
from robson.connectors.simulated.exchange_rules import REFUSALS, Rule, RuleCounts
from robson.connectors.simulated.state import ExchangeState
from robson.domain.reports import ApiError
from robson.domain.values import NS_PER_MS


@attrs.frozen(kw_only=True)
class Terms:
    """What trading on margin costs and allows.

    Attributes:
        slippage_bps: how much worse than the market a market order fills, in basis points.
        max_leverage: assets of a pair at most this many times its equity.
        daily_rate_base: interest a day on borrowed base, as a fraction; a 24th of it each hour.
        daily_rate_quote: likewise for quote.
        limits: by asset, the most that is lent of it to one account; without one only the equity
            bounds it.
        debt_busy_ns: how long the exchange is busy with a loan or a repayment; a repayment asked
            for by hand meanwhile is refused as pending.
    """

    slippage_bps: Decimal = Decimal(2)
    max_leverage: int = 10
    daily_rate_base: Decimal = Decimal("0.00026125")
    daily_rate_quote: Decimal = Decimal("0.0003")
    limits: Mapping[str, Decimal] = attrs.field(factory=dict)
    debt_busy_ns: int = 100 * NS_PER_MS


class Ledger:
    """The only way to change the exchange: write an entry, and it has happened."""

    def __init__(self, books: Books, terms: Terms) -> None:
        self.books = books
        self.terms = terms
        self.state = ExchangeState.of(books.entries())
        self.counts = RuleCounts()
        self.recorded = 0
        """Entries written by this process."""

    def record(self, entry: Entry) -> None:
        """Let something happen: into the state, and into the open transaction of the books."""
        self.recorded += 1
        self.state.apply(entry)
        self.books.append(entry)

    def refuse(self, rule: Rule) -> ApiError:
        """The answer of a rule that refuses."""
        self.counts.bit(rule)
        return REFUSALS[rule]

    def bit(self, account: Account, wallet: Wallet, base: Rule, quote: Rule) -> None:
        """Count a rule that has a name for each of the pair's assets."""
        self.counts.bit(base if wallet is account.base else quote)
