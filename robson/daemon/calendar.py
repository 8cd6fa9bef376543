"""The UTC month of an account: when it opens, and the capital base its budget is taken from.

The evidence that a month is open is its event, never a clock's memory; so a restart across the
boundary neither skips nor repeats it. Positions are never closed by the calendar.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from robson.daemon.backoff import wait_ns
from robson.daemon.custody import Custody
from robson.domain import events as e
from robson.domain.identity import Scope
from robson.domain.intents import ReadAccount
from robson.domain.reports import AccountReported, AccountSnapshot, Report
from robson.domain.values import MONEY, ExchangeNs
from robson.engine.context import NOTHING
from robson.engine.exposure import latent_of, marked, month_ends_ns, month_of


class Calendar:
    """Reads every pair's account, then opens the month; one part of the monitor, on its thread."""

    def __init__(self, custody: Custody) -> None:
        self._custody = custody
        self._read: dict[str, AccountSnapshot | None] = {}
        self._again_ns: ExchangeNs | None = None
        self._silences = 0

    def next_due_ns(self) -> ExchangeNs | None:
        """When to look again after the accounts could not be read."""
        return self._again_ns

    def boundary_ns(self) -> ExchangeNs | None:
        """When the month that is open ends."""
        opened = self._custody.roster.month
        waits = self._read or self._again_ns is not None or opened is None
        return None if waits or opened is None else month_ends_ns(opened.at_ns)

    def look(self) -> None:
        """Open the month when its event is missing."""
        now = self._custody.now()
        if self._read or (self._again_ns is not None and now < self._again_ns):
            return
        self._again_ns = None
        opened = self._custody.roster.month
        if opened is not None and opened.month >= month_of(now):
            return
        self._read = dict.fromkeys(self._custody.markets)
        for place, market in enumerate(self._custody.markets.values(), 1):
            scope = Scope(self._custody.account, market.instrument.symbol)
            self._custody.ask(ReadAccount(scope=scope, token=-place))

    def heard(self, report: Report) -> bool:
        """Take a pair's account in; False when the report is not ours."""
        if getattr(report.intent, "token", 0) >= 0:
            return False
        if not isinstance(report, AccountReported):
            if self._read:
                self._silences += 1
                pause_ns = wait_ns(self._silences, self._custody.ids.bits())
                self._again_ns = ExchangeNs(self._custody.now() + pause_ns)
            self._read = {}
            return True
        if not self._read:
            return True
        self._read[str(report.account.scope.symbol)] = report.account
        accounts = [account for account in self._read.values() if account is not None]
        if len(accounts) == len(self._read):
            self._read, self._silences = {}, 0
            self._open(accounts)
        return True

    def _open(self, accounts: list[AccountSnapshot]) -> None:
        """One transaction: the halt of the old month ends, the month opens, positions carry over.

        The capital base is what the account is worth less what carried positions may still lose
        from here: their loss is charged to the month it happens in, and once.
        """
        now, roster = self._custody.now(), self._custody.roster
        for view in roster.live():  # a way out that is decided stands before what comes after it
            if self._custody.pursuit(view.id).trigger is not None:
                self._custody.carry_out(view, NOTHING)
        month, old = month_of(now), roster.standing.halt
        ended = () if old is None else (e.HaltCleared(at_ns=now, reason=f"{month} opened"),)
        carried, downside = self._carried(accounts, month, now)
        with localcontext(MONEY):
            worth = sum((account.equity for account in accounts), Decimal(0))
            base = max(Decimal(0), worth - downside)
        opened = e.MonthOpened(at_ns=now, month=month, capital_base=base)
        roster.commit((*ended, opened, *carried))
        for event in carried:
            # What it had read is older than this now: it may owe a look.
            self._custody.pursuit(event.position)

    def _carried(
        self, accounts: list[AccountSnapshot], month: str, now: ExchangeNs
    ) -> tuple[tuple[e.PositionCarried, ...], Decimal]:
        """What open positions were worth at the boundary, and what they may lose from there."""
        carried: list[e.PositionCarried] = []
        downside = Decimal(0)
        if self._custody.roster.month is None:
            return (), downside
        by_scope = {account.scope: account for account in accounts}
        for view in self._custody.roster.live():
            if view.entry is None or view.scope not in by_scope:
                continue
            basis = marked(view, by_scope[view.scope])
            fee = self._custody.markets[str(view.scope.symbol)].instrument.taker_fee
            gap_bps = self._custody.settings.gap_bps
            downside += latent_of(view, fee=fee, gap_bps=gap_bps, basis=basis)
            carried.append(e.PositionCarried(position=view.id, at_ns=now, month=month, basis=basis))
        return tuple(carried), downside
