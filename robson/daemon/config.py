"""The daemon's configuration: file, environment, command line; an unknown key is an error.

Every key is one row of ``KEYS``: what is not there does not exist, and nothing is read elsewhere.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import attrs

from robson.api.nearest import did_you_mean
from robson.api.published import ConfigKey
from robson.domain.errors import ConfigError, InvalidValue
from robson.domain.values import decimal_of
from robson.engine.context import Settings

PREFIX = "ROBSON__"


class Key(NamedTuple):
    """One setting: default, reader of its text, what it means, whether it is shown to nobody."""

    default: Any
    read: Callable[[str], Any]
    meaning: str
    secret: bool = False


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ConfigError(f"is {text}; allowed is a whole number from {low} to {high}")
        return int(text)

    return read


def _decimal(low: str, high: str) -> Callable[[str], Decimal]:
    def read(text: str) -> Decimal:
        try:
            value = decimal_of(text)
        except InvalidValue as error:
            raise ConfigError(f"is {text}; expected a decimal number") from error
        if not Decimal(low) <= value <= Decimal(high):
            raise ConfigError(f"is {text}; allowed is {low} to {high}")
        return value

    return read


def _one_of(*names: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in names:
            raise ConfigError(f"is {text!r}; allowed is {', '.join(names)}")
        return text

    return read


def _or(word: str, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """A word that means something by itself, or a value."""

    def either(text: str) -> Any:
        try:
            return text if text == word else read(text)
        except ConfigError as error:
            raise ConfigError(f"{error}, or {word}") from error

    return either


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ConfigError(f"is {text}; allowed is true, false")
    return text.lower() == "true"


def _text(text: str) -> str:
    if not text:
        raise ConfigError("is empty")
    return text


def _mode(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError as error:
        raise ConfigError(f"is {text}; expected an octal mode such as 0600") from error
    if mode & 0o007:
        raise ConfigError(f"is {text}; a socket open to everybody is refused")
    return mode


STRATEGY_KEYS: dict[str, Key] = {
    "detector.kind": Key("ma_crossover", _one_of("ma_crossover", "immediate", "manual"), "when"),
    "detector.fast": Key(9, _whole(2, 200), "candles of the fast average"),
    "detector.slow": Key(21, _whole(3, 500), "candles of the slow average"),
    "stop.level_n": Key(2, _whole(1, 5), "which support or resistance, the nearest is 1"),
    "stop.lookback": Key(100, _whole(50, 500), "closed 15m candles that are judged"),
    "stop.swing": Key(2, _whole(1, 5), "candles on each side of a swing"),
    "stop.tolerance": Key(Decimal("0.002"), _decimal("0.0005", "0.02"), "of the entry: one level"),
    "stop.min_touches": Key(1, _whole(1, 5), "swings that make a level"),
    "stop.min_bps": Key(10, _whole(1, 999), "nearest stop"),
    "stop.max_bps": Key(1000, _whole(2, 1000), "farthest stop"),
    "stop.atr_period": Key(14, _whole(2, 100), "candles of the average true range"),
    "stop.atr_mult": Key(Decimal("1.5"), _decimal("0.1", "10"), "ranges, without a level"),
    "stop.buffer_bps": Key(Decimal(0), _decimal("0", "100"), "room behind the level"),
    "stop.cap_ratio": Key(Decimal("0.25"), _decimal("0", "0.25"), "most room, of the distance"),
    "stop_gain.r": Key(Decimal(2), _or("none", _decimal("0.1", "100")), "target in spans"),
    "trailing.mode": Key("handspan", _one_of("off", "handspan", "continuous"), "how it follows"),
    "trailing.be_bps": Key("auto", _or("auto", _decimal("0", "500")), "first rung past the entry"),
}
"""What strategies begin with. Shipped ones differ from it, and a strategy's file says how."""

FILE_KEYS: dict[str, Key] = {
    "version": Key(1, _whole(1, 1_000_000), "counts what you change; stamped into positions"),
    "bias": Key("long", _one_of("long", "short", "auto"), "side taken when none is named"),
    "one_sided": Key(default=False, read=_flag, meaning="refuses any side but the bias"),
    "leverage": Key("default", _or("default", _whole(1, 10)), "taken when none is named"),
    "risk_pct": Key(Decimal(1), _decimal("0.01", "1"), "percent of the capital lost at the stop"),
    **STRATEGY_KEYS,
}
"""Every key of a strategy's own file."""

KEYS: dict[str, Key] = {
    "instance.account": Key("main", _text, "name of the account; part of every order's id"),
    "profile": Key("sim", _one_of("sim", "paper", "live"), "sim, paper or live"),
    "api.grpc": Key("127.0.0.1:50051", _text, "gRPC door on loopback; port 0 takes a free one"),
    "api.http": Key("127.0.0.1:8080", _text, "health door; port 0 takes a free one"),
    "api.socket_mode": Key(0o600, _mode, "permissions of the unix socket"),
    "exchange.recv_window_ms": Key(1500, _whole(100, 60000), "receive window of entries"),
    "risk.gap_bps": Key(Decimal(10), _decimal("0", "500"), "allowance from trigger to fill"),
    "risk.entry_slip_bps": Key(Decimal(5), _decimal("0", "500"), "allowance at the entry"),
    "risk.headroom_bps": Key(Decimal(100), _decimal("0", "5000"), "margin left unused"),
    "risk.hold_hours_interest": Key(24, _whole(1, 720), "hours of interest in the size"),
    "risk.max_open_positions": Key(3, _whole(1, 100), "positions open at once"),
    "risk.max_leverage": Key(3, _whole(1, 10), "largest leverage an arm may ask for"),
    "signal.ttl_s": Key(30, _whole(1, 3600), "how long a signal is valid"),
    "signal.max_drift_pct": Key(Decimal("0.3"), _decimal("0", "5"), "price against the signal"),
    **STRATEGY_KEYS,
}


@attrs.frozen
class Config:
    """All settings by key, each valid; ``sources`` says who set those that somebody set."""

    values: Mapping[str, Any]
    sources: Mapping[str, str] = attrs.field(factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def settings(self) -> Settings:
        """What decisions use."""
        return Settings(
            recv_window_ms=self["exchange.recv_window_ms"],
            gap_bps=self["risk.gap_bps"],
            entry_slip_bps=self["risk.entry_slip_bps"],
            headroom_bps=self["risk.headroom_bps"],
            hold_hours=self["risk.hold_hours_interest"],
            max_open_positions=self["risk.max_open_positions"],
            max_leverage=self["risk.max_leverage"],
            signal_ttl_s=self["signal.ttl_s"],
            max_drift_pct=self["signal.max_drift_pct"],
        )

    def shown(self) -> tuple[ConfigKey, ...]:
        """Every key as people see it; a secret stays here."""
        return tuple(
            ConfigKey(
                key=key,
                value="" if row.secret else shown(key, self[key]),
                default=shown(key, row.default),
                source=self.sources.get(key, "default"),
                meaning=row.meaning,
                secret=row.secret,
            )
            for key, row in KEYS.items()
        )


def shown(key: str, value: Any) -> str:
    """A value as it is written in a file."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:04o}" if key == "api.socket_mode" else f"{value}"


def load(path: Path | None, environ: Mapping[str, str], flags: Mapping[str, str | None]) -> Config:
    """Flag over environment over file over default.

    Raises:
        ConfigError: unreadable file, unknown key, or a value out of range; names the key.
    """
    given: dict[str, tuple[str, str]] = {}
    for source, pairs in (
        (str(path), toml_text(path) if path is not None else {}),
        ("the environment", _environment(environ)),
        ("the command line", {key: text for key, text in flags.items() if text is not None}),
    ):
        given.update({key: (text, source) for key, text in pairs.items()})
    values = {key: row.default for key, row in KEYS.items()}
    for key, (text, source) in given.items():
        values[key] = read(key, text, source, KEYS)
    return Config(values, {key: source for key, (_, source) in given.items()})


def read(key: str, text: str, source: str, keys: Mapping[str, Key]) -> Any:
    """One setting, by its row among ``keys``.

    Raises:
        ConfigError: there is no such key, or the value is out of range; names the source.
    """
    row = keys.get(key)
    if row is None:
        hint = did_you_mean(key, keys) or f" Known: {', '.join(keys)}"
        raise ConfigError(f"{source}: there is no key {key}.{hint}")
    try:
        return row.read(text)
    except ConfigError as error:
        raise ConfigError(f"{source}: {key} {error}") from error


def toml_text(path: Path) -> dict[str, str]:
    """A file's settings as ``section.key`` and text.

    Raises:
        ConfigError: it cannot be read, or is not TOML.
    """
    try:
        with path.open("rb") as file:
            found = tomllib.load(file, parse_float=str)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    flat: dict[str, str] = {}
    for name, value in found.items():
        if isinstance(value, dict):
            flat.update({f"{name}.{key}": _plain(inner) for key, inner in value.items()})
        else:
            flat[name] = _plain(value)
    return flat


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX).lower().replace("__", "."): text
        for name, text in environ.items()
        if name.startswith(PREFIX)
    }
