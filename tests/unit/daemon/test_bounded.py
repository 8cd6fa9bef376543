"""A thread that waits in bounded requests, one after another, is alive; after them it is not."""

from __future__ import annotations

import threading

import pytest

from robson.connectors.binance.http import Reply
from robson.daemon import bounded as module
from robson.daemon import worker as workers
from robson.daemon.bounded import Bounded
from robson.daemon.inbox import Inbox
from robson.daemon.stillness import Stillness
from robson.daemon.worker import Worker

BOUND_S, EACH_S, PAGES = 7.0, 6.0, 20


class Time:
    now_s = 100.0


class Slow:
    """A door whose every answer comes just in time."""

    url = "http://127.0.0.1:1"

    def __init__(self) -> None:
        self.silent: list[float] = []

    def send(self, *_: object) -> Reply:
        Time.now_s += EACH_S
        me = threading.current_thread()
        assert isinstance(me, Worker)
        self.silent.append(me.silent_s())
        return Reply(status=200, headers={}, body=b"{}")


def test_a_reading_of_many_slow_pages_is_no_thread_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "monotonic_s", lambda: Time.now_s)
    monkeypatch.setattr(workers, "monotonic_s", lambda: Time.now_s)
    slow, after = Slow(), []
    door = Bounded(slow, BOUND_S)

    def step(_message: object) -> None:
        for _ in range(PAGES):
            door.send("GET", "/", "", {})
        Time.now_s += BOUND_S
        after.append(lane.silent_s())

    lane = Worker("reader", Inbox("reader", Stillness()), step, lambda *_: None)
    lane.inbox.put("a list")
    lane.inbox.close()
    lane.start()
    lane.join(10)

    assert slow.silent == [0.0] * PAGES
    assert after == [PAGES * EACH_S + BOUND_S], "what hangs without a request is seen"
