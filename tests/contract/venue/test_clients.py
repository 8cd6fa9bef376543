"""Other people's clients believe the venue: a whole life on isolated margin, and four mistakes.

What is asserted is what the client made of the answers, not what the venue sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.contract.venue.harness import Started, client, venue

MISTAKES = {
    "wrong_secret": (400, -1022),
    "flipped_byte": (400, -1022),
    "old_timestamp": (400, -1021),
    "missing_parameter": (400, -1102),
}


@pytest.fixture(scope="module")
def started() -> Iterator[Started]:
    with venue("--by-hand") as one:
        yield one


def debts(account: dict[str, Any]) -> list[Decimal]:
    [row] = account["assets"]
    return [
        Decimal(row[side][what])
        for side in ("baseAsset", "quoteAsset")
        for what in ("borrowed", "interest")
    ]


def test_binance_connector(started: Started) -> None:
    found = client("connector", started.rest, "test-key", "test-secret")
    life = found["life"]

    entry, [fill] = life["entry"], life["entry"]["fills"]
    assert entry["status"] == "FILLED"
    assert entry["executedQty"] == entry["origQty"] == fill["qty"]
    assert Decimal(entry["marginBuyBorrowAmount"]) > 9_000
    assert fill["commissionAsset"] == "BTC"
    assert max(debts(life["held"])) == Decimal(entry["marginBuyBorrowAmount"])
    [resting] = life["resting"]
    assert resting["clientOrderId"] == "stop-1"
    assert resting["orderId"] == life["stop"]["orderId"]
    assert life["cancelled"]["status"] == "CANCELED"
    assert life["cancelled"]["orderId"] == str(resting["orderId"])
    assert life["exit"]["status"] == life["queried"]["status"] == "FILLED"
    assert [order["status"] for order in life["orders"]] == ["FILLED", "CANCELED", "FILLED"]
    assert [trade["isBuyer"] for trade in life["trades"]] == [True, False]
    assert life["interest"]["total"] == 1
    assert debts(life["after"]) == [0, 0, 0, 0]
    assert {name: tuple(told[:2]) for name, told in found["refusals"].items()} == MISTAKES
