"""Worker processes: interrupted whenever it may be, they end quietly and tidy up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from robson.daemon.clock import monotonic_s
from robson.sim.wait import until
from robson.sim.workers import INTERRUPT, Worker, WorkerLost, as_they_come

BOUND_S = 30.0
MODULE = """
import pathlib, sys, time
place = pathlib.Path(sys.argv[1])
(place / "loads").touch()
while (place / "slow").exists():
    time.sleep(0.01)
from robson.sim.workers import work

def do(piece):
    (place / "begun").touch()
    try:
        while piece == "wait":
            time.sleep(0.01)
        if piece == "end":
            raise SystemExit(3)
        return piece * 2
    finally:
        (place / "tidied").touch()

if __name__ == "__main__":
    work(do)
"""


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Worker]:
    (tmp_path / "does_pieces.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return lambda: Worker("does_pieces", str(tmp_path))


def reached(mark: Path) -> bool:
    """Whether a worker has come so far."""
    return until(mark.exists, monotonic_s() + BOUND_S)


def test_pieces_are_handed_out_and_their_results_come_back(make: Callable[[], Worker]) -> None:
    crew = [make(), make()]
    try:
        assert sorted(as_they_come(crew, [1, 2, 3, 4, 5])) == [2, 4, 6, 8, 10]
    finally:
        for worker in crew:
            worker.dismiss(INTERRUPT)
    assert [worker._process.returncode for worker in crew] == [0, 0]


def test_interrupted_at_work_it_tidies_up(
    make: Callable[[], Worker], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    worker = make()
    worker.begin("wait")
    assert reached(tmp_path / "begun")
    worker.dismiss(INTERRUPT)

    assert (tmp_path / "tidied").exists()
    assert capfd.readouterr().err == ""


def test_interrupted_while_it_loads_it_says_nothing(
    make: Callable[[], Worker], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "slow").touch()
    worker = make()
    assert reached(tmp_path / "loads")
    worker.dismiss(INTERRUPT)

    assert not (tmp_path / "begun").exists()
    assert capfd.readouterr().err == ""


def test_one_that_ends_by_itself_is_missed(make: Callable[[], Worker]) -> None:
    worker = make()
    with pytest.raises(WorkerLost, match="had end to do"):
        list(as_they_come([worker], ["end"]))
    worker.dismiss()
