"""The feed's thread on Binance: prices in, timers rung, and an eye on whether prices still come.

It waits for nothing but the next frame, and for that never long. A connection that says nothing is
not believed: after five seconds a second one is made and prices are asked for; after fifteen nobody
hears. What was missed meanwhile is asked for by number, and candles are joined without a hole.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import attrs

from robson.connectors.binance.market import Extremes
from robson.connectors.binance.socket import StreamBroken
from robson.connectors.binance.stream import (
    Closing,
    Heard,
    MarketStream,
    Quoted,
    Stands,
    Traded,
)
from robson.daemon import logs
from robson.daemon.accounts import Accounts
from robson.daemon.bell import Bell
from robson.daemon.binance import BinanceTheatre, Pair, unseen, way_of
from robson.daemon.clock import give_way, monotonic_s, new_secret
from robson.daemon.inbox import Inbox
from robson.daemon.messages import Missed, Wake
from robson.daemon.rulebook import FILTER_REFUSES, RuleBook
from robson.daemon.scout import Scout
from robson.daemon.worker import Fatal
from robson.domain.errors import InvalidValue
from robson.domain.instrument import Instrument
from robson.domain.intents import CancelOrder, Intent
from robson.domain.reports import Answer, ApiError, CandleClosed
from robson.domain.values import CANDLE_NS, NS_PER_MS, NS_PER_S, Candle, ExchangeNs, Price

LOOK_S = 0.02
"""Longest wait for a frame, in our own seconds: a timer may have become due meanwhile."""
SILENCE_S, DEAD_S = 5.0, 15.0
POLL_S, CLOCK_S, WARM_S = 1.0, 30.0, 15.0
ROLL_OVER_S = 23.5 * 3600
"""The exchange ends every connection after a day."""
LEAST_WAIT_S, MOST_WAIT_S = 0.25, 15.0
"""Between two tries: after an outage prices are back within half a minute."""


class Listening:
    """The feed, and the lanes' ways to the exchange.

    Args:
        timer_due_ns: when the monitor wants to be called; asked on its own thread.
        unfinished: whether anything is sent and not known, or held and not covered.
    """

    ended = False

    def __init__(
        self,
        theatre: BinanceTheatre,
        inbox: Inbox,
        timer_due_ns: Callable[[int | None], ExchangeNs | None],
        unfinished: Callable[[], bool],
        fatal: Fatal,
    ) -> None:
        self._theatre = theatre
        self._inbox = inbox
        self._clock = theatre.clock
        self._bell = Bell(theatre.clock, inbox, timer_due_ns, unfinished)
        self._now_s = theatre.pace.monotonic_s
        self._ways = theatre.ways()
        self._pairs = {pair.symbol: pair for pair in theatre.played}
        self._scout = Scout("scout", fatal, _warn)
        self._dialler = Scout("dialler", fatal, _warn)  # dials while the other one waits
        self._accounts = Accounts(
            [*self._pairs], theatre.open_account, inbox, fatal, now_s=self._now_s
        )
        rules = {pair.symbol: pair.instrument for pair in theatre.played}
        self._rules = RuleBook(rules, self._now_s())
        self._streams: list[MarketStream] = []
        self._leaving = False
        self._fails = self._poll_fails = 0
        self._last_s = self._now_s()
        self._dial_s = self._poll_s = self._time_s = self._warm_s = 0.0
        self.beat_s = monotonic_s()

    def call(self, request: Intent) -> Answer:
        """Send by the lane's own way and wait for the answer."""
        answer = way_of(self._ways, request)
        if isinstance(answer, ApiError) and answer.code == FILTER_REFUSES:
            self._rules.doubt()
        return answer

    def begin(self, request: CancelOrder) -> Callable[[], Answer] | None:
        """Send a cancel by the warm connection, on the feed's thread, and wait for nothing."""
        return self._theatre.ahead(request) if self._theatre.ahead is not None else None

    def stepped(self) -> None:
        """On the monitor's thread, after each step: when it wants to be called next."""
        self._bell.stepped()

    def run(self) -> None:
        """Take prices in until stopped."""
        for scout in (self._scout, self._dialler):
            scout.worker.start()
        self._accounts.start()
        try:
            while self._bell.looks_on():
                self.beat_s = monotonic_s()
                self._bell.ring()
                self._scout.hand_out()
                self._dialler.hand_out()
                self._watch(self._now_s())
                self._listen()
        finally:
            self._accounts.stop()
            self._scout.close()
            self._dialler.close()
            self._hang_up(self._streams)

    def stop(self) -> None:
        """Look no more than what is under way needs."""
        self._bell.stop()

    # --- are there prices ------------------------------------------------------------------------

    def _watch(self, now_s: float) -> None:
        """Everything that is done by the clock and not by a frame."""
        silent_s = now_s - self._last_s
        self._hear(silent_s < DEAD_S)
        if now_s >= self._dial_s and self._wants_another(now_s):
            self._dial_s = now_s + self._pause_s(self._fails)
            self._dialler.send("connection for prices", self._theatre.dial, self._dialled)
        if silent_s > SILENCE_S and now_s >= self._poll_s:
            self._poll_s = now_s + max(POLL_S, self._pause_s(self._poll_fails))
            for symbol in self._pairs:
                ask = partial(self._theatre.questions.price, symbol)
                self._scout.send(f"price of {symbol}", ask, partial(self._polled, symbol))
        if now_s >= self._time_s:
            self._time_s = now_s + CLOCK_S
            self._scout.send("time", self._theatre.scouting.tell_time, _nothing)
        if now_s >= self._warm_s:
            self._warm_s = now_s + WARM_S
            self._scout.send("warm", self._theatre.urgent.tell_time, _nothing)
        if self._rules.due(now_s):
            self._scout.send("rules", self._theatre.rules, self._ruled)

    def _ruled(self, found: list[Instrument] | None) -> None:
        for changed in self._rules.changed(found or ()):
            taken = changed if self._theatre.takes_rules else attrs.evolve(changed, now=None)
            self._inbox.put(taken)

    def _hear(self, hears: bool) -> None:  # noqa: FBT001
        if hears is not self._theatre.hears:
            self._theatre.hears = hears
            said = "are heard again" if hears else f"have not come for {DEAD_S:g} s"
            logs.note(f"the exchange's prices {said}", "info" if hears else "error")

    def _wants_another(self, now_s: float) -> bool:
        """Whether a connection is needed beside those that there are."""
        if not self._streams:
            return True
        newest = self._streams[-1]
        heard_s = newest.heard_s or newest.made_s
        return self._leaving or now_s - heard_s > SILENCE_S or now_s - newest.made_s > ROLL_OVER_S

    def _pause_s(self, fails: int) -> float:
        """Until the next try: twice as long after each that failed, and never on the dot."""
        usual_s: float = min(MOST_WAIT_S, LEAST_WAIT_S * 2 ** min(fails, 10))
        return max(LEAST_WAIT_S, usual_s * (0.5 + int(new_secret(2), 16) / 65_536))

    def _dialled(self, stream: MarketStream | None) -> None:
        if stream is None:
            self._fails += 1
            return
        self._fails, self._leaving = 0, False
        # One that is silent may wake up again: it goes when the new one has spoken.
        self._hang_up(self._streams[:-1])
        self._streams = [*self._streams[-1:], stream]
        self._dial_s = self._now_s() + SILENCE_S

    def _hang_up(self, streams: list[MarketStream]) -> None:
        for stream in streams:
            stream.close()

    # --- prices ----------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Wait for the next frame of any connection, and take in what is there."""
        if not self._streams:
            threading.Event().wait(LOOK_S)
        for stream in list(self._streams):
            if stream not in self._streams:
                continue  # the one before has spoken, and it was let go
            first = stream.heard_s is None
            try:
                heard = stream.receive(LOOK_S / len(self._streams))
            except StreamBroken as error:
                logs.note(f"the exchange's prices have broken off: {error}", "warning")
                self._hang_up([stream])
                self._streams.remove(stream)
                continue
            if heard is None:
                continue
            if first:
                self._joined(stream)
            self._take(heard)

    def _joined(self, stream: MarketStream) -> None:
        """A new connection speaks: the older ones go, and what lies between is asked for."""
        older = [each for each in self._streams if each is not stream]
        self._streams = [stream]
        self._hang_up(older)
        for pair in self._pairs.values():
            self._ask_gap(pair)
            self._ask_candles(pair)

    def _take(self, heard: Heard) -> None:
        if isinstance(heard, Closing):
            self._leaving, self._dial_s = True, 0.0
            return
        pair = self._pairs.get(heard.symbol)
        match heard:
            case _ if pair is None:
                pass  # nobody has asked for it
            case Traded():
                self._traded(pair, heard)
            case Stands():
                self._stands(pair, heard)
            case Quoted():
                self._theatre.quoted(pair, heard.bid, heard.ask)

    def _traded(self, pair: Pair, heard: Traded) -> None:
        if heard.number <= pair.number:
            return  # told by the other connection already
        if heard.number > pair.covered + 1 and pair.covered >= 0:
            self._ask_gap(pair)
        pair.number = heard.number
        pair.covered = max(pair.covered, heard.number)
        self._show(pair, heard.price, heard.at_ns, heard.said_ns)

    def _stands(self, pair: Pair, heard: Stands) -> None:
        """A candle as it stands: its close is the price, where no trade has been said later."""
        if heard.at_ns > pair.said_ns:
            self._show(pair, heard.candle.close, heard.at_ns, heard.at_ns)
        if not heard.closed:
            pair.forms = heard.candle
        elif heard.candle.open_ns == pair.last_candle_ns + CANDLE_NS:
            self._closed(pair, [heard.candle])
        elif heard.candle.open_ns > pair.last_candle_ns:
            self._ask_candles(pair)

    def _show(self, pair: Pair, price: Price, at_ns: ExchangeNs, said_ns: int) -> None:
        """Leave a price on the board. What was said long ago is judged, and is no sign of life."""
        try:
            ticks = pair.instrument.ticks(price)
        except InvalidValue:
            # Its rules have changed: judged at the nearest tick until a restart reads them.
            ticks = pair.instrument.ticks(pair.instrument.price_down(price))
        self._theatre.shown(pair, ticks, at_ns)
        if pair.board.offer(ticks, at_ns, jump=True):
            self._inbox.put(Wake(pair.symbol))
            give_way()
        pair.said_ns = max(pair.said_ns, said_ns)
        if self._clock.now_ns - said_ns < SILENCE_S * NS_PER_S:
            self._last_s = self._now_s()

    def _polled(self, symbol: str, price: Price | None) -> None:
        self._poll_fails = 0 if price is not None else self._poll_fails + 1
        if price is not None and self._now_s() - self._last_s > SILENCE_S / 2:
            now_ns = self._clock.exchange_ns()
            self._show(self._pairs[symbol], price, now_ns, now_ns)

    # --- what was missed -------------------------------------------------------------------------

    def _ask_gap(self, pair: Pair) -> None:
        ask = partial(self._theatre.questions.gap, pair.symbol, from_id=pair.covered + 1)
        self._scout.send(f"missed trades of {pair.symbol}", ask, partial(self._missed, pair))

    def _missed(self, pair: Pair, found: Extremes | None) -> None:
        if found is None:
            return
        pair.covered = max(pair.covered, found.last_id or 0)
        self._inbox.put(Missed({pair.symbol: unseen(pair, found)}))
        self._inbox.put(Wake(pair.symbol))

    def _ask_candles(self, pair: Pair) -> None:
        since_ms = (pair.last_candle_ns + CANDLE_NS) // NS_PER_MS
        now_ms = self._clock.exchange_ns() // NS_PER_MS
        ask = partial(
            self._theatre.questions.candles, pair.symbol, now_ms=now_ms, since_ms=since_ms
        )
        self._scout.send(f"candles of {pair.symbol}", ask, partial(self._candles, pair))

    def _candles(self, pair: Pair, found: list[Candle] | None) -> None:
        """Only what follows on: a hole stays one until it can be filled."""
        self._closed(pair, [each for each in found or () if each.open_ns > pair.last_candle_ns])

    def _closed(self, pair: Pair, candles: list[Candle]) -> None:
        for candle in candles:
            pair.last_candle_ns = candle.open_ns
            self._inbox.put(CandleClosed(symbol=pair.symbol, candle=candle))


def _warn(what: str) -> None:
    logs.note(what, "warning")


def _nothing(_found: object) -> None:
    """What it was good for has happened."""
