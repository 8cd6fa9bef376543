"""Reads a script of faults: what goes wrong at the simulated exchange, with what, how often.

A file in TOML, one table ``[[fault]]`` for each. What cannot be meant is refused with its line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import attrs

from robson.connectors.simulated.tape_source import open_regular, shown
from robson.domain.errors import ConfigError, InvalidValue, TapeError
from robson.domain.identity import Purpose, read_client_order_id
from robson.domain.intents import CancelOrder, Intent, PlaceOrder, Repay
from robson.domain.values import decimal_of

_MAX_BYTES = 1024 * 1024
REQUESTS = ("entry", "insurance", "exit", "cancel", "repay", "question")
"""What a request is for, in one word."""
_PURPOSES = {
    Purpose.ENTRY: "entry",
    Purpose.INSURANCE: "insurance",
    Purpose.EXIT: "exit",
    Purpose.CANCEL: "cancel",
}


def role_of(intent: Intent) -> str:
    """What a request is for, one of ``REQUESTS``."""
    match intent:
        case PlaceOrder():
            return _PURPOSES[intent.purpose]
        case CancelOrder():
            return "cancel"
        case Repay():
            return "repay"
        case _:
            return "question"


def role_of_id(client_id: str) -> str | None:
    """What the order of a client id is for; None for an order that is not ours."""
    ours = read_client_order_id(client_id)
    return _PURPOSES.get(ours.purpose) if ours else None


class Kind(NamedTuple):
    """One kind of fault: what it does, and which requests it can meet.

    Attributes:
        seconds: what ``seconds`` says of it, with what it is when not given; None takes none.
        shares: whether ``share`` says something of it.
    """

    meaning: str
    requests: tuple[str, ...] = REQUESTS
    seconds: Decimal | None = None
    shares: bool = False


_ORDERS = ("entry", "insurance", "exit")
_TRADING = (*_ORDERS, "cancel", "repay")
KINDS: Mapping[str, Kind] = {
    "lost_request": Kind("it never arrives; after 5 s its outcome is unknown"),
    "lost_answer": Kind("it is carried out, its answer is lost"),
    "late_answer": Kind("its answer takes so many seconds more", seconds=Decimal(3)),
    "held_request": Kind("the gateway holds it for so many seconds", seconds=Decimal(3)),
    "rate_limit": Kind("429, code -1003: nothing is done"),
    "overloaded": Kind("503, code -1001: nothing is done, which the answer does not say"),
    "clock": Kind("400, code -1021: outside of the receive window", _TRADING),
    "busy_debt": Kind("400, code -3007: a loan or repayment is under way", ("entry", "repay")),
    "hidden_order": Kind("asked for, it does not exist for so many seconds", _ORDERS, Decimal(8)),
    "skipped_repay": Kind("it fills, its debt is left alone", ("insurance", "exit")),
    "dropped_stop": Kind(
        "the exchange ends it after so many seconds, when the price moves",
        ("insurance",),
        Decimal(10),
    ),
    "thin_book": Kind("the book gives this share of it, the rest expires", _ORDERS, shares=True),
    "slow_matching": Kind(
        "this share trades at once, the rest so many seconds later",
        _ORDERS,
        Decimal(3),
        shares=True,
    ),
}
"""Everything that a script can ask for."""
_KEYS = ("kind", "request", "nth", "every", "probability", "seconds", "share")


@attrs.frozen(kw_only=True)
class Fault:
    """One line of a script.

    Attributes:
        requests: which requests it may meet.
        nth, every, probability: which of them it strikes: one, each so many, or by chance.
        line: where its table begins in the file.
    """

    kind: str
    requests: tuple[str, ...]
    nth: int | None
    every: int | None
    probability: Decimal | None
    seconds: Decimal
    share: Decimal
    line: int

    @property
    def name(self) -> str:
        """The fault in words."""
        whose = self.requests[0] if len(self.requests) == 1 else "any request"
        return f"{self.kind} of {whose}"


def read_faults(path: Path) -> tuple[Fault, ...]:
    """The faults of a file.

    Raises:
        ConfigError: it cannot be read, or a line of it means nothing; the message has the line.
    """
    name = shown(path)
    try:
        with open_regular(path) as file:
            raw = file.read(_MAX_BYTES + 1)
        if len(raw) > _MAX_BYTES:
            raise ConfigError(f"{name}: is larger than {_MAX_BYTES} bytes")
        text = raw.decode()
        document = tomllib.loads(text, parse_float=Decimal)
    except TapeError as error:
        raise ConfigError(str(error)) from error
    except (OSError, EOFError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{name}: is not TOML: {shown(error)}") from error
    tables = document.get("fault")
    if not isinstance(tables, list) or not tables or document.keys() != {"fault"}:
        raise ConfigError(f"{name}: expected tables [[fault]] and nothing else")
    lines = _lines(text)
    return tuple(
        _fault(table, f"{name}:{line}", line) for table, line in zip(tables, lines, strict=False)
    )


def _lines(text: str) -> list[int]:
    """Where each table begins; past the last known one, the first line."""
    found = [n for n, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*fault", line)]
    return [*found, *[1] * text.count("{")]


def _fault(table: Any, where: str, line: int) -> Fault:
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: expected a table [[fault]]")
    unknown = sorted(table.keys() - set(_KEYS))
    if unknown:
        raise ConfigError(f"{where}: unknown key {shown(unknown[0])}; known are {', '.join(_KEYS)}")
    name = table.get("kind")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None or not isinstance(name, str):
        known = ", ".join(KINDS)
        raise ConfigError(f"{where}: kind is {shown(name, 40)!r}; known are {known}")
    _fits(table, kind, where, name)
    return Fault(
        kind=name,
        requests=_requests(table, kind, where, name),
        nth=_count(table, "nth", where),
        every=_count(table, "every", where),
        probability=_number(table, "probability", where, least="0", most="1"),
        seconds=_number(table, "seconds", where, least="0", most="3600") or kind.seconds or _ZERO,
        share=_share(table, where),
        line=line,
    )


_ZERO, _HALF = Decimal(0), Decimal("0.5")


def _fits(table: dict[str, Any], kind: Kind, where: str, name: str) -> None:
    often = [key for key in ("nth", "every", "probability") if key in table]
    if len(often) != 1:
        raise ConfigError(f"{where}: say once how often: nth, every or probability")
    if "seconds" in table and kind.seconds is None:
        raise ConfigError(f"{where}: seconds says nothing about {name}")
    if "share" in table and not kind.shares:
        raise ConfigError(f"{where}: share says nothing about {name}")


def _requests(table: dict[str, Any], kind: Kind, where: str, name: str) -> tuple[str, ...]:
    wanted = table.get("request")
    if wanted is None:
        return kind.requests
    if wanted not in kind.requests:
        allowed = ", ".join(kind.requests)
        raise ConfigError(f"{where}: request is {shown(wanted, 40)!r}; {name} can meet {allowed}")
    return (wanted,)


def _count(table: dict[str, Any], key: str, where: str) -> int | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"{where}: {key} is {shown(value, 40)}; expected a whole number from 1")
    return value


def _share(table: dict[str, Any], where: str) -> Decimal:
    share = _number(table, "share", where, least="0", most="1")
    return _HALF if share is None else share


def _number(
    table: dict[str, Any], key: str, where: str, *, least: str, most: str
) -> Decimal | None:
    value = table.get(key)
    if value is None:
        return None
    try:
        number = decimal_of(format(value, "f") if isinstance(value, Decimal) else str(value))
    except InvalidValue:
        number = Decimal(-1)
    if isinstance(value, bool) or not Decimal(least) <= number <= Decimal(most):
        raise ConfigError(f"{where}: {key} is {shown(value, 40)}; allowed is {least} to {most}")
    return number
