"""Reads one symbol's rules from a file in the format of Binance's ``GET /api/v3/exchangeInfo``.

Tolerant where the exchange has varied (numbers as text or not, old and new filter names, a recorded
answer inside ``payload``), and never silent where a rule cannot be read.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from robson.connectors.simulated.tape_source import open_regular, shown
from robson.domain.errors import ConfigError, TapeError
from robson.domain.identity import Symbol

_MAX_BYTES = 64 * 1024 * 1024
"""Four times what Binance sends for all its symbols."""
_MAX_PLACES = 18
"""Decimals, and digits before the point, within which any exchange's numbers lie."""

_Filters = dict[str, dict[str, Any]]


class Listing(NamedTuple):
    """The rules of one symbol as the exchange states them; zero is no rule.

    Attributes:
        symbol: the exchange's own base and quote, which a name cannot tell.
    """

    symbol: Symbol
    tick: Decimal
    min_price: Decimal
    step: Decimal
    min_qty: Decimal
    max_qty: Decimal
    market_step: Decimal
    market_max_qty: Decimal
    min_notional: Decimal
    order_types: frozenset[str]


def read_listing(path: Path, symbol: Symbol) -> Listing:
    """The rules of one symbol.

    Raises:
        ConfigError: the file is unreadable, not exchangeInfo, or does not list the symbol.
    """
    entry, name = _entry(path, symbol), shown(path)
    filters = _filters(entry, name)

    def number(kind: str, field: str) -> Decimal:
        return _number(filters.get(kind, {}).get(field, 0), f"{name}: {symbol} {kind} {field}")

    return Listing(
        symbol=_symbol(entry, symbol),
        tick=number("PRICE_FILTER", "tickSize"),
        min_price=number("PRICE_FILTER", "minPrice"),
        step=number("LOT_SIZE", "stepSize"),
        min_qty=number("LOT_SIZE", "minQty"),
        max_qty=number("LOT_SIZE", "maxQty"),
        market_step=number("MARKET_LOT_SIZE", "stepSize"),
        market_max_qty=number("MARKET_LOT_SIZE", "maxQty"),
        min_notional=max(number("NOTIONAL", "minNotional"), number("MIN_NOTIONAL", "minNotional")),
        order_types=_order_types(entry, name),
    )


def _entry(path: Path, symbol: Symbol) -> dict[str, Any]:
    document = _document(path)
    if isinstance(document, dict) and isinstance(document.get("payload"), dict):
        document = document["payload"]
    entries = document.get("symbols") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ConfigError(f"{shown(path)}: is not exchangeInfo: it has no list 'symbols'")
    listed = {str(entry.get("symbol")): entry for entry in entries if isinstance(entry, dict)}
    if str(symbol) not in listed:
        names = shown(", ".join(sorted(listed)) or "nothing")
        raise ConfigError(f"{shown(path)}: does not list {symbol}; it lists {names}")
    return listed[str(symbol)]


def _document(path: Path) -> object:
    try:
        with open_regular(path) as file:
            text = file.read(_MAX_BYTES + 1)
        if len(text) > _MAX_BYTES:
            raise ConfigError(f"{shown(path)}: is larger than {_MAX_BYTES} bytes")
        document: object = json.loads(text, parse_float=Decimal)
    except TapeError as error:
        raise ConfigError(str(error)) from error
    except ConfigError:
        raise
    except (OSError, EOFError, ValueError, ArithmeticError, RecursionError) as error:
        what = shown(error) or type(error).__name__
        raise ConfigError(f"{shown(path)}: is not exchangeInfo in JSON: {what}") from error
    return document


def _filters(entry: dict[str, Any], name: str) -> _Filters:
    filters = entry.get("filters")
    if not isinstance(filters, list) or not all(isinstance(part, dict) for part in filters):
        raise ConfigError(f"{name}: {shown(entry['symbol'])} has no list 'filters'")
    return {str(part.get("filterType")): part for part in filters}


def _symbol(entry: dict[str, Any], named: Symbol) -> Symbol:
    base, quote = entry.get("baseAsset"), entry.get("quoteAsset")
    if isinstance(base, str) and isinstance(quote, str) and base and quote:
        return Symbol(base, quote)
    return named


def _order_types(entry: dict[str, Any], name: str) -> frozenset[str]:
    types = entry.get("orderTypes")
    if not isinstance(types, list) or not all(isinstance(one, str) for one in types):
        raise ConfigError(f"{name}: {shown(entry['symbol'])} has no list 'orderTypes'")
    return frozenset(types)


def _number(value: object, what: str) -> Decimal:
    """Zero or more, within the digits that money arithmetic keeps exactly."""
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        try:
            number = Decimal(value)
        except ArithmeticError:
            number = Decimal("NaN")
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and exponent >= -_MAX_PLACES and 0 <= number < 10**_MAX_PLACES:
            return number
    raise ConfigError(f"{what} is {shown(value, 40)!r}; expected a number, zero or more")
