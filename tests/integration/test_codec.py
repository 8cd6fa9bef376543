"""Events as text: every kind is kept as the golden file has it, and nothing unknown is let in.

The golden file is what journals of today hold. A change of it is a change of every journal that
was ever written, so it needs a new version of the kind, and the payload of the older one moves to
the file of older kinds, which is never made anew. To make the golden file anew:
python -m tests.integration.test_codec
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from robson.domain.errors import JournalCorrupt, JournalForeign, RobsonError
from robson.store.codec import EVENT_KINDS, decode, encode
from tests.integration.every_event import EVERY

GOLDEN = Path(__file__).resolve().parents[1] / "contract" / "golden" / "events.json"
OLDER = GOLDEN.with_name("events_older.json")


def golden() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return found


def older() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(OLDER.read_text(encoding="utf-8"))
    return found


def text_of(payload: object) -> str:
    return json.dumps(payload, separators=(",", ":"), sort_keys=True)


def places(payload: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object inside a payload, the outermost first."""
    if isinstance(payload, dict):
        yield payload
        for inner in payload.values():
            yield from places(inner)
    elif isinstance(payload, list):
        for inner in payload:
            yield from places(inner)


def test_golden_file_holds_every_kind(record_property: Any) -> None:
    assert golden().keys() == {event.KIND for event in EVERY}
    assert golden().keys() | older().keys() == EVENT_KINDS.keys()
    record_property("note", f"codec: {len(EVERY)} kinds of events in the golden file")


@pytest.mark.parametrize("kind", sorted(older()))
def test_an_older_kind_is_read_and_never_written(kind: str) -> None:
    """What it lacks is what held before there was such a field."""
    event = decode(kind, text_of(older()[kind]))
    current, payload = encode(event)

    assert current == type(event).KIND != kind
    assert kind in type(event).OLDER  # type: ignore[union-attr]
    assert decode(current, payload) == event
    assert covers(json.loads(payload), older()[kind])


def covers(payload: Any, less: Any) -> bool:
    """Whether everything that ``less`` says is in ``payload`` too."""
    if isinstance(less, dict):
        return all(name in payload and covers(payload[name], value) for name, value in less.items())
    return bool(payload == less)


@pytest.mark.parametrize("event", EVERY, ids=lambda event: event.KIND)
def test_event_is_written_as_ever(event: Any) -> None:
    kind, payload = encode(event)

    assert payload == text_of(golden()[kind])
    assert decode(kind, payload) == event
    assert encode(decode(kind, payload)) == (kind, payload)


@pytest.mark.parametrize("event", EVERY, ids=lambda event: event.KIND)
def test_unknown_field_is_refused_wherever_it_stands(event: Any) -> None:
    count = len([*places(golden()[event.KIND])])
    for place in range(count):
        payload = golden()[event.KIND]
        [*places(payload)][place]["surprise"] = 1
        with pytest.raises(JournalCorrupt, match="surprise"):
            decode(event.KIND, text_of(payload))
    assert count > 0


@pytest.mark.parametrize("event", EVERY, ids=lambda event: event.KIND)
def test_missing_field_is_refused(event: Any) -> None:
    needed = [field.name for field in attrs.fields(type(event)) if field.default is attrs.NOTHING]
    for name in needed:
        payload = golden()[event.KIND]
        del payload[name]
        with pytest.raises(JournalCorrupt):
            decode(event.KIND, text_of(payload))
    assert needed


WRONG = [
    ("pnl_settled.v1", "net", "a lot"),
    ("pnl_settled.v1", "net", 1.5),
    ("pnl_settled.v1", "net", None),
    ("stop_raised.v1", "stop", "0"),
    ("stop_raised.v1", "stop", "-1"),
    ("position_armed.v2", "position", "pos_1"),
    ("position_armed.v2", "side", "up"),
    ("position_armed.v2", "leverage", 11),
    ("order_sending.v1", "client_id", "no id at all"),
    ("entry_filled.v1", "fills", "none"),
]


@pytest.mark.parametrize(("kind", "name", "value"), WRONG, ids=str)
def test_wrong_value_is_refused(kind: str, name: str, value: object) -> None:
    payload = golden()[kind]
    payload[name] = value

    with pytest.raises(JournalCorrupt):
        decode(kind, text_of(payload))


@pytest.mark.parametrize("text", ["", "[]", "null", "1", "{", '"x"'])
def test_payload_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(JournalCorrupt):
        decode("shutdown.v1", text)


@pytest.mark.parametrize("kind", ["entry_filled.v2", "entry_filled", "", "position_dreamt.v1"])
def test_unknown_kind_is_a_newer_journal(kind: str) -> None:
    with pytest.raises(JournalForeign, match="newer"):
        decode(kind, "{}")


def test_every_refusal_is_one_that_the_daemon_translates() -> None:
    assert issubclass(JournalCorrupt, RobsonError)
    assert issubclass(JournalForeign, RobsonError)


if __name__ == "__main__":
    made = {kind: json.loads(text) for kind, text in sorted(map(encode, EVERY))}
    GOLDEN.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", encoding="utf-8")
