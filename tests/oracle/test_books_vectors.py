"""Judges the books oracle by the worked vectors of the rule."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.oracle import books_oracle
from tests.oracle.vectors import Case, refuses, rounded, vectors

HOUR = 3_600_000
BORROWED = 13 * HOUR + 55 * 60_000


def bought() -> dict[str, Any]:
    """500 of own quote, 0.02 bought at 60,000, the missing 700 borrowed, one hour's interest."""
    return {
        "deposit": {"quote": "500"},
        "fills": [books_oracle.Fill(BORROWED, "buy", "60000", "0.02", "0.00002", "base")],
        "loans": [books_oracle.Movement(BORROWED, "quote", "700")],
        "interest": [books_oracle.Movement(BORROWED, "quote", "0.00875")],
    }


def test_books_of_an_open_long() -> None:
    state = books_oracle.books(**bought())
    level = books_oracle.margin_level(state, 60000)
    liquidation = books_oracle.liquidation_price(state, "1.05")

    assert state == {
        "base_total": Decimal("0.01998"),
        "quote_total": 0,
        "base_debt": 0,
        "base_interest": 0,
        "quote_debt": 700,
        "quote_interest": Decimal("0.00875"),
    }
    assert books_oracle.hourly_interest(700, "0.0003") == Decimal("0.00875")
    assert level is not None
    assert liquidation is not None
    assert rounded(level, 8) == Decimal("1.71255002")
    assert rounded(liquidation, 8) == Decimal("36787.24662162")
    assert rounded((liquidation - 60000) / 60000 * 100, 8) == Decimal("-38.68792230")
    assert rounded(books_oracle.equity(state, 60000) / 60000, 8) == Decimal("0.00831319")


def test_books_of_a_closed_long() -> None:
    moves = bought()
    sold = books_oracle.Fill(BORROWED + 60_000, "sell", "59000", "0.01998", "1.17882", "quote")
    repaid = books_oracle.Movement(BORROWED + 60_000, "quote", "700.00875", "0.00875")

    state = books_oracle.books(**moves | {"fills": [*moves["fills"], sold], "repayments": [repaid]})

    assert state["quote_total"] == Decimal("477.63243")
    assert {name for name, value in state.items() if value} == {"quote_total"}
    assert books_oracle.margin_level(state, 59000) is None
    assert books_oracle.sellable(moves["fills"], "0.00001") == Decimal("0.01998")


def test_books_of_a_short() -> None:
    fills = [
        books_oracle.Fill(1, "sell", "60000", "0.02", "1.2", "quote"),
        books_oracle.Fill(2, "buy", "59000", "0.02003", "0.00002003", "base"),
    ]
    state = books_oracle.books(
        {"quote": "500"},
        fills,
        [books_oracle.Movement(1, "base", "0.02")],
        [books_oracle.Movement(1, "base", "0.00000042")],
        [books_oracle.Movement(2, "base", "0.02000042", "0.00000042")],
    )

    assert books_oracle.buy_back("0.02", "0.00000042", 0, "0.001", "0.00000001") == Decimal(
        "0.02002045"
    )
    assert books_oracle.buy_back("0.02", "0.00000042", 0, "0.001", "0.00001") == Decimal("0.02003")
    assert books_oracle.buy_back("0.02", "0", 0, "0.001", "0.00001", in_base=False) == Decimal(
        "0.02"
    )
    assert state["base_total"] == Decimal("0.02000997") - Decimal("0.02000042")
    assert state["quote_total"] == 500 + 1200 - Decimal("1.2") - Decimal("0.02003") * 59000
    assert (state["base_debt"], state["base_interest"]) == (0, 0)


@vectors(
    two_hours=(BORROWED, 14 * HOUR + 30 * 60_000, 2),
    within_the_hour=(BORROWED, BORROWED + 1, 1),
    up_to_the_hour=(BORROWED, 14 * HOUR, 2),
    one_day=(13 * HOUR + 1, 37 * HOUR + 1, 25),
)
def test_interest_is_charged_at_once_and_at_each_full_hour(case: Case) -> None:
    borrowed_ms, repaid_ms, charges = case

    assert books_oracle.interest_charges(borrowed_ms, repaid_ms) == charges


def test_a_partial_repayment_pays_interest_first() -> None:
    moves = bought() | {"deposit": {"quote": "501"}}
    part = books_oracle.Movement(BORROWED + 1, "quote", "1")
    wrong = books_oracle.Movement(BORROWED + 1, "quote", "1", "0")

    state = books_oracle.books(**moves, repayments=[part])

    assert (state["quote_interest"], state["quote_debt"]) == (0, Decimal("699.00875"))
    assert refuses(books_oracle.Impossible, lambda: books_oracle.books(**moves, repayments=[wrong]))


def test_books_refuse_what_cannot_have_happened() -> None:
    moves = bought()
    unborrowed = moves | {"loans": []}
    too_much = [books_oracle.Movement(BORROWED + 1, "quote", "1")]

    assert refuses(books_oracle.Impossible, lambda: books_oracle.books(**unborrowed))
    assert refuses(
        books_oracle.Impossible, lambda: books_oracle.books(**moves, repayments=too_much)
    )
    assert refuses(
        books_oracle.Impossible,
        lambda: books_oracle.books(
            {"quote": 10}, repayments=[books_oracle.Movement(1, "quote", "1")]
        ),
    )


def test_a_commission_in_a_third_asset_leaves_the_pair_alone() -> None:
    fill = books_oracle.Fill(1, "buy", "100", "1", "0.01", "BNB")

    state = books_oracle.books({"quote": "100"}, [fill])

    assert (state["base_total"], state["quote_total"]) == (1, 0)
