"""Configuration: flag over environment over file over default, and nothing unknown."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from robson.daemon.config import KEYS, Key, examine, load, shown
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
        assert load(None, {}, {key: shown(key, row.default)})[key] == row.default
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
    with pytest.raises(ConfigError, match="No such file"):
        load(tmp_path / "none.toml", {}, {})


def test_wrong_environment_names_itself() -> None:
    with pytest.raises(ConfigError, match=r"ROBSON__RISK__MAGIC: there is no key risk\.magic"):
        load(None, {"ROBSON__RISK__MAGIC": "1"}, {})
    with pytest.raises(ConfigError, match=r"the environment, .*: risk\.max_leverage is 99"):
        load(None, {NAME: "99"}, {})


def test_other_variables_are_not_ours() -> None:
    load(None, {"ROBSON_STATE_DIR": "x", "ROBSON_DAEMON_URL": "y", "ROBSONX__A__B": "z"}, {})


@pytest.mark.parametrize("address", ["", "50051", ":50051", "h:", "h:x", "h:65536", "h:\u00b2"])
def test_address_that_is_none(address: str) -> None:
    with pytest.raises(ConfigError, match="HOST:PORT"):
        port_of(address)


def test_address() -> None:
    assert port_of("127.0.0.1:0") == ("127.0.0.1", 0)


def test_what_people_are_shown_says_who_set_it_and_withholds_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KEYS, "a.secret", Key("", str, "kept", secret=True))
    file = file_with(tmp_path, "[api]\nsocket_mode = '0660'\n[a]\nsecret = 'canary'\n")
    found = {each.key: each for each in load(file, {NAME: "4"}, {"profile": "sim"}).shown()}

    assert list(found) == list(KEYS)
    assert (found[KEY].value, found[KEY].default, found[KEY].source) == (
        "4",
        "3",
        "the environment",
    )
    assert (found["api.socket_mode"].value, found["api.socket_mode"].source) == ("0660", str(file))
    assert found["risk.gap_bps"].source == "default"
    assert found["a.secret"].secret
    assert "canary" not in str(found)


# --- every problem in one run --------------------------------------------------------------------

WRONG = """profile = "live"
# risk.gap_bps = 7
[ risk ] # money
gap_bps = -1
"max_leverge" = 3

[api]
socket_mode = 0o660
grpc = "0.0.0.0:1"
http = "here"
"""
WANTED = {
    "exchange.rest_url": ("line 1", "profile live needs it"),
    "exchange.stream_url": ("line 1", "profile live needs it"),
    "exchange.key_file": ("line 1", "profile live needs it"),
    "store.accept_single_host": ("line 1", "wants it said aloud"),
    "risk.gap_bps": ("line 4", "allowed is 0 to 500"),
    "risk.max_leverge": ("line 5", "Did you mean risk.max_leverage?"),
    "api.socket_mode": ("line 8", "in quotes"),
    "api.grpc": ("line 9", "stays on loopback"),
    "api.http": ("line 10", "HOST:PORT"),
    "signal.ttl_s": ("ROBSON__SIGNAL__TTL_S", "from 1 to 3600"),
}


def test_every_problem_is_found_with_its_line(tmp_path: Path) -> None:
    found = examine(file_with(tmp_path, WRONG), {"ROBSON__SIGNAL__TTL_S": "soon"}, {})

    told = {wrong.key: wrong for wrong in found.wrong}
    assert set(told) == set(WANTED)
    for key, (place, says) in WANTED.items():
        assert told[key].place.endswith(place)
        assert says in told[key].what
    assert found.config["risk.gap_bps"] == KEYS["risk.gap_bps"].default


def test_a_start_says_how_many_more_problems_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"and 8 more: robsond check-config"):
        load(file_with(tmp_path, WRONG), {}, {})


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_from_elsewhere_is_read(tmp_path: Path, mark: str, end: str) -> None:
    path = tmp_path / "robsond.toml"
    path.write_bytes(f"{mark}[risk]{end}max_leverage = 4{end}gap_bps = -1{end}".encode())
    found = examine(path, {}, {})

    assert found.config[KEY] == 4
    assert [wrong.place for wrong in found.wrong] == [f"{path}, line 3"]


def test_what_is_far_from_every_key_is_no_suggestion() -> None:
    with pytest.raises(ConfigError) as refused:
        load(None, {"ROBSON__RISK__NOTHING_LIKE_IT": "1"}, {})
    assert "Did you mean" not in str(refused.value)
    assert "max_leverage" in str(refused.value), "what the section has"


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("risk.max_leverage", "9" * 5_000, "risk.max_leverage is 999"),
        ("risk.max_leverage", "\u0663", "allowed is a whole number"),
        ("risk.gap_bps", "1e9999999", "risk.gap_bps is 1e9999999"),
        ("instance.account", "a\nb", "instance.account is a\\x0ab"),
        ("instance.account", "x" * 33, "1 to 32"),
        ("api.socket_mode", "0200", "must be able to read"),
        ("api.socket_mode", "-600", "octal"),
        ("api.grpc", "127.0.0.1:\u0665", "HOST:PORT"),
        ("api.http", "a b:1", "HOST:PORT"),
    ],
)
def test_a_strange_value_is_refused_in_one_short_line(key: str, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(None, {}, {key: text})
    assert words in str(refused.value)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 300


def test_a_wrong_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KEYS, "a.secret", Key("", KEYS[KEY].read, "kept", secret=True))
    with pytest.raises(ConfigError, match=r"a\.secret cannot be used") as refused:
        load(None, {"ROBSON__A__SECRET": "canary"}, {})
    assert "canary" not in str(refused.value)


@pytest.mark.timeout(20)
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "robsond.toml")
    for path, words in (
        (tmp_path / "robsond.toml", "pipe"),
        (tmp_path, "directory"),
        (Path("/dev/zero"), "device"),
    ):
        with pytest.raises(ConfigError, match=words):
            load(path, {}, {})


def test_a_file_that_is_no_text_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "robsond.toml"
    path.write_bytes(b"[risk]\ngap_bps = \xff\n")
    with pytest.raises(ConfigError, match=r"line 2: is not TOML: expected UTF-8"):
        load(path, {}, {})
    path.write_bytes(b"[risk]\ngap_bps\n")
    with pytest.raises(ConfigError, match=r"line 2: is not TOML"):
        load(path, {}, {})
    path.write_bytes(b"x" * 1_000_001)
    with pytest.raises(ConfigError, match="larger than"):
        load(path, {}, {})


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("insurance.enabled", "perhaps", "allowed is true, false"),
        ("insurance.buffer_pct", "0", "allowed is 0.1 to 10"),
        ("insurance.buffer_pct", "100", "allowed is 0.1 to 10"),
        ("insurance.span_ratio", "-0.25", "allowed is 0.05 to 1"),
        ("insurance.span_ratio", "25 %", "expected a decimal number"),
    ],
)
def test_terms_of_the_exchange_stop_that_mean_nothing_are_refused(
    key: str, text: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        load(None, {}, {key: text})


def test_the_terms_of_the_exchange_stop_reach_the_decisions() -> None:
    given = {
        "insurance.enabled": "false",
        "insurance.buffer_pct": "2",
        "insurance.span_ratio": "0.5",
    }
    terms = load(None, {}, given).settings().insurance
    assert (terms.enabled, terms.buffer_pct, terms.span_ratio) == (False, 2, Decimal("0.5"))


@pytest.mark.parametrize("profile", ["paper", "live"])
def test_only_the_simulated_profile_may_hold_without_exchange_stops(profile: str) -> None:
    found = examine(None, {}, {"profile": profile, "insurance.enabled": "false"})
    assert any("only the profile sim may hold" in wrong.what for wrong in found.wrong)


@pytest.mark.parametrize(
    ("written", "read"),
    [("key.toml", "conf/key.toml"), ("../key.toml", "conf/../key.toml"), ("/etc/key", "/etc/key")],
)
def test_a_path_in_a_file_begins_beside_that_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, read: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "conf" / "robsond.toml"
    path.parent.mkdir()
    path.write_text(f'[exchange]\nkey_file = "{written}"\n')

    assert load(path, {}, {})["exchange.key_file"] == str(tmp_path / read)
    assert load(path.relative_to(tmp_path), {}, {})["exchange.key_file"] == read


def test_a_path_in_the_environment_begins_where_robsond_was_started(tmp_path: Path) -> None:
    path = tmp_path / "robsond.toml"
    path.write_text('[exchange]\nkey_file = ""\n')

    assert load(path, {}, {})["exchange.key_file"] == ""
    named = {"ROBSON__EXCHANGE__KEY_FILE": "key.toml"}
    assert load(path, named, {})["exchange.key_file"] == "key.toml"
