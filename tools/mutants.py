"""Plants known faults one by one in a copy of the tree, and expects the tests named to go red.

Each tests/mutants/*.patch begins with one line or more that say who must notice:

    # expect: tests/unit/engine/test_sizing.py::test_rounds_down
    # expect: world --seeds 1..50

`world` is the deterministic simulation (`robson-sim world`); anything else goes to pytest. A test
kills only by failing: an error of collection, of syntax or of the command line does not count, nor
does a test that was red before the fault was planted.

With --world another question is put: does the simulation alone find it, by the checker that should?

    # world: S14

Worlds are lived up to the first one in which anything is violated, 2,000 at most. A named checker
has to be among what is violated there (of several, one), and the same world has to be clean without
the fault.
Usage: python tools/mutants.py [--world] [NAME ...]
"""

from __future__ import annotations

import ast
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATCHES = ROOT / "tests" / "mutants"
TAPES = Path(os.environ.get("ROBSON_TAPES", ROOT.parent / "shared" / "data"))
EXPECT, WORLD = "# expect:", "# world:"
TIMEOUT_S = 900
SEEDS = 2_000
WORLD_TIMEOUT_S = 7_200
PYTEST = ["-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]


class Survived(Exception):
    """The fault was not noticed as it should have been; the text says why."""


def expectations(patch: Path, header: str = EXPECT) -> list[str]:
    """Return what must go red: the tests, or the checkers of the world."""
    lines = patch.read_text().splitlines()  # those of the diff begin with other characters
    return [line.removeprefix(header).strip() for line in lines if line.startswith(header)]


def copy_tree(into: Path) -> None:
    ignored = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, into, ignore=ignored, symlinks=True)


def run(
    command: list[str], tree: Path, timeout_s: int = TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    """Run a Python command on the code in `tree`."""
    # The venv's editable install points at the original. PYTHONPATH comes before it, also in the
    # processes that a test starts.
    environment = os.environ | {"PYTHONPATH": str(tree)}
    if TAPES.is_dir():
        environment["ROBSON_TAPES"] = str(TAPES.resolve())
    try:
        return subprocess.run(
            [sys.executable, *command],
            cwd=tree,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Survived(f"no answer within {timeout_s} s from: {shlex.join(command)}") from error


def is_red(expectation: str, tree: Path) -> bool:
    """Whether what is expected to notice finds a fault in `tree`; anything unclear is an error."""
    first, *rest = shlex.split(expectation)
    if first == "world":
        seeds = rest or ["--seeds", "1..50"]
        done = run(["-m", "robson.sim", "world", "--json", *seeds], tree)
        # An uncaught exception also exits 1, so the document has to name what was violated.
        red = done.returncode == 1 and names_violations(done.stdout)
    else:
        done = run(["-m", "pytest", *PYTEST, first, *rest], tree)
        red = done.returncode == 1
    if red:
        return True
    if done.returncode == 0:
        return False
    words = (done.stdout + done.stderr).strip().splitlines()[-3:]
    raise Survived(f"{expectation}: exit {done.returncode}, no verdict: {' | '.join(words)}")


def names_violations(document: str) -> bool:
    try:
        return bool(json.loads(document)["violations"])
    except (ValueError, KeyError):
        return False


def plant(patch: Path, tree: Path) -> None:
    # Without the ceiling a copy inside some other repository would be patched relative to that.
    environment = os.environ | {"GIT_CEILING_DIRECTORIES": str(tree.parent)}
    command = ["git", "apply", str(patch)]
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Survived(f"does not apply: {' | '.join(done.stderr.splitlines())}")
    for line in patch.read_text().splitlines():
        if line.startswith("+++ b/") and line.endswith(".py"):
            try:
                ast.parse((tree / line.removeprefix("+++ b/")).read_text())
            except SyntaxError as error:
                raise Survived(f"is no Python: {error}") from error


def require_green(expectation: str, tree: Path, known: dict[str, bool]) -> None:
    if expectation not in known:
        known[expectation] = not is_red(expectation, tree)
    if not known[expectation]:
        raise Survived(f"{expectation} is red without any fault")


def first_violated(tree: Path, first: int, last: int) -> tuple[int, list[str]] | None:
    """The first seed whose world violates anything in `tree`, and by which checkers."""
    seeds = f"{first}..{last}"
    command = ["-m", "robson.sim", "world", "--json", "--fail-fast", "--jobs", "1"]
    done = run([*command, "--seeds", seeds], tree, WORLD_TIMEOUT_S)
    try:
        violations = json.loads(done.stdout)["violations"]
    except (ValueError, KeyError):
        words = (done.stdout + done.stderr).strip().splitlines()[-3:]
        message = f"world {seeds}: exit {done.returncode}, no verdict: {' | '.join(words)}"
        raise Survived(message) from None
    if not violations:
        return None
    return violations[0]["seed"], sorted({found["rule"] for found in violations})


def judge_by_world(patch: Path, clean: Path, _green: dict[str, bool]) -> str:
    """Return which checker caught the mutant, and in which world."""
    named = {rule for line in expectations(patch, WORLD) for rule in line.replace(",", " ").split()}
    if not named:
        raise Survived(f"names no checker of the world ({WORLD} S1)")
    with planted(patch) as tree:
        caught = first_violated(tree, 0, SEEDS - 1)
    if caught is None:
        raise Survived(f"no checker minded it in {SEEDS:,} worlds")
    seed, rules = caught
    if not named & set(rules):
        wanted = ", ".join(sorted(named))
        raise Survived(f"{', '.join(rules)} spoke first, in seed {seed}, and not {wanted}")
    if first_violated(clean, seed, seed) is not None:
        raise Survived(f"seed {seed} is violated without any fault")
    return f"{', '.join(rules)} in seed {seed}"


@contextmanager
def planted(patch: Path) -> Iterator[Path]:
    """A copy of the tree with the fault in it."""
    with tempfile.TemporaryDirectory(prefix="robson-mutant-") as folder:
        tree = Path(folder, "tree")
        copy_tree(tree)
        plant(patch, tree)
        yield tree


def judge(patch: Path, clean: Path, green: dict[str, bool]) -> str:
    """Return what killed the mutant."""
    wanted = expectations(patch)
    if not wanted:
        raise Survived(f"names nothing that must go red ({EXPECT} ...)")
    for expectation in wanted:
        require_green(expectation, clean, green)
    with planted(patch) as tree:
        for expectation in wanted:
            if not is_red(expectation, tree):
                raise Survived(f"not noticed by {expectation}")
    return ", ".join(wanted)


def imports_from(tree: Path) -> bool:
    """Whether tests of `tree` would really import its code, and not the original's."""
    done = run(["-c", "import robson; print(robson.__file__)"], tree)
    return Path(done.stdout.strip()).is_relative_to(tree)


def main(arguments: list[str]) -> int:
    names = [each for each in arguments if each != "--world"]
    by_world = "--world" in arguments
    header, asks = (WORLD, judge_by_world) if by_world else (EXPECT, judge)
    all_patches = sorted(PATCHES.glob("*.patch"))
    every = {path.stem: path for path in all_patches if expectations(path, header)}
    if unknown := set(names) - every.keys():
        print(f"no such mutant: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 64
    patches = [every[name] for name in names or every]
    killed = 0
    green: dict[str, bool] = {}
    with tempfile.TemporaryDirectory(prefix="robson-clean-") as folder:
        clean = Path(folder, "tree").resolve()
        copy_tree(clean)
        if not imports_from(clean):
            print("a copy of the tree imports the original's code: nothing can be shown")
            return 1
        print(f"{'mutant':40} {'seconds':>8}  verdict")
        for patch in patches:
            started = time.monotonic()
            try:
                by = "killed by " + asks(patch, clean, green)
                killed += 1
            except Survived as error:
                by = f"SURVIVED: {error}"
            print(f"{patch.stem:40} {time.monotonic() - started:8.1f}  {by}", flush=True)
    print(f"{killed} of {len(patches)} killed")
    return 0 if patches and killed == len(patches) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
