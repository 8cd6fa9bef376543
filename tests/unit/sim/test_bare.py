"""Time without a stop: seen in the venue's books, excused only by what struck on the way there."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robson.connectors.simulated.entries import Entry, Filled, OrderAccepted, OrderClosed
from robson.domain.identity import AccountId, PositionId, Purpose, Scope, Symbol, client_order_id
from robson.domain.intents import OrderType, SideEffect
from robson.domain.reports import OrderStatus
from robson.domain.values import NS_PER_S, Action, ExchangeNs, Price, Quantity
from robson.sim.live.bare import AFTER_S, FILL, SOON_S, STOP_ENDED, Away, Bare, bare, windows
from robson.sim.live.unprotected import ENOUGH, Unprotected
from robson.sim.live.verdict import _covered

SCOPE = Scope(AccountId("main"), Symbol("BTC", "USDT"))
ENTRY, STOP, EXIT = Purpose.ENTRY, Purpose.INSURANCE, Purpose.EXIT
ORDERS = {1: ENTRY, 2: STOP, 3: STOP, 4: EXIT}


def ns(at_s: float) -> ExchangeNs:
    """So many seconds after the begin."""
    return ExchangeNs(int(at_s * NS_PER_S))


def accepted(at_s: float, order_id: int, quantity: str = "1") -> Entry:
    """An order of ours came in."""
    purpose = ORDERS.get(order_id)
    name = "a-person"
    if purpose is not None:
        name = client_order_id(purpose, SCOPE, PositionId.of(7), attempt=order_id, epoch=1)
    return OrderAccepted(
        scope=SCOPE, at_ns=ns(at_s), order_id=order_id, client_id=str(name), action=Action.BUY,
        type=OrderType.MARKET, quantity=Quantity(quantity), side_effect=SideEffect.NONE,
        stop_price=None,
    )  # fmt: skip


def filled(at_s: float, order_id: int, quantity: str = "1") -> Entry:
    """It traded."""
    return Filled(
        scope=SCOPE, at_ns=ns(at_s), order_id=order_id, trade_id=order_id, price=Price("1"),
        quantity=Quantity(quantity), quote_amount=Decimal(1), commission=Decimal(0),
        commission_asset="USDT",
    )  # fmt: skip


def closed(at_s: float, order_id: int) -> Entry:
    """It ended."""
    return OrderClosed(scope=SCOPE, at_ns=ns(at_s), order_id=order_id, status=OrderStatus.CANCELED)


LIFE = (
    accepted(1, 1), filled(1, 1), accepted(1.5, 2), closed(60, 2), accepted(62, 3),
    closed(90, 3), accepted(90.25, 4), filled(90.25, 4), accepted(200, 2),
)  # fmt: skip
"""Insured after half a second, moved in two, left in a quarter of one."""


def strike(kind: str, role: str, at_s: float) -> dict[str, object]:
    """As the operator's port tells it."""
    return {"kind": kind, "role": role, "at_ms": int(at_s * 1_000), "line": 1}


def looked(
    life: tuple[Entry, ...], *strikes: dict[str, object], aways: tuple[Away, ...] = ()
) -> Bare:
    """Looked at, at ten times our speed."""
    return bare(life, windows(strikes), aways, Decimal(10))


def test_what_nothing_disturbs_is_measured() -> None:
    found = looked(LIFE)
    assert found.clear == (
        (FILL, ns(0.5)), (STOP_ENDED, ns(2)), (STOP_ENDED, ns(0.25)),
    )  # fmt: skip
    assert (found.excused, found.killed_ns, found.over_ns) == ((), (), 0)


def test_a_stop_for_a_part_or_one_that_has_filled_covers_no_more_than_it_is_for() -> None:
    part = (accepted(1, 1), filled(1, 1, "0.4"), accepted(2, 2, "0.4"), filled(5, 1, "0.6"))
    assert looked((*part, closed(6, 2), accepted(7, 3))).clear == ((FILL, ns(1)), (FILL, ns(2)))
    sold = (accepted(1, 1), filled(1, 1), accepted(1, 2, "0.5"), filled(2, 2, "0.5"))
    assert looked((*sold, accepted(9, 4), filled(9, 4, "0.5"))).clear == ((FILL, ns(8)),)


def test_what_a_person_trades_covers_nothing() -> None:
    life = (accepted(1, 1), filled(1, 1), accepted(2, 9), filled(2, 9), accepted(4, 2))
    assert looked(life).clear == ((FILL, ns(3)),)


def test_what_is_left_bare_at_the_end_counts() -> None:
    life = (accepted(1, 1), filled(1, 1), accepted(80, 4))
    assert looked(life).clear == ((FILL, ns(79)),)


LATE = (accepted(1, 1), filled(1, 1), accepted(71, 2))
"""Insured after 70 s."""


@pytest.mark.parametrize(
    ("met", "over_s"),
    [
        (strike("page", "insurance", 1.01), 70.01 - AFTER_S),
        (strike("outage", "insurance", 1.01), 0.01),
        (strike("outage", "question", 10), 9),
        (strike("page", "question", 10), 70 - SOON_S),
        (strike("rate_limit", "insurance", 10), 70 - SOON_S),
        (strike("halted", "insurance", 1), 70 - 20 - AFTER_S),
    ],
)
def test_a_fault_excuses_what_it_lasts_and_a_while_more(
    met: dict[str, object], over_s: float
) -> None:
    found = looked(LATE, met)
    assert (found.clear, found.excused) == ((), ((f"{met['kind']}/{met['role']}", ns(70)),))
    assert found.over_ns == pytest.approx(ns(over_s), abs=NS_PER_S // 50)
    said = _covered(found)
    assert bool(said) == (over_s > 3)
    assert f"of 70.00 s ({met['kind']}/{met['role']})" in "".join(said) or not said


@pytest.mark.parametrize(
    "met",
    [
        strike("page", "market", 1.01),
        strike("page", "token", 1.01),
        strike("frame_lost", "user", 1.01),
        strike("feed_silence", "question", 1.01),
        strike("page", "insurance", 71.5),
        strike("page", "insurance", 71),
        strike("answer_twice", "insurance", 10),
    ],
)
def test_what_is_not_in_the_way_excuses_nothing(met: dict[str, object]) -> None:
    assert looked(LATE, met).clear == ((FILL, ns(70)),)


def test_faults_one_after_another_excuse_together_and_not_twice() -> None:
    both = strike("page", "insurance", 1), strike("page", "insurance", 20)
    assert looked(LATE, *both).over_ns == ns(71 - 20 - AFTER_S)


def test_a_death_is_measured_by_itself_without_what_is_the_machines() -> None:
    """Killed a second after the fill; its successor answers after 0.8 s of ours, 8 s at ten."""
    life = (accepted(1, 1), filled(1, 1), accepted(11, 2))
    away = Away(since_ns=ns(2), until_ns=ns(10), ours_ns=800_000_000)
    found = looked(life, aways=(away,))
    assert found.killed_ns == (ns(1.8),)
    assert (found.clear, found.excused) == ((), (("death", ns(10)),))
    with_fault = looked(life, strike("page", "insurance", 3), aways=(away,))
    assert with_fault.killed_ns == ()


@pytest.mark.parametrize(("until_s", "over_s"), [(38, 0), (45, 5)])
def test_an_exit_that_a_dead_process_may_have_sent_waits_for_its_proof(
    until_s: float, over_s: float
) -> None:
    """Killed when the stop was cancelled, back after 2 s: an exit of a short is sent once."""
    life = (accepted(1, 1), filled(1, 1), accepted(1, 2), closed(5, 2), accepted(until_s, 4))
    life = (*life, filled(until_s, 4))
    found = looked(life, aways=(Away(since_ns=ns(5), until_ns=ns(10), ours_ns=ns(0.5)),))
    assert found.excused == (("death", ns(until_s - 5)),)
    assert (found.clear, found.killed_ns, found.over_ns) == ((), (), ns(over_s))


def test_limits_bind() -> None:
    fine = Bare(clear=((FILL, ns(0.5)), (STOP_ENDED, ns(1))), killed_ns=(ns(4),))
    assert Unprotected(lives=(fine,) * ENOUGH).wrong == ()
    for late, said in (
        (Bare(clear=((FILL, ns(3.1)),)), "after a fill p99 is 3.10 s; the limit is 3 s"),
        (Bare(clear=((STOP_ENDED, ns(4)),)), "after a stop ended p99 is 4.00 s"),
        (Bare(killed_ns=(ns(5.5),)), "after kill -9 p99 is 5.50 s; the limit is 5 s"),
    ):
        (wrong,) = Unprotected(lives=(fine, late)).wrong
        assert wrong.startswith(said)
    assert Unprotected(lives=(fine,) * 199 + (Bare(clear=((FILL, ns(9)),)),)).wrong == ()


def test_nothing_measured_is_no_pass() -> None:
    disturbed = Bare(excused=(("page/insurance", ns(20)),))
    assert "went undisturbed" in Unprotected(lives=(disturbed,) * ENOUGH).wrong[0]
