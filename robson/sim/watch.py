"""Watches a held position from outside: is its stop waited for, met in time, and does it rest?

Prices are seen as they are left on the daemon's board, orders as the exchange has them. Of the
daemon only what it wrote down counts, and the band that its board publishes.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

import attrs

from robson.connectors.simulated.ledger import Terms
from robson.connectors.simulated.orders import Order
from robson.domain.identity import Purpose
from robson.domain.lifecycle import PositionState
from robson.domain.values import MONEY, NS_PER_S, Side, plain
from robson.domain.view import PositionView
from robson.engine.invariants import Audit
from robson.engine.invariants.life import EXIT_NS
from robson.engine.invariants.terms import least_order, seconds
from robson.sim.cover import Cover
from robson.sim.decided import Decided
from robson.sim.oracle import exact
from robson.sim.others import Others
from robson.sim.world import World

POLL_NS = 35 * NS_PER_S
"""A stop is asked about every 30 s; an answer takes up to 5 s."""
MOVE_NS = 75 * NS_PER_S
"""A stop that has to be moved is moved at once, or a minute after a refusal, and asked about."""
GROW_NS = 15 * NS_PER_S
"""What an entry still brings is asked after each second, and a stop rests at least for five."""
LOOK_NS = NS_PER_S
AHEAD = {"rung": "M10", "target": "L1"}
"""What lies ahead of a position, and the rule that wants something to follow when it is met."""


@attrs.define
class Watch:
    """One pair's position that is held and not on its way out.

    A price outside of the published band is the daemon's to judge, whatever else goes wrong: one
    beyond the stop that comes back has been met all the same.

    Attributes:
        cover: what is held by the exchange's books, and what a person owns beside it.
        decided: works out where the next rung and the target are.
    """

    world: World
    audit: Audit
    cover: Cover
    decided: Decided
    _view: PositionView | None = None
    _stop: int = 0
    _crossed_ns: int | None = None
    _beyond: bool = False
    _ahead: dict[str, int] = attrs.Factory(dict)
    _met_ns: dict[str, int] = attrs.Factory(dict)
    _looked_ns: int = 0
    _shared_ns: int = -MOVE_NS
    _since: dict[str, int] = attrs.Factory(dict)
    _named: str | None = None

    @property
    def others(self) -> Others:
        """A person's part of the base: no stop of ours is for it."""
        return self.cover.others

    def witness(self, view: PositionView) -> None:
        """Take in what has become of a position."""
        was = self._view
        if view.state is PositionState.ACTIVE and view.stop is not None and view.trigger is None:
            if was is None or was.id != view.id:
                self._forget()
            self._view, self._stop = view, self.world.instrument.ticks(view.stop)
            self._look_ahead(view)
        elif was is not None and was.id == view.id:
            self._forget()

    def _look_ahead(self, view: PositionView) -> None:
        """Where the next rung and the target are; what was met of them is of the past then."""
        rules, ahead = self.world.instrument, {}
        least, tick = exact(plain(rules.min_price)), exact(plain(rules.tick))
        for name, price in zip(AHEAD, self.decided.ahead(str(view.id)), strict=True):
            if price is not None:
                ahead[name] = int((price - least) / tick)
        for name in AHEAD:
            if ahead.get(name) != self._ahead.get(name):
                self._met_ns.pop(name, None)
        self._ahead = ahead

    def _forget(self) -> None:
        self._view, self._crossed_ns, self._beyond = None, None, False
        self._ahead = {}
        self._met_ns.clear()
        self._since.clear()

    def offered(self, price: int) -> None:
        """A price was left on the daemon's board, in whole ticks."""
        view = self._view
        if view is None or view.side is None:
            return
        self._beyond = (price - self._stop) * view.side.sign <= 0
        band = self.world.board.band
        heeded = band is None or not band[0] < price < band[1]
        if self._beyond and heeded and self._crossed_ns is None:
            self._crossed_ns = self.world.clock.now_ns
        for name, level in self._ahead.items():
            if heeded and (price - level) * view.side.sign >= 0 and name not in self._met_ns:
                self._met_ns[name] = self.world.clock.now_ns

    def died(self) -> None:
        """Nobody judges a price that came while nobody lived."""
        self._crossed_ns = None
        self._met_ns.clear()

    def look(self) -> None:
        """Say what is wrong for too long."""
        view, now = self._view, self.world.clock.now_ns
        if view is None or view.side is None:
            return
        if self._crossed_ns is not None:
            took = now - self._crossed_ns
            late = f"the stop {view.stop} was met {seconds(took)} ago and nothing follows"
            self.audit.note("L1", verdict=took <= EXIT_NS or late, at_ns=now)
            self._crossed_ns = None if took > EXIT_NS else self._crossed_ns
        self._follows(now)
        if now - self._looked_ns < LOOK_NS:
            return
        self._looked_ns = now
        past = "the price is past the stop and nothing follows" if self._beyond else None
        self._lasts("L1", "past", past, now, EXIT_NS)
        board = self.world.board.inner
        band = board.band if board is not None else None
        quiet = band is not None and band[0] < self._stop < band[1]
        unseen = f"nobody waits for the stop {view.stop}" if quiet else None
        self._lasts("L1", "unseen", unseen, now, EXIT_NS)
        for name, level in self._ahead.items():
            hidden = band is not None and band[0] < level < band[1]
            said = f"nobody waits for the {name}" if hidden else None
            self._lasts(AHEAD[name], f"unseen {name}", said, now, EXIT_NS)
        self._rests(view, view.side, now)

    def _follows(self, now: int) -> None:
        """A rung that was met raises the stop, a target that was met leaves."""
        for name, since_ns in list(self._met_ns.items()):
            took = now - since_ns
            late = f"the {name} was met {seconds(took)} ago and nothing follows"
            self.audit.note(AHEAD[name], verdict=took <= EXIT_NS or late, at_ns=now)
            if took > EXIT_NS:
                del self._met_ns[name]

    def _lasts(self, rule: str, name: str, wrong: str | None, now: int, most_ns: int) -> None:
        """Something may be wrong for a while, but not for longer."""
        if wrong is None:
            self._since.pop(name, None)
            self.audit.note(rule, verdict=True, at_ns=now)
            return
        took = self.audit.memory.counted(self._since.setdefault(name, now), now)
        if took > most_ns:
            self._since[name] = now
            self.audit.note(rule, verdict=f"{wrong}, for {seconds(took)}", at_ns=now)

    # --- the stop at the exchange ----------------------------------------------------------------

    def _rests(self, view: PositionView, side: Side, now: int) -> None:
        """What is told as resting rests, for all that is held, close behind the stop in force."""
        if view.insurance.state != "resting":
            return
        account = self.world.exchange.state.accounts[self.world.scope]
        named = view.insurance.client_id
        order = next((o for o in account.orders.open() if o.client_id == named), None)
        gone = f"{named} is told to rest and does not" if order is None else None
        self._lasts("S10", "gone", gone, now, POLL_NS)
        if order is not None:
            near = self._is_near(view, side)
            far = None if near else self._far(view, side, order)
            small = None if near else self._small(side, order)
            if named != self._named and _moved_in_vain(view):
                self._since.pop("far", None)  # each refused move is another minute
            self._named = named
            self._lasts("S10", "far", far, now, MOVE_NS)
            if self.others.own or self.others.rest:
                self._shared_ns = now
            late = _refused(view) or now - self._shared_ns < MOVE_NS
            self._lasts("S10", "small", small, now, MOVE_NS if late else GROW_NS)
            large = None if near else self._large(side, order)
            self._lasts("S10", "large", large, now, MOVE_NS)

    def _is_near(self, view: PositionView, side: Side) -> bool:
        """Whether the price is so near that the stop is not to be touched."""
        price = self.world.exchange.market(self.world.instrument.symbol).price
        if price is None or view.plan is None or view.stop is None:
            return True
        with localcontext(MONEY):
            return (price - view.stop) * side.sign <= view.plan.stops.span * Decimal("0.3")

    def _held_back(self) -> Decimal:
        """Base that orders of a person hold back: no stop of ours can be for it."""
        orders = self.world.exchange.state.accounts[self.world.scope].orders
        resting = (order for order in orders.open() if order.order_id in self.others.rest)
        return sum((order.quantity for order in resting), Decimal(0))

    def _far(self, view: PositionView, side: Side, order: Order) -> str | None:
        """How a resting stop is not close behind the stop in force; None where it is."""
        if view.plan is None or view.stop is None or order.stop_price is None:
            return f"{order.client_id} is no stop"
        tick = self.world.instrument.tick
        with localcontext(MONEY):
            away = (view.stop - order.stop_price) * side.sign
            most = max(3 * tick, min(view.stop / 100, view.plan.stops.span / 4)) + tick
        return f"the exchange stop rests {away} behind {view.stop}" if away > most else None

    def _small(self, side: Side, order: Order) -> str | None:
        """What a resting stop leaves of all that is held; None for nothing."""
        rules, base = (
            self.world.instrument,
            self.world.exchange.state.accounts[self.world.scope].base,
        )
        with localcontext(MONEY):
            if side is Side.LONG:
                theirs = max(self.others.own, self._held_back())
                ours = max(Decimal(0), base.total - theirs)
                missing = rules.floor_quantity(ours) - order.quantity
            else:
                bought = order.quantity * (1 - rules.taker_fee)
                # Base that a person sold is owed all the same, and is not held (R11).
                theirs = self.others.taken + self.others.sold_again
                missing = base.debt - base.total - bought - theirs
        most = rules.order_max
        capped = most is not None and order.quantity + rules.order_step > most
        left = missing > 0 and not capped
        return f"the exchange stop leaves {missing} uncovered" if left else None

    def _large(self, side: Side, order: Order) -> str | None:
        """How much more a short's stop would buy than is owed; a long's cannot be too large.

        Due are the debt and the dust that was sold before it, with the interest of a day, the grid,
        and the smallest order there is. Where a person traded, S1 alone judges what is whose.
        """
        rules, account = self.world.instrument, self.world.exchange.state.accounts[self.world.scope]
        meddled = self.others.most or self.others.taken
        if side is Side.LONG or order.stop_price is None or meddled:
            return None
        with localcontext(MONEY):
            owed = (account.base.debt + self.cover.dust) * (1 + Terms().daily_rate_base)
            due = rules.ceil_quantity(owed / (1 - rules.taker_fee)) + rules.order_step
            more = order.quantity - max(due, least_order(rules, order.stop_price))
        return f"the exchange stop buys {more} more than is owed" if more > 0 else None


def _refused(view: PositionView) -> bool:
    """Whether a stop was refused: the next ones are tried a minute apart."""
    stops = (known for known in view.orders if known.order.purpose is Purpose.INSURANCE)
    return any(known.status == "failed" for known in stops)


def _moved_in_vain(view: PositionView) -> bool:
    """Whether the stop that rests is the one of before, because the one after it was refused."""
    stops = [known for known in view.orders if known.order.purpose is Purpose.INSURANCE]
    return len(stops) > 1 and stops[-2].status == "failed"
