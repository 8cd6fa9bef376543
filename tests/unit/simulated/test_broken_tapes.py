"""Every broken file is refused in one line that names the line, at once, in little memory.

Each goes through the reader that the daemon uses; what is refused leaves nothing behind.
"""

from __future__ import annotations

import os
import re
import socket
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from robson.connectors.simulated.tape_reader import read_tape
from robson.domain.errors import TapeError
from tests.unit.simulated.broken_tapes import GOOD, NAME, Broken, Odd, broken, odd

Note = Callable[[str, object], None]

AT_ONCE_S = 5.0
LITTLE_BYTES = 24 << 20
NOBODY = 65_534


def refusal(path: Path, symbol: str | None = None) -> str:
    """The one line with which a tape is refused; the name of the file stands in it."""
    began = time.monotonic()
    with pytest.raises(TapeError) as caught:
        read_tape(path, symbol=symbol)
    said = str(caught.value)
    assert time.monotonic() - began < AT_ONCE_S
    assert said.isprintable(), said
    assert len(said) < 700
    return said


def written(folder: Path, file: str, data: bytes) -> Path:
    path = folder / file
    path.write_bytes(data)
    return path


def judge(folder: Path, case: Broken) -> str | None:
    """What is wrong with the refusal of a file; None when it is as it should be."""
    path = written(folder, case.file, case.data)
    said = refusal(path)
    line = re.search(r", line (\d+): ", said)
    if case.says not in said:
        return f"{case.name}: {case.says!r} is not in: {said}"
    if (line and int(line[1])) != case.line:
        return f"{case.name}: not about line {case.line}: {said}"
    if path.name not in said:
        return f"{case.name}: does not name the file: {said}"
    if [found.name for found in folder.iterdir()] != [case.file]:
        return f"{case.name}: something was left behind"
    path.unlink()
    return None


def test_every_broken_tape_is_refused_with_its_line(tmp_path: Path, record_property: Note) -> None:
    cases = broken()
    names = [case.name for case in cases]
    wrong = [found for case in cases if (found := judge(tmp_path, case))]

    assert wrong == []
    assert len(names) == len(set(names)) > 200
    with_line = sum(case.line is not None for case in cases)
    record_property("note", f"tapes: {len(names)} broken files refused, {with_line} with the line")


def test_the_judge_can_say_no(tmp_path: Path) -> None:
    """Another line, other words: what the test above relies on."""
    right = next(case for case in broken() if case.line)

    assert judge(tmp_path, right) is None
    assert judge(tmp_path, right._replace(line=7)) is not None
    assert judge(tmp_path, right._replace(says="something else")) is not None


@pytest.mark.parametrize("case", odd(), ids=lambda case: case.name)
def test_what_only_looks_odd_is_read(tmp_path: Path, case: Odd) -> None:
    tape = read_tape(written(tmp_path, case.file, case.data))

    assert (len(tape), tape.skipped) == (case.rows, case.skipped)
    assert len(tape.warnings) == bool(case.skipped), "one warning however many"


def test_no_broken_tape_takes_much_memory(tmp_path: Path) -> None:
    large = [case for case in broken_large() if written(tmp_path, case.file, case.data)]
    for case in large:
        path = written(tmp_path, case.file, case.data)
        tracemalloc.start()
        try:
            refusal(path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < LITTLE_BYTES, case.name
    assert len(large) >= 3


def broken_large() -> list[Broken]:
    """Files that are large, or become so."""
    return [case for case in broken() if case.name in LARGE]


LARGE = ("a bomb", "10 MB header", "bar: 10 MB, plain", "bar: 10 MB, gzip")


# --- what is no file -----------------------------------------------------------------------------


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Path]:
    """A socket in the file system; its path has a bound of its own, so it is made from here."""
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(NAME)
            yield tmp_path / NAME
    finally:
        os.chdir(here)


def test_a_socket_is_refused(listener: Path) -> None:
    assert "cannot be opened" in refusal(listener)


@pytest.mark.timeout(20)
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)
    (tmp_path / f"ETH{NAME}").symlink_to(tmp_path / NAME)

    assert "is a pipe or device" in refusal(tmp_path / NAME)
    assert "is a pipe or device" in refusal(tmp_path / f"ETH{NAME}", symbol="ETH/USDT")


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero", "/dev/tty"])
def test_a_device_is_refused(device: str) -> None:
    said = refusal(Path(device), symbol="BTC/USDT")

    assert "is a pipe or device" in said or "cannot be opened" in said


def test_a_file_that_the_kernel_will_not_read_is_refused() -> None:
    assert "cannot be read" in refusal(Path("/proc/self/mem"), symbol="BTC/USDT")


def test_a_folder_a_loop_and_a_path_through_a_file_are_refused(tmp_path: Path) -> None:
    loop = tmp_path / NAME
    loop.symlink_to(loop)
    (tmp_path / "file").write_bytes(GOOD)

    assert "is a directory" in refusal(tmp_path)
    assert "cannot be opened" in refusal(loop)
    assert "cannot be opened" in refusal(tmp_path / "file" / NAME)
    assert "cannot be opened" in refusal(tmp_path / ("x" * 400))
    assert "No such file" in refusal(tmp_path / "nothing.csv")


def test_a_path_that_is_not_utf8_is_read_and_named(tmp_path: Path) -> None:
    named, unnamed = (
        Path(os.fsdecode(os.fsencode(tmp_path) + name))
        for name in (b"/BTCUSDT-\xff.csv", b"/\xff\xfe.csv")
    )
    for path in (named, unnamed):
        path.write_bytes(GOOD)

    assert "does not begin with a known pair" in refusal(unnamed)
    assert len(read_tape(named)) == len(read_tape(unnamed, symbol="BTCUSDT")) == 40
    assert read_tape(named).name.isprintable()


def test_a_file_that_may_not_be_read_is_refused() -> None:
    was = os.geteuid()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        path = written(folder, NAME, GOOD)
        if was == 0:
            os.seteuid(NOBODY)
        try:
            assert len(read_tape(path)) == 40, "somebody else may read it so far"
        finally:
            os.seteuid(was)
        path.chmod(0)
        if was == 0:
            os.seteuid(NOBODY)
        try:
            assert "Permission denied" in refusal(path)
        finally:
            os.seteuid(was)
