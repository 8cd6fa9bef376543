"""Names the pair of a tape from what a person typed or from the tape's file name.

A name never says where its base ends, so the longest quote asset known here decides; whoever
knows better says ``BASE/QUOTE``. It never guesses a pair whose quote is unknown.
"""

from __future__ import annotations

import re
from pathlib import Path

from robson.domain.errors import TapeError
from robson.domain.identity import Symbol

DOLLARS = frozenset(
    {"USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USDP", "USD1", "USDS", "PAX", "DAI", "USD"}
)
"""Quote assets worth about one US dollar."""

_OTHERS = (
    "BTC ETH BNB XRP TRX DOGE DOT SOL VAI EUR EURI AEUR GBP AUD BRL TRY RUB UAH NGN ZAR PLN RON"
    " ARS JPY MXN CZK COP IDRT BIDR BVND BKRW"
)
QUOTES = DOLLARS.union(_OTHERS.split())
"""Quote assets that Binance has listed, and plain USD for tapes from elsewhere."""

_ADVICE = "pass --symbol BASE/QUOTE, for example --symbol BTC/USDT"
_ASSET = re.compile(r"[A-Z0-9]{1,20}")
_TOKEN = re.compile(r"[^-_ .]+")


def symbol_of(text: str) -> Symbol:
    """The pair of ``BTC/USDT`` or ``BTCUSDT``, in any case.

    Raises:
        TapeError: no known quote asset ends it, or it is not a pair at all.
    """
    base, slash, quote = text.strip().upper().partition("/")
    if slash and _ASSET.fullmatch(base) and _ASSET.fullmatch(quote):
        return Symbol(base, quote)
    found = None if slash else _split(base)
    if found is None:
        raise TapeError(f"symbol {text[:40]!r} does not end in a known quote asset; {_ADVICE}")
    return found


def symbol_in_name(path: Path) -> Symbol:
    """The pair that a file name begins with: ``BTCUSDT-1m-2025.csv``, ``BTC_USDT-1m.csv``.

    Raises:
        TapeError: the name begins with no pair of a known quote asset.
    """
    # Only ASCII has its own capitals: upper() makes SS of a sharp s.
    tokens = (token.upper() if token.isascii() else "" for token in _TOKEN.findall(path.name))
    first, second, *_ = [*tokens, "", ""]
    found = _split(first)
    # WBTC_USDT is not W against BTC.
    if second in QUOTES and _ASSET.fullmatch(first) and not first.endswith(second):
        found = Symbol(first, second)
    if found is None:
        raise TapeError(f"{path.name!r}: the file name does not begin with a known pair; {_ADVICE}")
    return found


def _split(pair: str) -> Symbol | None:
    if not _ASSET.fullmatch(pair):
        return None
    for length in range(min(5, len(pair) - 1), 2, -1):
        if pair[-length:] in QUOTES:
            return Symbol(pair[:-length], pair[-length:])
    return None
