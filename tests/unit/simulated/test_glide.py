"""Gliding over trades that nobody waits for comes to the same as taking them one by one."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from random import Random
from typing import Any

import attrs
import pytest

from robson.connectors.simulated.clock import VirtualClock
from robson.connectors.simulated.driver import Answered, Driver, Woken
from robson.connectors.simulated.player import Player
from robson.connectors.simulated.tape import Columns, Tape
from robson.domain.intents import ReadAccount
from robson.domain.reports import CandleClosed
from robson.domain.values import NS_PER_MS, ExchangeNs
from tests.unit.simulated.exchange_kit import BORROW, BTC, HALF_PAST_ONE, RULES, SCOPE, SELL, Bench

ROWS, MIDDLE = 4_000, 6_000_000
SEEDS = 12


@attrs.define
class Board:
    """Keeps every price; wakes at the edges, which then move to both sides of the price."""

    wide: int
    edges: tuple[int, int] | None = None
    left: list[tuple[int, int, bool]] = attrs.Factory(list)

    @property
    def band(self) -> tuple[int, int] | None:
        return self.edges

    def offer(self, price: int, at_ns: ExchangeNs, *, jump: bool) -> bool:
        self.left.append((price, at_ns, jump))
        low, high = self.edges or (0, 0)
        if low < price < high:
            return False
        self.edges = (price - self.wide, price + self.wide)
        return True


def trades(seed: int) -> Tape:
    """A walk of prices over some hours and candles, several at one instant now and then."""
    chance, at_ms, price = Random(seed), HALF_PAST_ONE // NS_PER_MS, MIDDLE
    times, prices = [], []
    for _ in range(ROWS):
        at_ms += chance.choice((0, 7, 900, 4_000))
        price += chance.randrange(-300, 301)
        times.append(at_ms * NS_PER_MS)
        prices.append(price)
    columns = Columns(array("q", times), (array("q", prices),))
    return Tape(name="walk", kind="trades", symbol=BTC, columns=columns, places=2, bar_ns=0)


def played(seed: int, *, glides: bool) -> tuple[dict[str, Any], int]:
    """Everything that can be seen of a run, and how many steps it took."""
    bench, board, clock = Bench(), Board(wide=5_000), VirtualClock(ExchangeNs(HALF_PAST_ONE))
    bench.buy("0.02", BORROW)
    bench.stop(SELL, "0.01", "59500")
    player = Player(trades(seed), RULES, bench.exchange, board, lambda: None)
    driver = Driver(bench.exchange, [player], clock)
    seen: list[tuple[int, object]] = []
    steps = 0
    while (due_ns := driver.next_ns()) is not None:
        steps += 1
        happenings = driver.advance(due_ns)
        for happened in happenings:
            told = happened.answer if isinstance(happened, Answered) else happened
            seen.append((clock.now_ns, told))
        if steps % 50 == 0:
            driver.submit(ReadAccount(scope=SCOPE), lambda _answer, _sent: None)
        if glides and not happenings:
            driver.glide(due_ns + 60_000 * NS_PER_MS)
    happened = {
        "prices": board.left,
        "candles": [what for what in seen if isinstance(what[1], CandleClosed)],
        "wakes": [what for what in seen if isinstance(what[1], Woken)],
        "books": list(bench.exchange.books.entries()),
        "ends": (clock.now_ns, bench.exchange.now_ns, player.rows_played),
    }
    return happened, steps


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_glide_comes_to_the_same(
    seed: int, record_property: Callable[[str, object], None]
) -> None:
    one_by_one, steps = played(seed, glides=False)
    gliding, fewer = played(seed, glides=True)
    for asked in (one_by_one, gliding):
        asked["books"] = [entry for entry in asked["books"] if "ReadAccount" not in repr(entry)]

    assert gliding == one_by_one
    assert len(one_by_one["candles"]) > 2
    assert any("Interest" in repr(entry) for entry in one_by_one["books"])
    assert fewer < steps / 4
    record_property("happened", "glide: equal run")
