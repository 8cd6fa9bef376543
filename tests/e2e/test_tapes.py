"""Every recorded price tape through a real daemon, both sides, both strategies.

Each run ends settled or says why not.

Where no tapes are recorded, generated ones carry the suite.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robson.connectors.simulated.generator import generate, write_csv

ROOT = Path(__file__).resolve().parents[2]
BOUND_S = 120
GENERATED = 4
FLASH_HISTORY = "BTCUSDT-1m-2021"
NO_POSITION = 10


def price_tapes(folder: Path) -> list[Path]:
    """Bars, trades and 100 ms prices; book tickers are no price tape."""
    found = [*folder.glob("klines/*.csv*"), *folder.glob("ticks/*.csv*")]
    return sorted(path for path in found if "bookticker" not in path.name)


def demo(*arguments: str) -> tuple[int, dict[str, Any], str]:
    """Run a demo to its end; its exit code, its one document, what it said on stderr."""
    ran = subprocess.run(
        [sys.executable, "-m", "robson.cli.main", "demo", "--speed", "max", "--json", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )
    return ran.returncode, json.loads(ran.stdout, parse_float=Decimal), ran.stderr


def judge(code: int, told: dict[str, Any]) -> str:
    """What a run came to; anything that does not explain itself fails."""
    assert told.get("schema") == "robson.demo/1", told
    assert told["invariants"]["violated"] == []
    assert all(count > 0 for count in told["invariants"]["checked"].values())
    if code == NO_POSITION:
        assert told["rejections"] or told["waiting"], "says what was refused or waited for"
        return "opened nothing"
    assert code == 0
    position = told["positions"][0]
    assert (position["state"], position["settled"]) == ("closed", True)
    assert len(told["invariants"]["checked"]) >= 20
    if position["exit_reason"] == "stop_loss" and not jumped(told):
        assert position["realized_pnl"] >= -position["planned_risk"], "a stop that was met"
    return str(position["exit_reason"])


def jumped(told: dict[str, Any]) -> bool:
    """Whether the price went through the stop without being traded at it."""
    rows = [row for row in told["events"] if row["kind"].startswith("exit_triggered")]
    return any(row["payload"].get("jumped_from") is not None for row in rows)


@pytest.fixture(scope="module")
def played(tapes: Path | None, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The recorded tapes, else generated ones."""
    if tapes is not None and price_tapes(tapes):
        return price_tapes(tapes)
    folder = tmp_path_factory.mktemp("tapes")
    paths = [folder / f"BTCUSDT-1m-{seed}.csv" for seed in range(1, GENERATED + 1)]
    for seed, path in enumerate(paths, 1):
        write_csv(generate(seed), path)
    return paths


def history_of(path: Path, others: list[Path]) -> list[str]:
    """The recorded bars of the same month for the shortest tape; elsewhere it is generated."""
    if "flash-crash" not in path.name:
        return []
    return next((["--history", str(o)] for o in others if FLASH_HISTORY in o.name), [])


WAYS = [(side, strategy) for side in ("long", "short") for strategy in ("now", "all-in")]


def play(path: Path, others: list[Path], side: str, strategy: str) -> str:
    """What a tape came to, one way."""
    arguments = ["--tape", str(path), "--side", side, "--strategy", strategy]
    code, told, said = demo(*arguments, *history_of(path, others))
    assert "Traceback" not in said
    return judge(code, told)


def counted(ended: list[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(Counter(ended).items()))


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("turn", "side", "strategy"), [(0, "long", "now"), (1, "short", "all-in")])
def test_every_second_tape_ends_settled_or_says_why_not(
    played: list[Path],
    turn: int,
    side: str,
    strategy: str,
    record_property: Callable[[str, object], None],
) -> None:
    """Each tape one way: a run has a closed and settled position, or exits 10 with its reasons."""
    ended = [play(path, played, side, strategy) for path in played[turn::2]]

    assert len(ended) >= len(played) // 2 > 0
    record_property("note", f"every second tape, {strategy} {side}: {counted(ended)}")


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("side", "strategy"), WAYS)
def test_every_tape_every_way(
    played: list[Path], side: str, strategy: str, record_property: Callable[[str, object], None]
) -> None:
    """The same of every tape, both sides, both strategies."""
    ended = [play(path, played, side, strategy) for path in played]

    assert len(ended) == len(played) > 0
    record_property("note", f"tapes, {strategy} {side}: {counted(ended)}")


def test_a_book_ticker_is_refused_in_one_line(tapes: Path | None, tmp_path: Path) -> None:
    """A file of neither kind is refused, and nothing is left running."""
    found = sorted(tapes.glob("ticks/*bookticker*")) if tapes is not None else []
    if not found:
        path = tmp_path / "BTCUSDT-bookticker.csv"
        path.write_text("recv_time_us,update_id,bid_price,bid_qty,ask_price,ask_qty\n1,1,1,1,2,1\n")
        found = [path]
    for path in found:
        code, told, _said = demo("--tape", str(path))
        assert code != 0
        assert "\n" not in told["error"]["message"]
        assert "neither" in told["error"]["message"]
