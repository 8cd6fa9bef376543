"""Stops robsond in order while something is wrong: in time, and saying what it leaves."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from robson.api.client import CallFailed
from robson.api.v1 import robson_pb2 as pb
from robson.daemon.farewell import AGAIN, SILENT
from tests.e2e import shapes
from tests.e2e.apart import apart
from tests.e2e.harness import (
    HERE,
    ROOT,
    Ended,
    Robsond,
    arm,
    environment,
    protected,
    running,
    state,
    until,
)
from tests.e2e.in_error import CODE, MESSAGE
from tests.e2e.mistakes import ROBSON

GRACE_S = 25.0
SLOW = "0.05"
BARE = "UNPROTECTED: BTCUSDT"
PROTECTED = "BTCUSDT stays protected: exchange stop"
STOP = f"{shapes.EXCHANGE_STOP['long']}.00"


def stopped(robsond: Robsond, code: int = 0) -> Ended:
    """End it in order: in time, with its journal whole."""
    ended = robsond.stop()
    assert ended.code == code, ended
    assert ended.after_s < GRACE_S
    assert "Traceback" not in ended.out + ended.err
    assert robsond.rows()[-1].name == "shutdown"
    return ended


def resting(robsond: Robsond) -> list[str]:
    """Exchange stops that rest, by the exchange's own books."""
    return [f"{o.stop_price:f}" for o in robsond.tally().account.open_orders if o.stop_price]


def faulty(place: Path, prices: list[int], speed: str, **fault: object) -> Any:
    """A robsond whose exchange does one thing wrong."""
    options = ["--tape", str(shapes.write_path(place, prices)), "--hold", "--speed", speed]
    options += ["--history", str(shapes.write_past(place)), "--dead-for", "1"]
    if fault:
        lines = (
            f'{key} = "{value}"' if isinstance(value, str) else f"{key} = {value}"
            for key, value in fault.items()
        )
        (place / "faults.toml").write_text("\n".join(["[[fault]]", *lines, ""]))
        options += ["--faults", str(place / "faults.toml")]
    return running(place / "s", *options)


def test_with_the_exchange_dead(place: Path, record_property: Any) -> None:
    """Its stop rests in its own books, whoever is alive; then an exit finds nobody to take it."""
    with apart(place, "--speed", "2") as (exchange, robsond):
        client = robsond.start()
        exchange.quote()
        position = arm(client)
        price = robsond.protected(client, position).insurance.stop_price
        exchange.kill()
        until(lambda: client.daemon().daemon.exchange.HasField("silent_since"), "it is noticed")
        calm = stopped(robsond)
        assert resting(robsond) == [price]

        exchange.start()
        client = robsond.start()
        assert protected(robsond.protected(client, position))
        exchange.kill()
        next(iter(client.panic(timeout_s=30)))
        leaving = stopped(robsond)
        assert resting(robsond) == [price]

        exchange.start()
        robsond.settles(robsond.start(), position)
        robsond.kill()
        trades = robsond.tally().trades()

    for ended in (calm, leaving):
        assert SILENT in ended.out
        assert AGAIN in ended.out
    assert f"BTCUSDT stays protected: exchange stop {price} rests for" in calm.out
    assert "whether an exchange stop rests is not known" in leaving.out, leaving.out
    assert trades.count("entry") == trades.count("exit") == 1
    record_property("happened", "orderly end: active, with the exchange dead")
    record_property("happened", "orderly end: exiting, with the exchange dead")


@pytest.mark.long
@pytest.mark.parametrize("leaves", [False, True], ids=["active", "exiting"])
def test_with_the_exchange_frozen(place: Path, *, leaves: bool, record_property: Any) -> None:
    """It takes what it is sent and answers nothing: no price, no word, no hang-up."""
    with apart(place, "--speed", "2") as (exchange, robsond):
        client = robsond.start()
        exchange.quote()
        position = arm(client)
        price = robsond.protected(client, position).insurance.stop_price
        exchange.signal(signal.SIGSTOP)
        try:
            # A question that nobody answers: it is asked by itself within a minute, too.
            if leaves:
                next(iter(client.panic(timeout_s=30)))
            else:
                with pytest.raises(CallFailed):
                    client.reconcile()
            until(lambda: client.daemon().daemon.exchange.HasField("silent_since"), "it is noticed")
            told = status_text(place / "s")
            ended = stopped(robsond)
        finally:
            exchange.signal(signal.SIGCONT)
        rests = resting(robsond)
        if leaves:
            robsond.settles(robsond.start(), position)
            robsond.kill()
        trades = robsond.tally().trades()

    assert "The simulated exchange has not answered for" in told
    assert (SILENT in ended.out, AGAIN in ended.out) == (True, True)
    if leaves:
        assert "No exit reaches it from here now." in told
        assert "whether an exchange stop rests is not known" in ended.out, ended.out
        assert trades.count("entry") == trades.count("exit") == 1
    else:
        assert "What rests at the simulated exchange goes on protecting there." in told
        assert f"BTCUSDT stays protected: exchange stop {price} rests for" in ended.out
        assert (rests, trades.count("entry")) == ([price], 1)
    spent = f"out after {ended.after_s:.1f} s"
    record_property("happened", f"orderly end with the exchange frozen: {spent}")


def status_text(state_dir: Path) -> str:
    """What a person reads, in one line."""
    asked = [*ROBSON, "status", "--state-dir", str(state_dir)]
    done = subprocess.run(
        asked, capture_output=True, text=True, timeout=30, check=True, env=environment(), cwd=ROOT
    )
    return " ".join(done.stdout.split())


def rung(position: pb.Position) -> bool:
    """Its stop has been raised, so its exchange stop is on its way up."""
    return bool(position.trailing.rung)


def bare(position: pb.Position) -> bool:
    """Held, and the exchange refuses its stop."""
    return position.insurance.state == pb.INSURANCE_STATE_FAILED


def entering(position: pb.Position) -> bool:
    """Its entry is under way."""
    return state(position) == "entering"


RISES = [60_000, 60_001, 60_000, 60_300, 60_800, 60_700, *shapes.still(60, 60_700)]
LOST = {"kind": "lost_answer", "request": "entry", "nth": 1}
REFUSED = {"kind": "rate_limit", "request": "insurance", "every": 1}


@pytest.mark.parametrize(
    ("name", "prices", "speed", "there", "fault", "rests", "says"),
    [
        ("an entry without its answer", shapes.still(60), SLOW, entering, LOST, [STOP], PROTECTED),
        (
            "a stop that is refused",
            shapes.still(60),
            "1",
            bare,
            REFUSED,
            [],
            "UNPROTECTED: BTCUSDT",
        ),
        ("a stop on its way up", RISES, "1000", rung, {}, ["60000.00"], PROTECTED),
    ],
)
def test_what_is_under_way_is_brought_home_or_said(
    place: Path,
    record_property: Any,
    name: str,
    prices: list[int],
    speed: str,
    there: Callable[[pb.Position], bool],
    fault: dict[str, object],
    rests: list[str],
    says: str,
) -> None:
    """An orderly end waits ten of the exchange's seconds for what it does not know."""
    with faulty(place, prices, speed, **fault) as robsond:
        client = robsond.start()
        robsond.reaches(client, arm(client), name, there)
        ended = stopped(robsond)

        assert resting(robsond) == rests
    assert says in ended.out
    assert AGAIN in ended.out
    record_property("happened", f"orderly end: with {name}")


def test_in_error(place: Path, record_property: Any) -> None:
    with faulty(place, shapes.still(60), "1") as robsond:
        client = robsond.start(str(HERE / "in_error.py"))
        robsond.reaches(client, arm(client), "in error", lambda p: state(p) == "error")
        ended = stopped(robsond)

        assert resting(robsond) == [STOP]
    assert PROTECTED in ended.out
    assert f"BTCUSDT needs a person: {CODE}: {MESSAGE}" in ended.out
    record_property("happened", "orderly end: in error")
