"""What is counted, from which answers and refusals; the rest is read in tests/e2e."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import attrs
import pytest

from robson.api.facts import DegradedFact
from robson.daemon.meters import ROWS, Meters
from robson.domain.errors import Refused
from robson.domain.identity import Purpose
from robson.domain.intents import Intent, PlaceOrder
from robson.domain.reports import NotSent, OrderRejected, OrderReported, OutcomeUnknown
from tests.contract import lives
from tests.contract.fake_daemon import published


def order(purpose: Purpose = Purpose.EXIT) -> PlaceOrder:
    placed = next(record.order for record in lives.active().orders)
    return attrs.evolve(placed, purpose=purpose)


def told(kind: type[Any], intent: Any, **fields: Any) -> Any:
    """A report with nothing in it but what is counted."""
    report = object.__new__(kind)
    for name, value in {"intent": intent, **fields}.items():
        object.__setattr__(report, name, value)
    return report


@pytest.fixture
def meters() -> Meters:
    return Meters(published, lambda: {"monitor": 0.25}, lambda: {"tape": 7})


def test_answers_to_orders_are_counted_by_what_they_say(meters: Meters) -> None:
    for purpose in (Purpose.ENTRY, Purpose.INSURANCE, Purpose.EXIT, Purpose.EXIT):
        meters.heard(told(OrderReported, order(purpose)))
    meters.heard(told(OrderRejected, order(Purpose.EXIT), code=-2010))
    meters.heard(told(OutcomeUnknown, order()))
    meters.heard(told(OrderReported, SimpleNamespace()))  # a question's answer places nothing
    meters.heard("a candle")

    text = meters.text()
    assert 'robson_orders_placed_total{role="entry"} 1.0' in text
    assert 'robson_orders_placed_total{role="exit"} 2.0' in text
    assert 'robson_orders_failed_total{code="-2010",role="exit"} 1.0' in text
    assert "robson_order_unknown_total 1.0" in text
    assert 'robson_ticks_total{source="tape"} 7.0' in text
    assert 'robson_thread_heartbeat_age_seconds{thread="monitor"} 0.25' in text


def test_only_a_gate_that_denies_counts_as_a_denial(meters: Meters) -> None:
    meters.refused(Refused("DUPLICATE_POSITION", "m"))
    meters.refused(Refused("INVALID_ARGUMENT", "m"))

    counted = [line for line in meters.text().splitlines() if line.startswith("robson_risk_den")]
    assert counted == ['robson_risk_denials_total{check="duplicate_position"} 1.0']


def test_an_exit_is_timed_from_its_decision_to_its_leaving(meters: Meters) -> None:
    left: list[Intent] = []
    outbox: Any = SimpleNamespace(send=left.append)
    exchange: Any = SimpleNamespace(call=left.append)
    deciding, leaving = meters.watching(outbox), meters.timing(exchange)

    deciding.send(order(Purpose.ENTRY))
    leaving.call(order(Purpose.ENTRY))
    assert "robson_tick_to_exit_seconds_count 0.0" in meters.text()
    deciding.send(order())
    leaving.call(order())
    leaving.call(order())  # nobody has decided this one
    assert "robson_tick_to_exit_seconds_count 1.0" in meters.text()
    deciding.send(order())
    meters.heard(told(NotSent, order()))
    leaving.call(order())
    assert "robson_tick_to_exit_seconds_count 1.0" in meters.text()
    assert len(left) == 7, "everything was handed on"


def test_what_is_frozen_is_shown_as_long_as_it_is() -> None:
    shown = published()
    frozen = DegradedFact(scope="BTCUSDT", reason="r", since_ns=lives.NOON)
    then = attrs.evolve(shown, daemon=attrs.evolve(shown.daemon, degraded=(frozen,)))
    views = iter((then, shown))
    meters = Meters(lambda: next(views), dict, dict)

    assert 'robson_degraded{scope="BTCUSDT"} 1.0' in meters.text()
    assert "robson_degraded{" not in meters.text()


def test_the_table_names_what_prometheus_can_read() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) > 10
    for row in ROWS:
        assert row.name.startswith("robson_")
        assert row.name.endswith("_total") is (row.kind == "counter")
        assert row.meaning
