"""Paper trading: the real market's public prices, and a simulated account that trades at them.

Nothing is sent anywhere but questions for prices. One thread owns the account and its books; lanes
and feed reach it by message. Orders fill at the opposite side of the book and a little worse, after
the time that a request takes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from decimal import Decimal
from pathlib import Path

from robson.connectors.binance.stream import BOOK, CANDLES, TRADES
from robson.connectors.simulated.books import SqliteBooks
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.ledger import Terms
from robson.daemon import logs
from robson.daemon.binance import BinanceTheatre, Pair, access_of
from robson.daemon.config import Config
from robson.daemon.inbox import Inbox
from robson.daemon.messages import Call
from robson.daemon.stillness import Stillness
from robson.daemon.worker import Worker
from robson.domain.identity import AccountId, Scope, Symbol
from robson.domain.instrument import Instrument
from robson.domain.intents import Intent
from robson.domain.ports import Clock
from robson.domain.reports import Answer, NoAnswer
from robson.domain.values import ExchangeNs, Price
from robson.exec.lanes import Lane

ANSWER_S = 5.0


def _never(message: object) -> None:
    raise AssertionError(f"{message} is nothing that the account is asked")


class PaperAccount:
    """The simulated account, on a thread of its own.

    Args:
        latency_s: a request's way there and back.
    """

    def __init__(self, directory: Path, clock: Clock, *, latency_s: float, terms: Terms) -> None:
        self._clock = clock
        self._half_s = latency_s / 2
        self._terms = terms
        self._directory = directory / "exchange"
        self._inbox = Inbox("paper", Stillness())
        self._worker = Worker("paper", self._inbox, _never, logs.failure)
        self._worker.daemon = True  # a start that fails ends without it
        self._sim: SimExchange

    def open(self, instruments: list[Instrument]) -> None:
        """Go on with the books, or begin them."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        self._worker.start()

        def opened() -> SimExchange:
            books = SqliteBooks(self._directory / "books.db")
            return SimExchange(instruments, books=books, terms=self._terms)

        self._sim = self._worker.call(opened)

    def _do(self, run: Callable[[], object]) -> Future[object]:
        """Have it done, after everything that was asked before."""
        done: Future[object] = Future()
        self._inbox.put(Call(run, done))
        return done

    def _now(self) -> ExchangeNs:
        """Its time never runs back, whatever the exchange's clock is found to be."""
        return ExchangeNs(max(self._clock.exchange_ns(), self._sim.now_ns))

    def fund(self, scope: Scope, amount: Decimal) -> None:
        """Own money for a pair that has none yet."""

        def funded() -> None:
            if scope not in self._sim.state.accounts:
                self._sim.deposit(scope, scope.symbol.quote, amount, at_ns=self._now())

        self._worker.call(funded)

    def price(self, symbol: Symbol, ticks: int, *, jump: bool) -> None:
        """The market has moved."""
        self._do(lambda: self._sim.on_price(symbol, ticks, at_ns=self._now(), jump=jump))

    def quote(self, symbol: Symbol, bid: Price, ask: Price) -> None:
        """Best bid and ask: what takers trade at from now on."""

        def quoted() -> None:
            self._sim.market(symbol).quote = (bid, ask)

        self._do(quoted)

    def call(self, request: Intent) -> Answer:
        """One request, there and back."""
        threading.Event().wait(self._half_s)
        asked = self._do(lambda: self._sim.handle(request, at_ns=self._now()))
        try:
            answer: Answer = asked.result(ANSWER_S)  # type: ignore[assignment]
        except TimeoutError:
            answer = NoAnswer(reason="no answer within 5 s")
        threading.Event().wait(self._half_s)
        return answer

    def close(self) -> None:
        """Close the books, on the thread that has them."""
        self._worker.call(self._sim.books.close)
        self._inbox.close()


class PaperTheatre(BinanceTheatre):
    """Public prices, and an account that nobody else knows of."""

    streams = (TRADES, CANDLES, BOOK)
    takes_rules = False  # the account has read them at its start, too

    def __init__(self, config: Config, directory: Path, account: AccountId) -> None:
        super().__init__(access_of(config))
        self._account = account
        self._balance = config["paper.balance"]
        self.paper = PaperAccount(
            directory,
            self.clock,
            latency_s=self.pace.ours_s(config["paper.latency_ms"] / 1_000),
            terms=Terms(slippage_bps=config["paper.slippage_bps"]),
        )
        self.paper.open([pair.instrument for pair in self.played])

    def resume(self, journal_ns: int) -> int:
        """Let the account live through what the market did meanwhile, then fund what is new.

        Which extreme came first nobody can say, so both are walked to: a stop is met at its price.
        """
        seconds = super().resume(journal_ns)
        for pair in self.played:
            symbol, last = pair.instrument.symbol, pair.board.last
            assert last is not None, "a start shows every price"
            missed = self._unseen.get(pair.symbol)
            for ticks in () if missed is None else (missed.low, missed.high):
                self.paper.price(symbol, ticks, jump=False)
            self.paper.price(symbol, last.price, jump=True)
            self.paper.fund(Scope(self._account, symbol), self._balance)
        return seconds

    def shown(self, pair: Pair, ticks: int, at_ns: ExchangeNs) -> None:
        """The account meets a price before the daemon does."""
        self.paper.price(pair.instrument.symbol, ticks, jump=True)

    def quoted(self, pair: Pair, bid: Price, ask: Price) -> None:
        """What a market order would trade at."""
        self.paper.quote(pair.instrument.symbol, bid, ask)

    def ways(self) -> dict[Lane, Callable[[Intent], Answer]]:
        """All lanes lead to the account; none leads to the exchange."""
        return dict.fromkeys(Lane, self.paper.call)

    def describe(self) -> str:
        """Where the prices come from, in words."""
        return f"{super().describe()}, public prices; orders stay here"

    def close(self) -> None:
        """Close the account's books."""
        super().close()
        self.paper.close()
