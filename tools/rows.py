"""Takes the rows of the recovery table away one by one: exactly the tests that carry one go red.

Nothing is patched: the row is taken out of the table in the process that runs the tests.
Usage: python tools/rows.py [ROW ...]
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from conformance_page import proofs

ROOT = Path(__file__).resolve().parent.parent
TESTS = "tests/simulation/test_reconcile.py"
TABLE = "test_the_table_is_the_one_that_is_tested"
"""It would notice every row, whatever else does."""
HELPS = "missed"
"""Part of rows R8 to R10, and no row itself."""
_WITHOUT = """
import sys, pytest
from robson.engine.reconcile import ROWS
del ROWS[sys.argv[1]]
sys.exit(pytest.main(["-q", "-rf", "--tb=no", "-p", "no:cacheprovider", *sys.argv[2:]]))
"""


def red_without(row: str) -> set[str]:
    """The tests that fail when a row is not there."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, row, TESTS, "--deselect", f"{TESTS}::{TABLE}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED ")]
    return {line.split("::")[1].split()[0].partition("[")[0] for line in failed}


def proving(row: str) -> set[str]:
    """The tests that carry a row."""
    return {test.partition("::")[2] for test in proofs().get(row, []) if test.startswith(TESTS)}


def rows() -> list[str]:
    """Every row that has a function of its own."""
    from robson.engine.reconcile import ROWS  # noqa: PLC0415 - heavy, and only wanted here

    return [row for row in ROWS if row != HELPS]


def main(names: list[str]) -> int:
    right = 0
    wanted = names or rows()
    print(f"{'row':5} {'seconds':>8}  verdict")
    for row in wanted:
        began = time.monotonic()
        red, marked = red_without(row), proving(row)
        if marked and red == marked:
            right += 1
            said = f"exactly its tests are red: {', '.join(sorted(red))}"
        else:
            said = f"WRONG: red are {sorted(red)}, marked are {sorted(marked)}"
        print(f"{row:5} {time.monotonic() - began:8.1f}  {said}", flush=True)
    print(f"{right} of {len(wanted)} rows")
    return 0 if wanted and right == len(wanted) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
