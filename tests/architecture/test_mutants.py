"""Every planted fault still applies to the code as it is, and names a test that exists.

Whether each is noticed takes minutes: `./tools/test --mutants` shows that.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATCHES = sorted((ROOT / "tests" / "mutants").glob("*.patch"))
EXPECT = "# expect:"
LEAST = 10


def applies(patch: Path) -> str:
    """What git says against a patch; empty when it applies."""
    command = ["git", "apply", "--check", str(patch)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stderr


def expected(patch: Path) -> list[str]:
    lines = patch.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix(EXPECT).strip() for line in lines if line.startswith(EXPECT)]


def missing(expectation: str) -> bool:
    """Whether a test is named that is not there."""
    if expectation.startswith("world "):
        return False
    path, _, name = expectation.split(maxsplit=1)[0].partition("::")
    source = ROOT / path
    if not source.exists():
        return True
    test = name.partition("[")[0].rpartition("::")[2]
    return f"def {test}" not in source.read_text(encoding="utf-8") if test else False


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_a_planted_fault_fits_the_code(patch: Path) -> None:
    assert applies(patch) == ""
    assert expected(patch), "it names nobody who must notice"
    assert [each for each in expected(patch) if missing(each)] == []


def test_there_are_planted_faults(record_property: Callable[[str, object], None]) -> None:
    assert len(PATCHES) >= LEAST
    record_property("note", f"mutants: {len(PATCHES)} patches fit the code")


def test_a_patch_that_no_longer_fits_is_found(tmp_path: Path) -> None:
    stale = tmp_path / "stale.patch"
    text = PATCHES[0].read_text(encoding="utf-8")
    stale.write_text(text.replace("\n-", "\n-no longer there "), encoding="utf-8")

    assert applies(stale)
    assert missing("tests/nowhere.py::test_x")
    assert missing("tests/architecture/test_mutants.py::test_nobody_wrote")
