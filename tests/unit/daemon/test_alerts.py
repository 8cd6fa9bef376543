"""Alerts: each condition is judged, told once, told again in an hour, cleared; and a way out that
hangs, refuses or is away delays nobody and repeats no secret.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import attrs
import pytest

from robson.api.facts import (
    DegradedFact,
    DiskFact,
    FeedFact,
    ReachFact,
)
from robson.api.published import AlertFact, Published
from robson.daemon import alerts, logs
from robson.daemon.alerts import Alerts, WayOut
from robson.daemon.conditions import CONDITIONS, Standing, standing
from robson.daemon.config import KEYS, Config, examine
from robson.daemon.sinks import Post, Program
from robson.daemon.tidings import CLEAR_S, DIGEST_S, Tiding, Tidings, still_told
from robson.domain import events as e
from robson.domain.lifecycle import PositionState
from robson.domain.values import NS_PER_S, ExchangeNs, Price
from robson.store.alerts import KeptAlert
from tests.contract import lives
from tests.contract.fake_daemon import published

CANARY = "canary-8c1f"
BAD = Standing(code="disk", about="disk", said="little room")
MONTH = Standing(code="month", about="2", said="lost 2 %")


def calm() -> Published:
    """A view in which nothing stands."""
    seen = published(lives.active(), profile="live")
    facts = attrs.evolve(
        seen.daemon,
        degraded=(),
        silent=None,
        disk=DiskFact(free_mib=900, warn_mib=200, entry_mib=64),
        feeds=(FeedFact(symbol="BTCUSDT", source="ws", age_ms=200),),
    )
    risk = attrs.evolve(seen.risk, halted=False, alerts=())
    return attrs.evolve(seen, daemon=facts, risk=risk)


def _holding(**changes: Any) -> Published:
    return attrs.evolve(calm(), positions=(attrs.evolve(lives.active(), **changes),), living=None)


def _facts(**changes: Any) -> Published:
    return attrs.evolve(calm(), daemon=attrs.evolve(calm().daemon, **changes))


def _risk(**changes: Any) -> Published:
    return attrs.evolve(calm(), risk=attrs.evolve(calm().risk, **changes))


def _ago(seconds: int) -> ExchangeNs:
    return ExchangeNs(lives.NOON - seconds * NS_PER_S)


def _left_at(at_ns: ExchangeNs) -> e.ExitTriggered:
    return e.ExitTriggered(
        position=lives.BTC_ID,
        at_ns=at_ns,
        reason="stop_loss",
        price=Price("1"),
        stop=Price("1"),
        tick_ns=at_ns,
    )


PLANTED: dict[str, Callable[[], Published]] = {
    "unprotected": lambda: _holding(alerted_ns=_ago(3)),
    "error": lambda: _holding(state=PositionState.ERROR),
    "holding_missed": lambda: _holding(missed_ns=_ago(3)),
    "exit_long": lambda: _holding(state=PositionState.EXITING, trigger=_left_at(_ago(61))),
    "exchange_silent": lambda: _facts(silent=ReachFact(since_ns=_ago(61), unanswered=9)),
    "feed_silent": lambda: _facts(feeds=(FeedFact(symbol="BTCUSDT", source="ws", age_ms=15_001),)),
    "degraded": lambda: _facts(
        degraded=(DegradedFact(scope="BTCUSDT", reason="odd", since_ns=_ago(9), code="frozen"),)
    ),
    "disk": lambda: _facts(disk=DiskFact(free_mib=199, warn_mib=200, entry_mib=64)),
    "halt": lambda: _risk(halted=True, halt_reason="enough"),
    "month": lambda: _risk(
        alerts=(AlertFact(line_pct=Decimal(2), loss=Decimal(200), reached_ns=_ago(9)),)
    ),
}


@pytest.mark.parametrize("code", [row.code for row in CONDITIONS])
def test_each_condition_stands_where_it_was_planted(code: str) -> None:
    """And on its side of the line alone."""
    assert standing(calm()) == {}
    assert {each.code for each in standing(PLANTED[code]()).values()} == {code}


def test_a_refused_key_is_told_in_the_words_of_the_exchange() -> None:
    refused = _facts(silent=ReachFact(since_ns=_ago(61), unanswered=9, refused="-2015: no"))
    (told,) = standing(refused).values()
    assert told.said == "the exchange refuses this key or this address: -2015: no"


def test_just_short_of_a_line_nothing_stands() -> None:
    short = (
        _holding(state=PositionState.EXITING, trigger=_left_at(_ago(60))),
        _facts(silent=ReachFact(since_ns=_ago(60), unanswered=9)),
        _facts(feeds=(FeedFact(symbol="BTCUSDT", source="ws", age_ms=15_000),)),
        _facts(disk=DiskFact(free_mib=200, warn_mib=200, entry_mib=64)),
        _facts(profile="sim", feeds=(FeedFact(symbol="BTCUSDT", source="tape", age_ms=99_000),)),
        _facts(feeds=(FeedFact(symbol="SOLUSDT", source="ws", age_ms=99_000),)),
    )
    assert [standing(seen) for seen in short] == [{}] * len(short)


# --- when it is told -----------------------------------------------------------------------------


def _told(tidings: Tidings, at_s: float, *now: Standing) -> list[str]:
    return [each.kind for each in tidings.look({each.key: each for each in now}, at_s)]


def test_once_then_each_hour_then_the_all_clear() -> None:
    tidings = Tidings()
    kinds = [kind for at_s in range(7_201) for kind in _told(tidings, float(at_s), BAD)]
    assert kinds == ["raised", "digest", "digest"]
    after = [kind for at_s in range(7_201, 7_400) for kind in _told(tidings, float(at_s))]
    assert after == ["cleared"]


@pytest.mark.parametrize("code", ["unprotected", "disk"])
def test_a_digest_is_as_urgent_as_what_stands(code: str) -> None:
    """Money at risk stays urgent; a month's line beside it is in no digest."""
    tidings, found = Tidings(), attrs.evolve(BAD, code=code)
    stands = {each.key: each for each in (found, MONTH)}
    assert {each.urgent for each in tidings.look({found.key: found}, 0.0)} == {code != "disk"}
    [*tidings.look(stands, 1.0)]
    (digest,) = tidings.look(stands, 1.0 + DIGEST_S)
    assert (digest.kind, digest.urgent, digest.about) == ("digest", code != "disk", (found,))


def test_what_may_cost_money_now_is_urgent() -> None:
    calm_ones = {"disk", "halt", "month"}
    assert {row.code for row in CONDITIONS if not row.urgent} == calm_ones


def test_a_pair_without_any_price_is_silent_and_two_reasons_are_two_conditions() -> None:
    silent = _facts(feeds=(FeedFact(symbol="BTCUSDT", source="ws", age_ms=None),))
    assert [each.code for each in standing(silent).values()] == ["feed_silent"]
    reasons = tuple(
        DegradedFact(scope="BTCUSDT", reason=code, since_ns=_ago(9), code=code)
        for code in ("frozen", "unprotected")
    )
    assert len(standing(_facts(degraded=reasons))) == 2


def test_what_comes_and_goes_is_told_once() -> None:
    tidings = Tidings()
    kinds = []
    for at_s in range(1_000):
        kinds += _told(tidings, float(at_s), *([BAD] if at_s % 2 else []))
    assert kinds == ["raised"]
    assert _told(tidings, 1_000 + CLEAR_S) == []
    assert _told(tidings, 1_000 + 2 * CLEAR_S) == ["cleared"]
    assert _told(tidings, 1_001 + 2 * CLEAR_S, BAD) == ["raised"]


def test_a_months_line_is_told_when_it_is_reached_and_never_again() -> None:
    tidings = Tidings()
    assert _told(tidings, 0.0, MONTH) == ["raised"]
    assert _told(tidings, 2 * DIGEST_S, MONTH) == []
    assert [_told(tidings, 3 * DIGEST_S + each) for each in (0, CLEAR_S)] == [[], []]


# --- the ways out --------------------------------------------------------------------------------


class Hook:
    """A server that answers as it is told, and keeps what it got."""

    def __init__(self, *statuses: int, hang: threading.Event | None = None, port: int = 0) -> None:
        self.got: list[dict[str, Any]] = []
        self.answered = 0
        left = list(statuses)
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                hook.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                if hang is not None:
                    hang.wait(120)
                hook.answered += 1
                self.send_response(left.pop(0) if left else 200)
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/{CANARY}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@contextmanager
def hooked(*statuses: int, hang: threading.Event | None = None, port: int = 0) -> Iterator[Hook]:
    """One of them."""
    hook = Hook(*statuses, hang=hang, port=port)
    try:
        yield hook
    finally:
        if hang is not None:
            hang.set()
        hook.server.shutdown()
        hook.server.server_close()


def _until(look: Callable[[], bool], bound_s: float = 60.0) -> None:
    ends_s = time.monotonic() + bound_s
    while not look():
        assert time.monotonic() < ends_s
        threading.Event().wait(0.01)


def _falls(name: str, error: BaseException) -> None:
    raise AssertionError(name) from error


def _config(**values: object) -> Config:
    given = {f"alerts.{name}": value for name, value in values.items()}
    return Config({key: row.default for key, row in KEYS.items()} | given)


@attrs.define
class Paper:
    """A book that survives its process; ``wrong``: why nothing can be written."""

    rows: dict[int, KeptAlert] = attrs.field(factory=dict)
    wrong: str = ""

    def every(self) -> list[KeptAlert]:
        return list(self.rows.values())

    def write(self, alert: KeptAlert) -> str:
        if not self.wrong:
            self.rows[alert.number] = alert
        return self.wrong

    def later(self, alert: KeptAlert) -> None:
        self.write(alert)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What goes into the log."""
    lines: list[str] = []
    monkeypatch.setattr(logs, "note", lambda text, _level="info": lines.append(text))
    monkeypatch.setattr(alerts, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(alerts, "LOOK_S", 0.05)
    return lines


def test_what_is_refused_is_sent_again_in_order(said: list[str]) -> None:
    """Each message until it is taken; the log says so without the address."""
    with hooked(500, 302, 503) as hook:
        way = WayOut(Post("alerts.url", hook.url))
        threading.Thread(target=way.run, daemon=True).start()
        way.put(1, b'{"number": 1}')
        way.put(2, b'{"number": 2}')
        _until(lambda: len(hook.got) == 5)
        way.stop()
    assert [each["number"] for each in hook.got] == [1, 1, 1, 1, 2]
    assert [line.rpartition(": ")[2] for line in said] == ["HTTP 500", "HTTP 302", "HTTP 503"]
    assert CANARY not in "".join(said)


def test_of_too_many_the_oldest_is_let_go_and_each_failure_waits_anew(said: list[str]) -> None:
    """After one that was taken the next failure waits the shortest time again."""
    gone: list[int] = []
    found: list[bytes] = []

    class Sink:
        name = "alerts.url"

        def deliver(self, body: bytes) -> str:
            found.append(body)
            return "HTTP 500" if len(found) in (1, 2, 4) else ""

    way = WayOut(Sink(), done=gone.append)
    for number in range(alerts.KEPT + 2):
        way.put(number, str(number).encode())
    assert gone == [0, 1]
    for _ in range(3):
        way._one()
    waited = way._wait_s
    way._one()
    assert found == [b"2", b"2", b"2", b"3"]
    assert (waited, way._wait_s) == (alerts.FIRST_WAIT_S, 2 * alerts.FIRST_WAIT_S)
    assert said[0].endswith("the oldest message is let go")


def test_an_address_that_is_away_is_in_no_log(said: list[str]) -> None:
    with hooked() as hook:
        url = hook.url
    assert Post("alerts.url", url).deliver(b"{}") == "ConnectionError"
    assert said == []


def test_a_program_gets_the_document_and_none_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBSON__ALERTS__URL", CANARY)
    program = tmp_path / "tell"
    program.write_text(f"#!/bin/sh\ncat > {tmp_path}/got; env > {tmp_path}/env; exit $(cat rc)\n")
    program.write_text(program.read_text().replace("$(cat rc)", "0"))
    program.chmod(0o700)
    assert Program("alerts.command", str(program)).deliver(b'{"a": 1}') == ""
    assert (tmp_path / "got").read_text() == '{"a": 1}'
    assert CANARY not in (tmp_path / "env").read_text()
    program.write_text("#!/bin/sh\nexit 3\n")
    assert Program("alerts.command", str(program)).deliver(b"{}") == "exit code 3"
    program.unlink()
    assert Program("alerts.command", str(program)).deliver(b"{}") == "FileNotFoundError"


def test_a_way_out_that_hangs_delays_nobody(said: list[str], tmp_path: Path) -> None:
    """Looks go on at once, and the other way out gets its message."""
    program = tmp_path / "tell"
    program.write_text(f"#!/bin/sh\ncat >> {tmp_path}/got\n")
    program.chmod(0o700)
    hang = threading.Event()
    with hooked(hang=hang) as hook:
        views = [PLANTED["unprotected"]()]
        told = Alerts(
            _config(url=hook.url, command=str(program)),
            lambda: views[-1],
            lambda: True,
            _falls,
            book=Paper(),
        )
        told.start()
        _until(lambda: bool(hook.got) and (tmp_path / "got").exists())
        for plant in PLANTED.values():  # each is news for the way out that hangs
            views.append(plant())
            told.look()
        assert len(hook.got) == 1, "the first has not been given up yet: no look waited for it"
        _until(lambda: (tmp_path / "got").stat().st_size > 0)
        told.stop()
    got, _ = json.JSONDecoder().raw_decode((tmp_path / "got").read_text())
    assert (got["schema"], got["kind"], got["urgent"]) == ("robson.alert/1", "raised", True)
    assert got["conditions"][0]["code"] == "unprotected"
    assert got["daemon"]["profile"] == "live"
    assert said[0].startswith("alert raised: BTCUSDT"), "it is in the log before it leaves"


def test_it_is_written_down_before_it_leaves(said: list[str]) -> None:
    """And leaves all the same when it cannot be."""
    paper, found = Paper(), []

    class Looking:
        name = "alerts.url"

        def deliver(self, body: bytes) -> str:
            found.append((json.loads(body)["number"], [*paper.rows]))
            return ""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alerts, "sinks_of", lambda _config: [Looking()])
        views = [PLANTED["halt"]()]
        told = Alerts(_config(url="x"), lambda: views[-1], lambda: True, _falls, book=paper)
        told.start()
        _until(lambda: found == [(1, [1])])
        _until(lambda: paper.rows[1].waits == ())
        paper.wrong = "the disk is full"
        views.append(PLANTED["error"]())
        _until(lambda: found[1:] == [(2, [1])])
        told.stop()
    assert any(line.endswith("leaves without being written: the disk is full") for line in said)


def test_what_nobody_took_leaves_with_the_next_start_and_only_once(said: list[str]) -> None:
    """A death at each point: after the writing, after the sending, and long after."""
    paper, seen = Paper(), PLANTED["halt"]()

    def live(hook: Hook, views: Callable[[], Published], *, until: Callable[[], bool]) -> None:
        told = Alerts(_config(url=hook.url), views, lambda: True, _falls, book=paper)
        told.start()
        _until(until)
        told.stop()

    with hooked(*[500] * 1_000) as hook:
        live(hook, lambda: seen, until=lambda: len(hook.got) > 1)
    assert paper.rows[1].waits == ("alerts.url",), "it died before anybody had taken it"
    with hooked() as hook:
        live(hook, lambda: seen, until=lambda: paper.rows[1].waits == ())
        looks: list[Published] = []

        def looked() -> Published:
            looks.append(seen)
            return seen

        live(hook, looked, until=lambda: len(looks) > 3)
        told = [(each["number"], each["kind"]) for each in hook.got]
        assert told == [(1, "raised")], "once, also where the condition still stands"
        assert hook.got[0]["at"] == paper.rows[1].at, "the time it was decided at"
    with hooked() as hook:
        live(hook, PLANTED["error"], until=lambda: 2 in paper.rows and bool(hook.got))
        assert [each["number"] for each in hook.got] == [2], "no number comes again"
    paper.rows[1] = attrs.evolve(paper.rows[1], waits=("alerts.url",))
    with hooked() as hook:
        live(hook, lambda: seen, until=lambda: bool(hook.got) and paper.rows[1].waits == ())
        assert [each["number"] for each in hook.got] == [1], "sent and not noted: sent again"
    assert said


def test_what_was_told_before_a_restart_is_called_clear_after_it() -> None:
    raised, month = Tiding(kind="raised", about=(BAD,)), Tiding(kind="raised", about=(MONTH,))
    tidings = Tidings(still_told([raised, month]))
    assert _told(tidings, 0.0, BAD, MONTH) == []
    assert [_told(tidings, at_s, MONTH) for at_s in (1.0, 1.0 + CLEAR_S)] == [[], ["cleared"]]
    assert [*still_told([raised, Tiding(kind="cleared", about=(BAD,))])] == []
    gone = attrs.evolve(BAD, code="of another release")
    assert [*still_told([Tiding(kind="raised", about=(gone,))])] == []


def test_the_beat_stops_with_the_daemons_life(said: list[str]) -> None:
    """A dead man does not beat: a thread that is silent keeps the beat back."""
    assert said == []
    with hooked() as hook:
        alive = threading.Event()
        told = Alerts(_config(beat_url=hook.url), calm, alive.is_set, _falls, book=Paper())
        told.start()
        told.look()
        threading.Event().wait(0.1)
        assert hook.got == []
        alive.set()
        told.look()
        _until(lambda: len(hook.got) == 1)
        told.look()
        threading.Event().wait(0.1)
        assert [each["kind"] for each in hook.got] == ["beat"], "once a minute"
        told.stop()


def test_without_a_way_out_there_is_no_thread() -> None:
    before = threading.active_count()
    Alerts(_config(), calm, lambda: True, _falls, book=Paper()).start()
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("alerts.url", f"{CANARY}.example"),
        ("alerts.url", f"ftp://h/{CANARY}"),
        ("alerts.url", f"http:///{CANARY}"),
        ("alerts.url", f"http://h:99999/{CANARY}"),
        ("alerts.beat_url", f"http://h/a {CANARY}"),
        ("alerts.command", "curl"),
        ("alerts.command", "/nowhere/curl"),
        ("alerts.command", "/etc/passwd"),
    ],
)
def test_nonsense_is_refused_and_a_secret_not_repeated(key: str, text: str) -> None:
    name = f"ROBSON__{key.upper().replace('.', '__')}"
    found = examine(None, {name: text}, {})
    assert [wrong.key for wrong in found.wrong] == [key]
    assert CANARY not in "".join(map(str, found.wrong))
    kept = examine(None, {name: "" if key == "alerts.command" else f"https://h/{CANARY}"}, {})
    assert kept.wrong == ()
    assert CANARY not in str(kept.config.shown())
