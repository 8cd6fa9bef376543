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
from tests.e2e.harness import Robsond, state, until
from tests.e2e.venues import Venue, beside_a_venue, held_at_last
from tests.quickest import quickest

SOON_MS = 1_000
"""Of the venue's, a quarter of a second of ours: the quickest of a few storms counts."""
WAIT_S = 12
"""Of the venue's seconds, four of which pass in one of ours."""
READERS = ("question", "market")


def test_a_storm_of_429_never_delays_the_way_out(place: Path, record_property: Any) -> None:
    looks_often = {"ROBSON__MARGIN__POLL_S": "1"}
    with beside_a_venue(place, "--by-hand", "--speed", "4", **looks_often) as (venue, robsond):
        client, start = robsond.start(), venue.last()
        calm_ms = _left(venue, robsond, client)
        venue.price(start)

        storm_ms = quickest(lambda: _stormy(venue, robsond, client, start), within=SOON_MS)
        assert robsond.stop().code == 0
        robsond.tally().is_clean(dust=12 * STEP)
        refused = [row for row in venue.log() if row["status"] == 429]

    assert {row["role"] for row in refused} == {*READERS}
    assert storm_ms < SOON_MS, f"{storm_ms} ms from the price to the exit, {calm_ms} ms in the calm"
    record_property("happened", f"live: out in a storm of {len(refused)} answers 429")
    told = f"{storm_ms} ms to the exit in a storm of 429, {calm_ms} ms without"
    record_property("note", f"live: {told}")


def _stormy(venue: Venue, robsond: Robsond, client: Any, start: Decimal) -> int:
    """A life whose way out lies in a storm: each order once, and taken; milliseconds to its exit.

    After a storm before it there is no weight for a life until the venue's minute is over.
    """
    held = held_at_last(client, robsond)
    _use_up(venue)
    faults = [venue.throttle(role, WAIT_S) for role in READERS]
    until(lambda: venue.struck(faults[0]), "a question is told to wait")
    before = venue.log()[-1]["number"]
    took_ms = _exit(venue, Decimal(held.stop_gain) + 10)
    since = [row for row in venue.log() if row["number"] > before]
    venue.calm()
    left = robsond.settles(client, held.id)
    assert (state(left), left.exit_reason) == ("closed", "stop_gain")
    ways_out = [(row["role"], row["status"]) for row in since if row["role"] not in READERS]
    assert ways_out == [("cancel", 200), ("exit", 200)], "each once, and taken"
    venue.price(start)
    return took_ms


def _left(venue: Venue, robsond: Robsond, client: Any) -> int:
    """A life to its target; milliseconds to its exit."""
    held = held_at_last(client, robsond)
    took_ms = _exit(venue, Decimal(held.stop_gain) + 10)
    robsond.settles(client, held.id)
    return took_ms


def _exit(venue: Venue, price: Decimal) -> int:
    """Let the price be at the target; milliseconds until the exit has come in."""
    before, began_ms = venue.log()[-1]["number"], venue.now_ms()
    venue.price(price)

    def came() -> list[int]:
        rows = [row for row in venue.log() if row["number"] > before]
        return [row["at_ms"] for row in rows if row["role"] == "exit"]

    return int(until(came, "the exit has come in")[0]) - began_ms


def _use_up(venue: Venue) -> None:
    """As somebody at the same address: ask until the minute's weight is gone."""
    door = http.client.HTTPConnection(urlsplit(venue.rest).netloc, timeout=10)
    try:
        for _ in range(1_000):
            door.request("GET", "/api/v3/historicalTrades?symbol=BTCUSDT&limit=1", headers=_KEY)
            answer = door.getresponse()
            answer.read()
            if answer.status == 429:
                assert int(answer.headers["Retry-After"]) > 0
                return
    finally:
        door.close()
    raise AssertionError("the weight was never used up")


_KEY = {"X-MBX-APIKEY": "test-key"}
