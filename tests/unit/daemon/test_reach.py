"""Since when the exchange has served nothing: silence, or a key and an address that it refuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

import pytest

from robson.api.facts import ReachFact
from robson.daemon.reach import LOST_S, Reach
from robson.domain.identity import AccountId, Scope, Symbol
from robson.domain.intents import Intent, ReadAccount
from robson.domain.ports import Clock
from robson.domain.reports import Answer, ApiError, NeverSent, NoAnswer
from robson.domain.values import NS_PER_S, ExchangeNs

ASKS = ReadAccount(scope=Scope(account=AccountId("main"), symbol=Symbol("BTC", "USDT")))
SERVED = ApiError(status=400, code=-2013, message="Order does not exist.")
KEY = ApiError(status=401, code=-2015, message="Invalid API-key, IP, or permissions for action.")
SILENCE = NoAnswer(reason="HTTP 503, 0 a page")
SAID = "-2015: Invalid API-key, IP, or permissions for action."


class _Second:
    """A clock that is a second later each time."""

    def __init__(self) -> None:
        self.at_s = 0

    def exchange_ns(self) -> ExchangeNs:
        self.at_s += 1
        return ExchangeNs(self.at_s * NS_PER_S)


class _Exchange:
    """Gives these answers."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._answers: Iterator[Answer] = iter(answers)

    def call(self, request: Intent) -> Answer:
        return next(self._answers)


def facts(*answers: Answer) -> list[ReachFact | None]:
    """What is known after each answer."""
    reach = Reach(_Exchange(answers), cast("Clock", _Second()))
    found = []
    for answer in answers:
        assert reach.call(ASKS) is answer
        found.append(reach.fact())
    return found


def _since_1(unanswered: int, refused: str = "") -> ReachFact:
    return ReachFact(since_ns=ExchangeNs(NS_PER_S), unanswered=unanswered, refused=refused)


def test_silence_lasts_until_anything_is_answered() -> None:
    unsent = NeverSent(reason="refused")
    assert facts(SILENCE, unsent, SERVED) == [_since_1(1), _since_1(2), None]


def test_a_refused_key_is_told_in_the_words_of_the_exchange() -> None:
    assert facts(KEY, KEY, SERVED) == [_since_1(1, SAID), _since_1(2, SAID), None]


def test_silence_and_refusal_are_one_stretch_and_the_last_says_which() -> None:
    assert facts(SILENCE, KEY, SILENCE) == [_since_1(1), _since_1(2, SAID), _since_1(3)]


@pytest.mark.parametrize("answer", [SILENCE, KEY])
def test_it_is_out_of_reach_after_half_a_minute(answer: Answer) -> None:
    clock = _Second()
    reach = Reach(_Exchange([answer, SERVED]), cast("Clock", clock))
    assert reach.within(), "nobody has tried"
    reach.call(ASKS)
    clock.at_s = LOST_S - 1
    assert reach.within()
    assert not reach.within(), "a second later"
    reach.call(ASKS)
    assert reach.within()


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (401, -2014, "-2014: no"),
        (400, -1022, "-1022: no"),
        (403, 0, "HTTP 403: no"),
        (451, 0, "HTTP 451: no"),
        (400, -2010, ""),
        (429, -1003, ""),
        (400, -1021, ""),
    ],
)
def test_refused_is_who_asks_and_not_what_is_asked(status: int, code: int, said: str) -> None:
    (found,) = facts(ApiError(status=status, code=code, message="no"))
    assert (found.refused if found else "") == said
