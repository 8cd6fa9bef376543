"""Lowers the month's capital base when money has left the account; it never rises within a month.

One part of the monitor, on its thread; without a timer, for each pair is read once a minute. Only
transfers, each with its number, say that money has left: what an account shows makes Robson ask for
them and nothing more, so that no loss of a trade, which the month counts already, and no profit
under way is taken for one. While a position enters, leaves, or waits for its result, nothing is
asked and the base stays.
"""

from __future__ import annotations

import itertools
from decimal import Decimal, localcontext

from robson.daemon.backoff import wait_ns
from robson.daemon.custody import Custody
from robson.domain import events as e
from robson.domain.identity import Scope
from robson.domain.intents import ReadTransfers
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountReported, AccountSnapshot, Report, TransfersReported
from robson.domain.values import MONEY, NS_PER_S, ExchangeNs, plain
from robson.engine.budget import Moved, lowered

TOKENS_FROM = 1_000_000_000_000
"""Below minus this a token is a question of ours."""
LATER_NS = 30 * NS_PER_S
"""After a change so long is waited: right after a fill there is something better to ask."""
_STEADY = frozenset({PositionState.ARMED, PositionState.ACTIVE})


class Capital:
    """What moved in and out of the account since the month opened."""

    def __init__(self, custody: Custody) -> None:
        self._custody = custody
        self._tokens = itertools.count(TOKENS_FROM)
        self._accounts: dict[str, AccountSnapshot] = {}
        self._worth: dict[str, Decimal] = {}
        self._asked: dict[int, TransfersReported | None] = {}
        self._silences = 0
        self._due_ns: ExchangeNs | None = None

    def saw(self, report: Report) -> None:
        """An account was read: what it owns has changed, so somebody may have moved money."""
        if not isinstance(report, AccountReported):
            return
        account, symbol = report.account, str(report.account.scope.symbol)
        was = self._accounts.get(symbol)
        if was is not None and was.at_ns >= account.at_ns:
            return
        self._accounts[symbol] = account
        changed = was is None or (was.base.net, was.quote.net) != (
            account.base.net,
            account.quote.net,
        )
        if changed and self._due_ns is None:
            self._due_ns = ExchangeNs(self._custody.now() + LATER_NS)

    def look(self) -> None:
        """Ask for every pair's transfers, when something changed and nothing is under way."""
        due_ns, month = self._due_ns, self._custody.roster.month
        if due_ns is None or self._asked or month is None or self._custody.now() < due_ns:
            return
        if any(view.state not in _STEADY for view in self._custody.roster.live()):
            return
        if self._accounts.keys() != self._custody.markets.keys():
            return  # a base that moved in a pair that nobody has read is worth nobody knows what
        self._due_ns = None
        for market in self._custody.markets.values():
            token = next(self._tokens)
            self._asked[token] = None
            scope = Scope(self._custody.account, market.instrument.symbol)
            self._custody.ask(ReadTransfers(scope=scope, since_ns=month.at_ns, token=-token))

    def heard(self, report: Report) -> bool:
        """Take a list of transfers in; False when the report is not ours."""
        token = -getattr(report.intent, "token", 0)
        if token < TOKENS_FROM:
            return False
        if token not in self._asked:
            return True
        if not isinstance(report, TransfersReported):
            self._silences += 1
            pause_ns = wait_ns(self._silences, self._custody.ids.bits())
            self._due_ns = ExchangeNs(self._custody.now() + pause_ns)
            self._asked.clear()
            return True
        self._asked[token] = report
        told = [each for each in self._asked.values() if each is not None]
        if len(told) == len(self._asked):
            self._asked.clear()
            self._silences = 0
            self._weigh(told)
        return True

    def _weigh(self, told: list[TransfersReported]) -> None:
        month, standing = self._custody.roster.month, self._custody.roster.standing
        if month is None or any(v.state not in _STEADY for v in self._custody.roster.live()):
            self._due_ns = self._custody.now()
            return
        moves = sorted(
            (move for each in told for move in self._moves(each) if move.at_ns > month.at_ns),
            key=lambda move: move.at_ns,
        )
        base = lowered(month.capital_base, moves)
        if base >= standing.capital_base:
            return
        self._custody.roster.commit(
            (
                e.CapitalRecalibrated(
                    at_ns=self._custody.now(),
                    month=month.month,
                    was=standing.capital_base,
                    capital_base=base,
                    moves=tuple((move.name, plain(move.worth)) for move in moves),
                ),
            )
        )

    def _moves(self, told: TransfersReported) -> list[Moved]:
        """Each transfer with its worth in quote, which stays what it was when it was first seen."""
        symbol = str(told.intent.scope.symbol)
        account = self._accounts[symbol]
        last = self._custody.roster.standing.recalibrated
        written = {} if last is None else dict(last.moves)
        found = []
        for each in told.transfers:
            name = f"{symbol}:{each.transfer_id}"
            if name in written:
                self._worth[name] = Decimal(written[name])
            elif name not in self._worth:
                with localcontext(MONEY):
                    price = account.index_price if each.asset == account.base.asset else Decimal(1)
                    self._worth[name] = each.amount * price
            found.append(Moved(name=name, at_ns=each.at_ns, worth=self._worth[name]))
        return found
