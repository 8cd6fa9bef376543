"""The margin level of what is held: read every ten seconds, told by band, acted upon in time.

A brisk market never falls so far before the stop has it, so the readings below are written by the
test; the liquidation happens in the exchange's own books, by an order that nobody here sent.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.connectors.simulated.exchange import SimExchange
from robson.domain import events as e
from robson.domain.identity import ClientOrderId, PositionId, Purpose
from robson.domain.intents import CancelOrder, OrderType, PlaceOrder, SideEffect
from robson.domain.lifecycle import PositionState
from robson.domain.reports import (
    FORCED_PREFIX,
    AccountReported,
    AccountSnapshot,
    OrderState,
    Report,
)
from robson.domain.values import NS_PER_MS, NS_PER_S, Action, ExchangeNs, Quantity, Side
from robson.engine.bands import NAMES, band_of
from robson.engine.margin import level_of
from tests.simulation.test_govern import arm
from tests.simulation.test_month import Turning

POLL_S = 10
LOOK_S = 60
"""How often the pair is read as a whole, level or not."""


def held(side: Side, **settings: Any) -> Turning:
    """A position whose exchange stop rests; a short owes what it sold."""
    bench = Turning(seconds=300, **settings)
    bench.active(side)
    return bench


def reads(bench: Turning) -> int:
    log = bench.world.exchange.request_log(bench.world.scope)
    return sum(entry.request == "ReadAccount" for entry in log)


def second(bench: Turning) -> int:
    return (bench.world.clock.now_ns - bench.world.began_ns) // NS_PER_S


def at_level(account: AccountSnapshot, level: Decimal) -> AccountSnapshot:
    """The same account at an index at which a short's margin level is ``level``."""
    owed, rest = account.base.debt, account.base.total
    index = account.quote.total / (level * owed - rest)
    return attrs.evolve(account, index_price=type(account.index_price)(index))


def told(bench: Turning, level: str | None) -> None:
    """From here on every reading says this level; None: no reading comes in."""
    margins = bench.world.monitor.margins
    hear: Callable[[Report], bool] = type(margins).heard.__get__(margins)

    def heard(report: Report) -> bool:
        if isinstance(report, AccountReported) and report.intent.token < 0 and level is not None:
            report = attrs.evolve(report, account=at_level(report.account, Decimal(level)))
        if level is None and report.intent.token < 0:
            return True
        return hear(report)

    margins.heard = heard  # type: ignore[method-assign]


def test_a_debt_is_read_every_ten_seconds_and_writes_nothing(record_property: Any) -> None:
    bench = held(Side.SHORT)
    bench.at(second(bench) + 15)
    rows, before = len(list(bench.world.journal.read())), reads(bench)
    began = second(bench)
    bench.at(began + 200)

    looks = 200 // LOOK_S + 1
    assert reads(bench) - before - looks in (200 // POLL_S - 1, 200 // POLL_S, 200 // POLL_S + 1)
    carried = len(bench.events(e.PositionCarried, e.MonthOpened)) - 1
    assert len(list(bench.world.journal.read())) - rows == carried, "the month alone"
    record_property("happened", f"margin level read: {reads(bench) - before}")


def test_without_a_debt_one_reading_is_enough() -> None:
    bench = held(Side.LONG)
    bench.at(second(bench) + 25)
    before = reads(bench)
    bench.at(250)
    looks = 225 // LOOK_S + 1
    assert reads(bench) - before <= 1 + looks, "only the calendar's"


LEVELS = [
    ("2.4", "safe", None),
    ("1.7", "caution", None),
    ("1.4", "warning", None),
    ("1.25", "critical", None),
    ("1.19", "critical", "margin_risk"),
    ("1.08", "danger", "margin_risk"),
]


@pytest.mark.parametrize(("level", "band", "reason"), LEVELS, ids=[each[0] for each in LEVELS])
def test_each_band_and_what_it_asks(
    level: str, band: str, reason: str | None, record_property: Any
) -> None:
    bench = held(Side.SHORT)
    told(bench, level)
    bench.at(second(bench) + 2 * POLL_S)

    changes = bench.events(e.MarginBandChanged)
    assert [change.band for change in changes] == ([band] if band != "safe" else [])
    if reason is None:
        assert bench.view.state is PositionState.ACTIVE
        assert bench.view.insurance.state == "resting"
    else:
        view = bench.settled()
        assert view.closed is not None
        assert view.closed.reason == reason
    frozen = bench.world.monitor.roster.standing.frozen_for("ANY")
    assert (frozen is not None) is (band == "danger")
    if frozen is not None:
        assert arm(bench, "other") == "degraded"
    record_property("happened", f"margin band {band}: {level}")


def test_the_pairs_liquidation_ratio_raises_the_exit_level() -> None:
    bench = held(Side.SHORT)
    market = bench.world.monitor.markets[bench.world.symbol]
    pair = attrs.evolve(market.instrument, liquidation_ratio=Decimal("1.22"))
    object.__setattr__(market, "instrument", pair)
    told(bench, "1.26")
    bench.at(second(bench) + 2 * POLL_S)
    view = bench.settled()
    assert view.closed is not None
    assert view.closed.reason == "margin_risk"


def test_a_restart_reads_the_level_again() -> None:
    bench = held(Side.SHORT)
    bench.world.kill(dead_ns=2 * NS_PER_S)
    told(bench, "1.15")
    bench.at(second(bench) + 2 * POLL_S)
    view = bench.settled()
    assert view.closed is not None
    assert view.closed.reason == "margin_risk"


def test_a_level_that_cannot_be_read_is_not_known_after_a_minute() -> None:
    bench = held(Side.SHORT)
    bench.at(second(bench) + 15)
    assert bench.world.monitor.margins.known(bench.view)[1] != "unknown"
    told(bench, None)
    bench.at(second(bench) + 75)
    assert bench.world.monitor.margins.known(bench.view)[1] == "unknown"


def test_a_level_on_a_bound_writes_one_row() -> None:
    """Worse at once, better only once clear of the bound."""
    band, rows = "safe", 0
    for level in ("1.51", "1.49", "1.51", "1.49", "1.52", "1.54", "1.56"):
        found = band_of(Decimal(level), band)
        rows += found != band
        band = found
    assert (band, rows) == ("caution", 3)
    assert band_of(Decimal("1.0"), "safe") == "danger"
    assert band_of(None, "critical") == "safe"
    for name in NAMES:
        assert band_of(Decimal(3), name) == "safe"


# --- liquidation ---------------------------------------------------------------------------------


def liquidate(bench: Turning) -> None:
    """What the exchange does: takes our stop away and buys back all that is owed."""
    world, view = bench.world, bench.view
    account = bench.checks.truth(world.scope).account
    stamp = world.clock.now_ns // NS_PER_MS
    assert view.insurance.client_id is not None
    cancel = CancelOrder(
        scope=world.scope,
        position=view.id,
        target=view.insurance.client_id,
        cancel_id=ClientOrderId("autoclose-c1"),
        timestamp_ms=stamp,
    )
    lot = world.instrument.order_step
    owed = account.base.debt / (1 - world.instrument.taker_fee)
    buy = PlaceOrder(
        scope=world.scope,
        position=PositionId(view.id),
        purpose=Purpose.UNTRACKED,
        client_id=ClientOrderId(f"{FORCED_PREFIX}1"),
        action=Action.BUY,
        type=OrderType.MARKET,
        quantity=Quantity((owed // lot + 1) * lot),
        side_effect=SideEffect.REPAY,
        timestamp_ms=stamp,
    )
    for request in (cancel, buy):
        # Past the wire's own points, at which a request of ours could die.
        answer = SimExchange.handle(world.exchange, request, at_ns=ExchangeNs(world.clock.now_ns))
        assert isinstance(answer, OrderState), answer


def test_a_liquidation_closes_by_the_exchanges_own_fills(record_property: Any) -> None:
    bench = held(Side.SHORT)
    bench.at(second(bench) + 5)
    liquidate(bench)
    bench.world.until(lambda: not bench.world.monitor.roster.live(), at_most=20_000)

    view = bench.view
    assert view.closed is not None
    assert view.closed.reason == "liquidation"
    assert view.settled is not None
    assert [fill.client_id for fill in view.exit_fills] == [f"{FORCED_PREFIX}1"] * len(
        view.exit_fills
    )
    assert not bench.requests(Purpose.EXIT), "nothing was sold twice"
    account = bench.checks.truth(bench.world.scope).account
    assert level_of(account) is None
    assert account.quote.net == Decimal(10_000) + view.settled.net or account.base.net > 0
    record_property("happened", "liquidation: closed by evidence")
