"""Events to JSON and back, exactly: every kind is registered by name and version.

Decimals are plain text, enums their value; an unknown field or kind is refused, never dropped.
"""

from __future__ import annotations

import enum
import json
from decimal import Decimal
from functools import lru_cache
from typing import Any, get_args

from cattrs import Converter
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_unstructure_fn, override

from robson.domain import events
from robson.domain.errors import JournalCorrupt, JournalForeign
from robson.domain.intents import PlaceOrder
from robson.domain.values import plain

EVENT_KINDS: dict[str, type[events.Event]] = {
    kind: cls
    for union in (events.PositionEvent, events.AccountEvent)
    for cls in get_args(union)
    for kind in (cls.KIND, *getattr(cls, "OLDER", ()))
}
"""Every kind that can be read. ``OLDER`` of an event are kinds that lack fields it has since got;
each such field has a default that says what held before there was one.
"""


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
    return made


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
