"""The feed on Binance: silence is not believed, gaps are asked for, candles join without a hole."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.connectors.binance.market import Extremes
from robson.connectors.binance.socket import StreamBroken
from robson.connectors.binance.stream import Closing, Heard, Stands, Traded
from robson.daemon import listening as module
from robson.daemon.binance import Pair
from robson.daemon.inbox import Inbox
from robson.daemon.listening import DEAD_S, ROLL_OVER_S, SILENCE_S, Listening
from robson.daemon.messages import Missed, RulesChanged, Wake
from robson.daemon.rulebook import AGAIN_S, READ_S
from robson.daemon.stillness import Stillness
from robson.daemon.ticks import TickBoard
from robson.domain.identity import AccountId, Scope, Symbol
from robson.domain.instrument import Instrument
from robson.domain.intents import ReadOrders
from robson.domain.reports import ApiError, CandleClosed
from robson.domain.values import CANDLE_NS, NS_PER_S, Candle, ExchangeNs, Price
from robson.exec.lanes import Lane

BTC = Instrument(symbol=Symbol("BTC", "USDT"), tick=Decimal("0.01"), step=Decimal("0.00001"))
T0 = 100 * CANDLE_NS


class Stream:
    """A connection that says what the test gives it."""

    def __init__(self, now_s: float) -> None:
        self.made_s = now_s
        self.heard_s: float | None = None
        self.says: list[Heard | StreamBroken] = []
        self.closed = False

    def receive(self, _within_s: float) -> Heard | None:
        if not self.says:
            return None
        said = self.says.pop(0)
        if isinstance(said, StreamBroken):
            raise said
        self.heard_s = World.now_s
        return said

    def close(self) -> None:
        self.closed = True


class Now:
    """A scout that is back before it has left."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def send(self, name: str, run: Callable[[], Any], then: Callable[[Any], None]) -> bool:
        self.asked.append(name)
        try:
            found = run()
        except OSError:
            found = None
        then(found)
        return True

    def hand_out(self) -> None: ...


class Clock:
    @property
    def now_ns(self) -> int:
        return T0 + int(World.now_s * NS_PER_S)

    def exchange_ns(self) -> ExchangeNs:
        return ExchangeNs(self.now_ns)


class World:
    """Theatre, questions and time of one test."""

    now_s = 0.0

    def __init__(self) -> None:
        World.now_s = 0.0
        self.hears = self.takes_rules = True
        self.clock = Clock()
        self.pair = Pair(
            instrument=BTC,
            board=TickBoard(),
            candles=[],
            number=10,
            covered=10,
            last_candle_ns=T0 - CANDLE_NS,
        )
        self.played = [self.pair]
        self.listed = BTC
        self.questions = self
        self.scouting = self.urgent = self.pace = self
        self.dialled: list[Stream] = []
        self.dials = True
        self.polled: Price | None = Price("100")
        self.gaps: list[int] = []
        self.extremes: Extremes | None = None
        self.rest: list[Candle] = []
        self.inbox = Inbox("monitor", Stillness())
        self.feed = Listening(self, self.inbox, lambda _ns: None, lambda: False, self.fatal)  # type: ignore[arg-type]
        self.scout, self.dialler = Now(), Now()
        self.feed._scout = self.scout  # type: ignore[assignment]
        self.feed._dialler = self.dialler  # type: ignore[assignment]

    def fatal(self, name: str, error: BaseException) -> None:
        raise AssertionError(name) from error

    # --- what the feed asks of it ----------------------------------------------------------------

    def ways(self) -> dict[Any, Any]:
        return {}

    def tell_time(self) -> None: ...

    def rules(self) -> list[Instrument]:
        return [self.listed]

    def monotonic_s(self) -> float:
        return World.now_s

    def open_account(self, _symbol: str) -> None: ...

    def shown(self, *_: Any) -> None: ...

    def dial(self) -> Stream:
        if not self.dials:
            raise StreamBroken("refused")
        self.dialled.append(Stream(World.now_s))
        return self.dialled[-1]

    def price(self, _symbol: str) -> Price | None:
        if self.polled is None:
            raise OSError
        return self.polled

    def gap(self, _symbol: str, *, from_id: int) -> Extremes | None:
        self.gaps.append(from_id)
        return self.extremes

    def candles(self, _symbol: str, *, now_ms: int, since_ms: int) -> list[Candle]:
        return [each for each in self.rest if each.open_ns >= since_ms * 1_000_000]

    # --- what the test does ----------------------------------------------------------------------

    def step(self, seconds: float = 0.0) -> None:
        """Let time pass, then let the feed go round once."""
        World.now_s += seconds
        self.feed._watch(World.now_s)
        self.feed._listen()

    def told(self) -> list[Any]:
        """Everything the monitor was told."""
        found = []
        while (message := self.inbox.get(0)) is not None:
            found.append(message)
        return found

    @property
    def stream(self) -> Stream:
        return self.dialled[-1]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(module, "monotonic_s", lambda: World.now_s)
    monkeypatch.setattr(module, "LOOK_S", 0.0)
    return World()


def trade(number: int, price: str = "100", *, age_s: float = 0.0) -> Traded:
    at = ExchangeNs(Clock().now_ns - int(age_s * NS_PER_S))
    return Traded("BTCUSDT", Price(price), at, at, number)


def candle(number: int, close: str = "100") -> Candle:
    price = Price(close)
    return Candle(open_ns=T0 + number * CANDLE_NS, open=price, high=price, low=price, close=price)


def stands(number: int, close: str = "100", *, closed: bool = True) -> Stands:
    return Stands("BTCUSDT", candle(number, close), Clock().exchange_ns(), closed)


def test_a_trade_reaches_the_board_and_wakes_the_monitor(world: World) -> None:
    world.step()
    assert world.pair.board.take_or_publish((0, 20_000)) == []
    world.stream.says = [trade(11, "150"), trade(12, "250")]
    world.step()
    assert world.told() == []
    world.step()
    assert world.told() == [Wake("BTCUSDT")]
    assert world.pair.number == 12


@pytest.mark.proves("I-31")
def test_silence_brings_a_second_connection_and_questions(world: World) -> None:
    world.step()
    world.stream.says = [trade(11)]
    world.step()
    world.step(SILENCE_S - 0.1)
    assert len(world.dialled) == 1
    world.polled = Price("99")
    world.step(0.2)
    assert len(world.dialled) == 2
    assert "price of BTCUSDT" in world.scout.asked
    last = world.pair.board.last
    assert last is not None
    assert last.price == 9_900, "judged by what was asked for"
    assert world.hears


@pytest.mark.proves("I-31")
def test_nobody_hears_after_fifteen_seconds_and_prices_come_back(world: World) -> None:
    world.step()
    world.stream.says = [trade(11)]
    world.step()
    world.dials, world.polled = False, None
    for _ in range(int(DEAD_S * 10) - 5):
        world.step(0.1)
    assert world.hears
    for _ in range(10):
        world.step(0.1)
    assert not world.hears
    world.dials = True
    back = 0.0
    while not world.hears:
        world.step(0.1)
        world.stream.says.append(trade(50))
        back += 0.1
        assert back < 30, "healthy within half a minute"


def test_an_outage_of_two_hours_is_met_with_few_tries(world: World) -> None:
    world.dials, world.polled = False, None
    for _ in range(7_200 * 2):
        world.step(0.5)
    minutes = 7_200 / 60
    assert len(world.dialler.asked) / minutes < 10
    assert len(world.scout.asked) / minutes < 20
    assert len(world.dialler.asked) > 100, "it has tried all the time"


@pytest.mark.proves("P16")
def test_what_was_said_long_ago_is_no_sign_of_life(world: World) -> None:
    world.polled = None
    world.step()
    for number in range(11, 200):
        world.stream.says.append(trade(number, age_s=SILENCE_S + 1))
        world.step(0.1)
        if not world.hears:
            break
    assert not world.hears, "frames come, and are too old"


@pytest.mark.proves("I-42")
def test_a_day_is_rolled_over_by_overlap(world: World) -> None:
    """No trade is missed and none is judged twice, and the old one goes when the new one speaks."""
    world.step()
    old, seen = world.stream, []
    old.made_s -= ROLL_OVER_S - 20
    world.pair.board.offer = lambda price, *_a, **_k: bool(seen.append(price))  # type: ignore[method-assign]
    for number in range(11, 51):
        for stream in world.dialled:
            if not stream.closed:
                stream.says.append(trade(number, str(number)))
        world.step(1)
    assert len(world.dialled) == 2
    assert old.closed
    assert not world.stream.closed
    assert seen == [each * 100 for each in range(11, 51)]


def test_a_server_that_shuts_down_is_left_at_once(world: World) -> None:
    world.step()
    world.stream.says = [Closing()]
    world.step()
    world.step()
    assert len(world.dialled) == 2


def test_a_connection_that_breaks_is_made_again(world: World) -> None:
    world.step()
    world.stream.says = [StreamBroken("gone")]
    world.step()
    assert world.dialled[0].closed
    world.step(10)
    assert len(world.dialled) == 2


@pytest.mark.proves("I-42")
def test_the_one_that_was_silent_may_speak_first_after_all(world: World) -> None:
    """Two that have said nothing: whichever speaks stays, and the other is let go unheard."""
    world.step()
    world.step(SILENCE_S + 0.1)
    first, second = world.dialled
    second.says = [StreamBroken("let go")]
    first.says = [trade(11)]
    world.step()
    assert (first.closed, second.closed) == (False, True)
    world.stream.says = [trade(12)]
    world.step()


def test_a_pair_that_nobody_asked_for_is_passed_over(world: World) -> None:
    world.step()
    world.stream.says = [attrs.evolve(trade(11), symbol="DOGEUSDT")]
    world.step()
    assert world.pair.number == 10


def test_a_hole_in_the_numbers_is_asked_for(world: World) -> None:
    world.step()
    world.stream.says = [trade(11)]
    world.step()
    assert world.gaps == [11], "what lay between the start and the first frame"
    world.told()
    world.extremes = Extremes(Decimal("90.001"), Decimal("110.009"), 15, 7)
    world.stream.says = [trade(16)]
    world.step()
    assert world.gaps == [11, 12]
    (missed,) = (each for each in world.told() if isinstance(each, Missed))
    found = missed.unseen["BTCUSDT"]
    assert (found.low, found.high) == (9_000, 11_001), "the tick beyond"
    assert found.since_ns == 7_000_000
    assert world.pair.covered == 16


def test_what_was_missed_wakes_the_monitor_and_is_not_asked_for_again(world: World) -> None:
    world.extremes = Extremes(Decimal(90), Decimal(110), 40, 7)
    world.step()
    world.stream.says = [trade(12)]
    world.step()
    told = world.told()
    missed = next(place for place, each in enumerate(told) if isinstance(each, Missed))
    assert told[missed + 1] == Wake("BTCUSDT")
    world.stream.says = [trade(50)]
    world.step()
    assert world.gaps[0] == 11
    assert world.gaps[-1] == 41, "up to 40 it has been told"


def test_candles_follow_one_another(world: World) -> None:
    world.step()
    world.stream.says = [stands(0, closed=False), stands(0), stands(0), stands(1)]
    for _ in range(4):
        world.step(0.1)
    closed = [each.candle.open_ns for each in world.told() if isinstance(each, CandleClosed)]
    assert closed == [T0, T0 + CANDLE_NS]


def test_a_candle_that_forms_is_not_closed(world: World) -> None:
    world.step()
    world.stream.says = [stands(0, closed=False)]
    world.step()
    assert not [each for each in world.told() if isinstance(each, CandleClosed)]


def test_an_older_candle_does_not_speak_over_a_trade(world: World) -> None:
    world.step()
    early = stands(0, "90", closed=False)
    world.step(0.1)
    world.stream.says = [trade(11, "100"), early]
    world.step()
    world.step()
    last = world.pair.board.last
    assert last is not None
    assert last.price == 10_000


def test_candles_that_closed_unheard_are_asked_for_when_a_connection_speaks(world: World) -> None:
    world.rest = [candle(0), candle(1)]
    world.step()
    world.stream.says = [trade(11)]
    world.step()
    closed = [each.candle.open_ns for each in world.told() if isinstance(each, CandleClosed)]
    assert closed == [T0, T0 + CANDLE_NS]
    world.feed._candles(world.pair, [candle(0), candle(1), candle(2)])  # asked for twice
    closed = [each.candle.open_ns for each in world.told() if isinstance(each, CandleClosed)]
    assert closed == [T0 + 2 * CANDLE_NS]


def test_a_price_that_was_asked_for_says_nothing_once_prices_come_again(world: World) -> None:
    """The answer is of before: a trade has been heard meanwhile."""
    world.step()
    world.stream.says = [trade(11, "100")]
    world.step()
    world.feed._polled("BTCUSDT", Price("50"))
    last = world.pair.board.last
    assert last is not None
    assert last.price == 10_000


def test_after_an_outage_the_next_one_begins_with_quick_tries_again(world: World) -> None:
    world.dials = False
    for _ in range(600):
        world.step(0.5)
    world.dials = True
    while not world.dialled:
        world.step(0.5)
    world.stream.says = [trade(11)]
    world.step(SILENCE_S + 1)
    world.dials = False
    for stream in world.dialled:
        stream.says = [StreamBroken("gone")]
    world.step(SILENCE_S + 1)
    before = len(world.dialler.asked)
    for _ in range(30):
        world.step(0.1)
    assert len(world.dialler.asked) - before >= 2, "in three seconds"


def test_a_hole_in_the_candles_is_filled_in_order(world: World) -> None:
    world.step()
    world.stream.says = [stands(0)]
    world.step()
    world.told()
    world.rest = [candle(number) for number in range(5)]
    world.stream.says = [stands(4)]
    world.step()
    closed = [each.candle.open_ns for each in world.told() if isinstance(each, CandleClosed)]
    assert closed == [T0 + number * CANDLE_NS for number in range(1, 5)]


def test_the_forming_candle_is_that_of_the_instant(world: World) -> None:
    world.step()
    world.stream.says = [stands(0, "101", closed=False)]
    world.step()
    forming = world.pair.forming(Clock().now_ns)
    assert forming is not None
    assert forming.close == 101


def test_rules_that_have_changed_are_told_after_a_filter_has_refused() -> None:
    world = World()
    refused = ApiError(status=400, code=-1013, message="Filter failure: LOT_SIZE")
    world.feed._ways = {Lane.READER: lambda _intent: refused}
    world.listed = attrs.evolve(BTC, step=Decimal("0.001"))
    scope = Scope(AccountId("main"), BTC.symbol)
    world.feed.call(ReadOrders(scope=scope, since_ns=ExchangeNs(0)))
    world.feed._watch(AGAIN_S)

    told = [each for each in world.told() if isinstance(each, RulesChanged)]
    assert told == [RulesChanged("BTCUSDT", "step 0.00001 to 0.001", world.listed)]

    world.takes_rules, world.listed = False, BTC
    world.feed._watch(READ_S + AGAIN_S)
    (back,) = [each for each in world.told() if isinstance(each, RulesChanged)]
    assert back.now is None, "the paper account has read them at its start"
