"""The UTC month of an account: when it opens, and the capital base its budget is taken from.

The evidence that a month is open is its event, never a clock's memory; so a restart across the
boundary neither skips nor repeats it.
"""

from __future__ import annotations

from decimal import Decimal

from robson.daemon.custody import Custody
from robson.daemon.desk import Desk
from robson.domain.accounts import MonthOpened
from robson.domain.identity import Scope
from robson.domain.intents import ReadAccount
from robson.domain.reports import AccountReported, Report
from robson.domain.values import NS_PER_S, ExchangeNs
from robson.engine.exposure import month_of


class Calendar:
    """Reads every pair's account, then opens the month; one half of the monitor, on its thread."""

    def __init__(self, custody: Custody, desk: Desk) -> None:
        self._custody = custody
        self._desk = desk
        self._equity: dict[str, Decimal | None] = {}
        self._again_ns: ExchangeNs | None = None

    def next_due_ns(self) -> ExchangeNs | None:
        """When to look again after the accounts could not be read."""
        return self._again_ns

    def look(self) -> None:
        """Open the month when its event is missing."""
        month = month_of(self._custody.now())
        opened = self._custody.roster.month
        if self._again_ns is not None and self._custody.now() < self._again_ns:
            return
        self._again_ns = None
        if self._equity or (opened is not None and opened.month >= month):
            return
        self._equity = dict.fromkeys(self._custody.markets)
        for place, market in enumerate(self._custody.markets.values(), 1):
            scope = Scope(self._custody.account, market.instrument.symbol)
            self._custody.ask(ReadAccount(scope=scope, token=-place))

    def heard(self, report: Report) -> bool:
        """Take a pair's account in; False when the report is not ours."""
        if getattr(report.intent, "token", 0) >= 0:
            return False
        if not isinstance(report, AccountReported):
            self._equity = {}
            self._again_ns = ExchangeNs(self._custody.now() + NS_PER_S)
            return True
        if not self._equity:
            return True
        self._equity[str(report.account.scope.symbol)] = report.account.equity
        if all(equity is not None for equity in self._equity.values()):
            self._open()
        return True

    def _open(self) -> None:
        total = sum((equity for equity in self._equity.values() if equity), Decimal(0))
        self._equity = {}
        carried = self._desk.budget().latent
        self._custody.roster.commit(
            (
                MonthOpened(
                    at_ns=self._custody.now(),
                    month=month_of(self._custody.now()),
                    capital_base=max(Decimal(0), total - carried),
                ),
            )
        )
