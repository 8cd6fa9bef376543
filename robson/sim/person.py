"""A person at the exchange's own door, and what the same person does to repair: by what is there.

Acts by hand are requests of nobody's, under ids that are not Robson's. What they led to is put
right as the docs say it: the own orders and the own base are taken away first, then the daemon is
told what to do.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from decimal import Decimal

from robson.connectors.simulated.account import Account
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.strangers import FOREIGN_PREFIX
from robson.domain.commands import ClearFrozen, Command, Evidence, Panic, ReconcileClose, Resolve
from robson.domain.identity import ClientOrderId, PositionId, Purpose
from robson.domain.intents import CancelOrder, OrderType, PlaceOrder, SideEffect
from robson.domain.lifecycle import PositionState
from robson.domain.reports import FORCED_PREFIX, Answer, Fill
from robson.domain.values import NS_PER_MS, NS_PER_S, Action, ExchangeNs, Quantity, Side
from robson.domain.view import PositionView
from robson.engine.invariants.terms import least_order
from robson.engine.leaving import EXIT_UNEXPLAINED
from robson.engine.settle import stranded
from robson.sim.faults import REBORN_NS
from robson.sim.world import World

NOBODY = PositionId.of(0)
WINDOW_MS = 60_000
SEEN_NS = 180 * NS_PER_S
"""A holding that is gone is missed by two looks a minute apart, each a minute after the last."""
ALL = Decimal(1)
REASON = "looked at it"
Say = Callable[[str, Command], str | None]


class Person:
    """One person with a browser and a terminal.

    Attributes:
        acts: what was done by hand or repaired, in order.
    """

    def __init__(self, world: World, say: Say, actor: str) -> None:
        self._world = world
        self._say = say
        self._actor = actor
        self._numbers = itertools.count(1)
        self.acts: list[str] = []
        self._panicked: dict[PositionId, int] = {}

    # --- at the exchange -------------------------------------------------------------------------

    def takes(self, view: PositionView, share: Decimal, orders: int) -> bool:
        """Take the stop away and leave part of a position, or all, by so many own orders."""
        account, rules = self._account, self._world.instrument
        if view.side is None or view.entry is None:
            return False
        self._world.faults.excuse("by_hand", self._world.clock.now_ns + SEEN_NS)
        if view.insurance.client_id is not None:
            self._cancel(view.insurance.client_id)
        done = False
        for place in range(orders):
            left = orders - place
            if view.side is Side.LONG:
                wanted = rules.floor_quantity(account.base.free * share / left)
            else:
                owed = max(Decimal(0), account.base.debt - account.base.total)
                wanted = rules.ceil_quantity(owed * share / left / (1 - rules.taker_fee))
            done = self._trade(view.side.exit_action, wanted) or done
        if done:
            self.acts.append("took")
        return done

    def tidy(self) -> None:
        """Take away own orders and own base: nothing of it is to lie in the pair."""
        account, rules = self._account, self._world.instrument
        for order in account.orders.open():
            if order.client_id.startswith(FOREIGN_PREFIX):
                self._cancel(order.client_id)
        live = self._world.monitor.roster.live()
        held = [v for v in live if v.state.may_hold and v.state is not PositionState.ERROR]
        if held or any(_is_open(view) for view in live):
            return
        price = self._world.exchange.market(rules.symbol).price
        spare = rules.floor_quantity(account.base.free - account.base.debt)
        if price is not None and spare > 0 and not rules.refuses(spare, price):
            self._trade(Action.SELL, spare)
        owed = account.base.debt - account.base.total
        if price is not None and owed > 0:
            least = rules.ceil_quantity(
                max(owed / (1 - rules.taker_fee), least_order(rules, price))
            )
            self._trade(Action.BUY, least)

    @property
    def _account(self) -> Account:
        return self._world.exchange.state.accounts[self._world.scope]

    def _trade(self, action: Action, quantity: Decimal) -> bool:
        if quantity <= 0:
            return False
        order = PlaceOrder(
            scope=self._world.scope,
            position=NOBODY,
            purpose=Purpose.ENTRY,
            client_id=ClientOrderId(f"{FOREIGN_PREFIX}p{next(self._numbers)}"),
            action=action,
            type=OrderType.MARKET,
            quantity=Quantity(quantity),
            side_effect=SideEffect.REPAY,
            timestamp_ms=self._world.clock.now_ns // NS_PER_MS,
            recv_window_ms=WINDOW_MS,
        )
        before = len(self._account.orders.all)
        self._asks(order)
        return len(self._account.orders.all) > before

    def _cancel(self, client_id: str) -> None:
        self._asks(
            CancelOrder(
                scope=self._world.scope,
                position=NOBODY,
                target=ClientOrderId(client_id),
                cancel_id=ClientOrderId(f"{FOREIGN_PREFIX}c{next(self._numbers)}"),
                timestamp_ms=self._world.clock.now_ns // NS_PER_MS,
                recv_window_ms=WINDOW_MS,
            )
        )

    def _asks(self, request: PlaceOrder | CancelOrder) -> Answer:
        """Past the wire's own points: whether the daemon lives plays no part."""
        at_ns = ExchangeNs(self._world.clock.now_ns)
        return SimExchange.handle(self._world.exchange, request, at_ns=at_ns)

    # --- at the terminal -------------------------------------------------------------------------

    def needed(self, view: PositionView) -> bool:
        """Whether nothing goes on without a person."""
        if stranded(view) is not None:
            return True
        missed_ns = view.missed_ns if view.state is PositionState.ACTIVE else None
        missed = missed_ns is not None and self._world.clock.now_ns - missed_ns > SEEN_NS
        return view.state is PositionState.ERROR or missed

    def repairs(self, view: PositionView) -> None:
        """Do what the status says: free what is held back, then leave, or say what it is."""
        self.tidy()
        if view.state is PositionState.CLOSED:
            return
        if view.state is PositionState.ACTIVE:
            self._shows(view)
            return
        gone = self._world.instrument.exit_quantity(
            view.entry.held - view.exited if view.entry else Decimal(0)
        )
        if view.entry is None:
            self._act(
                "resolve",
                Resolve(position=view.id, target="cancelled", reason=REASON, actor=self._actor),
            )
            return
        told = view.error is not None and view.error.code == EXIT_UNEXPLAINED
        if told:
            self._shows(view)
        elif gone is None and len(self.acts) % 2:
            self._act(
                "resolve",
                Resolve(position=view.id, target="closed", reason=REASON, actor=self._actor),
            )
        now = self._world.monitor.roster.view(view.id)
        if told or now.state is not PositionState.ERROR:
            return
        if view.id not in self._panicked:
            self._panicked[view.id] = self._world.clock.now_ns
            self._act("panic", Panic(actor=self._actor))
        else:  # what the daemon cannot leave is left by hand
            since_ns, now_ns = self._panicked[view.id], self._world.clock.now_ns
            self._world.faults.excuse("by_hand", now_ns + REBORN_NS, since_ns=since_ns)
            self.takes(view, ALL, 1)
            self._shows(view)

    def _shows(self, view: PositionView) -> None:
        """Bring the trades that closed it, as the exchange's own list has them."""
        assert view.entry is not None
        assert view.side is not None
        known = {fill.trade_id for fill in (*view.exit_fills, *view.insurance_fills)}
        fills = tuple(
            fill
            for order in self._account.orders.all
            for fill in order.state(with_fills=True).fills or ()
            if fill.at_ns > view.entry.fills[0].at_ns
            and fill.action is view.side.exit_action
            and fill.trade_id not in known
            and fill.client_id.startswith((FOREIGN_PREFIX, FORCED_PREFIX))
        )
        if not fills:
            return
        said = _of(fills)
        if view.state is PositionState.ERROR:
            answer = Resolve(position=view.id, target="closed", evidence=said, **self._told)
            self._act("resolve", answer)
        else:
            self._act("close", ReconcileClose(position=view.id, evidence=said, **self._told))

    def clears(self) -> None:
        """Let every frozen scope take entries again, if the daemon finds nothing any more."""
        for frozen in self._world.monitor.roster.standing.frozen:
            self._act("clear", ClearFrozen(scope=frozen.scope, **self._told))

    @property
    def _told(self) -> dict[str, str]:
        return {"reason": REASON, "actor": self._actor}

    def _act(self, name: str, command: Command) -> None:
        self.acts.append(f"{name}: {self._say(name, command)}")


def _is_open(view: PositionView) -> bool:
    return any(known.is_open for known in view.orders)


def _of(fills: tuple[Fill, ...]) -> Evidence:
    said = hashlib.sha256(repr(fills).encode()).hexdigest()
    return Evidence(kind="user_trade_record", sha256=said, fills=fills)
