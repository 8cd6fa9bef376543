"""The log in memory: bounded, numbered, and carried over from the file of the process before."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from loguru import logger

from robson.api.told import LOG_LINES_KEPT
from robson.daemon import logs
from robson.daemon.diary import Diary
from robson.domain import events as e
from robson.domain.accounts import Started
from robson.domain.identity import PositionId
from robson.domain.ports import Recorded
from robson.domain.values import ExchangeNs

ID = PositionId.of(7)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    logger.remove()
    monkeypatch.setattr(logs, "ring", logs.Ring())
    yield tmp_path
    logger.remove()


def restart(place: Path) -> None:
    logger.remove()
    logs.ring = logs.Ring()
    logs.to_file(place)


def test_lines_are_numbered_and_know_their_position(place: Path) -> None:
    logs.to_file(place)
    logs.note("robsond is here")
    logs.note(f"stop_raised BTCUSDT {ID} seq 9", "warning")

    one, two = logs.ring.after(0)
    assert (one.number, one.level, one.position) == (1, "info", None)
    assert (two.number, two.level, two.position) == (2, "warning", ID)
    assert logs.ring.after(1) == (two,)
    assert logs.ring.after(2) == ()


def test_the_lines_of_the_process_before_are_still_there(place: Path) -> None:
    logs.to_file(place)
    logs.note(f"exit_retry {ID}", "warning")
    logs.failure("monitor", ZeroDivisionError("of a test"))
    before = logs.ring.after(0)
    restart(place)
    logs.note("started again")

    after = logs.ring.after(0)
    assert [(x.level, x.message, x.position, x.number) for x in after[:2]] == [
        (x.level, x.message, x.position, x.number) for x in before
    ], "a traceback's lines are no lines of ours"
    assert all(abs(x.at_ns - y.at_ns) < 10**6 for x, y in zip(before, after, strict=False))
    assert after[-1].message == "started again"


def test_the_memory_is_bounded_and_says_what_it_lost(place: Path) -> None:
    logs.to_file(place)
    for number in range(LOG_LINES_KEPT + 50):
        logs.note(f"line {number}")

    held = logs.ring.after(0)
    assert len(held) == LOG_LINES_KEPT
    assert held[0].number == 51
    assert [each.number for each in logs.ring.after(LOG_LINES_KEPT + 48)] == [2049, 2050]
    logs.note("x" * 5_000)
    assert len(logs.ring.after(LOG_LINES_KEPT + 50)[0].message) == 2_000


def test_nobody_can_write_a_line_of_his_own_into_the_log(place: Path) -> None:
    logs.to_file(place)
    logs.note("said\n2026-01-01T00:00:00.000Z CRITICAL all is lost")
    restart(place)

    [only] = logs.ring.after(0)
    assert only.level == "info"


def recorded(event: Any) -> Recorded:
    return Recorded(seq=3, epoch=1, event=event)


def test_events_become_lines_only_when_the_step_is_over(place: Path) -> None:
    logs.to_file(place)
    diary = Diary()
    view: Any = SimpleNamespace(id=ID, scope=SimpleNamespace(symbol="BTCUSDT"))
    failed = e.PositionFailed(position=ID, at_ns=ExchangeNs(1), code="c", message="m")
    begun = Started(at_ns=ExchangeNs(1), epoch=4, version="1", instance="i")

    diary.witness(recorded(begun), None)
    diary.witness(recorded(failed), view)
    assert not logs.ring.after(0), "the step goes on: nothing waits for the log"
    diary.write()
    diary.write()

    one, two = logs.ring.after(0)
    assert one.message == "startup seq 3: epoch 4, version 1, instance i"
    assert (two.level, two.position) == ("error", ID)
    assert two.message == f"position_error BTCUSDT {ID} seq 3: code c, message m"
