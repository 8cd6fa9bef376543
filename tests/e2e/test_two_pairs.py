"""Two pairs in one robsond: two lives at once, one budget, and neither waits for the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robson.api.client import CallFailed, Client
from robson.api.v1 import robson_pb2 as pb
from tests.e2e import shapes
from tests.e2e.evidence import Row, Tally
from tests.e2e.harness import (
    Robsond,
    arm,
    folder,
    holding,
    protected,
    refused,
    running,
    state,
    until,
)
from tests.e2e.test_determinism import sha256

BTC, ETH = "BTCUSDT", "ETHUSDT"
STEP = Decimal("0.0001")
"""Of ETHUSDT, the larger of both: less than one step cannot be sold."""
SLOW = "0.02"
"""Tape seconds a second: a request's way takes two."""
# In at 60,000, over the first rung, back through the raised stop; a short the other way.
RISES = [60_000, 60_001, 60_000, 60_300, 60_800, 60_700, 60_700, 60_400, 60_100, 59_900, 59_900]
FALLS = shapes.mirrored(RISES, "short")
QUIET = shapes.still(60)
BALANCE, TRADE, MONTH = Decimal(10_000), Decimal("0.01"), Decimal("0.04")


@contextmanager
def both(place: Path, speed: str, btc: list[int], eth: list[int], **env: str) -> Iterator[Robsond]:
    """A robsond on two tapes that wait until each pair has had a position."""
    options: list[str] = []
    for symbol, prices in ((shapes.BTC, btc), (shapes.ETH, eth)):
        options += ["--tape", str(shapes.write_path(place, prices, symbol=symbol))]
        options += ["--history", str(shapes.write_past(place, symbol))]
    with running(place / "s", *options, "--hold", "--speed", speed, **env) as robsond:
        yield robsond


def arm_both(client: Client) -> tuple[str, str]:
    """A long on one and a short on the other."""
    return (
        arm(client, symbol=BTC, side="long", key="btc"),
        arm(client, symbol=ETH, side="short", key="eth"),
    )


def clean(robsond: Robsond) -> dict[str, Tally]:
    """Both pairs' books equal the journal and owe nothing."""
    tallies = robsond.tallies()
    assert tallies.keys() == {BTC, ETH}
    for tally in tallies.values():
        tally.is_clean(STEP)
    return tallies


def lives(speed: str) -> list[Row]:
    """Two lives to their end; the rows they leave."""
    with folder() as made, both(made, speed, RISES, FALLS) as robsond:
        client = robsond.start()
        one = arm(client, symbol=BTC, side="long", key="btc")
        robsond.protected(client, one)  # two commands at one instant are in the order they came in
        other = arm(client, symbol=ETH, side="short", key="eth")
        for position in (one, other):
            assert state(robsond.settles(client, position)) == "closed"
        robsond.plays_to_the_end(client)
        assert robsond.stop().code == 0
        tallies = clean(robsond)
        assert [tally.fills for tally in tallies.values()] == [2, 2]
        return robsond.rows()


def test_two_lives_at_once_are_the_same_at_any_speed(record_property: Any) -> None:
    found = {speed: lives(speed) for speed in ("6000", "max")}

    (same,) = {sha256(rows) for rows in found.values()}
    rows = found["max"]
    entered = {r.payload["position"]: r.seq for r in rows if r.name == "entry_filled"}
    left = {r.payload["position"]: r.seq for r in rows if r.name == "exit_triggered"}
    assert entered.keys() == left.keys()
    assert len(entered) == 2
    assert max(entered.values()) < min(left.values()), "both were open at once"
    assert sum(row.name == "month_opened" for row in rows) == 1
    record_property("note", f"two pairs: {len(rows)} events in {len(found)} runs, sha256 {same}")
    record_property("happened", "two pairs: two lives at once, settled")


def month_of(client: Client) -> pb.Risk | None:
    """The month's budget, once every pair's account was read."""
    risk = client.status().risk
    return risk if Decimal(risk.capital_base) > 0 else None


def test_both_draw_on_one_budget(place: Path, record_property: Any) -> None:
    """Four per cent of what both pairs hold together, and each plan takes from it."""
    with both(place, SLOW, QUIET, QUIET) as robsond:
        client = robsond.start()
        before = until(lambda: month_of(client), "the month is open")
        one = arm(client, symbol=BTC, key="btc")
        robsond.protected(client, one)
        between = client.status().risk
        other = arm(client, symbol=ETH, side="short", key="eth")
        robsond.protected(client, other)
        after = client.status().risk

    assert Decimal(before.capital_base) == 2 * BALANCE
    assert Decimal(before.budget) == MONTH * 2 * BALANCE
    assert before.slots == 4
    latent = [Decimal(risk.latent) for risk in (before, between, after)]
    assert latent[0] == 0 < latent[1] < latent[2] < 2 * TRADE * 2 * BALANCE
    for risk in (before, between, after):
        spent = Decimal(risk.consumed) + Decimal(risk.latent)
        assert Decimal(risk.remaining) == Decimal(risk.budget) - spent
    assert after.open_positions.value == 2
    record_property("happened", "two pairs: one budget")


def test_no_more_are_armed_than_may_be_open(place: Path, record_property: Any) -> None:
    with both(place, SLOW, QUIET, QUIET, ROBSON__RISK__MAX_OPEN_POSITIONS="1") as robsond:
        client = robsond.start()
        one = arm(client, symbol=BTC, key="btc")
        robsond.protected(client, one)
        with pytest.raises(CallFailed) as refused:
            arm(client, symbol=ETH, key="eth")
        assert [position.id for position in client.status().positions] == [one]
        robsond.kill()
        tallies = robsond.tallies()

    assert refused.value.code == "max_open_positions"
    assert tallies[ETH].trades() == []
    record_property("happened", "two pairs: at most so many open")


@pytest.mark.parametrize("when", ["entering", "active", "exiting"])
def test_panic_of_one_lets_the_other_live_on(place: Path, when: str, record_property: Any) -> None:
    """The short of the other pair keeps its stop and its way out."""
    with both(place, "1", QUIET, QUIET) as robsond:
        # The request that the panic is to find on its way stays there until then.
        held = {"entering": holding("entry", 2), "active": (), "exiting": holding("exit")}[when]
        client = robsond.start(*held)
        other = arm(client, symbol=ETH, side="short", key="eth")
        before = robsond.protected(client, other)
        one = arm(client, symbol=BTC, key="btc")
        if when == "entering":
            robsond.reaches(client, one, when, lambda position: state(position) == when)
        else:
            robsond.protected(client, one)
        if when == "exiting":
            next(iter(client.panic(symbol=BTC, timeout_s=30)))
            robsond.reaches(client, one, when, lambda position: state(position) == when)
        (place / "s" / "go").touch()  # a moment later it is let go: the panic is there before
        *_, told = client.panic(symbol=BTC, timeout_s=30)
        ended = robsond.settles(client, one)
        after = robsond.position(client, other)
        assert robsond.stop().code == 0
        tallies = robsond.tallies()

    assert told.done
    assert (state(ended), ended.trigger.reason) == ("closed", "user_panic")
    assert protected(after)
    assert after.insurance.client_id == before.insurance.client_id
    assert tallies[ETH].trades() == ["entry", "stop"]
    assert tallies[BTC].entries == {one: 1}
    assert tallies[BTC].fills == 2
    assert tallies[BTC].trades()[-1] == "exit"
    tallies[BTC].is_clean(STEP)
    record_property("happened", f"two pairs: panic of one, {when}")


def test_death_with_two_open_costs_neither(place: Path, record_property: Any) -> None:
    with both(place, "60", RISES, FALLS) as robsond:
        client = robsond.start()
        positions = arm_both(client)
        for position in positions:
            robsond.protected(client, position)
        robsond.kill()
        resting = [len(tally.account.open_orders) for tally in robsond.tallies().values()]
        client = robsond.start(options=(*robsond.options, "--speed", "max"))
        ended = [robsond.settles(client, position) for position in positions]
        robsond.plays_to_the_end(client)
        assert robsond.stop().code == 0
        tallies = clean(robsond)

    assert resting == [1, 1], "both were insured while nobody lived"
    assert [state(position) for position in ended] == ["closed", "closed"]
    assert [tally.entries for tally in tallies.values()] == [{one: 1} for one in positions]
    record_property("happened", "two pairs: kill -9 with two open")


RECORDED = (
    ("klines", "{}-1m-2021-04-20_2021-05-20.csv.gz", "2021-05-19T11:00"),
    ("klines", "{}-15m-2024-09-01_2025-08-27.csv.gz", "2025-08-01"),
    ("ticks", "{}-trades-20240808.csv.gz", None),
)


@pytest.mark.parametrize(("kind", "name", "begin"), RECORDED, ids=["minutes", "quarters", "trades"])
def test_recorded_pairs_that_overlap(
    place: Path,
    tapes: Path | None,
    kind: str,
    name: str,
    begin: str | None,
    record_property: Any,
) -> None:
    """A long on one, a short on the other, to the end of what was recorded."""
    options = ["--speed", "max", "--hold"]
    if tapes is None:
        for symbol in (shapes.BTC, shapes.ETH):
            path = shapes.write_path(place, RISES, symbol=symbol)
            options += ["--tape", str(path)]
    else:
        for symbol in (BTC, ETH):
            options += ["--tape", f"{symbol}={tapes / kind / name.format(symbol)}"]
        options += ["--from", begin] if begin is not None else []
    with running(place / "s", *options) as robsond:
        client = robsond.start()
        for position in arm_both(client):
            robsond.settles(client, position)
        report = client.sim_report()
        assert robsond.stop().code == 0
        tallies = clean(robsond)

    assert '"violated": []' in report
    filled = [tally.fills for tally in tallies.values()]
    assert all(count in (0, 2) or count > 2 for count in filled)
    record_property("note", f"two recorded pairs, {kind} {begin or ''}: fills {filled}")
    record_property("happened", "two pairs: recorded tapes that overlap")


def test_a_start_without_the_tape_of_a_known_pair_is_refused_by_name(tmp_path: Path) -> None:
    with folder() as made, both(made, "max", RISES, FALLS) as robsond:
        client = robsond.start()
        for position in arm_both(client):
            robsond.settles(client, position)
        assert robsond.stop().code == 0

        tape = str(shapes.write_path(tmp_path, RISES, symbol=shapes.BTC))
        said = refused(made / "s", "--tape", tape)

    assert said.code == 64
    assert f"the journal has a position on {ETH}, and no tape of it is played" in said.err
    assert f"--tape {ETH}=PATH" in said.err
