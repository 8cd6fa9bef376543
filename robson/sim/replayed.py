"""A replayed journal for people and programs: what was folded, decided again, and what differs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs

from robson.connectors.simulated.rules import instrument_for
from robson.daemon.config import load
from robson.sim.again import Outcome, World, replay
from robson.sim.paper import Paper, counted
from robson.store.journal import FILE_NAME


def outcome_of(
    journal: Path, *, verify: bool, config: Path | None, exchange_info: Path | None
) -> Outcome:
    """Replay a journal file, or the one in a state directory."""
    path = journal / FILE_NAME if journal.is_dir() else journal
    settings = load(config, {}, {}).settings()
    world = World(lambda symbol: instrument_for(symbol, exchange_info=exchange_info), settings)
    return replay(path, world, verify=verify)


def is_equal(outcome: Outcome, *, verify: bool) -> bool:
    """Nothing differs, and where decisions were to be made again, some were."""
    return outcome.difference is None and (not verify or outcome.made.total() > 0)


def document(outcome: Outcome, *, verify: bool) -> dict[str, Any]:
    """As one JSON document."""
    return {
        "schema": "robson.replay/1",
        "equal": is_equal(outcome, verify=verify),
        "rows": outcome.rows,
        "positions": outcome.positions,
        "decided_again": dict(sorted(outcome.made.items())),
        "taken_as_told": dict(sorted(outcome.told.items())),
        "difference": None if outcome.difference is None else attrs.asdict(outcome.difference),
    }


def show(outcome: Outcome, paper: Paper, *, verify: bool) -> None:
    """As a person reads it."""
    found = outcome.difference
    if found is not None:
        paper.say(f"{paper.paint(' !! DIFFERENT ', 'alarm')}  row {found.seq}, {found.kind}")
        paper.fact("Field", found.field)
        paper.fact("Was", found.was)
        paper.fact("Now", found.now)
    elif is_equal(outcome, verify=verify):
        again = f", {outcome.made.total()} decisions made again" if verify else ""
        folded = f"{outcome.rows} rows, {outcome.positions} positions folded"
        paper.say(f"{paper.paint('✓ EQUAL', 'ok')}  {folded}{again}")
    else:
        paper.say(f"{paper.paint(' !! NOTHING COMPARED ', 'alarm')}  no decision stands in it")
    if outcome.made:
        named = ((kind.partition(".")[0], count) for kind, count in sorted(outcome.made.items()))
        paper.fact("Decided", counted(named))
