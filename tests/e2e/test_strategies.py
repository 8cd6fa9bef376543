"""Strategies through a real robsond: shipped ones, files of one's own, and injected signals."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from robson.api.client import CallFailed, Client
from robson.api.v1 import robson_pb2 as pb
from tests.e2e import shapes
from tests.e2e.harness import ROOT, Robsond, arm, environment, folder, running, until
from tests.e2e.strangers import STRANGERS, Door

FILES = {
    "ladder": 'bias = "auto"\n[detector]\nkind = "immediate"\n[stop_gain]\nr = "none"\n',
    "still": '[detector]\nkind = "immediate"\n[stop_gain]\nr = "none"\n[trailing]\nmode = "off"\n',
    "close": (
        '[detector]\nkind = "immediate"\n[stop_gain]\nr = "none"\n[trailing]\nmode = "continuous"\n'
    ),
    "guarded": (
        '[detector]\nkind = "immediate"\n[stop]\nlevel_n = 1\nguard_enabled = true\n'
        'buffer_bps = 5\n[stop_gain]\nr = "none"\n[trailing]\nmode = "continuous"\n'
    ),
    "manual": 'version = 4\nbias = "auto"\n[detector]\nkind = "manual"\n',
    "wrong": "[stop]\nlevl_n = 2\n",
}
UP = (60_000, 61_500, 59_000)
NUDGED = (60_000, 60_100, 59_000)
LIVES = [
    # strategy, path, exit, level that it was left at, both of a long
    ("ladder", UP, "trailing_stop", "60600"),
    ("still", UP, "stop_loss", "59400"),
    ("close", UP, "trailing_stop", "60900"),
    # level 59640, guard 59400, each with 5 bps behind it; the first sixteenth releases the guard
    ("guarded", NUDGED, "trailing_stop", "59610.18"),
]
OK = 0
Note = Callable[[str, object], None]


def with_files(place: Path) -> tuple[str, ...]:
    """A configuration file with strategies beside it; the options that name it."""
    (place / "strategies").mkdir()
    for name, text in FILES.items():
        (place / "strategies" / f"{name}.toml").write_text(text)
    (place / "robsond.toml").write_text("")
    return ("--config", str(place / "robsond.toml"))


def tape(place: Path, prices: Sequence[int]) -> tuple[str, ...]:
    past, path = shapes.write_past(place), shapes.write_path(place, prices)
    return ("--tape", str(path), "--history", str(past), "--hold", "--speed", "max")


@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize(("strategy", "path", "reason", "level"), LIVES, ids=str)
def test_a_strategy_of_ones_own_lives_as_its_file_says(
    strategy: str, path: Sequence[int], reason: str, level: str, side: str, record_property: Note
) -> None:
    with folder() as made:
        options = (*with_files(made), *tape(made, shapes.mirrored(path, side)))
        with running(made / "s", *options) as robsond:
            client = robsond.start()
            position = robsond.settles(client, arm(client, strategy=strategy, side=side))
            rows = robsond.rows()
    assert position.exit_reason == reason
    mirrored = 2 * shapes.MIDDLE - Decimal(level)
    if strategy == "guarded":  # the buffer is a share of the level, which is not mirrored
        mirrored = Decimal("60390.18")
    assert Decimal(position.trigger.stop) == (Decimal(level) if side == "long" else mirrored)
    released = [row for row in rows if row.name == "guard_released"]
    assert len(released) == (strategy == "guarded")
    [armed] = [row.payload for row in rows if row.name == "position_armed"]
    assert armed["strategy"]["name"] == strategy
    record_property("happened", f"{strategy} {side}: {reason} at {position.trigger.stop}")


def test_a_file_that_changes_reaches_no_position_that_lives(record_property: Note) -> None:
    """Armed, killed, and started again beside a file that says something else."""
    with folder() as made:
        options = (*with_files(made), *tape(made, UP))
        with running(made / "s", *options[:-1], "60") as robsond:
            client = robsond.start()
            id_ = arm(client, strategy="still")
            robsond.protected(client, id_)
            robsond.kill()
            (made / "strategies" / "still.toml").unlink()
            client = robsond.start(options=(*options[:-1], "max", "--dead-for", "0"))
            position = robsond.settles(client, id_)
            with pytest.raises(CallFailed) as refused:
                arm(client, strategy="still", key="two")
    assert (position.exit_reason, position.trailing.mode) == ("stop_loss", pb.TRAILING_MODE_OFF)
    assert refused.value.code == "UNKNOWN_STRATEGY"
    record_property("happened", "a file taken away under a live position")


# --- what is refused -----------------------------------------------------------------------------

REFUSED = [
    ("trendy", None, "there is no strategy trendy; known: all-in, close, guarded, iron-exit,"),
    ("trendy", None, "Did you mean trend?"),
    ("wrong", None, "there is no key stop.levl_n. Did you mean stop.level_n?"),
    ("iron-exit", "long", "side is long; iron-exit takes short only"),
    ("iron-exit", "auto", "side is auto; iron-exit takes short only"),
]


@pytest.fixture(scope="module")
def waiting() -> Iterator[tuple[Robsond, Client]]:
    """One whose price moves every second or so, for three hours."""
    with folder() as made:
        past = shapes.write_past(made)
        path = shapes.write_noise(made, [60_000, 60_000], seed=3, steps=11_000, step_ms=1_000)
        options = ("--tape", str(path), "--history", str(past), "--hold", "--speed", "20")
        with running(made / "s", *with_files(made), *options) as robsond:
            yield robsond, robsond.start()


@pytest.mark.parametrize(("strategy", "side", "words"), REFUSED, ids=str)
def test_a_refusal_by_the_cli_says_what_there_is(
    waiting: tuple[Robsond, Client],
    strategy: str,
    side: str | None,
    words: str,
    record_property: Note,
) -> None:
    sides = ["--side", side] if side else []
    done = subprocess.run(
        [
            *(sys.executable, "-m", "robson.cli.main", "--state-dir", str(waiting[0].place)),
            *("arm", "BTCUSDT", "--strategy", strategy, *sides, "--json"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environment(),
    )
    assert done.returncode == 2, done.stderr
    assert words in json.loads(done.stdout)["error"]["message"]
    record_property("happened", f"arm refused: {strategy}")


# --- injected signals ----------------------------------------------------------------------------


def test_a_signal_by_grpcurl(waiting: tuple[Robsond, Client], record_property: Note) -> None:
    """Refused by its bounds, taken, told again; the other program tells it once more."""
    first, *others = STRANGERS
    robsond, client = waiting
    door = Door(socket=robsond.place / "robsond.sock")
    id_ = arm(client, strategy="manual", side="auto")

    def inject(by: object, **more: str) -> dict[str, object]:
        asked = {"position": id_[-6:], "signal_id": "s-1", "stop": "59400", **more}
        said = by.call(door, "InjectSignal", json.dumps(asked))  # type: ignore[attr-defined]
        assert said.status == OK, said.err
        [answer] = said.answers
        return {name: answer.get(name, False) for name in ("taken", "code", "repeated")}

    near = inject(first, signal_id="s-0", stop="59999")
    assert (near["taken"], near["code"]) == (False, "stop_invalid")
    taken = inject(first)
    assert (taken["taken"], taken["repeated"]) == (True, False)
    again = inject((others or [first])[0], stop="1")
    assert (again["taken"], again["repeated"]) == (True, True)
    until(lambda: robsond.position(client, id_).state == pb.POSITION_STATE_ACTIVE, "it is filled")
    position = robsond.position(client, id_)
    assert (position.side, Decimal(position.technical_stop)) == (pb.SIDE_LONG, 59_400)
    assert (position.strategy.name, position.strategy.version) == ("manual", 4)
    rows = [row for row in robsond.rows() if row.name == "signal_received"]
    assert [row.payload["audit"]["method"] for row in rows] == ["operator_supplied"]
    record_property("happened", "a signal injected by grpcurl: refused, taken, told again")
