"""The simulated exchange next door: the same daemon, with the market in another process.

Time here is real: the exchange's clock is followed and not moved. Prices come as they are told, the
lanes wait at sockets, and what breaks is answered like any broken wire.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from robson.connectors.simulated.client import Caller, Welcome, greet
from robson.connectors.simulated.frames import BadFrame, read
from robson.connectors.simulated.line import Line
from robson.daemon import logs
from robson.daemon.bell import Bell
from robson.daemon.clock import RandomIds, monotonic_s
from robson.daemon.custody import Market
from robson.daemon.exits import ExchangeUnreachable
from robson.daemon.inbox import Inbox
from robson.daemon.messages import Missed, Unseen, Wake
from robson.daemon.ticks import TickBoard
from robson.domain.instrument import Instrument
from robson.domain.intents import CancelOrder, Intent
from robson.domain.reports import Answer, CandleClosed
from robson.domain.values import NS_PER_S, Candle, ExchangeNs, MonotonicNs
from robson.exec.lanes import Lane, lane_of

REACH_S = 3.0
"""How long a start waits for the exchange."""
RETRY_S = 0.1
LOOK_S = 0.02
"""Longest wait for a frame: a timer may have become due meanwhile."""

T = TypeVar("T")


class FollowedClock:
    """The exchange's time between two of its own stamps; it never runs back."""

    def __init__(self, now_ns: int, speed: float) -> None:
        self._speed = speed
        self._anchor = self._said = (monotonic_s(), now_ns)
        self._latest_ns = now_ns

    def heard(self, now_ns: int) -> None:
        """The exchange has said what time it is."""
        self._said = (monotonic_s(), now_ns)
        if now_ns > self.now_ns:
            self._anchor = (monotonic_s(), now_ns)

    @property
    def now_ns(self) -> int:
        """The best estimate."""
        self._latest_ns = max(self._latest_ns, self._since(*self._anchor))
        return self._latest_ns

    def _since(self, began_s: float, began_ns: int) -> int:
        return began_ns + int((monotonic_s() - began_s) * self._speed * NS_PER_S)

    def exchange_ns(self) -> ExchangeNs:
        """The exchange's time."""
        return ExchangeNs(self.now_ns)

    def signing_ns(self) -> ExchangeNs:
        """What the exchange's clock shows by its last word, also where it was set back."""
        return ExchangeNs(self._since(*self._said))

    def monotonic_ns(self) -> MonotonicNs:
        """The same: deadlines are the exchange's too."""
        return MonotonicNs(self.now_ns)


@attrs.frozen(kw_only=True)
class Pair:
    """One pair of the exchange next door."""

    instrument: Instrument
    board: TickBoard
    candles: list[Candle]


class RemoteTheatre:
    """What the daemon knows of the exchange: pairs, time, and what it missed.

    Raises:
        ExchangeUnreachable: nobody answers at the path within ``REACH_S``.
    """

    exchange = None
    lowest = None  # it is shown what crosses its bands, and not every price
    warnings: tuple[str, ...] = ()
    bars: tuple[str, ...] = ()

    def __init__(self, path: str) -> None:
        self.path = path
        welcome = self._patient(self._introduced)
        self.clock = FollowedClock(welcome.now_ns, float(welcome.speed))
        self.speed = welcome.speed
        self._described = welcome.described
        self.played = [
            Pair(instrument=told.instrument, board=TickBoard(), candles=list(told.candles))
            for told in welcome.pairs
        ]
        self.line: Line | None = None
        self._unseen: dict[str, Unseen] = {}

    def _introduced(self) -> Welcome:
        line = Line(self.path, monotonic_s)
        try:
            return greet(line, watches=False)
        finally:
            line.close()

    def _patient(self, reach: Callable[[], T]) -> T:
        """Try until the exchange is there, so that both may be started at once."""
        ends_s, never = monotonic_s() + REACH_S, threading.Event()
        while True:
            try:
                return reach()
            except BadFrame as error:
                raise ExchangeUnreachable(f"{self.path} refuses this daemon: {error}") from error
            except OSError as error:
                if monotonic_s() > ends_s:
                    raise ExchangeUnreachable(
                        f"no exchange answers at {self.path}: {error};"
                        f" start one with robson-sim exchange --listen unix:{self.path}"
                    ) from error
            never.wait(RETRY_S)

    def resume(self, journal_ns: int) -> int:
        """Begin to watch; what was missed since the journal's last row is in ``unseen``."""
        self._unseen = self._patient(lambda: self.watch(journal_ns))
        return max(0, (self.clock.now_ns - journal_ns) // NS_PER_S) if journal_ns else 0

    def watch(self, since_ns: int | None) -> dict[str, Unseen]:
        """Connect and be told prices from here on; what was missed since an instant.

        Raises:
            OSError, BadFrame: it cannot be done now.
        """
        line = Line(self.path, monotonic_s)
        try:
            welcome = greet(line, watches=True, since_ns=since_ns)
        except (OSError, BadFrame):
            line.close()
            raise
        self.line = line
        self.clock.heard(welcome.now_ns)
        missed = {}
        for pair, told in zip(self.played, welcome.pairs, strict=True):
            known = pair.candles[-1].open_ns if pair.candles else -1
            pair.candles.extend(candle for candle in told.candles if candle.open_ns > known)
            if told.ticks is not None:
                pair.board.offer(told.ticks, self.clock.exchange_ns(), jump=True)
            if told.missed is not None:
                missed[str(pair.instrument.symbol)] = Unseen(*told.missed)
        return missed

    def unseen(self) -> dict[str, Unseen]:
        """How far each price went while no daemon lived."""
        return self._unseen

    def markets(self) -> dict[str, Market]:
        """Each pair as the monitor sees it."""
        return {
            str(pair.instrument.symbol): Market(
                instrument=pair.instrument, board=pair.board, candles=pair.candles
            )
            for pair in self.played
        }

    def ids(self, _epoch: int) -> RandomIds:
        """Ids of exchange time and chance."""
        return RandomIds(self.clock)

    @property
    def hears(self) -> bool:
        """Whether prices come in now; false while a broken line is made again."""
        return self.line is not None

    def describe(self) -> str:
        """Where the prices come from, in words."""
        return f"{self._described}, at an exchange of its own ({self.path})"

    def told(self) -> dict[str, Any]:
        """The tape as a document; which rows were played is the other process's to say."""
        first = self.played[0]
        return {
            "description": self.describe(),
            "symbol": str(first.instrument.symbol),
            "synthetic": True,
            "rows": 0,
            "rows_played": 0,
            "warnings": [],
            "rules": "derived" if first.instrument.derived else "known",
        }

    def rows_played(self) -> int:
        """None here."""
        return 0

    def faults(self) -> list[str]:
        """The other process says what went wrong there."""
        return []

    def faults_told(self) -> list[str]:
        """The same."""
        return []

    def close(self) -> None:
        """Hang up."""
        if self.line is not None:
            self.line.close()
            self.line = None


class RemoteStage:
    """The feed's thread, and the lanes' way to the exchange.

    Args:
        timer_due_ns: when the monitor wants to be called; asked on its own thread.
        unfinished: whether anything is sent and not known, or held and not covered.
    """

    ended = False

    def __init__(
        self,
        theatre: RemoteTheatre,
        inbox: Inbox,
        timer_due_ns: Callable[[int | None], ExchangeNs | None],
        unfinished: Callable[[], bool],
    ) -> None:
        self._theatre = theatre
        self._inbox = inbox
        self._clock = theatre.clock
        self._bell = Bell(theatre.clock, inbox, timer_due_ns, unfinished)
        self._boards = {str(pair.instrument.symbol): pair.board for pair in theatre.played}
        self._callers = {lane: self._caller() for lane in Lane}
        self._seen_ns = theatre.clock.now_ns
        self.beat_s = monotonic_s()

    def _caller(self) -> Caller:
        return Caller(
            self._theatre.path,
            speed=self._theatre.speed,
            monotonic_s=monotonic_s,
            heard=self._clock.heard,
        )

    def call(self, request: Intent) -> Answer:
        """Send on the lane's own connection and wait for the answer."""
        return self._callers[lane_of(request)].call(request)

    def begin(self, _request: CancelOrder) -> None:
        """Nothing leaves here but by a lane."""

    def stepped(self) -> None:
        """On the monitor's thread, after each step: when it wants to be called next."""
        self._bell.stepped()

    def run(self) -> None:
        """Take prices in until stopped; a broken line is made again."""
        while self._bell.looks_on():
            self.beat_s = monotonic_s()
            self._bell.ring()
            if self._theatre.line is None and not self._reach():
                threading.Event().wait(RETRY_S)
                continue
            assert self._theatre.line is not None
            try:
                items = self._theatre.line.receive(within_s=LOOK_S)
                if items is not None:
                    self._take(items)
            except (OSError, BadFrame) as error:
                logs.note(f"the exchange's prices have broken off: {error}", "warning")
                self._theatre.close()

    def stop(self) -> None:
        """Look no more than what is under way needs."""
        self._bell.stop()

    def _reach(self) -> bool:
        try:
            missed = self._theatre.watch(self._seen_ns)
        except (OSError, BadFrame):
            return False
        logs.note("the exchange's prices are heard again")
        if missed:
            since = ExchangeNs(self._seen_ns)
            self._inbox.put(
                Missed({name: attrs.evolve(told, since_ns=since) for name, told in missed.items()})
            )
        for symbol in self._boards:
            self._inbox.put(Wake(symbol))
        return True

    def _take(self, items: list[Any]) -> None:
        match items:
            case ["price", str(symbol), int(ticks), int(at_ns)]:
                self._clock.heard(at_ns)
                self._seen_ns = at_ns
                if self._boards[symbol].offer(ticks, ExchangeNs(at_ns), jump=True):
                    self._inbox.put(Wake(symbol))
            case ["candle", str(symbol), raw]:
                self._inbox.put(CandleClosed(symbol=symbol, candle=read(raw, Candle)))
            case _:
                raise BadFrame(f"{items[0]!r} is no price")
