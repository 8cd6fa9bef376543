"""Rules that change while the daemon lives: read in time, told once, with what is different."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.daemon.messages import RulesChanged
from robson.daemon.rulebook import AGAIN_S, READ_S, RuleBook
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument

BTC = Instrument(
    symbol=Symbol("BTC", "USDT"),
    tick=Decimal("0.01"),
    step=Decimal("0.00001"),
    min_notional=Decimal(5),
    max_leverage=5,
)


@pytest.fixture
def book() -> RuleBook:
    return RuleBook({"BTCUSDT": BTC}, now_s=0.0)


def test_they_are_read_by_the_clock_and_soon_after_a_filter_has_refused(book: RuleBook) -> None:
    looks = (1.0, READ_S - 1, READ_S, READ_S + 1)
    assert [book.due(at) for at in looks] == [False, False, True, False]
    book.doubt()
    assert not book.due(READ_S + AGAIN_S - 1), "not for each order that is refused"
    assert book.due(READ_S + AGAIN_S)
    assert not book.due(READ_S + 2 * AGAIN_S), "the doubt is over"


@pytest.mark.parametrize(
    ("now", "what"),
    [
        ({"tick": Decimal("0.1")}, "tick 0.01 to 0.1"),
        ({"min_notional": Decimal(10)}, "min_notional 5 to 10"),
        (
            {"step": Decimal("0.001"), "min_qty": Decimal("0.001")},
            "step 0.00001 to 0.001, min_qty 0 to 0.001",
        ),
    ],
)
def test_what_is_different_is_told_once(book: RuleBook, now: dict[str, Any], what: str) -> None:
    other = attrs.evolve(BTC, **now)
    found = other if "tick" not in now else None
    assert book.changed([other]) == [RulesChanged("BTCUSDT", what, found)]
    assert book.changed([other]) == []


def test_old_rules_that_come_back_are_told(book: RuleBook) -> None:
    book.changed([attrs.evolve(BTC, step=Decimal(1), max_leverage=3)])
    (back,) = book.changed([attrs.evolve(BTC, max_leverage=3)])
    assert (back.now, back.what) == (BTC, "step 1 to 0.00001"), "loans have rules of their own"


def test_the_same_rules_are_no_news(book: RuleBook) -> None:
    """What a loan may be comes from elsewhere, and a pair that is not followed is nobody's."""
    elsewhere = attrs.evolve(BTC, symbol=Symbol("ETH", "USDT"), tick=Decimal(1))
    assert book.changed([attrs.evolve(BTC, max_leverage=10), elsewhere]) == []
