"""What is public of a pair: its rules, its candles, its trades by number, asked for by REST."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import attrs

from robson.connectors.binance import endpoints
from robson.connectors.binance import messages as m
from robson.connectors.binance.api import Api, Params
from robson.domain.errors import ConfigError, InvalidValue
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.values import CANDLE_NS, NS_PER_MS, Candle, ExchangeNs, Price

INTERVAL = "15m"
KLINES_PAGE, TRADES_PAGE = 1_000, 1_000
PAGES_MAX = 50
"""Pages of trades after which a gap is told by minutes instead."""
MINUTE_MS = 60_000


@attrs.frozen
class Extremes:
    """Lowest and highest price of a time, the number of its last trade, and when it began."""

    low: Decimal
    high: Decimal
    last_id: int | None = None
    since_ms: int | None = None

    def joined(self, other: Extremes | None) -> Extremes:
        """Of both times, this one before the other."""
        if other is None:
            return self
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Extremes(low, high, other.last_id, self.since_ms)


class Latest(NamedTuple):
    """A trade by number and price."""

    number: int
    price: Price


class Market:
    """Public questions by one API; one thread at a time."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def instruments(self, symbols: Sequence[str]) -> list[Instrument]:
        """The rules of pairs.

        Raises:
            ConfigError: one is not listed or not open, or has rules that cannot be read.
            Failed: the exchange does not say.
        """
        listed = '["' + '","'.join(symbols) + '"]'
        info = self._api.ask(endpoints.EXCHANGE_INFO, {"symbols": listed}, m.Info)
        by_name = {listing.symbol: listing for listing in info.symbols}
        missing = [symbol for symbol in symbols if symbol not in by_name]
        if missing:
            raise ConfigError(f"the exchange does not list {', '.join(missing)}")
        return [instrument(by_name[symbol]) for symbol in symbols]

    def tier(self, symbol: str) -> m.Tier:
        """The first tier of a pair's loans; asks with the key."""
        rows = self._api.ask(endpoints.TIER, {"symbol": symbol}, tuple[m.Tier, ...])
        return min(rows, key=lambda row: row.tier)

    def price(self, symbol: str) -> Price:
        """The last price."""
        return Price(self._api.ask(endpoints.TICKER, {"symbol": symbol}, m.Price).price)

    def latest(self, symbol: str) -> Latest:
        """The last trade's price, and its number."""
        rows = self._api.ask(
            endpoints.AGG_TRADES, {"symbol": symbol, "limit": 1}, tuple[m.AggTrade, ...]
        )
        if not rows:
            raise ConfigError(f"{symbol} has not been traded yet")
        return Latest(rows[-1].a, Price(rows[-1].p))

    def candles(self, symbol: str, *, now_ms: int, since_ms: int | None = None) -> list[Candle]:
        """Closed candles, oldest first: the last thousand, or all that began at an instant or
        later.
        """
        span = {} if since_ms is None else {"startTime": since_ms}
        rows = self._klines(symbol, INTERVAL, span)
        closed = [candle(row) for row in rows if row[6] < now_ms]
        if since_ms is not None and len(rows) == KLINES_PAGE:
            after_ms = (closed[-1].open_ns + CANDLE_NS) // NS_PER_MS
            return closed + self.candles(symbol, now_ms=now_ms, since_ms=after_ms)
        return closed

    def _klines(self, symbol: str, interval: str, span: dict[str, int]) -> tuple[Any, ...]:
        params: Params = {"symbol": symbol, "interval": interval, "limit": KLINES_PAGE, **span}
        return self._api.ask(endpoints.KLINES, params, tuple[_Row, ...])

    # --- what was not seen -----------------------------------------------------------------------

    def gap(self, symbol: str, *, from_id: int, before_id: int | None = None) -> Extremes | None:
        """Extremes of the trades from a number on, short of another; None where there are none."""
        found: Extremes | None = None
        for row in self._trades(symbol, {"fromId": from_id}):
            if before_id is not None and row.a >= before_id:
                break
            price = Decimal(row.p)
            now = Extremes(price, price, row.a, row.T)
            found = now if found is None else found.joined(now)
        return found

    def since(self, symbol: str, *, since_ms: int, now_ms: int) -> Extremes | None:
        """Extremes of the time since an instant; None where nothing was traded.

        The rest of its own minute by trades, whole minutes by their candles: nothing from before
        the instant is in it.
        """
        edge_ms = min(now_ms, (since_ms // MINUTE_MS + 1) * MINUTE_MS)
        found: Extremes | None = None
        span = {"startTime": since_ms, "endTime": edge_ms - 1}
        for row in self._trades(symbol, span, until_ms=edge_ms):
            price = Decimal(row.p)
            here = Extremes(price, price, row.a)
            found = here if found is None else found.joined(here)
        first_ms = edge_ms
        while first_ms < now_ms:
            rows = self._klines(symbol, "1m", {"startTime": first_ms})
            for row in rows:
                here = Extremes(Decimal(row[3]), Decimal(row[2]))
                found = here if found is None else found.joined(here)
            if len(rows) < KLINES_PAGE:
                break
            first_ms = rows[-1][0] + MINUTE_MS
        return found

    def _trades(
        self, symbol: str, span: dict[str, int], *, until_ms: int | None = None
    ) -> Iterator[m.AggTrade]:
        for _ in range(PAGES_MAX):
            params: Params = {"symbol": symbol, "limit": TRADES_PAGE, **span}
            rows = self._api.ask(endpoints.AGG_TRADES, params, tuple[m.AggTrade, ...])
            for row in rows:
                if until_ms is not None and until_ms <= row.T:
                    return
                yield row
            if len(rows) < TRADES_PAGE:
                return
            span = {"fromId": rows[-1].a + 1}


_Row = tuple[int, Decimal, Decimal, Decimal, Decimal, Any, int, Any, Any, Any, Any, Any]
"""Open time, open, high, low, close, volume, close time, and what nobody here asks for."""


def candle(row: Any) -> Candle:
    """A row of klines."""
    return Candle(
        open_ns=row[0] * NS_PER_MS,
        open=Price(row[1]),
        high=Price(row[2]),
        low=Price(row[3]),
        close=Price(row[4]),
    )


def bar(found: m.Bar) -> Candle:
    """The candle of a stream's frame."""
    return Candle(
        open_ns=found.t * NS_PER_MS,
        open=Price(found.o),
        high=Price(found.h),
        low=Price(found.l),
        close=Price(found.c),
    )


def instrument(listing: m.Listing) -> Instrument:
    """The rules of a pair; zero is no rule, and the older name of a filter is as good.

    Raises:
        ConfigError: it is not open for margin trading, or a rule cannot be read.
    """
    name = listing.symbol
    if listing.status != "TRADING" or not listing.isMarginTradingAllowed:
        raise ConfigError(f"{name} cannot be traded on margin now (status {listing.status})")
    filters = {str(each.get("filterType")): each for each in listing.filters}

    def number(kind: str, field: str) -> Decimal:
        try:
            value = Decimal(_short(str(filters.get(kind, {}).get(field, 0))))
        except ArithmeticError:
            value = Decimal(-1)
        if not value.is_finite() or value < 0:
            raise ConfigError(f"{name}: {kind} {field} is no number, zero or more")
        return value

    try:
        return Instrument(
            symbol=Symbol(listing.baseAsset, listing.quoteAsset),
            tick=number("PRICE_FILTER", "tickSize"),
            min_price=number("PRICE_FILTER", "minPrice"),
            step=number("LOT_SIZE", "stepSize"),
            min_qty=number("LOT_SIZE", "minQty"),
            max_qty=number("LOT_SIZE", "maxQty"),
            market_step=number("MARKET_LOT_SIZE", "stepSize"),
            market_max_qty=number("MARKET_LOT_SIZE", "maxQty"),
            min_notional=max(
                number("NOTIONAL", "minNotional"), number("MIN_NOTIONAL", "minNotional")
            ),
            order_types=frozenset(listing.orderTypes),
        )
    except InvalidValue as error:
        raise ConfigError(f"{name}: {error}") from None


def _short(text: str) -> str:
    """A number without the zeros it ends on: what is counted in it is shown with its decimals."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def at(milliseconds: int) -> ExchangeNs:
    """Exchange time of a stream's milliseconds."""
    return ExchangeNs(milliseconds * NS_PER_MS)
