"""What a market did in a while: the tickers of ``/api/v3``, and the same as frames of streams."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from robson.domain.values import MONEY
from robson.sim.venue.asked import Asked
from robson.sim.venue.depth import SIZE
from robson.sim.venue.endpoints import Budget, Endpoint, Handler, Security, Table, params
from robson.sim.venue.history import MINUTE_MS, Bin, open_of
from robson.sim.venue.market import Market, Pair
from robson.sim.venue.public import best, wanted
from robson.sim.venue.refusals import refused
from robson.sim.venue.wire import ms, padded

DAY_MS = 1440 * MINUTE_MS
_UNITS = {"m": MINUTE_MS, "h": 60 * MINUTE_MS, "d": DAY_MS}
_MOST = {"m": 59, "h": 23, "d": 7}
_HUNDREDTH = Decimal("0.001")


@attrs.frozen
class Stretch:
    """A pair from one instant to another: prices and sums as they are told."""

    pair: Pair
    opens_ms: int
    closes_ms: int
    bin: Bin

    def price(self, ticks: int) -> Decimal:
        return self.pair.instrument.price_of(ticks)

    @property
    def change(self) -> Decimal:
        """From the first price to the last."""
        return self.price(self.bin.close) - self.price(self.bin.open)

    @property
    def percent(self) -> str:
        """The change in percent of the first price, to three places."""
        share = self.change * 100 / self.price(self.bin.open)
        return format(share.quantize(_HUNDREDTH, context=MONEY), "f")

    @property
    def average(self) -> Decimal:
        """Weighted by what was traded; the last price, where nothing was."""
        return self.bin.quote / self.bin.base if self.bin.base else self.price(self.bin.close)


def stretch(market: Market, pair: Pair, length_ms: int, since_ms: int | None = None) -> Stretch:
    """The last while of a pair, in whole minutes; or from an instant on."""
    now = ms(market.driver.clock.now_ns)
    opens = open_of(now - length_ms, MINUTE_MS) + MINUTE_MS if since_ms is None else since_ms
    return Stretch(pair, opens, now, pair.history.stretch(opens))


# --- over REST -----------------------------------------------------------------------------------


def _mini(one: Stretch) -> dict[str, Any]:
    row, price = one.bin, one.price
    return {
        "symbol": one.pair.symbol,
        "openPrice": padded(price(row.open)),
        "highPrice": padded(price(row.high)),
        "lowPrice": padded(price(row.low)),
        "lastPrice": padded(price(row.close)),
        "volume": padded(row.base),
        "quoteVolume": padded(row.quote),
        "openTime": one.opens_ms,
        "closeTime": one.closes_ms,
        "firstId": row.first,
        "lastId": row.last,
        "count": row.trades,
    }


def _full(one: Stretch) -> dict[str, Any]:
    changed = {
        "priceChange": padded(one.change),
        "priceChangePercent": one.percent,
        "weightedAvgPrice": padded(one.average),
    }
    return _mini(one) | changed


def _rows(asked: Asked, length_ms: int, since_ms: int | None = None) -> Any:
    """One row for ``symbol``, else a list; ``type=MINI`` leaves the changes out."""
    kind = asked.get("type") or "FULL"
    if kind not in ("FULL", "MINI"):
        raise refused("illegal", "type", "FULL|MINI")
    shape = _full if kind == "FULL" else _mini
    found = [stretch(asked.market, pair, length_ms, since_ms) for pair in wanted(asked)]
    rows = [shape(one) for one in found]
    return rows[0] if asked.get("symbol") is not None else rows


async def _day(asked: Asked) -> Any:
    """The last 24 hours, with the book beside them."""
    kind = asked.get("type") or "FULL"
    rows = _rows(asked, DAY_MS)
    if kind == "MINI":
        return rows
    for row in rows if isinstance(rows, list) else [rows]:
        pair = asked.market.pairs[row["symbol"]]
        bid, ask = best(asked.market, pair)
        last = next(reversed(pair.history.prints), None)
        row |= {
            "prevClosePrice": row["openPrice"],
            "lastQty": padded(last.quantity if last else None),
            "bidPrice": bid,
            "bidQty": SIZE,
            "askPrice": ask,
            "askQty": SIZE,
        }
    return rows


def _named(asked: Asked) -> None:
    if asked.get("symbol") is None and asked.get("symbols") is None:
        raise refused("one_of", "symbol", "symbols")


async def _rolling(asked: Asked) -> Any:
    """A window of minutes, hours or days that ends now."""
    _named(asked)
    text = asked.get("windowSize") or "1d"
    number, unit = text[:-1], text[-1]
    fits = unit in _UNITS and number.isascii() and number.isdecimal()
    if not fits or not 1 <= int(number) <= _MOST[unit]:
        raise refused("illegal", "windowSize", "1m-59m|1h-23h|1d-7d")
    return _rows(asked, int(number) * _UNITS[unit])


async def _trading_day(asked: Asked) -> Any:
    """Since midnight, UTC."""
    _named(asked)
    return _rows(asked, DAY_MS, open_of(ms(asked.at_ns), DAY_MS))


# --- as frames -----------------------------------------------------------------------------------


def mini_frame(market: Market, pair: Pair) -> dict[str, Any]:
    """A frame of ``@miniTicker``."""
    one = stretch(market, pair, DAY_MS)
    row, price = one.bin, one.price
    return {
        "e": "24hrMiniTicker",
        "E": one.closes_ms,
        "s": pair.symbol,
        "c": padded(price(row.close)),
        "o": padded(price(row.open)),
        "h": padded(price(row.high)),
        "l": padded(price(row.low)),
        "v": padded(row.base),
        "q": padded(row.quote),
    }


def frame(market: Market, pair: Pair) -> dict[str, Any]:
    """A frame of ``@ticker``."""
    one = stretch(market, pair, DAY_MS)
    bid, ask = best(market, pair)
    last = next(reversed(pair.history.prints), None)
    return mini_frame(market, pair) | {
        "e": "24hrTicker",
        "p": padded(one.change),
        "P": one.percent,
        "w": padded(one.average),
        "x": padded(one.price(one.bin.open)),
        "Q": padded(last.quantity if last else None),
        "b": bid,
        "B": SIZE,
        "a": ask,
        "A": SIZE,
        "O": one.opens_ms,
        "C": one.closes_ms,
        "F": one.bin.first,
        "L": one.bin.last,
        "n": one.bin.trades,
    }


def average_frame(market: Market, pair: Pair) -> dict[str, Any]:
    """A frame of ``@avgPrice``."""
    one = stretch(market, pair, 5 * MINUTE_MS)
    return {
        "e": "avgPrice",
        "E": one.closes_ms,
        "s": pair.symbol,
        "i": "5m",
        "w": padded(one.average),
        "T": one.closes_ms,
    }


def _open(handler: Handler, weight: int, names: str) -> Endpoint:
    return Endpoint(
        handler=handler,
        params=params(names),
        security=Security.NONE,
        budget=Budget.API,
        weight=weight,
        weighs=None if weight else lambda values: 2 if "symbol" in values else 80,
    )


_TICKER = "/api/v3/ticker"
ENDPOINTS: Table = {
    ("GET", f"{_TICKER}/24hr"): _open(_day, 0, "symbol symbols type symbolStatus"),
    ("GET", f"{_TICKER}/tradingDay"): _open(
        _trading_day, 4, "symbol symbols timeZone type symbolStatus"
    ),
    ("GET", _TICKER): _open(_rolling, 4, "symbol symbols windowSize type symbolStatus"),
}
