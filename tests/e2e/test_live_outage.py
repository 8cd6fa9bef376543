"""Two hours without an exchange, at a scaled clock: few requests, no restart, well soon after.

Each way of being away has its own life: nobody listens, connections are cut, nothing is answered, a
page for everybody. A price that has passed the stop meanwhile is met on return.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import state, until
from tests.e2e.venues import Venue, beside_a_venue, held_at_last
from tests.quickest import TRIES, quickest

MODES = ("refused", "cut", "mute", "page")
MINUTE_MS = 60_000
ASKED_MAX, MINUTES = 60, 10
"""Requests and connections a minute of the exchange's, of all kinds together: one a second, in any
ten minutes. At sixty times its speed a busy machine moves half a minute's into the next."""
WELL_S = 30
"""Exchange time after its end until prices are heard and every look is answered: half a second of
ours, so the quickest of a few outages counts, and the others are brief."""
BRIEF_S = 120
FRESH_MS = 10_000


@pytest.mark.parametrize(
    ("mode", "seconds", "speed"),
    [
        ("cut", 300, "60"),
        *(pytest.param(mode, 7200, "60", marks=pytest.mark.long) for mode in MODES),
    ],
)
@pytest.mark.timeout(300)
def test_an_outage(
    mode: str, seconds: int, speed: str, *, place: Path, record_property: Any
) -> None:
    with beside_a_venue(place, "--by-hand", "--speed", speed, hints=True) as (venue, robsond):
        client = robsond.start()
        door = f"http://127.0.0.1:{robsond.says_until('health')['http']}/health/ready"
        held = held_at_last(client, robsond)
        assert _unready(door) == []
        position = held.id
        pid, last = robsond.pid, len(venue.log())

        def away(for_s: int) -> float:
            """Be away; the exchange's seconds after the end until all is well."""
            over_ms = venue.now_ms() + for_s * 1_000
            venue.away(mode, for_s)
            until(lambda: _gone(client), "the silence is noticed")
            if not asked:
                assert state(robsond.position(client, position)) == "active", "its stop protects"
                until(lambda: _unready(door) == ["exchange"], "the health door says so")
            until(lambda: venue.now_ms() >= over_ms, "it is over", for_s / float(speed) + 30)
            venue.price(Decimal(held.stop_loss) - 1)
            well_ms = until(lambda: _well(client, venue), "it is well again")
            asked.append([row["at_ms"] for row in venue.log()[last:] if row["at_ms"] < over_ms])
            return (well_ms - over_ms) / 1_000

        asked: list[list[int]] = []
        lengths = iter([seconds, *[BRIEF_S] * TRIES])
        well_s = quickest(lambda: away(next(lengths)), within=WELL_S)
        left = robsond.settles(client, position)

        assert robsond.pid == pid, "no restart"
        assert (state(left), left.exit_reason) == ("closed", "stop_loss")
        assert robsond.stop().code == 0
    minutes = min(MINUTES, seconds // 60)
    most = _most(asked[0], minutes * MINUTE_MS) / minutes
    assert most <= ASKED_MAX, f"{most} a minute"
    if mode != "refused":  # there nobody listens, so nobody counts
        assert len(asked[0]) > seconds / 60, "it was asked for all the while"
    assert well_s <= WELL_S
    robsond.tally().is_clean(dust=3 * Decimal("0.00001"))
    record_property("happened", f"live: an outage of {seconds} s, {mode}")
    record_property(
        "note",
        f"outage, {mode}, {seconds} s: {len(asked[0])} requests, at most {most} a minute"
        f" in any {minutes} minutes, {_most(asked[0], MINUTE_MS)} in any one;"
        f" well {well_s:.1f} s after",
    )


def _gone(client: Any) -> bool:
    """The daemon says that the exchange does not answer."""
    return bool(client.daemon().daemon.exchange.HasField("silent_since"))


def _unready(door: str) -> list[str]:
    """The checks of the health door that are not passed."""
    try:
        with urllib.request.urlopen(door, timeout=10) as answer:
            told = json.load(answer)
    except urllib.error.HTTPError as answer:
        told = json.load(answer)
    return [name for name, check in told["checks"].items() if not check["ok"]]


def _well(client: Any, venue: Venue) -> int:
    """The exchange's time at which prices are fresh and its last answer came; 0 before."""
    daemon = client.daemon().daemon
    fresh = all(feed.HasField("age_ms") and feed.age_ms < FRESH_MS for feed in daemon.feeds)
    return venue.now_ms() if fresh and not daemon.exchange.HasField("silent_since") else 0


def _most(asked: list[int], within_ms: int) -> int:
    """The most within any stretch of time."""
    first, most = 0, 0
    for place, at_ms in enumerate(asked):
        while asked[first] <= at_ms - within_ms:
            first += 1
        most = max(most, place - first + 1)
    return most
