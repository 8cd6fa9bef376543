"""Flag, environment, file, default: the first that speaks, holds."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from robson.cli import parser
from robson.cli.problem import Problem
from robson.cli.settings import KEYS, Settings, everything, settings

FILE = """
[daemon]
url = "unix:///from/file.sock"
timeout_ms = 1500
token_file = "/from/file"
[output]
format = "json"
color = false
[risk]
default_leverage = 3
[logging]
level = "info"
"""


def read(line: str, environ: dict[str, str] | None = None) -> Settings:
    return settings(parser.parse(shlex.split(line)), environ or {})


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return str(path)


@pytest.fixture(autouse=True)
def no_file_of_mine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))


def test_without_anything_the_defaults_hold() -> None:
    found = read("status")

    assert (found.url, found.timeout_s, found.json, found.colour, found.plain) == (
        None,
        5.0,
        False,
        True,
        False,
    )


def test_the_file_speaks_where_nobody_else_does(file: str) -> None:
    found = read(f"status --config {file}")

    assert (found.url, found.timeout_s, found.json, found.colour, found.token_file) == (
        "unix:///from/file.sock",
        1.5,
        True,
        False,
        "/from/file",
    )


def test_the_environment_is_before_the_file_and_a_flag_before_both(file: str) -> None:
    environ = {
        "ROBSON_CONFIG": file,
        "ROBSON_DAEMON_URL": "unix:///from/env",
        "ROBSON_TOKEN_FILE": "/from/env",
        "ROBSON_OUTPUT_FORMAT": "table",
    }

    assert read("status", environ).url == "unix:///from/env"
    assert read("status", environ).token_file == "/from/env"
    assert not read("status", environ).json
    found = read("status --daemon-url unix:///flag --json --timeout 10", environ)
    assert (found.url, found.json, found.timeout_s) == ("unix:///flag", True, 0.01)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[deamon]\n", "deamon is not a section. Did you mean daemon?"),
        ("[daemon]\nulr = 'x'\n", r"daemon.ulr is not a key. Did you mean url?"),
        ("[daemon]\nurl = 5\n", "daemon.url has the wrong type: 5."),
        ("[daemon]\ntimeout_ms = true\n", "daemon.timeout_ms has the wrong type"),
        ("[daemon]\ntimeout_ms = 0\n", "daemon.timeout_ms is 0; allowed is 1 to 600000."),
        ("[risk]\ndefault_capital = 1e5\n", "default_capital is 1e5; a plain amount above 0"),
        ("[risk]\ndefault_leverage = 11\n", "risk.default_leverage is 11; allowed is 1 to 10."),
        ("[logging]\nlevel = 'inf'\n", "logging.level is inf; allowed is debug, info, warning,"),
        ("url = 'x'\n", "url is not a section."),
        ("[output]\nformat = 'xml'\n", "output.format is xml; allowed is table, json, csv."),
        ("not toml", "is not TOML"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)

    with pytest.raises(Problem) as refused:
        read(f"status --config {path}")

    assert refused.value.code == "INVALID_ARGUMENT"
    assert said in refused.value.message


def test_every_key_of_the_file_reaches_the_call(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[daemon]\nurl="u"\ntimeout_ms=7\ntoken_file="t"\n[output]\nformat="csv"\ncolor=false\n'
        "[risk]\ndefault_capital=10000.50\ndefault_leverage=2\nmax_open_positions=3\n"
        '[logging]\nlevel="debug"\n'
    )
    args = parser.parse(["status", "--config", str(path)])
    found = settings(args, {})

    assert found == Settings(
        url="u", profile=None, state_dir=None, token_file="t", timeout_s=0.007, json=False,
        colour=False, plain=False, verbose=False, csv=True, capital="10000.50", leverage=2,
        level="debug",
    )  # fmt: skip
    assert {each.source for each in everything(args, {}).values()} == {"file"}
    assert set(everything(args, {})) == set(KEYS)


def source(line: str, key: str, **environ: str) -> tuple[object, ...]:
    return tuple(everything(parser.parse(shlex.split(line)), environ)[key])


def test_who_said_it_is_known(file: str) -> None:
    at_ = f"--config {file}"
    colour = "output.color"

    assert source("status", colour) == (True, "default", "")
    assert source("status", colour, NO_COLOR="") == (True, "default", "")
    assert source(f"status {at_}", colour) == (False, "file", "")
    assert source("status", colour, NO_COLOR="1") == (False, "environment", "NO_COLOR")
    assert source("status --no-color", colour) == (False, "flag", "--no-color")
    assert source("history --csv", "output.format") == ("csv", "flag", "--csv")
    said = source(f"status {at_}", "logging.level", ROBSON_LOG_LEVEL="error")
    assert said == ("error", "environment", "ROBSON_LOG_LEVEL")


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(Problem, match="ROBSON_LOG_LEVEL is loud; allowed is debug, info"):
        read("status", {"ROBSON_LOG_LEVEL": "loud"})


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="cannot be read: No such file"):
        read(f"status --config {tmp_path}/none.toml")
