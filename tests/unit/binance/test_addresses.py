"""Orders leave for this machine only: every address that is not loopback is refused, in code."""

from __future__ import annotations

import time

import pytest

from robson.connectors.binance.addresses import loopback_url, public_url
from robson.connectors.binance.api import Api
from robson.connectors.binance.clock import ExchangeClock
from robson.connectors.binance.http import Door, PoolDoor, SessionDoor
from robson.connectors.binance.keys import Key
from robson.connectors.binance.limits import Limits
from robson.connectors.binance.signing import HmacSigner
from robson.domain.errors import ConfigError

HERE = ["http://127.0.0.1:9443", "http://127.9.9.9", "https://[::1]:1", "http://localhost:80/"]
ELSEWHERE = [
    "https://api.binance.com",
    "http://127.0.0.1.example.org",
    "http://example.org#127.0.0.1",
    "http://127.0.0.1@example.org",
    "http://[::ffff:8.8.8.8]",
    "http://0.0.0.0:9443",
    "http://10.0.0.1",
    "http://2130706433",
    "http://localhost.example.org",
    "//127.0.0.1",
    "http://127.0.0.1:99999",
    "http://127.0.0.1 .example.org",
    "http://",
    "",
]


@pytest.mark.parametrize("url", HERE)
def test_this_machine_is_taken(url: str) -> None:
    assert loopback_url(url, "http", "https") == url.rstrip("/")


@pytest.mark.parametrize("url", ELSEWHERE)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        loopback_url(url, "http", "https")


@pytest.mark.parametrize("kind", [SessionDoor, PoolDoor])
def test_no_key_leaves_this_machine(kind: type[SessionDoor | PoolDoor]) -> None:
    """The last lock: whatever a configuration says, a way out with a key leads to loopback."""
    clock = ExchangeClock(time.monotonic_ns)
    limits = Limits(lambda: 0)
    key = Key("k", HmacSigner("s"))
    door: Door = kind("https://api.binance.com", time.monotonic)

    with pytest.raises(ConfigError, match="this machine only"):
        Api(door, key, limits, clock)
    Api(door, None, limits, clock)
    Api(kind("http://127.0.0.1:1", time.monotonic), key, limits, clock)


def test_public_prices_may_come_from_anywhere() -> None:
    url = "wss://data-stream.binance.vision:443"
    assert public_url(url, "ws", "wss") == url
    with pytest.raises(ConfigError, match="expected ws://"):
        public_url("https://data-stream.binance.vision", "ws", "wss")
