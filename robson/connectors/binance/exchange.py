"""The exchange port on Binance isolated margin: each intent as the requests that carry it out.

An intent that trades is one request, sent once. A reading may be several: pages of a list, or an
account with what rests on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import TypeVar

from robson.connectors.binance import asking, endpoints, telling
from robson.connectors.binance import messages as m
from robson.connectors.binance.api import Api, told
from robson.connectors.binance.clock import ExchangeClock
from robson.connectors.binance.names import Names
from robson.domain.identity import Purpose, Scope
from robson.domain.intents import (
    CancelOrder,
    Intent,
    PlaceOrder,
    QueryOrder,
    ReadAccount,
    ReadInterest,
    ReadOrders,
    ReadTrades,
    ReadTransfers,
    Repay,
)
from robson.domain.reports import (
    AccountCredit,
    AccountSnapshot,
    Answer,
    ApiError,
    Credit,
    Fill,
    InterestCharge,
    InterestList,
    NeverSent,
    OrderList,
    OrderState,
    Repaid,
    TradeList,
    Transfer,
    TransferList,
)
from robson.domain.values import NS_PER_MS, NS_PER_S, ExchangeNs

DAY_MS = 24 * 3_600_000
SPAN_MS = DAY_MS - 1
"""The longest time that a list of orders or trades covers."""
MONTH_MS = 30 * DAY_MS
PAGES_MAX = 200
"""Pages after which a list is given up: half a year of days."""
ORDERS_PAGE, TRADES_PAGE, INTEREST_PAGE = 500, 1_000, 100
RATES_NS = 3_600 * NS_PER_S
NO_ACCOUNT = -11001


T = TypeVar("T")


class BinanceExchange:
    """Serves one lane.

    Args:
        api: the lane's own way to the exchange.
    """

    def __init__(self, api: Api, clock: ExchangeClock) -> None:
        self._api = api
        self._clock = clock
        self._names = Names()
        self._rates: dict[str, tuple[int, dict[str, Decimal]]] = {}
        self._urgent = False

    def call(self, request: Intent) -> Answer:
        """Send and wait, bounded; trouble is an answer.

        A question about a position is as urgent as what waits for it: an exit of which nobody knows
        what became, or one after a restart. Whoever asks keeps to a small share after a 429.
        """
        self._urgent = is_urgent(request)
        return told(lambda: self._answer(request))

    def begin(self, request: CancelOrder) -> Callable[[], Answer] | None:
        """Send a cancel at once, on any thread; its answer is read by calling what is returned,
        once. None where no connection is ready: nothing has left.
        """
        sent = self._api.begin(endpoints.CANCEL, asking.cancel(request), m.Order)
        return None if sent is None else lambda: told(lambda: self._order(sent()))

    def _ask(self, endpoint: endpoints.Endpoint, params: asking.Params, kind: type[T]) -> T:
        return self._api.ask(endpoint, params, kind, urgent=self._urgent)

    def _answer(self, request: Intent) -> Answer:
        match request:
            case PlaceOrder():
                return self._place(request)
            case CancelOrder():
                return self._order(self._ask(endpoints.CANCEL, asking.cancel(request), m.Order))
            case Repay():
                return self._repay(request)
            case QueryOrder():
                return self._order(self._ask(endpoints.QUERY, asking.query(request), m.Order))
            case ReadAccount():
                account = self._account(request.scope)
                if not request.credit or isinstance(account, ApiError):
                    return account
                return AccountCredit(account=account, credit=self._credit(request.scope))
            case ReadOrders():
                return OrderList(orders=self._orders(request))
            case ReadTrades():
                return TradeList(fills=tuple(self._trades(request)))
            case ReadInterest():
                return InterestList(charges=tuple(self._interest(request)))
            case ReadTransfers():
                moves = sorted(self._transfers(request), key=lambda each: each.at_ns)
                return TransferList(transfers=tuple(moves))

    # --- what trades -----------------------------------------------------------------------------

    def _place(self, request: PlaceOrder) -> Answer:
        if request.purpose is Purpose.ENTRY and self._clock.error_ns is None:
            # Nobody could say until when it may still be taken.
            return NeverSent(reason="the exchange's time is not known")
        weight = endpoints.BORROWING if asking.borrows(request) else endpoints.PLACE.weight
        found = self._api.ask(
            endpoints.PLACE,
            asking.place(request),
            m.Order,
            weight=weight,
            urgent=self._urgent,
        )
        state = telling.placed(found, request, self._clock.exchange_ns())
        self._names.learn(state.order_id, state.client_id)
        return state

    def _order(self, found: m.Order) -> OrderState:
        state = telling.order_state(found, self._clock.exchange_ns())
        self._names.learn(state.order_id, state.client_id)
        return state

    def _repay(self, request: Repay) -> Answer:
        """Repay, then ask what that came to: the answer itself has a number and no amount."""
        taken = self._ask(endpoints.REPAY, asking.repay(request), m.Taken)
        rows = self._ask(
            endpoints.REPAYMENTS,
            {
                "type": "REPAY",
                "isolatedSymbol": str(request.scope.symbol),
                "txId": taken.tranId,
            },
            m.Repayments,
        ).rows
        row = next((row for row in rows if row.txId == taken.tranId), None)
        if row is None or row.status != "CONFIRMED":
            # It is under way: the account says what is left.
            return Repaid(
                asset=request.asset,
                amount=request.amount,
                interest=Decimal(0),
                principal=request.amount,
            )
        return Repaid(
            asset=row.asset, amount=row.amount, interest=row.interest, principal=row.principal
        )

    # --- what asks -------------------------------------------------------------------------------

    def _account(self, scope: Scope) -> AccountSnapshot | ApiError:
        symbol = str(scope.symbol)
        before_ns = self._clock.exchange_ns()
        found = self._ask(endpoints.ACCOUNT, {"symbols": symbol}, m.Account)
        after_ns = self._clock.exchange_ns()
        orders = self._ask(
            endpoints.OPEN_ORDERS,
            {"symbol": symbol, "isIsolated": asking.ISOLATED},
            tuple[m.Order, ...],
        )
        snapshot = telling.account(
            found,
            scope,
            orders=tuple(self._order(order) for order in orders),
            hourly=self._hourly(symbol),
            at_ns=ExchangeNs((before_ns + after_ns) // 2),
        )
        if snapshot is not None:
            return snapshot
        message = f"the isolated margin account of {symbol} does not exist, or may not trade"
        return ApiError(status=400, code=NO_ACCOUNT, message=message)

    def _credit(self, scope: Scope) -> Credit:
        """What is lent to the pair now, asked for each of its assets."""

        def lent(asset: str) -> Decimal:
            asked: asking.Params = {"asset": asset, "isolatedSymbol": str(scope.symbol)}
            return self._ask(endpoints.MAX_BORROWABLE, asked, m.MaxBorrowable).amount

        return Credit(base=lent(scope.symbol.base), quote=lent(scope.symbol.quote))

    def _hourly(self, symbol: str) -> dict[str, Decimal]:
        """What an hour's loan costs, asked for once an hour."""
        read_ns, hourly = self._rates.get(symbol, (0, {}))
        now_ns = self._clock.exchange_ns()
        if not hourly or now_ns - read_ns > RATES_NS:
            rows = self._ask(endpoints.RATES, {"symbol": symbol}, tuple[m.Rates, ...])
            hourly = {
                rate.coin: telling.hourly(rate.dailyInterest)
                for row in rows
                if row.symbol == symbol
                for rate in row.data
            }
            self._rates[symbol] = (now_ns, hourly)
        return hourly

    def _orders(self, request: ReadOrders) -> tuple[OrderState, ...]:
        """Open ones, and all since; by number, so that each comes once."""
        symbol = str(request.scope.symbol)
        isolated: asking.Params = {"symbol": symbol, "isIsolated": asking.ISOLATED}
        found: dict[int, OrderState] = {}

        def take(rows: tuple[m.Order, ...]) -> None:
            found.update((row.orderId, self._order(row)) for row in rows)

        take(self._ask(endpoints.OPEN_ORDERS, isolated, tuple[m.Order, ...]))
        for first_ms, last_ms in self._spans(request.since_ns, SPAN_MS):
            span: asking.Params = {"startTime": first_ms, "endTime": last_ms, "limit": ORDERS_PAGE}
            rows = self._ask(endpoints.ALL_ORDERS, isolated | span, tuple[m.Order, ...])
            take(rows)
            while len(rows) == ORDERS_PAGE:
                more: asking.Params = {"orderId": rows[-1].orderId + 1, "limit": ORDERS_PAGE}
                rows = self._ask(endpoints.ALL_ORDERS, isolated | more, tuple[m.Order, ...])
                take(rows)
        return tuple(found[number] for number in sorted(found))

    def _trades(self, request: ReadTrades) -> Iterator[Fill]:
        symbol = str(request.scope.symbol)
        isolated: asking.Params = {
            "symbol": symbol,
            "isIsolated": asking.ISOLATED,
            "limit": TRADES_PAGE,
        }
        found: dict[int, m.Trade] = {}

        def take(rows: tuple[m.Trade, ...]) -> None:
            found.update((row.id, row) for row in rows)

        def ask(more: asking.Params) -> tuple[m.Trade, ...]:
            return self._ask(endpoints.MY_TRADES, isolated | more, tuple[m.Trade, ...])

        if request.order_id is not None:
            take(ask({"orderId": request.order_id}))
        else:
            for first_ms, last_ms in self._spans(request.since_ns, SPAN_MS):
                rows = ask({"startTime": first_ms, "endTime": last_ms})
                take(rows)
                while len(rows) == TRADES_PAGE:
                    rows = ask({"fromId": rows[-1].id + 1})
                    take(rows)
        since_ms = request.since_ns // NS_PER_MS
        for number in sorted(found):
            row = found[number]
            if row.time >= since_ms:
                yield telling.fill(row, self._name(request.scope, row.orderId))

    def _name(self, scope: Scope, order_id: int) -> str:
        """The client id of an order; asked for where nobody has told it yet."""
        known = self._names.of(order_id)
        if known is not None:
            return known
        params: asking.Params = {
            "symbol": str(scope.symbol),
            "isIsolated": asking.ISOLATED,
            "orderId": order_id,
        }
        return self._order(self._ask(endpoints.QUERY, params, m.Order)).client_id

    def _interest(self, request: ReadInterest) -> Iterator[InterestCharge]:
        symbol = str(request.scope.symbol)
        for first_ms, last_ms in self._spans(request.since_ns, MONTH_MS - 1):
            for page in range(1, PAGES_MAX):
                found = self._ask(
                    endpoints.INTEREST,
                    {
                        "isolatedSymbol": symbol,
                        "startTime": first_ms,
                        "endTime": last_ms,
                        "current": page,
                        "size": INTEREST_PAGE,
                    },
                    m.Charges,
                )
                for row in found.rows:
                    yield InterestCharge(
                        asset=row.asset,
                        amount=row.interest,
                        at_ns=telling.ns(row.interestAccuredTime),
                    )
                if len(found.rows) < INTEREST_PAGE:
                    break

    def _transfers(self, request: ReadTransfers) -> Iterator[Transfer]:
        symbol = str(request.scope.symbol)
        for first_ms, last_ms in self._spans(request.since_ns, MONTH_MS - 1):
            for page in range(1, PAGES_MAX):
                rows = self._ask(
                    endpoints.TRANSFERS,
                    {
                        "isolatedSymbol": symbol,
                        "startTime": first_ms,
                        "endTime": last_ms,
                        "current": page,
                        "size": INTEREST_PAGE,
                    },
                    m.Moves,
                ).rows
                for row in rows:
                    out = row.type == "ROLL_OUT"
                    yield Transfer(
                        transfer_id=row.txId,
                        asset=row.asset,
                        amount=-row.amount if out else row.amount,
                        at_ns=telling.ns(row.timestamp),
                    )
                if len(rows) < INTEREST_PAGE:
                    break

    def _spans(self, since_ns: ExchangeNs, span_ms: int) -> Iterator[tuple[int, int]]:
        """The time since an instant in pieces that one request covers."""
        now_ms = self._clock.exchange_ns() // NS_PER_MS + 1_000
        first_ms = max(since_ns // NS_PER_MS, now_ms - PAGES_MAX * DAY_MS)
        while first_ms <= now_ms:
            last_ms = min(first_ms + span_ms, now_ms)
            yield first_ms, last_ms
            first_ms = last_ms + 1


def is_urgent(request: Intent) -> bool:
    """Whether only the exchange itself may keep it back: what leaves risk or clears a position up.
    An entry is not, nor what is asked to size one.
    """
    match request:
        case PlaceOrder():
            return request.purpose is not Purpose.ENTRY
        case CancelOrder() | Repay():
            return True
        case ReadAccount():
            return request.position is not None and not request.credit
        case QueryOrder() | ReadOrders() | ReadTrades():
            return request.position is not None
        case _:
            return False
