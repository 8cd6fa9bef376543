"""Hints of what happens on an account: only what nobody else says, and never more than a look."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from robson.connectors.binance.socket import StreamBroken
from robson.connectors.binance.user_stream import OrderMoved, UserStream, moved
from robson.daemon import accounts
from robson.daemon.accounts import AGAIN_S, Accounts
from robson.daemon.inbox import Inbox
from robson.daemon.messages import Hint
from robson.daemon.stillness import Stillness
from robson.domain.identity import (
    AccountId,
    PositionId,
    Purpose,
    Scope,
    Symbol,
    client_order_id,
)

SCOPE = Scope(AccountId("main"), Symbol("BTC", "USDT"))


def id_of(purpose: Purpose) -> str:
    return client_order_id(purpose, SCOPE, PositionId.of(1), attempt=0, epoch=1)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "LOOK_S", 0.0)


class Told:
    """A stream that says what the test gives it."""

    def __init__(self, *says: OrderMoved | StreamBroken | None) -> None:
        self.says = list(says)
        self.closed = False

    def receive(self, _within_s: float) -> OrderMoved | None:
        said = self.says.pop(0) if self.says else None
        if isinstance(said, StreamBroken):
            raise said
        return said

    def close(self) -> None:
        self.closed = True


class Bench:
    """Accounts of one pair, and what the monitor was told."""

    def __init__(self, *streams: UserStream | None) -> None:
        self.streams = list(streams)
        self.opened = 0
        self.inbox = Inbox("monitor", Stillness())
        self.accounts = Accounts(["BTCUSDT"], self._open, self.inbox, self._fatal)

    def _open(self, _symbol: str) -> UserStream | None:
        self.opened += 1
        if not self.streams:
            raise StreamBroken("refused")
        return self.streams.pop(0)

    def _fatal(self, name: str, error: BaseException) -> None:
        raise AssertionError(name) from error

    def told(self, now_s: float) -> list[Any]:
        self.accounts.look(now_s)
        self.accounts.look(now_s)
        found = []
        while (message := self.inbox.get(0)) is not None:
            found.append(message)
        return found


@pytest.mark.parametrize(
    ("client_id", "status", "tells"),
    [
        (id_of(Purpose.INSURANCE), "FILLED", True),
        (id_of(Purpose.INSURANCE), "PARTIALLY_FILLED", True),
        (id_of(Purpose.INSURANCE), "EXPIRED", True),
        (id_of(Purpose.INSURANCE), "NEW", False),
        (id_of(Purpose.INSURANCE), "CANCELED", False),
        (id_of(Purpose.ENTRY), "FILLED", False),
        (id_of(Purpose.EXIT), "FILLED", False),
        ("autoclose-1", "FILLED", True),
        ("by-hand", "NEW", True),
    ],
)
@pytest.mark.proves("P17")
def test_a_look_only_for_what_no_answer_says(client_id: str, status: str, tells: bool) -> None:  # noqa: FBT001
    bench = Bench(Told(OrderMoved("BTCUSDT", client_id, status)))
    assert bench.told(0.0) == ([Hint("BTCUSDT")] if tells else [])


def test_another_pair_is_nobodys_business() -> None:
    assert Bench(Told(OrderMoved("ETHUSDT", "by-hand", "NEW"))).told(0.0) == []


def test_a_stream_that_breaks_is_made_again_at_leisure() -> None:
    broken, next_ = Told(StreamBroken("over")), Told(OrderMoved("BTCUSDT", "by-hand", "NEW"))
    bench = Bench(broken, next_)
    assert bench.told(0.0) == []
    assert (broken.closed, bench.opened) == (True, 1)
    assert bench.told(AGAIN_S - 1) == []
    assert bench.opened == 1
    assert bench.told(AGAIN_S) == [Hint("BTCUSDT")]


def test_a_dead_stream_costs_a_try_now_and_then() -> None:
    bench = Bench()
    for second in range(100):
        assert bench.told(float(second)) == []
    assert bench.opened == 100 / AGAIN_S


def test_recorded_events_are_read(tapes: Path | None, record_property: Any) -> None:
    """Frames of the old streams, in the new one's wrapper; a cancel names the order by ``C``."""
    if tapes is None:
        record_property("note", "recorded messages absent: nothing was compared")
        return
    reports, others = 0, 0
    for path in sorted((tapes / "messages").glob("uds_*.json")):
        for event in _events(json.loads(path.read_text())["payload"]):
            found = moved(json.dumps({"subscriptionId": 0, "event": event}).encode())
            if event["e"] == "executionReport":
                known = event["C"] if event["C"] not in ("", "null") else event["c"]
                assert found == OrderMoved(event["s"], known, event["X"])
                reports += 1
            else:
                assert found is None
                others += 1
    assert reports > 3
    assert others > 1
    record_property("note", f"binance: {reports} recorded execution reports, {others} others")


def test_the_end_is_said_in_two_ways_and_an_answer_is_no_event() -> None:
    for kind in ("eventStreamTerminated", "serverShutdown"):
        with pytest.raises(StreamBroken, match=kind):
            moved(json.dumps({"event": {"e": kind, "E": 1}}).encode())
    assert moved(b'{"id":"u-1","status":200,"result":{}}') is None


def _events(found: Any) -> Any:
    """Every event anywhere in a recorded document."""
    if isinstance(found, dict):
        if isinstance(found.get("e"), str):
            yield found
        else:
            for inner in found.values():
                yield from _events(inner)
    elif isinstance(found, list):
        for inner in found:
            yield from _events(inner)
