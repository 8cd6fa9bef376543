"""What holds for one call of the CLI: flag, else environment, else file, else default."""

# The CLI's start has no 5 ms for pathlib.
# ruff: noqa: PTH111, PTH113, PTH123
from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from robson.api.nearest import did_you_mean
from robson.cli.arguments import LONGEST_TIMEOUT_MS
from robson.cli.problem import Problem

DEFAULT_TIMEOUT_MS = 5_000
_FORMATS = ("table", "json")
_KNOWN: dict[str, dict[str, type | tuple[type, ...]]] = {
    "daemon": {"url": str, "timeout_ms": int, "token_file": str},
    "output": {"format": str, "color": bool},
    "risk": {
        "default_capital": (int, float, str),
        "default_leverage": int,
        "max_open_positions": int,
    },
    "logging": {"level": str},
}


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


def settings(args: argparse.Namespace, environ: Mapping[str, str]) -> Settings:
    """Everything that was said, in its order.

    Raises:
        Problem: the configuration file or an environment variable cannot be used.
    """
    given = vars(args)
    file = _file(given.get("config"), environ)
    shape = _choice("ROBSON_OUTPUT_FORMAT", environ) or file.get("output.format") or "table"
    if shape not in _FORMATS:
        raise _wrong(f"output.format is {shape}; allowed is {', '.join(_FORMATS)}.")
    timeout_ms = given.get("timeout") or file.get("daemon.timeout_ms") or DEFAULT_TIMEOUT_MS
    return Settings(
        url=given.get("daemon_url")
        or _choice("ROBSON_DAEMON_URL", environ)
        or file.get("daemon.url"),
        profile=given.get("profile"),
        state_dir=given.get("state_dir"),
        token_file=_choice("ROBSON_TOKEN_FILE", environ) or file.get("daemon.token_file"),
        timeout_s=timeout_ms / 1000,
        json=bool(given.get("json")) or shape == "json",
        colour=not given.get("no_color") and file.get("output.color") is not False,
        plain=bool(given.get("plain")),
        verbose=bool(given.get("verbose")),
    )


def _choice(name: str, environ: Mapping[str, str]) -> str | None:
    return environ.get(name) or None


def _file(named: str | None, environ: Mapping[str, str]) -> dict[str, Any]:
    """The CLI's own file as ``section.key``; without one, nothing."""
    asked = named or environ.get("ROBSON_CONFIG")
    path = os.path.expanduser(asked or "~/.robson/config.toml")
    if not asked and not os.path.isfile(path):
        return {}
    import tomllib

    try:
        with open(path, "rb") as file:
            return _checked(tomllib.load(file), path)
    except OSError as error:
        raise _wrong(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(f"{path} is not TOML: {error}.") from error


def _checked(document: dict[str, Any], path: str) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for section, keys in document.items():
        known = _KNOWN.get(section)
        if known is None or not isinstance(keys, dict):
            raise _wrong(f"{path}: {section} is not a section.{did_you_mean(section, _KNOWN)}")
        for key, value in keys.items():
            if key not in known:
                raise _wrong(f"{path}: {section}.{key} is not a key.{did_you_mean(key, known)}")
            if not isinstance(value, known[key]) or (
                isinstance(value, bool) and known[key] is not bool
            ):
                raise _wrong(f"{path}: {section}.{key} has the wrong type: {value!r}.")
            flat[f"{section}.{key}"] = value
    timeout = flat.get("daemon.timeout_ms", 1)
    if not 1 <= timeout <= LONGEST_TIMEOUT_MS:
        raise _wrong(
            f"{path}: daemon.timeout_ms is {timeout}; allowed is 1 to {LONGEST_TIMEOUT_MS}."
        )
    return flat


def _wrong(message: str) -> Problem:
    return Problem("INVALID_ARGUMENT", message)
