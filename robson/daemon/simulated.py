"""Puts the simulated profile together: tapes, exchange, virtual clock, market thread.

The exchange's own books are the only thing here that survives; nothing else reads or writes them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import attrs

from robson.connectors.simulated.books import SqliteBooks
from robson.connectors.simulated.clock import VirtualClock
from robson.connectors.simulated.driver import Driver
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.feed import FedBoard, Feed
from robson.connectors.simulated.player import Player
from robson.connectors.simulated.scripted import Script, ScriptedExchange, ScriptedWire
from robson.connectors.simulated.tape import Tape
from robson.daemon.custody import Market
from robson.daemon.lowest import Lowest
from robson.daemon.messages import Unseen
from robson.daemon.programme import Item, Programme
from robson.daemon.stage import HeldWire, TapeClockFile
from robson.daemon.ticks import TickBoard
from robson.domain.identity import AccountId, Scope
from robson.domain.instrument import Instrument
from robson.domain.reports import CandleClosed
from robson.domain.values import NS_PER_MS, NS_PER_S, Candle, ExchangeNs, Side
from robson.domain.view import PositionView

LATENCY_NS = 20 * NS_PER_MS
"""Each half of a simulated request's way."""


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

    def __init__(self, board: TickBoard, see: Callable[[int], None]) -> None:
        self._board = board
        self._see = see
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
        self._see(price)
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

    bars: tuple[str, ...] = ()

    def __init__(
        self,
        programme: Programme,
        directory: Path,
        account: AccountId,
        views: Callable[[], Sequence[PositionView]],
    ) -> None:
        self.options = programme.options
        self.speed = programme.options.speed
        self.account = account
        self._views = views
        self.warnings = programme.warnings
        instruments = [item.instrument for item in programme.items]
        self.lowest = Lowest({str(i.symbol): i for i in instruments})
        first_ns = min(item.tape.first_ns for item in programme.items)
        (directory / "exchange").mkdir(mode=0o700, exist_ok=True)
        self.tape_clock = TapeClockFile(directory / "exchange" / "tape.clock")
        self.script = Script(programme.faults, programme.options.seed)
        self.exchange = SimExchange(
            instruments,
            books=SqliteBooks(directory / "exchange" / "books.db"),
            faults=ScriptedExchange(self.script),
        )
        self.clock = VirtualClock(max(first_ns, self.exchange.now_ns))
        self._feed = Feed()
        self.played = [self._played(item) for item in programme.items]
        self.wire = HeldWire(LATENCY_NS)
        players = [played.player for played in self.played]
        wire = ScriptedWire(self.script, self.wire, self._feed)
        self.driver = Driver(self.exchange, players, self.clock, wire)

    # --- building --------------------------------------------------------------------------------

    def _played(self, item: Item) -> Played:
        board = TickBoard()
        held = functools.partial(self._held, str(item.instrument.symbol))
        see = functools.partial(self.lowest.see, str(item.instrument.symbol))
        curtain = Curtain(board, see)
        fed = FedBoard(curtain, self._feed)
        player = Player(item.tape, item.instrument, self.exchange, fed, held)
        candles = player.remember(item.history)
        return Played(
            tape=item.tape,
            instrument=item.instrument,
            board=board,
            curtain=curtain,
            player=player,
            candles=candles,
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
        """Give each new pair its balance, go to where the market stood, then let it go on without a
        daemon. Until here nothing is written into the books.

        Returns the tape seconds that passed unseen; 0 on a first start.
        """
        self._fund()
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

    def markets(self) -> dict[str, Market]:
        """Each pair as the monitor sees it."""
        return {
            str(played.instrument.symbol): Market(
                instrument=played.instrument,
                board=played.board,
                candles=played.candles,
                forming=played.player.forming,
            )
            for played in self.played
        }

    def ids(self, epoch: int) -> SeededIds:
        """Ids that two runs agree on."""
        return SeededIds(self.options.seed, epoch, self.clock)

    def told(self) -> dict[str, Any]:
        """The first tape as a document."""
        played = self.played[0]
        return {
            "description": self.describe(),
            "symbol": str(played.tape.symbol),
            "synthetic": played.tape.synthetic,
            "rows": len(played.tape),
            "rows_played": played.player.rows_played,
            "warnings": self.warnings,
            "rules": "derived" if played.instrument.derived else "known",
        }

    def rows_played(self) -> int:
        """Of all tapes."""
        return sum(played.player.rows_played for played in self.played)

    def faults(self) -> list[str]:
        """What is to go wrong, line by line."""
        return [f"{fault.name} (line {fault.line})" for fault in self.script.faults]

    def faults_told(self) -> Sequence[str]:
        """How often each has gone wrong."""
        return self.script.told()

    def close(self) -> None:
        """Close the exchange's books."""
        self.exchange.books.close()

    hears = True
    """Prices come from the same process."""

    def describe(self) -> str:
        """The tape in words; synthetic ones say so."""
        return ", ".join(
            f"{p.tape.symbol} {'synthetic, ' if p.tape.synthetic else 'recorded, '}{p.tape.name}"
            for p in self.played
        )
