"""What a person reads when the exchange is in trouble: one line that says what, never a traceback.

A start beside a venue that plays up, and a daemon that lives while it does.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robson.api.client import CallFailed, Client
from tests.e2e.harness import ROOT, Robsond, arm, environment, running, state, until
from tests.e2e.venues import Venue, beside_a_venue, held_at_last, key_file, live

STARTS = {
    "page": "HTTP 503 with text/html",
    "wrong_country": "Service unavailable from a restricted location",
    "blocked": "a firewall keeps this address out",
    "throttled": "Too much request weight used",
    "body_cut": "no whole answer: IncompleteRead",
    "cut_before": "no whole answer: RemoteDisconnected",
    "body_slow": "no whole answer: it takes too long",
}
IN_CI = ("page",)
STREAM = ("stream_silent", "stream_half_open", "frame_torn", "frame_huge", "frame_garbled")
SAID = {
    "page": "not answered",
    "wrong_country": "refused this key or this address",
    "blocked": "refused this key or this address",
}
RATE = "8"
"""The venue's seconds for each of ours: a look at the stop each half minute comes eight times as
soon."""
ROBSON = (sys.executable, "-m", "robson.cli.main", "--state-dir")


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    one = Venue(tmp_path_factory.mktemp("venue"))
    yield one
    one.end()


@pytest.mark.parametrize(
    "kind", [k if k in IN_CI else pytest.param(k, marks=pytest.mark.long) for k in STARTS]
)
def test_a_start_is_refused_in_one_line(
    kind: str, venue: Venue, place: Path, record_property: Any
) -> None:
    venue.trouble(kind, "market")
    try:
        with running(place / "s", **live(venue, key_file(place))) as robsond:
            robsond.launch()
            ended = robsond.ended()
    finally:
        venue.calm()
    assert ended.code == 69
    assert STARTS[kind] in ended.one_line(venue.rest, "does not serve this daemon")
    record_property("happened", "live: a start in bad weather")


def test_a_daemon_lives_on_and_says_what_is_wrong(place: Path, record_property: Any) -> None:
    """Mute and half-open sockets, torn and huge frames, a clock that jumps, an exchange that says
    nothing but pages or lets nobody in, a key that is revoked; a pair never opened comes first.
    """
    with beside_a_venue(place, "--by-hand", "--speed", RATE) as (venue, robsond):
        venue.standing(disabled=["main:BTCUSDT"])
        client = robsond.start()
        with pytest.raises(CallFailed, match="isolated margin account of BTCUSDT does not exist"):
            arm(client)
        venue.standing()
        assert robsond.stop().err == ""

        client = robsond.start()
        held = held_at_last(client, robsond, "short")
        for kind in STREAM:
            line = venue.hit(kind, "kline")
            until(lambda line=line: venue.struck(line), kind)
            assert held.instrument.symbol in _screen(robsond, "status"), kind
            record_property("happened", "live: weather while it lives")
        venue.clock(5_000)
        for kind, words in SAID.items():
            venue.trouble(kind, "question")
            assert f"NO EXCHANGE   Binance has {words} for" in _in_trouble(robsond, client), kind
            venue.calm()
            until(lambda: not _no_exchange(client), f"{kind} is over")
            record_property("happened", "live: weather while it lives")
        venue.price(Decimal(held.stop_gain) - 10)
        left = robsond.settles(client, held.id)
        assert (state(left), left.exit_reason) == ("closed", "stop_gain")

        again = held_at_last(client, robsond)
        venue.revoke()
        with pytest.raises(CallFailed, match="API-key"):
            arm(client, key="three")
        venue.price(Decimal(again.stop_gain) + 10)
        shown = _in_trouble(robsond, client)
        assert "NO EXCHANGE   Binance has refused this key or this address for" in shown
        assert "-2015: Invalid API-key" in " ".join(shown.split())
        ended = robsond.stop()
    assert (ended.code, ended.err) == (0, "")
    assert "Traceback" not in ended.out
    log = (robsond.place / "logs" / "robsond.log").read_text()
    assert "the exchange refuses this key or this address: -2015" in log


def _no_exchange(client: Client) -> bool:
    return bool(client.daemon().daemon.exchange.HasField("silent_since"))


def _in_trouble(robsond: Robsond, client: Client) -> str:
    """What status says as soon as the exchange is known to serve nothing."""
    until(lambda: _no_exchange(client), "it is known")
    return _screen(robsond, "status")


def _screen(robsond: Robsond, *words: str) -> str:
    """What a command of robson prints."""
    done = subprocess.run(
        [*ROBSON, str(robsond.place), *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=environment(),
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout
