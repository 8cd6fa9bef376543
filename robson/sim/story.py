"""Tells a world as it happens: what Robson did, what went wrong, and what it came to."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from robson.connectors.simulated.kinds import KINDS
from robson.domain.identity import PositionId
from robson.domain.lifecycle import PositionState
from robson.domain.ports import Recorded
from robson.domain.values import NS_PER_S
from robson.domain.view import PositionView
from robson.sim.paper import Paper
from robson.sim.plans import Plan, plan_of
from robson.sim.runs import Outcome, Reaching, live
from robson.sim.telling import told
from robson.sim.world import World

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARGIN = 31
_TEMPERS = {
    "brisk": "bars of 10 s",
    "ticking": "trades every 2 s or so",
    "storm": "a storm of trades",
    "patient": "bars of 1 minute",
}
_SEVERITIES = {
    "calm": "nothing goes wrong",
    "rough": "some requests go wrong, the process dies now and then",
    "choosy": "the exchange refuses entries",
    "harsh": "many requests go wrong",
    "deadly": "the process dies all the time",
}


class Teller(Reaching):
    """The checks of a world, which also tell it."""

    def __init__(self, world: World, paper: Paper) -> None:
        super().__init__(world)
        self._paper = paper
        self._whose: PositionId | None = None
        self._violated = 0
        self._died_ns = 0
        self._settled: set[PositionId] = set()
        world.faults.told = self._struck

    def witness(self, recorded: Recorded, view: PositionView | None) -> None:
        """Tell an event that is new, and what it violated."""
        new = recorded.seq > self.audit.memory.seq
        super().witness(recorded, view)
        if new and view is not None:
            self._tell(recorded, view)
        self._violations()

    def moved(self) -> None:
        """Tell what the exchange's books have violated."""
        super().moved()
        self._violations()

    def finish(self, settled_in_ns: int | None) -> None:
        """Tell what the end has violated."""
        super().finish(settled_in_ns)
        self._violations()

    def _violations(self) -> None:
        for found in self.audit.violations[self._violated :]:
            self._line(found.at_ns, "VIOLATED", f"{found.name}: {found.message}", mark="!!")
        self._violated = len(self.audit.violations)

    def _tell(self, recorded: Recorded, view: PositionView) -> None:
        said = told(recorded.event, view)
        if said is None:
            return
        if view.id != self._whose:
            self._whose = view.id
            self._paper.say()
        word, text = said
        error = "!!" if view.state is PositionState.ERROR else ""
        self._line(recorded.event.at_ns, word, text, mark=error)

    def _struck(self, kind: str) -> None:
        self._line(
            self._world.clock.now_ns, "fault", KINDS[kind].meaning.replace("`", ""), mark="!"
        )

    def died(self, point: str) -> None:
        """Tell where the process ended."""
        super().died(point)
        self._died_ns = self._world.clock.now_ns
        where = "without warning" if point == "killed" else f"at {point}"
        self._line(self._died_ns, "CRASH", f"the process dies {where}", mark="!")

    def reborn(self) -> None:
        """Tell that another process has taken over."""
        super().reborn()
        if self._died_ns:
            now_ns = self._world.clock.now_ns
            dead_s = (now_ns - self._died_ns) / NS_PER_S
            rows = len(self._world.journal.rows.rows)
            text = f"after {dead_s:.1f} s, epoch {self._world.journal.epoch}: {rows} rows read"
            self._line(now_ns, "started", text, mark="!")
            self._died_ns = 0

    def _line(self, at_ns: int, word: str, text: str, *, mark: str = "") -> None:
        paper = self._paper
        time = f"{_EPOCH + timedelta(microseconds=at_ns // 1000):%H:%M:%S.%f}"[:-3]
        lines = textwrap.wrap(text, paper.width - _MARGIN, break_on_hyphens=False) or [""]
        head = f" {mark:>2} {time}  {word:<11}   "
        styled = paper.paint(head, "strong") if mark else head
        paper.say(f"{styled}{lines[0]}")
        for line in lines[1:]:
            paper.say(f"{' ' * _MARGIN}{line}")


def _title(plan: Plan, world: World, paper: Paper) -> None:
    name = paper.paint(f"SEED {plan.seed}", "strong")
    kind = f"{_TEMPERS[plan.temper]}; {_SEVERITIES[plan.severity]}"
    day = f"{_EPOCH + timedelta(seconds=world.began_ns // NS_PER_S):%Y-%m-%d}"
    paper.say(f"{name}   {world.symbol}, generated prices of {day} UTC: {kind}")


def _end(outcome: Outcome, paper: Paper) -> None:
    paper.say()
    rules, count = len(outcome.evaluated), sum(outcome.evaluated.values())
    if outcome.violations:
        tag = paper.paint(f" !! {len(outcome.violations)} VIOLATED ", "alarm")
        last = outcome.violations[-1]
        paper.say(f"{tag}  the last one: {last.name}: {last.message}")
    else:
        tag = paper.paint("✓ EVERY LAW HELD", "ok")
        paper.say(f"{tag}  {rules} rules, {count:,} evaluations after {outcome.events} events")
    paper.say()
    paper.say()


def tell(
    seeds: Iterable[int], lives: int, page: Paper, *, usual: bool = False
) -> Iterator[Outcome]:
    """Live worlds one after another and tell each of them."""

    def observed(world: World, _checks: Reaching) -> Reaching:
        _title(plan, world, page)
        return Teller(world, page)

    for seed in seeds:
        plan = plan_of(seed, lives, usual=usual)
        outcome = live(plan, observed=observed)
        _end(outcome, page)
        yield outcome
