"""Compares the moving-average detector with the crossover oracle, candle by candle."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from robson.domain.strategy import StrategyConfig
from robson.domain.values import CANDLE_NS, Candle, Price, Side
from robson.engine.detectors.choose import detector_for
from robson.engine.detectors.protocol import DetectorSignal
from tests.oracle import crossover_oracle
from tests.oracle.grounds import GRIDS, most_ticks
from tests.oracle.mix import BYTES, Mix
from tests.oracle.tally import Tally

# Without shrinking: a case is a whole story, and a shorter one is another.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
WIDE = settings(max_examples=max(250, settings().max_examples), phases=PHASES)
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


def equal(closes: list[Price], fast: int, slow: int, end: int) -> bool:
    """Whether both averages are the same after so many candles."""
    average = crossover_oracle.average
    return average(closes, end, fast) == average(closes, end, slow)


def same_signal(
    signal: DetectorSignal | None, crossed: str | None, wish: Side | None
) -> tuple[str, ...]:
    """Assert that a crossing fires if it is of the wished side; return what happened."""
    wished = wish.value if wish else "auto"
    if signal is not None:
        assert signal.side.value == crossed
        assert wished in ("auto", crossed)
        return (f"{wished} gets {crossed}",)
    if crossed is None:
        return ("quiet",)
    assert wished not in ("auto", crossed)
    return ("the other side waits",)


def about_equality(
    closes: list[Price], fast: int, slow: int, end: int, crossed: str | None
) -> tuple[str, ...]:
    """Whether both averages were the same before a crossing, or have become so without one."""
    if crossed is not None:
        return ("from equality",) if equal(closes, fast, slow, end - 1) else ()
    return ("equality reached",) if equal(closes, fast, slow, end) else ()


def test_crossings_are_the_oracles(record_property: Recorder) -> None:
    """At every candle of a chart, for either side and for whichever comes first."""
    fires = [f"{wish} gets {side.value}" for side in Side for wish in ("auto", side.value)]
    tally = Tally(
        "crossings",
        (
            *(*fires, "the other side waits", "quiet"),
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
            tally.see(f"SMA {fast}/{slow}", *same_signal(signal, crossed, wish))
            if signal is not None:
                assert signal.entry_ref == closes[end - 1]
                fired.append((end - 1, signal.side.value))
            if end > slow:
                tally.seen.update(about_equality(closes, fast, slow, end, crossed))
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
