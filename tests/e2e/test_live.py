"""The profile live beside a venue: whole lives over HTTP and WebSocket, and the books agree."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.evidence import STEP
from tests.e2e.harness import arm, refused, state
from tests.e2e.venues import Venue, beside_a_venue


def test_a_long_and_a_short_life(place: Path, record_property: Any) -> None:
    """Borrowed, filled, protected, left and settled, each side, on the wire of the exchange."""
    with beside_a_venue(place, hints=True) as (venue, robsond):
        client = robsond.start()
        lives = []
        for side in ("long", "short"):
            position = arm(client, side=side, key=side)
            held = robsond.protected(client, position)
            assert held.insurance.order_id
            if side == "short":
                robsond.kill()
                client = robsond.start()
                again = robsond.protected(client, position)
                assert again.insurance.order_id == held.insurance.order_id, "the same stop rests"
            list(client.panic(symbol="BTCUSDT"))
            left = robsond.settles(client, position)
            assert (state(left), left.exit_reason) == ("closed", "user_panic")
            lives.append(position)
        assert b"test-secret" not in Path(f"/proc/{robsond.pid}/environ").read_bytes()
        ended = robsond.stop()
        assert ended.code == 0
        assert sum(row["role"] == "token" for row in venue.log()) == 2, "one for each process"
        tally = robsond.tally()
        written = [path for path in robsond.place.rglob("*") if path.is_file()]
        for secret in (b"test-secret", b"signature="):
            assert secret.decode() not in ended.out + ended.err
            assert [path.name for path in written if secret in path.read_bytes()] == []

    assert len(written) > 5
    tally.is_clean(dust=3 * STEP)
    sent = [request.target or "" for request in tally.requests if request.request == "PlaceOrder"]
    assert len({target for target in sent if target.startswith("rbe")}) == len(lives)
    assert len(sent) == len(set(sent)) == 3 * len(lives), "each order once: entry, stop, exit"
    assert tally.fills == 4
    record_property("happened", "live: a life on the venue, long and short")


def test_a_key_that_is_refused_ends_the_start_in_one_line(place: Path) -> None:
    with beside_a_venue(place, secret="of-somebody-else") as (_, robsond):
        robsond.launch()
        ended = robsond.ended()

    assert ended.code == 69
    assert "Signature for this request is not valid" in ended.one_line("does not serve this daemon")
    assert "of-somebody-else" not in ended.out + ended.err


@pytest.mark.long
@pytest.mark.timeout(240)
def test_an_outage_is_survived_and_over_soon(place: Path, record_property: Any) -> None:
    """It is gone for a minute while a stop rests: few tries, no restart, then as before."""
    with beside_a_venue(place, "--by-hand") as (venue, robsond):
        client = robsond.start()
        position = arm(client)
        held = robsond.protected(client, position)
        pid = robsond.pid
        venue.kill()
        threading.Event().wait(60)
        assert state(robsond.position(client, position)) == "active"
        back = Venue(robsond.place, "--by-hand", port=venue.port)
        try:
            back.price(Decimal(held.stop_gain) + 10)
            left = robsond.settles(client, position)
            asked = back.log()
        finally:
            back.end()
        assert (state(left), left.exit_reason) == ("closed", "stop_gain")
        assert robsond.pid == pid
        assert robsond.stop().code == 0
        told = (robsond.place / "logs" / "robsond.log").read_text()
        tries = told.count("connection for prices:") + told.count("price of BTCUSDT:")
    assert 3 < tries < 60, f"{tries} tries in a minute"
    assert len(asked) > 3
    record_property("happened", "live: an outage of a minute")


@pytest.mark.long
def test_a_start_without_an_exchange_ends_with_its_address(place: Path) -> None:
    key = place / "key.toml"
    key.touch(0o600)
    key.write_text('api_key = "k"\nsecret_key = "s"\n')
    env = {
        "ROBSON__PROFILE": "live",
        "ROBSON__STORE__ACCEPT_SINGLE_HOST": "true",
        "ROBSON__EXCHANGE__KEY_FILE": str(key),
        "ROBSON__EXCHANGE__REST_URL": "http://127.0.0.1:9",
        "ROBSON__EXCHANGE__STREAM_URL": "ws://127.0.0.1:9",
    }
    ended = refused(place / "s", **env)
    assert ended.code == 69
    assert "http://127.0.0.1:9" in ended.one_line("no connection to 127.0.0.1")


def test_an_exchange_elsewhere_is_refused(place: Path) -> None:
    """No order leaves this machine, whatever the configuration says."""
    (place / "key.toml").write_text("")
    env = {
        "ROBSON__PROFILE": "live",
        "ROBSON__STORE__ACCEPT_SINGLE_HOST": "true",
        "ROBSON__EXCHANGE__KEY_FILE": str(place / "key.toml"),
        "ROBSON__EXCHANGE__STREAM_URL": "ws://127.0.0.1:1",
    }
    ended = refused(place / "s", **env, ROBSON__EXCHANGE__REST_URL="https://api.binance.com")

    assert ended.code == 78
    assert "api.binance.com" in ended.one_line("exchange.rest_url", "this machine only")
