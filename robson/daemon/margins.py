"""Reads the margin level of what is held with a debt, every few seconds, and acts on it.

One part of the monitor, on its thread. What was read is memory; the journal gets a row only when
the level moves into another band. A pair without a debt has no level and is not read again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import attrs

from robson.daemon.custody import Custody
from robson.daemon.governor import Act
from robson.domain.identity import PositionId
from robson.domain.intents import ReadAccount, ReadTrades
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountReported, AccountSnapshot, Report
from robson.domain.standing import Standing
from robson.domain.values import NS_PER_S, ExchangeNs
from robson.domain.view import PositionView
from robson.engine.bands import DANGER, band_of, decide_margin, is_missing
from robson.engine.margin import level_of

TOKENS_FROM = 1_000_000
"""Below minus this a token is a question of ours; the calendar's lie above."""
BLIND_NS = 60 * NS_PER_S
"""A level that could not be read for so long is not known."""


@attrs.define
class Reading:
    """One held position's level as last read.

    Attributes:
        due_ns: when it is read next; None for never, because nothing is owed.
        asked: token of the question under way; 0 without one.
    """

    due_ns: ExchangeNs | None
    account: AccountSnapshot | None = None
    asked: int = 0


class Margins:
    """The levels of one account. ``freeze`` keeps a scope from entries until a person decides."""

    def __init__(self, custody: Custody, act: Act, freeze: Callable[[str, str], None]) -> None:
        self._custody = custody
        self._act = act
        self._freeze = freeze
        self._tokens = itertools.count(TOKENS_FROM)
        self._seen: Standing | None = None
        self.readings: dict[PositionId, Reading] = {}

    def next_due_ns(self) -> ExchangeNs | None:
        """When the next level has to be read."""
        waiting = (each.due_ns for each in self.readings.values() if not each.asked)
        return min((due for due in waiting if due is not None), default=None)

    def known(self, view: PositionView) -> tuple[AccountSnapshot | None, str]:
        """The account as last read and the band; any thread may ask."""
        reading = self.readings.get(view.id)
        if reading is None or reading.account is None:
            return view.account, view.margin_band
        late_ns = self._custody.now() - reading.account.at_ns
        blind = reading.due_ns is not None and late_ns > BLIND_NS
        return reading.account, "unknown" if blind else view.margin_band

    def look(self) -> None:
        """Read what is due; a fill is what puts a position on the list."""
        now, roster = self._custody.now(), self._custody.roster
        if roster.standing is not self._seen:
            self._seen = roster.standing
            for view in roster.live():
                if view.state is PositionState.ACTIVE and view.id not in self.readings:
                    self.readings[view.id] = Reading(self._later(now))
            self._forget()
        for position, reading in list(self.readings.items()):
            due_ns = reading.due_ns
            if not reading.asked and due_ns is not None and now >= due_ns:
                self._ask(position, reading)

    def _forget(self) -> None:
        """A position that is over is read no more."""
        for position in list(self.readings):
            if not self._custody.roster.view(position).is_live:
                del self.readings[position]

    def _later(self, now: ExchangeNs) -> ExchangeNs:
        return ExchangeNs(now + self._custody.settings.margin_poll_s * NS_PER_S)

    def _ask(self, position: PositionId, reading: Reading) -> None:
        view = self._custody.roster.view(position)
        if view.state is not PositionState.ACTIVE:
            del self.readings[position]
            return
        reading.asked = next(self._tokens)
        self._custody.ask(ReadAccount(scope=view.scope, token=-reading.asked))

    def heard(self, report: Report) -> bool:
        """Take a reading in; False when the report is not ours. No answer is asked for again."""
        token = -getattr(report.intent, "token", 0)
        if token < TOKENS_FROM:
            return False
        for position, reading in list(self.readings.items()):
            if reading.asked == token:
                reading.asked = 0
                reading.due_ns = self._later(self._custody.now())
                if isinstance(report, AccountReported):
                    reading.account = report.account
                    self._read(self._custody.roster.view(position), report.account)
        return True

    def _read(self, view: PositionView, account: AccountSnapshot) -> None:
        pursuit = self._custody.pursuit(view.id)
        if view.state is not PositionState.ACTIVE or pursuit.trigger is not None:
            return
        symbol = str(view.scope.symbol)
        ctx = self._custody.context(symbol, pursuit)
        if is_missing(view, account, ctx):
            since = view.entry.fills[0].at_ns if view.entry else view.created_ns
            trades = ReadTrades(scope=view.scope, position=view.id, since_ns=since)
            self._custody.send(pursuit, trades)
            return
        level = level_of(account)
        if level is None:
            # An entry that is over borrows no more.
            self.readings[view.id].due_ns = None
        self._act(view, decide_margin(view, account, ctx))
        if band_of(level) == DANGER:
            self._freeze("account", f"the margin level of {symbol} is {level}")
