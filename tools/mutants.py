"""Plants known faults one by one in a copy of the tree, and expects the tests named to go red.

Each tests/mutants/*.patch begins with one line or more that say who must notice:

    # expect: tests/unit/engine/test_sizing.py::test_rounds_down
    # expect: world --seeds 1..50

`world` is the deterministic simulation (`robson-sim world`); anything else goes to pytest. A test
kills only by failing: an error of collection, of syntax or of the command line does not count, nor
does a test that was red before the fault was planted.
Usage: python tools/mutants.py [NAME ...]
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
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATCHES = ROOT / "tests" / "mutants"
TAPES = Path(os.environ.get("ROBSON_TAPES", ROOT.parent / "shared" / "data"))
EXPECT = "# expect:"
TIMEOUT_S = 900
PYTEST = ["-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]


class Survived(Exception):
    """The fault was not noticed as it should have been; the text says why."""


def expectations(patch: Path) -> list[str]:
    """Return what must go red."""
    lines = patch.read_text().splitlines()  # those of the diff begin with other characters
    return [line.removeprefix(EXPECT).strip() for line in lines if line.startswith(EXPECT)]


def copy_tree(into: Path) -> None:
    ignored = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, into, ignore=ignored, symlinks=True)


def run(command: list[str], tree: Path) -> subprocess.CompletedProcess[str]:
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
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Survived(f"no answer within {TIMEOUT_S} s from: {shlex.join(command)}") from error


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


def judge(patch: Path, clean: Path, green: dict[str, bool]) -> str:
    """Return what killed the mutant."""
    wanted = expectations(patch)
    if not wanted:
        raise Survived(f"names nothing that must go red ({EXPECT} ...)")
    for expectation in wanted:
        require_green(expectation, clean, green)
    with tempfile.TemporaryDirectory(prefix="robson-mutant-") as folder:
        tree = Path(folder, "tree")
        copy_tree(tree)
        plant(patch, tree)
        for expectation in wanted:
            if not is_red(expectation, tree):
                raise Survived(f"not noticed by {expectation}")
    return ", ".join(wanted)


def imports_from(tree: Path) -> bool:
    """Whether tests of `tree` would really import its code, and not the original's."""
    done = run(["-c", "import robson; print(robson.__file__)"], tree)
    return Path(done.stdout.strip()).is_relative_to(tree)


def main(names: list[str]) -> int:
    every = {path.stem: path for path in sorted(PATCHES.glob("*.patch"))}
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
                by = "killed by " + judge(patch, clean, green)
                killed += 1
            except Survived as error:
                by = f"SURVIVED: {error}"
            print(f"{patch.stem:40} {time.monotonic() - started:8.1f}  {by}", flush=True)
    print(f"{killed} of {len(patches)} killed")
    return 0 if patches and killed == len(patches) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
