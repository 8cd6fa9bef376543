"""``robsond check-config``: everything that is wrong in one run, and what holds, both ways."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from robson.daemon import check_config
from robson.daemon.config import KEYS
from robson.daemon.exits import CONFIG

WRONG = "[risk]\ngap_bps = -1\nmax_leverge = 3\nmax_leverage = 4\n"


def checked(
    capsys: pytest.CaptureFixture[str], file: Path | None, *, as_json: bool, **environ: str
) -> tuple[int, str]:
    """Run the command; its exit code and what it prints."""
    args = argparse.Namespace(config=str(file) if file else None, json=as_json)
    code = check_config.run(args, environ)
    told = capsys.readouterr()
    assert told.err == ""
    return code, told.out


def written(folder: Path, text: str) -> Path:
    path = folder / "robsond.toml"
    path.write_text(text)
    return path


def test_every_problem_and_every_value_in_one_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, WRONG)
    code, out = checked(capsys, file, as_json=True, ROBSON__SIGNAL__TTL_S="60")
    told: dict[str, Any] = json.loads(out)
    values = {row["key"]: row for row in told["configuration"]}

    assert (code, told["ok"]) == (CONFIG, False)
    assert [(p["place"], p["key"]) for p in told["problems"]] == [
        (f"{file}, line 2", "risk.gap_bps"),
        (f"{file}, line 3", "risk.max_leverge"),
    ]
    assert set(values) == set(KEYS)
    assert values["risk.gap_bps"]["value"] is None
    assert (values["risk.max_leverage"]["value"], values["risk.max_leverage"]["source"]) == (
        "4",
        str(file),
    )
    assert values["signal.ttl_s"]["source"] == "the environment"
    assert values["api.grpc"]["source"] == "default"


def test_the_same_as_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, WRONG)
    code, out = checked(capsys, file, as_json=False)

    assert code == CONFIG
    assert out.startswith("2 problems")
    assert f"{file}, line 2: risk.gap_bps is -1; allowed is 0 to 500" in out
    assert out.isascii()


@pytest.mark.parametrize("as_json", [True, False])
def test_nothing_wrong_is_exit_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    file = written(tmp_path, "[risk]\nmax_leverage = 4\n")
    code, out = checked(capsys, file, as_json=as_json)

    assert code == 0
    assert str(file) in out
    assert "problem" not in out.partition("\n")[0]


def test_a_file_that_cannot_be_read_hides_nothing_of_the_environment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = checked(capsys, tmp_path / "none.toml", as_json=True, ROBSON__RISK__GAP_BPS="x")

    assert code == CONFIG
    assert len(json.loads(out)["problems"]) == 2


def test_a_strategy_that_cannot_be_used_is_a_problem_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mine.toml").write_text("[stop]\nlevel_n = 9\n")
    code, out = checked(capsys, written(tmp_path, ""), as_json=True)
    (problem,) = json.loads(out)["problems"]

    assert code == CONFIG
    assert problem["place"].endswith("mine.toml, line 2")
    assert "level_n is 9" in problem["message"]
