"""What a long past costs: a status beside many positions that are over, against few."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import attrs
from bench_crowd import FEW, MANY, NoIds, Sent
from bench_kit import CannotMeasure, Goal, Row, Run, alternate

from robson.connectors.simulated.clock import VirtualClock
from robson.connectors.simulated.rules import instrument_for
from robson.daemon.custody import Custody, Market
from robson.daemon.monitor import Monitor
from robson.daemon.roster import Folded, Roster
from robson.daemon.ticks import TickBoard
from robson.domain import events as e
from robson.domain.identity import PositionId
from robson.domain.lifecycle import TableLaw
from robson.domain.standing import DAY_NS
from robson.domain.values import ExchangeNs
from robson.domain.view import PositionView
from robson.engine.settings import Settings
from robson.sim.window import status_of
from robson.store.memory import MemoryJournal

FLAT = Goal(of="ratio", must=1.5, aim=1.2)


class Past:
    """A daemon's status with so many closed positions behind it, and one that closed today."""

    def __init__(self, life: Sequence[e.Event], count: int) -> None:
        closed = _closed(life)
        self._now = ExchangeNs(closed.updated_ns)
        roster = Roster(MemoryJournal(), TableLaw)
        views = (*(_earlier(closed, number) for number in range(count)), closed)
        roster.load(Folded(seq=0, last_ns=self._now, standing=roster.standing, views=views))
        symbol = str(closed.scope.symbol)
        market = Market(instrument=instrument_for(closed.scope.symbol), board=TickBoard())
        self._monitor = Monitor(
            Custody(
                account=closed.scope.account,
                roster=roster,
                clock=VirtualClock(self._now),
                ids=NoIds(),
                outbox=Sent(),
                markets={symbol: market},
                settings=Settings(),
                epoch=1,
            )
        )

    def ask(self) -> float:
        """Seconds for one status document."""
        started = time.perf_counter()
        told = status_of(self._monitor, "main", self._now)
        took = time.perf_counter() - started
        if told["summary"]["closed_today_count"] != 1 or told["positions"]:
            raise CannotMeasure(f"a status of another past: {json.dumps(told['summary'])}")
        return took


def _closed(life: Sequence[e.Event]) -> PositionView:
    """What a whole life has come to."""
    journal = MemoryJournal()
    roster = Roster(journal, TableLaw)
    roster.load()
    roster.commit(life)
    (view,) = roster.views.values()
    if view.is_live or view.closed is None:
        raise CannotMeasure("the life that was lived for this has not ended")
    return view


def _earlier(view: PositionView, number: int) -> PositionView:
    """The same, days ago."""
    assert view.closed is not None
    at_ns = ExchangeNs(view.closed.at_ns - 2 * DAY_NS)
    ended = attrs.evolve(view.closed, at_ns=at_ns)
    return attrs.evolve(view, id=PositionId.of(number), closed=ended)


def past(run: Run) -> list[Row]:
    """A status must cost what lives, not what was."""
    count = run.count(MANY, least=8 * FEW)
    many, few = Past(run.life, count), Past(run.life, FEW)
    asked = alternate(many.ask, few.ask, rounds=run.count(60), bound_s=6)
    what = f"status document beside {count:,} closed positions against {FEW}"
    return [asked.row("past.status", what, "ms", FLAT)]
