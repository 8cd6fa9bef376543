"""Compares the moving-average detector with the crossover oracle, candle by candle."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from robson.domain.strategy import StrategyConfig
from robson.domain.values import CANDLE_NS, Candle, Price, Side
from robson.engine.detectors.choose import detector_for
from tests.oracle import crossover_oracle
from tests.oracle.grounds import GRIDS, most_ticks
from tests.oracle.mix import BYTES, Mix
from tests.oracle.tally import Tally

WIDE = settings(max_examples=max(400, settings().max_examples))
PERIODS = ((9, 21), (2, 3), (4, 9), (2, 21), (20, 21))
Recorder = Callable[[str, object], None]
supplies = st.binary(min_size=BYTES, max_size=BYTES)


def some_closes(mix: Mix, slow: int) -> list[Price]:
    """A wandering price; on a narrow one averages meet, and stand still, often."""
    chance, unit = mix.chance(), mix.pick(GRIDS)
    at = mix.magnitude(30, most_ticks(unit) // 2)
    swing = mix.pick((1, 2, max(1, at // 200), max(1, at // 20)))
    closes = []
    for _ in range(mix.number(slow - 1, slow + 25)):
        at = max(1, at + chance.choice((0, swing, -swing, chance.randint(-swing, swing))))
        closes.append(Price(at * unit))
    return closes


def candles_of(closes: list[Price]) -> list[Candle]:
    """Only the closes matter."""
    return [Candle(place * CANDLE_NS, *[close] * 4) for place, close in enumerate(closes)]


def equal_before(closes: list[Price], fast: int, slow: int, end: int) -> bool:
    """Whether both averages were the same one candle earlier."""
    average = crossover_oracle.average
    return average(closes, end - 1, fast) == average(closes, end - 1, slow)


def test_crossings_are_the_oracles(record_property: Recorder) -> None:
    """At every candle of a chart, for either side and for whichever comes first."""
    fires = [f"{wish} gets {side.value}" for side in Side for wish in ("auto", side.value)]
    tally = Tally(
        "crossings",
        (
            *(*fires, "the other side waits", "quiet", "too few candles"),
            *("from equality", "equality reached", *(f"SMA {f}/{s}" for f, s in PERIODS)),
        ),
    )

    @WIDE
    @given(supply=supplies)
    def compare(supply: bytes) -> None:
        mix = Mix(supply)
        fast, slow = mix.pick(PERIODS)
        wish = mix.pick((None, *Side))
        strategy = StrategyConfig(name="s", bias=wish, fast=fast, slow=slow)
        detector = detector_for(strategy, None)
        closes = some_closes(mix, slow)
        candles = candles_of(closes)
        fired = []
        for end in range(slow - 1, len(closes) + 1):
            signal = detector.on_candle(candles[:end])
            crossed = crossover_oracle.crossing(closes[:end], fast, slow)
            told = [f"SMA {fast}/{slow}"]
            if signal is not None:
                assert signal.side.value == crossed
                assert wish in (None, signal.side)
                assert signal.entry_ref == closes[end - 1]
                fired.append((end - 1, signal.side.value))
                told.append(f"{wish.value if wish else 'auto'} gets {signal.side.value}")
            elif crossed is not None:
                assert wish is not None
                assert wish.value != crossed
                told.append("the other side waits")
            else:
                told.append("quiet" if end > slow else "too few candles")
            if end > slow and equal_before(closes, fast, slow, end):
                told.append("from equality" if crossed else "still equal or level")
            if end > slow and not crossed and equal_before(closes, fast, slow, end + 1):
                told.append("equality reached")
            tally.see(*told)
        first = crossover_oracle.first_crossing(closes, wish.value if wish else "auto", fast, slow)
        assert (fired[0] if fired else None) == first

    compare()
    tally.settle(record_property)


def test_an_average_is_never_rounded_into_a_crossing(record_property: Recorder) -> None:
    """One tick in fourteen digits decides, and thirds of it do."""
    tally = Tally("crossings by a hair", ("long", "short", "none"))

    @WIDE
    @given(supply=supplies)
    def compare(supply: bytes) -> None:
        mix = Mix(supply)
        level = Decimal("123456.78901234")
        closes = [Price(level)] * 23
        for place in (mix.number(2, 22), mix.number(2, 22), 1):
            closes[-place] = Price(level + mix.number(-1, 1) * Decimal("1E-8"))
        signal = detector_for(StrategyConfig(name="s", bias=None), None).on_candle(
            candles_of(closes)
        )
        crossed = crossover_oracle.crossing(closes)
        assert (signal.side.value if signal else None) == crossed
        tally.see(crossed or "none")

    compare()
    tally.settle(record_property)
