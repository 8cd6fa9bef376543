"""Numbers keep their text from the wire to the document."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from robson.api.document.text import Number, dumps, enum_word, number, number_or_word, when
from robson.api.v1 import robson_pb2 as pb

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**9))


@given(DECIMALS)
def test_a_decimal_arrives_as_it_left(value: Decimal) -> None:
    text = format(value, "f")

    assert json.loads(dumps({"n": Number(text)}), parse_float=str, parse_int=str)["n"] == text


@pytest.mark.parametrize(
    "text", ["", "NaN", "Infinity", "1e5", "1E-8", "01", "+1", ".5", "5.", "1,000", " 1", "0x1"]
)
def test_what_is_no_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="plain decimal"):
        Number(text)


def test_an_empty_field_is_unknown() -> None:
    assert number("") is None
    assert number_or_word("") is None
    assert number_or_word("much") == "much"
    assert isinstance(number_or_word("1.50"), Number)


@given(st.text())
def test_any_text_survives_as_ascii_json(text: str) -> None:
    written = dumps({"said": text})

    assert written.isascii()
    assert json.loads(written)["said"] == text


def test_a_float_has_no_place_in_a_document() -> None:
    with pytest.raises(TypeError, match="float"):
        dumps({"price": 0.1})


def test_true_is_not_one() -> None:
    assert json.loads(dumps({"a": True, "b": 1, "c": None, "d": []})) == {
        "a": True,
        "b": 1,
        "c": None,
        "d": [],
    }


def test_a_time_is_utc_with_milliseconds_and_unset_is_unknown() -> None:
    trigger = pb.Trigger(at=Timestamp(seconds=1_752_631_200, nanos=236_999_999))

    assert when(trigger, "at") == "2025-07-16T02:00:00.236Z"
    assert when(pb.Trigger(), "at") is None


def test_an_enum_value_nobody_has_heard_of_is_unknown() -> None:
    assert enum_word(pb.Side, "SIDE", pb.SIDE_SHORT) == "short"
    assert enum_word(pb.Side, "SIDE", 0) is None
    assert enum_word(pb.Side, "SIDE", 99) is None
