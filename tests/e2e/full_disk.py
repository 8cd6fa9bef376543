"""One life on a disk of 2 MiB that is filled while a position is open; tells it as JSON.

Runs in a mount namespace of its own, which test_full_disk.py makes: nobody else sees this disk. The
exchange's books lie elsewhere: its disk is not ours.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from robson.api.client import CallFailed
from robson.domain.accounts import Started
from robson.domain.errors import StoreError
from robson.domain.values import ExchangeNs
from robson.store.emergency import FILE_NAME as EMERGENCY
from robson.store.emergency import EmergencyFile, rows_in
from robson.store.journal import JournalIdentity, SqliteJournal
from robson.store.reserve import FILE_NAME, Reserve
from tests.e2e import shapes
from tests.e2e.harness import arm, running, state, until

FALLS = [*shapes.still(60), 59_700, 59_390, 59_380, *shapes.still(600, 59_380)]
"""An hour of quiet, then through the stop of a long, above its exchange stop."""


def small_disk(at: Path) -> None:
    """2 MiB for the state directory; the exchange keeps its books outside it."""
    at.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", str(at)]
    subprocess.run(mount, check=True)
    books = at.parent / "books"
    books.mkdir()
    (at / "exchange").symlink_to(books)


def fill(disk: Path) -> int:
    """Take every byte that is left; how many."""
    taken = 0
    with (disk / "ballast").open("wb", buffering=0) as ballast:
        for size in (4096, 64, 1):
            try:
                while True:
                    taken += ballast.write(b"x" * size)
            except OSError:
                continue
    return taken


def refusal(client: Any) -> str:
    """What an arm is answered while the position is open, or after."""
    try:
        arm(client, key="two")
    except CallFailed as failed:
        return f"{failed.code}: {failed.message}"
    return "armed"


def live(room: Path, way_out: str) -> dict[str, Any]:
    """The whole scenario."""
    disk = room / "s"
    small_disk(disk)
    past, tape = shapes.write_past(room), shapes.write_path(room, FALLS)
    options = ("--tape", str(tape), "--history", str(past), "--hold", "--dead-for", "1")
    env = {"ROBSON__STORE__DISK_WARN_MIB": "0", "ROBSON__STORE__DISK_ENTRY_MIB": "0"}
    told: dict[str, Any] = {}
    with running(disk, *options, "--speed", "600", **env) as robsond:
        client = robsond.start()
        position = arm(client)
        robsond.protected(client, position)
        told["taken"] = fill(disk)
        if way_out == "panic":
            told["panic"] = len(list(client.panic(symbol="BTCUSDT")))
        until(lambda: "cannot be written" in degraded(client), "the status says that it is failed")
        told["status"] = degraded(client)
        robsond.reaches(client, position, "flat", lambda p: state(p) == "closed" and p.settled)
        told["second"] = refusal(client)
        ended = robsond.ended()
        told.update(code=ended.code, err=ended.err, rows_in_database=len(robsond.rows()))
        (disk / FILE_NAME).unlink()
        fill(disk)
        robsond.launch()
        still_full = robsond.ended()
        told.update(still_full=still_full.code, still_full_err=still_full.err)
        (disk / "ballast").unlink()
        client = robsond.start()
        told["after"] = state(robsond.position(client, position))
        stopped = robsond.stop()
        told["stopped"] = stopped.code
        tally = robsond.tally()
        tally.is_clean()
        told.update(
            entries=sorted(tally.entries.values()),
            fills=tally.fills,
            rows=[row.name for row in tally.rows],
            epochs=sorted({row.epoch for row in tally.rows}),
            trades=tally.trades(),
        )
    return told


def opened(disk: Path) -> SqliteJournal:
    """The journal of a start, with all that it keeps ready."""
    return SqliteJournal(
        disk,
        JournalIdentity(profile="sim", account="sim"),
        wall_ns=lambda: 0,
        new_id=lambda: "0" * 32,
        emergency=EmergencyFile(disk),
    )


def written(journal: SqliteJournal, rows: int) -> None:
    """So many rows."""
    for at_ns in range(rows):
        started = Started(at_ns=ExchangeNs(at_ns), epoch=journal.epoch, version="t", instance="t")
        journal.append((started,))


def again(room: Path) -> dict[str, Any]:
    """A journal alone: its process dies on the full disk, and another one takes it over."""
    told: dict[str, Any] = {}
    for name, keeps in (("with", True), ("without", False)):
        place = room / name
        place.mkdir()
        disk = place / "s"
        small_disk(disk)
        dead = opened(disk)
        written(dead, 20)
        if not keeps:
            Reserve(disk).give_up()
        fill(disk)
        written(dead, 80)
        told[f"{name}_failed"] = str(dead.failed)
        told[f"{name}_waiting"] = len(rows_in(disk / EMERGENCY))
        fill(disk)
        try:
            journal = opened(disk)
        except StoreError as error:
            told[name] = str(error)
        else:
            told[name] = [journal.seq, journal.epoch, (disk / FILE_NAME).stat().st_size]
            written(journal, 1)
    return told


def killed(room: Path) -> dict[str, Any]:
    """Killed on a full disk with a position open: it comes back to it, and leaves it."""
    disk = room / "s"
    small_disk(disk)
    later = [*shapes.still(100), 59_700, 59_390, 59_380, *shapes.still(900, 59_380)]
    past, tape = shapes.write_past(room), shapes.write_path(room, later)
    options = ("--tape", str(tape), "--history", str(past), "--hold", "--dead-for", "1")
    env = {"ROBSON__STORE__DISK_WARN_MIB": "0", "ROBSON__STORE__DISK_ENTRY_MIB": "0"}
    with running(disk, *options, "--speed", "600", **env) as robsond:
        client = robsond.start()
        position = arm(client)
        robsond.protected(client, position)
        kept = (disk / FILE_NAME).stat().st_size
        taken = fill(disk)
        for clear in (False, True) * 40:  # more rows wait than the log has room for
            client.trigger_halt(reason="a test that writes rows", clear=clear)
        failed = degraded(client)
        robsond.kill()
        waiting = len(rows_in(disk / EMERGENCY))
        fill(disk)
        client = robsond.start()
        back = state(robsond.position(client, position))
        robsond.protected(client, position)
        robsond.reaches(client, position, "flat", lambda p: state(p) == "closed" and p.settled)
        told = {"kept": kept, "waiting": waiting, "taken": taken, "failed": failed, "back": back}
        if "cannot be written" in degraded(client):
            told["code"] = robsond.ended().code
        else:
            told["code"] = robsond.stop().code
        (disk / "ballast").unlink()
        client = robsond.start()
        told["after"] = state(robsond.position(client, position))
        told["again"] = (disk / FILE_NAME).stat().st_size
        told["stopped"] = robsond.stop().code
        tally = robsond.tally()
        tally.is_clean()
        told.update(entries=sorted(tally.entries.values()), trades=tally.trades())
    return told


def end(room: Path) -> dict[str, Any]:
    """A full disk, and then the signal that ends robsond in order."""
    disk = room / "s"
    small_disk(disk)
    past, tape = shapes.write_past(room), shapes.write_path(room, shapes.still(600))
    options = ("--tape", str(tape), "--history", str(past), "--hold", "--dead-for", "1")
    env = {"ROBSON__STORE__DISK_WARN_MIB": "0", "ROBSON__STORE__DISK_ENTRY_MIB": "0"}
    with running(disk, *options, "--speed", "1", **env) as robsond:
        client = robsond.start()
        position = arm(client)
        price = robsond.protected(client, position).insurance.stop_price
        fill(disk)
        ended = robsond.stop()
        told = {"code": ended.code, "out": ended.out, "err": ended.err, "after": ended.after_s}
        (disk / "ballast").unlink()
        after = robsond.protected(robsond.start(), position)
        robsond.kill()
        tally = robsond.tally()
    stops = [f"{order.stop_price:f}" for order in tally.account.open_orders if order.stop_price]
    return told | {"price": price, "again": after.insurance.stop_price, "rests": stops}


def degraded(client: Any) -> str:
    """Why the account is frozen, as the status says it."""
    return "; ".join(each.reason for each in client.daemon().daemon.degraded)


if __name__ == "__main__":
    where, how = Path(sys.argv[1]), sys.argv[2]
    scenarios = {"signal": end, "killed": killed, "again": again}
    told = scenarios[how](where) if how in scenarios else live(where, how)
    sys.stdout.write(json.dumps(told) + "\n")
