"""The venue's exchange and its time: books, tapes played as of now, and requests carried to it.

One thread owns it. Whoever looks says ``play`` first, and then it is now. What goes wrong on the
way to the exchange is the same script of faults that the daemon's own simulation knows.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from robson.connectors.simulated.books import SqliteBooks
from robson.connectors.simulated.clock import VirtualClock
from robson.connectors.simulated.driver import Answered, Driver, SteadyWire
from robson.connectors.simulated.entries import Entry, LoanTaken
from robson.connectors.simulated.feed import FedBoard, Feed
from robson.connectors.simulated.player import Player
from robson.connectors.simulated.scripted import ScriptedExchange, ScriptedWire
from robson.daemon.programme import Item, Programme
from robson.daemon.stage import TapeClockFile
from robson.domain.errors import InvalidValue
from robson.domain.identity import AccountId, Scope, Symbol
from robson.domain.instrument import Instrument
from robson.domain.intents import Intent
from robson.domain.reports import Answer
from robson.domain.values import NS_PER_S, ExchangeNs, Price
from robson.sim.venue.depth import Depth
from robson.sim.venue.doors import VenueExchange
from robson.sim.venue.history import History, Print
from robson.sim.venue.recording import Recording
from robson.sim.venue.script import VenueScript
from robson.sim.venue.shift import shift_ns, shifted
from robson.sim.venue.wire import ms, ns

Printed = Callable[[str, Print], None]
Recorded = Callable[[Entry], None]


class _Tale(SqliteBooks):
    """Books that also tell whoever listens what was made durable, and have it at hand."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.listeners: list[Recorded] = []
        self._fresh: list[Entry] = []
        self._durable = list(super().entries())

    def append(self, entry: Entry) -> None:
        super().append(entry)
        self._fresh.append(entry)

    def commit(self) -> None:
        super().commit()
        told, self._fresh = self._fresh, []
        self._durable += told
        for entry in told:
            for listener in self.listeners:
                listener(entry)

    def entries(self, after: int = 0) -> Sequence[Entry]:
        return self._durable[after:] if after else self._durable


class _Board:
    """Every price that the market shows, taken once."""

    band = None

    def __init__(self) -> None:
        self._shown: list[tuple[int, int]] = []

    def offer(self, price: int, at_ns: ExchangeNs, *, jump: bool) -> bool:
        self._shown.append((price, at_ns))
        return False

    def take(self) -> list[tuple[int, int]]:
        shown, self._shown = self._shown, []
        return shown


class Pair:
    """One listed pair: its rules, its past, and what its tape shows."""

    def __init__(self, item: Item, exchange: VenueExchange, feed: Feed, now_ns: int) -> None:
        self.instrument = item.instrument
        self.symbol = str(item.instrument.symbol)
        self.board = _Board()
        self.depth = Depth(ms(now_ns))
        fed = FedBoard(self.board, feed)
        self.player = Player(item.tape, item.instrument, exchange, fed, lambda: None)
        # Numbers rise over restarts, too: no market prints a thousand trades a second for long.
        self.history = History(item.instrument, first_id=ms(now_ns))
        self.history.remember(item.history.rows(item.instrument), now_ns)
        self.history.remember(item.tape.rows(item.instrument), now_ns)


class Market:
    """Everything behind the venue's doors.

    Args:
        state_dir: where the books are; the market goes on from there.
        speed: seconds of the exchange in a second.
        wall_ns: what time it is now, where the tapes are to happen now; None leaves them their own.
        by_hand: prices move only by :meth:`move`.
        recording: what the streams of its pair replay; time stands until :meth:`release`.

    Attributes:
        held: time stands, because nobody has listened yet to what is replayed.
        loans: asset and amount that an order has borrowed, by its number.
        refuse_ended_ids: an id of an order that ended unfilled is not taken again.
        disabled: the accounts that are switched off.
        rights: what is told of a key's rights in place of the usual.
        burn: the same of what is paid in BNB.
        order_types: the same of what each pair takes; None for its own.
        tokens: the account that a listen token opens, and until when in milliseconds.
        cancel_ids: the id of the last cancel of an order, by the order's own id.
        printed: who is told of every trade on the market.
    """

    def __init__(
        self,
        programme: Programme,
        state_dir: Path,
        *,
        accounts: Sequence[AccountId],
        speed: Decimal,
        wall_ns: int | None,
        by_hand: bool,
        monotonic_s: Callable[[], float],
        recording: Recording | None = None,
    ) -> None:
        self.recording = recording
        self.held = recording is not None
        directory = state_dir / "exchange"
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._tape_clock = TapeClockFile(directory / "tape.clock")
        if wall_ns is not None:
            programme = shifted(programme, _kept_shift(directory, programme, wall_ns))
        self.programme = programme
        self.books = _Tale(directory / "books.db")
        self.script = VenueScript(programme.faults, programme.options.seed)
        self.exchange = VenueExchange(
            [item.instrument for item in programme.items],
            books=self.books,
            faults=ScriptedExchange(self.script),
        )
        first_ns = min(item.tape.first_ns for item in programme.items)
        stood_ns = max(self._tape_clock.read(), self.exchange.now_ns)
        self._clock = VirtualClock(max(first_ns, stood_ns))
        feed = Feed()
        self.pairs = {
            str(item.instrument.symbol): Pair(item, self.exchange, feed, self._clock.now_ns)
            for item in programme.items
        }
        players = [pair.player for pair in self.pairs.values()]
        for player in players if stood_ns > first_ns else ():
            player.resume(self._clock.now_ns)
        wire = ScriptedWire(self.script, SteadyWire(0), feed)
        self.driver = Driver(self.exchange, players, self._clock, wire)
        self._open()
        if by_hand:
            self.driver.players = ()
        self._speed, self._monotonic_s = speed, monotonic_s
        starts_ns = max(self._clock.now_ns, wall_ns or 0)
        self._anchor = (monotonic_s(), ExchangeNs(starts_ns))
        self.script.now_ms = lambda: ms(self._clock.now_ns)
        self.printed: list[Printed] = []
        self.cancel_ids: dict[str, str] = {}
        self.refuse_ended_ids = False
        self.disabled: set[str] = set()
        self.rights: dict[str, object] = {}
        self.burn: dict[str, bool] = {}
        self.order_types: list[str] | None = None
        self.tokens: dict[str, tuple[Scope, int]] = {}
        self.loans = _loans(self.books)
        self._fund(accounts, programme.options.balance)
        self.play()

    def _open(self) -> None:
        """Let every pair show its first price."""
        while not all(pair.player.shown for pair in self.pairs.values()):
            due_ns = self.driver.next_ns()
            assert due_ns is not None, "a tape has at least one row"
            self.driver.advance(due_ns)
        for pair in self.pairs.values():
            self._price_again(pair)

    def _price_again(self, pair: Pair) -> None:
        """What the tape has come to is the price, where the books do not know one.

        A venue that was killed before its first price had come that far by its clock alone.
        """
        traded, shown = self.exchange.market(pair.instrument.symbol), pair.player.price
        if traded.ticks is None and shown is not None:
            at_ns = self._clock.exchange_ns()
            self.exchange.on_price(traded.instrument.symbol, shown, at_ns=at_ns, jump=True)

    def _fund(self, accounts: Sequence[AccountId], balance: Decimal) -> None:
        """The first of the accounts begins with money on every pair; the others bring their own."""
        for pair in self.pairs.values():
            scope = Scope(accounts[0], pair.instrument.symbol)
            if balance > 0 and scope not in self.exchange.state.accounts:
                at_ns = self._clock.exchange_ns()
                self.exchange.deposit(scope, scope.symbol.quote, balance, at_ns=at_ns)

    # --- time ------------------------------------------------------------------------------------

    def now_ns(self) -> ExchangeNs:
        """The exchange's time, which runs whether anybody asks or not."""
        began_s, began_ns = self._anchor
        if self.held:
            return began_ns
        passed_s = Decimal(repr(self._monotonic_s() - began_s))
        return ExchangeNs(began_ns + int(passed_s * self._speed * NS_PER_S))

    def skip(self, ahead_ms: int) -> None:
        """Let the exchange's clock jump ahead.

        Raises:
            InvalidValue: it would run backward.
        """
        if ahead_ms < 0:
            raise InvalidValue(f"the exchange's clock cannot go back by {-ahead_ms} ms")
        began_s, began_ns = self._anchor
        self._anchor = (began_s, ExchangeNs(began_ns + ns(ahead_ms)))

    def release(self) -> None:
        """Let time run, where it stood until now: somebody listens."""
        if self.held:
            self.held, self._anchor = False, (self._monotonic_s(), self._anchor[1])

    def play(self) -> ExchangeNs:
        """Let everything happen that is due; it is now then."""
        now_ns = self.now_ns()
        while (due_ns := self.driver.next_ns()) is not None and due_ns <= now_ns:
            for happened in self.driver.advance(max(due_ns, self._clock.now_ns)):
                if isinstance(happened, Answered):
                    happened.deliver(happened.answer, happened.sent_ns)
        self._clock.move_to(max(now_ns, self._clock.now_ns))
        self.exchange.advance_to(ExchangeNs(self._clock.now_ns))
        self.driver.bring_along()
        self._tape_clock.write(self._clock.now_ns)
        self._print()
        return ExchangeNs(self._clock.now_ns)

    def _print(self) -> None:
        for symbol, pair in self.pairs.items():
            shown = pair.board.take()
            if self.recording is not None and symbol == self.recording.symbol:
                continue  # its trades are told as they were recorded
            for ticks, at_ns in shown:
                made = pair.history.print(ticks, at_ns)
                for tell in self.printed:
                    tell(symbol, made)

    # --- what is asked of it ---------------------------------------------------------------------

    async def ask(self, request: Intent) -> Answer:
        """Carry a request to the exchange; the answer comes when, and as, the script lets it."""
        self.play()
        waiting: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def deliver(answer: Answer, _sent: ExchangeNs) -> None:
            if not waiting.done():
                waiting.set_result(answer)

        self.driver.submit(request, deliver)
        self.play()
        return await waiting

    def move(self, symbol: str, price: Price) -> None:
        """Move a price by hand, at once.

        Raises:
            InvalidValue: an unlisted pair, or a price off its grid.
        """
        at_ns = self.play()
        traded = self.exchange.market(self.symbol(symbol))
        ticks = traded.instrument.ticks(price)
        self.exchange.on_price(traded.instrument.symbol, ticks, at_ns=at_ns, jump=True)
        self.pairs[symbol].board.offer(ticks, at_ns, jump=True)
        self._print()

    def symbol(self, name: str) -> Symbol:
        """The pair of a name, listed or not."""
        pair = self.pairs.get(name)
        return pair.instrument.symbol if pair else Symbol(name, "?")

    def instrument(self, name: str) -> Instrument | None:
        """The rules of a listed pair."""
        pair = self.pairs.get(name)
        return pair.instrument if pair else None

    def close(self) -> None:
        """Remember where time stood, and let go of the books."""
        self._tape_clock.write(self._clock.now_ns)
        self.books.close()


def _loans(books: _Tale) -> dict[int, tuple[str, Decimal]]:
    """What each order has borrowed, kept up to date by the books."""
    loans: dict[int, tuple[str, Decimal]] = {}

    def note(entry: Entry) -> None:
        if isinstance(entry, LoanTaken) and entry.order_id is not None:
            loans[entry.order_id] = (entry.asset, entry.amount)

    for entry in books.entries():
        note(entry)
    books.listeners.append(note)
    return loans


def _kept_shift(directory: Path, programme: Programme, wall_ns: int) -> int:
    """How far the tapes are moved: as at the first start, so that a restart finds its place."""
    path = directory / "tape.shift"
    try:
        (by_ns,) = struct.unpack("<q", path.read_bytes())
    except (OSError, struct.error):
        by_ns = shift_ns(programme, wall_ns)
        path.write_bytes(struct.pack("<q", by_ns))
    return int(by_ns)
