"""robsond doctor beside a venue: each check is seen to pass, to fail by a planted cause, and where
it applies not to be checkable, which is never a pass; and a start in live makes the same checks.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from robson.api.client import CallFailed
from robson.api.v1 import robson_pb2 as pb
from robson.daemon.checks import CHECKS, Check, Verdict, failed
from robson.daemon.config import examine
from robson.daemon.doctor import lines, offline
from tests.e2e.harness import ROOT, arm, environment
from tests.e2e.venues import Venue, beside_a_venue, key_file, live

TOO_LONG = "n" * 300


class Doctor:
    """A doctor's answers, with everything as it should be but for what a test plants."""

    def __init__(self, place: Path, venue: Venue) -> None:
        self.place = place
        self.venue = venue
        self.key = key_file(place)

    def asks(self, directory: Path | None = None, **env: str) -> dict[str, Check]:
        """Every check by name."""
        found = examine(None, live(self.venue, self.key, **env), {})
        there = directory if directory is not None else self.place / "s"
        return {check.name: check for check in offline(found, None, there)}

    @contextmanager
    def told(self, **said: object) -> Iterator[None]:
        """The venue says something else for a while."""
        self.venue.standing(**said)
        yield
        self.venue.standing()


@pytest.fixture
def doctor(place: Path) -> Iterator[Doctor]:
    """Beside a venue in a process of its own."""
    (place / "s").mkdir()
    venue = Venue(place / "s")
    try:
        yield Doctor(place, venue)
    finally:
        venue.end()


def test_every_check_in_each_of_its_answers(doctor: Doctor, record_property: Any) -> None:
    """A pass that cannot become a fail says nothing."""
    seen: dict[str, set[Verdict]] = {name: set() for name in CHECKS}

    def takes(found: dict[str, Check], answer: Verdict, *names: str, said: str = "") -> None:
        for name in names:
            check = found[name]
            assert check.answer is answer, check
            assert said in check.said, check
            assert answer is Verdict.PASS or check.incident, check
            assert answer is not Verdict.FAIL or (check.means and check.fix), check
            seen[name].add(answer)

    well = doctor.asks()
    takes(well, Verdict.PASS, *CHECKS)

    takes(doctor.asks(ROBSON__RISK__GAP_BPS="much"), Verdict.FAIL, "Config", said="much")
    _machine(doctor, takes)
    _rights(doctor, takes)
    with doctor.told(disabled=["main:BTCUSDT"]):
        takes(doctor.asks(), Verdict.FAIL, "Pairs", said="BTCUSDT")
    with doctor.told(order_types=["MARKET"]):
        takes(doctor.asks(), Verdict.FAIL, "Order types", said="BTCUSDT")
    with doctor.told(order_types=["MARKET", "STOP_LOSS_LIMIT"]):
        limited = doctor.asks()["Order types"]
        assert (limited.answer, bool(limited.means)) == (Verdict.PASS, True)
    with doctor.told(burn={"spotBNBBurn": True}):
        takes(doctor.asks(), Verdict.FAIL, "Fees", said="BNB")
    nobody = doctor.asks(ROBSON__EXCHANGE__SYMBOLS="BTCUSDT,NOPEUSDT")
    takes(nobody, Verdict.FAIL, "Order types", said="NOPEUSDT is no pair of this exchange")
    key_file(doctor.place, "not-the-secret")
    takes(doctor.asks(), Verdict.FAIL, "Key", said="Signature")
    assert "secret_key" in doctor.asks()["Key"].fix
    key_file(doctor.place)
    takes(_beside_a_fast_one(doctor), Verdict.UNCHECKED, "Clock", said="runs 2 times ours")
    doctor.venue.clock(5_000)
    takes(doctor.asks(), Verdict.FAIL, "Clock", said="behind")
    doctor.venue.revoke()
    takes(doctor.asks(), Verdict.FAIL, "Key", said="refused")
    takes(doctor.asks(), Verdict.UNCHECKED, "Pairs", "Fees", "Exit", said="API-key")
    doctor.venue.end()
    away = doctor.asks()
    takes(away, Verdict.FAIL, "Exchange")
    takes(away, Verdict.UNCHECKED, "Clock", "Key", "Pairs", "Order types", "Fees", "Exit")

    sure = {"Config", "Exchange"}  # these two always find an answer
    for name, answers in seen.items():
        wanted = set(Verdict) - ({Verdict.UNCHECKED} if name in sure else set())
        if name == "Exit":
            answers.add(Verdict.FAIL)  # of a poor account: the test below
        assert answers == wanted, name
    record_property("happened", f"{len(seen)} checks, each in {len(Verdict)} or 2 answers")


def _beside_a_fast_one(doctor: Doctor) -> dict[str, Check]:
    """The same of a venue whose time runs twice as fast."""
    slow, doctor.venue = doctor.venue, Venue(doctor.place / "fast", "--speed", "2")
    try:
        return doctor.asks()
    finally:
        doctor.venue.end()
        doctor.venue = slow


def _machine(doctor: Doctor, takes: Any) -> None:
    """What is wrong with this machine."""
    doctor.key.chmod(0o644)
    shared = doctor.asks()
    takes(shared, Verdict.FAIL, "Secrets", said="0644")
    takes(shared, Verdict.PASS, "Exchange", "Clock", "Order types")
    takes(shared, Verdict.UNCHECKED, "Key", "Pairs", "Fees", "Exit", said="the key's file")
    doctor.key.chmod(0o600)
    full = doctor.asks(ROBSON__STORE__DISK_ENTRY_MIB="1000000")
    takes(full, Verdict.FAIL, "Disk", said="MiB free")
    nowhere = doctor.asks(doctor.place / TOO_LONG)
    takes(nowhere, Verdict.UNCHECKED, "Secrets", "Disk", "Lock", said="could not be checked")
    code = "import pathlib,sys; from robson.store.lock import JournalLock;"
    code += " JournalLock(pathlib.Path(sys.argv[1])); print('has it', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(doctor.place / "s")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
        cwd=ROOT,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        takes(doctor.asks(), Verdict.FAIL, "Lock", said=str(other.pid))
        other.communicate("\n")


def _rights(doctor: Doctor, takes: Any) -> None:
    """What a key must not be able to do, and what it must."""
    for planted, said in (
        ({"enableWithdrawals": True}, "may withdraw"),
        ({"enableInternalTransfer": True}, "may transfer"),
        ({"permitsUniversalTransfer": True}, "may transfer"),
        ({"ipRestrict": False}, "any address"),
        ({"enableMargin": False}, "may not trade on margin"),
        ({"tradingAuthorityExpirationTime": 1}, "stops trading in 0 days"),
    ):
        with doctor.told(rights=planted):
            takes(doctor.asks(), Verdict.FAIL, "Key", said=said)


def test_a_poor_account_is_told_before_it_trades(place: Path) -> None:
    """The smallest planned position has to be sellable with what the pair holds."""
    (place / "s").mkdir()
    venue = Venue(place / "s", "--balance", "20")
    try:
        poor = Doctor(place, venue).asks()["Exit"]
    finally:
        venue.end()
    assert poor.answer is Verdict.FAIL
    assert "BTCUSDT" in poor.said


def test_the_command_says_it_and_ends_with_it(doctor: Doctor) -> None:
    """Text and JSON, exit 0 when all is well and 1 when not; nothing is made."""
    before = sorted(doctor.place.rglob("*"))
    env = environment(**live(doctor.venue, doctor.key))

    def ask(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                *(sys.executable, "-m", "robson.daemon", "doctor"),
                *("--state-dir", str(doctor.place / "s"), *options),
            ],
            env=env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    well = ask("--json")
    assert (well.returncode, well.stderr) == (0, "")
    told = json.loads(well.stdout)
    assert (told["schema"], told["ok"]) == ("robson.doctor/1", True)
    assert [each["name"] for each in told["checks"]] == list(CHECKS)
    doctor.venue.standing(rights={"enableWithdrawals": True})
    ill = ask()
    assert ill.returncode == 1
    assert " ✗ Key         may withdraw" in ill.stdout
    assert "F74" in ill.stdout
    assert "test-secret" not in ill.stdout
    assert [path for path in sorted(doctor.place.rglob("*")) if path not in before] == []


def test_nobody_has_to_read_it_to_its_end(place: Path) -> None:
    """Into ``head``: the code of a closed pipe, and no word about it."""
    words = [sys.executable, "-m", "robson.daemon", "doctor", "--state-dir", str(place)]
    with subprocess.Popen(
        words, env=environment(), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as asked:
        assert asked.stdout is not None
        asked.stdout.close()
        assert asked.stderr is not None
        assert asked.stderr.read() == b""
    assert asked.returncode == 141


def test_a_terminal_folds_what_is_found_beside_its_name() -> None:
    check = failed("Secrets", "somewhere/key.toml: others may read it", "they can ask", "chmod 600")

    told = list(lines(check, 40))

    assert told[:2] == [" ✗ Secrets     somewhere/key.toml:", " " * 15 + "others may read it"]
    assert max(map(len, told)) <= 40
    assert len(list(lines(check))) == 4


def test_live_starts_with_a_bad_key_and_enters_nothing(place: Path, record_property: Any) -> None:
    """It protects what is open; a key that can move nothing ends the start."""
    with beside_a_venue(place) as (venue, robsond):
        venue.standing(rights={"enableWithdrawals": True})
        client = robsond.start()
        with pytest.raises(CallFailed) as refused:
            arm(client)
        assert "may withdraw" in str(refused.value)
        robsond.stop()
        venue.standing(rights={"enableMargin": False})
        robsond.launch()
        ended = robsond.ended()
        assert ended.code == 78
        assert "may not trade on margin" in ended.one_line("exchange.key_file")
    record_property("happened", "a start with a key that may withdraw, and one with a useless key")


def test_a_running_daemon_is_asked(place: Path, record_property: Any) -> None:
    """The same checks from inside; a test of the alerts says when nobody would hear one."""
    with beside_a_venue(place) as (venue, robsond):
        client = robsond.start()
        well = client.doctor()
        assert [check.name for check in well.checks] == list(CHECKS)
        assert {check.answer for check in well.checks} == {pb.CHECK_ANSWER_PASS}
        venue.standing(burn={"interestBNBBurn": True})
        ill = {check.name: check for check in client.doctor().checks}
        assert ill["Fees"].answer == pb.CHECK_ANSWER_FAIL
        (alerts,) = client.test_alert().checks
        assert alerts.answer == pb.CHECK_ANSWER_UNCHECKED
        assert "alerts.url" in alerts.said
    record_property("happened", "a running daemon asked for its checks")
