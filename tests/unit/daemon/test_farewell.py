"""What robsond says of a position on its way out, for every state that it can be left in."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from robson.daemon.farewell import AGAIN, SETTLES, SILENT, farewell, unfinished
from robson.domain.lifecycle import PositionState
from robson.domain.view import PositionView
from tests.contract import bad_days, lives

RESTS = "BTCUSDT stays protected: exchange stop 117765.44 rests for 0.07021 BTC"
HELD = "BTCUSDT long 0.07021 BTC stays open"
ASKS = "robsond asks what became of it when it starts again"
NO_ORDER = attrs.evolve(bad_days.entering(), orders=())
PARTLY = attrs.evolve(
    lives.active(), insurance=attrs.evolve(lives.active().insurance, quantity=Decimal("0.03"))
)
CASES: dict[str, tuple[PositionView, list[str]]] = {
    "armed": (lives.armed(), ["SOLUSDT stays armed: nothing is at risk"]),
    "entering": (
        bad_days.entering(),
        [f"entry order is not known; {ASKS}. If it has filled, no exchange stop rests for it"],
    ),
    "not sent": (NO_ORDER, ["BTCUSDT has not entered: its order was not sent"]),
    "active": (lives.active(), [RESTS]),
    "active in part": (PARTLY, ["rests for 0.03 BTC; UNPROTECTED is all but that of 0.07021 BTC"]),
    "bare": (bad_days.bare("failed", 4, 2), [f"UNPROTECTED: {HELD}, and no exchange stop rests"]),
    "placing": (bad_days.bare("placing", 1, 1), [f"{HELD}; whether an exchange stop rests is not"]),
    "replacing": (bad_days.bare("cancelling", 1, 1), [f"{HELD}; whether an exchange stop rests"]),
    "gone": (bad_days.bare("gone", 1, 1), [f"{HELD}; whether an exchange stop rests is not known"]),
    "exiting": (bad_days.exiting(), ["UNPROTECTED", f"exit order is not known; {ASKS}"]),
    "error": (bad_days.in_error(), [RESTS, "BTCUSDT needs a person: unknown_order: the exit is"]),
}


@pytest.mark.parametrize("name", CASES)
def test_each_state_says_what_protects_it_and_what_is_not_known(name: str) -> None:
    view, wanted = CASES[name]

    lines = farewell([view])

    for line, words in zip(lines, wanted, strict=False):
        assert words in line
    assert len(lines) == len(wanted) + (name != "armed")
    assert (AGAIN in lines) == (name != "armed")


def test_every_state_that_can_be_left_has_its_case() -> None:
    reached = {view.state for view, _ in CASES.values()}

    assert reached == {s for s in PositionState if not s.is_terminal}


def test_what_is_over_is_not_mentioned_and_what_is_not_settled_is() -> None:
    unsettled = attrs.evolve(lives.closed(), settled=None)

    assert farewell([lives.closed(), lives.cancelled()]) == []
    told, then = farewell([unsettled])
    assert told.startswith("BTCUSDT is closed; its last charges")
    assert then == SETTLES
    assert AGAIN in farewell([unsettled, lives.active()])


WAITS = {
    "armed": False,
    "not sent": True,
    "entering": True,
    "active": False,
    "bare": True,
    "placing": True,
    "exiting": True,
    "error": False,
}


@pytest.mark.parametrize("name", WAITS)
def test_an_end_waits_for_what_is_not_known_or_not_protected(name: str) -> None:
    assert unfinished([CASES[name][0]]) == WAITS[name]


def test_an_end_waits_for_the_last_charges_that_can_be_read() -> None:
    owes = attrs.evolve(lives.closed(), settled=None)
    assert owes.account is not None
    debt = attrs.evolve(owes.account.quote, borrowed=Decimal(5), free=Decimal(0))
    stuck = attrs.evolve(owes, account=attrs.evolve(owes.account, quote=debt))

    assert unfinished([owes])
    assert not unfinished([stuck]), "nothing is free to repay it: it may take for ever"
    assert not unfinished([lives.closed()])


def test_an_exchange_that_does_not_answer_makes_it_what_was_known_last() -> None:
    assert SILENT in farewell([lives.active()], silent=True)
    assert SILENT not in farewell([lives.active()])
    assert SILENT not in farewell([lives.armed()], silent=True)
