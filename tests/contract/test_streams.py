"""The calls that answer again and again: what is news, what comes once, who keeps whom waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
import pytest

from robson.api.calls import MARGIN_S
from robson.api.client import CallFailed, Client
from robson.api.facts import DiskFact
from robson.api.published import JournalRow, LastPrice
from robson.api.service import RobsonService
from robson.api.streams import REPEAT_S, STATUS_S
from robson.api.told import ConfigKey, LogLine
from robson.api.v1 import robson_pb2 as pb
from robson.domain.commands import Arm
from robson.domain.values import ExchangeNs, Price
from tests.contract import lives
from tests.contract.fake_daemon import FakeBackend, journal, listening


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def client(backend: FakeBackend) -> Iterator[Client]:
    with listening(backend) as (_, doors):
        yield Client(doors.socket, actor="me@here")


# --- WatchStatus ---------------------------------------------------------------------------------


def price(backend: FakeBackend, text: str, *, later_ns: int = 0) -> None:
    """Publish another price of BTCUSDT, and let time go by."""
    now = ExchangeNs(backend.view.now_ns + later_ns)
    btc = LastPrice(price=Price(text), at_ns=now)
    backend.view = attrs.evolve(
        backend.view, prices={**backend.view.prices, "BTCUSDT": btc}, now_ns=now
    )


def test_a_watcher_sees_the_status_now_and_after_each_change(
    backend: FakeBackend, client: Client
) -> None:
    stream = client.watch_status(symbol="BTCUSDT")
    assert next(stream) == client.status(symbol="BTCUSDT")

    for text in ("119300.00", "119301.00"):
        price(backend, text, later_ns=10**9)
        assert next(stream).positions[0].price.value == text


@attrs.define
class Caller:
    """Who calls a handler without a wire, and stays; the handler's pauses are counted, not lived.

    ``left_s``: until the caller's deadline; None without one.
    """

    backend: FakeBackend
    left_s: float | None = None
    paused_s: float = 0.0

    def service(self) -> RobsonService:
        return RobsonService(self.backend, on_error=_raises, pause=self._pause)

    def _pause(self, seconds: float) -> None:
        self.paused_s += seconds

    def peer(self) -> str:
        """At the door that only this user can open."""
        return "unix:"

    def invocation_metadata(self) -> tuple[()]:
        return ()

    def is_active(self) -> bool:
        return True

    def time_remaining(self) -> float | None:
        return None if self.left_s is None else self.left_s - self.paused_s


def _raises(name: str, error: Exception) -> None:
    raise AssertionError(name) from error


def test_ages_are_no_news_and_are_told_again_after_a_while(backend: FakeBackend) -> None:
    caller = Caller(backend)
    stream: Any = caller.service().WatchStatus(pb.GetStatusRequest(), caller)  # type: ignore[arg-type]
    first = next(stream)
    price(backend, "119261.13", later_ns=7 * 10**9)  # the same price, seven seconds later
    [disk, day] = backend.view.risk.gates
    gates = (disk, attrs.evolve(day, value="125.15"))  # no verdict turned
    room = DiskFact(free_mib=5209, warn_mib=200, entry_mib=64)
    backend.view = attrs.evolve(
        backend.view,
        risk=attrs.evolve(backend.view.risk, gates=gates),
        daemon=attrs.evolve(backend.view.daemon, disk=room),
    )

    second = next(stream)

    assert second.as_of.seconds == first.as_of.seconds + 7
    assert caller.paused_s == REPEAT_S, "it is no news, and is told again after a while"


def test_what_changes_all_the_time_is_told_four_times_a_second(backend: FakeBackend) -> None:
    caller = Caller(backend)
    stream: Any = caller.service().WatchStatus(pb.GetStatusRequest(), caller)  # type: ignore[arg-type]
    next(stream)
    for number in range(1, 9):
        price(backend, f"{119300 + number}.00", later_ns=10**6)
        assert next(stream).positions[0].price.value == f"{119300 + number}.00"
        assert caller.paused_s == number * STATUS_S == number / 4


def test_over_the_wire_a_pause_takes_its_time(backend: FakeBackend, client: Client) -> None:
    """A machine that is busy makes it longer and never shorter."""
    began, changes = time.monotonic(), 4
    stream = client.watch_status(timeout_s=60)
    for number in range(changes + 1):
        next(stream)
        price(backend, f"{119300 + number}.00", later_ns=10**6)

    assert time.monotonic() - began >= changes * STATUS_S


def test_a_filter_that_means_nothing_is_refused(client: Client) -> None:
    with pytest.raises(CallFailed) as refused:
        next(client.watch_status(symbol="NOPEUSDT"))
    assert refused.value.code == "UNKNOWN_SYMBOL"


# --- WatchEvents ---------------------------------------------------------------------------------


def row(seq: int, position: Any = lives.BTC_ID) -> JournalRow:
    return JournalRow(
        seq=seq,
        epoch=1,
        at_ns=lives.NOON,
        kind="stop_raised.v1",
        payload_json="{}",
        position=position,
    )


def test_rows_come_once_in_order_and_then_live(backend: FakeBackend, client: Client) -> None:
    backend.rows = [row(seq) for seq in range(1, 1_301)]
    stream = client.watch(after_seq=100, timeout_s=30)
    seen = [next(stream).seq for _ in range(1_200)]
    for seq in range(1_301, 1_321):
        backend.rows.append(row(seq))
    seen += [next(stream).seq for _ in range(20)]

    assert seen == list(range(101, 1_321))


def test_a_watcher_that_lost_its_stream_goes_on_where_it_was(
    backend: FakeBackend, client: Client
) -> None:
    """Rows are written all the while; the stream is cut again and again."""
    backend.rows = [row(1)]
    seen: list[int] = []
    cuts = 0
    while len(seen) < 400:
        stream = client.watch(after_seq=seen[-1] if seen else 0, timeout_s=30)
        for _ in range(7):
            last = backend.rows[-1].seq
            backend.rows.extend(row(seq) for seq in range(last + 1, last + 4))
            seen.append(next(stream).seq)
        stream.close()  # type: ignore[attr-defined]
        cuts += 1

    assert cuts > 50
    assert seen == list(range(1, len(seen) + 1))


def test_rows_of_one_position_only(backend: FakeBackend, client: Client) -> None:
    backend.rows = [row(n, lives.BTC_ID if n % 3 else lives.SOL_ID) for n in range(1, 31)]
    stream = client.watch(position="SOLUSDT", timeout_s=30)
    seen = [next(stream).seq for _ in range(10)]
    backend.rows += [row(31), row(32), row(33, lives.SOL_ID)]

    assert [*seen, next(stream).seq] == [n for n in range(1, 34) if n % 3 == 0]


def test_until_now_ends_by_itself(backend: FakeBackend, client: Client) -> None:
    assert [each.seq for each in client.watch(until_now=True)] == [each.seq for each in journal()]
    assert not list(client.watch(after_seq=1046, until_now=True))
    backend.rows = [row(seq) for seq in range(1, 1_001)]  # exactly two batches
    assert len(list(client.watch(until_now=True))) == 1_000


@pytest.mark.parametrize("after", [-1, 1047, 2**62])
def test_a_place_that_is_not_in_the_journal_is_refused(client: Client, after: int) -> None:
    with pytest.raises(CallFailed, match="up to 1046") as refused:
        next(client.watch(after_seq=after))
    assert refused.value.code == "INVALID_ARGUMENT"


# --- TailLogs ------------------------------------------------------------------------------------


def line(number: int, level: str = "info", position: Any = None) -> LogLine:
    return LogLine(
        number=number, at_ns=lives.NOON, level=level, message=f"line {number}", position=position
    )


def test_the_newest_lines_oldest_first(backend: FakeBackend, client: Client) -> None:
    backend.lines = [line(n) for n in range(1, 301)]

    assert [each.number for each in client.logs()] == list(range(101, 301))
    assert [each.number for each in client.logs(lines=2)] == [299, 300]


def test_lines_by_level_and_by_position(backend: FakeBackend, client: Client) -> None:
    levels = ("debug", "info", "warning", "error", "critical")
    backend.lines = [line(n, level) for n, level in enumerate(levels, 1)]
    for n, level in enumerate(levels, 1):
        assert [each.number for each in client.logs(level=level)] == list(range(n, 6))

    backend.lines.append(line(6, position=lives.SOL_ID))
    [only] = client.logs(position="SOLUSDT")
    assert (only.number, only.position, only.message) == (6, lives.SOL_ID, "line 6")


def test_following_goes_on_with_each_new_line(backend: FakeBackend, client: Client) -> None:
    backend.lines = [line(1), line(2)]
    stream = client.logs(follow=True, lines=1, timeout_s=30)
    assert next(stream).number == 2
    backend.lines += [line(3, "debug"), line(4), line(5)]
    assert [next(stream).number, next(stream).number] == [4, 5]


def test_a_level_or_a_count_that_is_none_is_refused(client: Client) -> None:
    for request, said in (
        (pb.TailLogsRequest(level=9), "level is 9; allowed is debug, info"),  # type: ignore[arg-type]
        (pb.TailLogsRequest(lines=-1), "lines is -1; allowed is 1 to 2000"),
        (pb.TailLogsRequest(lines=2001), "lines is 2001"),
    ):
        with pytest.raises(CallFailed) as refused:
            list(client._stream("TailLogs", request, pb.TailLogsResponse, 5))
        assert refused.value.code == "INVALID_ARGUMENT"
        assert said in refused.value.message


# --- GetConfig -----------------------------------------------------------------------------------


def test_the_configuration_is_told_key_by_key(backend: FakeBackend, client: Client) -> None:
    backend.keys = (
        ConfigKey(key="a.b", value="2", default="1", source="the environment", meaning="said"),
        ConfigKey(key="a.c", value="", default="", source="/f", meaning="kept", secret=True),
    )
    one, two = client.config().keys

    assert (one.key, one.value, one.default, one.source) == ("a.b", "2", "1", "the environment")
    assert two.secret
    assert two.value == ""


# --- Panic ---------------------------------------------------------------------------------------


def test_a_step_right_after_the_first_answer_is_told(backend: FakeBackend) -> None:
    """However late the stream looks again: what it compares with is what it has said."""
    backend.answer = lambda command, _timeout_s: answer_to(command)
    caller = Caller(backend)
    answers: Any = caller.service().Panic(pb.PanicRequest(), caller)  # type: ignore[arg-type]
    assert not next(answers).done

    backend.replace(attrs.evolve(lives.closed(), id=lives.BTC_ID))

    assert [answer.done for answer in answers] == [True]


def test_a_panic_that_is_not_done_ends_before_the_deadline(backend: FakeBackend) -> None:
    """The stream ends by itself, and not by a DEADLINE_EXCEEDED."""
    backend.answer = lambda command, _timeout_s: answer_to(command)
    caller = Caller(backend, left_s=1.0)

    seen: list[pb.PanicProgress] = [*caller.service().Panic(pb.PanicRequest(), caller)]  # type: ignore[arg-type,list-item]

    assert 0 < caller.time_remaining() <= MARGIN_S
    assert len(seen) == 2, "at once, and how far it is at the end"
    assert not seen[-1].done
    assert seen[-1].steps[0].decided


# --- a command outlives its caller ---------------------------------------------------------------


COMMANDS: dict[str, Callable[[Client], Any]] = {
    "arm": lambda client: client.arm(symbol="BTCUSDT", idempotency_key="k"),
    "panic": lambda client: list(client.panic()),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_whose_caller_goes_away_is_carried_out(
    backend: FakeBackend, name: str, record_property: Callable[[str, object], None]
) -> None:
    """The caller is gone before the monitor has answered; the daemon goes on."""
    came, gone, finished = (threading.Event() for _ in range(3))

    def slowly(command: Any, _timeout_s: float) -> Any:
        came.set()
        gone.wait(20)
        finished.set()
        return answer_to(command)

    backend.answer = slowly
    with listening(backend) as (_, doors):
        going = Client(doors.socket, timeout_s=30)
        with ThreadPoolExecutor() as pool:
            call = pool.submit(COMMANDS[name], going)
            assert came.wait(20), "it has come in"
            going.close()
            with pytest.raises((CallFailed, ValueError)):  # the channel was closed
                call.result(20)
        gone.set()
        assert finished.wait(20)
        assert Client(doors.socket).status().daemon.profile == "sim"
    record_property("note", f"{name} was carried out although its caller had gone")


def answer_to(command: Any) -> Any:
    from robson.api.published import Armed, Panicked

    if isinstance(command, Arm):
        return Armed(position=lives.armed())
    return Panicked(actions=((lives.BTC_ID, "exit"),), started_ns=lives.NOON)
