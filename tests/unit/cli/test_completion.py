"""Completion scripts: what a real shell offers at a cursor."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable

import pytest

from robson.cli.arguments import COMMANDS
from robson.cli.commands.completion import commands
from robson.cli.main import run

CASES = (
    ("sta", {"status"}),
    ("status --sy", {"--symbol"}),
    ("status --state act", {"active"}),
    ("config ", {"show", "set", "reset"}),
    ("completion b", {"bash"}),
    ("--json arm --side l", {"long"}),
    ("arm --capital ", set()),
    ("panic --no", {"--no-wait", "--no-color"}),
)


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["completion", shell], {}) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_in_a_document_where_one_is_asked_for(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = script(shell, capsys)
    assert run(["--json", "completion", shell], {}) == 0

    document = json.loads(capsys.readouterr().out)

    assert document == {"schema": "robson.completion/1", "shell": shell, "script": bare}


@pytest.mark.parametrize(("typed", "wanted"), CASES)
def test_bash_offers_what_fits(
    typed: str, wanted: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["robson", *typed.split(" ")]
    quoted = " ".join(f"'{word}'" for word in words)
    program = (
        f"{script('bash', capsys)}\nCOMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _robson;"
        ' printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    offered = {word for word in done.stdout.split() if word}

    assert done.stderr == ""
    assert wanted <= offered
    prefix = words[-1]
    assert all(word.startswith(prefix) for word in offered)
    if not wanted:
        assert not offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_option_is_in_it(
    shell: str, capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]
) -> None:
    text = script(shell, capsys)
    known = commands()

    assert [each.name for each in known] == list(COMMANDS)
    for command in known:
        assert command.name in text
        for option in command.options:
            assert option.name.removeprefix("--") in text
    program = shutil.which(shell)
    if program:
        done = subprocess.run(
            [program, "-n"], input=text, capture_output=True, text=True, check=False, timeout=30
        )
        assert (done.returncode, done.stderr) == (0, "")
    judged = "read by the shell itself" if program else "no such shell here, words only"
    record_property("note", f"completion: {shell}: {judged}")
