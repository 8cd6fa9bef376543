"""Brings a position into a state, ends the process there, moves the price, and looks who is back.

What has to follow stands in docs/recovery.toml, which is written from the rules. Here is only how
a state is reached, and how an end is told.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import attrs

from robson.connectors.simulated.roles import role_of_id
from robson.daemon.messages import Unseen
from robson.domain import events as e
from robson.domain.commands import Disarm, Panic
from robson.domain.identity import Purpose
from robson.domain.lifecycle import PositionState
from robson.domain.values import NS_PER_S, ExchangeNs, Price, Side
from robson.domain.view import PositionView
from robson.engine.leaving import fence_of
from robson.sim.checks import Checks
from robson.sim.faults import RECOVERY_NS
from robson.sim.world import World
from tests.simulation.deaths import WAYS, Dying, role_of_point
from tests.simulation.races import BEGINS, TICK, Race, _market
from tests.simulation.worlds import SEED, first_price

TABLE = Path(__file__).resolve().parents[2] / "docs" / "recovery.toml"
GOES_NS, RETURNS_NS, BACK_NS = NS_PER_S, 2 * NS_PER_S, 3 * NS_PER_S
"""After the instant at which it all begins: the price goes, comes back, and somebody is there."""
LATE_S = 7
"""When a position that is held all along begins its race."""
STAYS_NS = 10 * NS_PER_S
"""So long it is watched that what is held stays as it is."""
SMALL = Decimal(1500)
"""Capital of a short whose own money would pay for a second buy-back: no asset fence."""


# --- the table -----------------------------------------------------------------------------------


@cache
def table() -> dict[str, Any]:
    """The table as it is written."""
    with TABLE.open("rb") as file:
        return tomllib.load(file)


def rows() -> dict[str, dict[str, Any]]:
    """Its rows by id."""
    return {row["id"]: row for row in table()["rows"]}


def expected(row: Mapping[str, Any], price: str, kind: str) -> str:
    """The end of a cell."""
    pattern = table()["patterns"].get(row.get("pattern", ""), {})
    found = row.get(price, pattern.get(price, row.get("all")))
    return str(found[kind] if isinstance(found, dict) else found)


@attrs.frozen
class Cell:
    """One cell. ``fence``: whether the exchange itself would refuse a second exit."""

    row: str
    price: str
    side: Side
    limited: bool = False
    fence: str = "asset"

    @property
    def kind(self) -> str:
        return "limit" if self.limited else "market"

    @property
    def waits(self) -> bool:
        """Whether it takes a proof of absence until all is known."""
        row = rows()[self.row]
        return bool(row.get("proof") or (self.fence == "settle" and row.get("settles")))

    @property
    def end(self) -> str:
        """What the rules say."""
        return expected(rows()[self.row], self.price, self.kind)

    def __str__(self) -> str:
        said = (self.row, self.price, self.side.value, self.kind)
        return ", ".join((*said, *(("settle",) if self.fence == "settle" else ())))


def cells(row: str) -> Iterator[Cell]:
    """Every cell of a row; the type of the stop and the fence only where they matter."""
    written = rows()[row]
    kinds = (False, True) if written.get("types") else (False,)
    sides = [Side(side) for side in written.get("sides", ("long", "short"))]
    for price, side, limited in itertools.product(table()["prices"], sides, kinds):
        yield Cell(row, price, side, limited)
    if written.get("fences"):
        for price in table()["prices"]:
            yield Cell(row, price, Side.SHORT, fence="settle")


def some(row: str) -> Iterator[Cell]:
    """One cell for each price of a row: by turns of each side, type and fence."""
    every = list(cells(row))
    for place, price in enumerate(table()["prices"]):
        here = [cell for cell in every if cell.price == price]
        yield here[place % len(here)]


class Returning(World):
    """A world that says how far the price went while nobody lived, as the daemon is told.

    Attributes:
        found: what journal and exchange said when somebody was there again.
    """

    missed: Unseen | None = None
    found: tuple[str, bool, int] = ("", False, 0)

    def unseen(self) -> Mapping[str, Unseen] | None:
        """The extremes; asked once, before anything is recovered."""
        for view in self.monitor.roster.views.values():
            account = self.exchange.state.accounts[self.scope]
            rules = self.instrument
            least = max(rules.order_step, rules.min_qty)
            held = abs(account.base.total - account.base.debt) >= least
            says = f"{view.state.value}, {view.insurance.state}"
            stops = [o for o in account.orders.open() if role_of_id(o.client_id) == "insurance"]
            self.found = (says, held, len(stops))
        return {self.symbol: self.missed} if self.missed is not None else None


# --- one cell ------------------------------------------------------------------------------------


@attrs.frozen
class Marks:
    """Where the prices of a cell lie: our stop, the exchange's, and the target."""

    stop: Price
    theirs: Price
    gain: Price
    span: Decimal


@cache
def marks(side: Side, *, limited: bool, moved: bool, old_rests: bool, small: bool) -> Marks:
    """Of the position as it stands when the process dies."""
    at = {LATE_S * NS_PER_S: rung_price(side)} if moved else {}
    life = Life(Cell("guarded", "same", side, limited, "settle" if small else "asset"), at)
    life.active(side)
    old = life.view.insurance.stop_price
    life.at(LATE_S + 2)
    view = life.view
    theirs = old if old_rests else view.insurance.stop_price
    assert view.plan is not None
    assert view.stop is not None
    assert theirs is not None
    assert view.plan.stops.stop_gain is not None
    return Marks(view.stop, theirs, view.plan.stops.stop_gain, view.plan.stops.span)


@cache
def rung_price(side: Side) -> Price:
    """Past the first rung."""
    life = Life(Cell("guarded", "same", side), {})
    plan = life.active(side).plan
    assert plan is not None
    return Price((first_price() + side.sign * plan.stops.span * Decimal("1.5")).quantize(TICK))


class Life(Race):
    """One cell lived."""

    def __init__(self, cell: Cell, at: Mapping[int, Decimal]) -> None:
        self.cell, self.way = cell, WAYS[cell.row]
        self.strategy = self.way.strategy
        self.capital = SMALL if cell.fence == "settle" else None
        self.faults = Dying(self.way)
        self.world: Returning = Returning(
            SEED, _market(dict(at), 60), faults=self.faults, only_limited=cell.limited
        )
        self.checks = Checks(self.world)
        self.world.observer = self.checks

    def cancels_before_exits(self) -> bool:
        """Asked of every exit as it leaves; here a position may be left before a stop was there."""
        return self.checks.audit.evaluated["S14"] >= len(self.requests(Purpose.EXIT))


def _prices(cell: Cell) -> tuple[dict[int, Decimal], list[Decimal]]:
    """The prices of a cell by instant, and those that pass while nobody lives."""
    way, side = WAYS[cell.row], cell.side
    base = LATE_S * NS_PER_S if way.late else 0
    m = marks(
        side,
        limited=cell.limited,
        moved=way.begins == "moved",
        old_rests=role_of_point(way.dies) == "cancel",
        small=cell.fence == "settle",
    )
    near = (m.stop - side.sign * min(m.span / 10, abs(m.stop - m.theirs) / 2)).quantize(TICK)
    beyond = m.theirs - side.sign * TICK
    at, now = {}, first_price()
    if way.begins == "moved":
        at[base] = now = rung_price(side)
    if way.begins == "crossed":
        at[base] = near
    goes: dict[str, Decimal | None] = {
        "same": None,
        "past": near,
        "back": near,
        "met": beyond,
        "met_back": beyond,
        "gain": m.gain + side.sign * TICK,
        "gapped": (m.theirs * (1 - side.sign * Decimal("0.03"))).quantize(TICK),
    }
    there = goes[cell.price]
    passed = [at.get(base, now)]
    if there is not None:
        at[base + GOES_NS] = there
        passed.append(there)
    if cell.price in ("back", "met_back"):
        at[base + RETURNS_NS] = now
        passed.append(now)
    return at, passed


@attrs.frozen
class End:
    """What a cell came to: the end in the table's words, how long it took, and what traded."""

    end: str
    took_ns: int
    view: PositionView
    entries: int
    exits: int
    life: Life


def live(cell: Cell) -> End:
    """Live a cell to its end, under every law."""
    at, passed = _prices(cell)
    life = Life(cell, at)
    world, faults, way = life.world, life.faults, life.way
    base_ns = world.began_ns + (LATE_S * NS_PER_S if way.late else 0)
    faults.back_ns = base_ns + BACK_NS
    ticks = [world.instrument.ticks(Price(price)) for price in passed]
    world.missed = Unseen(min(ticks), max(ticks))
    _reach(life, cell)
    started_ns = world.clock.now_ns
    assert started_ns == faults.back_ns, "somebody is there again at the agreed instant"
    world.until(lambda: _stands(life, started_ns), at_most=20_000)
    took_ns, view = _protected_ns(life) - started_ns, life.view
    end = _end(life, view)
    exits = life.executed_exits()
    _finish(life, end)
    return End(end, took_ns, view, len(life.requests(Purpose.ENTRY)), exits, life)


def _reach(life: Life, cell: Cell) -> None:
    """Go to the death of the process, and past it."""
    world, faults, way = life.world, life.faults, life.way
    if not way.late:
        life.arm(cell.side)
        if way.dies is None:
            faults.excuse("crash", faults.back_ns + RECOVERY_NS)
            world.kill(dead_ns=faults.dead_ns())
        world.until(lambda: world.crashes > 0)
        return
    life.active(cell.side)
    life.at_ns(LATE_S * NS_PER_S - BEGINS)
    assert fence_of(life.view) == cell.fence
    faults.arm()
    if way.begins == "panic":
        world.ask(Panic(actor="t"))
    if way.begins == "error":
        failed = e.PositionFailed(
            position=life.view.id,
            at_ns=world.clock.exchange_ns(),
            code="unknown_order",
            message="written by a test",
        )
        world.monitor.roster.commit((failed,))
    if way.dies is None:
        world.kill(dead_ns=faults.dead_ns())
    world.until(lambda: world.crashes > 0)


def _stands(life: Life, since_ns: int) -> bool:
    """Whether it is over, or stands as it will: whatever is held has a stop that is known to rest.

    One that this process has placed is; of another one it has asked.
    """
    view = life.view
    if not view.is_live or view.state is PositionState.ARMED:
        return True
    pursuit = life.world.monitor.custody.pursuit(view.id)
    known = pursuit.verified or (view.insurance.accepted_ns or 0) >= since_ns
    rests = view.insurance.state == "resting" and known and not pursuit.sending
    return view.state in (PositionState.ACTIVE, PositionState.ERROR) and rests


def _protected_ns(life: Life) -> int:
    """When, by the exchange's clock, nothing was held any more without a stop."""
    view = life.view
    if view.state in (PositionState.ACTIVE, PositionState.ERROR):
        return life.world.clock.now_ns
    fills = (*view.exit_fills, *view.insurance_fills)
    return max((fill.at_ns for fill in fills), default=ExchangeNs(life.world.clock.now_ns))


def _end(life: Life, view: PositionView) -> str:
    """The end in the table's words."""
    match view.state:
        case PositionState.ARMED:
            return "armed"
        case PositionState.ERROR:
            return "error"
        case PositionState.CANCELLED:
            return "cancelled"
        case PositionState.ACTIVE:
            return "held"
        case _:
            return _closed(life, view)


_WORDS = {"stop_loss": "out", "trailing_stop": "out", "stop_gain": "gain", "user_panic": "panic"}


def _closed(life: Life, view: PositionView) -> str:
    assert view.closed is not None, view.state
    if life.way.skips_repay:
        return "settled" if view.settled is not None else "owing"
    if view.closed.by == "insurance" and not view.exit_fills:
        return "stop"
    if view.insurance_fills:
        return "stop + out"
    return _WORDS.get(view.closed.reason, view.closed.reason)


def _finish(life: Life, end: str) -> None:
    """Leave what is held, and ask every law once more."""
    world = life.world
    if end == "armed":
        world.ask(Disarm(position=life.view.id, actor="t"))
    if end in ("held", "error"):
        until_ns = world.clock.now_ns + STAYS_NS
        world.until(lambda: world.clock.now_ns >= until_ns)
        rests = world.exchange.state.accounts[world.scope].orders.open()
        assert [order.client_id for order in rests] == [life.view.insurance.client_id], "one stop"
        world.ask(Panic(actor="t"))
    if end == "cancelled":
        life.settled()  # an hour's interest on what was borrowed may stay owed: nothing pays it
        return
    life.over()
