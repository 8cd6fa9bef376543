"""Each fault of the wire against a daemon of the profile live: struck in flight, and survived.

One venue and one daemon live through a list of faults, a life each. The venue says of each that it
has struck a request of that role; the books say that no order was sent twice.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robson.api.client import CallFailed, Client
from tests.e2e.evidence import STEP
from tests.e2e.harness import Robsond, arm, over, state, until
from tests.e2e.venues import Venue, beside_a_venue

_KEYS = itertools.count()
RATE = "4"
"""The venue's seconds for each of ours: proofs of absence wait a quarter as long."""
CARRIED_OUT = ("cut_after", "body_cut", "body_slow")
NOT_DONE = ("cut_before", "page", "throttled", "blocked", "wrong_country")
ORDERS = ("entry", "insurance", "cancel", "exit")
SIDES = ("long", "short")
Meeting = tuple[str, str, str]
"""What kind of fault strikes which role of a request, in the life of which side."""
ROLES = (*ORDERS, "repay", "question")
SOME: list[Meeting] = [
    *(("cut_after", role, "short") for role in ROLES),
    ("cut_before", "repay", "short"),
    ("page", "cancel", "short"),
    ("throttled", "exit", "short"),
    ("cut_after", "entry", "long"),
    ("body_cut", "insurance", "long"),
]
"""A short's debt, its stop, its buy-back and its repayment; and a long."""
STREAMS = [
    *(("stream_cut", role) for role in ("aggTrade", "kline")),
    *(("frame_torn", "aggTrade"), ("frame_garbled", "aggTrade"), ("frame_huge", "kline")),
    *(("frame_twice", "aggTrade"), ("frames_swapped", "aggTrade"), ("frame_lost", "aggTrade")),
    *(("stream_shutdown", "kline"), ("stream_day", "kline"), ("stream_silent", "kline")),
]


def test_faults_of_requests(place: Path, record_property: Any) -> None:
    _through(place, SOME, record_property)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", [*CARRIED_OUT, *NOT_DONE])
def test_every_fault_of_requests(kind: str, side: str, place: Path, record_property: Any) -> None:
    """Role by role."""
    _through(place, [(kind, role, side) for role in ROLES], record_property)


@pytest.mark.proves("P16")
@pytest.mark.long
@pytest.mark.timeout(600)
def test_every_fault_of_the_stream(place: Path, record_property: Any) -> None:
    """After each the price runs to the target, and the position is left there.

    Not to the stop: the month has room for four losses.
    """
    with beside_a_venue(place, "--by-hand", "--speed", RATE) as (venue, robsond):
        client, start = robsond.start(), venue.last()
        for number, (kind, role) in enumerate(STREAMS):
            position = _armed(client, SIDES[number % 2])
            held = robsond.protected(client, position)
            line = venue.hit(kind, role)
            for _ in range(3):
                venue.price(venue.last() + Decimal("0.01"))
            until(lambda line=line: venue.struck(line), f"{kind} strikes")
            up = number % 2 == 0
            venue.price(Decimal(held.stop_gain) + (10 if up else -10))
            left = robsond.reaches(client, position, "over", over)
            assert left.exit_reason == "stop_gain", (kind, left.exit_reason)
            record_property("happened", f"live, stream: {kind} of {role}")
            venue.price(start)
        assert robsond.stop().code == 0
        _books(robsond, len(STREAMS))


def _through(place: Path, faults: Sequence[Meeting], note: Any) -> None:
    with beside_a_venue(place, "--by-hand", "--speed", RATE) as (venue, robsond):
        client, start = robsond.start(), venue.last()
        for kind, role, side in faults:
            met, before = f"{kind} of {role}, {side}", venue.log()[-1]["number"]
            if role == "repay":
                venue.hit("skipped_repay", "exit")  # or nothing is left to be repaid
            line = None if role == "question" else venue.hit(kind, role)
            position = _armed(client, side)
            decided = robsond.reaches(client, position, "held or over", _is_decided)
            if over(decided) and role != "entry":  # still kept back for the fault before
                threading.Event().wait(1)
                position = _armed(client, side)
                decided = robsond.reaches(client, position, "held or over", _is_decided)
            if line is None:
                line = venue.hit(kind, role)
            if not over(decided):
                _to_win(venue, Decimal(decided.entry_price), up=side == "long")
                with suppress(CallFailed):
                    list(client.panic(symbol="BTCUSDT"))
            ended = robsond.reaches(client, position, "over", over)
            assert venue.struck(line), f"{met}, has struck nothing"
            struck = [
                row for row in venue.log() if row["number"] > before and kind in row["struck"]
            ]
            assert [row["role"] for row in struck] == [role], met
            if state(ended) == "closed":
                robsond.settles(client, position)
            else:
                assert role == "entry", f"{met}, ended it as {state(ended)}"
            note("happened", f"live: {met}")
            venue.price(start)
        assert robsond.stop().code == 0
        _books(robsond, len(faults))


def _armed(client: Client, side: str) -> str:
    """The answer to a fault before may still be waited out."""

    def tried() -> str | None:
        with suppress(CallFailed):
            return arm(client, side=side, key=f"{side} {next(_KEYS)}")
        return None

    return until(tried, "armed")


def _is_decided(position: Any) -> bool:
    rests = state(position) == "active" and position.insurance.order_id
    return bool(rests or over(position))


def _to_win(venue: Venue, entry: Decimal, *, up: bool) -> None:
    """A little over the costs, so that the month has room for the next life."""
    moved = entry * (Decimal("1.003") if up else Decimal("0.997"))
    venue.price(moved.quantize(Decimal("0.01")))


def _books(robsond: Robsond, lives: int) -> None:
    tally = robsond.tally()
    tally.is_clean(dust=3 * lives * STEP)
    sent = [request for request in tally.requests if request.request == "PlaceOrder"]
    # A cancel or an insurance that was refused for the wire is tried again under another id.
    targets = [request.target or "" for request in sent if request.answer != "ApiError"]
    assert len(targets) == len(set(targets)), "an order was sent twice"
    assert sum(target.startswith("rbe") for target in targets) <= lives
