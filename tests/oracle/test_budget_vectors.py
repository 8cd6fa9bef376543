"""Judges the budget oracle by the worked vectors of the rule."""

from __future__ import annotations

from decimal import Decimal

from tests.oracle import budget_oracle
from tests.oracle.sized import sized
from tests.oracle.vectors import Case, vectors


def test_a_month_in_profit_has_its_whole_budget() -> None:
    state = budget_oracle.budget(1578, "43.63")

    assert state == {
        "budget": Decimal("63.12"),
        "consumed": 0,
        "latent": 0,
        "remaining": Decimal("63.12"),
        "slots": 4,
        "halt": False,
    }


def test_an_open_winner_does_not_mask_a_realised_loss() -> None:
    residual = budget_oracle.latent_loss("long", 1, 100, 100, "0.001", 0)

    state = budget_oracle.budget(1578, "-15.78", [residual])

    assert residual == Decimal("0.2")
    assert state["consumed"] == Decimal("15.78")
    assert state["remaining"] + residual == Decimal("63.12") - Decimal("15.78")
    assert state["slots"] == 2


def test_budget_of_the_screens() -> None:
    calm = budget_oracle.budget(10000, "-61.20", ["104.40"])
    tight = budget_oracle.budget(10000, "-138.66", ["199.94"])
    entry_fee = Decimal("0.07029") * Decimal("0.001") * Decimal("117727.40")
    at_risk = budget_oracle.latent_loss(
        "long", "0.07021", "117727.40", "118018.60", "0.001", 10, fees_paid=entry_fee
    )

    assert calm["slots"] == 2
    assert tight["remaining"] == Decimal("61.40")
    assert budget_oracle.admits(10000, "99.87", tight) == "risk_budget_insufficient"
    assert Decimal("4.39") < at_risk < Decimal("4.40")


def test_latent_of_a_planned_position_is_its_planned_risk() -> None:
    for side, stop, qty in [("long", "93500", "0.05611"), ("short", "96500", "0.05592")]:
        planned = sized("10000", "95000", stop, side)["planned_risk"]

        assert budget_oracle.latent_loss(side, qty, "95000", stop, "0.001", 10) == planned

    assert budget_oracle.latent_loss("long", 1, 100, 110, "0.001", 10) == 0


@vectors(
    used_up=(1000, "-40", [], False, True, 0),
    one_cent_left=(1000, "-39.99", [], False, False, 0),
    open_risk_counts=(1000, "-20", ["20"], False, True, 0),
    latched=(1000, "500", [], True, True, 4),
    no_capital=(0, 0, [], False, True, 0),
    negative_capital=(-5, 100, [], False, True, 0),
    negative_latent_adds_nothing=(1000, 0, ["-30"], False, False, 4),
)
def test_budget_halts(case: Case) -> None:
    base, net, latents, latched, halt, slots = case

    state = budget_oracle.budget(base, net, latents, halted=latched)

    assert (state["halt"], state["slots"]) == (halt, slots)
    assert (budget_oracle.admits(base, 1, state) == "monthly_halt") == halt


def test_admission_is_not_decided_by_slots() -> None:
    state = budget_oracle.budget(1000, "-35")

    assert state["slots"] == 0
    assert budget_oracle.admits(1000, 5, state) is None
    assert budget_oracle.admits(1000, "5.01", state) == "risk_budget_insufficient"
    assert budget_oracle.admits(1000, "10.01", state) == "risk_per_trade"
