"""Errands: done beside the feed, handed out on its thread, one of each name at a time."""

from __future__ import annotations

import pytest

from robson.connectors.binance.http import Broken
from robson.daemon.scout import Scout


class Sent:
    """A scout whose thread is this one."""

    def __init__(self) -> None:
        self.noted: list[str] = []
        self.found: list[object] = []
        self.scout = Scout("scout", self.fatal, self.noted.append)

    def fatal(self, name: str, error: BaseException) -> None:
        raise AssertionError(name) from error

    def send(self, name: str, answer: object) -> bool:
        def run() -> object:
            if isinstance(answer, Exception):
                raise answer
            return answer

        return self.scout.send(name, run, self.found.append)

    def come_back(self) -> None:
        while (errand := self.scout._inbox.get(0)) is not None:
            self.scout._go(errand)


def test_one_of_a_name_is_under_way_and_then_the_next() -> None:
    sent = Sent()
    assert sent.send("price", 1)
    assert not sent.send("price", 2), "the first has not come back"
    assert sent.send("time", 3)
    sent.come_back()
    assert sent.found == [], "nothing is handed out on the scout's own thread"
    sent.scout.hand_out()
    assert sent.found == [1, 3]
    assert sent.send("price", 4)


@pytest.mark.parametrize("trouble", [Broken("it takes too long"), OSError("network is down")])
def test_an_errand_that_fails_is_said_and_may_be_sent_again(trouble: Exception) -> None:
    sent = Sent()
    sent.send("price", trouble)
    sent.come_back()
    sent.scout.hand_out()
    assert sent.found == [None]
    assert sent.noted == [f"price: {trouble}"]
    assert sent.send("price", 1)
