"""What somebody should know is said once: losses of the month, and seconds without protection."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robson.domain import events as e
from robson.domain.lifecycle import PositionState
from robson.domain.values import NS_PER_S, Side
from robson.engine.budget import ALERT_LINES_PCT
from tests.simulation.test_exchange_stop import FILTER, Refusing, rows
from tests.simulation.test_govern import arm
from tests.simulation.test_month import TURNS_AT, Turning
from tests.simulation.worlds import BALANCE, Bench, first_price

STOPPED = 2
EVERY_S = 11
"""Seconds between two positions that the price runs over."""


def falling() -> Turning:
    """The price jumps 5 % beyond each position, well past its stop."""
    prices, price = [], first_price() * 1
    for place in range(STOPPED):
        price = (price * Decimal("0.95")).quantize(Decimal("0.01"))
        prices.append((EVERY_S * place + 6, price))
    bench = Turning(prices, max_daily_loss_pct=Decimal(0))
    bench.world.deposit(BALANCE)
    bench.world.start()
    bench.world.until(
        lambda: bench.world.monitor.roster.month is not None and bench.world.board.has_price
    )
    return bench


def test_each_line_of_the_month_is_told_once_and_the_next_month_begins_anew(
    record_property: Any,
) -> None:
    """By the settled results alone: a line is told with the result that reaches it."""
    bench = falling()
    for place in range(STOPPED):
        bench.at(EVERY_S * place + 1)
        assert arm(bench, f"number {place}") is None
        bench.at(EVERY_S * place + 10)
    roster = bench.world.monitor.roster
    lost, expected = Decimal(0), []
    for settled in bench.events(e.PnlSettled):
        lost -= settled.net
        told = [line for line, _ in expected]
        expected += [
            (line, lost)
            for line in (Decimal(2), Decimal(3))
            if lost >= BALANCE * line / 100 and line not in told
        ]
    alerts = bench.events(e.BudgetAlerted)
    assert [(alert.line_pct, alert.consumed) for alert in alerts] == expected
    assert [alert.line_pct for alert in alerts] == list(ALERT_LINES_PCT), "both were reached"
    assert [alert.line_pct for alert in roster.standing.alerts] == list(ALERT_LINES_PCT)

    bench.world.kill(dead_ns=NS_PER_S // 2)
    assert len(bench.events(e.BudgetAlerted)) == len(alerts), "a restart tells nothing again"
    bench.at(TURNS_AT + 5)
    standing = bench.world.monitor.roster.standing
    assert (len(bench.months), standing.alerts) == (2, ())
    record_property("happened", f"budget alert told: {len(alerts)}")


@pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)
def test_ten_seconds_without_a_stop_are_told_and_so_is_their_end(
    side: Side, record_property: Any
) -> None:
    """Alert at ten seconds, frozen at thirty, all clear as soon as one rests."""
    taken_from = [0]
    faults = Refusing(lambda *_: None if taken_from[0] else FILTER)
    bench = Bench([], seconds=200, faults=faults)
    bench.arm(side)
    bench.world.until(lambda: bench.view.bare_since_ns is not None, at_most=5_000)
    since = bench.view.bare_since_ns
    assert since is not None
    bench.world.until(lambda: bool(rows(bench, e.ProtectionAlerted)), at_most=20_000)
    (alerted,) = rows(bench, e.ProtectionAlerted)
    assert alerted.since_ns == since
    assert 0 <= alerted.at_ns - since - 10 * NS_PER_S < NS_PER_S, "ten seconds on its clock"
    assert FILTER.message in alerted.reason
    assert bench.view.alerted_ns == alerted.at_ns
    assert rows(bench, e.ScopeFrozen) == [], "not before thirty"
    bench.world.until(lambda: bool(rows(bench, e.ScopeFrozen)), at_most=20_000)
    (frozen,) = rows(bench, e.ScopeFrozen)
    assert 0 <= frozen.at_ns - since - 30 * NS_PER_S < NS_PER_S // 10, "nobody else's timer is due"
    taken_from[0] = 1
    bench.world.until(lambda: bench.view.insurance.state == "resting", at_most=20_000)
    (clear,) = rows(bench, e.ProtectionRestored)
    assert (clear.alerted_ns, bench.view.alerted_ns) == (alerted.at_ns, None)
    assert len(rows(bench, e.ProtectionAlerted)) == 1, "once, and no more while it lasts"
    assert bench.view.state is PositionState.ACTIVE
    record_property("happened", f"protection alerted and restored: {side.value}")


def test_a_stop_that_comes_in_time_is_no_alert() -> None:
    bench = Bench([], faults=Refusing(lambda _, number: FILTER if number < 4 else None))
    bench.active(Side.LONG)
    assert rows(bench, e.ProtectionAlerted, e.ProtectionRestored) == []
