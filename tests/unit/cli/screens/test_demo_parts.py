"""The demo's parts without a daemon: what it asks for, what it follows, what it proves and says."""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robson.api.client import CallFailed
from robson.cli import demo_crash, demo_daemon, demo_follow, demo_plan, parser
from robson.cli.demo_crash import Crash
from robson.cli.demo_daemon import Daemon, environment
from robson.cli.demo_follow import Follower
from robson.cli.demo_plan import Plan, commands, started_as, usual_speed
from robson.cli.problem import Problem
from robson.cli.screens.line import UNICODE, Page, text_of
from tests.unit.cli.screens import lives
from tests.unit.cli.screens.documents import Doc, changed


def plan(*words: str) -> Plan:
    return Plan.of(parser.parse(["demo", *words]))


# --- what was asked ------------------------------------------------------------------------------


def test_a_bare_demo_has_a_seed_a_speed_and_a_tape_that_waits() -> None:
    asked = plan()

    options = asked.options()
    assert options[:4] == ["--seed", str(demo_plan.SEED), "--speed", demo_plan.GENERATED_SPEED]
    assert "--hold" in options
    assert asked.strategy == "now"
    assert asked.idempotency_key == plan().idempotency_key


def test_what_was_typed_reaches_the_daemon_and_the_commands_after_it(tmp_path: Path) -> None:
    tape = tmp_path / "my tape.csv"
    tape.write_text("trade_time_ms,price\n")
    asked = plan(
        "--tape", str(tape), "--from", "2025-07-16", "--symbol", "btc/usdt", "--side", "short"
    )

    options = asked.options()
    assert options[options.index("--tape") + 1] == str(tape)
    assert options[options.index("--from") + 1] == "2025-07-16"
    assert options[options.index("--symbol") + 1] == "btc/usdt"
    assert asked.symbol == "BTCUSDT"
    assert asked.speed == demo_plan.TRADES_SPEED
    typed = [command for command, _ in commands(asked, follower(), "/x/robson", entered=True)]
    assert all(f"--tape '{tape}' --from 2025-07-16" in command for command in typed)
    for command in typed:
        words = parser.parse(["demo", *command.split("demo ", 1)[1].replace("'", "").split()[:2]])
        assert words.command == "demo"


@pytest.mark.parametrize(
    ("content", "speed"),
    [
        (b"open_time_ms,open,high,low,close,volume\n", demo_plan.BARS_SPEED),
        (b"trade_time_ms,price\n", demo_plan.TRADES_SPEED),
        (gzip.compress(b"open_time_ms,open\n"), demo_plan.BARS_SPEED),
        (gzip.compress(b"price,timestamp_ms\n"), demo_plan.TRADES_SPEED),
        (b"\x1f\x8bnonsense", demo_plan.BARS_SPEED),
    ],
    ids=["bars", "trades", "packed bars", "packed trades", "broken"],
)
def test_a_life_of_trades_is_played_slower(tmp_path: Path, content: bytes, speed: str) -> None:
    tape = tmp_path / "tape"
    tape.write_bytes(content)

    assert usual_speed(str(tape)) == speed
    assert usual_speed(str(tmp_path / "missing")) == demo_plan.BARS_SPEED


@pytest.mark.parametrize(
    "said",
    [{"profile": "live"}, {"daemon_url": "unix:///x"}, {"state_dir": "/x"}, {"keep": "/"}],
    ids=str,
)
def test_what_a_demo_is_not_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(Problem) as refused:
        Plan.of(argparse.Namespace(**said))

    assert refused.value.code == "INVALID_ARGUMENT"


def test_commands_are_typed_as_this_run_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / ".venv" / "bin" / "robson"
    script = tmp_path / "tools" / "demo"
    for path in (program, script):
        path.parent.mkdir(parents=True)
        path.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/nowhere")

    assert started_as(str(program)) == "./tools/demo"
    monkeypatch.chdir(tmp_path / ".venv")
    assert started_as(str(program)) == "../tools/demo"
    assert started_as(str(program), "robsond") == str(program.parent / "robsond")
    monkeypatch.setenv("PATH", str(program.parent))
    assert started_as(str(program)) == "robson demo"
    assert started_as(str(program), "robsond") == "robsond"
    monkeypatch.setenv("PATH", "/nowhere")
    script.unlink()
    assert started_as(str(program)) == f"{program} demo"
    assert started_as("main.py") == f"{sys.executable} -m robson.cli.main demo"


def test_without_a_position_another_tape_is_offered() -> None:
    typed = dict(commands(plan("--seed", "4"), follower(), "robson", entered=False))

    assert any(command.endswith("--seed 5") for command in typed)
    assert not any("--crash" in command for command in typed)


def test_the_other_side_is_offered_only_where_there_is_one() -> None:
    for strategy, offered in (("now", True), ("trend", True), ("iron-exit", False)):
        typed = commands(plan("--strategy", strategy), follower(), "robson", entered=True)
        assert any("--side" in command for command, _ in typed) is offered


# --- following -----------------------------------------------------------------------------------


class Answer:
    """Stands for a wire message: documents are made by the functions that a test replaces."""

    def __init__(self, document: Doc) -> None:
        self.document = document


class FakeClient:
    """Answers from documents; ``fails`` makes every call fail."""

    def __init__(self, status: Doc, rows: list[Doc]) -> None:
        self.answers = status
        self.rows = rows
        self.fails = False
        self.asked: list[int] = []

    def status(self) -> Answer:
        if self.fails:
            raise CallFailed("UNAVAILABLE", "gone", {}, answered=False)
        return Answer(self.answers)

    def position(self, which: str) -> Answer:
        return Answer({"position": changed(lives.CLOSED_LONG, id=which)})

    def watch(self, *, after_seq: int, timeout_s: float) -> Iterator[Answer]:
        self.asked.append(after_seq)
        yield from (Answer(row) for row in self.rows if row["seq"] > after_seq)


@pytest.fixture(autouse=True)
def documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents pass as they are."""
    monkeypatch.setattr(demo_follow, "status", lambda answer, _door: answer.document)
    monkeypatch.setattr(demo_follow, "get_position", lambda answer, _door: answer.document)
    monkeypatch.setattr(demo_follow, "journal_row", lambda answer: answer.document)


def follower(status: Doc = lives.ACTIVE, rows: list[Doc] = lives.ROWS) -> Follower:
    seen = changed(status, daemon__journal__seq=rows[-1]["seq"])
    made = Follower(FakeClient(seen, rows), "unix:///x", "600")  # type: ignore[arg-type]
    made.armed(lives.ID)
    made.poll()
    return made


def test_rows_are_asked_for_by_sequence_and_only_once() -> None:
    followed = follower()
    client: Any = followed.client

    followed.poll()

    assert client.asked == [0]
    assert [row["seq"] for row in followed.rows] == [row["seq"] for row in lives.ROWS]
    assert followed.own_rows == tuple(lives.ROWS)


def test_what_was_checked_is_never_older_than_the_end_that_was_seen() -> None:
    followed = follower()
    client: Any = followed.client
    seen: list[str] = []
    status = client.status
    client.status = lambda: seen.append("status") or status()
    client.sim_report = lambda: seen.append("report") or "{}"

    followed.poll()

    assert seen == ["status", "report"]


def test_a_position_that_left_the_status_is_still_found() -> None:
    followed = follower(changed(lives.ACTIVE, positions=[]))

    assert followed.position["state"] == "closed"
    assert followed.ended
    assert followed.entered


def test_prices_of_events_are_on_the_path() -> None:
    followed = follower()

    path = followed.life().path
    assert Decimal("117727.40") in [sample.price for sample in path]
    assert [sample.at for sample in path] == sorted(sample.at for sample in path)


def test_no_answer_is_no_news_and_is_counted() -> None:
    followed = follower()
    client: Any = followed.client
    client.fails = True

    assert not followed.poll()
    assert followed.position["state"] == "active"
    assert followed.life(patient=True).silent_s == 0
    assert followed.silent_s >= 0


def test_checks_of_two_processes_are_added() -> None:
    followed = follower()
    followed.report = report({"S1": 10, "S2": 4}, ["S2 once"])
    followed.again(followed.client)
    followed.report = report({"S1": 5, "S3": 1}, [])

    found = followed.checks()

    assert found is not None
    assert found["invariants"] == {
        "checked": {"S1": 15, "S2": 4, "S3": 1},
        "violated": ["S2 once"],
    }
    assert follower().checks() is None


def report(checked: dict[str, int], violated: list[str]) -> dict[str, Any]:
    return {
        "tape": {"description": "x"},
        "invariants": {"checked": checked, "violated": violated},
        "at_end": False,
        "waiting": [],
    }


def test_the_tape_is_told_without_folders_or_the_symbol() -> None:
    followed = follower(
        changed(lives.ACTIVE, daemon__tape="BTCUSDT recorded, /somewhere/deep/BTC-1m.csv.gz")
    )

    assert followed.tape == "recorded, BTC-1m.csv.gz, 600x"


# --- a crash -------------------------------------------------------------------------------------


def books(*, stops: int = 1, entries: int = 1) -> Doc:
    request = {"request": "PlaceOrder", "position": lives.ID, "answer": "OrderState"}
    return {
        "accounts": [
            {
                "open_orders": [
                    {"client_id": "rbsxyz", "stop_price": "116458.51", "quantity": "0.07021"}
                ]
                * stops,
                "requests": [
                    *[{**request, "target": "rbeabc00-1"}] * entries,
                    {**request, "target": "rbsabc00-1"},
                    {**request, "request": "QueryOrder", "target": "rbeabc00-1"},
                ],
            }
        ]
    }


class KilledDaemon:
    directory = Path("/x")

    def __init__(self) -> None:
        self.killed = 0

    def kill(self) -> None:
        self.killed += 1


def crashed(found: Doc) -> Crash:
    crash = Crash(lambda _directory: found)
    daemon: Any = KilledDaemon()
    crash.kill(daemon, follower())
    assert daemon.killed == 1
    crash.down_s = 0.4
    crash.prove(Path("/x"), lives.ID)
    return crash


def test_a_crash_is_proved_by_the_exchanges_own_books() -> None:
    crash = crashed(books())

    told = " ".join(crash.lines()).replace("\u00a0", " ")
    assert crash.sound
    assert "the exchange stop 116,458.51 rests for 0.07021 BTC all the while" in told
    assert "answered after 0.4 s" in told
    assert "1 entry order among 3 requests" in told
    assert crash.document()["entry_orders"] == 1
    tag, said = crash.banner(Page(80, UNICODE))
    assert tag[0] == " !! CANNOT SEE "
    assert "116,458.51 rests" in text_of(said).replace("\u00a0", " ")


@pytest.mark.parametrize(
    "found", [books(stops=0), books(entries=0), books(entries=2)], ids=range(3)
)
def test_a_crash_that_proves_nothing_is_not_sound(found: Doc) -> None:
    assert not crashed(found).sound


def test_a_crash_that_did_not_happen_says_so() -> None:
    crash = Crash(lambda _directory: books())

    assert not crash.sound
    assert "was not killed" in crash.lines()[0]


def test_books_that_cannot_be_read_are_a_clear_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_crash, "PROGRAM", ("-c", "import sys; sys.exit('no books here')"))

    with pytest.raises(Problem, match="no books here"):
        demo_crash.read_books(tmp_path)


# --- the daemon's process ------------------------------------------------------------------------


def daemon_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> Daemon:
    monkeypatch.setattr(demo_daemon, "PROGRAM", ("-c", code))
    made = Daemon(tmp_path, [])
    made.start()
    return made


def test_a_daemon_that_refuses_is_the_persons_to_put_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "error: tape.csv, line 7: no price. Nothing was changed. [TAPE_INVALID, exit 64]"
    daemon = daemon_of(tmp_path, monkeypatch, f"import sys; print({said!r}); sys.exit(64)")

    with pytest.raises(Problem) as refused:
        daemon.wait(lambda _seconds: None)
    daemon.stop()

    assert refused.value.code == "INVALID_ARGUMENT"
    assert refused.value.message == "tape.csv, line 7: no price."


def test_a_daemon_that_dies_is_said_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = daemon_of(tmp_path, monkeypatch, "raise RuntimeError('bad day')")

    with pytest.raises(Problem, match=r"ended with 1\. Its last words: RuntimeError: bad day"):
        daemon.wait(lambda _seconds: None)
    daemon.stop()


def test_a_daemon_that_never_answers_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = daemon_of(tmp_path, monkeypatch, "import time\nwhile True: time.sleep(60)")

    with pytest.raises(Problem, match="does not answer within 0 s"):
        daemon.wait(lambda _seconds: None, bound_s=0)
    daemon.stop()
    daemon.stop()


def test_a_daemon_that_does_not_listen_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('deaf', flush=True)\n"
        "while True: time.sleep(60)"
    )
    monkeypatch.setattr(demo_daemon, "STOP_S", 0.2)
    daemon = daemon_of(tmp_path, monkeypatch, code)
    log = tmp_path / demo_daemon.LOG_NAME
    wait_for(lambda: "deaf" in log.read_text())
    pid = daemon.pid
    assert pid is not None

    daemon.stop()

    assert not Path(f"/proc/{pid}").exists()


def wait_for(condition: Any, bound: int = 10_000_000) -> None:
    for _ in range(bound):
        if condition():
            return
    raise AssertionError("it never came to be so")


def test_what_the_environment_says_to_other_daemons_is_not_passed_on() -> None:
    said = {
        "PATH": "/bin",
        "ROBSON_STATE_DIR": "/live",
        "ROBSON__API__GRPC": "1",
        "RUNTIME_DIRECTORY": "/run/robson",
        "STATE_DIRECTORY": "/var/lib/robson",
        "NOTIFY_SOCKET": "/x",
    }

    assert environment(said) == {"PATH": "/bin"}
