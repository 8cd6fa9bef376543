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
    told = end(where) if how == "signal" else live(where, how)
    sys.stdout.write(json.dumps(told) + "\n")
