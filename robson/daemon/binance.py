"""Binance as the daemon knows it: pairs, time, and the ways by which requests leave.

Time here is the exchange's own, which a venue may let run faster than ours: every wait beside it is
counted in its seconds. What a start needs of the exchange is asked here, once; what comes later is
the feed's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import attrs

from robson.connectors.binance import socket
from robson.connectors.binance.api import Api, Failed
from robson.connectors.binance.clock import WORST_NS, ExchangeClock
from robson.connectors.binance.exchange import BinanceExchange
from robson.connectors.binance.http import CONNECT_S, TOTAL_S, PoolDoor, SessionDoor
from robson.connectors.binance.keys import Key, read_key
from robson.connectors.binance.limits import Limits
from robson.connectors.binance.market import Extremes, at
from robson.connectors.binance.market import Market as Questions
from robson.connectors.binance.stream import CANDLES, TRADES, MarketStream, names
from robson.connectors.binance.user_stream import TokenStream, UserStream
from robson.connectors.binance.venue_speed import speed_of
from robson.daemon.bounded import Bounded
from robson.daemon.checks import Check, Verdict
from robson.daemon.clock import Pace, RandomIds, monotonic_s, wall_ns
from robson.daemon.config import Config
from robson.daemon.custody import Market
from robson.daemon.exits import ExchangeUnreachable
from robson.daemon.messages import Unseen
from robson.daemon.reach import KEY_REFUSED, NO_PAIR
from robson.daemon.ticks import TickBoard
from robson.domain.errors import ConfigError
from robson.domain.instrument import Instrument
from robson.domain.intents import CancelOrder, Intent
from robson.domain.reports import Answer
from robson.domain.values import NS_PER_MS, NS_PER_S, Candle, ExchangeNs, Price
from robson.exec.lanes import Lane, lane_of

REACH_S = 3.0
"""How long a start waits for the exchange."""
RETRY_S = 0.2
SAMPLES = 5
"""Questions for the time at a start."""


@attrs.frozen(kw_only=True)
class Access:
    """Where the exchange is, and who asks."""

    rest_url: str
    stream_url: str
    user_stream_url: str
    symbols: tuple[str, ...]
    key: Key | None


def access_of(config: Config) -> Access:
    """What the configuration says of it.

    Raises:
        ConfigError: the key's file cannot be used.
    """
    file = config["exchange.key_file"]
    return Access(
        rest_url=config["exchange.rest_url"],
        stream_url=config["exchange.stream_url"],
        user_stream_url=config["exchange.user_stream_url"],
        symbols=tuple(config["exchange.symbols"].split(",")),
        key=read_key(Path(file)) if file else None,
    )


def clock_of(pace: Pace) -> ExchangeClock:
    """The exchange's clock before it is asked. How good a sample is, our own seconds say."""
    worst_ns = int(WORST_NS * pace.rate)
    return ExchangeClock(pace.monotonic_ns, wall_ns(), worst_ns=worst_ns)


@attrs.define(kw_only=True, eq=False)
class Pair:
    """One pair as it is followed.

    Attributes:
        number: of the last trade that the board was shown.
        covered: of the last trade whose price is known, shown or asked for.
        said_ns: when the newest price was said.
        forms: the candle that has not closed.
    """

    instrument: Instrument
    board: TickBoard
    candles: list[Candle]
    number: int = -1
    covered: int = -1
    said_ns: int = 0
    last_candle_ns: int = -1
    forms: Candle | None = None

    @property
    def symbol(self) -> str:
        return str(self.instrument.symbol)

    def forming(self, now_ns: int) -> Candle | None:
        """The candle of this instant, where one has begun."""
        forms = self.forms
        return forms if forms is not None and forms.open_ns <= now_ns else None


T = TypeVar("T")


class BinanceTheatre:
    """Everything asked at a start.

    Raises:
        ExchangeUnreachable: it does not answer within ``REACH_S``, or will not serve us.
        ConfigError: a pair cannot be traded there.
    """

    exchange = None
    lowest = None  # it is shown what crosses its bands, and not every price
    warnings: tuple[str, ...] = ()
    bars: tuple[str, ...] = ()
    speed = Decimal(1)
    streams: tuple[str, ...] = (TRADES, CANDLES)
    takes_rules = True
    """Whether a pair may go by other rules than those of the start."""
    ahead: Callable[[CancelOrder], Callable[[], Answer] | None] | None = None
    """Sends a cancel by the warm connection and waits for nothing, once there are ways."""

    def __init__(self, access: Access) -> None:
        self.access = access
        asked = SessionDoor(access.rest_url, monotonic_s)
        self.pace = Pace(self._patient(partial(speed_of, asked)))
        self.clock = clock_of(self.pace)
        self.limits = Limits(lambda: self.clock.exchange_ns() // NS_PER_MS)
        self.scouting = self._api(SessionDoor)
        self.urgent = self._api(PoolDoor)
        self._listening = self._api(SessionDoor)
        self.questions = Questions(self.scouting)
        self._patient(self._read_clock)
        self.played = [self._pair(each) for each in self._patient(self._instruments)]
        self.hears = False
        self._unseen: dict[str, Unseen] = {}

    def _api(self, door: type[SessionDoor | PoolDoor]) -> Api:
        """A way of its own, with the deadlines of the exchange's time."""
        total_s, connect_s = self.pace.ours_s(TOTAL_S), self.pace.ours_s(CONNECT_S)
        made = door(self.access.rest_url, monotonic_s, total_s=total_s, connect_s=connect_s)
        busy = Bounded(made, connect_s + total_s)
        return Api(busy, self.access.key, self.limits, self.clock)

    def _patient(self, ask: Callable[[], T]) -> T:
        """Try until the exchange answers, so that both may be started at once; a no is final."""
        ends_s, never = monotonic_s() + REACH_S, threading.Event()
        while True:
            try:
                return ask()
            except Failed as failed:
                if failed.is_final or monotonic_s() > ends_s:
                    raise ExchangeUnreachable(
                        f"{self.access.rest_url} does not serve this daemon: {failed}"
                        f"{self._about(failed)}"
                    ) from None
            never.wait(RETRY_S)

    def _about(self, failed: Failed) -> str:
        """Which setting a refusal is about."""
        code = getattr(failed.answer, "code", 0)
        if code == NO_PAIR:
            return f" exchange.symbols is {','.join(self.access.symbols)}"
        return " It is about the key of exchange.key_file" if code in KEY_REFUSED else ""

    def _read_clock(self) -> None:
        for _ in range(SAMPLES):
            self.scouting.tell_time()

    def _instruments(self) -> list[Instrument]:
        found = self.questions.instruments(self.access.symbols)
        return found if self.access.key is None else [self._with_tier(each) for each in found]

    def rules(self) -> list[Instrument]:
        """The pairs' rules as they are now, those of their loans aside.

        Raises:
            Failed: the exchange does not say.
        """
        return self.questions.instruments(self.access.symbols)

    def _with_tier(self, instrument: Instrument) -> Instrument:
        tier = self.questions.tier(str(instrument.symbol))
        return attrs.evolve(
            instrument,
            max_leverage=max(1, int(tier.effectiveMultiple)),
            liquidation_ratio=tier.liquidationRiskRatio,
        )

    def _pair(self, instrument: Instrument) -> Pair:
        symbol, now_ms = str(instrument.symbol), self.clock.exchange_ns() // NS_PER_MS
        candles = self._patient(lambda: self.questions.candles(symbol, now_ms=now_ms))
        return Pair(
            instrument=instrument,
            board=TickBoard(),
            candles=candles,
            last_candle_ns=candles[-1].open_ns if candles else -1,
        )

    def checked(self, checks: Sequence[Check]) -> None:
        """Take in what a doctor would say: a bad key keeps entries out, or ends the start.

        Raises:
            ConfigError: nothing could be protected with this key.
        """
        for check in checks:
            if check.stops:
                raise ConfigError(f"exchange.key_file: the key {check.said}; {check.fix}")
        wrong = [each for each in checks if each.answer is not Verdict.PASS]
        self.warnings = tuple(f"{each.name}: {each.said} (robson doctor)" for each in wrong)
        self.bars = tuple(f"the key {each.said}" for each in wrong if each.bars)

    # --- what the daemon asks of it --------------------------------------------------------------

    def resume(self, journal_ns: int) -> int:
        """Show each pair's price as it stands, and find out what was missed since the journal."""
        now_ms = self.clock.exchange_ns() // NS_PER_MS
        for pair in self.played:
            last = self._patient(partial(self.questions.latest, pair.symbol))
            pair.number = pair.covered = last.number
            pair.board.offer(pair.instrument.ticks(last.price), self.clock.exchange_ns(), jump=True)
            if journal_ns:
                since_ms = journal_ns // NS_PER_MS
                ask = partial(self.questions.since, pair.symbol, since_ms=since_ms, now_ms=now_ms)
                missed = self._patient(ask)
                if missed is not None:
                    self._unseen[pair.symbol] = unseen(pair, missed)
        self.hears = True
        return max(0, (self.clock.now_ns - journal_ns) // NS_PER_S) if journal_ns else 0

    def unseen(self) -> dict[str, Unseen]:
        """How far each price went while no daemon lived."""
        return self._unseen

    def markets(self) -> dict[str, Market]:
        """Each pair as the monitor sees it."""
        return {
            pair.symbol: Market(
                instrument=pair.instrument,
                board=pair.board,
                candles=pair.candles,
                forming=pair.forming,
            )
            for pair in self.played
        }

    def ids(self, _epoch: int) -> RandomIds:
        """Ids of exchange time and chance."""
        return RandomIds(self.clock)

    def ways(self) -> dict[Lane, Callable[[Intent], Answer]]:
        """Each lane's own way: the urgent one by the warm connection."""
        apis = {
            Lane.URGENT: self.urgent,
            Lane.NORMAL: self._api(SessionDoor),
            Lane.READER: self._api(SessionDoor),
        }
        served = {lane: BinanceExchange(api, self.clock) for lane, api in apis.items()}
        self.ahead = served[Lane.URGENT].begin
        return {lane: exchange.call for lane, exchange in served.items()}

    def dial(self) -> MarketStream:
        """A new connection to the prices.

        Raises:
            OSError: it cannot be made.
        """
        return MarketStream(
            self.access.stream_url,
            names(self.access.symbols, *self.streams),
            self.pace.monotonic_s,
            within_s=self.pace.ours_s(socket.CONNECT_S),
        )

    def open_account(self, symbol: str) -> UserStream | None:
        """A new connection to what happens on a pair's account; None where none is wanted.

        Raises:
            Failed, OSError: it cannot be made.
        """
        url = self.access.user_stream_url
        return TokenStream(self._listening, url, symbol, self.pace.monotonic_s) if url else None

    def shown(self, pair: Pair, ticks: int, at_ns: ExchangeNs) -> None:
        """A price is about to be left on the board: the exchange has known it before."""

    def quoted(self, pair: Pair, bid: Price, ask: Price) -> None:
        """Best bid and ask, where they are listened to."""

    def describe(self) -> str:
        """Where the prices come from, in words."""
        rate = self.pace.rate
        fast = "" if rate == 1 else f", {rate:f} of its seconds in one of ours"
        return f"{', '.join(self.access.symbols)} at {self.access.rest_url}{fast}"

    def told(self) -> dict[str, Any]:
        """There is no tape; the same document says so."""
        return {
            "description": self.describe(),
            "symbol": self.played[0].symbol,
            "synthetic": False,
            "rows": 0,
            "rows_played": 0,
            "warnings": [],
            "rules": "known",
        }

    def rows_played(self) -> int:
        """None here."""
        return 0

    def faults(self) -> list[str]:
        """None that anybody has asked for."""
        return []

    def faults_told(self) -> list[str]:
        """The same."""
        return []

    def close(self) -> None:
        """Nothing is held: connections end with the process."""
        self.hears = False


def unseen(pair: Pair, missed: Extremes) -> Unseen:
    """Extremes in whole ticks; a price off the grid is met at the tick beyond it."""
    rules = pair.instrument
    return Unseen(
        rules.ticks(rules.price_down(missed.low)),
        rules.ticks(rules.price_up(missed.high)),
        None if missed.since_ms is None else at(missed.since_ms),
    )


def way_of(ways: dict[Lane, Callable[[Intent], Answer]], request: Intent) -> Answer:
    """A request by its lane's own way."""
    return ways[lane_of(request)](request)
