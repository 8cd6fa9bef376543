"""The simulated exchange: one door for requests, one for prices, one for time.

What it answers is in its books first. It reads no clock and draws no chance: the caller says what
time it is, and two runs with the same calls give the same books.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal, localcontext

from robson.connectors.simulated.account import whole_atoms
from robson.connectors.simulated.books import Books, MemoryBooks
from robson.connectors.simulated.checks import MAX_AMOUNT
from robson.connectors.simulated.debts import next_hour
from robson.connectors.simulated.entries import Deposited, RequestLogged
from robson.connectors.simulated.exchange_rules import Rule
from robson.connectors.simulated.faults import ExchangeFaults
from robson.connectors.simulated.gateway import Gateway
from robson.connectors.simulated.ledger import Terms
from robson.connectors.simulated.matching import Market
from robson.connectors.simulated.orders import Order
from robson.connectors.simulated.questions import logged
from robson.connectors.simulated.state import ExchangeState
from robson.domain.errors import InvalidValue, StoreError
from robson.domain.identity import Scope, Symbol
from robson.domain.instrument import Instrument
from robson.domain.intents import Intent
from robson.domain.reports import Answer, ApiError, OrderState, OrderStatus
from robson.domain.values import MONEY, ExchangeNs, Price


class SimExchange(Gateway):
    """An exchange for isolated margin, with one account per (account, symbol).

    Its doors are ``deposit``, ``handle``, ``on_price`` and ``advance_to``. What it inherits are the
    steps behind them: a test may override one (``execute``, ``commission``), nobody calls them.

    Args:
        instruments: the symbols it lists, with their rules and taker fees.
        books: where it writes everything down; it goes on from their last entry. None: in memory.
        terms: slippage, leverage and interest.
        faults: what goes wrong; nothing by default.

    Attributes:
        now_ns: exchange time; it never runs backward.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        books: Books | None = None,
        terms: Terms | None = None,
        faults: ExchangeFaults | None = None,
    ) -> None:
        super().__init__(
            instruments,
            MemoryBooks() if books is None else books,
            Terms() if terms is None else terms,
            ExchangeFaults() if faults is None else faults,
        )
        self.now_ns = self._ledger.state.clock_ns
        self._hour_ns = next_hour(self.now_ns)
        self._broken = False
        for market in self._markets.values():
            self.aim(market)

    # --- doors -----------------------------------------------------------------------------------

    def deposit(
        self, scope: Scope, asset: str, amount: Decimal, *, at_ns: ExchangeNs | None = None
    ) -> None:
        """Bring own money into a pair; the first deposit opens its account.

        Raises:
            InvalidValue: unlisted symbol, an asset not of the pair, or no amount of whole atoms.
        """
        symbol = self.market(scope.symbol).instrument.symbol
        whole = 0 < amount <= MAX_AMOUNT and whole_atoms(amount)
        if asset not in (symbol.base, symbol.quote) or not whole:
            raise InvalidValue(f"{amount} {asset} cannot be deposited in {scope}")
        at_ns = self.now_ns if at_ns is None else at_ns
        with self._transaction(at_ns):
            self._ledger.record(Deposited(at_ns=at_ns, scope=scope, asset=asset, amount=amount))

    def handle(
        self,
        request: Intent,
        *,
        at_ns: ExchangeNs,
        arrived_ns: ExchangeNs | None = None,
        forwarded_ns: ExchangeNs | None = None,
    ) -> Answer:
        """Answer one request; answer and effect are durable when this returns.

        Args:
            request: what is asked; one call is one request that reached the exchange.
            at_ns: exchange time at which it is carried out.
            arrived_ns: when the gateway took it in, if it then waited there.
            forwarded_ns: when the gateway handed it on, if the matching engine let it wait. The
                request's age is checked at both, and never after.

        Raises:
            InvalidValue: time would run backward.
            StoreError: the books could not be written; nothing may be relied on any more.
        """
        if arrived_ns is None:
            arrived_ns = at_ns
        elif arrived_ns > at_ns:
            raise InvalidValue(f"a request that arrives at {arrived_ns} cannot be done at {at_ns}")
        forwarded_ns = at_ns if forwarded_ns is None else forwarded_ns
        ledger = self._ledger
        with self._transaction(at_ns):
            before = ledger.recorded
            answer = self.answer(request, at_ns, arrived_ns, forwarded_ns)
            if ledger.recorded != before:
                self._note_price(self._markets[request.scope.symbol], at_ns)
            if isinstance(answer, ApiError):
                ledger.counts.answered(answer.code)
            ledger.record(logged(request, answer, at_ns))
        return answer

    def on_price(
        self, symbol: Symbol, price: Price | int, *, at_ns: ExchangeNs, jump: bool
    ) -> tuple[OrderState, ...]:
        """Move the market; return the orders that this triggered or dropped, with their fills.

        Args:
            symbol: a listed symbol.
            price: whole ticks of the instrument, or a price on its grid.
            at_ns: exchange time; an hour of interest that is due is charged first.
            jump: False when the market walked here through every price between, so that a stop is
                met at its own price; True when it is suddenly here.

        Raises:
            InvalidValue: time would run backward, an unlisted symbol, a price off the grid.
            StoreError: the books could not be written; nothing may be relied on any more.
        """
        market = self._markets.get(symbol) or self.market(symbol)
        ticks = price if isinstance(price, int) else market.instrument.ticks(price)
        if not self._is_uneventful(at_ns):
            self.advance_to(at_ns)
        dropped = self._dropped(market, at_ns) if market.stops else ()
        if market.low < ticks < market.high and not dropped:
            self.now_ns, market.ticks = at_ns, ticks
            return ()
        return self._move(market, ticks, at_ns, dropped, jumped=jump)

    def advance_to(self, at_ns: ExchangeNs) -> None:
        """Let time pass: each full clock hour charges interest, and delayed trades are made.

        Raises:
            InvalidValue: time would run backward.
            StoreError: the books could not be written; nothing may be relied on any more.
        """
        if self._is_uneventful(at_ns):
            self.now_ns = at_ns
            return
        with self._transaction(at_ns):
            pass

    def _is_uneventful(self, at_ns: ExchangeNs) -> bool:
        """Whether nothing happens by itself until an instant that is not in the past."""
        waits = self._late or self._broken
        return self.now_ns <= at_ns < self._hour_ns and not waits

    # --- what a driver needs to know -------------------------------------------------------------

    @property
    def state(self) -> ExchangeState:
        """Balances, debts and orders as the books have them. To look at, never to change."""
        return self._ledger.state

    @property
    def books(self) -> Books:
        """The books that everything is written in."""
        return self._ledger.books

    def market(self, symbol: Symbol) -> Market:
        """The market of a listed symbol.

        Raises:
            InvalidValue: the exchange does not list it.
        """
        market = self._markets.get(symbol)
        if market is None:
            raise InvalidValue(f"the exchange does not list {symbol}")
        return market

    def next_trigger(self, symbol: Symbol) -> tuple[int | None, int | None]:
        """Ticks of the nearest resting stops below and above the market."""
        return self.market(symbol).nearest()

    def next_change_ns(self) -> ExchangeNs | None:
        """When something is next written down by itself; None for never."""
        late = (order.delayed[0].due_ns for order in self._late.values())
        return min(
            (due for due in (self.next_interest_ns(), *late) if due is not None), default=None
        )

    def next_interest_ns(self) -> ExchangeNs | None:
        """When interest is next charged; None while nobody has borrowed anything."""
        indebted = any(account.in_debt() for account in self.state.accounts.values())
        return self._hour_ns if indebted else None

    def counts(self) -> dict[str, int]:
        """How often each rule bit and each error code was answered, zeros included."""
        return self._ledger.counts.table()

    def request_log(self, scope: Scope) -> tuple[RequestLogged, ...]:
        """Every request of one account, refused ones included, oldest first."""
        entries = [entry for entry in self.books.entries() if isinstance(entry, RequestLogged)]
        return tuple(entry for entry in entries if entry.scope == scope)

    # --- inside ----------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self, at_ns: ExchangeNs) -> Iterator[None]:
        """One instant: let what is due before it happen, then itself; make both durable.

        Whoever is interrupted in the middle leaves an exchange that answers nothing more; its books
        hold what was committed.
        """
        if self._broken:
            raise StoreError("the exchange stopped in the middle of a change: open its books again")
        if at_ns < self.now_ns:
            raise InvalidValue(f"exchange time cannot run back from {self.now_ns} to {at_ns}")
        self._broken, before = True, self._ledger.recorded
        with localcontext(MONEY):
            while (late := self._next_late(at_ns)) is not None:
                self._charge_hours(late.delayed[0].due_ns)
                self._carry_out(late)
            self._charge_hours(at_ns)
            self.now_ns = at_ns
            yield
            if self._ledger.recorded != before:
                self.guard(at_ns)
        self._ledger.books.commit()
        self._broken = False

    def _charge_hours(self, at_ns: ExchangeNs) -> None:
        """Interest of every full clock hour up to an instant, which is included."""
        if at_ns < self._hour_ns:
            return
        accounts = self.state.accounts.values()
        while self._hour_ns <= at_ns and any(account.in_debt() for account in accounts):
            for account in accounts:
                self._debts.charge_hour(account, self._hour_ns)
            self._hour_ns = next_hour(self._hour_ns)
        self._hour_ns = next_hour(at_ns)

    def _force_before(self, market: Market, ticks: int, at_ns: ExchangeNs) -> list[Order]:
        """Liquidate, at its own price, what comes on the way short of a price."""
        edge = market.forced_before(ticks)
        if edge is None:
            return []
        market.ticks = edge
        return self.force(market, at_ns)

    def _dropped(self, market: Market, at_ns: ExchangeNs) -> Sequence[Order]:
        drops, stops = self._faults.drops_stop, market.stops.values()
        return [order for order in stops if drops(order.client_id, at_ns - order.accepted_ns)]

    def _move(
        self,
        market: Market,
        ticks: int,
        at_ns: ExchangeNs,
        dropped: Sequence[Order],
        *,
        jumped: bool,
    ) -> tuple[OrderState, ...]:
        """Drop stops that a fault takes, then meet the others in the order of the way.

        An account is liquidated where the way comes past its price. Of a jump past that and past
        stops, nobody can say which came first: the worse, the liquidation, does.
        """
        moved: list[Order] = []
        with self._transaction(at_ns):
            for order in dropped:
                self.withdraw(order, OrderStatus.EXPIRED, at_ns)
                self._ledger.counts.bit(Rule.FAULT_DROPS_STOP)
                moved.append(order)
            if jumped:
                market.ticks = ticks
                moved += self.force(market, at_ns)
            while (met := market.met_by(ticks)) is not None:
                order, trigger_ticks = met
                if not jumped and market.is_on_the_way(trigger_ticks, ticks):
                    forced = self._force_before(market, trigger_ticks, at_ns)
                    if forced:
                        moved += forced
                        continue
                    market.ticks = trigger_ticks
                self.meet(order, at_ns, jumped=jumped)
                moved.append(order)
                self.aim(market)
            if not jumped:
                moved += self._force_before(market, ticks, at_ns)
                market.ticks = ticks
                moved += self.force(market, at_ns)
            self._note_price(market, at_ns)
        return tuple(order.state(with_fills=True) for order in moved)
