"""Flag, environment, file, default: the first that speaks, holds."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from robson.cli import parser
from robson.cli.problem import Problem
from robson.cli.settings import Settings, settings

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
        ("url = 'x'\n", "url is not a section."),
        ("[output]\nformat = 'xml'\n", "output.format is xml; allowed is table, json."),
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


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="cannot be read: No such file"):
        read(f"status --config {tmp_path}/none.toml")
