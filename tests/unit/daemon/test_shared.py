"""Answers that many callers share: none older than its question, and rest between two of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from robson.daemon.shared import LONGEST_REST_S, REST, Shared

CALLERS = 12
BOUND_S = 20.0


@attrs.define
class Clock:
    """Time that passes only when somebody waits or works."""

    at_s: float = 100.0
    rests: list[float] = attrs.Factory(list)

    def now(self) -> float:
        return self.at_s

    def pause(self, seconds: float) -> None:
        self.rests.append(round(seconds, 6))
        self.at_s += seconds

    def work(self, seconds: float) -> None:
        self.at_s += seconds


def test_who_asks_during_an_answer_shares_the_next_one(
    record_property: Callable[[str, object], None],
) -> None:
    clock = Clock()
    shared = Shared(clock.now, clock.pause)
    working, go_on = threading.Event(), threading.Event()
    worked: list[int] = []

    def work() -> int:
        worked.append(len(worked))
        working.set()
        assert go_on.wait(BOUND_S)
        return worked[-1]

    with ThreadPoolExecutor(CALLERS) as pool:
        first = pool.submit(shared.answer, b"all", work)
        assert working.wait(BOUND_S)
        later = [pool.submit(shared.answer, b"all", work) for _ in range(CALLERS - 1)]
        while any(not each.running() for each in later):
            clock.pause(0)
        go_on.set()
        answers = [each.result(BOUND_S) for each in later]

    assert first.result() == 0
    assert answers == [1] * (CALLERS - 1)
    record_property("note", f"{CALLERS} callers at a time: {len(worked)} answers worked out")


def test_other_questions_have_answers_of_their_own() -> None:
    clock = Clock()
    shared = Shared(clock.now, clock.pause)
    assert [shared.answer(key, lambda key=key: key * 2) for key in (b"a", b"b")] == [b"aa", b"bb"]


def test_nobody_waits_who_asks_now_and_then() -> None:
    clock = Clock()
    shared = Shared(clock.now, clock.pause)
    for _ in range(5):
        shared.answer(b"all", lambda: clock.work(0.010))
        clock.work(REST * 0.010 + 1e-6)
    assert clock.rests == []


@pytest.mark.parametrize(
    ("took_s", "rest_s"), [(0.001, 0.004), (0.010, 0.040), (3.0, LONGEST_REST_S)]
)
def test_who_asks_at_once_again_leaves_the_others_their_share(took_s: float, rest_s: float) -> None:
    clock = Clock()
    shared = Shared(clock.now, clock.pause)
    for _ in range(3):
        shared.answer(b"all", lambda: clock.work(took_s))
    assert clock.rests == [rest_s, rest_s]


def test_what_went_wrong_is_told_and_the_next_is_tried() -> None:
    clock = Clock()
    shared = Shared(clock.now, clock.pause)

    def fails() -> int:
        raise ValueError("no view")

    with pytest.raises(ValueError, match="no view"):
        shared.answer(b"all", fails)
    assert shared.answer(b"all", lambda: 7) == 7


def test_who_shared_what_went_wrong_tries_for_himself() -> None:
    clock = Clock()
    shared = Shared(clock.now, clock.pause)
    working, go_on = threading.Event(), threading.Event()
    tried: list[int] = []

    def works() -> None:
        working.set()
        assert go_on.wait(BOUND_S)

    def fails_once() -> int:
        tried.append(len(tried))
        if len(tried) == 1:
            raise ValueError("no view")
        return tried[-1]

    with ThreadPoolExecutor(3) as pool:
        other = pool.submit(shared.answer, b"other", works)
        assert working.wait(BOUND_S)
        both = [pool.submit(shared.answer, b"all", fails_once) for _ in range(2)]
        while any(not each.running() for each in both):
            clock.pause(0)
        go_on.set()
        failed = [each.exception(BOUND_S) for each in both]

    assert other.result() is None
    assert sorted(map(repr, failed)) == ["None", "ValueError('no view')"]
    assert tried == [0, 1]
