"""Puts the simulated profile together: tapes, exchange, virtual clock, market thread.

The exchange's own books are the only thing here that survives; nothing else reads or writes them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from random import Random

import attrs

from robson.connectors.simulated.books import SqliteBooks
from robson.connectors.simulated.clock import VirtualClock
from robson.connectors.simulated.driver import Driver
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.generator import generate, generate_history
from robson.connectors.simulated.player import Player
from robson.connectors.simulated.rules import rules_for
from robson.connectors.simulated.tape import Tape
from robson.connectors.simulated.tape_reader import read_tape
from robson.daemon.monitor import Unseen
from robson.daemon.stage import HeldWire, TapeClockFile
from robson.daemon.ticks import TickBoard
from robson.domain.errors import ConfigError, TapeError
from robson.domain.identity import AccountId, Scope
from robson.domain.instrument import Instrument
from robson.domain.reports import CandleClosed
from robson.domain.values import NS_PER_MS, NS_PER_S, Candle, ExchangeNs, Side
from robson.domain.view import PositionView

LATENCY_NS = 20 * NS_PER_MS
"""Each half of a simulated request's way."""


@attrs.frozen(kw_only=True)
class SimOptions:
    """What ``robsond run --profile sim`` was asked for.

    Attributes:
        tapes, histories: ``[SYMBOL=]PATH``; none generates them from the seed.
        speed: tape seconds a second; None for as fast as the work allows.
        hold: the tape waits for the first position.
        dead_for_s: tape seconds the market goes on before a restarted daemon sees it.
    """

    tapes: tuple[str, ...] = ()
    histories: tuple[str, ...] = ()
    symbol: str | None = None
    from_time: str | None = None
    seed: int = 1
    speed: Decimal | None = Decimal(60)
    balance: Decimal = Decimal(10_000)
    exchange_info: Path | None = None
    dead_for_s: int = 60
    hold: bool = False


class SeededIds:
    """128-bit ids from the seed and virtual time, so that two runs agree."""

    def __init__(self, seed: int, epoch: int, clock: VirtualClock) -> None:
        self._random = Random(f"ids {seed} {epoch}")  # noqa: S311 - reproducible, not secret
        self._clock = clock

    def bits(self) -> int:
        """A new id."""
        return (self._clock.now_ns // NS_PER_MS) << 80 | self._random.getrandbits(80)


class Curtain:
    """Between the tape and the daemon's board: while it is down, prices fall on nobody.

    So what the market does while the daemon is dead moves the exchange and judges no position.
    """

    def __init__(self, board: TickBoard) -> None:
        self._board = board
        self._last: tuple[int, ExchangeNs] | None = None
        self._up = True
        self.unseen: Unseen | None = None

    @property
    def band(self) -> tuple[int, int] | None:
        """The board's band; None while nobody looks."""
        return self._board.band if self._up else None

    def offer(self, price: int, at_ns: ExchangeNs, *, jump: bool) -> bool:
        """Pass a price on."""
        self._last = (price, at_ns)
        if self._up:
            return self._board.offer(price, at_ns, jump=jump)
        known = self.unseen or Unseen(price, price)
        self.unseen = Unseen(min(known.low, price), max(known.high, price))
        return False

    def fall(self) -> None:
        """From here on nobody looks."""
        self._up = False

    def rise(self) -> None:
        """Show the price as it stands now, and every later one."""
        self._up = True
        if self._last is not None:
            self._board.offer(*self._last, jump=True)


@attrs.frozen(kw_only=True)
class Played:
    """One symbol on stage."""

    tape: Tape
    instrument: Instrument
    board: TickBoard
    curtain: Curtain
    player: Player
    candles: list[Candle]


class Theatre:
    """Everything simulated, built once; ``resume`` takes it to where the last run stopped."""

    def __init__(
        self,
        options: SimOptions,
        directory: Path,
        account: AccountId,
        views: Callable[[], Sequence[PositionView]],
    ) -> None:
        self.options = options
        self.account = account
        self._views = views
        self.warnings: list[str] = []
        tapes = self._tapes()
        instruments = [self._rules(tape) for tape in tapes]
        (directory / "exchange").mkdir(mode=0o700, exist_ok=True)
        self.tape_clock = TapeClockFile(directory / "exchange" / "tape.clock")
        self.exchange = SimExchange(
            instruments, books=SqliteBooks(directory / "exchange" / "books.db")
        )
        self.clock = VirtualClock(max(min(t.first_ns for t in tapes), self.exchange.now_ns))
        self.played = [
            self._played(tape, instrument)
            for tape, instrument in zip(tapes, instruments, strict=True)
        ]
        self.wire = HeldWire(LATENCY_NS)
        players = [played.player for played in self.played]
        self.driver = Driver(self.exchange, players, self.clock, self.wire)
        self._fund()

    # --- building --------------------------------------------------------------------------------

    def _tapes(self) -> list[Tape]:
        tapes = [self._tape(given) for given in self.options.tapes]
        if not tapes:
            tapes = [generate(self.options.seed)]
        symbols = [str(tape.symbol) for tape in tapes]
        if twice := next((name for name in symbols if symbols.count(name) > 1), None):
            raise TapeError(f"{twice} has more than one tape; give one for each pair")
        if max(t.first_ns for t in tapes) > min(t.end_ns for t in tapes):
            names = " and ".join(tape.name for tape in tapes)
            raise TapeError(f"{names} do not overlap in time; tapes of one run must")
        return [tape if self.options.from_time is None else self._later(tape) for tape in tapes]

    def _tape(self, given: str) -> Tape:
        symbol, _, path = given.rpartition("=")
        tape = read_tape(Path(path), symbol=symbol or self.options.symbol)
        self.warnings += tape.warnings
        return tape

    def _later(self, tape: Tape) -> Tape:
        return tape.split(_instant(self.options.from_time or ""))[1]

    def _rules(self, tape: Tape) -> Instrument:
        rules = rules_for(tape.symbol, tape=tape, exchange_info=self.options.exchange_info)
        self.warnings += rules.warnings
        return rules.instrument

    def _played(self, tape: Tape, instrument: Instrument) -> Played:
        board = TickBoard()
        held = functools.partial(self._held, str(instrument.symbol))
        curtain = Curtain(board)
        player = Player(tape, instrument, self.exchange, curtain, held)
        candles = player.remember(self._history(tape, instrument))
        return Played(
            tape=tape,
            instrument=instrument,
            board=board,
            curtain=curtain,
            player=player,
            candles=candles,
        )

    def _history(self, tape: Tape, instrument: Instrument) -> Tape:
        for given in self.options.histories:
            symbol, _, path = given.rpartition("=")
            found = read_tape(Path(path), symbol=symbol or self.options.symbol)
            if str(found.symbol) == str(instrument.symbol):
                return found
        if self.options.from_time is not None and self.options.tapes:
            whole = self._tape(self.options.tapes[0])
            past = whole.split(_instant(self.options.from_time))[0]
            if past is not None:
                return past
        self.warnings.append(
            f"{instrument.symbol}: 26 h of history are generated (seed {self.options.seed})"
        )
        return generate_history(
            self.options.seed,
            instrument=instrument,
            before_ns=tape.first_ns,
            price=tape.first_price,
        )

    def _fund(self) -> None:
        for played in self.played:
            scope = Scope(self.account, played.instrument.symbol)
            if scope not in self.exchange.state.accounts:
                self.exchange.deposit(
                    scope,
                    played.instrument.symbol.quote,
                    self.options.balance,
                    at_ns=self.clock.exchange_ns(),
                )

    def _held(self, symbol: str) -> Side | None:
        """The side held, else the one armed: which end of a bar is adverse."""
        mine = [v for v in self._views() if v.is_live and str(v.scope.symbol) == symbol]
        return next((view.side for view in reversed(mine) if view.side is not None), None)

    # --- going on after a restart ----------------------------------------------------------------

    def resume(self, journal_ns: int) -> int:
        """Go to where the market stood, then let it go on without a daemon.

        Returns the tape seconds that passed unseen; 0 on a first start.
        """
        stood_ns = max(self.tape_clock.read(), self.exchange.now_ns, journal_ns)
        if stood_ns <= min(played.tape.first_ns for played in self.played):
            self._open()
            return 0
        self.clock.move_to(max(stood_ns, self.clock.now_ns))
        for played in self.played:
            played.curtain.fall()
            played.candles.extend(played.player.resume(self.clock.now_ns))
        until_ns = self.clock.now_ns + self.options.dead_for_s * NS_PER_S
        while (due_ns := self.driver.next_ns()) is not None and due_ns <= until_ns:
            for happened in self.driver.advance(due_ns):
                if isinstance(happened, CandleClosed):
                    self._remember(happened)
        self.clock.move_to(max(until_ns, self.clock.now_ns))
        self.exchange.advance_to(self.clock.exchange_ns())
        self.driver.bring_along()
        for played in self.played:
            played.curtain.rise()
        self.tape_clock.write(self.clock.now_ns)
        return self.options.dead_for_s

    def unseen(self) -> dict[str, Unseen]:
        """How far each price went while no daemon lived."""
        return {
            str(played.instrument.symbol): played.curtain.unseen
            for played in self.played
            if played.curtain.unseen is not None
        }

    def _open(self) -> None:
        """Show every symbol's first price, so that the daemon is not born blind."""
        while not all(played.player.shown for played in self.played):
            due_ns = self.driver.next_ns()
            assert due_ns is not None, "a tape has at least one row"
            for happened in self.driver.advance(due_ns):
                if isinstance(happened, CandleClosed):
                    self._remember(happened)

    def _remember(self, closed: CandleClosed) -> None:
        for played in self.played:
            if str(played.instrument.symbol) == closed.symbol:
                played.candles.append(closed.candle)

    def describe(self) -> str:
        """The tape in words; synthetic ones say so."""
        return ", ".join(
            f"{p.tape.symbol} {'synthetic, ' if p.tape.synthetic else 'recorded, '}{p.tape.name}"
            for p in self.played
        )


def _instant(text: str) -> int:
    """Milliseconds, or an ISO time in UTC."""
    try:
        if text.isdigit():
            return int(text) * NS_PER_MS
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"--from {text} is no time; give 2025-07-16T02:00 or ms") from error
    stamped = found if found.tzinfo is not None else datetime.fromisoformat(f"{text}+00:00")
    return ExchangeNs(int(stamped.timestamp()) * NS_PER_S)
