"""What a person does in a world: arms, waits, now and then changes their mind, and arms again.

Everything follows from the seed: the market, what goes wrong, and each wish.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import attrs

from robson.daemon.messages import Asked
from robson.domain.commands import Arm, Command, Disarm, Panic, SetHalt
from robson.domain.errors import Refused
from robson.domain.lifecycle import PositionState
from robson.domain.values import NS_PER_S, Leverage, Side
from robson.domain.view import PositionView
from robson.engine.settings import Settings
from robson.sim.chance import Chance
from robson.sim.coast import Coaster
from robson.sim.faults import SEVERITIES, CrashAt, FaultPlan
from robson.sim.markets import TEMPERS, market
from robson.sim.person import REASON, Person
from robson.sim.seams import POINTS, WatchedExchange
from robson.sim.world import World

HEALING_NS = 60 * NS_PER_S
"""With the faults over, everything has to be settled within this virtual time."""
PATIENCE = {"brisk": 900, "ticking": 400, "storm": 12, "patient": 4 * 3600}
"""Seconds after which a person has had enough of a position."""
STEPS = {"brisk": 75, "ticking": 200, "storm": 900, "patient": 160}
"""Rows of tape for each position."""
TEMPERS_MET = ("brisk",) * 8 + ("ticking",) * 4 + ("storm",) * 3 + ("patient",)
SEVERITIES_MET = ("calm",) * 2 + ("rough",) * 4 + ("harsh", "deadly")
"""How often which market, and how bad it is there."""
REPAIR_NS = 20 * NS_PER_S
"""So often a person comes back to what is not repaired yet."""
REPAIRS_MAX = 3
"""So often, at most, in the time in which everything has to be settled at the end."""
DARK_NS = 240 * NS_PER_S
STOPPED_NS = (NS_PER_S, 20 * NS_PER_S)
BACK_NS = (5 * NS_PER_S, 60 * NS_PER_S)
_PANICS, _DISARMS, _AT_ONCE = range(12), range(12, 18), range(20, 23)
_DARKENS, _STOPS, _BY_HAND = range(30, 60), range(60, 75), range(90, 99)
_HALTS = range(80, 90)
_HANDS = ((Decimal(1), 1), (Decimal(1), 2), (Decimal("0.4"), 1))
"""What a person leaves by hand, at the exchange: all, all in two orders, a part."""
"""Of a hundred wishes, those in which somebody or something interferes."""
ACTOR = "person@world"
ASKED_MAX = 20


@attrs.frozen(kw_only=True)
class Wish:
    """One position as a person wants it. Times are virtual seconds after it was armed.

    Attributes:
        share: part of the account's capital that it is sized from; None for all.
        panic_s, disarm_s: when they change their mind; None for never.
        stop_s: when they stop the process in order, to start it again soon.
        dark_s: when the power fails for a while, which is nobody's wish.
        halt_s: when they halt entries, which closes what is open where the plan says so.
        hand_s: when they leave ``hand`` of it by themselves, a share in so many orders.
    """

    strategy: str
    side: Side | None
    leverage: int
    share: Decimal | None
    pause_s: int
    panic_s: int | None = None
    disarm_s: int | None = None
    stop_s: int | None = None
    dark_s: int | None = None
    hand_s: int | None = None
    halt_s: int | None = None
    hand: tuple[Decimal, int] = (Decimal(1), 1)
    force: bool = False
    asks_twice: bool = False
    looks_first: bool = False


@attrs.frozen(kw_only=True)
class Plan:
    """A world before it begins. ``crash_at``: where the process dies besides by chance;
    ``closes``: what is open is left at a halt; ``only_limited``: the symbol takes no stop but one
    with a limit.
    """

    seed: int
    temper: str
    severity: str
    balance: Decimal
    rises: bool
    crash_at: CrashAt | None
    only_limited: bool
    closes: bool = False
    wishes: tuple[Wish, ...]


def plan_of(seed: int, positions: int) -> Plan:
    """What a seed stands for."""
    chance = Chance(f"plan {seed}")
    temper = chance.pick(TEMPERS_MET)
    severity = chance.pick(SEVERITIES_MET)
    if temper == "patient":
        severity = chance.pick(("calm", "choosy", "choosy"))
    at = CrashAt(POINTS[seed % len(POINTS)]) if severity != "calm" else None
    rises = chance.hits(0.5)
    wishes = [_wish(chance, temper, place) for place in range(positions)]
    if temper == "patient" and wishes:
        # A crossing comes soon, and comes the tape's way.
        way = Side.LONG if rises else Side.SHORT
        wishes[0] = attrs.evolve(wishes[0], side=way, panic_s=None, disarm_s=None)
    return Plan(
        seed=seed,
        temper=temper,
        severity=severity,
        balance=Decimal(chance.pick(("10000", "2500", "100000"))),
        rises=rises,
        crash_at=at,
        only_limited=seed % 3 == 0,
        closes=seed % 5 == 0,
        wishes=tuple(wishes),
    )


def _wish(chance: Chance, temper: str, place: int) -> Wish:
    waits = temper == "patient" and place == 0
    patience = PATIENCE[temper]
    changes = chance.below(100)
    disarm_s = chance.below(patience // 9) if changes in _DISARMS else None
    at_once = changes in _AT_ONCE
    return Wish(
        strategy="all-in" if waits or chance.hits(0.08) else "now",
        side=None if chance.hits(0.1) else chance.pick((Side.LONG, Side.SHORT)),
        leverage=chance.pick((3, 3, 3, 2, 2, 2, 1)),
        share=None if chance.hits(0.3) else Decimal(chance.pick(("0.1", "0.25", "0.05"))),
        pause_s=0 if temper == "storm" else chance.below(20),
        panic_s=chance.below(patience // 6) if changes in _PANICS else None,
        disarm_s=0 if at_once else disarm_s,
        stop_s=chance.below(max(1, patience // 25)) if changes in _STOPS else None,
        dark_s=chance.below(max(1, patience // 25)) if changes in _DARKENS else None,
        halt_s=patience // 20 if changes in _HALTS else None,
        hand_s=patience // 150 if changes in _BY_HAND else None,
        hand=_HANDS[changes % len(_HANDS)],
        force=at_once or chance.hits(0.5),
        asks_twice=chance.hits(0.2),
        looks_first=chance.hits(0.15),
    )


class Lives:
    """One world from its first price until everything is settled and nothing goes wrong any more.

    Attributes:
        refusals: what a person was refused, by code.
        settled_in_ns: how long the end took once the faults had ceased; None while it has not.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        exchange: type[WatchedExchange] = WatchedExchange,
    ) -> None:
        self.plan = plan
        temper = TEMPERS[plan.temper]
        steps = STEPS[plan.temper] * max(1, len(plan.wishes))
        tapes = market(plan.seed, temper, steps=steps, rises=plan.rises)
        faults = FaultPlan(plan.seed, SEVERITIES[plan.severity], crash_at=plan.crash_at)
        self.world = World(
            plan.seed,
            tapes,
            faults=faults,
            exchange=exchange,
            settings=Settings(on_halt="close") if plan.closes else None,
            only_limited=plan.only_limited,
            player=Coaster,
        )
        self.refusals: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.settled_in_ns: int | None = None
        self.person = Person(self.world, self._say, ACTOR)
        self._repaired_ns = 0

    def run(self) -> None:
        """Live all of it."""
        world, balance = self.world, self._balance()
        world.deposit(balance)
        world.start()
        world.until(lambda: world.monitor.roster.month is not None and world.board.has_price)
        for place, wish in enumerate(self.plan.wishes):
            if world.driver.at_end:
                break
            self._live(place, wish, balance)
        self._end()

    def _balance(self) -> Decimal:
        """The plan's balance in the quote asset, where one unit is worth about as much."""
        if self.world.instrument.symbol.quote == "BTC":
            return self.plan.balance / 50_000
        return self.plan.balance

    # --- one wish --------------------------------------------------------------------------------

    def _live(self, place: int, wish: Wish, balance: Decimal) -> None:
        world = self.world
        self._wait_s(wish.pause_s)
        self._tidy()
        arm = Arm(
            symbol=world.symbol,
            strategy=wish.strategy,
            idempotency_key=f"wish {place}",
            actor=ACTOR,
            side=wish.side,
            capital=None if wish.share is None else balance * wish.share,
            leverage=Leverage(wish.leverage),
        )
        if wish.looks_first:
            self._say("dry_run", attrs.evolve(arm, dry_run=True))
        if not self._armed(arm):
            return
        if wish.asks_twice:
            self._say("same_again", arm)
            self._say("another", attrs.evolve(arm, idempotency_key=f"other {place}"))
        self._stay(wish, arm.idempotency_key)
        if wish.asks_twice and not world.driver.at_end:
            self._say("same_later", arm)

    def _armed(self, arm: Arm) -> bool:
        """Ask until the daemon has answered, as a person would; one key, so it is one position."""
        for _ in range(ASKED_MAX):
            answer = self._say("arm", arm)
            if self._view(arm.idempotency_key) is not None:
                return True
            if answer != "EXCHANGE_UNAVAILABLE" and answer is not None:
                return False
            self._wait_s(2)
        return False

    def _view(self, key: str) -> PositionView | None:
        views = self.world.monitor.roster.views.values()
        return next((view for view in views if view.idempotency_key == key), None)

    def _over(self, key: str) -> bool:
        view = self._view(key)
        return view is None or not view.is_live

    def _stay(self, wish: Wish, key: str) -> None:
        """Let it live; change one's mind; have enough of it after a while."""
        armed_s = 40 if wish.strategy == "all-in" and self.plan.temper != "patient" else None
        changes = sorted(
            (after_s, name)
            for after_s, name in (
                (wish.panic_s, "panic"),
                (wish.disarm_s, "disarm"),
                (None if self.plan.severity == "calm" else wish.dark_s, "dark"),
                (wish.stop_s, "stop"),
                (wish.hand_s, "hand"),
                (wish.halt_s if self.plan.closes else None, "halt"),
                (armed_s, "enough"),
                (PATIENCE[self.plan.temper], "panic"),
            )
            if after_s is not None
        )
        begun_ns = self.world.clock.now_ns
        for after_s, name in changes:
            due_ns = begun_ns + after_s * NS_PER_S
            self._until_ns(due_ns, key)
            if self._over(key) or self.world.driver.at_end:
                break
            self._befalls(name, wish, key)
        self._until_ns(None, key)

    def _befalls(self, name: str, wish: Wish, key: str) -> None:
        """Something that was planned happens to a position now."""
        view = self._view(key)
        match name:
            case "hand":
                if view is not None and view.state is PositionState.ACTIVE:
                    self.person.takes(view, *wish.hand)
            case "halt":
                self._say("halt", SetHalt(on=True, reason=REASON, actor=ACTOR))
            case "dark":
                self._cut_power()
            case "stop":
                if self.world.stop():
                    self.world.resume(self.world.faults.chance.between(*STOPPED_NS))
            case _:
                self._change(name, wish, key)

    def _until_ns(self, due_ns: int | None, key: str) -> None:
        """Wait; a person who is needed comes, and looks again after a minute."""
        world = self.world

        def passed() -> bool:
            over = self._over(key) or world.driver.at_end
            return over or (due_ns is not None and world.clock.now_ns >= due_ns)

        while not passed():
            world.until(lambda: passed() or self._calls(key), alarm_ns=due_ns)
            view = self._view(key)
            if view is not None and not passed():
                self._repair(view)

    def _calls(self, key: str) -> bool:
        view = self._view(key)
        if view is None or not self.person.needed(view):
            return False
        return self.world.clock.now_ns >= self._repaired_ns + REPAIR_NS

    def _repair(self, view: PositionView) -> None:
        self._repaired_ns = self.world.clock.now_ns
        self.person.repairs(view)

    def _tidy(self) -> None:
        """Before another wish: nothing of their own is left, and what was frozen is let go."""
        if self.world.monitor.roster.standing.halt is not None:
            self._say("clear_halt", SetHalt(on=False, reason=REASON, actor=ACTOR))
        if self.world.monitor.roster.standing.frozen:
            self.person.tidy()
            self.person.clears()

    def _change(self, name: str, wish: Wish, key: str) -> None:
        view = self._view(key)
        assert view is not None
        waits = view.state is PositionState.ARMED
        if name == "disarm" or (name == "enough" and waits and not wish.force):
            self._say("disarm", Disarm(position=view.id, actor=ACTOR, force=wish.force))
        elif name == "panic" or waits:
            self._say("panic", Panic(actor=ACTOR))

    def _cut_power(self) -> None:
        """The process is gone at once; it comes back soon after its stop has been met, if it is."""
        world = self.world
        faults, stops = world.faults, world.exchange.market(world.instrument.symbol).stops
        rested = bool(stops)
        faults.counts["power_cut"] += 1
        world.kill(
            dead_ns=DARK_NS,
            woken=lambda: faults.chance.between(*BACK_NS) if rested and not stops else None,
        )

    # --- talking ---------------------------------------------------------------------------------

    def _say(self, name: str, command: Command) -> str | None:
        """Put a command and wait; the code of a refusal, ``ok``, or None when nobody answered."""
        world, crashes = self.world, self.world.crashes
        asked: Asked = world.ask(command)
        world.until(lambda: asked.answer.done() or world.crashes > crashes)
        self.asked[name] += 1
        world.look()
        if not asked.answer.done():
            self.asked["unanswered"] += 1
            return None
        error = asked.answer.exception()
        if error is None:
            return "ok"
        if not isinstance(error, Refused):
            raise error
        self.refusals[error.code] += 1
        return error.code

    def _wait_s(self, seconds: int) -> None:
        due_ns = self.world.clock.now_ns + seconds * NS_PER_S
        self.world.until(
            lambda: self.world.clock.now_ns >= due_ns or self.world.driver.at_end, alarm_ns=due_ns
        )

    # --- the end ---------------------------------------------------------------------------------

    def _end(self) -> None:
        """Leave what is still open; from here nothing goes wrong any more, so it has to end."""
        world = self.world
        world.faults.cease()
        self.person.tidy()
        ceased_ns = world.clock.now_ns
        world.until(
            lambda: self._is_healed() or world.clock.now_ns > ceased_ns + HEALING_NS,
            alarm_ns=ceased_ns + HEALING_NS + 1,
        )
        healed = self._is_healed()
        world.observer.healed(ceased_ns, world.clock.now_ns if healed else None)
        if world.monitor.roster.live():
            self._say("panic", Panic(actor="world", reason="tape_end"))
        for _ in range(REPAIRS_MAX):
            world.until(
                lambda: self._is_over(ceased_ns + HEALING_NS),
                alarm_ns=ceased_ns + HEALING_NS + 1,
            )
            for view in world.monitor.roster.live():
                if self._calls(view.idempotency_key):
                    self._repair(view)
        if not world.monitor.roster.live():
            self.settled_in_ns = world.clock.now_ns - ceased_ns
        while world.driver.in_flight and world.once():
            pass
        world.look()

    def _is_over(self, until_ns: int) -> bool:
        """Everything is over, or time is, or nothing goes on without a person."""
        live = self.world.monitor.roster.live()
        called = any(self._calls(view.idempotency_key) for view in live)
        return not live or self.world.clock.now_ns > until_ns or called

    def _is_healed(self) -> bool:
        """Nothing is unknown, and whatever is held has its stop; the rest is a person's to say.

        Of a holding that is missed no stop is asked for: a person says what became of it (R9).
        """
        return all(
            view.state is PositionState.ERROR
            or (
                not any(record.status in ("sending", "unknown") for record in view.orders)
                and (
                    view.state is not PositionState.ACTIVE
                    or view.insurance.state == "resting"
                    or view.missed_ns is not None
                )
            )
            for view in self.world.monitor.roster.live()
        )
