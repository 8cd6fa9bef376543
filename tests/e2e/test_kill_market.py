"""What the market does while nobody runs, and what the next process makes of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import shapes
from tests.e2e.evidence import STEP, Row, Tally
from tests.e2e.lives import LIFE, arm_and_die, go_on, named, robsond_on

PAST_THE_STOP = [*shapes.still(3), 59_600, *shapes.still(30, 59_330)]
PAST_BOTH_STOPS = [*shapes.still(3), 59_600, 59_200, *shapes.still(30, 59_200)]
THERE_AND_BACK = [*shapes.still(3), 59_600, 59_330, 59_600, *shapes.still(30)]
UP_AND_BACK = [*shapes.still(3), 60_300, 60_700, 60_400, *shapes.still(30, 60_400)]
UNSELLABLE = Decimal("0.00008")  # below 5 USDT
S = 1_000_000_000
SETTLE_NS = 17_250_000_000  # 2 s receive window, 10 s matching, 0.25 s clock, 5 s margin


def lives_again(
    place: Path,
    prices: list[int],
    side: str,
    dead_s: int,
    point: str,
    *,
    number: int = 1,
    dust: Decimal = STEP,
) -> tuple[list[Row], Tally]:
    """Die once, start again while the market has gone on; rows of the second process, and all."""
    path = shapes.mirrored(prices, side)
    with robsond_on(place, path, "--dead-for", str(dead_s)) as robsond:
        arm_and_die(robsond, point, number, side)
        go_on(robsond, side)
        robsond.kill()
        tally = robsond.tally()
    tally.is_clean(dust)
    return [row for row in tally.rows if row.epoch == 2], tally


def exits(tally: Tally) -> list[Any]:
    """Market exits in the exchange's request log."""
    return [
        request
        for request in tally.requests
        if request.request == "PlaceOrder" and request.target.startswith("rbx")
    ]


@pytest.mark.proves("R5")
@pytest.mark.parametrize("side", ["long", "short"])
def test_price_past_the_stop_while_dead_is_left_at_once(
    place: Path, side: str, record_property: Any
) -> None:
    rows, tally = lives_again(place, PAST_THE_STOP, side, 600, "commit.after:insurance_placed")

    (triggered,) = named(rows, "exit_triggered")
    assert triggered.payload["reason"] == "stop_loss"
    (exit_,) = exits(tally)
    took_s = (exit_.at_ns - rows[0].at_ns) / S
    assert rows[0].name == "startup"
    assert rows[0].at_ns >= shapes.START_NS + 600 * S, "the market went on"
    assert 0 < took_s <= 5
    record_property("note", f"past the stop while dead: {side} left {took_s:.2f} s after the start")


@pytest.mark.proves("R7", "I-20")
@pytest.mark.parametrize("side", ["long", "short"])
def test_exchange_stop_protects_while_dead(place: Path, side: str, record_property: Any) -> None:
    # A short's exchange stop buys for a day of interest: what that leaves is too little to sell.
    rows, tally = lives_again(
        place, PAST_BOTH_STOPS, side, 600, "commit.after:insurance_placed", dust=UNSELLABLE
    )

    assert [row.payload["reason"] for row in named(rows, "exit_triggered")] == ["insurance_stop"]
    (filled,) = named(rows, "insurance_filled")
    assert filled.payload["fills"][0]["at_ns"] < rows[0].at_ns, "it filled while nobody ran"
    assert exits(tally) == []
    assert named(rows, "pnl_settled")
    record_property("happened", f"exchange stop executed while dead: {side}")


@pytest.mark.proves("R6", "I-21")
@pytest.mark.parametrize("side", ["long", "short"])
def test_price_that_crossed_the_stop_and_came_back_is_forgiven(
    place: Path, side: str, record_property: Any
) -> None:
    rows, _ = lives_again(place, THERE_AND_BACK, side, 600, "commit.after:insurance_placed")

    assert [row.payload["reason"] for row in named(rows, "exit_triggered")] == ["tape_end"]
    record_property("happened", f"stop crossed while dead and come back: {side}")


@pytest.mark.parametrize("side", ["long", "short"])
def test_rung_passed_while_dead_raises_the_stop(
    place: Path, side: str, record_property: Any
) -> None:
    rows, _ = lives_again(place, UP_AND_BACK, side, 600, "commit.after:insurance_placed")

    (raised,) = named(rows, "stop_raised")
    assert raised.payload["rung"] == 1
    assert raised.at_ns - rows[0].at_ns <= 5 * S
    record_property("happened", f"rung passed while dead: {side}")


# --- an exit that may be under way ---------------------------------------------------------------


@pytest.mark.proves("R18", "P8")
@pytest.mark.parametrize(
    ("point", "number"), [("exit.sent", 1), ("cancel.accepted", 2), ("cancel.answered", 2)]
)
@pytest.mark.parametrize("side", ["long", "short"])
def test_exit_that_may_be_under_way_is_repeated_only_behind_a_fence(
    place: Path, side: str, point: str, number: int, record_property: Any
) -> None:
    """A long's second sale would find nothing to sell; a short's waits for the proof of absence."""
    rows, tally = lives_again(place, LIFE, side, 2, point, number=number)

    (exit_,) = exits(tally)
    (unknown,) = named(rows, "order_unknown") or named(rows, "order_sending")[:1]
    signed = [row for row in tally.rows if row.name == "order_sending" and is_exit(row)]
    waited_ns = exit_.at_ns - signed[0].payload["timestamp_ms"] * 1_000_000
    assert unknown is not None
    if side == "short":
        assert waited_ns >= SETTLE_NS
    else:
        assert waited_ns < SETTLE_NS
    record_property("note", f"{point}, {side}: the exit came {waited_ns / S:.2f} s after the first")


def is_exit(row: Row) -> bool:
    return str(row.payload["client_id"]).startswith("rbx")


@pytest.mark.proves("R1")
def test_entry_that_was_only_prepared_is_never_sent(place: Path, record_property: Any) -> None:
    """Its own journal says that it never left (R1)."""
    rows, tally = lives_again(place, LIFE, "long", 2, "commit.after:entry_requested")

    (failed,) = named(rows, "entry_failed")
    assert failed.payload["reason"] == "never_sent"
    assert tally.trades() == []
    record_property("happened", "entry prepared and never sent: ended as that")
