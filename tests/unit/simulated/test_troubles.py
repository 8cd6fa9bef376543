"""Every fault of a script does at the exchange what the table says, once, and is counted."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import attrs
import pytest

from robson.connectors.simulated.clock import VirtualClock
from robson.connectors.simulated.driver import (
    REFUSED_NS,
    SWAPPED_NS,
    Answered,
    Driver,
    SteadyWire,
)
from robson.connectors.simulated.feed import FedBoard, Feed
from robson.connectors.simulated.kinds import SCRIPTED
from robson.connectors.simulated.scripted import ScriptedWire
from robson.daemon.ticks import TickBoard
from robson.domain.identity import Purpose, client_order_id
from robson.domain.intents import Intent, PlaceOrder, QueryOrder, ReadAccount, ReadTrades
from robson.domain.reports import ApiError, NeverSent, NoAnswer, OrderState, OrderStatus, TradeList
from robson.domain.values import NS_PER_MS, NS_PER_S, ExchangeNs
from tests.unit.simulated.exchange_kit import (
    BORROW,
    BUY,
    NONE,
    POSITION,
    REPAY,
    SCOPE,
    SECOND,
    SELL,
    filled,
    resting,
)
from tests.unit.simulated.fault_scenarios import bench_with, fault

ENTRY = client_order_id(Purpose.ENTRY, SCOPE, POSITION, attempt=0, epoch=1)
STOP = client_order_id(Purpose.INSURANCE, SCOPE, POSITION, attempt=0, epoch=1)
SECOND_STOP = client_order_id(Purpose.INSURANCE, SCOPE, POSITION, attempt=1, epoch=1)
WAY = 10 * NS_PER_MS


def refusal(answer: object) -> tuple[int, int]:
    assert isinstance(answer, ApiError), answer
    return answer.status, answer.code


# --- refused, and nothing is done ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("rate_limit", 429, -1003),
        ("overloaded", 503, -1001),
        ("clock", 400, -1021),
        ("busy_debt", 400, -3007),
        ("nothing_to_lend", 400, -3045),
        ("price_band", 400, -1013),
    ],
)
def test_one_request_is_refused_and_nothing_is_done(kind: str, status: int, code: int) -> None:
    bench, script = bench_with(fault(kind, seconds=7))

    refused = bench.buy("0.005", NONE)
    assert refusal(refused) == (status, code)
    assert refused.retry_after_ns == (7 * NS_PER_S if kind == "rate_limit" else 0)  # type: ignore[union-attr]
    assert bench.exchange.state.orders == {}
    filled(bench.buy("0.005", NONE))
    assert script.struck == [1]


@pytest.mark.parametrize(
    ("kind", "status", "code", "questions"),
    [
        ("banned", 418, -1003, True),
        ("maintenance", 503, -1016, True),
        ("key_revoked", 401, -2015, True),
        ("clock_stepped", 400, -1021, False),
        ("halted", 400, -2010, False),
    ],
)
def test_what_lasts_refuses_until_it_is_over(
    kind: str, status: int, code: int, *, questions: bool
) -> None:
    bench, script = bench_with(fault(kind, seconds=10))

    assert refusal(bench.buy("0.005", NONE)) == (status, code)
    bench.wait(10 * SECOND - 1)
    assert refusal(bench.buy("0.005", NONE)) == (status, code)
    answer = bench.send(ReadAccount(scope=SCOPE))
    assert isinstance(answer, ApiError) == questions
    bench.wait(1)
    filled(bench.buy("0.005", NONE))
    assert script.struck == [1]


# --- done, and said otherwise --------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "status"), [("bus_error", 503), ("html_page", 502)])
def test_an_order_is_carried_out_although_the_answer_does_not_say_so(
    kind: str, status: int
) -> None:
    bench, script = bench_with(fault(kind))

    assert refusal(bench.buy("0.005", NONE, client_id="there"))[0] == status
    filled(bench.query("there"))
    assert script.struck == [1]


def test_a_stale_answer_says_how_an_order_was() -> None:
    bench, script = bench_with(fault("stale_answer", seconds=3))
    filled(bench.buy("0.005", NONE))
    resting(bench.stop(SELL, "0.004", "59000", NONE, client_id="stop"))
    bench.wait(4 * SECOND)
    bench.price("58999")

    assert bench.query("stop").status is OrderStatus.NEW  # type: ignore[union-attr]
    assert bench.query("stop").status is OrderStatus.FILLED  # type: ignore[union-attr]
    assert script.struck == [1]


@pytest.mark.parametrize(
    ("kind", "first", "then"), [("trades_missing", 1, 2), ("trades_doubled", 4, 2)]
)
def test_lists_of_trades_lack_a_row_or_repeat_them(kind: str, first: int, then: int) -> None:
    bench, script = bench_with(fault(kind))
    for _ in range(2):
        filled(bench.buy("0.002", NONE))
    asks = ReadTrades(scope=SCOPE, position=POSITION, since_ns=ExchangeNs(0))

    for rows in (first, then):
        answer = bench.send(asks)
        assert isinstance(answer, TradeList)
        assert len(answer.fills) == rows
    assert script.struck == [1]


# --- books and stops -----------------------------------------------------------------------------


def test_a_stop_dies_when_it_is_met() -> None:
    bench, script = bench_with(fault("dead_stop"))
    filled(bench.buy("0.005", NONE))
    resting(bench.stop(SELL, "0.004", "59000", NONE, client_id=STOP, purpose=Purpose.INSURANCE))

    (dead,) = bench.price("58990")
    assert (dead.status, dead.executed) == (OrderStatus.EXPIRED, 0)
    assert bench.account().base.locked == 0
    assert script.struck == [1]


def test_a_book_gives_several_trades() -> None:
    bench, script = bench_with(fault("several_trades"))

    taken = filled(bench.buy("0.005", NONE, client_id=ENTRY))
    assert len(taken.fills or ()) == 3
    prices = [fill.price for fill in taken.fills or ()]
    assert prices == sorted(set(prices))
    assert script.struck == [1]


# --- others on the account -----------------------------------------------------------------------


def test_a_person_sells_what_is_free_and_buys_where_nothing_is() -> None:
    bench, script = bench_with(fault("foreign_order", nth=1), fault("foreign_order", nth=2))
    filled(bench.buy("0.005", NONE))
    bench.account()

    orders = list(bench.exchange.state.orders.values())
    assert [(order.client_id[:4], order.action) for order in orders] == [
        ("web_", BUY),
        ("id-1", BUY),
        ("web_", SELL),
    ]
    assert orders[2].executed == Decimal("0.00058")
    assert script.struck == [1, 1]


def test_a_persons_stop_rests_and_a_person_cancels_ours() -> None:
    bench, script = bench_with(
        fault("foreign_stop", nth=3, share="0.2"), fault("foreign_cancel", nth=4)
    )
    filled(bench.buy("0.005", NONE))
    resting(bench.stop(SELL, "0.003", "59000", NONE, client_id="ours"))

    with_theirs = bench.account()
    assert [order.client_id for order in with_theirs.open_orders] == ["ours", "web_3"]
    assert with_theirs.base.locked > Decimal("0.003")
    assert bench.account().open_orders == ()
    assert bench.query("ours").status is OrderStatus.CANCELED  # type: ignore[union-attr]
    assert script.struck == [1, 1]


def test_a_person_borrows_and_moves_money() -> None:
    kinds = ("foreign_loan", "foreign_deposit", "foreign_withdrawal")
    bench, script = bench_with(
        *(fault(kind, nth=n, share="0.5") for n, kind in enumerate(kinds, 1))
    )

    seen = [bench.account().quote for _ in kinds]
    assert [(quote.free, quote.borrowed) for quote in seen] == [
        (750, 250),
        (1125, 250),
        (562.5, 250),
    ]
    assert seen[0].interest > 0
    assert script.struck == [1, 1, 1]


def test_the_exchange_liquidates() -> None:
    bench, script = bench_with(fault("liquidated", nth=2))
    filled(bench.buy("0.02", BORROW))

    account = bench.account()
    assert (account.base.total < Decimal("0.00001"), account.quote.debt) == (True, 0)
    assert script.struck == [1]


# --- the wire ------------------------------------------------------------------------------------


class Trips:
    """Requests over a scripted wire, and what came back when, in seconds after it was sent."""

    def __init__(self, *kinds: str, seconds: int = 4) -> None:
        bench, self.script = bench_with(*(fault(kind, seconds=seconds) for kind in kinds))
        self.exchange = bench.exchange
        self.bench = bench
        self.feed = Feed()
        wire = ScriptedWire(self.script, SteadyWire(WAY), self.feed)
        self.driver = Driver(bench.exchange, [], VirtualClock(bench.now), wire)
        self.heard: list[tuple[str, int, object]] = []

    def send(self, name: str, request: Intent) -> None:
        sent = self.driver.clock.now_ns
        self.driver.submit(
            request,
            lambda answer, _: self.heard.append((name, self.driver.clock.now_ns - sent, answer)),
        )

    def all(self) -> list[tuple[str, int, object]]:
        while (at_ns := self.driver.next_ns()) is not None:
            for happened in self.driver.advance(at_ns):
                assert isinstance(happened, Answered)
                happened.deliver(happened.answer, happened.sent_ns)
        return self.heard

    def order(self) -> PlaceOrder:
        self.bench.now = ExchangeNs(self.driver.clock.now_ns)
        return self.bench.order(BUY, "0.005", NONE, client_id="mine")


def test_late_matching_is_unseen_then_done_after_the_answer() -> None:
    trips = Trips("late_matching", seconds=8)
    trips.send("order", trips.order())
    look = QueryOrder(scope=SCOPE, position=POSITION, target=ENTRY)
    trips.send("look", look)

    (order, looked) = sorted(trips.all(), reverse=True)
    assert (order[1], refusal(order[2])) == (2 * WAY, (504, -1007))
    assert refusal(looked[2]) == (400, -2013)
    (taken,) = trips.exchange.state.orders.values()
    assert taken.accepted_ns == trips.bench.now + WAY + 8 * NS_PER_S
    assert (taken.status, trips.script.struck) == (OrderStatus.FILLED, [1])


def test_an_outage_refuses_every_connection_until_it_is_over() -> None:
    trips = Trips("outage", seconds=4)
    for second in range(6):
        trips.send(str(second), ReadAccount(scope=SCOPE))
        trips.all()
        trips.driver.clock.move_to(trips.bench.now + (second + 1) * NS_PER_S)

    refused = [name for name, _, answer in trips.all() if isinstance(answer, NeverSent)]
    assert refused == ["0", "1", "2", "3"]
    assert len(trips.exchange.request_log(SCOPE)) == 2
    assert REFUSED_NS < NS_PER_S


def test_an_answer_comes_twice() -> None:
    trips = Trips("answer_twice")
    trips.send("order", trips.order())

    assert [(name, at_ns) for name, at_ns, _ in trips.all()] == [
        ("order", 2 * WAY),
        ("order", 2 * WAY + 4 * NS_PER_S),
    ]
    assert len(trips.exchange.request_log(SCOPE)) == 1


def test_an_answer_waits_for_the_next_one_or_for_a_second() -> None:
    trips = Trips("answers_swapped")
    trips.send("first", trips.order())
    trips.send("second", ReadAccount(scope=SCOPE))
    assert [name for name, _, _ in trips.all()] == ["second", "first"]

    alone = Trips("answers_swapped")
    alone.send("only", alone.order())
    ((_, at_ns, answer),) = alone.all()
    assert at_ns == 2 * WAY + SWAPPED_NS
    assert isinstance(answer, OrderState)


def test_a_stalled_answer_is_given_up_on() -> None:
    trips = Trips("stalled_answer", seconds=7)
    trips.send("order", trips.order())

    ((_, at_ns, answer),) = trips.all()
    assert (at_ns, isinstance(answer, NoAnswer)) == (5 * NS_PER_S, True)
    assert len(trips.exchange.state.orders) == 1


# --- the feed ------------------------------------------------------------------------------------


def test_a_silent_feed_loses_prices_and_a_bad_tick_adds_two() -> None:
    trips = Trips("feed_silence", "bad_tick", seconds=4)
    board = TickBoard()
    fed = FedBoard(board, trips.feed)
    now = trips.bench.now
    fed.offer(100, now, jump=False)
    trips.send("any", ReadAccount(scope=SCOPE))
    fed.offer(101, ExchangeNs(now + 1), jump=False)
    assert (board.last.price if board.last else 0, fed.band) == (100, None)

    trips.feed.off = Decimal("0.05")
    fed.offer(200, ExchangeNs(now + 4 * NS_PER_S), jump=False)
    kept = board.take_or_publish((0, 10**9)) or ()
    assert [tick.price for tick in kept][-3:] == [210, 190, 200]
    assert trips.script.struck == [1, 1]


# --- nothing is left out -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SCRIPTED)
def test_every_kind_strikes_in_a_life(
    kind: str, record_property: Callable[[str, object], None]
) -> None:
    trips = Trips(kind, seconds=1)
    life = trips.bench
    entry = life.order(BUY, "0.02", BORROW, client_id=ENTRY)
    stop = life.stop_order(SELL, "0.01", "59000", REPAY, client_id=STOP, purpose=Purpose.INSURANCE)
    again = attrs.evolve(stop, client_id=SECOND_STOP)
    questions = (
        QueryOrder(scope=SCOPE, position=POSITION, target=ENTRY),
        ReadAccount(scope=SCOPE),
        ReadTrades(scope=SCOPE, position=POSITION, since_ns=ExchangeNs(0)),
    )
    for request in (entry, entry, stop, *questions, *questions, again):
        now = trips.driver.clock.now_ns
        stamped = request
        if isinstance(request, PlaceOrder):
            stamped = attrs.evolve(request, timestamp_ms=now // NS_PER_MS)
        trips.send("life", stamped)
        trips.all()
        trips.driver.clock.move_to(max(now, trips.driver.clock.now_ns) + 2 * NS_PER_S)
    life.now = ExchangeNs(trips.driver.clock.now_ns)
    life.price("59500")
    life.price("58000")

    (struck,) = trips.script.struck
    record_property("note", f"faults struck by a script in a life: {len(SCRIPTED)} kinds")
    assert struck == 1
