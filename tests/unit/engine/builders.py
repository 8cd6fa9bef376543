"""Small makers of the values that the engine's tests speak about."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.plan import EntryPlan, InsurancePlan, Sizing, StopPlan
from robson.domain.strategy import TrailingMode
from robson.domain.values import CANDLE_NS, Candle, ExchangeNs, Leverage, Price, Side
from robson.engine.exits import Ladder, Watch
from robson.engine.sizing import SizingTerms, size
from robson.engine.snapshot import DiskState, RiskSnapshot, WalletState

D = Decimal
BTC = Instrument(symbol=Symbol("BTC", "USDT"), tick=D("0.01"), step=D("0.00001"))
"""The instrument of the worked figures: tick 0.01, step 0.00001."""


def instrument(
    *,
    tick: str = "0.01",
    step: str = "0.00001",
    min_price: str = "0",
    min_qty: str = "0",
    max_qty: str = "0",
    min_notional: str = "0",
) -> Instrument:
    """A symbol with the given rules."""
    return Instrument(
        symbol=Symbol("BTC", "USDT"),
        tick=D(tick),
        step=D(step),
        min_price=D(min_price),
        min_qty=D(min_qty),
        max_qty=D(max_qty),
        min_notional=D(min_notional),
    )


def candle(index: int, *, low: object, high: object, close: object | None = None) -> Candle:
    """The candle of a 15m slot; it opens and closes at ``close``, else in the middle."""
    bottom, top = D(str(low)), D(str(high))
    middle = (bottom + top) / 2 if close is None else D(str(close))
    price = Price(middle)
    return Candle(index * CANDLE_NS, price, Price(top), Price(bottom), price)


def chart(
    side: Side, swings: Sequence[object], *, flat: object, count: int = 100, first: int = 0
) -> list[Candle]:
    """A flat chart with one swing of one candle for each given price, oldest first.

    A long's swings are lows below ``flat``, a short's highs above it.
    """
    level = D(str(flat))
    candles = [candle(first + slot, low=level, high=level) for slot in range(count)]
    for place, swing in enumerate(swings):
        slot = count - 6 * (len(swings) - place)
        price = D(str(swing))
        low, high = (price, level) if side is Side.LONG else (level, price)
        candles[slot] = candle(first + slot, low=low, high=high, close=level)
    return candles


def closed(candles: Sequence[Candle], *, later_s: int = 0) -> ExchangeNs:
    """The instant at which the last candle closes, or so many seconds later."""
    return ExchangeNs(candles[-1].open_ns + CANDLE_NS + later_s * 1_000_000_000)


def stops(
    entry: object,
    stop: object,
    *,
    gain: object | None = None,
    level: object | None = None,
) -> StopPlan:
    """A plan whose side follows from where the stop lies."""
    return StopPlan(
        side=Side.LONG if D(str(stop)) < D(str(entry)) else Side.SHORT,
        entry_ref=Price(str(entry)),
        technical_stop=Price(str(stop if level is None else level)),
        buffer=D(0),
        stop=Price(str(stop)),
        stop_gain=None if gain is None else Price(str(gain)),
    )


def terms(capital: object = 10_000, **changes: Decimal) -> SizingTerms:
    """Fee 0.1 %, gap 10 bps, no entry slip, no interest, leverage 3, all capital as equity."""
    amount = D(str(capital))
    values: dict[str, Decimal] = {
        "capital": amount,
        "equity": amount,
        "risk_pct": D(1),
        "fee": D("0.001"),
        "entry_slip_bps": D(0),
        **changes,
    }
    return SizingTerms(leverage=Leverage(3), **values)


def watch(
    entry: object,
    stop: object,
    *,
    gain: object | None = None,
    be_bps: object = 15,
    mode: TrailingMode = TrailingMode.HANDSPAN,
    rules: Instrument = BTC,
) -> Watch:
    """A fresh watch of a position; its side follows from where the stop lies."""
    plan = stops(entry, stop, gain=gain)
    ladder = Ladder(
        side=plan.side,
        entry_ref=plan.entry_ref,
        span=plan.span,
        be_bps=D(str(be_bps)),
        mode=mode,
        instrument=rules,
    )
    return Watch(
        side=plan.side,
        stop=plan.stop,
        first_stop=plan.stop,
        stop_gain=plan.stop_gain,
        rung=0,
        ladder=ladder,
    )


CLEAN = WalletState(base_total=D(0), debt=D(0), resting_orders=0, dust_limit=D("0.00001"))
"""A pair that holds nothing."""
FINE = RiskSnapshot(
    runtime_state="RUNNING",
    monthly_halt=False,
    open_positions=2,
    max_open=3,
    duplicate=False,
    wallet=CLEAN,
    capital_base=D(10_000),
    remaining_budget=D(400),
    leverage=3,
    max_leverage=3,
    price_age_s=D("0.2"),
    live_price=Price("95000"),
    month_resets="Dec 1, 00:00 UTC",
    disk=DiskState(free_mib=64, least_mib=64),
)
"""A snapshot that no gate denies."""


def entry_plan(*, net: str | None = "1.2") -> EntryPlan:
    """The worked long with a target of two spans, netting ``net`` R."""
    plan = stops("95000", "93500", gain="98000")
    sizing = size(plan, terms(), BTC)
    assert isinstance(sizing, Sizing)
    return EntryPlan(
        stops=plan,
        sizing=sizing,
        insurance=InsurancePlan(stop_price=Price("93125"), offset=D(375)),
        be_bps=D(25),
        net_r_at_gain=None if net is None else D(net),
        borrows=False,
        decided_ns=ExchangeNs(0),
    )
