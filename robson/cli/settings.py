"""What holds for one call of the CLI: flag, else environment, else file, else default."""

# The CLI's start has no 5 ms for pathlib.
# ruff: noqa: PTH111, PTH113, PTH123
from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from robson.api.nearest import did_you_mean
from robson.cli.problem import Problem
from robson.cli.values import LEVELS, LONGEST_TIMEOUT_MS, is_amount

DEFAULT_TIMEOUT_MS = 5_000
FORMATS = ("table", "json", "csv")
_HIGHEST_LEVERAGE = 10
_MANY = 1_000
USUAL_FILE = "~/.robson/config.toml"


class Key(NamedTuple):
    """One key of the CLI's file.

    Attributes:
        read: a text as its value; raises ValueError with what is allowed.
        kinds: what TOML may hold there.
        default: what holds when nobody said anything; None where the daemon then decides.
        meaning: one line, for the file and for people.
        sample: the value that the commented file shows.
        env: the variable that goes before the file.
        flag: the option that goes before everything, and its name in the parsed arguments.
    """

    read: Callable[[str], Any]
    kinds: tuple[type, ...]
    default: Any
    meaning: str
    sample: str
    env: str = ""
    flag: tuple[str, str] = ("", "")


class Found(NamedTuple):
    """A value and who said it: ``source`` is flag, environment, file or default."""

    value: Any
    source: str
    name: str = ""


class Settings(NamedTuple):
    """One call's settings; None where nobody said anything."""

    url: str | None
    profile: str | None
    state_dir: str | None
    token_file: str | None
    timeout_s: float
    json: bool
    colour: bool
    plain: bool
    verbose: bool
    csv: bool = False
    capital: str | None = None
    leverage: int | None = None
    level: str = "info"


class _Float(str):
    """A TOML float as it was written: no money passes through binary."""

    __slots__ = ()


def _word(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; a text is expected.")
    return text


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            hint = did_you_mean(text, words)
            raise ValueError(f"is {text}; allowed is {', '.join(words)}.{hint}")
        return text

    return read


def _between(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdecimal() and low <= int(text) <= high):
            raise ValueError(f"is {text}; allowed is {low} to {high}.")
        return int(text)

    return read


def _yes_or_no(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"is {text}; allowed is true, false.")
    return text == "true"


def _capital(text: str) -> str:
    if not is_amount(text):
        raise ValueError(f"is {text}; a plain amount above 0 is expected, such as 1000 or 250.50.")
    return text


KEYS: dict[str, Key] = {
    "daemon.url": Key(
        _word,
        (str,),
        None,
        "where the daemon listens; unset, the CLI looks for its socket, then for TCP",
        '"unix:///run/robson/robsond.sock"',
        "ROBSON_DAEMON_URL",
        ("--daemon-url", "daemon_url"),
    ),
    "daemon.timeout_ms": Key(
        _between(1, LONGEST_TIMEOUT_MS),
        (int,),
        DEFAULT_TIMEOUT_MS,
        "deadline of a call, in milliseconds",
        str(DEFAULT_TIMEOUT_MS),
        flag=("--timeout", "timeout"),
    ),
    "daemon.token_file": Key(
        _word,
        (str,),
        None,
        "file with the token for the TCP door; unset, the one in the state directory",
        '"~/.robson/token"',
        "ROBSON_TOKEN_FILE",
    ),
    "output.format": Key(
        _one_of(*FORMATS),
        (str,),
        "table",
        "table, json or csv; csv is for history, the rest then prints tables",
        '"table"',
        "ROBSON_OUTPUT_FORMAT",
    ),
    "output.color": Key(
        _yes_or_no,
        (bool,),
        default=True,
        meaning="false prints the same text without colour",
        sample="true",
    ),
    "risk.default_capital": Key(
        _capital,
        (int, str, _Float),
        None,
        "cap of the capital a position is sized from; unset, all that the daemon counts",
        "1000",
        flag=("--capital", "capital"),
    ),
    "risk.default_leverage": Key(
        _between(1, _HIGHEST_LEVERAGE),
        (int,),
        None,
        "most assets to own capital, 1 to 10; unset, the daemon's own default",
        "3",
        flag=("--leverage", "leverage"),
    ),
    "risk.max_open_positions": Key(
        _between(1, _MANY), (int,), None, "a note to yourself: the daemon's own limit rules", "3"
    ),
    "logging.level": Key(
        _one_of(*LEVELS),
        (str,),
        "info",
        "least level that robson logs shows",
        '"info"',
        "ROBSON_LOG_LEVEL",
        ("--level", "level"),
    ),
}


def settings(args: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """Everything that was said, in its order.

    Raises:
        Problem: the configuration file or an environment variable cannot be used.
    """
    given = vars(args)
    known = {key: found.value for key, found in everything(args, environ).items()}
    return Settings(
        url=known["daemon.url"],
        profile=given.get("profile"),
        state_dir=given.get("state_dir"),
        token_file=known["daemon.token_file"],
        timeout_s=known["daemon.timeout_ms"] / 1000,
        json=known["output.format"] == "json",
        colour=known["output.color"],
        plain=bool(given.get("plain")),
        verbose=bool(given.get("verbose")),
        csv=known["output.format"] == "csv",
        capital=known["risk.default_capital"],
        leverage=known["risk.default_leverage"],
        level=known["logging.level"],
    )


def everything(
    args: argparse.Namespace, environ: Mapping[str, str], file: dict[str, Any] | None = None
) -> dict[str, Found]:
    """Each key with its value and who said it; ``file`` stands in for what is on the disk.

    Raises:
        Problem: the configuration file or an environment variable cannot be used.
    """
    given = vars(args)
    if file is None:
        file = _file(path_of(args, environ), named=_is_named(args, environ))
    return {key: _said(key, row, given, environ, file) for key, row in KEYS.items()}


def _said(
    key: str, row: Key, given: Mapping[str, Any], environ: Mapping[str, str], file: dict[str, Any]
) -> Found:
    option, name = row.flag
    if name and given.get(name):
        return Found(given[name], "flag", option)
    if key == "output.format":
        for shape in ("json", "csv"):
            if given.get(shape):
                return Found(shape, "flag", f"--{shape}")
    if key == "output.color":
        if given.get("no_color"):
            return Found(value=False, source="flag", name="--no-color")
        if environ.get("NO_COLOR"):
            return Found(value=False, source="environment", name="NO_COLOR")
    if row.env and environ.get(row.env):
        return Found(_read(row, row.env, environ[row.env]), "environment", row.env)
    if key in file:
        return Found(file[key], "file")
    return Found(row.default, "default")


def _read(row: Key, name: str, text: str) -> Any:
    try:
        return row.read(text)
    except ValueError as error:
        raise _wrong(f"{name} {error}") from None


def read_value(key: str, text: str) -> Any:
    """A value as a person types it.

    Raises:
        Problem: there is no such key, or it does not take this.
    """
    row = KEYS.get(key)
    if row is None:
        raise _wrong(f"{key} is not a key.{did_you_mean(key, KEYS)} Known: {', '.join(KEYS)}.")
    return _read(row, key, text)


# --- the file ------------------------------------------------------------------------------------


def _is_named(args: argparse.Namespace, environ: Mapping[str, str]) -> bool:
    """Whether somebody said which file it is; one that was named has to be there."""
    return bool(vars(args).get("config") or environ.get("ROBSON_CONFIG"))


def path_of(args: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """Where the CLI's own file is, or would be."""
    return os.path.expanduser(
        vars(args).get("config") or environ.get("ROBSON_CONFIG") or USUAL_FILE
    )


def _file(path: str, *, named: bool) -> dict[str, Any]:
    """The CLI's own file as ``section.key``; without one, nothing."""
    if not named and not os.path.isfile(path):
        return {}
    try:
        with open(path, "rb") as file:
            text = file.read().decode()
    except OSError as error:
        raise _wrong(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise _wrong(f"{path} is not TOML: {error}.") from error
    return checked(text, path)


def checked(text: str, path: str) -> dict[str, Any]:
    """The keys of a file's text.

    Raises:
        Problem: it is not TOML, or holds what is not known or not allowed.
    """
    import tomllib

    try:
        document = tomllib.loads(text, parse_float=_Float)
    except tomllib.TOMLDecodeError as error:
        raise _wrong(f"{path} is not TOML: {error}.") from error
    sections = dict.fromkeys(key.partition(".")[0] for key in KEYS)
    flat: dict[str, Any] = {}
    for section, keys in document.items():
        if section not in sections or not isinstance(keys, dict):
            raise _wrong(f"{path}: {section} is not a section.{did_you_mean(section, sections)}")
        for key, value in keys.items():
            flat[f"{section}.{key}"] = _in_file(f"{section}.{key}", value, path)
    return flat


def _in_file(name: str, value: Any, path: str) -> Any:
    row = KEYS.get(name)
    if row is None:
        section, _, key = name.partition(".")
        known = [each.partition(".")[2] for each in KEYS if each.startswith(f"{section}.")]
        raise _wrong(f"{path}: {name} is not a key.{did_you_mean(key, known)}")
    if type(value) not in row.kinds:
        raise _wrong(f"{path}: {name} has the wrong type: {value!r}.")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return _read(row, f"{path}: {name}", text)


def _wrong(message: str) -> Problem:
    return Problem("INVALID_ARGUMENT", message)
