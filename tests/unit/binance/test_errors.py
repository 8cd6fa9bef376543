"""What every error code means: all of the reference's, by outcome, and what is not listed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from robson.connectors.binance.errors import CODES, REFUSED, UNKNOWN, answer_of, meaning_of
from robson.domain.reports import ApiError, NoAnswer
from robson.domain.values import NS_PER_S

UNKNOWN_CODES = {-1000, -1001, -1006, -1007, -1008, -3000, -3044}
DEFINITE_CODES = {
    *(-1002, -1003, -1004, -1013, -1014, -1015, -1016, -1020, -1021, -1022),
    *range(-1106, -1099),
    *(-1108, -1111, -1112, *range(-1121, -1113), -1125, -1130, -1131, -1145, -1209),
    *(-2010, -2011, -2013, -2014, -2015, -2021, -2022, -2026),
    *(-3003, -3004, -3006, -3007, -3008, -3010, -3012, -3013, -3014, -3015, -3016, -3020),
    *(-3021, -3022, -3023, -3024, -3027, -3028, -3036, -3037, -3038, -3041, -3042, -3045),
    *(-3064, -4047),
}
"""The reference's list, section 8, written down here by hand."""


def test_the_table_holds_the_reference_list(record_property: Any) -> None:
    listed = UNKNOWN_CODES | DEFINITE_CODES
    assert {code for code in listed if meaning_of(code) is None} == set()
    for code in listed:
        row = meaning_of(code)
        assert row is not None
        assert row.outcome is (UNKNOWN if code in UNKNOWN_CODES else REFUSED), code
        assert row.meaning
    record_property("note", f"binance: {len(listed)} codes of the reference judged")


def test_no_code_stands_twice() -> None:
    numbers = [n for row in CODES for n in range(row.first, row.last + 1)]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("code", sorted(UNKNOWN_CODES))
def test_unknown_is_unknown_whatever_the_status(code: int) -> None:
    for status in (400, 429, 503):
        assert isinstance(answer_of(status, code, "?"), NoAnswer)


@pytest.mark.parametrize("code", sorted(DEFINITE_CODES))
def test_a_no_is_a_no_unless_the_server_failed(code: int) -> None:
    answer = answer_of(400, code, "no")
    assert isinstance(answer, ApiError)
    assert (answer.status, answer.code, answer.message) == (400, code, "no")
    assert isinstance(answer_of(500, code, "no"), NoAnswer)
    assert isinstance(answer_of(200, code, "no"), NoAnswer)


def test_what_is_not_listed() -> None:
    """A no where the exchange blames the request; unknown everywhere else."""
    assert isinstance(answer_of(400, -9999, ""), ApiError)
    for status in (200, 302, 408, 500, 502, 503, 504, 599):
        assert isinstance(answer_of(status, -9999, ""), NoAnswer), status


def test_how_long_it_wants_to_be_left_alone() -> None:
    answer = answer_of(429, -1003, "", retry_after_s=7)
    assert isinstance(answer, ApiError)
    assert answer.retry_after_ns == 7 * NS_PER_S
    banned = "Way too many requests; IP banned until 1529256050872. Please use the websocket"
    answer = answer_of(418, -1003, banned, now_ms=1529256050000)
    assert isinstance(answer, ApiError)
    assert answer.retry_after_ns == 872 * 1_000_000


def test_recorded_errors_are_understood(tapes: Path | None, record_property: Any) -> None:
    """Bodies that people have pasted, and those of another client's table."""
    if tapes is None:
        record_property("note", "recorded errors absent: the table stands alone")
        return
    read = 0
    for name in ("errors_reported", "errors_catalogue_ccxt"):
        for row in json.loads((tapes / "messages" / f"{name}.json").read_text())["payload"]:
            body = row.get("body", row)
            answer = answer_of(400, int(body["code"]), str(body.get("msg", "")))
            unknown = int(body["code"]) in UNKNOWN_CODES
            assert isinstance(answer, NoAnswer if unknown else ApiError), body
            read += 1
    assert read > 20
    record_property("note", f"binance: {read} recorded error bodies judged")
