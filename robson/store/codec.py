"""Events to JSON and back, exactly: every kind is registered by name and version.

Decimals are plain text, enums their value; an unknown field or kind is refused, never dropped.
"""

from __future__ import annotations

import enum
import json
from decimal import Decimal
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from cattrs import Converter
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_unstructure_fn, override

from robson.domain import events
from robson.domain.errors import JournalCorrupt, JournalForeign
from robson.domain.intents import PlaceOrder
from robson.domain.values import plain

T = TypeVar("T")

EVENT_KINDS: dict[str, type[events.Event]] = {
    kind: cls
    for union in (events.PositionEvent, events.AccountEvent)
    for cls in get_args(union)
    for kind in (cls.KIND, *getattr(cls, "OLDER", ()))
}
"""Every kind that can be read. ``OLDER`` of an event are kinds that lack fields it has since got;
each such field has a default that says what held before there was one.
"""

_KINDS = frozenset(EVENT_KINDS.values())

# What cattrs, JSON and Decimal raise for a payload that is not one of its kind.
_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    BaseValidationError,
    ForbiddenExtraKeysError,
    KeyError,
    TypeError,
    ValueError,
)


@lru_cache(maxsize=1)
def converter() -> Converter:
    """The one converter: exact numbers, no unknown keys."""
    made = Converter(forbid_extra_keys=True, detailed_validation=False)
    made.register_unstructure_hook_func(
        lambda cls: isinstance(cls, type) and issubclass(cls, Decimal), plain
    )
    made.register_structure_hook_func(
        lambda cls: isinstance(cls, type) and issubclass(cls, Decimal), lambda text, cls: cls(text)
    )
    made.register_structure_hook_func(
        lambda cls: (
            isinstance(cls, type)
            and issubclass(cls, (str, int))
            and cls not in (str, int)
            and not issubclass(cls, (bool, enum.Enum))
        ),
        lambda value, cls: cls(value),
    )
    # A limit joined the order later: rows without one stay as they have always been written.
    limit = override(omit_if_default=True)
    made.register_unstructure_hook(
        PlaceOrder, make_dict_unstructure_fn(PlaceOrder, made, price=limit)
    )
    made.register_unstructure_hook_func(_is_set, sorted)
    made.register_unstructure_hook_func(_is_one_of_events, _tagged)
    made.register_structure_hook_func(_is_one_of_events, _by_its_tag)
    return made


def _is_set(cls: Any) -> bool:
    return get_origin(cls) is set


def _is_one_of_events(cls: Any) -> bool:
    """A union of kinds: no row has one, but what is made of rows does."""
    members = [each for each in get_args(cls) if each is not NoneType]
    is_union = get_origin(cls) in (Union, UnionType) and len(members) > 1
    return is_union and all(each in _KINDS for each in members)


def _tagged(event: events.Event | None) -> Any:
    return None if event is None else [event.KIND, converter().unstructure(event)]


def _by_its_tag(told: Any, _cls: Any) -> Any:
    if told is None:
        return None
    kind, fields = told
    return converter().structure(fields, EVENT_KINDS[kind])


def encode(event: events.Event) -> tuple[str, str]:
    """Kind and payload of an event; equal events give equal bytes."""
    payload: Any = converter().unstructure(event)
    return event.KIND, json.dumps(payload, separators=(",", ":"), sort_keys=True)


def decode(kind: str, payload: str) -> events.Event:
    """The event of a journal row.

    Raises:
        JournalForeign: a kind this Robson does not know: the journal is newer.
        JournalCorrupt: the payload does not have the fields of its kind.
    """
    cls = EVENT_KINDS.get(kind)
    if cls is None:
        raise JournalForeign(f"kind {kind} is not known: the journal was written by a newer Robson")
    try:
        return converter().structure(json.loads(payload), cls)
    except _UNREADABLE as error:
        raise JournalCorrupt(f"a row of kind {kind} cannot be read: {error}") from error


def pack(state: Any) -> str:
    """What was made of rows, as text. Everything in it is named, so ``unpack`` reads it back."""
    return json.dumps(converter().unstructure(state), separators=(",", ":"))


def unpack(text: str, cls: type[T]) -> T:
    """What ``pack`` wrote.

    Raises:
        JournalCorrupt: the text does not have the fields of the class.
    """
    try:
        return converter().structure(json.loads(text), cls)
    except _UNREADABLE as error:
        raise JournalCorrupt(f"a {cls.__name__} cannot be read: {error}") from error
