"""Two hours without an exchange, at a scaled clock: few requests, no restart, well soon after.

Each way of being away has its own life: nobody listens, connections are cut, nothing is answered, a
page for everybody. A price that has passed the stop meanwhile is met on return.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robson.api.client import CallFailed
from tests.e2e.harness import arm, state, until
from tests.e2e.venues import Venue, beside_a_venue

MODES = ("refused", "cut", "mute", "page")
MINUTE_MS = 60_000
ASKED_MAX, AT_FIRST_MAX = 60, 90
"""Requests and connections in a minute of the exchange's, of all kinds together: one a second, and
somewhat more in the first one, while pauses still grow."""
WELL_S = 30
"""Exchange time after its end until prices are heard and every look is answered."""
FRESH_MS = 10_000
PATIENT = {"ROBSON__EXCHANGE__RECV_WINDOW_MS": "10000"}
"""What is rehearsed is the outage, not how fast this machine is at sixty times its speed."""


@pytest.mark.parametrize(
    ("mode", "seconds", "speed"),
    [
        ("cut", 600, "60"),
        *(pytest.param(mode, 7200, "60", marks=pytest.mark.long) for mode in MODES),
    ],
)
@pytest.mark.timeout(300)
def test_an_outage(
    mode: str, seconds: int, speed: str, *, place: Path, record_property: Any
) -> None:
    with beside_a_venue(place, "--by-hand", "--speed", speed, hints=True, **PATIENT) as (
        venue,
        robsond,
    ):
        client = robsond.start()
        position = until(lambda: _armed(client), "armed")
        held = robsond.protected(client, position)
        pid, last = robsond.pid, len(venue.log())

        began_ms = venue.now_ms()
        venue.away(mode, seconds)
        over_ms = began_ms + seconds * 1_000
        until(lambda: _gone(client), "the silence is noticed")
        assert state(robsond.position(client, position)) == "active", "the exchange stop protects"
        until(lambda: venue.now_ms() >= over_ms, "it is over", seconds / float(speed) + 30)
        venue.price(Decimal(held.stop_loss) - 1)
        well_ms = until(lambda: _well(client, venue), "it is well again")
        left = robsond.settles(client, position)
        asked = [row["at_ms"] for row in venue.log()[last:] if row["at_ms"] < over_ms]

        assert robsond.pid == pid, "no restart"
        assert (state(left), left.exit_reason) == ("closed", "stop_loss")
        assert robsond.stop().code == 0
    first, most = (_most(part) for part in _parted(asked, began_ms + MINUTE_MS))
    assert first <= AT_FIRST_MAX, f"{first} in the first minute"
    assert most <= ASKED_MAX, f"{most} in a minute"
    if mode != "refused":  # there nobody listens, so nobody counts
        assert len(asked) > seconds / 60, "it was asked for all the while"
    assert (well_ms - over_ms) / 1_000 <= WELL_S
    robsond.tally().is_clean(dust=3 * Decimal("0.00001"))
    record_property("happened", f"live: an outage of {seconds} s, {mode}")
    record_property(
        "note",
        f"outage, {mode}, {seconds} s: {len(asked)} requests, {first} in the first minute, then"
        f" at most {most} a minute;"
        f" well {(well_ms - over_ms) / 1_000:.1f} s after",
    )


def _armed(client: Any) -> str | None:
    """At this speed a busy machine is a slow exchange, and a start is not compared at once."""
    with suppress(CallFailed):
        return arm(client)
    return None


def _gone(client: Any) -> bool:
    """The daemon says that the exchange does not answer."""
    return bool(client.daemon().daemon.exchange.HasField("silent_since"))


def _well(client: Any, venue: Venue) -> int:
    """The exchange's time at which prices are fresh and its last answer came; 0 before."""
    daemon = client.daemon().daemon
    fresh = all(feed.HasField("age_ms") and feed.age_ms < FRESH_MS for feed in daemon.feeds)
    return venue.now_ms() if fresh and not daemon.exchange.HasField("silent_since") else 0


def _parted(asked: list[int], at_ms: int) -> tuple[list[int], list[int]]:
    return [each for each in asked if each < at_ms], [each for each in asked if each >= at_ms]


def _most(asked: list[int]) -> int:
    """The most in any minute."""
    first, most = 0, 0
    for place, at_ms in enumerate(asked):
        while asked[first] <= at_ms - MINUTE_MS:
            first += 1
        most = max(most, place - first + 1)
    return most
