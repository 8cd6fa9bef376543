"""What a person does in a world: arms, waits, now and then changes their mind, and arms again.

Everything follows from the plan of a seed: the market, what goes wrong, and each wish.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import attrs

from robson.daemon.messages import Asked
from robson.daemon.strategies import Shelf
from robson.domain.commands import Arm, Command, Disarm, InjectSignal, Panic, SetHalt
from robson.domain.errors import Refused
from robson.domain.lifecycle import PositionState
from robson.domain.strategy import STRATEGIES, DetectorKind
from robson.domain.values import NS_PER_S, Leverage, Side
from robson.domain.view import PositionView
from robson.engine.settings import Settings
from robson.sim.coast import Coaster
from robson.sim.faults import SEVERITIES, FaultPlan
from robson.sim.markets import TEMPERS, market
from robson.sim.person import REASON, Person
from robson.sim.plans import PATIENCE, Plan, Wish
from robson.sim.seams import WatchedExchange
from robson.sim.world import World

HEALING_NS = 60 * NS_PER_S
"""With the faults over, everything has to be settled within this virtual time."""
STEPS = {"brisk": 75, "ticking": 200, "storm": 900, "patient": 160}
"""Rows of tape for each position."""
REPAIR_NS = 20 * NS_PER_S
"""So often a person comes back to what is not repaired yet."""
REPAIRS_MAX = 3
"""So often, at most, in the time in which everything has to be settled at the end."""
DARK_NS = 240 * NS_PER_S
STOPPED_NS = (NS_PER_S, 20 * NS_PER_S)
BACK_NS = (5 * NS_PER_S, 60 * NS_PER_S)
SIGNALLED_AGAIN_S = 12
"""A position listens to no signal for 5 s after one that was refused, and for 10 after two."""
ACTOR = "person@world"
ASKED_MAX = 20


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
        own = {strategy.name: strategy for strategy in plan.strategies}
        self.strategies = Shelf(known={**STRATEGIES, **own})
        faults = FaultPlan(plan.seed, SEVERITIES[plan.severity], crash_at=plan.crash_at)
        self.world = World(
            plan.seed,
            tapes,
            faults=faults,
            exchange=exchange,
            settings=Settings(on_halt="close" if plan.closes else "hold", manual_signals=True),
            only_limited=plan.only_limited,
            player=Coaster,
            strategies=self.strategies,
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
        if wish.signal_bps is not None:
            self._signals(place, wish.signal_bps, arm.idempotency_key)
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

    def _signals(self, place: int, away_bps: int, key: str) -> None:
        """Give the signal until it is answered; once more where a gate refused it."""
        for signal_id in (f"signal {place}", f"signal {place} again"):
            for _ in range(ASKED_MAX):
                view = self._view(key)
                if view is None or view.state is not PositionState.ARMED:
                    return
                if self._signal(view, signal_id, away_bps) is not None:
                    break
                self._wait_s(2)
            self._wait_s(SIGNALLED_AGAIN_S)

    def _signal(self, view: PositionView, signal_id: str, away_bps: int) -> str | None:
        rules = self.world.instrument
        price = self.world.exchange.market(rules.symbol).price
        assert price is not None
        side = view.side or Side.LONG
        stop = rules.stop_price(price * (1 - Decimal(side.sign * away_bps) / 10_000), side)
        given = InjectSignal(
            position=view.id, signal_id=signal_id, stop=stop, actor=ACTOR, side=side
        )
        return self._say("signal", given)

    def _view(self, key: str) -> PositionView | None:
        views = self.world.monitor.roster.views.values()
        return next((view for view in views if view.idempotency_key == key), None)

    def _over(self, key: str) -> bool:
        view = self._view(key)
        return view is None or not view.is_live

    def _stay(self, wish: Wish, key: str) -> None:
        """Let it live; change one's mind; have enough of it after a while."""
        told = self.strategies.find(wish.strategy).detector is DetectorKind.MANUAL
        tires = told or (wish.strategy in STRATEGIES and wish.strategy != "now")
        armed_s = 40 if tires and self.plan.temper != "patient" else None
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
