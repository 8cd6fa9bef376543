"""A short place on disk for each test with real processes, and a count of what really happened.

A test says so by `record_property("happened", "kill -9: at entry.sent")`, after it has made sure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import folder


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that is gone at the end; a socket's path fits into it."""
    with folder() as made:
        yield made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how often each thing happened, in tests that passed."""
    counts = Counter(
        str(value).partition(":")[0]
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == "happened"
    )
    for what, count in sorted(counts.items()):
        terminalreporter.write_line(f"{count:4} x {what}")
