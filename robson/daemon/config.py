"""The daemon's configuration: file, environment, command line; an unknown key is an error.

Every key is one row of ``KEYS``: what is not there does not exist, and nothing is read elsewhere.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import attrs

from robson.api.nearest import nearest
from robson.api.told import ConfigKey
from robson.connectors.binance.addresses import (
    PUBLIC_REST,
    PUBLIC_STREAM,
    loopback_url,
    public_url,
)
from robson.connectors.simulated.tape_source import shown as shown_text
from robson.daemon.given import PREFIX, Given, given
from robson.daemon.ports import port_of
from robson.domain.errors import ConfigError, InvalidValue
from robson.domain.plan import InsuranceTerms
from robson.domain.values import decimal_of
from robson.engine.settings import Settings

_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
_WHOLE = re.compile(r"[0-9]{1,18}")
_SYMBOL = re.compile(r"[A-Z0-9]{4,20}")
_OCTAL = re.compile(r"0[0-7]{3}")


__all__ = ["KEYS", "PREFIX", "Config", "Examined", "Key", "Wrong", "examine", "load", "shown"]


class Key(NamedTuple):
    """One setting: default, reader of its text, what it means, whether it is shown to nobody."""

    default: Any
    read: Callable[[str], Any]
    meaning: str
    secret: bool = False


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
            raise ConfigError(
                f"is {shown_text(text, 40)}; allowed is a whole number from {low} to {high}"
            )
        return int(text)

    return read


def _decimal(low: str, high: str) -> Callable[[str], Decimal]:
    def read(text: str) -> Decimal:
        try:
            value = decimal_of(text)
        except InvalidValue as error:
            raise ConfigError(f"is {shown_text(text, 40)}; expected a decimal number") from error
        if not Decimal(low) <= value <= Decimal(high):
            raise ConfigError(f"is {shown_text(text, 40)}; allowed is {low} to {high}")
        return value

    return read


def _one_of(*names: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in names:
            raise ConfigError(f"is {shown_text(text, 40)!r}; allowed is {', '.join(names)}")
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
        raise ConfigError(f"is {shown_text(text, 40)}; allowed is true, false")
    return text.lower() == "true"


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        found = f"is {shown_text(text, 40)}" if text else "is empty"
        raise ConfigError(f"{found}; expected 1 to 32 of A-Z, a-z, 0-9, dot, dash, underscore")
    return text


def _address(text: str) -> str:
    _host_and_port(text)
    return text


def _url(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        return public_url(text, *schemes) if text else ""

    return read


def _hook(text: str) -> str:
    """An address with whatever follows: it may be a secret, so it is not repeated."""
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fits = False
    if text and not (fits and text.isascii() and text.isprintable() and " " not in text):
        raise ConfigError("is no address; expected http://HOST/PATH or https://HOST/PATH")
    return text


def _program(text: str) -> str:
    path = Path(text)
    if text and not (path.is_absolute() and path.is_file() and os.access(path, os.X_OK)):
        raise ConfigError(
            f"is {shown_text(text, 80)}; expected the full path of a program, without arguments"
        )
    return text


def _symbols(text: str) -> str:
    names = [name.strip() for name in text.split(",")]
    if not all(_SYMBOL.fullmatch(name) for name in names) or len({*names}) < len(names):
        raise ConfigError(f"is {shown_text(text, 80)}; expected pairs such as BTCUSDT,ETHUSDT")
    return ",".join(names)


def _path(text: str) -> str:
    """As it is: where one begins that is not absolute, its source says."""
    return text


def _loopback(text: str) -> str:
    host, _ = _host_and_port(text)
    if host not in ("127.0.0.1", "localhost"):
        raise ConfigError(f"is {shown_text(text, 80)}; it stays on loopback: 127.0.0.1:PORT")
    return text


def _host_and_port(text: str) -> tuple[str, int]:
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigError(f"is {shown_text(text, 80)}; expected HOST:PORT")
    return port_of(text)


def _mode(text: str) -> int:
    """Octal, as text: a TOML number would be taken for a decimal one."""
    if not _OCTAL.fullmatch(text):
        raise ConfigError(f'is {shown_text(text, 40)}; expected an octal mode in quotes: "0600"')
    mode = int(text, 8)
    if mode & 0o007:
        raise ConfigError(f"is {text}; a socket open to everybody is refused")
    if mode & 0o600 != 0o600:  # noqa: PLR2004 - read and write for the owner
        raise ConfigError(f"is {text}; its owner must be able to read and write")
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
    "stop.guard_enabled": Key(
        default=False, read=_flag, meaning="stop behind the recent extreme until it advances"
    ),
    "stop.guard_lookback": Key(20, _whole(2, 50), "candles of that extreme, the forming one too"),
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
    "instance.account": Key("main", _name, "name of the account; part of every order's id"),
    "profile": Key("sim", _one_of("sim", "paper", "live"), "sim, paper or live"),
    "api.grpc": Key("127.0.0.1:50051", _loopback, "gRPC door on loopback; port 0 takes a free one"),
    "api.http": Key("127.0.0.1:8080", _address, "health door; port 0 takes a free one"),
    "api.socket_mode": Key(0o600, _mode, "permissions of the unix socket"),
    "store.disk_warn_mib": Key(200, _whole(0, 1_000_000), "free MiB below which it is said"),
    "store.disk_entry_mib": Key(64, _whole(0, 1_000_000), "free MiB that an entry needs"),
    "exchange.rest_url": Key(
        "", _url("http", "https"), "REST of the exchange; empty: public prices"
    ),
    "exchange.stream_url": Key("", _url("ws", "wss"), "its market streams; empty: public prices"),
    "exchange.user_stream_url": Key(
        "", _url("ws", "wss"), "its WebSocket API: hints of what happens on the account"
    ),
    "exchange.key_file": Key("", _path, "file with the API key, mode 0600; live needs one"),
    "exchange.symbols": Key("BTCUSDT", _symbols, "pairs of the profiles paper and live"),
    "exchange.observe": Key(
        default=False, read=_flag, meaning="live only: everything is read, and no order is sent"
    ),
    "paper.balance": Key(
        Decimal(10_000), _decimal("1", "1000000000"), "quote asset of each pair at the beginning"
    ),
    "paper.latency_ms": Key(100, _whole(0, 5_000), "a request's way to the exchange and back"),
    "paper.slippage_bps": Key(
        Decimal(2), _decimal("0", "500"), "fills are so much worse than the best bid or ask"
    ),
    "store.accept_single_host": Key(
        default=False, read=_flag, meaning="live without Postgres: one host, one journal"
    ),
    "exchange.recv_window_ms": Key(1500, _whole(100, 60000), "receive window of entries"),
    "risk.gap_bps": Key(Decimal(10), _decimal("0", "500"), "allowance from trigger to fill"),
    "risk.entry_slip_bps": Key(Decimal(5), _decimal("0", "500"), "allowance at the entry"),
    "risk.headroom_bps": Key(Decimal(100), _decimal("0", "5000"), "margin left unused"),
    "insurance.enabled": Key(
        default=True,
        read=_flag,
        meaning="an exchange stop rests for what is held; only sim may not",
    ),
    "insurance.buffer_pct": Key(
        Decimal(1), _decimal("0.1", "10"), "exchange stop behind the stop, in % of it; or less by"
    ),
    "insurance.span_ratio": Key(
        Decimal("0.25"), _decimal("0.05", "1"), "the same, at most, as a share of entry to stop"
    ),
    "insurance.use_limit": Key(
        default=False, read=_flag, meaning="prefer STOP_LOSS_LIMIT where a pair takes both types"
    ),
    "insurance.min_replace_s": Key(5, _whole(5, 300), "an exchange stop is moved once in so long"),
    "insurance.limit_offset_pct": Key(
        Decimal("1.5"), _decimal("0.1", "10"), "limit of a STOP_LOSS_LIMIT behind its trigger, in %"
    ),
    "risk.hold_hours_interest": Key(24, _whole(1, 720), "hours of interest in the size"),
    "risk.max_open_positions": Key(3, _whole(1, 100), "positions open at once"),
    "risk.max_leverage": Key(3, _whole(1, 10), "largest leverage an arm may ask for"),
    "risk.default_leverage": Key(3, _whole(1, 10), "leverage where an arm names none"),
    "risk.max_daily_loss_pct": Key(
        Decimal(3), _decimal("0", "4"), "percent of the capital base a UTC day may lose; 0 is off"
    ),
    "risk.max_trades_per_day": Key(50, _whole(1, 10_000), "entries of a UTC day"),
    "risk.warn_trades_per_day": Key(40, _whole(1, 10_000), "entries of a UTC day that are told"),
    "risk.min_ml_entry": Key(
        Decimal("1.5"), _decimal("1.1", "100"), "least margin level after an entry"
    ),
    "risk.min_ml_bound": Key(
        Decimal("1.3"), _decimal("1.1", "100"), "least margin level at the exchange stop's fill"
    ),
    "risk.margin_exit_level": Key(
        Decimal("1.2"), _decimal("1.1", "1.3"), "margin level below which a position is left"
    ),
    "margin.poll_s": Key(10, _whole(1, 60), "seconds between two readings of the margin level"),
    "risk.on_halt": Key(
        "hold", _one_of("hold", "close"), "open positions at the monthly halt: hold or close"
    ),
    "alerts.url": Key("", _hook, "alerts are sent there by POST, as JSON", secret=True),
    "alerts.command": Key("", _program, "program that gets each alert on its standard input"),
    "alerts.beat_url": Key("", _hook, "a POST each minute while all is alive", secret=True),
    "signal.ttl_s": Key(30, _whole(1, 3600), "how long a signal is valid"),
    "signal.max_drift_pct": Key(Decimal("0.3"), _decimal("0", "5"), "price against the signal"),
    "allow_manual_signal": Key(
        default=False, read=_flag, meaning="takes injected signals; the profile sim always does"
    ),
    "backoff.base_s": Key(5, _whole(1, 900), "no signal is taken so long after one was refused"),
    "backoff.max_s": Key(900, _whole(1, 86_400), "the same, at most, doubling with each in a row"),
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
            limit_offset_pct=self["insurance.limit_offset_pct"],
            insurance=InsuranceTerms(
                enabled=self["insurance.enabled"],
                buffer_pct=self["insurance.buffer_pct"],
                span_ratio=self["insurance.span_ratio"],
            ),
            use_limit=self["insurance.use_limit"],
            min_replace_s=self["insurance.min_replace_s"],
            hold_hours=self["risk.hold_hours_interest"],
            max_open_positions=self["risk.max_open_positions"],
            max_leverage=self["risk.max_leverage"],
            default_leverage=self["risk.default_leverage"],
            max_daily_loss_pct=self["risk.max_daily_loss_pct"],
            max_trades_per_day=self["risk.max_trades_per_day"],
            warn_trades_per_day=self["risk.warn_trades_per_day"],
            margin_exit_level=self["risk.margin_exit_level"],
            margin_poll_s=self["margin.poll_s"],
            on_halt=self["risk.on_halt"],
            min_ml_entry=self["risk.min_ml_entry"],
            min_ml_bound=self["risk.min_ml_bound"],
            signal_ttl_s=self["signal.ttl_s"],
            backoff_base_s=self["backoff.base_s"],
            backoff_max_s=self["backoff.max_s"],
            manual_signals=self["profile"] == "sim" or self["allow_manual_signal"],
            max_drift_pct=self["signal.max_drift_pct"],
            observes=self["exchange.observe"],
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


class Wrong(NamedTuple):
    """One thing that is wrong: where, with which key, what was said and what is expected."""

    place: str
    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


class Examined(NamedTuple):
    """What was configured and all that is wrong with it.

    ``config`` holds what can be used; a key whose value cannot be keeps its default there.
    """

    config: Config
    wrong: tuple[Wrong, ...]


def examine(
    path: Path | None, environ: Mapping[str, str], flags: Mapping[str, str | None]
) -> Examined:
    """Flag over environment over file over default, and every problem of any of them.

    Raises:
        ConfigError: the file cannot be read, or is not TOML.
    """
    values = {key: row.default for key, row in KEYS.items()}
    taken: dict[str, Given] = {}
    wrong: list[Wrong] = []
    for each in given(path, environ, flags):
        try:
            values[each.key] = _value(each, KEYS)
            taken[each.key] = each
        except ConfigError as error:
            wrong.append(Wrong(each.place, each.key, str(error)))
    wrong += _unfit(values, {key: each.place for key, each in taken.items()})
    sources = {key: each.source for key, each in taken.items()}
    return Examined(Config(values, sources), tuple(wrong))


def _unfit(values: dict[str, Any], places: Mapping[str, str]) -> Iterator[Wrong]:
    """What the profile cannot run with; public addresses that were not given are filled in."""
    profile = values["profile"]
    if profile == "paper":
        values["exchange.rest_url"] = values["exchange.rest_url"] or PUBLIC_REST
        values["exchange.stream_url"] = values["exchange.stream_url"] or PUBLIC_STREAM
    if profile != "sim" and not values["insurance.enabled"]:
        what = "insurance.enabled is false; only the profile sim may hold without exchange stops"
        yield Wrong(places["insurance.enabled"], "insurance.enabled", what)
    if profile != "live":
        if values["exchange.observe"]:
            what = f"exchange.observe is for the profile live; this is {profile}"
            yield Wrong(places["exchange.observe"], "exchange.observe", what)
        return
    for key, scheme in (("exchange.rest_url", "http"), ("exchange.stream_url", "ws")):
        place = places.get(key, places["profile"])
        try:
            loopback_url(values[key], scheme, f"{scheme}s")
        except ConfigError as error:
            yield Wrong(place, key, f"{key} {error}" if values[key] else _needed(key))
    hints = "exchange.user_stream_url"
    try:
        _ = values[hints] and loopback_url(values[hints], "ws", "wss")
    except ConfigError as error:
        yield Wrong(places[hints], hints, f"{hints} {error}")
    if not values["exchange.key_file"]:
        yield Wrong(places["profile"], "exchange.key_file", _needed("exchange.key_file"))
    if not values["store.accept_single_host"]:
        key = "store.accept_single_host"
        what = f"{key} is false; profile live without Postgres wants it said aloud: set it to true"
        yield Wrong(places.get(key, places["profile"]), key, what)


def _needed(key: str) -> str:
    return f"{key} is not given; profile live needs it"


def load(path: Path | None, environ: Mapping[str, str], flags: Mapping[str, str | None]) -> Config:
    """The configuration, when nothing is wrong with it.

    Raises:
        ConfigError: unreadable file, unknown key, or a value out of range; names the key.
    """
    found = examine(path, environ, flags)
    if found.wrong:
        first, *more = found.wrong
        also = f" (and {len(more)} more: robsond check-config)" if more else ""
        raise ConfigError(f"{first}{also}")
    return found.config


def read(each: Given, keys: Mapping[str, Key]) -> Any:
    """One setting, by its row among ``keys``.

    Raises:
        ConfigError: there is no such key, or the value is out of range; names the place.
    """
    try:
        return _value(each, keys)
    except ConfigError as error:
        raise ConfigError(f"{each.place}: {error}") from error


def _value(each: Given, keys: Mapping[str, Key]) -> Any:
    row = keys.get(each.key)
    if row is None:
        raise ConfigError(_unknown(each.key, keys))
    try:
        value = row.read(each.text)
        return str(each.folder / value) if value and row.read is _path else value
    except ConfigError as error:
        what = "cannot be used" if row.secret else str(error)
        raise ConfigError(f"{each.key} {what}") from error


def _unknown(key: str, keys: Mapping[str, Key]) -> str:
    """What is there instead: the nearest key, else those of its section, else the sections."""
    said = f"there is no key {shown_text(key)}"
    if near := nearest(key, keys):
        return f"{said}. Did you mean {' or '.join(near)}?"
    section = key.partition(".")[0]
    beside = [known.partition(".")[2] for known in keys if known.startswith(f"{section}.")]
    if beside:
        return f"{said}; [{shown_text(section)}] has {', '.join(beside)}"
    return f"{said}; known are {', '.join(dict.fromkeys(k.partition('.')[0] for k in keys))}"
