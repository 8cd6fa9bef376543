"""An exchange that wants no more requests: the way out leaves all the same, and as soon as ever.

Every question is told 429 with Retry-After, and a stranger at the same address has used up the
minute's weight. When the price came and when cancel and exit came in, the venue's own log says.
"""

from __future__ import annotations

import http.client
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.e2e.evidence import STEP
from tests.e2e.harness import Robsond, arm, state, until
from tests.e2e.venues import Venue, beside_a_venue

SOON_MS = 1_000
WAIT_S = 12
"""Of the venue's seconds, four of which pass in one of ours."""
READERS = ("question", "market")


def test_a_storm_of_429_never_delays_the_way_out(place: Path, record_property: Any) -> None:
    looks_often = {"ROBSON__MARGIN__POLL_S": "1"}
    with beside_a_venue(place, "--by-hand", "--speed", "4", **looks_often) as (venue, robsond):
        client, start = robsond.start(), venue.last()
        calm_ms = _left(venue, robsond, client, "calm")
        venue.price(start)

        position = arm(client, key="storm")
        held = robsond.protected(client, position)
        spent = _use_up(venue)
        faults = [venue.throttle(role, WAIT_S) for role in READERS]
        until(lambda: venue.struck(faults[0]), "a question is told to wait")
        before = venue.log()[-1]["number"]
        storm_ms = _exit(venue, Decimal(held.stop_gain) + 10)
        refused = [row for row in venue.log() if row["status"] == 429]
        ways_out = [
            row for row in venue.log() if row["number"] > before and row["role"] != "market"
        ]
        venue.calm()
        left = robsond.settles(client, position)
        assert (state(left), left.exit_reason) == ("closed", "stop_gain")
        assert robsond.stop().code == 0
        robsond.tally().is_clean(dust=6 * STEP)

    asked = [(row["role"], row["status"]) for row in ways_out if row["role"] != "question"]
    assert asked == [("cancel", 200), ("exit", 200)], "each once, and taken"
    assert {row["role"] for row in refused} == {*READERS}
    assert storm_ms < SOON_MS, f"{storm_ms} ms from the price to the exit, {calm_ms} ms in the calm"
    record_property("happened", f"live: out in a storm of {len(refused)} answers 429")
    told = f"{storm_ms} ms to the exit in a storm of 429, {calm_ms} ms without"
    record_property("note", f"live: {told}; {spent} weight used up")


def _left(venue: Venue, robsond: Robsond, client: Any, key: str) -> int:
    """A life to its target; milliseconds to its exit."""
    position = arm(client, key=key)
    held = robsond.protected(client, position)
    took_ms = _exit(venue, Decimal(held.stop_gain) + 10)
    robsond.settles(client, position)
    return took_ms


def _exit(venue: Venue, price: Decimal) -> int:
    """Let the price be at the target; milliseconds until the exit has come in."""
    before, began_ms = venue.log()[-1]["number"], venue.now_ms()
    venue.price(price)

    def came() -> list[int]:
        rows = [row for row in venue.log() if row["number"] > before]
        return [row["at_ms"] for row in rows if row["role"] == "exit"]

    return int(until(came, "the exit has come in")[0]) - began_ms


def _use_up(venue: Venue) -> int:
    """As somebody at the same address: ask until the minute's weight is gone; what was used."""
    door = http.client.HTTPConnection(urlsplit(venue.rest).netloc, timeout=10)
    used = 0
    try:
        for _ in range(1_000):
            door.request("GET", "/api/v3/historicalTrades?symbol=BTCUSDT&limit=1", headers=_KEY)
            answer = door.getresponse()
            answer.read()
            if answer.status == 429:
                assert int(answer.headers["Retry-After"]) > 0
                return used
            used = int(answer.headers["X-MBX-USED-WEIGHT-1M"])
    finally:
        door.close()
    raise AssertionError(f"the weight was never used up: {used}")


_KEY = {"X-MBX-APIKEY": "test-key"}
