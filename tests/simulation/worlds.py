"""Worlds for tests: plans with one wish, and tapes written by hand."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cache

import attrs

from robson.connectors.simulated.driver import TOTAL_NS, Trip
from robson.connectors.simulated.faults import Piece
from robson.connectors.simulated.tape import Columns
from robson.domain.commands import Arm
from robson.domain.identity import Purpose, read_client_order_id
from robson.domain.intents import Intent, PlaceOrder
from robson.domain.values import NS_PER_S, Price, Side
from robson.domain.view import PositionView
from robson.sim import markets
from robson.sim.checks import Checks
from robson.sim.faults import RECOVERY_NS, CrashAt, FaultPlan, FaultyExchange, FaultyWire
from robson.sim.markets import BRISK, Market, market
from robson.sim.plans import Plan, Wish
from robson.sim.seams import WatchedExchange
from robson.sim.world import World

BALANCE = Decimal(10_000)
STEPS_MAX = 20_000
SEED = 3
"""A past with clear levels on both sides."""


def plan(seed: int, side: Side, *, crash_at: CrashAt | None = None, severity: str = "calm") -> Plan:
    """One position on a brisk market, with nothing going wrong but a crash."""
    wish = Wish(strategy="now", side=side, leverage=3, share=None, pause_s=0)
    return Plan(
        seed=seed,
        temper="brisk",
        severity=severity,
        balance=BALANCE,
        rises=True,
        crash_at=crash_at,
        only_limited=False,
        wishes=(wish,),
    )


class Script(FaultPlan):
    """Faults that a test writes down, each striking once.

    Args:
        lost: the order whose answer, or which itself (``request``), is lost.
        hidden_s: how long the exchange denies that order.
        skips_repay: the debt of the first exit is left alone.
        leaves_lots: so many steps of the first exit expire in a thin book.
    """

    def __init__(
        self,
        *,
        lost: Purpose | None = None,
        request: bool = False,
        hidden_s: int = 0,
        skips_repay: bool = False,
        leaves_lots: int = 0,
    ) -> None:
        super().__init__(SEED)
        self.wire = _ScriptedWire(self, lost, request=request)
        self.exchange = _ScriptedExchange(self, lost, hidden_s, skips_repay=skips_repay)
        self.exchange.leaves_lots = leaves_lots


class _ScriptedWire(FaultyWire):
    def __init__(self, script: Script, lost: Purpose | None, *, request: bool) -> None:
        super().__init__(script)
        self._script = script
        self._lost = lost
        self._request = request

    def trip(self, request: Intent, now_ns: int) -> Trip:
        usual = super().trip(request, now_ns)
        if not isinstance(request, PlaceOrder) or request.purpose is not self._lost:
            return usual
        self._lost = None
        self._script.strike("lost_request" if self._request else "lost_answer")
        self._script.excuse("lost", now_ns + TOTAL_NS + RECOVERY_NS)
        return Trip(out_ns=None if self._request else usual.out_ns, back_ns=None)


class _ScriptedExchange(FaultyExchange):
    leaves_lots = 0

    def __init__(
        self, script: Script, hidden: Purpose | None, hidden_s: int, *, skips_repay: bool
    ) -> None:
        super().__init__(script)
        self._script = script
        self._purpose = hidden
        self._hidden_ns = hidden_s * NS_PER_S
        self._skips = skips_repay

    def hides_order(self, client_id: str, since_accept_ns: int) -> bool:
        ours = read_client_order_id(client_id)
        hides = ours is not None and ours.purpose is self._purpose
        hides = hides and since_accept_ns < self._hidden_ns
        if hides:
            self._script.strike("hidden_order")
        return hides

    def book(self, client_id: str, quantity: Decimal) -> tuple[Piece, ...] | None:
        ours = read_client_order_id(client_id)
        if not self.leaves_lots or ours is None or ours.purpose is not Purpose.EXIT:
            return None
        self._script.strike("thin_book")
        given, self.leaves_lots = quantity - self.leaves_lots * self._script.lot, 0
        return (Piece(quantity=given),)

    def skips_repay(self, client_id: str) -> bool:
        skips, self._skips = self._skips, False
        if skips:
            self._script.strike("skipped_repay")
        return skips


class Bench:
    """One world on a tape of trades written by hand, under every check.

    ``prices`` are pairs of seconds after the beginning and a price; the price stays in between,
    and a trade each second says so.
    """

    strategy = "now"
    capital: Decimal | None = None

    def __init__(
        self,
        prices: Sequence[tuple[int, Decimal]],
        *,
        seconds: int = 120,
        faults: FaultPlan | None = None,
        exchange: type[WatchedExchange] = WatchedExchange,
        only_limited: bool = False,
    ) -> None:
        self.world = World(
            SEED,
            tapes(prices, seconds),
            faults=faults,
            exchange=exchange,
            only_limited=only_limited,
        )
        self.checks = Checks(self.world)
        self.world.observer = self.checks

    def arm(self, side: Side, *, capital: Decimal | None = None) -> None:
        """Bring money in, start the daemon, and arm as soon as there is a price."""
        world = self.world
        world.deposit(BALANCE)
        world.start()
        world.until(lambda: world.monitor.roster.month is not None and world.board.has_price)
        arm = Arm(
            symbol=world.symbol,
            strategy=self.strategy,
            idempotency_key="k",
            actor="t",
            side=side,
            capital=self.capital if capital is None else capital,
        )
        world.ask(arm)
        world.until(lambda: bool(self.views))

    def active(self, side: Side, *, capital: Decimal | None = None) -> PositionView:
        """Arm, and go on until the position's stop rests."""
        self.arm(side, capital=capital)
        self.world.until(lambda: self.view.insurance.state == "resting", at_most=STEPS_MAX)
        return self.view

    def requests(self, purpose: Purpose) -> list[str]:
        """Client ids of the orders of a purpose that the exchange was asked for, in order."""
        log = self.world.exchange.request_log(self.world.scope)
        targets = [entry.target or "" for entry in log if entry.request == "PlaceOrder"]
        return [
            target
            for target in targets
            if (ours := read_client_order_id(target)) is not None and ours.purpose is purpose
        ]

    @property
    def views(self) -> list[PositionView]:
        return list(self.world.monitor.roster.views.values())

    @property
    def view(self) -> PositionView:
        (view,) = self.views
        return view

    def at(self, second: int) -> None:
        """Go to so many seconds after the beginning."""
        due_ns = self.world.began_ns + second * NS_PER_S
        self.world.until(lambda: self.world.clock.now_ns >= due_ns)

    def settled(self) -> PositionView:
        """Go on until the position is settled, and ask every law once more."""
        began_ns = self.world.clock.now_ns
        done = self.world.until(lambda: not self.world.monitor.roster.live(), at_most=STEPS_MAX)
        self.checks.finish(self.world.clock.now_ns - began_ns if done else None)
        assert self.checks.audit.violations == [], [str(v) for v in self.checks.audit.violations]
        return self.view


def first_price() -> Price:
    """Where every tape written by hand begins."""
    return _base().tape.first_price


def _base() -> Market:
    return _past(SEED, markets._PAIRS)


@cache
def _past(seed: int, _pairs: object) -> Market:
    """The past of a seed among some pairs, which nobody changes."""
    return market(seed, BRISK, steps=1)


def tapes(prices: Sequence[tuple[int, Decimal]], seconds: int) -> Market:
    """The past of the seed, and a trade each second."""
    base = _base()
    begin_ns = base.tape.first_ns
    at_price = dict(prices)
    now = at_price.get(0, first_price())
    rows = []
    for second in range(seconds):
        now = at_price.get(second, now)
        rows.append((begin_ns + second * NS_PER_S, int(now.scaleb(base.tape.places))))
    times, column = zip(*rows, strict=True)
    columns = Columns(array("q", times), (array("q", column),))
    return attrs.evolve(base, tape=replace(base.tape, columns=columns, bar_ns=0))
