"""A daemon lives beside an exchange in a process of its own, and both die and come back."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from robson.connectors.simulated.frames import VERSION
from tests.e2e.apart import apart
from tests.e2e.evidence import STEP
from tests.e2e.harness import arm, over, refused, running, state


def test_a_life_in_two_processes_each_killed_once(place: Path, record_property: Any) -> None:
    """Dead while the price runs through the stop; then the exchange is dead for a moment."""
    with apart(place) as (exchange, robsond):
        client = robsond.start()
        exchange.quote()
        first = arm(client)
        held = robsond.protected(client, first)
        robsond.kill()
        exchange.move(Decimal(held.stop_loss) - 10)  # above the exchange stop
        client = robsond.start()
        ended = robsond.settles(client, first)
        assert (state(ended), ended.exit_reason) == ("closed", "stop_loss")

        exchange.quote()
        second = arm(client, side="short", key="two")
        held = robsond.protected(client, second)
        exchange.kill()
        exchange.start()
        exchange.move(Decimal(held.insurance.stop_price) + 10)
        ended = robsond.reaches(client, second, "over", over)
        assert robsond.stop().code == 0
        tally = robsond.tally()

    tally.is_clean(dust=3 * STEP)  # what two lives leave, each rounded against itself
    assert tally.entries == {first: 1, second: 1}
    assert tally.fills == 4
    record_property("happened", "two processes: the daemon killed once, the exchange once")


def test_strangers_are_refused_in_one_line(place: Path) -> None:
    with apart(place) as (exchange, _):
        assert exchange.hello(VERSION + 1)[0] == "refused"
        assert exchange.asks("teleport")[0] == "refused"
        assert exchange.asks("request", 1, ["Teleport", {}])[0] == "refused"
        assert exchange.hello(VERSION)[0] == "welcome", "it still serves"


def test_an_address_that_is_none_is_refused(place: Path) -> None:
    assert "expected unix:PATH" in refused(place / "s", "--exchange", "tcp:1").one_line()


def test_a_start_without_an_exchange_ends_with_its_name(place: Path) -> None:
    with running(place / "s", "--exchange", f"unix:{place}/nobody") as robsond:
        robsond.launch()
        ended = robsond.ended()
    assert ended.code == 69
    ended.one_line("no exchange answers", "robson-sim exchange --listen", "EXCHANGE_UNREACHABLE")
