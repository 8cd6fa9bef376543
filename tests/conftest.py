"""What every test may rely on: recorded tapes if there are any, exact decimals, fixed profiles.

Writes lines of its own into pytest's summary, so that a run which had less to work on says so.
"""

from __future__ import annotations

import decimal
import os
from pathlib import Path

import hypothesis
import pytest

from tests.parts import part_of

ROOT = Path(__file__).resolve().parent.parent

# The same sequence on every run in CI, so that a red run can be repeated anywhere. Nowhere a
# deadline: a noisy machine is no fault of the code.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
hypothesis.settings.register_profile("dev", deadline=None, print_blob=True)
hypothesis.settings.register_profile("long", deadline=None, print_blob=True, max_examples=5_000)
hypothesis.settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev")
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--part", metavar="K/N", help="only the K-th of N parts of the tests")


@pytest.hookimpl(trylast=True)  # of what is left by -m and -k
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if (said := config.getoption("--part")) is None:
        return
    part = part_of((item.nodeid for item in items), said)
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in part])
    items[:] = [item for item in items if item.nodeid in part]


def pytest_configure(config: pytest.Config) -> None:
    try:  # here, before any worker starts
        part_of((), config.getoption("--part") or "1/1")
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    # As in robsond. A context is per thread: DefaultContext reaches the threads still to come,
    # setcontext the one that is here already.
    exact = decimal.DefaultContext
    exact.prec = 38
    for signal in (
        decimal.DivisionByZero,
        decimal.FloatOperation,
        decimal.InvalidOperation,
        decimal.Overflow,
    ):
        exact.traps[signal] = True
    decimal.setcontext(exact.copy())
    recorded_tapes()  # a wrong ROBSON_TAPES is said at once


def recorded_tapes() -> Path | None:
    """Return the folder of recorded market data, if this machine has it."""
    named = os.environ.get("ROBSON_TAPES")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if folder.is_dir():
        return folder.resolve()
    if named:
        raise pytest.UsageError(f"ROBSON_TAPES={named} is no folder")
    return None


@pytest.fixture(scope="session")
def tapes() -> Path | None:
    """Give the folder of recorded market data, or None: then a test makes its own tape."""
    return recorded_tapes()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests noted by `record_property("note", ...)`, and which tapes there were."""
    notes = [
        str(value)
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == "note"
    ]
    folder = recorded_tapes()
    if folder is None:
        notes.append("recorded tapes absent: generated tapes carry the suite")
    else:
        notes.append(f"recorded tapes: {folder}")
    terminalreporter.section("notes")
    for note in sorted(set(notes)):
        terminalreporter.write_line(note)
