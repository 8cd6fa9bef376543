"""A disk that is full, short of room, or loses a file: nothing begins, and the exit still happens.

The full one is a real one of 2 MiB, in a mount namespace of the test's own (see full_disk.py).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from robson.store.reserve import SIZE
from tests.e2e import shapes
from tests.e2e.full_disk import degraded
from tests.e2e.harness import ROOT, arm, environment, running, state, until

UNSHARE = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-rm")


def on_a_small_disk(place: Path, scenario: str) -> dict[str, Any]:
    """What the scenario of full_disk.py tells."""
    script = [sys.executable, "-m", "tests.e2e.full_disk", str(place), scenario]
    done = subprocess.run(
        [*UNSHARE, *script],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        cwd=ROOT,
        env=environment(),
    )
    assert done.returncode == 0, f"needs {UNSHARE} of util-linux and tmpfs: {done.stderr}"
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.proves("P3")
@pytest.mark.parametrize("way_out", ["stop", "panic"])
def test_disk_that_is_full(place: Path, way_out: str, record_property: Any) -> None:
    told = on_a_small_disk(place, way_out)

    assert told["taken"] > 0, "it was filled"
    assert "SQLITE_FULL" in told["status"]
    assert told["second"].startswith("disk_low:"), "no new entry"
    assert told["trades"] == ["entry", "stop", "cancel stop", "exit"], "the exit still happens"
    assert told["code"] == 74
    assert told["err"].count("\n") == 1
    assert "journal.emergency" in told["err"]
    assert told["still_full"] == 74
    assert told["still_full_err"].count("\n") == 1
    # After room was made: one entry, and a journal that says what the exchange's books say.
    assert (told["after"], told["stopped"]) == ("closed", 0)
    assert told["entries"] == [1]
    assert told["fills"] == 2
    assert len(told["rows"]) > told["rows_in_database"] + 2
    assert told["rows"][-3:] == ["pnl_settled", "startup", "shutdown"]
    assert told["epochs"] == [1, 2]
    record_property("happened", f"full disk: exit by {way_out}, end with 74, and on after room")


def test_a_start_on_a_full_disk_has_room_that_was_kept(place: Path, record_property: Any) -> None:
    told = on_a_small_disk(place, "again")

    assert "SQLITE_FULL" in told["with_failed"]
    assert told["with_waiting"] > 60
    assert told["with"] == [100, 2, SIZE], "every row, the next epoch, and the room kept anew"
    assert "SQLITE_FULL" in told["without"], "it is that room that it takes"
    record_property("happened", f"taken over on a full disk, {told['with_waiting']} rows waited")


@pytest.mark.long
def test_killed_on_a_full_disk_it_comes_back(place: Path, record_property: Any) -> None:
    """In the room that was kept for it; the exit happens, and nothing is lost."""
    told = on_a_small_disk(place, "killed")

    assert told["taken"] > 0
    assert told["kept"] == told["again"] == SIZE, "kept, given up, and kept anew"
    assert told["waiting"] > 60, "rows that the start has to bring in"
    assert "SQLITE_FULL" in told["failed"]
    assert told["back"] == "active"
    assert told["code"] in (0, 74)
    assert (told["after"], told["stopped"]) == ("closed", 0)
    assert told["entries"] == [1]
    assert told["trades"] == ["entry", "stop", "cancel stop", "exit"]
    record_property("happened", f"killed on a full disk: back, out, end with {told['code']}")


def test_disk_that_is_full_at_an_orderly_end(place: Path, record_property: Any) -> None:
    """The goodbye goes to the emergency file; the stop rests, and the next start goes on."""
    told = on_a_small_disk(place, "signal")

    assert told["code"] == 74
    assert told["after"] < 25
    assert told["err"].count("\n") == 1
    assert "journal.emergency; the next start carries them over" in told["err"]
    assert f"exchange stop {told['price']} rests for" in told["out"]
    assert told["rests"] == [told["price"]] == [told["again"]]
    record_property("happened", "orderly end: on a full disk, with 74")


@pytest.mark.parametrize("end", ["-wal", "-shm and -wal"])
def test_log_that_is_taken_away(place: Path, end: str, record_property: Any) -> None:
    """Its rows were acknowledged: they have to be there after the next start."""
    falls = [*shapes.still(90), 59_700, 59_390, 59_380, *shapes.still(600, 59_380)]
    past, tape = shapes.write_past(place), shapes.write_path(place, falls)
    options = ("--tape", str(tape), "--history", str(past), "--hold", "--dead-for", "1")
    with running(place / "s", *options, "--speed", "600") as robsond:
        client = robsond.start()
        position = arm(client)
        robsond.protected(client, position)
        for name in end.split(" and "):
            (place / "s" / f"journal.db{name}").unlink()
        until(lambda: "is gone under the running daemon" in degraded(client), "it is noticed")
        robsond.reaches(client, position, "flat", lambda p: state(p) == "closed" and p.settled)
        assert robsond.ended().code == 74

        client = robsond.start()
        assert state(robsond.position(client, position)) == "closed"
        assert robsond.stop().code == 0
        tally = robsond.tally()
        tally.is_clean()
        assert list(tally.entries.values()) == [1]
        assert tally.trades() == ["entry", "stop", "cancel stop", "exit"]
    record_property("happened", f"log taken away: noticed ({end}), no row lost")
