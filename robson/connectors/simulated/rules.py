"""Finds the symbol rules that a simulation trades under: told, known, or read off the tape.

In this order: a file in the format of Binance's exchangeInfo; a small table built in; the decimals
of the tape. It never moves a price onto a grid: where the tape is finer than the rules, the tick
gives way, because the prices are facts.
"""

from __future__ import annotations

import math
from decimal import ROUND_FLOOR, Decimal, localcontext
from pathlib import Path
from typing import Literal, NamedTuple

from robson.connectors.simulated.exchange_info import Listing, read_listing
from robson.connectors.simulated.tape import Tape
from robson.connectors.simulated.tape_source import shown
from robson.connectors.simulated.tape_symbol import DOLLARS
from robson.domain.errors import ConfigError, TapeError
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.intents import OrderType
from robson.domain.values import MONEY

RulesSource = Literal["exchange-info", "built-in", "derived"]

_ALL_ORDERS = frozenset(kind.value for kind in OrderType)

# Tick in quote, step in base, smallest order in quote. Binance has changed some of these over the
# years; of several ticks the finest stands here, so that tapes of every year fit.
_BUILT_IN = {
    Symbol("BTC", "USDT"): ("0.01", "0.00001", "5"),
    Symbol("ETH", "USDT"): ("0.01", "0.0001", "5"),
    Symbol("SOL", "USDT"): ("0.01", "0.001", "5"),
    Symbol("BNB", "USDT"): ("0.01", "0.001", "5"),
    Symbol("XRP", "USDT"): ("0.0001", "0.1", "5"),
    Symbol("ETH", "BTC"): ("0.00001", "0.0001", "0.0001"),
    Symbol("XRP", "ETH"): ("0.00000001", "1", "0.005"),
}

# Smallest order by quote asset where only the tape is known; elsewhere there is no such rule.
_MIN_NOTIONAL = {"BTC": "0.0001", "ETH": "0.001", "BNB": "0.01"}
_FINEST_STEP = -8
"""Balances have 8 decimals."""
_FINEST_TICK = -8
"""Orders name prices with at most 8 decimals: with a finer tick no stop could be placed."""


class Rules(NamedTuple):
    """Symbol rules and where they come from.

    Attributes:
        warnings: sentences that a person should read once.
    """

    instrument: Instrument
    source: RulesSource
    warnings: tuple[str, ...] = ()


def instrument_for(
    symbol: Symbol, *, tape: Tape | None = None, exchange_info: Path | None = None
) -> Instrument:
    """The instrument alone; see ``rules_for``."""
    return rules_for(symbol, tape=tape, exchange_info=exchange_info).instrument


def rules_for(
    symbol: Symbol, *, tape: Tape | None = None, exchange_info: Path | None = None
) -> Rules:
    """Symbol rules under which every price of the tape is a whole number of ticks.

    A file of rules that was named must list the symbol. Where its tick does not hold the tape's
    prices (recorded in another year, it may not), the finest tick that both need takes its place,
    the rules are marked ``derived``, and a warning says so; everything else stays as told. The
    built-in table counts only where the tape fits it.

    Raises:
        ConfigError: the file is unreadable, not exchangeInfo, or lacks the symbol; or without a
            file, nothing is known of the symbol and there is no tape.
        TapeError: prices have more decimals than an order may name.
    """
    if tape is not None and tape.decimals > -_FINEST_TICK:
        raise TapeError(
            f"{tape.name}: has prices of {tape.decimals} decimals; expected at most"
            f" {-_FINEST_TICK}, as many as an order at the exchange may have"
        )
    if exchange_info is not None:
        return _told(read_listing(exchange_info, symbol), tape, shown(exchange_info))
    known = _BUILT_IN.get(symbol)
    if known is not None and (tape is None or tape.fits(Decimal(known[0]))):
        tick, step, min_notional = map(Decimal, known)
        return Rules(_plain_rules(symbol, tick, step, min_notional, derived=False), "built-in")
    if tape is None:
        raise ConfigError(f"no rules are known for {symbol}; pass --exchange-info FILE")
    return Rules(_derived(symbol, tape), "derived")


def _derived(symbol: Symbol, tape: Tape) -> Instrument:
    """Rules read off the prices.

    The tick is the last decimal in use. The step is the largest power of ten worth at most a
    hundredth of the smallest order (of one quote unit, where none is known) at the highest price:
    rounding a size down then loses nothing worth having.
    """
    text = "5" if symbol.quote in DOLLARS else _MIN_NOTIONAL.get(symbol.quote, "0")
    min_notional = Decimal(text)
    with localcontext(MONEY):
        share = (min_notional or Decimal(1)) / 100 / tape.highest_price
        exponent = int(share.log10().to_integral_value(rounding=ROUND_FLOOR))
    step = Decimal(1).scaleb(max(_FINEST_STEP, min(0, exponent)))
    tick = Decimal(1).scaleb(-tape.decimals)
    return _plain_rules(symbol, tick, step, min_notional, derived=True)


def _plain_rules(
    symbol: Symbol, tick: Decimal, step: Decimal, min_notional: Decimal, *, derived: bool
) -> Instrument:
    return Instrument(
        symbol=symbol,
        tick=tick,
        step=step,
        min_qty=step,
        min_notional=min_notional,
        order_types=_ALL_ORDERS,
        derived=derived,
    )


def _told(listing: Listing, tape: Tape | None, name: str) -> Rules:
    tick, min_price = listing.tick, listing.min_price
    warnings: tuple[str, ...] = ()
    if tape is None and not tick:
        raise ConfigError(f"{name}: {listing.symbol} PRICE_FILTER has no tickSize above 0")
    if not listing.step:
        raise ConfigError(f"{name}: {listing.symbol} LOT_SIZE has no stepSize above 0")
    for what, grid in (("tickSize", listing.tick), ("stepSize", listing.step)):
        if grid.scaleb(-_FINEST_TICK) % 1:
            raise ConfigError(
                f"{name}: {listing.symbol} {what} is {grid:f}; expected at most"
                f" {-_FINEST_TICK} decimals"
            )
    if tape is not None and not (tick and tape.fits(tick, min_price)):
        finer = _finer_tick(tick, tape)
        said = f"its tick {tick:f} does not hold the prices of {tape.name} from {min_price:f} up"
        warnings = (f"{name}: {said}; {finer:f} is used instead",)
        tick, min_price = finer, Decimal(0)
    instrument = Instrument(
        symbol=listing.symbol,
        tick=tick,
        step=listing.step,
        min_price=min_price,
        min_qty=listing.min_qty,
        max_qty=listing.max_qty,
        market_step=listing.market_step,
        market_max_qty=listing.market_max_qty,
        min_notional=listing.min_notional,
        order_types=listing.order_types,
        derived=bool(warnings),
    )
    return Rules(instrument, "exchange-info", warnings)


def _finer_tick(tick: Decimal, tape: Tape) -> Decimal:
    """The largest tick of which the given one and the tape's last decimal are both multiples."""
    places = tape.decimals
    while tick.scaleb(places) % 1:
        places += 1
    common = math.gcd(int(tick.scaleb(places)), 10 ** (places - tape.decimals))
    return Decimal(common).scaleb(-places)
