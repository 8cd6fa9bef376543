"""The exchange's own faults as a client sees them over HTTP: status, code, and what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from robson.daemon.clock import monotonic_s
from robson.domain.identity import (
    AccountId,
    PositionId,
    Purpose,
    Scope,
    Symbol,
    client_order_id,
)
from robson.sim.wait import until
from tests.contract.venue.caller import Caller, Came, Operator
from tests.contract.venue.harness import Started, venue

Note = Callable[[str, object], None]
SPEED = 10
SCOPE = Scope(AccountId("main"), Symbol("BTC", "USDT"))


class Seen(NamedTuple):
    """What comes of a fault: the answer's status and code, and whether the entry was made."""

    status: int
    code: int | None
    done: bool


ENTRIES: dict[str, Seen] = {
    "lost_request": Seen(0, None, done=False),
    "lost_answer": Seen(0, None, done=True),
    "stalled_answer": Seen(0, None, done=True),
    "late_answer": Seen(200, None, done=True),
    "held_request": Seen(400, -1021, done=False),
    "outage": Seen(0, None, done=False),
    "rate_limit": Seen(429, -1003, done=False),
    "banned": Seen(418, -1003, done=False),
    "overloaded": Seen(503, -1001, done=False),
    "maintenance": Seen(503, -1016, done=False),
    "bus_error": Seen(503, -1006, done=True),
    "backend_timeout": Seen(504, -1007, done=True),
    "html_page": Seen(502, None, done=True),
    "clock": Seen(400, -1021, done=False),
    "clock_stepped": Seen(400, -1021, done=False),
    "key_revoked": Seen(401, -2015, done=False),
    "busy_debt": Seen(400, -3007, done=False),
    "nothing_to_lend": Seen(400, -3045, done=False),
    "halted": Seen(400, -2010, done=False),
    "filters_grown": Seen(400, -1013, done=False),
    "price_band": Seen(400, -1013, done=False),
    "late_matching": Seen(504, -1007, done=True),
    "thin_book": Seen(200, None, done=True),
    "several_trades": Seen(200, None, done=True),
}
SECONDS = {
    "stalled_answer": 7, "late_answer": 1, "held_request": 4.5, "outage": 1, "rate_limit": 7,
    "banned": 1, "maintenance": 1, "clock_stepped": 1, "key_revoked": 1, "halted": 1,
    "filters_grown": 1, "late_matching": 2,
}  # fmt: skip


class Desk:
    """Somebody who gives orders their names as Robson does, which say what they are for."""

    def __init__(self, started: Started) -> None:
        self.caller = Caller(started.rest, window_ms=60_000)  # 6 s of ours
        self.operator = Operator(started.told["operator"])
        self._attempt = 0

    def name(self, purpose: Purpose) -> str:
        self._attempt += 1
        return client_order_id(purpose, SCOPE, PositionId.of(7), attempt=self._attempt, epoch=1)

    def enter(self, name: str, window_ms: int = 60_000) -> Came:
        return self.caller.order(quantity="0.01105", newClientOrderId=name, recvWindow=window_ms)

    def executed(self, name: str) -> Decimal | None:
        """What the books say the order has traded; None for no such order."""
        [account] = self.operator.get("/books")["accounts"]
        found = [row for row in account["orders"] if row["client_id"] == name]
        return Decimal(found[0]["executed"]) if found else None

    def asked(self, path: str, **values: object) -> Any:
        isolated = {"symbol": "BTCUSDT", "isIsolated": "TRUE"}
        return self.caller.signed("GET", f"/sapi/v1/margin/{path}", **isolated, **values)

    def asked_account(self) -> Any:
        path = "/sapi/v1/margin/isolated/account"
        return self.caller.signed("GET", path, symbols="BTCUSDT").json


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with venue("--by-hand", "--speed", str(SPEED), "--balance", "1000000") as started:
        yield Desk(started)


def later(desk: Desk, seconds: int) -> None:
    """Let the exchange's time pass."""
    passed_ms = desk.caller.now_ms() + seconds * 1000
    assert until(lambda: desk.caller.now_ms() >= passed_ms, monotonic_s() + seconds)


@pytest.mark.parametrize("kind", ENTRIES)
def test_an_entry_meets_it(kind: str, desk: Desk, record_property: Note) -> None:
    seen, after = ENTRIES[kind], {"seconds": SECONDS[kind]} if kind in SECONDS else {}
    line = desk.operator.fault(kind=kind, request="entry", nth=1, **after)
    name = desk.name(Purpose.ENTRY)

    came = desk.enter(name, 4_000 if kind == "held_request" else 60_000)
    if kind in {"late_matching", "lost_answer", "stalled_answer"}:
        later(desk, 2)

    assert (came.status, came.code) == (seen.status, seen.code), came
    assert (desk.executed(name) is not None) is seen.done
    assert desk.operator.struck(line) == 1
    if kind in SECONDS:
        later(desk, 1)
    assert desk.enter(desk.name(Purpose.ENTRY)).status == 200  # and it is over
    record_property("happened", 1)


def test_retry_after_is_told(desk: Desk) -> None:
    desk.operator.fault(kind="rate_limit", request="entry", nth=1, seconds=7)

    assert desk.enter(desk.name(Purpose.ENTRY)).headers["Retry-After"] == "7"


def test_a_thin_book_expires_the_rest(desk: Desk) -> None:
    desk.operator.fault(kind="thin_book", request="entry", nth=1)

    order = desk.enter(desk.name(Purpose.ENTRY)).json

    assert order["status"] == "EXPIRED"
    assert order["executedQty"] == "0.00552"
    assert [fill["qty"] for fill in order["fills"]] == ["0.00552"]


def test_an_order_is_hidden_for_a_while(desk: Desk) -> None:
    desk.operator.fault(kind="hidden_order", request="entry", nth=1, seconds=20)
    name = desk.name(Purpose.ENTRY)
    desk.enter(name)

    first = desk.asked("order", origClientOrderId=name)
    later(desk, 20)

    assert first.json == {"code": -2013, "msg": "Order does not exist."}
    assert desk.asked("order", origClientOrderId=name).json["status"] == "FILLED"


def test_a_repayment_is_skipped_in_silence(desk: Desk) -> None:
    loan = {"symbol": "BTCUSDT", "isIsolated": "TRUE", "asset": "USDT", "amount": 500}
    borrowed = desk.caller.signed("POST", "/sapi/v1/margin/borrow-repay", type="BORROW", **loan)
    assert borrowed.json["tranId"] > 0
    desk.caller.order(quantity="0.3")
    desk.operator.fault(kind="skipped_repay", request="exit", nth=1)

    sold = desk.caller.order(
        newClientOrderId=desk.name(Purpose.EXIT),
        quantity="0.3",
        side="SELL",
        sideEffectType="AUTO_REPAY",
    )

    assert sold.json["status"] == "FILLED"
    [row] = desk.asked_account()["assets"]
    assert Decimal(row["quoteAsset"]["borrowed"]) == 500


def test_the_account_lags(desk: Desk) -> None:
    later(desk, 20)
    before = desk.asked_account()["assets"][0]["baseAsset"]["free"]
    desk.operator.fault(kind="account_lag", request="question", nth=1, seconds=20)
    desk.enter(desk.name(Purpose.ENTRY))

    lagging = desk.asked_account()["assets"][0]["baseAsset"]["free"]

    assert lagging == before
    assert Decimal(desk.asked_account()["assets"][0]["baseAsset"]["free"]) > Decimal(before)
