"""Stops robsond in order in every state of a position, and by force: the exchange stop stays."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from robson.api.client import CallFailed, Client
from robson.api.v1 import robson_pb2 as pb
from tests.e2e import shapes
from tests.e2e.harness import (
    FREE_PORTS,
    PLAIN,
    Ended,
    Robsond,
    Tally,
    arm,
    dying,
    environment,
    holding,
    protected,
    running,
    state,
    until,
)
from tests.e2e.terminals import on_terminal

GRACE_S = 25.0
LONG_TAPE = shapes.still(60)


def robsond_on(place: Path, speed: str, prices: list[int] = LONG_TAPE) -> Any:
    past, tape = shapes.write_past(place), shapes.write_path(place, prices)
    options = ("--tape", str(tape), "--history", str(past), "--hold")
    return running(place / "s", *options, "--speed", speed, "--dead-for", "1")


def stopped(robsond: Robsond) -> Ended:
    """End it in order: in time, with exit code 0, saying so."""
    ended = robsond.stop()
    assert ended.code == 0, ended
    assert ended.after_s < GRACE_S
    assert ended.err == ""
    assert ended.out.endswith("robsond has ended in order\n")
    assert not (robsond.place / "robsond.sock").exists()
    assert robsond.rows()[-1].name == "shutdown"
    return ended


def resting(tally: Tally) -> list[str]:
    """Exchange stops that rest, by the exchange's own books."""
    return [f"{order.stop_price:f}" for order in tally.account.open_orders if order.stop_price]


# --- first signal: in order ----------------------------------------------------------------------


def test_without_positions(place: Path) -> None:
    with robsond_on(place, "max") as robsond:
        robsond.start()
        assert "protected" not in stopped(robsond).out


@pytest.mark.proves("I-13")
def test_armed_waits_on_after_a_restart(place: Path, record_property: Any) -> None:
    with robsond_on(place, "max") as robsond:
        client = robsond.start(options=(*robsond.options[:-4], "--speed", "1"))
        position = arm(client, strategy="all-in")
        ended = stopped(robsond)
        assert state(robsond.start().position(position).position) in ("armed", "cancelled")

    assert "protected" not in ended.out
    assert robsond.tally().trades() == []
    record_property("happened", "orderly end: armed")


@pytest.mark.proves("I-20")
@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_active_leaves_its_exchange_stop(
    place: Path, side: str, number: signal.Signals, record_property: Any
) -> None:
    with robsond_on(place, "1") as robsond:
        client = robsond.start()
        position = arm(client, side=side)
        before = robsond.protected(client, position)
        robsond.signal(number)
        ended = robsond.ended()
        tally = robsond.tally()

        after = robsond.protected(robsond.start(), position)
        robsond.kill()
        log = (robsond.place / "logs" / "robsond.log").read_text()
        trades = robsond.tally().trades()

    price = f"{shapes.EXCHANGE_STOP[side]}.00"
    assert ended.code == 0
    assert ended.after_s < GRACE_S
    assert f"BTCUSDT stays protected: exchange stop {price} rests" in ended.out
    assert resting(tally) == [price]
    assert trades == ["entry", "stop"], "a stop and a start send nothing"
    assert after.insurance.client_id == before.insurance.client_id
    assert log.count("started from the snapshot") == 1
    assert "rows folded: 0\n" in log, "an orderly end leaves nothing to fold"
    record_property("happened", f"orderly end: active {side}, {number.name}")


def test_ctrl_c_in_its_own_terminal_says_what_stays_protected(
    place: Path, record_property: Any
) -> None:
    """As a person runs it: 80 columns, typed, and the prompt comes back on a line of its own."""
    with robsond_on(place, "1") as robsond:
        run = (sys.executable, *PLAIN, "run", "--state-dir", str(robsond.place), *FREE_PORTS)
        env = environment(TERM="xterm-256color", LANG="C.UTF-8", HOME=str(place))
        with on_terminal([*run, *robsond.options], env, rows=40) as shown:
            shown.until(lambda terminal: "Ctrl-C" in terminal.text)
            client = Client(robsond.door, actor="test")
            robsond.protected(client, arm(client))
            client.close()
            shown.type("\x03")
            assert shown.ended() == 0
    said = " ".join(shown.raw.split())
    price = f"{shapes.EXCHANGE_STOP['long']}.00"
    assert f"BTCUSDT stays protected: exchange stop {price} rests" in said
    assert "Traceback" not in said
    assert said.endswith("robsond has ended in order")
    assert "\x1b" not in shown.raw
    assert resting(robsond.tally()) == [price]
    record_property("happened", "orderly end: Ctrl-C typed")


@pytest.mark.parametrize("side", ["long", "short"])
def test_entering_is_brought_home_and_protected(
    place: Path, side: str, record_property: Any
) -> None:
    with robsond_on(place, "1") as robsond:
        client = robsond.start(*holding("entry"))
        position = arm(client, side=side)
        robsond.reaches(client, position, "entering", lambda p: state(p) == "entering")
        ended = stopped(robsond)
        tally = robsond.tally()

        assert protected(robsond.protected(robsond.start(), position))
        robsond.kill()

    price = f"{shapes.EXCHANGE_STOP[side]}.00"
    assert f"exchange stop {price} rests" in ended.out
    assert resting(tally) == [price]
    assert tally.entries == {position: 1}
    record_property("happened", f"orderly end: entering {side}")


@pytest.mark.parametrize("side", ["long", "short"])
def test_exiting_is_brought_home(place: Path, side: str, record_property: Any) -> None:
    with robsond_on(place, "1") as robsond:
        client = robsond.start(*holding("exit"))
        position = arm(client, side=side)
        robsond.protected(client, position)
        next(iter(client.panic(timeout_s=30)))
        robsond.reaches(client, position, "exiting", lambda p: state(p) == "exiting")
        ended = stopped(robsond)
        halfway = robsond.tally()

        client = robsond.start(options=(*robsond.options, "--speed", "max"))
        robsond.settles(client, position)
        robsond.kill()
        tally = robsond.tally()

    assert halfway.account.open_orders == ()
    assert "protected" not in ended.out, "what has left needs no protection"
    tally.is_clean()
    assert tally.fills == 2
    assert tally.trades() == ["entry", "stop", "cancel stop", "exit"]
    record_property("happened", f"orderly end: exiting {side}")


# --- second signal: at once ----------------------------------------------------------------------


@pytest.mark.proves("P21")
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_second_signal_ends_at_once_and_loses_nothing(
    place: Path, second: signal.Signals, record_property: Any
) -> None:
    with robsond_on(place, "1") as robsond:
        client = robsond.start(*dying("stop"))
        position = arm(client)
        robsond.protected(client, position)
        robsond.signal(signal.SIGTERM)
        until((place / "s" / "stopping").exists, "it has begun to stop")
        robsond.signal(second)
        ended = robsond.ended()
        tally = robsond.tally()

        assert protected(robsond.protected(robsond.start(), position))
        robsond.kill()

    assert ended.code == 71
    assert resting(tally) == [f"{shapes.EXCHANGE_STOP['long']}.00"]
    assert tally.rows[-1].name != "shutdown"
    record_property("happened", f"forced end: {second.name}")


# --- a failing disk ------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [1, 3, 6, 7, 8, 10, 11])
def test_failing_disk_ends_the_process_and_costs_nothing(
    place: Path, row: int, record_property: Any
) -> None:
    """One transaction fails with an I/O error: nothing of it is believed, and nothing goes on."""
    with robsond_on(place, "max", shapes.still(12)) as robsond:
        client = robsond.start_or_die(*dying("disk", row))
        if client is not None:
            with suppress(CallFailed):
                robsond.settles(client, arm(client))
        ended = robsond.ended()
        client = robsond.start()
        position = arm(client)
        robsond.settles(client, position)
        robsond.kill()
        tally = robsond.tally()

    assert ended.code == 74
    ended.one_line("journal.db", "SQLITE_IOERR_FSYNC")
    tally.is_clean()
    assert tally.entries[position] <= 1
    record_property("happened", f"row that could not be written: {row}, then lived on")


def test_states_have_the_names_used_here() -> None:
    """A renamed state would let a wait above run into its bound; this one says it at once."""
    assert state(pb.Position(state=pb.POSITION_STATE_ENTERING)) == "entering"
