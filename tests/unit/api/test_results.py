"""Results before settlement: after both fees, and unknown where something is not known."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from robson.api.translate.results import fees_in_quote, provisional, unrealized
from robson.domain import events as e
from robson.domain.values import Price, Quantity, Side
from robson.domain.view import PositionView
from tests.contract import lives

D = Decimal
PRICE = D("119261.13")


def _short() -> PositionView:
    """Sold 0.1 at 100,000, fee in quote; a little more has to be bought back for its fee."""
    view = lives.active()
    assert view.entry is not None
    sold = attrs.evolve(
        view.entry.fills[0],
        quantity=Quantity("0.1"),
        price=Price("100000"),
        commission=D(10),
        commission_asset="USDT",
    )
    entry = attrs.evolve(
        view.entry,
        fills=(sold,),
        price=Price("100000"),
        quantity=Quantity("0.1"),
        held=D("0.1001001"),
    )
    return attrs.evolve(view, side=Side.SHORT, entry=entry)


def test_a_long_is_worth_its_move_less_both_fees() -> None:
    # 0.07021 x 1,533.73 = 107.68; fee in 0.00007029 x 117,727.40 = 8.28; fee out 8.37
    value = unrealized(lives.active(), PRICE, lives.BTC)

    assert value is not None
    assert round(value, 2) == D("91.03")


def test_a_short_is_judged_on_what_it_sold() -> None:
    # (100,000 - 99,000) x 0.1 = 100; fee in 10; fee out 0.001 x 0.1001001 x 99,000 = 9.91
    value = unrealized(_short(), D(99000), lives.BTC)

    assert value is not None
    assert round(value, 2) == D("80.09")


def test_a_short_loses_when_the_price_rises() -> None:
    value = unrealized(_short(), D(101000), lives.BTC)

    assert value is not None
    assert value < D(-100)


def test_what_has_left_counts_at_its_own_price() -> None:
    view = lives.active()
    half = lives.fill(7, "x", "0.03500", "119000.00", lives.at(10), "4.165")
    partly = attrs.evolve(view, exit_fills=(half,))
    rest = D("0.07021") - D("0.03500")
    expected = (
        (D("119000.00") - D("117727.40")) * D("0.035")
        + (PRICE - D("117727.40")) * rest
        - D("0.00007029") * D("117727.40")
        - D("4.165")
        - D("0.001") * rest * PRICE
    )

    assert unrealized(partly, PRICE, lives.BTC) == expected


@pytest.mark.parametrize(
    ("view", "price"),
    [(lives.armed(), PRICE), (lives.closed(), PRICE), (lives.active(), None)],
    ids=["nothing held", "closed", "no price"],
)
def test_what_cannot_be_known_is_unknown(view: PositionView, price: Decimal | None) -> None:
    assert unrealized(view, price, lives.BTC) is None


def test_a_fee_in_a_third_asset_makes_the_result_unknown() -> None:
    view = lives.active()
    assert view.entry is not None
    in_bnb = attrs.evolve(view.entry.fills[0], commission_asset="BNB")

    assert fees_in_quote((in_bnb,), view.scope.symbol) is None
    free = attrs.evolve(in_bnb, commission=D(0))
    assert fees_in_quote((free,), view.scope.symbol) == 0
    paid = attrs.evolve(view, entry=attrs.evolve(view.entry, fills=(in_bnb,)))
    assert unrealized(paid, PRICE, lives.BTC) is None


def test_closed_and_not_settled_is_provisional() -> None:
    closed = attrs.evolve(lives.closed(), settled=None)

    value = provisional(closed)

    assert value is not None
    assert round(value, 2) == D("125.16")
    assert provisional(lives.closed()) is None, "settled is final"
    assert provisional(lives.active()) is None
    assert isinstance(closed.closed, e.PositionClosed)
