"""What file, environment and command line say about the configuration, each with its place.

It only reads: whether a key exists and a value is allowed is ``config``'s to say.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from robson.connectors.simulated.tape_source import open_regular, shown
from robson.domain.errors import ConfigError, TapeError

PREFIX = "ROBSON__"
_LONGEST_BYTES = 1_000_000
_SECTION = re.compile(r"\s*\[\s*([\w.\"' -]+?)\s*\]\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([\w.\"'-]+(?:\s*\.\s*[\w\"'-]+)*)\s*=")
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")


class Given(NamedTuple):
    """One value that somebody wrote, as text.

    Attributes:
        source: the file, the environment, or the command line.
        place: the source as messages name it: with the line, or the variable.
        folder: where a path that is not absolute begins: beside the file that names it.
    """

    key: str
    text: str
    source: str
    place: str
    folder: Path = Path()


def given(
    path: Path | None, environ: Mapping[str, str], flags: Mapping[str, str | None]
) -> tuple[Given, ...]:
    """Everything that was said, the nearest source last.

    Raises:
        ConfigError: the file cannot be read, or is not TOML.
    """
    return (
        *(() if path is None else in_file(path)),
        *_environment(environ),
        *(
            Given(key, text, "the command line", "the command line")
            for key, text in flags.items()
            if text is not None
        ),
    )


def in_file(path: Path) -> Iterator[Given]:
    """What one file says, a section's keys as ``section.key``.

    Raises:
        ConfigError: it cannot be read, or is not TOML.
    """
    name, text = shown(path), _text(path)
    try:
        found = tomllib.loads(text, parse_float=str)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        at = _AT_LINE.search(said)
        place = f"{name}, line {at[1]}" if at else name
        raise ConfigError(f"{place}: is not TOML: {_AT_LINE.sub('', said)}") from error
    except RecursionError as error:
        raise ConfigError(f"{name}: is not TOML: it is nested too deeply") from error
    lines = _lines(text)
    for key, value in _flat(found):
        line = lines.get(key)
        place = name if line is None else f"{name}, line {line}"
        yield Given(key, value, name, place, path.parent)


def _text(path: Path) -> str:
    """The whole file; a pipe is not waited for, and a byte order mark is no part of it."""
    try:
        with open_regular(path) as file:
            data = file.read(_LONGEST_BYTES + 1)
    except TapeError as error:
        raise ConfigError(str(error)) from error
    except (OSError, EOFError) as error:
        raise ConfigError(f"{shown(path)}: cannot be read: {error}") from error
    if len(data) > _LONGEST_BYTES:
        raise ConfigError(f"{shown(path)}: is larger than {_LONGEST_BYTES} bytes")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"{shown(path)}, line {line}: is not TOML: expected UTF-8 text"
        ) from error


def _flat(found: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in found.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", _plain(inner)) for key, inner in value.items())
        else:
            yield name, _plain(value)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _lines(text: str) -> dict[str, int]:
    """Where each key stands, and each section; TOML's own reader does not tell."""
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if opened := _SECTION.match(line):
            section = f"{_bare(opened[1])}."
            found.setdefault(_bare(opened[1]), number)
        elif key := _KEY.match(line):
            found.setdefault(section + _bare(key[1]), number)
    return found


def _bare(name: str) -> str:
    return re.sub(r"[\s\"']", "", name)


def _environment(environ: Mapping[str, str]) -> Iterator[Given]:
    for name, text in environ.items():
        if name.startswith(PREFIX):
            key = name.removeprefix(PREFIX).lower().replace("__", ".")
            yield Given(key, text, "the environment", f"the environment, {shown(name)}")
