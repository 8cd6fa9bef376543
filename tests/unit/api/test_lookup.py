"""What a person may type for a position, and what is said when it fits none or many."""

from __future__ import annotations

import pytest

from robson.api.lookup import find_position, known_symbol
from robson.api.published import Published
from robson.domain.errors import Refused
from tests.contract import lives
from tests.contract.fake_daemon import published


@pytest.fixture
def view() -> Published:
    return published()


@pytest.mark.parametrize(
    "typed",
    [
        lives.BTC_ID,
        lives.BTC_ID.lower(),
        "7K3QM4",
        "7k3qm4",
        "17K3QM4",
        "I7K3QM4",  # I is 1
        "l7k3qm4",  # l is 1
        " 7K3QM4 ",
        "BTCUSDT",
        "btc/usdt",
        lives.client_id_of(lives.active()),
        str(lives.client_id_of(lives.active())).upper(),
    ],
)
def test_every_way_to_name_the_same_position(view: Published, typed: str) -> None:
    assert find_position(view, typed).id == lives.BTC_ID


def test_o_is_zero(view: Published) -> None:
    assert find_position(view, "7QOM2R").id == lives.CLOSED_ID


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "INVALID_ARGUMENT"),
        ("QM4", "INVALID_ARGUMENT"),
        ("ZZZZ", "POSITION_NOT_FOUND"),
        ("ETHBTC", "POSITION_NOT_FOUND"),
        ("DOGEUSDT", "UNKNOWN_SYMBOL"),
        ("DOGE/USDT", "UNKNOWN_SYMBOL"),
        ("BTCUSD", "UNKNOWN_SYMBOL"),
        ("no such thing!", "POSITION_NOT_FOUND"),
        ("pos_7K3QM4", "POSITION_NOT_FOUND"),
        (lives.BTC_ID + "0", "POSITION_NOT_FOUND"),
        ("rbeaaaaaaaaaaaaaaaaaaaa00-1", "POSITION_NOT_FOUND"),
        ("3QM4", "AMBIGUOUS_POSITION"),
    ],
)
def test_what_names_none_or_many_is_refused(view: Published, typed: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        find_position(view, typed)

    assert refused.value.code == code


def test_an_ambiguous_end_lists_the_candidates(view: Published) -> None:
    with pytest.raises(Refused) as refused:
        find_position(view, "3QM4")

    assert set(dict(refused.value.numbers)["candidates"].split()) == {lives.BTC_ID, lives.LOST_ID}


def test_a_symbol_means_its_live_position_else_its_newest(view: Published) -> None:
    assert find_position(view, "BTCUSDT").id == lives.BTC_ID
    assert find_position(view, "ETHUSDT").id == lives.GONE_ID
    with pytest.raises(Refused, match="no live position on ETHUSDT"):
        find_position(view, "ETHUSDT", live_only=True)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("BTCUSD", "Did you mean BTCUSDT?"),
        ("BTCUDST", "Did you mean BTCUSDT?"),
        ("DOGEUSDT", "not a pair that this daemon knows. It knows BTCUSDT"),
        (" ", "a symbol is needed"),
    ],
)
def test_an_unknown_symbol_says_what_was_meant(view: Published, typed: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        known_symbol(view, typed)
