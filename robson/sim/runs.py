"""Lives one world under every check, and adds up what worlds came to."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import attrs

from robson.connectors.simulated.exchange_rules import Rule
from robson.daemon.monitor import Message
from robson.domain.identity import Purpose
from robson.domain.ports import Recorded
from robson.domain.values import NS_PER_S
from robson.domain.view import PositionView
from robson.engine.invariants import Violation
from robson.engine.pair import Finding
from robson.sim.checks import Checks
from robson.sim.courses import races_found, races_heard, rows_heard
from robson.sim.lives import Lives
from robson.sim.observer import UNEXPECTED, Broken, Enough
from robson.sim.plans import Plan, plan_of
from robson.sim.reach import JUDGED_FROM, Reach
from robson.sim.seams import WatchedExchange
from robson.sim.world import World

LIVES = 3
"""Positions of a world where nobody says how many."""


@attrs.frozen(kw_only=True)
class Outcome:
    """What one world came to.

    Attributes:
        armed: positions that were armed.
        entered: those of them whose entry was asked for.
        filled: those that held something by the exchange's books, so that they were active.
        bare_s: of each filled position, seconds without a stop that nothing excuses.
        began_ns: exchange time at which the world began.
    """

    plan: Plan
    views: tuple[PositionView, ...]
    armed: int
    entered: int
    filled: int
    events: int
    steps: int
    simulated_ns: int
    began_ns: int
    evaluated: Counter[str]
    violations: tuple[Violation, ...]
    reach: Reach
    bare_s: tuple[Decimal, ...]
    excused_ns: Counter[str]
    trace: str


class Reaching(Checks):
    """The checks of a world, which also count what it reached."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.reach = Reach()
        self._found: tuple[Finding, ...] = ()

    def witness(self, recorded: Recorded, view: PositionView | None) -> None:
        """Count an event that is new, then ask every law about it."""
        memory = self.audit.memory
        if recorded.seq > memory.seq:
            before = memory.views.get(view.id) if view is not None else None
            self.reach.note(recorded, before, view)
        super().witness(recorded, view)

    def heard(self, message: Message) -> None:
        """Count the races that begin with an answer."""
        super().heard(message)
        self.reach.add("races", races_heard(message))
        self.reach.add("recovery", rows_heard(message))

    def moved(self) -> None:
        """Count what a look at the whole pair has found."""
        super().moved()
        found = self._world.monitor.reconciler.findings.get(self._world.symbol, ())
        if found is not self._found:
            self._found = found
            self.reach.add("recovery", (each.row for each in found))

    def found(self, views: Sequence[PositionView]) -> None:
        """Count the races in whose middle the process before has died."""
        super().found(views)
        for view in views:
            self.reach.add("races", races_found(view))


def live(
    plan: Plan,
    *,
    exchange: type[WatchedExchange] = WatchedExchange,
    observed: Callable[[World, Reaching], Reaching] | None = None,
) -> Outcome:
    """Live one world under every check. ``observed`` may put another observer in their place."""
    lives = Lives(plan, exchange=exchange)
    world = lives.world
    checks = Reaching(world)
    if observed is not None:
        checks = observed(world, checks)
    world.observer = checks
    try:
        lives.run()
        checks.finish(lives.settled_in_ns)
    except Broken as broken:
        checks.audit.note("B2", verdict=str(broken), at_ns=world.clock.now_ns)
    except Enough:
        pass  # what was violated is told
    except UNEXPECTED as fault:  # the exchange's own: a finding of this seed
        said = f"outside the daemon, {type(fault).__name__}: {fault}"
        checks.audit.note("B2", verdict=said, at_ns=world.clock.now_ns)
    else:
        checks.audit.note("B2", verdict=True, at_ns=world.clock.now_ns)
    reach, faults = checks.reach, world.faults
    reach.merge("refusals", lives.refusals)
    reach.merge("faults", faults.counts)
    reach.merge("crash_points", Counter(faults.died_at))
    reach.merge("exchange", world.exchange.counts())
    reach.merge("races", {"H": world.exchange.counts()[Rule.LIMIT_STOP_PASSED.value]})
    views = tuple(checks.audit.memory.views.values())
    return Outcome(
        plan=plan,
        views=views,
        armed=len(views),
        entered=sum(1 for view in views if _has_entered(view)),
        filled=len(checks.cover.filled),
        events=checks.audit.memory.seq,
        steps=world.steps,
        simulated_ns=world.clock.now_ns - world.began_ns,
        began_ns=world.began_ns,
        evaluated=checks.audit.evaluated,
        violations=tuple(checks.audit.violations),
        reach=reach,
        bare_s=tuple(Decimal(checks.bare_ns[each]) / NS_PER_S for each in checks.cover.filled),
        excused_ns=checks.excused_ns,
        trace=world.trace,
    )


def _has_entered(view: PositionView) -> bool:
    return any(record.order.purpose is Purpose.ENTRY for record in view.orders)


@attrs.define
class Total:
    """The sum of worlds.

    Attributes:
        first, last: the seeds that were asked for; None for no end.
        lives: positions of each world.
        usual: with the strategies ``now`` and ``all-in`` alone.
        violations: with the seed of the world in which each was found.
        bare_s: sorted only when asked for.
    """

    first: int
    last: int | None
    lives: int = LIVES
    usual: bool = False
    seeds: int = 0
    armed: int = 0
    entered: int = 0
    filled: int = 0
    events: int = 0
    simulated_ns: int = 0
    evaluated: Counter[str] = attrs.Factory(Counter)
    violations: list[tuple[int, int, Violation]] = attrs.Factory(list)
    reach: Reach = attrs.Factory(Reach)
    bare_s: list[Decimal] = attrs.Factory(list)
    excused_ns: Counter[str] = attrs.Factory(Counter)
    _traces: hashlib._Hash = attrs.Factory(hashlib.sha256)

    def add(self, outcome: Outcome) -> None:
        """Take a world in."""
        self.seeds += 1
        self.armed += outcome.armed
        self.entered += outcome.entered
        self.filled += outcome.filled
        self.events += outcome.events
        self.simulated_ns += outcome.simulated_ns
        self.evaluated.update(outcome.evaluated)
        self.violations += [
            (outcome.plan.seed, outcome.began_ns, found) for found in outcome.violations
        ]
        self.reach.update(outcome.reach)
        self.bare_s += outcome.bare_s
        self.excused_ns.update(outcome.excused_ns)
        self._traces.update(outcome.trace.encode())

    @property
    def trace(self) -> str:
        """One hash for all worlds, in order."""
        return self._traces.hexdigest()

    @property
    def judged(self) -> bool:
        """Whether enough positions were active to demand that everything was reached."""
        return self.filled >= JUDGED_FROM

    @property
    def missing(self) -> list[str]:
        """What was not reached although it had to be; rules that never spoke among it."""
        if not self.judged:
            return []
        silent = [f"rules: {rule}" for rule, count in self.evaluated.items() if count == 0]
        missing = self.reach.missing(self.filled)
        if self.usual:
            missing = [each for each in missing if not each.startswith("strategies:")]
        return [*missing, *silent]

    @property
    def passed(self) -> bool:
        """No violation, and nothing missing."""
        return not self.violations and not self.missing


def percentile(sorted_s: list[Decimal], share: int) -> Decimal:
    """The value at or below which a share in percent lies; zero where there is none."""
    if not sorted_s:
        return Decimal(0)
    return sorted_s[min(len(sorted_s) - 1, len(sorted_s) * share // 100)]


def add_up(
    outcomes: Iterable[Outcome],
    total: Total,
    *,
    until: int | None = None,
    fail_fast: bool = False,
    done: Callable[[Outcome, Total], None] | None = None,
) -> Total:
    """Take worlds in, ``until`` so many positions were active; ``done`` hears of each world.

    ``fail_fast``: nothing after the first world in which something was violated.
    """
    for outcome in outcomes:
        total.add(outcome)
        if done is not None:
            done(outcome, total)
        enough = until is not None and total.filled >= until
        if enough or (fail_fast and outcome.violations):
            break
    return total


def run(seeds: range, *, lives: int = LIVES) -> Total:
    """Live worlds one after another, in this process."""
    outcomes = (live(plan_of(seed, lives)) for seed in seeds)
    return add_up(outcomes, Total(seeds[0], seeds[-1], lives))
