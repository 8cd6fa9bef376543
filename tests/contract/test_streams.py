"""The calls that answer again and again: what is news, what comes once, who keeps whom waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest

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


def test_ages_are_no_news_and_are_told_again_after_a_while(
    backend: FakeBackend, client: Client, record_property: Callable[[str, object], None]
) -> None:
    stream = client.watch_status()
    first = next(stream)
    began = time.monotonic()
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
    waited = time.monotonic() - began

    assert second.as_of.seconds == first.as_of.seconds + 7
    assert waited >= REPEAT_S - STATUS_S, "it was told at once, though nothing had happened"
    record_property("note", f"WatchStatus: an unchanged status is repeated after {waited:.1f} s")


def test_at_most_four_answers_a_second(backend: FakeBackend, client: Client) -> None:
    seen: list[pb.GetStatusResponse] = []

    def watch() -> None:
        for answer in client.watch_status(timeout_s=2.1):
            seen.append(answer)
            price(backend, f"{119300 + len(seen)}.00", later_ns=10**6)

    with pytest.raises(CallFailed) as over:
        watch()

    assert over.value.code == "DEADLINE_EXCEEDED"
    assert 4 <= len(seen) <= 9


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


class Calling:
    """A call whose caller stays, at the door that only this user can open."""

    def peer(self) -> str:
        return "unix:"

    def invocation_metadata(self) -> tuple[()]:
        return ()

    def is_active(self) -> bool:
        return True

    def time_remaining(self) -> None:
        return None


def test_a_step_right_after_the_first_answer_is_told(backend: FakeBackend) -> None:
    """However late the stream looks again: what it compares with is what it has said."""
    backend.answer = lambda command, _timeout_s: answer_to(command)
    service = RobsonService(backend, on_error=lambda _name, _error: None, pause=lambda _s: None)
    answers = service.Panic(pb.PanicRequest(), Calling())
    assert not next(answers).done

    backend.replace(attrs.evolve(lives.closed(), id=lives.BTC_ID))

    assert [answer.done for answer in answers] == [True]


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
    gone, finished = threading.Event(), threading.Event()

    def slowly(command: Any, _timeout_s: float) -> Any:
        gone.wait(20)
        finished.set()
        return answer_to(command)

    backend.answer = slowly
    with listening(backend) as (_, doors):
        going = Client(doors.socket, timeout_s=0.1)
        with pytest.raises(CallFailed):
            COMMANDS[name](going)
        going.close()
        gone.set()
        assert finished.wait(20)
        assert Client(doors.socket).status().daemon.profile == "sim"
    record_property("note", f"{name} was carried out although its caller had gone")


def answer_to(command: Any) -> Any:
    from robson.api.published import Armed, Panicked

    if isinstance(command, Arm):
        return Armed(position=lives.armed())
    return Panicked(actions=((lives.BTC_ID, "exit"),), started_ns=lives.NOON)
