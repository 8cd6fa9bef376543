"""Many callers at once through the real door: limits hold to the last one, a key means one life."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from robson.api.client import CallFailed, Client
from robson.domain.identity import Symbol
from tests.e2e import shapes
from tests.e2e.evidence import Row
from tests.e2e.harness import Robsond, running, until

MAX_OPEN = 3
Call = Callable[[Client, int], str]


@contextmanager
def many_pairs(
    place: Path, count: int, *, price: int = shapes.MIDDLE, **env: str
) -> Iterator[Robsond]:
    """A robsond on so many pairs; their tapes wait, so that nothing but the callers moves."""
    played: list[str] = []
    path = shapes.still(30, price)
    for name in names(count):
        symbol = Symbol(name.removesuffix("USDT"), "USDT")
        played += ["--tape", str(shapes.write_path(place, path, symbol=symbol))]
        played += ["--history", str(shapes.write_past(place, symbol))]
    with running(place / "s", *played, "--hold", "--speed", "1", **env) as robsond:
        yield robsond


def names(count: int) -> list[str]:
    """Pairs without rules of their own, and BTCUSDT first."""
    return ["BTCUSDT", *(f"P{number:02}USDT" for number in range(1, count))]


def at_once(robsond: Robsond, callers: int, call: Call) -> tuple[list[str], Counter[str]]:
    """So many threads, each on a connection of its own, begin together.

    Returns what each was answered, and how often each refusal was.
    """
    barrier, told, refused = threading.Barrier(callers), list[str](), Counter[str]()
    lock = threading.Lock()

    def one(number: int) -> None:
        client = Client(robsond.door, actor="test", timeout_s=60)
        try:
            client.daemon()
            barrier.wait(60)
            answer = call(client, number)
            with lock:
                told.append(answer)
        except CallFailed as error:
            with lock:
                refused[error.code] += 1
        finally:
            client.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    assert len(told) + sum(refused.values()) == callers
    return told, refused


def positions_of(rows: Sequence[Row], name: str) -> list[str]:
    return [row.payload["position"] for row in rows if row.name == name]


def test_thirty_arms_open_exactly_three(place: Path, record_property: Any) -> None:
    pairs = names(30)
    with many_pairs(place, len(pairs), ROBSON__RISK__MAX_OPEN_POSITIONS=str(MAX_OPEN)) as robsond:
        client = robsond.start()
        told, refused = at_once(
            robsond,
            len(pairs),
            lambda client, number: (
                client.arm(
                    symbol=pairs[number], strategy="now", idempotency_key=f"key {number}"
                ).position.id
            ),
        )
        open_now = client.status().risk.open_positions
        rows = until(lambda: decided(robsond, MAX_OPEN), "those that were taken are filled")
        robsond.kill()

    assert len(set(told)) == MAX_OPEN
    assert refused == {"max_open_positions": len(pairs) - MAX_OPEN}
    assert (open_now.value, open_now.limit) == (MAX_OPEN, MAX_OPEN)
    assert sorted(positions_of(rows, "position_armed")) == sorted(told)
    assert sorted(positions_of(rows, "entry_filled")) == sorted(told)
    record_property("happened", "many callers: 30 arms, 3 open")


def test_one_key_is_one_position_for_everybody(place: Path, record_property: Any) -> None:
    with many_pairs(place, 1) as robsond:
        robsond.start()
        told, refused = at_once(
            robsond,
            20,
            lambda client, _: (
                client.arm(symbol="BTCUSDT", strategy="now", idempotency_key="one").position.id
            ),
        )
        rows = until(lambda: decided(robsond, 1), "it is filled")
        robsond.kill()

    assert refused == {}
    assert len(told) == 20
    assert len(set(told)) == 1
    assert positions_of(rows, "position_armed") == [told[0]]
    assert positions_of(rows, "entry_requested") == [told[0]]
    record_property("happened", "many callers: 20 arms with one key, 1 position")


def decided(robsond: Robsond, signals: int) -> list[Row] | None:
    """The journal, when every signal has been refused or has led to a fill."""
    rows = robsond.rows()
    ends = ("entry_filled", "signal_rejected")
    return rows if sum(row.name in ends for row in rows) >= signals else None


def test_fifty_admissions_never_overspend_the_budget(place: Path, record_property: Any) -> None:
    """Each plan is within one trade's share; together they would be twice the month's."""
    pairs = names(50)
    far = shapes.MIDDLE + 1_000  # so the stop is far, and a position risks more
    limit = str(len(pairs))
    with many_pairs(
        place, len(pairs), price=far, ROBSON__RISK__MAX_OPEN_POSITIONS=limit
    ) as robsond:
        client = robsond.start()
        told, refused = at_once(
            robsond,
            len(pairs),
            lambda client, number: (
                client.arm(
                    symbol=pairs[number],
                    strategy="now",
                    idempotency_key=f"key {number}",
                ).position.id
            ),
        )
        assert refused == {}
        assert len(set(told)) == len(pairs)
        rows = until(lambda: decided(robsond, len(pairs)), "every signal is decided")
        risk = client.status().risk
        robsond.kill()

    entered = positions_of(rows, "entry_filled")
    denied = [row for row in rows if row.name == "signal_rejected"]
    assert len(entered) + len({row.payload["position"] for row in denied}) == len(pairs)
    assert 4 <= len(entered) < len(pairs)
    assert denied
    assert Decimal(risk.budget) == Decimal(risk.capital_base) * Decimal("0.04")
    spent = Decimal(risk.latent) + Decimal(risk.consumed)
    assert 0 < spent <= Decimal(risk.budget)
    note = f"50 admissions at once: {len(entered)} entered, {spent:.2f} of {risk.budget} spent"
    record_property("note", note)
    record_property("happened", "many callers: 50 admissions within the budget")
