"""Paper trading beside a venue: public prices, no key, and orders that leave this process never."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.e2e.evidence import STEP
from tests.e2e.harness import arm, protected, running, state
from tests.e2e.venues import Venue


def test_a_life_on_paper_through_a_restart(place: Path, record_property: Any) -> None:
    """Fills at the other side of the book and worse; a stop is met while the daemon is dead."""
    (place / "v").mkdir()
    venue = Venue(place / "v", "--by-hand")
    env = {
        "ROBSON__PROFILE": "paper",
        "ROBSON__EXCHANGE__REST_URL": venue.rest,
        "ROBSON__EXCHANGE__STREAM_URL": venue.stream,
        "ROBSON__PAPER__SLIPPAGE_BPS": "3",
    }
    try:
        with running(place / "s", **env) as robsond:
            client = robsond.start()
            before = venue.last()
            first = arm(client, key="one")
            held = robsond.protected(client, first)
            assert Decimal(held.entry_price) > before * Decimal("1.0003"), "the ask, and worse"
            robsond.kill()
            venue.price(Decimal(held.insurance.stop_price) - 5)
            client = robsond.start()
            ended = robsond.settles(client, first)
            assert (state(ended), ended.exit_reason) == ("closed", "insurance_stop")
            second = arm(client, side="short", key="two")
            assert protected(robsond.protected(client, second))
            list(client.panic(symbol="BTCUSDT"))
            robsond.settles(client, second)
            assert robsond.stop().code == 0
            tally = robsond.tally()
        asked = venue.log()
    finally:
        venue.end()

    tally.is_clean(dust=6 * STEP)
    assert tally.entries == {first: 1, second: 1}
    assert len(asked) > 5
    assert {row["role"] for row in asked} == {"market"}, "nothing was asked but prices"
    assert {row["key"] for row in asked} == {""}, "nobody said who asks"
    record_property("happened", "paper: a life on public prices")
