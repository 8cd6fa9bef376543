"""Whether anything is being worked on: counted for each thread, and never by who waits for time."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from robson.daemon.inbox import CAPACITY, Inbox, ends
from robson.daemon.stillness import Stillness
from robson.domain.errors import InvariantViolated

AT_ONCE = 0.0
BOUND_S = 10.0


def beside(run: Callable[[], object]) -> threading.Thread:
    """Something done by another thread."""
    thread = threading.Thread(target=run)
    thread.start()
    return thread


def joined(thread: threading.Thread) -> None:
    thread.join(BOUND_S)
    assert not thread.is_alive()


# --- stillness -----------------------------------------------------------------------------------


def test_nothing_to_do_is_still() -> None:
    assert Stillness().wait_still(AT_ONCE)


def test_work_is_work_until_it_has_ended() -> None:
    still = Stillness()
    still.begin("monitor")
    still.begin("monitor")
    assert not still.wait_still(AT_ONCE)
    still.end("monitor")
    assert not still.wait_still(AT_ONCE)
    still.end("monitor")
    assert still.wait_still(AT_ONCE)


def test_what_queues_behind_a_waiting_thread_is_no_work() -> None:
    """A lane that waits for the exchange lets time move, however much stands in its inbox."""
    still = Stillness()
    for _ in range(4):
        still.begin("reader")
    still.wait("reader")
    assert still.wait_still(AT_ONCE)

    still.begin("reader")
    assert still.wait_still(AT_ONCE), "one more behind it changes nothing"
    still.begin("monitor")
    assert not still.wait_still(AT_ONCE), "somebody else's work does"
    still.end("monitor")

    still.go_on("reader")
    assert not still.wait_still(AT_ONCE), "now all of it is"
    for _ in range(5):
        still.end("reader")
    assert still.wait_still(AT_ONCE)


def test_who_waits_for_stillness_is_woken() -> None:
    still = Stillness()
    still.begin("monitor")
    found: list[bool] = []
    waiting = beside(lambda: found.append(still.wait_still(BOUND_S)))
    still.end("monitor")
    joined(waiting)
    assert found == [True]


@pytest.mark.parametrize("how", ["begin", "touch", "go_on"])
def test_who_waits_for_a_touch_is_woken(how: str) -> None:
    still = Stillness()
    seen = still.touches
    found: list[bool] = []
    waiting = beside(lambda: found.append(still.wait_touched(seen, BOUND_S)))
    if how == "touch":
        still.touch()
    else:
        getattr(still, how)("reader")
    joined(waiting)
    assert found == [True]
    assert not still.wait_touched(still.touches, AT_ONCE)


def test_nobody_from_outside_begins_while_time_is_moved() -> None:
    still = Stillness()
    assert still.take_turn(AT_ONCE)
    came = threading.Event()
    outside = beside(lambda: (still.begin("monitor", outside=True), came.set()))
    still.begin("monitor")  # what time brought is worked on at once
    still.end("monitor")
    assert not came.is_set()
    still.end_turn()
    joined(outside)
    assert came.is_set()
    assert not still.take_turn(AT_ONCE), "and time waits for it"


# --- inbox ---------------------------------------------------------------------------------------


def test_messages_come_by_urgency_then_in_order() -> None:
    inbox = Inbox("urgent", Stillness())
    for message, priority in (("cancel", 1), ("stop", 2), ("exit", 0), ("cancel too", 1)):
        inbox.put(message, priority=priority)

    assert inbox.depth() == 4
    assert [inbox.get(AT_ONCE) for _ in range(4)] == ["exit", "cancel", "cancel too", "stop"]
    assert inbox.get(AT_ONCE) is None


def test_messages_that_cannot_be_compared_keep_their_order() -> None:
    inbox = Inbox("monitor", Stillness())
    messages = [object(), object(), {}]
    for message in messages:
        inbox.put(message)
    assert [inbox.get(AT_ONCE) for _ in messages] == messages


def test_closing_comes_last() -> None:
    inbox = Inbox("monitor", Stillness())
    inbox.put("before")
    inbox.close()
    inbox.put("after", priority=5)

    assert [inbox.get(AT_ONCE), inbox.get(AT_ONCE)] == ["before", "after"]
    assert ends(inbox.get(AT_ONCE))


def test_full_inbox_is_a_defect_and_no_work() -> None:
    still = Stillness()
    inbox = Inbox("monitor", still)
    for _ in range(CAPACITY):
        inbox.put("one")
    with pytest.raises(InvariantViolated, match="inbox of monitor is full"):
        inbox.put("too many")

    for _ in range(CAPACITY):
        inbox.get(AT_ONCE)
        inbox.done()
    assert still.wait_still(AT_ONCE), "what was refused is not waited for"


def test_message_is_work_until_it_is_done() -> None:
    still = Stillness()
    inbox = Inbox("monitor", still)
    inbox.put("one")
    assert not still.wait_still(AT_ONCE)
    inbox.get(AT_ONCE)
    assert not still.wait_still(AT_ONCE)
    inbox.done()
    assert still.wait_still(AT_ONCE)
