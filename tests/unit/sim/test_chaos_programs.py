"""What chaos forks is what Python would have started: its words, its end, its environment."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from robson.daemon import worker
from robson.daemon.clock import monotonic_s
from robson.sim.chaos.loaded import hold
from robson.sim.chaos.programs import Gate, Process, forked, fresh
from robson.sim.template import Template
from robson.sim.wait import until

SOON_S = 60.0


def ended(process: Process) -> int | None:
    until(lambda: process.poll() is not None, monotonic_s() + SOON_S)
    return process.poll()


def test_a_forked_program_says_and_ends_as_one_that_python_started(tmp_path: Path) -> None:
    for words in (("robson.daemon", "--version"), ("robson.daemon", "nonsense")):
        pair = {"forked": forked(tmp_path / "forked", *words)}
        pair["fresh"] = fresh(tmp_path / "fresh", *words)
        codes = {ended(process) for process in pair.values()}

        assert codes == {0 if "--version" in words else 64}
    assert (tmp_path / "forked").read_text() == (tmp_path / "fresh").read_text() != ""


def test_it_does_nothing_before_its_gate_is_opened(tmp_path: Path) -> None:
    gate, log = tmp_path / "gate", tmp_path / "log"
    process = forked(log, "robson.daemon", "--version", gate=Gate(gate))

    assert until(lambda: log.exists() and process.poll() is not None, monotonic_s() + 0.2) is False
    assert not log.read_text()
    gate.touch()
    assert ended(process) == 0
    assert log.read_text()


def test_a_thread_of_it_waits_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "named", worker.named)  # put back afterwards
    gate = Gate(tmp_path / "gate", "reader")
    hold(str(gate.opens), gate.thread)
    threads = {
        name: threading.Thread(target=worker.guarded(name, lambda: None, lambda *_: None))
        for name in ("feed", "reader")
    }
    for thread in threads.values():
        thread.start()

    threads["feed"].join(SOON_S)
    assert not threads["feed"].is_alive()
    threads["reader"].join(0.2)
    assert threads["reader"].is_alive()
    gate.opens.touch()
    threads["reader"].join(SOON_S)
    assert not threads["reader"].is_alive()


def test_a_signal_ends_it_and_its_end_is_told_once_and_for_all(tmp_path: Path) -> None:
    process = forked(tmp_path / "log", "robson.daemon", "--version", gate=Gate(tmp_path / "never"))
    process.kill()

    assert (process.wait(), process.poll(), process.returncode) == (-9, -9, -9)
    process.terminate()  # its pid may be another's: nothing is sent


def test_variables_that_would_configure_it_do_not_reach_it(tmp_path: Path) -> None:
    for start in (forked, fresh):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ROBSON__PROFILE", "nonsense")
            patch.setattr("robson.sim.chaos.programs._made", [])
            assert ended(start(tmp_path / "log", "robson.daemon", "check-config")) == 0
    assert (tmp_path / "log").read_text().count("0 of ") == 2


def test_whoever_forked_takes_all_of_its_own_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Template] = []
    monkeypatch.setattr("robson.sim.chaos.programs._made", made)
    process = forked(tmp_path / "log", "robson.daemon", "--version", gate=Gate(tmp_path / "never"))
    assert process.poll() is None

    made[0].close()
    assert not Path(f"/proc/{process.pid}").exists()
