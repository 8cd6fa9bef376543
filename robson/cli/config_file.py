"""The CLI's own file: its commented text, one key of it changed, and how it gets onto the disk."""

# As light as the commands beside it: no pathlib.
# ruff: noqa: PTH103, PTH105, PTH108, PTH120, PTH123
from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from robson.cli.problem import Problem
from robson.cli.settings import KEYS, checked

_HEAD = """\
# Configuration of the robson command. It belongs to the CLI alone: the daemon has its own.
# An option goes before the environment, the environment before this file, this file before the
# defaults. A line that begins with # is not set.
"""
_SECTION = re.compile(r"\s*\[\s*([\w.-]+)\s*\]\s*(?:#.*)?")
_PRIVATE = 0o600


def commented(chosen: Mapping[str, Any]) -> str:
    """The whole file: every key with its meaning, set where something was chosen."""
    lines, section = [_HEAD], ""
    for name, row in KEYS.items():
        head, _, key = name.partition(".")
        if head != section:
            lines += ["", f"[{head}]"] if section else [f"[{head}]"]
            section = head
        lines.append(f"# {row.meaning[0].upper()}{row.meaning[1:]}.")
        lines += [f"# {row.env} goes before it."] if row.env else []
        set_ = name in chosen
        lines.append(f"{key} = {toml(chosen[name])}" if set_ else f"# {key} = {row.sample}")
    return "\n".join(lines) + "\n"


def toml(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    if not escaped.isprintable():
        raise Problem("INVALID_ARGUMENT", f"{value!r} holds characters that cannot be printed.")
    return f'"{escaped}"'


def changed(text: str, path: str, name: str, value: Any) -> str:
    """The file's text with one key set, or unset by None; everything else stays as it is.

    Raises:
        Problem: the text is no valid file, or is written in a way that cannot be edited here.
    """
    wanted = {key: each for key, each in checked(text, path).items() if key != name}
    if value is not None:
        wanted[name] = value
    section, _, key = name.partition(".")
    lines = text.splitlines()
    place = _place(lines, section, key)
    if value is None:
        if place is not None and not _is_comment(lines[place]):
            lines[place] = f"# {key} = {KEYS[name].sample}"
    else:
        _set(lines, place, section, f"{key} = {toml(value)}")
    new = "\n".join(lines) + "\n"
    if _or_nothing(new, path) != wanted:
        raise Problem(
            "INVALID_ARGUMENT",
            f"{path} sets {name} in a way that is not changed here. Edit it by hand.",
        )
    return new


def _or_nothing(text: str, path: str) -> dict[str, Any] | None:
    try:
        return checked(text, path)
    except Problem:
        return None


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _place(lines: list[str], section: str, key: str) -> int | None:
    """The line that sets a key of a section, else the one that would if it were no comment."""
    known = None
    for number in _inside(lines, section):
        if re.match(rf"\s*{key}\s*=", lines[number]):
            return number
        if known is None and re.match(rf"\s*#\s*{key}\s*=", lines[number]):
            known = number
    return known


def _inside(lines: list[str], section: str) -> range:
    """The lines of a section, without its head; empty when there is none."""
    heads = [(i, found[1]) for i, line in enumerate(lines) if (found := _SECTION.fullmatch(line))]
    for place, (number, name) in enumerate(heads):
        if name == section:
            end = heads[place + 1][0] if place + 1 < len(heads) else len(lines)
            return range(number + 1, end)
    return range(0)


def _set(lines: list[str], place: int | None, section: str, line: str) -> None:
    if place is not None:
        lines[place] = line
        return
    inside = _inside(lines, section)
    if inside.start:
        lines.insert(inside.start, line)
    else:
        lines += [*([""] if lines else []), f"[{section}]", line]


def read(path: str) -> str:
    """The file's text; empty when there is none.

    Raises:
        Problem: it is there and cannot be read.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise Problem("INVALID_ARGUMENT", f"{path} cannot be read: {said}.") from error


def write(path: str, text: str) -> None:
    """Replace the file in one step; nobody but its owner may read it.

    Raises:
        Problem: it cannot be written; the old one is still there.
    """
    whole = os.path.realpath(path)
    beside = f"{whole}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(whole), mode=0o700, exist_ok=True)
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        with open(fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, whole)
    except OSError as error:
        _forget(beside)
        raise Problem(
            "INVALID_ARGUMENT", f"{path} cannot be written: {error.strerror}. It is as it was."
        ) from error


def _forget(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return
