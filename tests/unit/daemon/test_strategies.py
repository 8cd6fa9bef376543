"""Strategies: shipped ones, the user's files, and what is said of a file that cannot be used."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from robson.api.places import strategies_dir
from robson.daemon.config import FILE_KEYS, load
from robson.daemon.strategies import Shelf, shelf
from robson.domain.errors import ConfigError, Refused
from robson.domain.strategy import STRATEGIES, DetectorKind, TrailingMode
from robson.domain.values import Side

WHOLE = """
version = 7
bias = "short"
one_sided = true
leverage = 2
risk_pct = 0.5

[detector]
kind = "manual"
fast = 4
slow = 10

[stop]
level_n = 3
lookback = 120
swing = 3
tolerance = 0.001
min_touches = 2
min_bps = 20
max_bps = 500
atr_period = 20
atr_mult = 2
buffer_bps = 10
cap_ratio = 0.2
guard_enabled = true
guard_lookback = 30

[stop_gain]
r = 3

[trailing]
mode = "continuous"
be_bps = 15
"""


def with_file(folder: Path, text: str, name: str = "mine") -> Shelf:
    (folder / f"{name}.toml").write_text(text)
    return shelf(load(None, {}, {}), folder)


def test_without_files_and_configuration_there_are_the_shipped_ones(tmp_path: Path) -> None:
    found = shelf(load(None, {}, {}), tmp_path)
    assert dict(found.known) == STRATEGIES
    assert sorted(found.known) == ["all-in", "iron-exit", "now", "trend"]
    assert shelf(load(None, {}, {}), None) == shelf(load(None, {}, {}), tmp_path / "none") == found


def test_shipped_strategies_are_what_they_are_called() -> None:
    assert STRATEGIES["trend"].stop_gain_spans is None
    assert STRATEGIES["trend"].trailing is TrailingMode.HANDSPAN
    assert STRATEGIES["now"].detector is DetectorKind.IMMEDIATE
    iron = STRATEGIES["iron-exit"]
    assert (iron.bias, iron.stop.level_n) == (Side.SHORT, 2)
    assert [iron.takes(side) for side in (Side.SHORT, Side.LONG, None)] == [True, False, False]
    assert all(STRATEGIES["trend"].takes(side) for side in (*Side, None))


def test_a_file_says_everything_a_strategy_is(tmp_path: Path) -> None:
    found = with_file(tmp_path, WHOLE).find("mine")
    assert (found.name, found.version, found.bias, found.one_sided) == ("mine", 7, Side.SHORT, True)
    assert (found.leverage, found.risk_pct) == (2, Decimal("0.5"))
    assert (found.detector, found.fast, found.slow) == (DetectorKind.MANUAL, 4, 10)
    stop = found.stop
    assert (stop.level_n, stop.lookback_candles, stop.swing_lookback) == (3, 120, 3)
    assert (stop.level_tolerance, stop.min_touches) == (Decimal("0.001"), 2)
    assert (stop.bounds.min_bps, stop.bounds.max_bps) == (20, 500)
    assert (stop.atr_period, stop.atr_multiplier) == (20, Decimal(2))
    assert stop.guard_lookback == 30
    assert (stop.buffer_bps, stop.buffer_cap_ratio) == (Decimal(10), Decimal("0.2"))
    assert (found.stop_gain_spans, found.trailing) == (Decimal(3), TrailingMode.CONTINUOUS)
    assert found.be_bps == Decimal(15)
    said = {line.split(" ")[0] for line in WHOLE.splitlines() if "=" in line}
    assert said == {key.rpartition(".")[2] for key in FILE_KEYS}, "every key is tried here"


def test_every_key_changes_something(tmp_path: Path) -> None:
    """A key without effect would be a promise that nobody keeps."""
    whole = with_file(tmp_path, WHOLE).find("mine")
    lines = WHOLE.splitlines()
    tried = 0
    for place, line in enumerate(lines):
        if "=" not in line:
            continue
        rest = "\n".join(lines[:place] + lines[place + 1 :])
        assert with_file(tmp_path, rest).find("mine") != whole, line
        tried += 1
    assert tried == len(FILE_KEYS)


def test_words_for_what_is_not_there(tmp_path: Path) -> None:
    text = 'bias = "auto"\n[stop_gain]\nr = "none"\n[trailing]\nmode = "off"\nbe_bps = "auto"\n'
    found = with_file(tmp_path, text).find("mine")
    assert (found.bias, found.stop_gain_spans, found.be_bps) == (None, None, None)
    assert found.trailing is TrailingMode.OFF


def test_an_empty_file_is_all_in_by_another_name(tmp_path: Path) -> None:
    assert with_file(tmp_path, "").find("mine") == attrs.evolve(STRATEGIES["all-in"], name="mine")


def test_the_daemons_own_defaults_reach_every_strategy(tmp_path: Path) -> None:
    config = tmp_path / "robsond.conf"
    config.write_text('[stop]\nlevel_n = 3\n[stop_gain]\nr = 4\n[trailing]\nmode = "off"\n')
    (tmp_path / "mine.toml").write_text("[stop_gain]\nr = 5\n")
    known = shelf(load(config, {}, {}), tmp_path).known
    assert {name: found.stop.level_n for name, found in known.items()} == dict.fromkeys(known, 3)
    assert known["all-in"].stop_gain_spans == Decimal(4)
    assert known["mine"].stop_gain_spans == Decimal(5)
    assert known["trend"].stop_gain_spans is None
    assert known["trend"].trailing is TrailingMode.HANDSPAN
    assert known["now"].trailing is TrailingMode.OFF


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[stop]\nlevl_n = 3\n", "no key stop.levl_n. Did you mean stop.level_n?"),
        ("magic_powers = 3\n", "no key magic_powers; known are version, bias"),
        ("[stop]\nlevel_n = 6\n", "stop.level_n is 6; allowed is a whole number from 1 to 5"),
        ("[risk]\nmax_open_positions = 6\n", "no key risk.max_open_positions"),
        ("risk_pct = 1.01\n", "risk_pct is 1.01; allowed is 0.01 to 1"),
        ("one_sided = 1\n", "one_sided is 1; allowed is true, false"),
        ("one_sided = true\nbias = 'auto'\n", "one_sided needs a bias"),
        ("[stop_gain]\nr = 0\n", "stop_gain.r is 0; allowed is 0.1 to 100, or none"),
        ("[detector]\nfast = 30\n", "2 <= fast < slow is broken by 30 and 21"),
        ("[stop]\nmin_bps = 500\nmax_bps = 400\n", "500..400 bps"),
        ("[stop\n", "is not TOML"),
    ],
)
def test_a_wrong_file_says_what_is_wrong_and_harms_nobody_else(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "good.toml").write_text("version = 2\n")
    found = with_file(tmp_path, text)
    assert found.find("good").version == 2
    assert "mine" not in found.known
    with pytest.raises(Refused) as refused:
        found.find("mine")
    assert refused.value.code == "UNKNOWN_STRATEGY"
    assert words in str(refused.value)
    assert "mine.toml" in str(refused.value)


@pytest.mark.parametrize("name", ["all-in", "Mine", "a b", "-x", "x" * 41])
def test_a_name_that_a_strategy_cannot_have(tmp_path: Path, name: str) -> None:
    found = with_file(tmp_path, "", name)
    assert dict(found.known) == STRATEGIES
    assert list(found.broken) == [name]


def test_a_strategy_nobody_has(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        with_file(tmp_path, "").find("trendy")
    assert str(refused.value) == (
        "there is no strategy trendy; known: all-in, iron-exit, mine, now, trend."
        " Did you mean trend?"
    )


def test_defaults_that_do_not_go_together_end_the_start() -> None:
    environ = {"ROBSON__DETECTOR__FAST": "30"}
    with pytest.raises(ConfigError, match="the strategies' defaults: 2 <= fast < slow"):
        shelf(load(None, environ, {}), None)


def test_where_files_are(tmp_path: Path) -> None:
    home = {"XDG_CONFIG_HOME": "/config"}
    assert strategies_dir(home) == "/config/robson/strategies"
    systemd = {"CONFIGURATION_DIRECTORY": "/etc/robson:/etc/other"}
    assert strategies_dir(home | systemd) == "/etc/robson/strategies"
    given = str(tmp_path / "robsond.toml")
    assert strategies_dir(home | systemd, given) == str(tmp_path / "strategies")
