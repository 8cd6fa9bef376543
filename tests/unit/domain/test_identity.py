"""Client order ids: one for each attempt, short enough for the exchange, and readable again."""

from __future__ import annotations

import re

import pytest

from robson.domain.errors import InvalidValue
from robson.domain.identity import (
    ATTEMPTS_MAX,
    AccountId,
    PositionId,
    Purpose,
    Scope,
    Symbol,
    client_order_id,
    position_hash,
    read_client_order_id,
)

SCOPE = Scope(AccountId("main"), Symbol("BTC", "USDT"))
POSITION = PositionId("pos_00000000000000000000000001")
TAKEN_BY_THE_EXCHANGE = re.compile(r"[a-zA-Z0-9-_]{1,36}")
ATTEMPTS = (0, 1, 35, 36, 1295, 1296, 46_655, 46_656, ATTEMPTS_MAX - 1)
EPOCHS = (0, 1, 36, 36**8 - 1)


@pytest.mark.proves("I-15")
@pytest.mark.parametrize("purpose", Purpose)
def test_every_attempt_has_an_id_of_its_own_that_reads_back(purpose: Purpose) -> None:
    seen = set()
    for attempt in ATTEMPTS:
        for epoch in EPOCHS:
            made = client_order_id(purpose, SCOPE, POSITION, attempt=attempt, epoch=epoch)
            ours = read_client_order_id(made)

            assert TAKEN_BY_THE_EXCHANGE.fullmatch(made)
            assert ours is not None
            assert (ours.purpose, ours.attempt, ours.epoch) == (purpose, attempt, epoch)
            assert ours.position_hash == position_hash(SCOPE, POSITION)
            seen.add(made)
    assert len(seen) == len(ATTEMPTS) * len(EPOCHS)


def test_the_first_attempts_are_as_short_as_the_page_says() -> None:
    made = client_order_id(Purpose.ENTRY, SCOPE, POSITION, attempt=1295, epoch=36**8 - 1)

    assert len(made) == 34
    assert made.startswith("rbe")


@pytest.mark.parametrize(("attempt", "epoch"), [(-1, 0), (ATTEMPTS_MAX, 0), (0, -1), (0, 36**8)])
def test_what_does_not_fit_is_refused(attempt: int, epoch: int) -> None:
    with pytest.raises(InvalidValue):
        client_order_id(Purpose.EXIT, SCOPE, POSITION, attempt=attempt, epoch=epoch)


@pytest.mark.proves("P22")
@pytest.mark.parametrize(
    "text", ["", "web_1234", "rbe", "rbz" + "a" * 20 + "00-1", "rbe" + "a" * 20 + "00000-1"]
)
def test_somebody_elses_order_is_not_ours(text: str) -> None:
    assert read_client_order_id(text) is None


def test_positions_and_accounts_have_hashes_of_their_own() -> None:
    others = (
        position_hash(Scope(AccountId("other"), SCOPE.symbol), POSITION),
        position_hash(Scope(SCOPE.account, Symbol("ETH", "USDT")), POSITION),
        position_hash(SCOPE, PositionId("pos_00000000000000000000000002")),
    )

    assert len({position_hash(SCOPE, POSITION), *others}) == 4
