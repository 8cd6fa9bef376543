"""Every planted fault still applies to the code as it is, and names a test that exists.

Whether each is noticed takes minutes: `./tools/test --mutants` shows that of the tests, and with
`--world` of the simulation.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from robson.engine.invariants import RULES
from robson.sim.checks import WORLD_RULES

ROOT = Path(__file__).resolve().parents[2]
PATCHES = sorted((ROOT / "tests" / "mutants").glob("*.patch"))
EXPECT, WORLD = "# expect:", "# world:"
LEAST, LEAST_WORLD = 10, 30


def applies(patch: Path) -> str:
    """What git says against a patch; empty when it applies."""
    command = ["git", "apply", "--check", str(patch)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stderr


def expected(patch: Path, header: str = EXPECT) -> list[str]:
    lines = patch.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix(header).strip() for line in lines if line.startswith(header)]


def checkers(patch: Path) -> set[str]:
    """The checkers that must find it in simulated worlds."""
    return {rule for line in expected(patch, WORLD) for rule in line.replace(",", " ").split()}


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
    assert expected(patch) or checkers(patch), "it names nobody who must notice"
    assert [each for each in expected(patch) if missing(each)] == []
    assert checkers(patch) <= RULES.keys() | WORLD_RULES.keys()


def test_there_are_planted_faults(record_property: Callable[[str, object], None]) -> None:
    assert len(PATCHES) >= LEAST
    for_world = [patch for patch in PATCHES if checkers(patch)]
    assert len(for_world) >= LEAST_WORLD
    note = f"mutants: {len(PATCHES)} patches fit the code, {len(for_world)} for the world"
    record_property("note", note)


def test_a_patch_that_no_longer_fits_is_found(tmp_path: Path) -> None:
    stale = tmp_path / "stale.patch"
    text = PATCHES[0].read_text(encoding="utf-8")
    stale.write_text(text.replace("\n-", "\n-no longer there "), encoding="utf-8")

    assert applies(stale)
    assert missing("tests/nowhere.py::test_x")
    assert missing("tests/architecture/test_mutants.py::test_nobody_wrote")
