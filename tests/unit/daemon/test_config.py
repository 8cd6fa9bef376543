"""Configuration: flag over environment over file over default, and nothing unknown."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from robson.daemon.config import KEYS, Key, load
from robson.daemon.ports import port_of
from robson.domain.errors import ConfigError

KEY, NAME = "risk.max_leverage", "ROBSON__RISK__MAX_LEVERAGE"


def file_with(folder: Path, text: str) -> Path:
    path = folder / "robsond.toml"
    path.write_text(text)
    return path


def test_without_anything_every_key_has_its_default() -> None:
    config = load(None, {}, {})
    assert {key: config[key] for key in KEYS} == {key: row.default for key, row in KEYS.items()}


def test_defaults_are_values_that_may_be_given() -> None:
    """A default that its own reader refuses could not be written into a file."""
    for key, row in KEYS.items():
        text = format(row.default, "o") if key == "api.socket_mode" else str(row.default)
        assert load(None, {}, {key: text})[key] == row.default
        assert row.meaning


@pytest.mark.parametrize(
    ("file", "environ", "flag", "expected"),
    [
        (None, None, None, 3),
        ("4", None, None, 4),
        (None, "5", None, 5),
        (None, None, "6", 6),
        ("4", "5", None, 5),
        ("4", None, "6", 6),
        (None, "5", "6", 6),
        ("4", "5", "6", 6),
    ],
)
def test_nearer_source_wins(
    tmp_path: Path, file: str | None, environ: str | None, flag: str | None, expected: int
) -> None:
    path = file_with(tmp_path, f"[risk]\nmax_leverage = {file}\n") if file else None
    config = load(path, {NAME: environ} if environ else {}, {KEY: flag})
    assert config[KEY] == expected
    assert config.settings().max_leverage == expected


def test_a_number_keeps_its_digits(tmp_path: Path) -> None:
    path = file_with(tmp_path, "[signal]\nmax_drift_pct = 0.1000000000000000055\n")
    assert load(path, {}, {})["signal.max_drift_pct"] == Decimal("0.1000000000000000055")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[risk]\nmagic = 1\n", "no key risk.magic"),
        ("magic = 1\n", "no key magic"),
        ("[risk.deep]\nmax_leverage = 1\n", "no key risk.deep"),
        ("[risk]\nmax_leverage = 0\n", "risk.max_leverage is 0; allowed is a whole number"),
        ("[risk]\nmax_leverage = 1.5\n", "risk.max_leverage is 1.5"),
        ("[risk]\nmax_leverage = true\n", "risk.max_leverage is true"),
        ('[risk]\nmax_leverage = "\\u00b2"\n', "risk.max_leverage is \u00b2"),
        ('[risk]\ngap_bps = "nan"\n', "risk.gap_bps is nan"),
        ("[risk]\ngap_bps = -1\n", "risk.gap_bps is -1; allowed is 0 to 500"),
        ('[api]\nsocket_mode = "0606"\n', "a socket open to everybody"),
        ('[api]\nsocket_mode = "rw"\n', "octal"),
        ('[instance]\naccount = ""\n', "instance.account is empty"),
        ('profile = "real"\n', "profile is 'real'; allowed is sim, paper, live"),
        ("[risk\n", "is not TOML"),
        ("risk = \xff", "is not TOML"),
    ],
)
def test_wrong_file_names_itself_and_the_key(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "robsond.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError) as refused:
        load(path, {}, {})
    assert str(path) in str(refused.value)
    assert words in str(refused.value)


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.toml", {}, {})


def test_wrong_environment_names_itself() -> None:
    with pytest.raises(ConfigError, match=r"the environment: there is no key risk\.magic"):
        load(None, {"ROBSON__RISK__MAGIC": "1"}, {})
    with pytest.raises(ConfigError, match=r"the environment: risk\.max_leverage is 99"):
        load(None, {NAME: "99"}, {})


def test_other_variables_are_not_ours() -> None:
    load(None, {"ROBSON_STATE_DIR": "x", "ROBSON_DAEMON_URL": "y", "ROBSONX__A__B": "z"}, {})


@pytest.mark.parametrize("address", ["", "50051", ":50051", "h:", "h:x", "h:65536", "h:\u00b2"])
def test_address_that_is_none(address: str) -> None:
    with pytest.raises(ConfigError, match="HOST:PORT"):
        port_of(address, "api.grpc")


def test_address() -> None:
    assert port_of("127.0.0.1:0", "api.grpc") == ("127.0.0.1", 0)


def test_what_people_are_shown_says_who_set_it_and_withholds_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KEYS, "a.secret", Key("", str, "kept", secret=True))
    file = file_with(tmp_path, "[api]\nsocket_mode = '0660'\n[a]\nsecret = 'canary'\n")
    shown = {each.key: each for each in load(file, {NAME: "4"}, {"profile": "sim"}).shown()}

    assert list(shown) == list(KEYS)
    assert (shown[KEY].value, shown[KEY].default, shown[KEY].source) == (
        "4",
        "3",
        "the environment",
    )
    assert (shown["api.socket_mode"].value, shown["api.socket_mode"].source) == ("0660", str(file))
    assert shown["risk.gap_bps"].source == "default"
    assert shown["a.secret"].secret
    assert "canary" not in str(shown)
