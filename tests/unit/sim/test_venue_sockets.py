"""Whom the venue's sockets give up: who does not answer, and not who was stopped with the venue."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from robson.sim.venue.sockets import Connection

SPEED = 200.0
"""At this a ping goes out each second of ours, and five without a pong end it."""


class _Enough(Exception):
    """Nothing more is to come."""


class _Socket:
    def __init__(self) -> None:
        self.pings = 0

    async def ping(self, _text: bytes) -> None:
        self.pings += 1


def kept(patch: pytest.MonkeyPatch, *sleeps_s: float) -> tuple[int, bool]:
    """Pings, and whether the connection is ended, when nobody answers and sleep lasts so long."""
    now_s = 0.0
    lasting = iter(sleeps_s)

    async def sleep(_seconds: float) -> None:
        nonlocal now_s
        lasts_s = next(lasting, None)
        if lasts_s is None:
            raise _Enough
        now_s += lasts_s

    async def keep() -> None:
        with suppress(_Enough):
            await connection._keep()

    connection: Any = Connection(lambda: now_s, SPEED)
    connection._ws = socket = _Socket()
    patch.setattr("robson.sim.venue.sockets.asyncio.sleep", sleep)
    asyncio.run(keep())
    return socket.pings, connection._ending


def test_five_seconds_without_a_pong_are_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept(monkeypatch, *[1.0] * 5) == (5, False)
    assert kept(monkeypatch, *[1.0] * 6) == (5, True)


def test_a_venue_that_was_stopped_gives_nobody_up_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept(monkeypatch, 1.0, 90.0, 1.0) == (3, False)
    assert kept(monkeypatch, 1.0, 90.0, *[1.0] * 4) == (5, True)
    assert kept(monkeypatch, 500.0, 1.0) == (2, False), "and none is a day old for it"
