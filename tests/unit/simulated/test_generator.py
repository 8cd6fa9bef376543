"""A generated tape is the same bytes everywhere, looks like a market, and says that it is none."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from statistics import correlation, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson.connectors.simulated.generator import BAR_NS, generate, generate_history, write_csv
from robson.connectors.simulated.rules import instrument_for
from robson.connectors.simulated.tape import Tape
from robson.connectors.simulated.tape_reader import read_tape
from robson.domain.errors import InvalidValue
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.values import CANDLE_NS, NS_PER_S

ROOT = Path(__file__).resolve().parents[3]
SEEDS = range(1, 21)

# The default tape and its history. These change only together with a word in the changelog:
# people compare runs by seed.
TAPE_SHA256 = "5e7d935d23b49d985a7d15de15ac1e23c087c1afcd5852ea18df0dce1793aa3e"
HISTORY_SHA256 = "ddf00deacf6f2691bf3857f6b31d3b3d9ec5df716607e9d0be468c6990b77f42"

DIGESTS = """
import hashlib, pathlib, sys
from robson.connectors.simulated.generator import generate, generate_history, write_csv
from robson.connectors.simulated.rules import instrument_for
tape = generate()
instrument = instrument_for(tape.symbol, tape=tape)
history = generate_history(instrument=instrument, before_ns=tape.first_ns, price=tape.first_price)
for one in (tape, history):
    write_csv(one, pathlib.Path(sys.argv[1]))
    print(hashlib.sha256(pathlib.Path(sys.argv[1]).read_bytes()).hexdigest())
"""


def moves(tape: Tape) -> list[float]:
    """Relative change inside each bar."""
    open_, _, _, close = tape.columns.prices
    return [after / before - 1 for before, after in zip(open_, close, strict=True)]


def jumps(tape: Tape) -> list[float]:
    """Relative size of each jump between two bars, in percent."""
    open_, _, _, close = tape.columns.prices
    return [abs(after / before - 1) * 100 for before, after in zip(close, open_[1:], strict=False)]


def silences(tape: Tape) -> list[int]:
    """Minutes left out, where some are."""
    times = tape.columns.times
    gaps = [(two - one) // BAR_NS - 1 for one, two in pairwise(times)]
    return [gap for gap in gaps if gap]


@pytest.mark.parametrize("hash_seed", ["0", "12345"])
def test_one_seed_is_the_same_bytes_in_every_process(tmp_path: Path, hash_seed: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", DIGESTS, str(tmp_path / "tape.csv")],
        env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout.split() == [TAPE_SHA256, HISTORY_SHA256]


def test_seeds_and_pairs_differ(tmp_path: Path) -> None:
    digests = set()
    for seed in (-1, 0, 1, 2):
        for pair in (Symbol("BTC", "USDT"), Symbol("LTC", "USDT")):
            write_csv(generate(seed, symbol=pair, start_price=Decimal(100)), tmp_path / "t.csv")
            digests.add(hashlib.sha256((tmp_path / "t.csv").read_bytes()).hexdigest())

    assert len(digests) == 8


def test_the_default_is_half_a_day_of_bitcoin_and_says_that_it_is_synthetic() -> None:
    tape = generate()

    assert (tape.kind, tape.synthetic, tape.name) == ("generated", True, "generated (seed 1)")
    assert tape.symbol == Symbol("BTC", "USDT")
    assert tape.first_price == 60_000
    assert 12 * 3600 - 600 <= (tape.end_ns - tape.first_ns) // NS_PER_S <= 12 * 3600
    assert tape.first_ns % CANDLE_NS == 0
    assert instrument_for(tape.symbol, tape=tape).derived is False


@pytest.mark.parametrize("seed", SEEDS)
def test_a_market_jumps_falls_silent_and_moves_in_clusters(seed: int) -> None:
    tape = generate(seed, minutes=24 * 60)
    sizes = [abs(move) for move in moves(tape)]

    assert sum(size >= 0.1 for size in jumps(tape)) >= 5
    assert max(jumps(tape)) < 2
    assert len(silences(tape)) >= 5
    # Shorter than a candle, so that no candle is missing.
    assert max(silences(tape)) <= 7
    assert 0.0003 < pstdev(moves(tape)) < 0.0025
    assert Decimal(40_000) < tape.highest_price < Decimal(90_000)
    assert correlation(sizes[:-1], sizes[1:]) > 0.02


def test_volatility_clusters_over_many_seeds() -> None:
    together = [
        correlation(sizes[:-10], sizes[10:])
        for seed in SEEDS
        for sizes in [[abs(move) for move in moves(generate(seed, minutes=24 * 60))]]
    ]

    assert sum(together) / len(together) > 0.15


def life(tape: Tape, start: int, span_ppm: int, sign: int) -> str:
    """How a trade ends that stops one span away and gains two."""
    open_, high, low, _ = tape.columns.prices
    entry, span = open_[start], open_[start] * span_ppm // 1_000_000
    for top, bottom in zip(high[start:], low[start:], strict=True):
        against, along = (bottom, top) if sign > 0 else (top, bottom)
        if (against - entry) * sign <= -span:
            return "stop"
        if (along - entry) * sign >= 2 * span:
            return "gain"
    return "open"


@pytest.mark.parametrize("span_ppm", [3_000, 6_000, 10_000, 15_000])
def test_the_default_tape_decides_a_trade_within_hours(span_ppm: int) -> None:
    assert life(generate(1), 0, span_ppm, 1) != "open"
    assert life(generate(1), 0, span_ppm, -1) != "open"

    ends = [life(generate(seed), 0, span_ppm, sign) for seed in SEEDS for sign in (1, -1)]
    assert ends.count("open") <= len(ends) * 0.35
    assert ends.count("stop") >= 4
    assert ends.count("gain") >= 4


@given(
    seed=st.integers(),
    decimals=st.integers(0, 10),
    count=st.integers(1, 10**7),
    minutes=st.integers(1, 400),
)
def test_prices_lie_on_the_grid_and_bars_are_possible(
    seed: int, decimals: int, count: int, minutes: int
) -> None:
    tick = Decimal(5).scaleb(-decimals)
    tape = generate(
        seed, symbol=Symbol("A", "BTC"), start_price=count * tick, tick=tick, minutes=minutes
    )

    assert tape.first_price == count * tick
    assert tape.fits(tick)
    assert len(tape) + sum(silences(tape)) <= minutes
    for open_, high, low, close in zip(*tape.columns.prices, strict=True):
        assert 0 < low <= min(open_, close) <= max(open_, close) <= high


@given(
    seed=st.integers(),
    before_ns=st.integers(30 * 3600 * NS_PER_S, 2 * 10**18),
    count=st.integers(1, 10**7),
    base=st.sampled_from(["0", "0.07", "3"]),
)
def test_history_ends_where_the_tape_begins(
    seed: int, before_ns: int, count: int, base: str
) -> None:
    instrument = Instrument(
        symbol=Symbol("A", "BTC"),
        tick=Decimal("0.05"),
        step=Decimal(1),
        min_price=Decimal(base),
    )
    price = instrument.price_of(count)

    history = generate_history(seed, instrument=instrument, before_ns=before_ns, price=price)

    assert history.synthetic
    assert 0 <= before_ns - history.end_ns < BAR_NS
    assert history.price(history.columns.prices[3][-1]) == price
    assert history.first_ns <= before_ns - 26 * 3600 * NS_PER_S
    assert history.fits(instrument.tick, instrument.min_price)
    assert max(silences(history), default=0) <= 7
    for open_, high, low, close in zip(*history.columns.prices, strict=True):
        assert low <= min(open_, close) <= max(open_, close) <= high


def test_history_is_made_for_recorded_tapes(tapes: Path | None) -> None:
    tape = generate(5, symbol=Symbol("XRP", "ETH"))
    if tapes is not None:
        tape = read_tape(tapes / "ticks/XRPETH-aggtrades-2019-10-11_2019-10-13.csv.gz")
    instrument = instrument_for(tape.symbol, tape=tape)

    history = generate_history(
        instrument=instrument, before_ns=tape.first_ns, price=tape.first_price
    )

    assert history.price(history.columns.prices[3][-1]) == tape.first_price
    assert history.end_ns <= tape.first_ns
    assert pstdev(moves(history)) > 0.0003


def test_what_cannot_be_generated_is_refused() -> None:
    cents = Instrument(symbol=Symbol("A", "B"), tick=Decimal("0.01"), step=Decimal(1))
    with pytest.raises(InvalidValue, match="not on the tick grid"):
        generate(start_price=Decimal("1.005"))
    with pytest.raises(InvalidValue, match="must be above 0"):
        generate(tick=Decimal(-1))
    with pytest.raises(InvalidValue, match="must be positive"):
        generate(start_price=Decimal(-1))
    with pytest.raises(InvalidValue, match="whole minutes"):
        generate(start_ns=1)
    with pytest.raises(InvalidValue, match="whole minutes"):
        generate(minutes=0)
    with pytest.raises(InvalidValue, match="do not fit 64 bits"):
        generate(start_price=Decimal(10**11))
    with pytest.raises(InvalidValue, match="do not fit before"):
        generate_history(instrument=cents, before_ns=CANDLE_NS, price=Decimal(1))
    with pytest.raises(InvalidValue, match="not on the tick grid"):
        generate_history(instrument=cents, before_ns=10**18, price=Decimal("1.001"))
