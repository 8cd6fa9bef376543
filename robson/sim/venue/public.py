"""``/api/v3``: time, symbols, prices, trades and bars, for which nobody has to say who asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from robson.domain.instrument import Instrument
from robson.domain.values import Action
from robson.sim.venue.asked import Asked
from robson.sim.venue.depth import SIZE
from robson.sim.venue.endpoints import Budget, Endpoint, Handler, Security, Table, params
from robson.sim.venue.history import Bin, Print, interval_ms
from robson.sim.venue.market import Market, Pair
from robson.sim.venue.refusals import refused
from robson.sim.venue.wire import ms, padded

_PLACES = 8


async def _ping(_asked: Asked) -> Any:
    return {}


async def _time(asked: Asked) -> Any:
    return {"serverTime": ms(asked.at_ns)}


# --- symbols -------------------------------------------------------------------------------------


async def _exchange_info(asked: Asked) -> Any:
    return {
        "timezone": "UTC",
        "serverTime": ms(asked.at_ns),
        "rateLimits": [
            _rate("REQUEST_WEIGHT", "MINUTE", 1, 6_000),
            _rate("ORDERS", "SECOND", 10, 100),
            _rate("ORDERS", "DAY", 1, 200_000),
            _rate("RAW_REQUESTS", "MINUTE", 5, 300_000),
        ],
        "exchangeFilters": [],
        "symbols": [_symbol(pair.instrument, asked) for pair in wanted(asked)],
    }


def _rate(kind: str, interval: str, number: int, limit: int) -> dict[str, Any]:
    return {
        "rateLimitType": kind,
        "interval": interval,
        "intervalNum": number,
        "limit": limit,
    }


def wanted(asked: Asked) -> list[Pair]:
    """The pairs a request names by ``symbol`` or ``symbols``; all of them when by neither."""
    pairs = asked.market.pairs
    if asked.get("symbol") is not None:
        return [pairs[str(asked.listed().symbol)]]
    text = asked.get("symbols")
    if text is None:
        return list(pairs.values())
    try:
        names = json.loads(text)
    except ValueError as error:
        raise refused("illegal", "symbols", _SYMBOLS) from error
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise refused("illegal", "symbols", _SYMBOLS)
    if any(name not in pairs for name in names):
        raise refused("symbol")
    return [pairs[name] for name in names]


_SYMBOLS = '^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\\]$'


def _symbol(rules: Instrument, asked: Asked) -> dict[str, Any]:
    return {
        "symbol": str(rules.symbol),
        "status": "TRADING",
        "baseAsset": rules.symbol.base,
        "baseAssetPrecision": _PLACES,
        "quoteAsset": rules.symbol.quote,
        "quotePrecision": _PLACES,
        "quoteAssetPrecision": _PLACES,
        "baseCommissionPrecision": _PLACES,
        "quoteCommissionPrecision": _PLACES,
        "orderTypes": asked.market.order_types or sorted(rules.order_types),
        "icebergAllowed": False,
        "ocoAllowed": True,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": False,
        "isMarginTradingAllowed": True,
        "filters": _filters(rules),
        "permissions": [],
        "permissionSets": [["MARGIN"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


_MUCH = "92233720368.00000000"


def _filters(rules: Instrument) -> list[dict[str, Any]]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": padded(rules.min_price or rules.tick),
            "maxPrice": _MUCH,
            "tickSize": padded(rules.tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": padded(rules.min_qty or rules.step),
            "maxQty": padded(rules.max_qty) if rules.max_qty else _MUCH,
            "stepSize": padded(rules.step),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": padded(None),
            "maxQty": padded(rules.market_max_qty) if rules.market_max_qty else _MUCH,
            "stepSize": padded(rules.market_step),
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": padded(rules.min_notional),
            "applyMinToMarket": True,
            "maxNotional": _MUCH,
            "applyMaxToMarket": False,
            "avgPriceMins": 0,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
    ]


# --- prices --------------------------------------------------------------------------------------


async def _price(asked: Asked) -> Any:
    return _one_or_all(asked, [_last(asked.market, pair) for pair in wanted(asked)])


def _last(market: Market, pair: Pair) -> dict[str, Any]:
    last = market.exchange.market(pair.instrument.symbol).last
    return {"symbol": pair.symbol, "price": padded(last)}


async def _book_ticker(asked: Asked) -> Any:
    return _one_or_all(asked, [_book(asked.market, pair) for pair in wanted(asked)])


def _book(market: Market, pair: Pair) -> dict[str, Any]:
    bid, ask = best(market, pair)
    recorded = market.recording
    if recorded is not None and recorded.symbol == pair.symbol and recorded.book is not None:
        names = {"b": "bidPrice", "B": "bidQty", "a": "askPrice", "A": "askQty"}
        return {"symbol": pair.symbol} | {name: recorded.book[key] for key, name in names.items()}
    return {
        "symbol": pair.symbol,
        "bidPrice": bid,
        "bidQty": SIZE,
        "askPrice": ask,
        "askQty": SIZE,
    }


async def _depth(asked: Asked) -> Any:
    pair = asked.market.pairs[str(asked.listed().symbol)]
    recorded = asked.market.recording
    if recorded is not None and recorded.symbol == pair.symbol and recorded.snapshot is not None:
        return json.loads(recorded.snapshot)
    bid, ask = pair.depth.see(best(asked.market, pair))
    return {
        "lastUpdateId": pair.depth.number,
        "bids": [[bid, SIZE]],
        "asks": [[ask, SIZE]],
    }


def best(market: Market, pair: Pair) -> tuple[str, str]:
    """Bid and ask: what a market order would be filled at now."""
    exchange = market.exchange
    traded, slippage = exchange.market(pair.instrument.symbol), exchange.slippage_bps
    sell, buy = (traded.taker_price(action, slippage) for action in (Action.SELL, Action.BUY))
    return padded(sell), padded(buy)


def _one_or_all(asked: Asked, rows: list[dict[str, Any]]) -> Any:
    return rows[0] if asked.get("symbol") is not None else rows


async def _average(asked: Asked) -> Any:
    pair = asked.market.pairs[str(asked.listed().symbol)]
    at_ms = ms(asked.at_ns)
    bins = pair.history.bars(60_000, at_ms - 5 * 60_000, None, 6)
    base, quote = sum(one.base for one in bins), sum(one.quote for one in bins)
    last = asked.market.exchange.market(pair.instrument.symbol).last
    price = quote / base if base else last
    return {"mins": 5, "price": padded(price), "closeTime": at_ms}


# --- bars and trades -----------------------------------------------------------------------------


async def _klines(asked: Asked) -> Any:
    rules, name = asked.listed(), asked.need("interval")
    length = interval_ms(name)
    if length is None:
        raise refused("interval")
    start, end, limit = asked.moment("startTime"), asked.moment("endTime"), asked.limit(500, 1000)
    if start is not None and end is not None and end < start:
        return []
    bars = asked.market.pairs[str(rules.symbol)].history.whole_bars(
        length, start, end, limit, ms(asked.at_ns)
    )
    return [kline(bar, length, rules) for bar in bars]


def kline(bar: Bin, length: int, rules: Instrument) -> list[Any]:
    """One row of bars."""
    price = rules.price_of
    last = price(bar.close)
    return [
        bar.open_ms,
        padded(price(bar.open)),
        padded(price(bar.high)),
        padded(price(bar.low)),
        padded(last),
        padded(bar.base),
        bar.open_ms + length - 1,
        padded(bar.quote),
        bar.trades,
        padded(bar.taken),
        padded(bar.taken * last),
        "0",
    ]


def _prints(asked: Asked, *, timed: bool) -> tuple[Instrument, list[Print]]:
    """Trades by number, by time, or else the newest."""
    rules, limit = asked.listed(), asked.limit(500, 1000)
    kept = asked.market.pairs[str(rules.symbol)].history
    from_id, start, end = asked.number("fromId"), None, None
    if timed:
        start, end = asked.moment("startTime"), asked.moment("endTime")
    if from_id is not None and (start is not None or end is not None):
        raise refused("combination")
    rows = kept.prints_from(from_id or 0)
    found = [
        one
        for one in rows
        if (start is None or one.at_ms >= start) and (end is None or one.at_ms <= end)
    ]
    oldest_first = from_id is not None or start is not None
    return rules, found[:limit] if oldest_first else found[-limit:]


async def _agg_trades(asked: Asked) -> Any:
    rules, found = _prints(asked, timed=True)
    return [
        {
            "a": one.id,
            "p": padded(rules.price_of(one.ticks)),
            "q": padded(one.quantity),
            "f": one.id,
            "l": one.id,
            "T": one.at_ms,
            "m": one.buyer_is_maker,
            "M": True,
        }
        for one in found
    ]


async def _trades(asked: Asked) -> Any:
    rules, found = _prints(asked, timed=False)
    return [
        {
            "id": one.id,
            "price": padded(rules.price_of(one.ticks)),
            "qty": padded(one.quantity),
            "quoteQty": padded(one.quantity * rules.price_of(one.ticks)),
            "time": one.at_ms,
            "isBuyerMaker": one.buyer_is_maker,
            "isBestMatch": True,
        }
        for one in found
    ]


def _open(
    handler: Handler, weight: int, names: str = "", *, security: Security = Security.NONE
) -> Endpoint:
    return Endpoint(
        handler=handler,
        params=params(names),
        security=security,
        budget=Budget.API,
        weight=weight,
    )


def _price_weight(values: Mapping[str, str]) -> int:
    return 2 if "symbol" in values else 4


def _by_symbol(handler: Handler) -> Endpoint:
    return Endpoint(
        handler=handler,
        params=params("symbol symbols"),
        security=Security.NONE,
        budget=Budget.API,
        weighs=_price_weight,
    )


_API = "/api/v3"
ENDPOINTS: Table = {
    ("GET", f"{_API}/ping"): _open(_ping, 1),
    ("GET", f"{_API}/time"): _open(_time, 1),
    ("GET", f"{_API}/exchangeInfo"): _open(
        _exchange_info, 20, "symbol symbols permissions showPermissionSets symbolStatus"
    ),
    ("GET", f"{_API}/klines"): _open(
        _klines, 2, "symbol interval startTime endTime timeZone limit"
    ),
    ("GET", f"{_API}/uiKlines"): _open(
        _klines, 2, "symbol interval startTime endTime timeZone limit"
    ),
    ("GET", f"{_API}/depth"): _open(_depth, 5, "symbol limit"),
    ("GET", f"{_API}/avgPrice"): _open(_average, 2, "symbol"),
    ("GET", f"{_API}/ticker/price"): _by_symbol(_price),
    ("GET", f"{_API}/ticker/bookTicker"): _by_symbol(_book_ticker),
    ("GET", f"{_API}/aggTrades"): _open(_agg_trades, 4, "symbol fromId startTime endTime limit"),
    ("GET", f"{_API}/trades"): _open(_trades, 25, "symbol limit"),
    ("GET", f"{_API}/historicalTrades"): _open(
        _trades, 25, "symbol limit fromId", security=Security.KEY
    ),
}
