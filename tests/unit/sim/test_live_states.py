"""States of a live position, and what persons did: by the venue's books and log, nothing else."""

from __future__ import annotations

from decimal import Decimal

from robson.connectors.simulated.entries import (
    DebtRepaid,
    Deposited,
    Entry,
    Filled,
    InterestCharged,
    LoanTaken,
    OrderAccepted,
    Withdrawn,
)
from robson.domain.identity import AccountId, PositionId, Purpose, Scope, Symbol, client_order_id
from robson.domain.intents import OrderType, SideEffect
from robson.domain.values import NS_PER_S, Action, ExchangeNs, Price, Quantity
from robson.sim.live.states import state_before, struck_in, timeline_of
from robson.sim.live.theirs import Theirs, theirs_of

SCOPE = Scope(AccountId("main"), Symbol("BTC", "USDT"))
PURPOSES = {1: Purpose.ENTRY, 2: Purpose.INSURANCE, 3: Purpose.INSURANCE, 4: Purpose.EXIT}


def at(at_s: int) -> ExchangeNs:
    """So many seconds after the begin."""
    return ExchangeNs(at_s * NS_PER_S)


def accepted(at_s: int, order_id: int, action: Action = Action.BUY) -> Entry:
    """An order; one that is in no table is a person's."""
    name = "a-person"
    if order_id in PURPOSES:
        purpose = PURPOSES[order_id]
        name = str(client_order_id(purpose, SCOPE, PositionId.of(7), attempt=order_id, epoch=1))
    return OrderAccepted(
        scope=SCOPE, at_ns=at(at_s), order_id=order_id, client_id=name, action=action,
        type=OrderType.MARKET, quantity=Quantity("1"), side_effect=SideEffect.NONE,
        stop_price=None,
    )  # fmt: skip


def filled(at_s: int, order_id: int, quantity: str = "1", fee: str = "BTC") -> Entry:
    """It traded at 100, for a hundredth."""
    return Filled(
        scope=SCOPE, at_ns=at(at_s), order_id=order_id, trade_id=at_s, price=Price("100"),
        quantity=Quantity(quantity), quote_amount=Decimal(quantity) * 100,
        commission=Decimal("0.01"), commission_asset=fee,
    )  # fmt: skip


def row(at_s: int, role: str, *struck: str, method: str = "POST") -> dict[str, object]:
    """A request of the log."""
    return {"role": role, "method": method, "at_ms": at_s * 1_000, "struck": struck}


LOG = [
    row(1, "market", "page", method="GET"),
    row(5, "entry", "page"),
    row(14, "question", "page", method="GET"),
    row(20, "entry"),
    row(30, "insurance", "clock"),
    row(31, "insurance"),
    row(39, "question", "lost_answer", "body_cut", method="GET"),
    row(40, "cancel", "page", method="DELETE"),
    row(41, "insurance", "halted"),
    row(42, "insurance"),
    row(50, "cancel", method="DELETE"),
    row(51, "exit", "cut_after"),
    row(60, "repay", "page"),
    row(70, "question", "page", method="GET"),
]
BOOKS = (
    LoanTaken(scope=SCOPE, at_ns=at(20), order_id=1, asset="USDT", amount=Decimal(5)),
    InterestCharged(
        scope=SCOPE, at_ns=at(20), asset="USDT", amount=Decimal("0.1"), hourly=False
    ),
    accepted(20, 1), filled(20, 1), accepted(31, 2), accepted(42, 3), accepted(51, 4),
    filled(51, 4, "0.4"), filled(52, 4, "0.6"),
    DebtRepaid(
        scope=SCOPE, at_ns=at(61), order_id=None, asset="USDT", interest=Decimal("0.1"),
        principal=Decimal(5),
    ),
)  # fmt: skip


def test_every_state_of_a_life_is_found_in_order() -> None:
    assert timeline_of(BOOKS, LOG) == [
        (5_000, "entering"), (20_000, "insuring"), (31_000, "holding"), (40_000, "moving"),
        (42_000, "holding"), (50_000, "exiting"), (52_000, "repaying"), (61_000, "settling"),
    ]  # fmt: skip


def test_a_request_is_struck_in_the_state_that_it_met_or_began() -> None:
    """Frames when they leave. What was not struck counts nothing."""
    strikes = [
        {"kind": "frame_lost", "role": "user", "at_ms": 45_000},
        {"kind": "page", "role": "exit", "at_ms": 52_000},
    ]
    assert struck_in(strikes, LOG, timeline_of(BOOKS, LOG)) == {
        ("market", "arming"): 1,
        ("entry", "entering"): 1,
        ("question", "entering"): 1,
        ("insurance", "insuring"): 1,
        ("question", "holding"): 2,
        ("cancel", "moving"): 1,
        ("insurance", "moving"): 1,
        ("exit", "exiting"): 1,
        ("repay", "repaying"): 1,
        ("question", "settling"): 1,
        ("user", "holding"): 1,
    }


def test_what_comes_in_at_an_instant_finds_the_position_as_it_was() -> None:
    timeline = [(5, "entering"), (9, "insuring"), (9, "holding")]
    found = [state_before(timeline, at_ms) for at_ms in (4, 5, 9, 10)]
    assert found == ["arming", "arming", "entering", "holding"]


def test_a_persons_money_and_trades_are_theirs() -> None:
    """Ours are not, whatever they come to."""
    books = (
        Deposited(scope=SCOPE, at_ns=at(0), asset="USDT", amount=Decimal(1_000)),
        Deposited(scope=SCOPE, at_ns=at(1), asset="BTC", amount=Decimal(2)),
        Withdrawn(scope=SCOPE, at_ns=at(2), asset="USDT", amount=Decimal(50)),
        accepted(3, 1), filled(3, 1),
        accepted(4, 9), filled(4, 9, "0.5"),
        accepted(5, 10, Action.SELL), filled(5, 10, "0.25", fee="USDT"),
    )  # fmt: skip
    assert theirs_of(books) == Theirs(
        base=2 + Decimal("0.5") - Decimal("0.01") - Decimal("0.25"),
        quote=1_000 - 50 - 50 + 25 - Decimal("0.01"),
    )
