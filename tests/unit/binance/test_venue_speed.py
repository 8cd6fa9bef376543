"""How fast the exchange's time runs: what a venue on this machine says, and nobody else."""

from __future__ import annotations

import pytest

from robson.connectors.binance.api import Failed
from robson.connectors.binance.http import Broken, NothingLeft, Reply
from robson.connectors.binance.venue_speed import HEADER, speed_of


class Door:
    """Answers with a header, or not at all."""

    def __init__(
        self, said: str | None, *, status: int = 200, url: str = "http://127.0.0.1:9"
    ) -> None:
        self.url = url
        self.asked = 0
        self._said = said
        self._status = status

    def send(self, *_: object) -> Reply:
        self.asked += 1
        headers = {} if self._said is None else {HEADER: self._said}
        return Reply(status=self._status, headers=headers, body=b"{}")


@pytest.mark.parametrize(
    ("said", "speed"),
    [(None, 1), ("20", 20), ("0.5", "0.5"), ("0", 1), ("1001", 1), ("-3", 1), ("x", 1), ("NaN", 1)],
)
def test_a_venue_on_this_machine_is_believed(said: str | None, speed: object) -> None:
    assert str(speed_of(Door(said))) == str(speed)


def test_nobody_elsewhere_is_even_asked() -> None:
    door = Door("20", url="https://data-api.binance.vision")

    assert speed_of(door) == 1
    assert door.asked == 0


def test_an_answer_that_is_none_says_no_speed() -> None:
    """A page of an overloaded venue has no header: that is not a speed of one."""
    with pytest.raises(Failed, match="503") as failed:
        speed_of(Door(None, status=503))
    assert not failed.value.is_final, "it is asked again"


@pytest.mark.parametrize("error", [Broken("half"), NothingLeft("none")])
def test_who_does_not_answer_is_asked_again(error: Exception) -> None:
    class Gone(Door):
        def send(self, *_: object) -> Reply:
            raise error

    with pytest.raises(Failed) as failed:
        speed_of(Gone(None))
    assert not failed.value.is_final
