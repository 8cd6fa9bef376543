"""Reads a script of faults: what goes wrong at the simulated exchange, with what, how often.

A file in TOML, one table ``[[fault]]`` for each, or the same in JSON. What cannot be meant is
refused with its line.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import attrs

from robson.connectors.simulated.kinds import SCRIPTED, Kind
from robson.connectors.simulated.roles import REQUESTS
from robson.connectors.simulated.tape_source import open_regular, shown
from robson.domain.errors import ConfigError, InvalidValue, TapeError
from robson.domain.values import decimal_of

_MAX_BYTES = 1024 * 1024
_KEYS = ("kind", "request", "after", "nth", "every", "probability", "seconds", "share")


@attrs.frozen(kw_only=True)
class Fault:
    """One line of a script.

    Attributes:
        requests: which requests it may meet.
        after: only those are counted that come when a request of this kind has come in.
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
    after: str | None = None

    @property
    def name(self) -> str:
        """The fault in words."""
        whose = self.requests[0] if len(self.requests) == 1 else "any request"
        return f"{self.kind} of {whose}" + (f" after {self.after}" if self.after else "")


def read_faults(path: Path, kinds: Mapping[str, Kind] = SCRIPTED) -> tuple[Fault, ...]:
    """The faults of a file, of these kinds.

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
        form, document = _document(text)
    except TapeError as error:
        raise ConfigError(str(error)) from error
    except (OSError, EOFError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{name}: is not TOML: {shown(error)}") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise ConfigError(f"{name}: is not JSON: {shown(error)}") from error
    tables = document.get("fault") if isinstance(document, dict) else None
    if not isinstance(tables, list) or not tables or document.keys() != {"fault"}:
        raise ConfigError(f"{name}: expected {form} and nothing else")
    lines = _lines(text)
    return tuple(
        fault_of(table, kinds, where=f"{name}:{line}", line=line)
        for table, line in zip(tables, lines, strict=False)
    )


def _document(text: str) -> tuple[str, Any]:
    """What the text holds, after the words for what it has to hold; JSON begins with a brace."""
    if text.lstrip().startswith("{"):
        return 'one object {"fault": [...]}', json.loads(text, parse_float=Decimal)
    return "tables [[fault]]", tomllib.loads(text, parse_float=Decimal)


def _lines(text: str) -> Iterator[int]:
    """Where each table begins; past the last known one, the first line."""
    begins = re.compile(r"\s*\[\[\s*fault")
    if text.lstrip().startswith("{"):
        text, begins = text.replace("{", " ", 1), re.compile(r"[^{]*\{")
    found = (n for n, line in enumerate(text.splitlines(), 1) if begins.match(line))
    return chain(found, repeat(1))


def fault_of(table: Any, kinds: Mapping[str, Kind], *, where: str, line: int) -> Fault:
    """One fault of a table; ``where`` says where it stands.

    Raises:
        ConfigError: it means nothing.
    """
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: expected a table [[fault]]")
    unknown = sorted(table.keys() - set(_KEYS))
    if unknown:
        raise ConfigError(f"{where}: unknown key {shown(unknown[0])}; known are {', '.join(_KEYS)}")
    name = table.get("kind")
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None or not isinstance(name, str):
        known = ", ".join(kinds)
        raise ConfigError(f"{where}: kind is {shown(name, 40)!r}; known are {known}")
    _fits(table, kind, where, name)
    return Fault(
        kind=name,
        requests=_requests(table, kind, where, name),
        nth=_count(table, "nth", where),
        every=_count(table, "every", where),
        probability=_number(table, "probability", where, least="0", most="1"),
        seconds=_number(table, "seconds", where, least="0", most="7200") or kind.seconds or _ZERO,
        share=_share(table, kind, where),
        line=line,
        after=_after(table, where),
    )


_ZERO = Decimal(0)


def _fits(table: dict[str, Any], kind: Kind, where: str, name: str) -> None:
    often = [key for key in ("nth", "every", "probability") if key in table]
    if len(often) != 1:
        raise ConfigError(f"{where}: say once how often: nth, every or probability")
    if "seconds" in table and kind.seconds is None:
        raise ConfigError(f"{where}: seconds says nothing about {name}")
    if "share" in table and kind.share is None:
        raise ConfigError(f"{where}: share says nothing about {name}")


def _requests(table: dict[str, Any], kind: Kind, where: str, name: str) -> tuple[str, ...]:
    wanted = table.get("request")
    if wanted is None:
        return kind.requests
    if wanted not in kind.requests:
        allowed = ", ".join(kind.requests)
        raise ConfigError(f"{where}: request is {shown(wanted, 40)!r}; {name} can meet {allowed}")
    return (wanted,)


def _after(table: dict[str, Any], where: str) -> str | None:
    after = table.get("after")
    if after is not None and after not in REQUESTS:
        allowed = ", ".join(REQUESTS)
        raise ConfigError(f"{where}: after is {shown(after, 40)!r}; allowed are {allowed}")
    return after


def _count(table: dict[str, Any], key: str, where: str) -> int | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigError(f"{where}: {key} is {shown(value, 40)}; expected a whole number from 1")
    return value


def _share(table: dict[str, Any], kind: Kind, where: str) -> Decimal:
    share = _number(table, "share", where, least="0", most="1")
    return (kind.share or _ZERO) if share is None else share


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
