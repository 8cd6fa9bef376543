"""Judges the PnL oracle by the worked vectors of the rule, and against the books oracle."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from tests.oracle import books_oracle, pnl_oracle
from tests.oracle.vectors import Case, refuses, rounded, vectors

ENTRY = pnl_oracle.Fill("117727.40", "0.07029", "0.00007029", "base")
PLAN = "99.99258064163775"


def sold_at(price: str) -> dict[str, Any]:
    fee = Decimal(price) * Decimal("0.07021") * Decimal("0.001")
    return pnl_oracle.pnl("long", [ENTRY], [pnl_oracle.Fill(price, "0.07021", fee)], PLAN)


@vectors(
    closed_by_stop_gain=("119747.66", "125.16", "1.25"),
    marked_on_the_way=("119261.13", "91.03", "0.91"),
    closed_by_panic=("119258.40", "90.84", "0.91"),
    at_the_raised_stop=("117900.58", "-4.39", "-0.04"),
)
def test_pnl_of_the_screens(case: Case) -> None:
    price, net, r_multiple = case

    result = sold_at(price)

    assert rounded(result["net"], 2) == Decimal(net)
    assert rounded(result["r_multiple"], 2) == Decimal(r_multiple)


def test_costs_of_the_screen() -> None:
    assert rounded(sold_at("119747.66")["fees"], 2) == Decimal("16.68")
    assert sold_at("119747.66")["fee_converted"]
    assert rounded(
        pnl_oracle.target_net_r("long", "117724.29", "119749.53", "0.001", 5, "1422.571925475")
        - Fraction(1, 200),  # printed downwards
        2,
    ) == Decimal("1.21")


def test_pnl_of_a_short_counts_the_debt_and_its_interest() -> None:
    result = pnl_oracle.pnl(
        "short",
        [pnl_oracle.Fill("60000", "0.02", "1.2")],
        [pnl_oracle.Fill("59000", "0.02003", "0.00002003", "base")],
        "10",
        base_interest=[("0.00000042", "59000")],
    )

    assert result["gross"] == 20
    assert result["fees"] == Decimal("1.2") + Decimal("0.00002003") * 59000
    assert result["interest"] == Decimal("0.02478")
    assert result["net"] == 20 - result["fees"] - result["interest"]
    assert result["r_multiple"] == result["net"] / 10


def test_pnl_weights_prices_and_converts_a_third_asset() -> None:
    entries = [pnl_oracle.Fill("100", "1", "0.001", "BNB", "600"), pnl_oracle.Fill("103", "2")]
    exits = [pnl_oracle.Fill("110", "3", "0.33")]

    result = pnl_oracle.pnl("long", entries, exits, "5", quote_interest="0.07")

    assert (result["entry_vwap"], result["gross"]) == (102, 24)
    assert (result["fees"], result["net"]) == (Decimal("0.93"), 23)
    assert result["r_multiple"] == Decimal("4.6")
    unpriced = pnl_oracle.Fill("100", "1", "0.001", "BNB")
    assert refuses(ValueError, lambda: pnl_oracle.fee_in_quote(unpriced))


def test_pnl_explains_the_books_but_for_the_dust() -> None:
    """Quote gained equals net, with a long's dust at its entry and a short's at its exit price."""
    random = Random(13)
    for _ in range(200):
        side = random.choice(["long", "short"])
        entry, exit_ = Decimal(random.randint(900, 1100)), Decimal(random.randint(900, 1100))
        qty, rate, step = (
            Decimal(random.randint(100, 9999)) / 1000,
            Decimal("0.001"),
            Decimal("0.001"),
        )
        borrowed = qty * entry if side == "long" else qty
        asset = "quote" if side == "long" else "base"
        interest = Decimal(random.randint(0, 9)) / 10_000
        if side == "long":
            out = qty * (1 - rate) // step * step
            trades = [(entry, qty, qty * rate, "base"), (exit_, out, out * exit_ * rate, "quote")]
        else:
            needed = books_oracle.buy_back(qty, interest, 0, rate, step)
            out = Decimal(needed.numerator) / Decimal(needed.denominator)
            trades = [(entry, qty, qty * entry * rate, "quote"), (exit_, out, out * rate, "base")]
        actions = ["buy", "sell"] if side == "long" else ["sell", "buy"]

        state = books_oracle.books(
            {"quote": 100_000},
            [books_oracle.Fill(i, actions[i], *trade) for i, trade in enumerate(trades)],
            [books_oracle.Movement(0, asset, borrowed)],
            [books_oracle.Movement(0, asset, interest)],
            [books_oracle.Movement(1, asset, borrowed + interest)],
        )
        result = pnl_oracle.pnl(
            side,
            [pnl_oracle.Fill(*trades[0])],
            [pnl_oracle.Fill(*trades[1])],
            1,
            quote_interest=interest if side == "long" else 0,
            base_interest=[] if side == "long" else [(interest, exit_)],
        )

        dust_price = Fraction(entry if side == "long" else exit_)
        gained = state["quote_total"] - 100_000
        assert 0 <= state["base_total"] < step
        assert gained + state["base_total"] * dust_price == result["net"]
