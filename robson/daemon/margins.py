"""Reads the margin level of what is held with a debt, every few seconds, and acts on it.

One part of the monitor, on its thread. What was read is memory; the journal gets a row only when
the level moves into another band. A pair without a debt has no level and is not read again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from heapq import heappop, heappush

import attrs

from robson.daemon.backoff import wait_ns
from robson.daemon.custody import Custody
from robson.daemon.governor import Act
from robson.domain.identity import PositionId
from robson.domain.intents import ReadAccount, ReadTrades
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountReported, AccountSnapshot, Report
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
        silences: questions in a row that nobody answered.
    """

    due_ns: ExchangeNs | None
    account: AccountSnapshot | None = None
    asked: int = 0
    silences: int = 0


class Margins:
    """The levels of one account. ``freeze`` keeps a scope from entries until a person decides."""

    def __init__(self, custody: Custody, act: Act, freeze: Callable[[str, str], None]) -> None:
        self._custody = custody
        self._act = act
        self._freeze = freeze
        self._tokens = itertools.count(TOKENS_FROM)
        self._asked: dict[int, PositionId] = {}
        self._dues: list[tuple[ExchangeNs, PositionId]] = []
        self.readings: dict[PositionId, Reading] = {}

    def next_due_ns(self) -> ExchangeNs | None:
        """When the next level has to be read."""
        while self._dues and not self._is_due(*self._dues[0]):
            heappop(self._dues)
        return self._dues[0][0] if self._dues else None

    def _is_due(self, due_ns: ExchangeNs, position: PositionId) -> bool:
        """Whether a place in the queue is not left from an earlier time."""
        reading = self.readings.get(position)
        return reading is not None and not reading.asked and reading.due_ns == due_ns

    def known(self, view: PositionView) -> tuple[AccountSnapshot | None, str]:
        """The account as last read and the band; any thread may ask."""
        reading = self.readings.get(view.id)
        if reading is None or reading.account is None:
            return view.account, view.margin_band
        late_ns = self._custody.now() - reading.account.at_ns
        blind = reading.due_ns is not None and late_ns > BLIND_NS
        return reading.account, "unknown" if blind else view.margin_band

    def see(self, view: PositionView) -> None:
        """Take in what has become of a position: a fill puts it on the list, its end takes it off.

        Said for each position that changed, so that what did not change costs nothing.
        """
        if not view.is_live:
            self.readings.pop(view.id, None)
        elif view.state is PositionState.ACTIVE and view.id not in self.readings:
            self.readings[view.id] = Reading(None)
            self._plan(view.id)

    def look(self) -> None:
        """Read what is due."""
        now = self._custody.now()
        while (due_ns := self.next_due_ns()) is not None and due_ns <= now:
            _, position = heappop(self._dues)
            self._ask(position, self.readings[position])

    def _plan(self, position: PositionId) -> None:
        """Read it again after the usual time; while nobody answers, after growing pauses."""
        reading, now = self.readings[position], self._custody.now()
        due_ns = self._later(now)
        if reading.silences:
            due_ns = ExchangeNs(now + wait_ns(reading.silences, self._custody.ids.bits()))
        reading.due_ns = due_ns
        heappush(self._dues, (due_ns, position))

    def _later(self, now: ExchangeNs) -> ExchangeNs:
        return ExchangeNs(now + self._custody.settings.margin_poll_s * NS_PER_S)

    def _ask(self, position: PositionId, reading: Reading) -> None:
        view = self._custody.roster.view(position)
        if view.state is not PositionState.ACTIVE:
            del self.readings[position]
            return
        reading.asked = next(self._tokens)
        self._asked[reading.asked] = position
        self._custody.ask(ReadAccount(scope=view.scope, token=-reading.asked))

    def heard(self, report: Report) -> bool:
        """Take a reading in; False when the report is not ours. No answer is asked for again."""
        token = -getattr(report.intent, "token", 0)
        if token < TOKENS_FROM:
            return False
        position = self._asked.pop(token, None)
        reading = self.readings.get(position) if position is not None else None
        if position is not None and reading is not None and reading.asked == token:
            reading.asked = 0
            reading.silences = 0 if isinstance(report, AccountReported) else reading.silences + 1
            self._plan(position)
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
