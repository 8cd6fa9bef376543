"""Which strategies there are: those that come with Robson, and the user's own files.

``strategies/NAME.toml`` is read once, at the start. A position carries its own snapshot, so no
change of a file reaches it. A file that cannot be used is told of and offered to nobody; it never
keeps a daemon from starting, because what is open does not need it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from robson.api.nearest import did_you_mean
from robson.daemon.config import FILE_KEYS, STRATEGY_KEYS, Config, read
from robson.daemon.given import in_file
from robson.domain.errors import ConfigError, InvalidValue, Refused
from robson.domain.strategy import (
    STRATEGIES,
    DetectorKind,
    StrategyConfig,
    TechnicalStopConfig,
    TrailingMode,
    shipped,
)
from robson.domain.values import Side, StopDistanceBounds

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@attrs.frozen(kw_only=True)
class Shelf:
    """Strategies by name; and by name, why a file cannot be used."""

    known: Mapping[str, StrategyConfig]
    broken: Mapping[str, str] = attrs.Factory(dict)

    def find(self, name: str) -> StrategyConfig:
        """The strategy of a name.

        Raises:
            Refused: ``UNKNOWN_STRATEGY``, with all there are, or with what is wrong with its file.
        """
        if name in self.known:
            return self.known[name]
        if name in self.broken:
            raise Refused("UNKNOWN_STRATEGY", f"{name} cannot be used: {self.broken[name]}")
        names = ", ".join(sorted(self.known))
        hint = did_you_mean(name, self.known)
        raise Refused("UNKNOWN_STRATEGY", f"there is no strategy {name}; known: {names}.{hint}")


SHIPPED = Shelf(known=STRATEGIES)
"""Those that come with Robson, without any configuration."""


def shelf(config: Config, folder: Path | None) -> Shelf:
    """Those that come with Robson, and the files of a folder, which begin with the same defaults.

    Raises:
        ConfigError: the defaults themselves do not go together.
    """
    defaults = {key: config[key] for key in STRATEGY_KEYS}
    try:
        base = strategy_of("base", defaults)
    except InvalidValue as error:
        raise ConfigError(f"the strategies' defaults: {error}") from error
    known, broken = shipped(base), {}
    for path in _files(folder):
        try:
            known[path.stem] = _own(path, defaults, known)
        except (ConfigError, InvalidValue) as error:
            broken[path.stem] = str(error)
    return Shelf(known=known, broken=broken)


def _files(folder: Path | None) -> list[Path]:
    try:
        return sorted(folder.glob("*.toml")) if folder is not None else []
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be read: {error.strerror}") from error


def _own(path: Path, defaults: Mapping[str, Any], known: Mapping[str, Any]) -> StrategyConfig:
    if not _NAME.fullmatch(path.stem):
        raise ConfigError(f"{path}: a name has at most 40 of a-z, 0-9 and -, and no - first")
    if path.stem in known:
        raise ConfigError(f"{path}: {path.stem} comes with Robson; take another name")
    said = {each.key: read(each, FILE_KEYS) for each in in_file(path)}
    try:
        return strategy_of(path.stem, dict(defaults) | said)
    except InvalidValue as error:
        raise ConfigError(f"{path}: {error}") from error


def strategy_of(name: str, said: Mapping[str, Any]) -> StrategyConfig:
    """A strategy by what it says otherwise than the defaults: settings, each in range by itself.

    Raises:
        InvalidValue: they do not go together.
    """
    values = {key: row.default for key, row in FILE_KEYS.items()} | dict(said)

    def unless(word: str, key: str) -> Any:
        return None if values[key] == word else values[key]

    return StrategyConfig(
        name=name,
        version=values["version"],
        bias=None if values["bias"] == "auto" else Side(values["bias"]),
        one_sided=values["one_sided"],
        leverage=unless("default", "leverage"),
        detector=DetectorKind(values["detector.kind"]),
        fast=values["detector.fast"],
        slow=values["detector.slow"],
        stop=TechnicalStopConfig(
            level_n=values["stop.level_n"],
            lookback_candles=values["stop.lookback"],
            swing_lookback=values["stop.swing"],
            level_tolerance=values["stop.tolerance"],
            min_touches=values["stop.min_touches"],
            atr_period=values["stop.atr_period"],
            atr_multiplier=values["stop.atr_mult"],
            buffer_bps=values["stop.buffer_bps"],
            buffer_cap_ratio=values["stop.cap_ratio"],
            guard_lookback=values["stop.guard_lookback"] if values["stop.guard_enabled"] else None,
            bounds=StopDistanceBounds(
                min_bps=values["stop.min_bps"], max_bps=values["stop.max_bps"]
            ),
        ),
        stop_gain_spans=unless("none", "stop_gain.r"),
        trailing=TrailingMode(values["trailing.mode"]),
        be_bps=unless("auto", "trailing.be_bps"),
        risk_pct=values["risk_pct"],
    )
