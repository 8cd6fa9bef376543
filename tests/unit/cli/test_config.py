"""``robson init`` and ``robson config``: a file of one's own, changed line by line."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from robson.cli import config_file
from robson.cli.main import run
from robson.cli.problem import Problem
from robson.cli.settings import KEYS, checked

SAMPLES: dict[str, tuple[str, Any]] = {
    "daemon.url": ("unix:///tmp/x.sock", "unix:///tmp/x.sock"),
    "daemon.timeout_ms": ("700", 700),
    "daemon.token_file": ("~/my token", "~/my token"),
    "output.format": ("csv", "csv"),
    "output.color": ("false", False),
    "risk.default_capital": ("1000.50", "1000.50"),
    "risk.default_leverage": ("2", 2),
    "risk.max_open_positions": ("5", 5),
    "logging.level": ("debug", "debug"),
}


class Done(NamedTuple):
    code: int
    out: str
    err: str


class Shell:
    def __init__(self, path: Path, capsys: Any) -> None:
        self.path, self._capsys = path, capsys

    def __call__(self, *words: str, **environ: str) -> Done:
        code = run(words, {"ROBSON_CONFIG": str(self.path), **environ})
        said = self._capsys.readouterr()
        return Done(code, said.out, said.err)

    def settings(self) -> Any:
        return json.loads(self("config", "show", "--json").out)["settings"]


@pytest.fixture
def robson(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path / "new" / "config.toml", capsys)


def test_init_writes_every_key_explained_and_none_of_them_set(robson: Shell) -> None:
    done = robson("init", "--defaults")
    text = robson.path.read_text()

    assert (done.code, done.err) == (0, "")
    assert "WRITTEN" in done.out
    assert checked(text, "x") == {}
    for key, row in KEYS.items():
        assert f"# {key.partition('.')[2]} = {row.sample}" in text
        assert row.meaning[1:] in text
    assert max(map(len, text.splitlines())) <= 100
    assert stat.S_IMODE(robson.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(robson.path.parent.stat().st_mode) == 0o700


def test_the_samples_of_the_commented_file_are_allowed() -> None:
    text = config_file.commented({})
    uncommented = "\n".join(
        line[2:] if " = " in line and line.startswith("# ") else line for line in text.splitlines()
    )

    assert set(checked(uncommented, "x")) == set(KEYS)


def test_init_keeps_what_is_there_unless_forced(robson: Shell) -> None:
    robson("init", "--defaults")
    robson.path.write_text("[output]\ncolor = false\n")

    refused = robson("init", "--defaults")

    assert refused.code == 2
    assert "robson init --force" in " ".join(refused.err.split())
    assert robson.path.read_text() == "[output]\ncolor = false\n"
    assert robson("init", "--defaults", "--force").code == 0
    assert robson.settings()["output.color"]["value"] is not False


def test_init_asks_nobody_who_is_not_there(robson: Shell) -> None:
    done = robson("init")

    assert done.code == 2
    assert "--defaults" in done.err
    assert not robson.path.exists()


@pytest.mark.parametrize("key", KEYS)
def test_each_key_can_be_set_and_reset(robson: Shell, key: str) -> None:
    text, value = SAMPLES[key]
    robson("init", "--defaults")
    before = robson.path.read_text()

    assert robson("config", "set", key, text).code == 0
    assert checked(robson.path.read_text(), "x") == {key: value}
    assert robson.settings()[key]["source"] in ("file", "flag")  # --json is a flag itself
    changed = [
        line
        for line, old in zip(robson.path.read_text().splitlines(), before.splitlines(), strict=True)
        if line != old
    ]
    assert len(changed) == 1, "the other lines, and every comment, stay"
    assert robson("config", "reset", key).code == 0
    assert robson.path.read_text() == before
    assert stat.S_IMODE(robson.path.stat().st_mode) == 0o600


def test_a_key_is_set_in_a_file_that_a_person_wrote(robson: Shell) -> None:
    robson.path.parent.mkdir()
    robson.path.write_text('[output]   # mine\ncolor=false # no\n\n[logging]\nlevel = "info"\n')

    robson("config", "set", "output.format", "json")
    robson("config", "set", "daemon.timeout_ms", "1")

    text = robson.path.read_text()
    assert text.startswith("[output]   # mine\n")
    assert "color=false # no\n" in text
    assert checked(text, "x") == {
        "output.color": False, "output.format": "json", "logging.level": "info",
        "daemon.timeout_ms": 1,
    }  # fmt: skip


def test_what_cannot_be_edited_is_left_alone(robson: Shell) -> None:
    robson.path.parent.mkdir()
    for text in (
        "output = {color = false}\n",
        "output.color = false\n",
        "[output]\n'color' = true\n",
    ):
        robson.path.write_text(text)
        done = robson("config", "set", "output.color", "true" if "false" in text else "false")
        assert done.code == 2, text
        assert "Edit it by hand" in done.err
        assert robson.path.read_text() == text


def test_reset_keeps_the_old_file_beside_and_repairs_a_broken_one(robson: Shell) -> None:
    robson.path.parent.mkdir()
    robson.path.write_text("this is [not TOML")

    assert robson("config", "show").code == 2
    assert robson("config", "set", "output.color", "true").code == 2
    assert robson("config", "reset").code == 0
    assert Path(f"{robson.path}.bak").read_text() == "this is [not TOML"
    assert robson("config", "show").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["set"], "KEY is missing."),
        (["set", "output.color"], "VALUE is missing."),
        (["show", "output.color"], "output.color is one word too many."),
        (["reset", "output.color", "x"], "x is one word too many."),
        (
            ["set", "output.colour", "true"],
            "output.colour is not a key. Did you mean output.color?",
        ),
        (["set", "output.color", "yes"], "output.color is yes; allowed is true, false."),
        (["set", "daemon.timeout_ms", "-1"], "daemon.timeout_ms is -1; allowed is 1 to 600000."),
        (["set", "daemon.url", "a\nb"], "cannot be printed"),
        (["reset", "nothing"], "nothing is not a key."),
        (["set", "daemon.url", "ftp://x"], "ftp://x is no address of a daemon"),
    ],
)
def test_what_is_refused_changes_nothing(robson: Shell, words: list[str], said: str) -> None:
    done = robson("config", *words)

    assert done.code == 2
    assert said in " ".join(done.err.split())
    assert not robson.path.exists()


def test_a_file_that_cannot_be_written_is_said_and_is_as_it_was(
    robson: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    robson("init", "--defaults")
    before = robson.path.read_text()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    done = robson("config", "set", "output.color", "false")

    assert done.code == 2
    assert "No space left on device" in done.err
    assert robson.path.read_text() == before
    assert [each.name for each in robson.path.parent.iterdir()] == ["config.toml"]


def test_a_wrong_variable_is_said_before_anything_is_written(robson: Shell) -> None:
    for words in (["init", "--defaults"], ["config", "set", "output.color", "true"]):
        assert robson(*words, ROBSON_OUTPUT_FORMAT="xml").code == 2
    assert not robson.path.exists()


def test_a_value_as_toml_reads_back() -> None:
    for value in ('a "quoted" \\ one', "é", True, False, 5, "1000.50"):
        assert tomllib.loads(f"x = {config_file.toml(value)}")["x"] == value
    with pytest.raises(Problem):
        config_file.toml("a\x00b")
