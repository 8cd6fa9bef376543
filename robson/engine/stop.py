"""Where an entry is proved wrong: the technical stop, the executable stop, the exchange's stop.

Pure functions of closed 15m candles and an explicit time. A stop is a chart level or the documented
ATR fallback; no code here places one at a percentage of the entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Literal

import attrs

from robson.domain.errors import InvalidValue
from robson.domain.instrument import Instrument
from robson.domain.plan import (
    USUAL_INSURANCE,
    InsurancePlan,
    InsuranceTerms,
    Level,
    StopAnalysis,
    StopAudit,
    StopPlan,
)
from robson.domain.strategy import StrategyConfig, TechnicalStopConfig
from robson.domain.values import (
    CANDLE_NS,
    MONEY,
    NS_PER_S,
    Candle,
    ExchangeNs,
    Price,
    Side,
    StopDistanceBounds,
    plain,
    truncate,
)
from robson.engine.levels import Choice, choose, levels_of, recent_extreme, true_ranges

FRESH_NS = CANDLE_NS + 90 * NS_PER_S
"""The last closed candle may be this old, counted from its close."""
INSURANCE_TICKS = 3
"""The exchange stop rests at least this many ticks behind, so that the two do not race."""

NoStopReason = Literal[
    "insufficient",
    "gap",
    "stale",
    "atr_out_of_bounds",
    "stop_out_of_bounds",
    "stop_gain_out_of_bounds",
]


@attrs.frozen(kw_only=True)
class NoValidStop:
    """No stop, therefore no entry. ``message`` carries the numbers.

    ``insufficient``, ``gap`` and ``stale`` mean that the candles cannot be judged. Every other
    reason is a judgement and carries an audit.
    """

    reason: NoStopReason
    message: str
    audit: StopAudit | None = None

    @property
    def data_unavailable(self) -> bool:
        """The chart is incomplete, which says nothing about the trade."""
        return self.reason in {"insufficient", "gap", "stale"}


def analyse(
    candles: Sequence[Candle],
    *,
    entry_ref: Price,
    side: Side,
    config: TechnicalStopConfig,
    now_ns: ExchangeNs,
) -> StopAnalysis | NoValidStop:
    """Find the chart level that proves the entry wrong: the Nth support or resistance.

    ``candles`` are 15m candles, oldest first; those still forming at ``now_ns`` are dropped. Only
    the lookback is judged: what is older changes nothing.
    """
    window = _window(candles, config, now_ns)
    if isinstance(window, NoValidStop):
        return window
    with localcontext(MONEY):
        recent = window[-config.lookback_candles :]
        levels = levels_of(recent, entry_ref=entry_ref, side=side, config=config)
        choice = choose(levels, entry_ref=entry_ref, config=config)
        if choice.level is not None:
            audit = _audit(window, levels, choice, config, atr=None)
            return StopAnalysis(stop=choice.level.price, audit=audit)
        ranges = true_ranges(window, config.atr_period)
        audit = _audit(window, levels, choice, config, atr=ranges / config.atr_period)
        # one division, at the end, so that what can be exact is exact
        distance = ranges * config.atr_multiplier / config.atr_period
        if config.bounds.place(distance, entry_ref) is None:
            return StopAnalysis(stop=Price(entry_ref - side.sign * distance), audit=audit)
        message = (
            f"none of {len(levels)} levels fits and the ATR stop"
            f" {_misfit(distance, entry_ref, config.bounds)}"
        )
        return NoValidStop(reason="atr_out_of_bounds", message=message, audit=audit)


def _window(
    candles: Sequence[Candle], config: TechnicalStopConfig, now_ns: ExchangeNs
) -> Sequence[Candle] | NoValidStop:
    """The closed candles that are judged: in a row, fresh, and enough."""
    need = max(config.lookback_candles, config.atr_period + 1)
    closed = [candle for candle in candles if candle.open_ns + CANDLE_NS <= now_ns][-need:]
    whole = 1
    while whole < len(closed) and (
        closed[-whole].open_ns == closed[-whole - 1].open_ns + CANDLE_NS
    ):
        whole += 1
    if whole < len(closed):
        message = (
            f"no 15m candle before the one of {_utc(closed[-whole].open_ns)};"
            f" {whole} of {need} candles in a row"
        )
        return NoValidStop(reason="gap", message=message)
    age_ns = now_ns - closed[-1].open_ns - CANDLE_NS if closed else 0
    if age_ns > FRESH_NS:
        message = (
            f"the last 15m candle closed {age_ns // NS_PER_S} s ago;"
            f" allowed is {FRESH_NS // NS_PER_S} s"
        )
        return NoValidStop(reason="stale", message=message)
    if len(closed) < need:
        return NoValidStop(reason="insufficient", message=f"{len(closed)} of {need} candles")
    return closed


def _utc(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns // NS_PER_S, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")


def _misfit(distance: Decimal, entry_ref: Decimal, bounds: StopDistanceBounds) -> str:
    bps = plain(truncate(distance * 10_000 / entry_ref, 2))
    return f"is {bps} bps away; allowed is {bounds.min_bps} to {bounds.max_bps} bps"


def _audit(
    window: Sequence[Candle],
    levels: tuple[Level, ...],
    choice: Choice,
    config: TechnicalStopConfig,
    *,
    atr: Decimal | None,
) -> StopAudit:
    return StopAudit(
        candles=len(window),
        first_open_ns=window[0].open_ns,
        last_open_ns=window[-1].open_ns,
        levels=levels,
        configured_n=config.level_n,
        selected_n=choice.number,
        skipped=choice.skipped,
        method="swing" if atr is None else "atr",
        confidence=choice.confidence,
        atr=atr,
        min_bps=config.bounds.min_bps,
        max_bps=config.bounds.max_bps,
    )


@attrs.frozen(kw_only=True)
class Chart:
    """What a stop is found on.

    Attributes:
        candles: closed 15m candles, oldest first.
        forming: the one that has not closed, as far as its prices were seen; None without any.
        supplied: a level that somebody names in place of the chart's.
    """

    candles: Sequence[Candle]
    forming: Candle | None = None
    supplied: Price | None = None


def find_stop(
    chart: Chart,
    *,
    entry_ref: Price,
    side: Side,
    strategy: StrategyConfig,
    instrument: Instrument,
    now_ns: ExchangeNs,
) -> tuple[StopPlan, StopAudit] | NoValidStop:
    """From a chart to the stop that is executed, and how it came about."""
    config = strategy.stop
    analysis: StopAnalysis | NoValidStop
    if chart.supplied is not None:
        analysis = StopAnalysis(stop=chart.supplied, audit=_supplied(config))
    else:
        analysis = analyse(
            chart.candles, entry_ref=entry_ref, side=side, config=config, now_ns=now_ns
        )
    if isinstance(analysis, NoValidStop):
        return analysis
    guard = None
    if config.guard_lookback is not None:
        closed = [candle for candle in chart.candles if candle.open_ns + CANDLE_NS <= now_ns]
        guard = recent_extreme(closed, chart.forming, side=side, count=config.guard_lookback)
        if guard is None:
            message = f"{len(closed)} of {config.guard_lookback} candles for the guard"
            return NoValidStop(reason="insufficient", message=message, audit=analysis.audit)
    plan = plan_stop(
        analysis,
        entry_ref=entry_ref,
        side=side,
        strategy=strategy,
        instrument=instrument,
        guard=guard,
    )
    if isinstance(plan, NoValidStop):
        return plan
    layers = attrs.evolve(analysis.audit, guard=guard, buffer=plan.buffer, stop=plan.stop)
    return plan, layers


def _supplied(config: TechnicalStopConfig) -> StopAudit:
    """Nothing was looked for: somebody said where."""
    return StopAudit(
        candles=0,
        first_open_ns=None,
        last_open_ns=None,
        levels=(),
        configured_n=config.level_n,
        selected_n=None,
        skipped=(),
        method="operator_supplied",
        confidence="none",
        min_bps=config.bounds.min_bps,
        max_bps=config.bounds.max_bps,
    )


def plan_stop(
    analysis: StopAnalysis,
    *,
    entry_ref: Price,
    side: Side,
    strategy: StrategyConfig,
    instrument: Instrument,
    guard: Price | None = None,
) -> StopPlan | NoValidStop:
    """Turn a level into prices that can be executed; the only place that adds guard and buffer.

    The level, the guard where it lies behind it, and the executable stop are each held against the
    bounds, and the insurance stop must fit above zero behind them. The stop-gain is so many spans
    from the entry reference.
    """
    level, unguarded = analysis.stop, None
    audit = attrs.evolve(analysis.audit, guard=guard)
    found = _executable("level", level, entry_ref, side, strategy.stop, instrument)
    if not isinstance(found, str) and guard is not None and (level - guard) * side.sign > 0:
        unguarded = found[0]
        found = _executable("guard", guard, entry_ref, side, strategy.stop, instrument)
    if isinstance(found, str):
        return NoValidStop(reason="stop_out_of_bounds", message=found, audit=audit)
    stop, buffer = found
    unguarded = None if unguarded == stop else unguarded
    stop_gain, spans = None, strategy.stop_gain_spans
    with localcontext(MONEY):
        if spans is not None:
            try:
                ahead = side.sign * spans * abs(entry_ref - stop)
                stop_gain = instrument.target_price(entry_ref + ahead, side)
            except InvalidValue:
                message = f"a stop-gain {plain(spans)} spans from {plain(entry_ref)} has no price"
                audit = attrs.evolve(audit, buffer=buffer, stop=stop)
                return NoValidStop(reason="stop_gain_out_of_bounds", message=message, audit=audit)
    return StopPlan(
        side=side,
        entry_ref=entry_ref,
        technical_stop=level,
        guard=guard,
        unguarded=unguarded,
        buffer=buffer,
        stop=stop,
        stop_gain=stop_gain,
    )


def _executable(
    name: str,
    level: Price,
    entry_ref: Price,
    side: Side,
    config: TechnicalStopConfig,
    instrument: Instrument,
) -> tuple[Price, Decimal] | str:
    """The executable stop and its buffer, capped at a share of the distance; or why not."""
    with localcontext(MONEY):
        away = (entry_ref - level) * side.sign
        if config.bounds.place(away, entry_ref) is not None:
            return f"the {name} {plain(level)} {_misfit(away, entry_ref, config.bounds)}"
        buffer = min(level * config.buffer_bps / 10_000, config.buffer_cap_ratio * away)
        try:
            stop = instrument.stop_price(level - side.sign * buffer, side)
            span = abs(entry_ref - stop)
            insurance_stop(stop, span=span, side=side, instrument=instrument)
        except InvalidValue as error:
            return f"no room for the stop: {error}"
        if config.bounds.place(span, entry_ref) is not None:
            return f"the stop {plain(stop)} {_misfit(span, entry_ref, config.bounds)}"
        return stop, buffer


def insurance_stop(
    stop: Price,
    *,
    span: Decimal,
    side: Side,
    instrument: Instrument,
    terms: InsuranceTerms = USUAL_INSURANCE,
) -> InsurancePlan:
    """The stop that rests on the exchange, behind ``stop`` so that Robson acts first.

    ``offset`` of the answer is the distance that results on the tick grid, in quote.

    Raises:
        InvalidValue: there is no price above zero behind the stop; ``plan_stop`` rules that out.
    """
    with localcontext(MONEY):
        offset = max(
            INSURANCE_TICKS * instrument.tick,
            min(terms.buffer_pct * stop / 100, terms.span_ratio * span),
        )
        price = instrument.stop_price(stop - side.sign * offset, side)
        return InsurancePlan(stop_price=price, offset=abs(stop - price), terms=terms)
