"""The profile live beside a venue: whole lives over HTTP and WebSocket, and the books agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.evidence import STEP
from tests.e2e.harness import arm, refused, state
from tests.e2e.venues import beside_a_venue


def test_a_long_and_a_short_life(place: Path, record_property: Any) -> None:
    """Borrowed, filled, protected, left and settled, each side, on the wire of the exchange."""
    with beside_a_venue(place) as (_, robsond):
        client = robsond.start()
        lives = []
        for side in ("long", "short"):
            position = arm(client, side=side, key=side)
            held = robsond.protected(client, position)
            assert held.insurance.order_id
            list(client.panic(symbol="BTCUSDT"))
            ended = robsond.settles(client, position)
            assert (state(ended), ended.exit_reason) == ("closed", "user_panic")
            lives.append(position)
        assert robsond.stop().code == 0
        tally = robsond.tally()

    tally.is_clean(dust=3 * STEP)
    sent = [request.target or "" for request in tally.requests if request.request == "PlaceOrder"]
    assert len({target for target in sent if target.startswith("rbe")}) == len(lives)
    assert len(sent) == len(set(sent)) == 3 * len(lives), "each order once: entry, stop, exit"
    assert tally.fills == 4
    record_property("happened", "live: a life on the venue, long and short")


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
