"""Which position a person means: full id, a suffix of it, an order's client id, or a symbol."""

from __future__ import annotations

import re

from robson.api.nearest import did_you_mean
from robson.api.published import Published
from robson.domain.errors import Refused
from robson.domain.identity import read_client_order_id
from robson.domain.instrument import Instrument
from robson.domain.view import PositionView

_SHORTEST = 4
_LONGEST = 26
_SUFFIX = re.compile(r"[0-9A-HJKMNP-TV-Z]+")
_SLIPS = str.maketrans("OIL", "011")
"""What Crockford's base32 reads for the letters it leaves out."""


FEW = 5
"""So many pairs are named to somebody who has named another."""


def symbol_of(text: str) -> str:
    """A pair as one word in capitals: ``btc/usdt`` is ``BTCUSDT``."""
    return text.strip().upper().replace("/", "")


def known_symbol(published: Published, text: str) -> str:
    """The pair somebody typed.

    Raises:
        Refused: ``UNKNOWN_SYMBOL``, with the nearest names.
    """
    symbol = symbol_of(text)
    if not symbol:
        raise Refused("INVALID_ARGUMENT", "a symbol is needed, such as BTCUSDT.")
    if symbol in published.instruments:
        return symbol
    known = sorted(published.instruments)
    hint = did_you_mean(symbol, known)
    if not hint and len(known) <= FEW:
        hint = f" It knows {', '.join(known)}."
    raise Refused("UNKNOWN_SYMBOL", f"{symbol} is not a pair that this daemon knows.{hint}")


def instrument_of(published: Published, symbol: str) -> Instrument:
    """The rules of a known pair."""
    return published.instruments[known_symbol(published, symbol)]


def find_position(published: Published, text: str, *, live_only: bool = False) -> PositionView:
    """The one position that ``text`` names; a symbol means its live one, else its newest.

    Args:
        published: where to look.
        text: full id, suffix of four or more, client order id, or symbol.
        live_only: a symbol without a live position is refused.

    Raises:
        Refused: none, or more than one, is meant.
    """
    typed = text.strip()
    if not typed:
        raise Refused("INVALID_ARGUMENT", "a position is needed: an id, its end, or a symbol.")
    by_symbol = [view for view in published.positions if str(view.scope.symbol) == symbol_of(typed)]
    if by_symbol or symbol_of(typed) in published.instruments:
        return _of_symbol(symbol_of(typed), by_symbol, live_only=live_only)
    ours = read_client_order_id(typed.lower())
    if ours is not None:
        return _of_order(published, typed.lower())
    return _of_suffix(published, typed)


def _of_symbol(symbol: str, views: list[PositionView], *, live_only: bool) -> PositionView:
    live = [view for view in views if not view.state.is_terminal]
    if live:
        return live[-1]
    if views and not live_only:
        return views[-1]
    which = "live position" if live_only else "position"
    raise Refused("POSITION_NOT_FOUND", f"there is no {which} on {symbol}.", (("symbol", symbol),))


def _of_order(published: Published, client_id: str) -> PositionView:
    for view in reversed(published.positions):
        if view.order(client_id) is not None:
            return view
    raise Refused("POSITION_NOT_FOUND", f"no position has an order {client_id}.")


def _reads_as_pair(published: Published, text: str) -> bool:
    """Letters that end in an asset in which a known pair is priced, or a slip of a known pair."""
    quotes = tuple(rules.symbol.quote for rules in published.instruments.values())
    known = text.isalpha() and len(text) > _SHORTEST and text.endswith(quotes)
    return known or bool(did_you_mean(text, published.instruments))


def _of_suffix(published: Published, typed: str) -> PositionView:
    text = typed.upper()
    full = text.startswith("POS_")
    pair = symbol_of(typed)
    body = text.removeprefix("POS_").translate(_SLIPS)
    if not _SUFFIX.fullmatch(body) or len(body) > _LONGEST or (full and len(body) != _LONGEST):
        if _reads_as_pair(published, pair):
            known_symbol(published, pair)
        raise Refused(
            "POSITION_NOT_FOUND",
            f"{typed} is neither a position id, nor the end of one, nor a"
            " pair that this daemon knows.",
        )
    if len(body) < _SHORTEST:
        raise Refused(
            "INVALID_ARGUMENT",
            f"{typed} is too short: the last {_SHORTEST} characters of an id,"
            " or more, or a symbol.",
        )
    found = [view for view in published.positions if view.id.endswith(body)]
    if not found:
        if _reads_as_pair(published, pair):
            known_symbol(published, pair)
        raise Refused("POSITION_NOT_FOUND", f"there is no position {typed}.")
    if len(found) > 1:
        names = " ".join(view.id for view in found[:10])
        raise Refused(
            "AMBIGUOUS_POSITION",
            f"{typed} fits {len(found)} positions: type more of the id, or the symbol.",
            (("candidates", names),),
        )
    return found[0]
