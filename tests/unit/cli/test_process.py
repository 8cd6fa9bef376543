"""``robson`` as a process: what it loads, how it ends, and that nobody ever sees a traceback."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from robson.domain.commands import Command
from tests.contract import lives
from tests.contract.fake_daemon import FakeBackend, listening

ROOT = Path(__file__).resolve().parents[3]
MAIN = [sys.executable, "-c", "from robson.cli.main import main; main()"]
HEAVY = ("attr", "attrs", "cattrs", "loguru", "rich", "statemachine", "requests", "sqlite3")
OURS = (
    "robson.domain",
    "robson.engine",
    "robson.daemon",
    "robson.api.server",
    "robson.api.service",
    "robson.api.translate",
    "robson.api.published",
    "robson.cli.screens",
    "robson.cli.demo",
    "robson.api.document.arm",
    "robson.api.document.answers",
)


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def door(backend: FakeBackend) -> Iterator[str]:
    with listening(backend) as (_, doors):
        yield str(doors.socket)


def environment(door: str, **more: str) -> dict[str, str]:
    return {**os.environ, "ROBSON_DAEMON_URL": door, "PYTHONPATH": str(ROOT), **more}


def robson(door: str, *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MAIN, *words],
        env=environment(door),
        text=True,
        timeout=60,
        check=False,
        **{"capture_output": True, **options},
    )


def test_status_json_loads_nothing_of_the_daemon(door: str) -> None:
    program = (
        "import sys; from robson.cli.main import run;"
        "import os; code = run(['status', '--json'], os.environ);"
        "print(code, *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(door),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    code, *loaded = done.stderr.split()

    assert code == "0"
    assert json.loads(done.stdout)["schema"] == "robson.status/1"
    assert "grpc" in loaded
    for name in loaded:
        assert name.partition(".")[0] not in HEAVY, name
        assert not name.startswith(OURS), name


def test_a_status_that_nobody_reads_ends_quietly(door: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = robson(door, "status", "--json", capture_output=False, stdout=writer,
                      stderr=subprocess.PIPE)  # fmt: skip
    finally:
        os.close(writer)

    assert (done.returncode, done.stderr) == (141, "")


def test_an_answer_that_cannot_be_written_is_said(door: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = robson(door, "status", "--json", capture_output=False, stdout=full,
                      stderr=subprocess.PIPE)  # fmt: skip

    assert done.returncode == 1
    assert "could not be written: No space left" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_screen_that_cannot_be_written_is_said(door: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = robson(door, "status", capture_output=False, stdout=full,
                      stderr=subprocess.PIPE)  # fmt: skip

    assert done.returncode == 1
    assert done.stderr == "note: the answer could not be written: No space left on device\n"


def test_streams_that_are_closed_change_nothing(door: str) -> None:
    words = shlex.join([*MAIN, "status", "--json"])
    for closed in (">&-", "2>&-", "<&- >&- 2>&-"):
        done = subprocess.run(
            ["/bin/sh", "-c", f"{words} {closed}"],
            env=environment(door),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), closed


def _interrupt_once_asked(
    backend: FakeBackend, door: str, *words: str
) -> subprocess.CompletedProcess[str]:
    """Send Ctrl-C when the daemon has the command in its hands."""
    process: list[subprocess.Popen[str]] = []

    def ask(_command: Command, _timeout_s: float) -> Any:
        process[0].send_signal(signal.SIGINT)
        process[0].wait(30)
        raise TimeoutError

    backend.answer = ask
    started = subprocess.Popen(
        [*MAIN, *words],
        env=environment(door),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.append(started)
    out, err = started.communicate(timeout=60)
    return subprocess.CompletedProcess(words, started.returncode, out, err)


def test_ctrl_c_while_a_command_is_out_says_that_it_may_have_been_taken(
    backend: FakeBackend, door: str
) -> None:
    done = _interrupt_once_asked(backend, door, "disarm", "SOLUSDT", "--json")

    assert done.returncode == 130
    said = json.loads(done.stdout)
    assert (said["error"]["code"], said["exit"]) == ("PENDING", 130)
    assert "Traceback" not in done.stderr


def test_ctrl_c_while_panic_is_out_says_the_same(backend: FakeBackend, door: str) -> None:
    done = _interrupt_once_asked(backend, door, "panic", "--confirm")

    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert "Nothing was changed" not in done.stderr + done.stdout


def test_a_daemon_that_dies_in_the_middle_leaves_a_pending_command(backend: FakeBackend) -> None:
    with listening(backend) as (server, doors):

        def die(_command: Command, _timeout_s: float) -> Any:
            server._servers[0].stop(None)  # cuts the open call
            raise TimeoutError

        backend.answer = die
        done = robson(str(doors.socket), "disarm", "SOLUSDT", "--json")

    assert done.returncode == 10, done.stdout
    assert json.loads(done.stdout)["error"]["code"] == "PENDING"


def test_a_defect_of_ours_is_one_document(door: str) -> None:
    program = (
        "import robson.cli.commands.status as s, os, sys\n"
        "def run(args, session): raise ZeroDivisionError('oh')\n"
        "s.run = run\n"
        "from robson.cli.main import run\n"
        "sys.exit(run(['status', '--json'], os.environ))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(door),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == "INTERNAL"
    assert "Traceback" not in done.stderr


def test_a_proxy_in_the_environment_does_not_come_between(backend: FakeBackend) -> None:
    with listening(backend, tcp=True) as (_, doors):
        token = Path(str(doors.socket).removeprefix("unix://")).with_name("token")
        token.write_text("admin:" + "admin" * 6 + "0" * 16 + "\n")
        token.chmod(0o600)
        done = subprocess.run(
            [*MAIN, "status", "--json"],
            env=environment(
                str(doors.tcp),
                ROBSON_TOKEN_FILE=str(token),
                http_proxy="http://127.0.0.1:9",
                https_proxy="http://127.0.0.1:9",
                grpc_proxy="http://127.0.0.1:9",
            ),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["positions"][0]["id"] == lives.BTC_ID


def test_version_and_help_need_no_daemon() -> None:
    for words in (["--version"], ["--help"], [], ["panic", "--help"]):
        done = robson("unix:///tmp/rb-nobody.sock", *words)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert done.stdout.startswith(("robson ", "usage: robson"))
