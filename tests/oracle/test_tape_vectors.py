"""Judges the tape oracle by worked vectors of candles and ticks."""

from __future__ import annotations

from decimal import Decimal

from tests.oracle import tape_oracle
from tests.oracle.vectors import QUARTER_HOUR, Case, vectors


def test_candles_of_a_tape() -> None:
    frame = QUARTER_HOUR
    trades = [
        (frame - 5, "9"),  # the end of a slot whose beginning is not on the tape
        (frame, "10"),
        (frame + 1, "12"),
        (2 * frame - 1, "11"),
        (2 * frame, "13"),  # begins at the close: belongs to the next candle
        (4 * frame, "14"),  # the slot between is empty
    ]
    rows = tape_oracle.from_trades(trades)

    made = tape_oracle.candles(rows, 5 * frame)

    assert made == [
        (frame, "10", "12", "10", "11"),
        (2 * frame, "13", "13", "13", "13"),
        (4 * frame, "14", "14", "14", "14"),
    ]
    assert [c[0] for c in tape_oracle.candles(rows, 5 * frame - 1)] == [frame, 2 * frame]
    assert tape_oracle.candles(rows[1:], 5 * frame) == made


@vectors(
    zeros_stripped=(["61837.63000000", "61837.60000000"], "0.01"),
    whole=(["30000.0", "59500.0"], "1"),
    fine=(["0.00139676"], "0.00000001"),
    no_point=(["100", "200"], "1"),
)
def test_tick_derived_from_the_tape(case: Case) -> None:
    texts, tick = case

    assert tape_oracle.derived_tick(texts) == Decimal(tick)
