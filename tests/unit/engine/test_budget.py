"""What the month may still lose."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robson.domain.values import Price, Side
from robson.engine.budget import Budget, latent_loss, trade_limit
from robson.engine.sizing import size
from tests.unit.engine.builders import BTC, D, stops, terms


def month(base: object, realised: object = 0, latent: object = 0) -> Budget:
    return Budget(capital_base=D(str(base)), realised_net=D(str(realised)), latent=D(str(latent)))


def latent(stop: str, side: Side = Side.LONG, *, gap_bps: int = 10, accrued: str = "0") -> Decimal:
    return latent_loss(
        side=side,
        stop=Price(stop),
        quantity=D("0.05611"),
        entry_vwap=D(95000),
        fee=D("0.001"),
        gap_bps=D(gap_bps),
        accrued=D(accrued),
    )


@pytest.mark.proves("I-43")
def test_a_gain_consumes_nothing_and_widens_nothing():
    """Base 1578 with a gain of 43.63: four slots, as in a fresh month."""
    now = month("1578", "43.63")
    assert (now.budget, now.consumed, now.remaining) == (D("63.12"), 0, D("63.12"))
    assert (now.slots, now.halt, now.no_room) == (4, False, False)


def test_a_loss_is_not_masked_by_an_open_winner():
    """What is open and winning counts only with what it may still cost."""
    now = month("1578", "-15.78", "1.20")
    assert now.remaining == D("63.12") - D("15.78") - D("1.20")
    assert now.slots == 2


def test_slots_are_whole_planned_losses():
    """One cent less than a planned loss is no slot."""
    assert month(10_000, -300).slots == 1
    assert month(10_000, "-300.01").slots == 0
    assert month(10_000, "-300.01").no_room
    assert month(10_000, 0, 250).slots == 1
    assert month(10_000, -1000).slots == 0


def test_a_line_is_reached_by_the_last_cent():
    """2 % and 3 % of the base, lowest first; a gain reaches none."""
    assert month(10_000, "-199.99").lines_reached == ()
    assert month(10_000, -200).lines_reached == (D(2),)
    assert month(10_000, -300).lines_reached == (D(2), D(3))
    assert month(10_000, 900).lines_reached == ()


def test_a_carried_gain_may_be_lost_again():
    """From the month's opening on the loss counts from what the position was worth then."""
    fresh = latent("93500")
    carried = latent_loss(
        side=Side.LONG,
        stop=Price("93500"),
        quantity=D("0.05611"),
        entry_vwap=D(95000),
        fee=D("0.001"),
        gap_bps=D(10),
        basis=D(25),
    )
    assert carried == fresh + 25


def test_the_halt_comes_when_nothing_is_left():
    """A cent is still no halt, though there is no room for another trade."""
    assert not month(10_000, "-399.99").halt
    assert month(10_000, "-399.99").no_room
    assert month(10_000, "-400").halt
    assert month(10_000, "-200", "200").halt
    assert not month(10_000, "-400").no_room


@pytest.mark.proves("I-11", "I-09")
@pytest.mark.parametrize("base", [0, -1])
def test_without_a_capital_base_all_is_halted_and_nothing_is_divided(base: int):
    """Not even a profit opens the month."""
    now = month(base, 500)
    assert (now.budget, now.slots, now.halt) == (0, 0, True)
    assert trade_limit(D(base)) == 0


def test_a_fresh_position_is_latent_with_its_planned_risk():
    """Sizing and budget price a loss the same way."""
    sizing = size(stops("95000", "93500"), terms(), BTC)
    assert latent("93500") == sizing.planned_risk  # type: ignore[union-attr]


def test_a_short_is_latent_with_its_planned_risk():
    """Mirrored."""
    found = latent("96500", Side.SHORT)
    assert found == D("0.05611") * (D(1500) + D("96.5") + D("0.001") * (95000 + D("96596.5")))


def test_a_stop_just_past_the_entry_leaves_a_residue():
    """The profit locked in pays for part of the fees only."""
    found = latent("95237.5")
    adverse = D("95237.5") * D("0.999")
    assert found == D("0.05611") * (D(95000) - adverse + D("0.001") * (95000 + adverse))
    assert 0 < found < D(3)


def test_a_locked_profit_is_no_budget():
    """Never below zero."""
    assert latent("97000") == 0
    assert latent("92000", Side.SHORT) == 0


def test_interest_so_far_is_part_of_it():
    """In quote, on top."""
    assert latent("93500", accrued="1.5") - latent("93500") == D("1.5")


def test_it_is_rounded_up_also_for_an_average_of_many_digits():
    """Whichever side: against the reader."""
    for side, stop in ((Side.LONG, "93500"), (Side.SHORT, "96500")):
        third = latent_loss(
            side=side,
            stop=Price(stop),
            quantity=D(3),
            entry_vwap=D(285000) / 3 + D(1) / 3,
            fee=D("0.001"),
            gap_bps=D(10),
        )
        exact = latent_loss(
            side=side,
            stop=Price(stop),
            quantity=D(3),
            entry_vwap=D("95000.333333"),
            fee=D("0.001"),
            gap_bps=D(10),
        )
        assert abs(third - exact) < D("0.00001")
        assert third == round(third, 12)
