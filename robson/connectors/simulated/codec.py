"""Book entries as text and back: plain JSON, decimals as text, nothing passes through a float."""

from __future__ import annotations

import enum
import json
import types
import typing
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs

from robson.connectors.simulated import entries as kinds
from robson.domain.errors import StoreError
from robson.domain.identity import AccountId, Scope, Symbol
from robson.domain.values import plain

KINDS: dict[str, type[kinds.Entry]] = {
    "terms_set": kinds.TermsSet,
    "price_noted": kinds.PriceNoted,
    "deposited": kinds.Deposited,
    "withdrawn": kinds.Withdrawn,
    "order_accepted": kinds.OrderAccepted,
    "list_accepted": kinds.ListAccepted,
    "locked": kinds.Locked,
    "unlocked": kinds.Unlocked,
    "loan_taken": kinds.LoanTaken,
    "interest_charged": kinds.InterestCharged,
    "triggered": kinds.Triggered,
    "delayed": kinds.Delayed,
    "filled": kinds.Filled,
    "debt_repaid": kinds.DebtRepaid,
    "order_closed": kinds.OrderClosed,
    "request_logged": kinds.RequestLogged,
}
"""Stored name of every kind; a name once written is never given another meaning."""

_NAMES = {cls: name for name, cls in KINDS.items()}
_Reader = Callable[[Any], Any]


def _scope(parts: list[str]) -> Scope:
    account, base, quote = parts
    return Scope(AccountId(account), Symbol(base, quote))


def _reader(hint: Any) -> _Reader | None:
    """How a field of this type is read back; None where JSON already gives the value."""
    if isinstance(hint, types.UnionType):
        inner = _reader(next(arm for arm in typing.get_args(hint) if arm is not type(None)))
        return inner and (lambda raw: None if raw is None else inner(raw))
    if hint is Scope:
        return _scope
    if hint is Symbol:
        return lambda parts: Symbol(*parts)
    if isinstance(hint, type) and issubclass(hint, (Decimal, enum.Enum)):
        return hint
    return None


def _readers(cls: type[kinds.Entry]) -> dict[str, _Reader | None]:
    hints = typing.get_type_hints(cls)
    return {field.name: _reader(hints[field.name]) for field in attrs.fields(cls)}


_READERS = {name: _readers(cls) for name, cls in KINDS.items()}
_FIELDS = {cls: tuple(_READERS[name]) for name, cls in KINDS.items()}


def _written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Scope):
        return [value.account, value.symbol.base, value.symbol.quote]
    if isinstance(value, Symbol):
        return [value.base, value.quote]
    return value


def encode(entry: kinds.Entry) -> tuple[str, str]:
    """Stored name and JSON text of an entry."""
    cls = type(entry)
    body = {name: _written(getattr(entry, name)) for name in _FIELDS[cls]}
    return _NAMES[cls], json.dumps(body, separators=(",", ":"))


def decode(name: str, body: str) -> kinds.Entry:
    """The entry that :func:`encode` wrote.

    Raises:
        StoreError: unknown kind, or a body that is not of that kind.
    """
    try:
        readers = _READERS[name]
        values = json.loads(body)
        fields = {key: readers[key] for key in values}
        read = {key: fields[key](raw) if fields[key] else raw for key, raw in values.items()}  # type: ignore[misc]
        return KINDS[name](**read)
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise StoreError(f"cannot read a book entry of kind {name!r}: {error!r}") from error
