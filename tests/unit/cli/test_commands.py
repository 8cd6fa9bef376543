"""Each command against a real server: documents, exit codes, what is said before a change."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import pytest

from robson.api.published import Armed, Disarmed, Panicked
from robson.api.told import LogLine
from robson.cli.commands import panic as panic_command
from robson.cli.main import run
from robson.domain.commands import Arm, Command, Disarm, Panic
from robson.domain.lifecycle import PositionState
from tests.contract import lives
from tests.contract.fake_daemon import Denial, FakeBackend, listening, preview, published


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs command lines against one daemon."""

    def __init__(self, backend: FakeBackend, door: str, capsys: Any) -> None:
        self.backend, self.door, self._capsys = backend, door, capsys

    def __call__(self, *words: str, **environ: str) -> Done:
        code = run([*words, "--daemon-url", self.door], {"USER": "ops", **environ})
        said = self._capsys.readouterr()
        return Done(code, said.out, said.err)


@pytest.fixture
def robson(capsys: pytest.CaptureFixture[str]) -> Iterator[Shell]:
    backend = FakeBackend()
    with listening(backend) as (_, doors):
        yield Shell(backend, str(doors.socket), capsys)


def test_status_json_is_one_document_and_says_by_which_door(robson: Shell) -> None:
    done = robson("status", "--json")

    assert (done.code, done.err) == (0, "")
    assert done.document["schema"] == "robson.status/1"
    assert done.document["daemon"]["door"] == robson.door


def test_status_filters(robson: Shell) -> None:
    assert len(robson("status", "--json", "--symbol", "sol/usdt").document["positions"]) == 1
    found = robson("status", "--json", "--state", "closed", "--state", "cancelled").document
    assert {each["state"] for each in found["positions"]} == {"closed", "cancelled"}


def test_status_for_a_person_has_a_verdict_and_no_traceback(robson: Shell) -> None:
    done = robson("status", "--no-color")

    assert done.code == 0
    assert "PROTECTED" in done.out.splitlines()[0]
    assert "Traceback" not in done.out + done.err


def test_arm_sends_what_was_asked_and_makes_its_own_key(robson: Shell) -> None:
    done = robson("arm", "SOLUSDT", "--capital", "250.50", "--json")
    again = robson("arm", "SOLUSDT", "--json")
    first, second = (each for each in robson.backend.commands if isinstance(each, Arm))

    assert done.code == 0
    assert done.document["position"]["state"] == "armed"
    assert done.document["next"] == "robson status --symbol SOLUSDT"
    assert len(first.idempotency_key) == 32
    assert first.idempotency_key != second.idempotency_key
    assert first.actor.startswith("ops@")
    assert again.code == 0


def test_arm_dry_run_sends_no_key_and_names_the_next_command(robson: Shell) -> None:
    done = robson(
        "arm", "BTCUSDT", "--strategy", "now", "--capital", "10000", "--dry-run", "--json"
    )
    (command,) = robson.backend.commands

    assert done.code == 0
    assert isinstance(command, Arm)
    assert command.dry_run
    assert done.document["next"] == "robson arm BTCUSDT --strategy now --capital 10000"
    assert done.document["preview"]["plan"]["sizing"]["terms"]["loss_unit"] == 1422.571925475


def test_a_dry_run_that_would_be_refused_exits_like_the_arm(robson: Shell) -> None:
    denial = Denial(code="risk_budget_insufficient", message="The month has too little left.")
    robson.backend.answer = lambda _command, _timeout: preview(denial)

    done = robson("arm", "BTCUSDT", "--dry-run", "--json")

    assert done.code == 7
    assert not done.document["preview"]["accepted"]


def test_arm_waits_for_a_state(robson: Shell) -> None:
    def arming(_command: Command, _timeout_s: float) -> Any:
        waiting = attrs.evolve(lives.active(), state=PositionState.ENTERING)
        return Armed(position=waiting)

    robson.backend.answer = arming
    done = robson("arm", "BTCUSDT", "--wait", "active", "--json")

    assert done.code == 0
    assert done.document["position"]["state"] == "active"


def test_arm_that_waits_in_vain_is_pending(robson: Shell) -> None:
    done = robson("arm", "SOLUSDT", "--wait", "active", "--timeout", "400", "--json")

    assert done.code == 10
    assert done.document["position"]["state"] == "armed"
    assert "is armed, not active" in done.err


def test_a_leverage_that_is_too_high_says_what_is_allowed_here(robson: Shell) -> None:
    done = robson("arm", "BTCUSDT", "--leverage", "20", "--json")

    assert done.code == 2
    assert done.document["error"]["message"] == (
        "--leverage is 20; allowed is 1 to 10, and 3 here (risk.max_leverage)."
    )


def test_an_unknown_symbol_for_a_person_is_one_sentence_run(robson: Shell) -> None:
    done = robson("arm", "BTCUSD")

    assert (done.code, done.out) == (2, "")
    assert " ".join(done.err.split()) == (
        "error: BTCUSD is not a pair that this daemon knows. Did you mean BTCUSDT?"
        " Nothing was changed. [UNKNOWN_SYMBOL, exit 2]"
    )


def test_another_account_is_refused_before_anything_is_sent(robson: Shell) -> None:
    done = robson("arm", "BTCUSDT", "--account", "other", "--json")

    assert done.code == 2
    assert done.document["daemon"]["account"] == "main"
    assert not robson.backend.commands


def test_another_profile_is_refused_before_anything_is_sent(robson: Shell) -> None:
    for words in (["arm", "BTCUSDT"], ["disarm", "SOLUSDT"], ["panic", "--confirm"], ["status"]):
        done = robson(*words, "--profile", "live", "--json")
        assert done.code == 2, words
        assert "is sim; --profile live refuses it" in done.document["error"]["message"]
    assert not robson.backend.commands


def test_real_money_is_said_before_a_change(robson: Shell) -> None:
    robson.backend.view = published(profile="live")

    done = robson("disarm", "SOLUSDT", "--json")

    assert done.code == 0
    assert "this is live, account main" in done.err
    assert done.document["outcome"] == "cancelled"


def test_a_disarm_that_is_illegal_is_6_and_names_what_helps(robson: Shell) -> None:
    done = robson("disarm", "BTCUSDT", "--json")

    assert done.code == 6
    assert done.document["error"]["details"]["hint"] == "robson panic --symbol BTCUSDT"


def test_a_forced_disarm_that_filled_anyway_says_so(robson: Shell) -> None:
    robson.backend.answer = lambda _command, _timeout: Disarmed(
        position=lives.active(), outcome="cancel_requested"
    )

    done = robson("disarm", "BTCUSDT", "--force", "--json")
    (command,) = robson.backend.commands

    assert isinstance(command, Disarm)
    assert command.force
    assert done.code == 6
    assert done.document["position"]["state"] == "active"
    for state in (PositionState.EXITING, PositionState.ERROR):
        filled = Disarmed(position=attrs.evolve(lives.active(), state=state), outcome="x")
        robson.backend.answer = lambda _command, _timeout, filled=filled: filled
        assert robson("disarm", "BTCUSDT", "--force", "--json").code == 6, state


def test_panic_without_a_terminal_and_without_confirm_is_2(robson: Shell) -> None:
    for words in (["panic"], ["panic", "--json"], ["panic", "--symbol", "BTCUSDT"]):
        done = robson(*words)
        assert done.code == 2
        assert "--confirm" in done.out + done.err
    assert not robson.backend.commands


def test_panic_dry_run_changes_nothing(robson: Shell) -> None:
    done = robson("panic", "--dry-run", "--json")

    assert done.code == 0
    assert [each["action"] for each in done.document["steps"]] == ["exit", "cancel"]
    assert not any(each["decided"] for each in done.document["steps"])
    assert not robson.backend.commands


def test_panic_confirmed_follows_until_it_is_done(robson: Shell) -> None:
    done = robson("panic", "--confirm", "--json")

    assert done.code == 0
    assert done.document["done"]
    assert done.document["error"] is None
    assert done.document["result"] == 125.16
    assert robson.backend.commands == [Panic(actor=robson.backend.commands[0].actor, position=None)]


def test_panic_on_one_pair_leaves_the_others_and_says_so(robson: Shell) -> None:
    done = robson("panic", "--symbol", "SOLUSDT", "--confirm", "--json")

    assert done.code == 0
    assert done.document["left_open"] == ["BTCUSDT"]


def test_panic_on_a_known_pair_without_a_position_is_0(robson: Shell) -> None:
    done = robson("panic", "--symbol", "ETHUSDT", "--confirm", "--json")

    assert done.code == 0
    assert done.document["steps"] == []
    assert done.document["left_open"] == ["BTCUSDT", "SOLUSDT"]
    assert robson("panic", "--symbol", "DOGE", "--confirm", "--json").code == 2


def _leaving(_command: Command, _timeout_s: float) -> Any:
    return Panicked(actions=((lives.BTC_ID, "exit"),), started_ns=lives.NOON)


def test_panic_that_is_not_done_in_time_is_pending_with_its_document(
    robson: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    robson.backend.answer = _leaving
    monkeypatch.setattr(panic_command, "WAIT_S", 0.2)
    monkeypatch.setattr(panic_command, "_SPARE_S", 0.5)

    done = robson("panic", "--confirm", "--json", "--timeout", "300")

    assert done.code == 10
    assert not done.document["done"]
    assert done.document["error"]["code"] == "PENDING"
    assert "The exits go on." in done.document["error"]["message"]


def test_panic_no_wait_comes_back_when_it_is_decided(robson: Shell) -> None:
    robson.backend.answer = _leaving

    done = robson("panic", "--confirm", "--no-wait", "--json")

    assert done.code == 0
    assert done.document["steps"][0]["decided"]
    assert not done.document["done"]


def test_history_and_explain(robson: Shell) -> None:
    assert robson("history", "--days", "1", "--json").document["stats"]["closed"] == 1
    rows = robson("explain", "7K3QM4", "--json").document["rows"]
    assert [row["seq"] for row in rows] == [1044, 1045, 1046]
    assert rows[1]["payload"]["price"] == "117727.40", "payloads stay as the journal has them"


def test_arm_takes_from_the_file_what_nobody_typed(robson: Shell, tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[risk]\ndefault_capital = 500.5\ndefault_leverage = 2\n")
    robson("arm", "SOLUSDT", "--json", "--config", str(file))
    robson("arm", "SOLUSDT", "--json", "--config", str(file), "--capital", "7", "--leverage", "1")
    robson("arm", "SOLUSDT", "--json")
    asked = [
        (str(each.capital), each.leverage)
        for each in robson.backend.commands
        if isinstance(each, Arm)
    ]

    assert asked[:2] == [("500.5", 2), ("7", 1)]
    assert asked[2][0] == "None"


def test_history_from_one_instant_to_another(robson: Shell) -> None:
    whole = robson("history", "--since", "2025-07-16", "--json").document
    before = robson("history", "--since", "2025-07-01", "--until", "2025-07-16", "--json").document

    assert (whole["days"], whole["since"], whole["until"]) == (
        None,
        "2025-07-16T00:00:00.000Z",
        None,
    )
    assert [len(whole["positions"]), len(before["positions"])] == [1, 1]
    assert whole["positions"] != before["positions"]
    assert before["until"] == "2025-07-16T00:00:00.000Z"
    assert "2025-07-16 00:00 to 2025" in robson("history", "--since", "2025-07-16").out


@pytest.mark.parametrize(
    "words",
    [
        ["--since", "2025-07-16", "--days", "3"],
        ["--since", "2025-07-17", "--until", "2025-07-16"],
        ["--since", "2099-01-01"],
        ["--csv", "--json"],
    ],
)
def test_a_history_that_cannot_be_is_2(robson: Shell, words: list[str]) -> None:
    assert robson("history", *words).code == 2


def test_a_range_that_holds_nothing_is_refused_with_its_values_and_by_whom(robson: Shell) -> None:
    done = robson("history", "--since", "2025-07-17", "--until", "2025-07-16", "--json")

    assert done.document["error"]["message"] == (
        "--since is 2025-07-17 00:00:00 UTC; expected is a time before until, which is"
        " 2025-07-16 00:00:00 UTC."
    )
    assert done.document["daemon"]["account"] == "main"
    assert done.document["daemon"]["door"].startswith("unix://")


def test_history_as_csv_is_what_the_document_says(robson: Shell) -> None:
    document = json.loads(robson("history", "--json").out, parse_float=str, parse_int=str)
    done = robson("history", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))

    assert (done.code, done.err) == (0, "")
    assert len(rows) == len(document["positions"]) == 2
    for row, position in zip(rows, document["positions"], strict=True):
        assert row.pop("strategy") == position["strategy"]["name"]
        assert row.pop("settled") == str(position["settled"]).lower()
        assert row == {key: position[key] or "" for key in row}
    assert robson("history", ROBSON_OUTPUT_FORMAT="csv").out == done.out
    assert robson("status", ROBSON_OUTPUT_FORMAT="csv").out.startswith(("✓", " !"))


def test_events_of_all_of_one_and_from_one_on(robson: Shell) -> None:
    def seqs(*words: str) -> list[int]:
        return [
            json.loads(line)["seq"]
            for line in robson("events", "--json", *words).out.split("\n")[:-1]
        ]

    assert seqs() == [1, 1044, 1045, 1046]
    assert seqs("--from", "1045") == [1045, 1046]
    assert seqs("--position-id", "7K3QM4") == [1044, 1045, 1046]
    one = json.loads(robson("events", "--json", "--from", "1046").out)
    assert (one["schema"], one["kind"], one["position"]) == (
        "robson.event/1",
        "stop_raised.v1",
        lives.BTC_ID,
    )
    assert "stop_raised" in robson("events").out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--from", "99999"], 2, "--from is 99999; the journal's newest row is 1204."),
        (["--position-id", "ZZZZ"], 5, "there is no position ZZZZ"),
    ],
)
def test_events_that_are_not_there(robson: Shell, words: list[str], code: int, said: str) -> None:
    done = robson("events", *words)

    assert done.code == code
    assert said in " ".join(done.err.split())


def test_logs_by_level_position_and_number(robson: Shell) -> None:
    robson.backend.lines = tuple(
        LogLine(number=n, at_ns=lives.NOON + n, level=level, message=f"said {n}", position=whose)
        for n, level, whose in (
            (1, "debug", None), (2, "info", None), (3, "warning", lives.BTC_ID), (4, "error", None)
        )
    )  # fmt: skip

    def numbers(*words: str, **environ: str) -> list[int]:
        lines = robson("logs", "--json", *words, **environ).out.splitlines()
        return [json.loads(line)["number"] for line in lines]

    assert numbers() == [2, 3, 4]
    assert numbers("--level", "warning") == [3, 4]
    assert numbers(ROBSON_LOG_LEVEL="debug") == [1, 2, 3, 4]
    assert numbers("--level", "error", ROBSON_LOG_LEVEL="debug") == [4]
    assert numbers("--position-id", "7K3QM4") == [3]
    assert numbers("--lines", "1") == [4]
    assert "warning  said 3" in robson("logs").out


@pytest.mark.parametrize("which", ["QM4", "ZZZZ", "3QM4"])
def test_a_position_nobody_can_tell_is_refused(robson: Shell, which: str) -> None:
    codes = {"QM4": 2, "ZZZZ": 5, "3QM4": 2}

    done = robson("explain", which, "--json")

    assert done.code == codes[which]
    if which == "3QM4":
        assert sorted(done.document["error"]["details"]["candidates"]) == sorted(
            [lives.BTC_ID, lives.LOST_ID]
        )


def test_a_command_that_is_not_answered_in_time_may_have_been_taken(robson: Shell) -> None:
    def slow(_command: Command, _timeout_s: float) -> Any:
        raise TimeoutError

    robson.backend.answer = slow
    done = robson("arm", "BTCUSDT", "--json")

    assert done.code == 10
    assert done.document["error"]["code"] == "PENDING"
    (sent,) = robson.backend.commands
    assert isinstance(sent, Arm)
    assert done.document["error"]["details"]["idempotency_key"] == sent.idempotency_key, (
        "whoever asks again with it cannot arm twice"
    )


@pytest.mark.parametrize(
    "words", [["status"], ["arm", "BTCUSDT"], ["panic", "--confirm"], ["history"], ["disarm", "X"]]
)
def test_nobody_there_is_3_and_nothing_was_changed(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = run([*words, "--json", "--daemon-url", "unix:///tmp/rb-nobody.sock"], {})

    assert code == 3
    said = json.loads(capsys.readouterr().out)
    assert said["error"]["code"] == "UNAVAILABLE"
    assert said["error"]["details"]["door"] == "unix:///tmp/rb-nobody.sock"


def test_that_nobody_answers_is_a_finding_of_status(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["status", "--daemon-url", "unix:///tmp/rb-nobody.sock"], {})
    said = capsys.readouterr()

    assert (code, said.err) == (3, "")
    assert said.out.lstrip().startswith("!! CANNOT SEE")
