"""Random lives of the simulated exchange, as data that a property can shrink and play twice."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import attrs
from hypothesis import strategies as st

from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.faults import ExchangeFaults, Piece
from robson.domain.identity import AccountId, ClientOrderId, Purpose, Scope
from robson.domain.intents import (
    CancelOrder,
    Intent,
    OrderType,
    PlaceOrder,
    QueryOrder,
    ReadAccount,
    ReadOrders,
    ReadTrades,
    Repay,
    SideEffect,
)
from robson.domain.values import NS_PER_MS, NS_PER_S, Action, ExchangeNs, Price, Quantity
from tests.unit.simulated.exchange_kit import BTC, HALF_PAST_ONE, POSITION, SCOPE

OTHER = Scope(AccountId("other"), BTC)


@attrs.frozen
class Act:
    """One thing that happens. ``number`` means what the kind makes of it."""

    kind: str
    after_s: int
    number: int
    name: str
    action: Action = Action.BUY
    side_effect: SideEffect = SideEffect.NONE
    other: bool = False


_OFTEN = ("take", "take", "take", "stop", "stop", "limited", "limited", "walk", "walk")
KINDS = (*_OFTEN, "cancel", "jump", "repay", "ask")
WAITS = (0, 0, 1, 30, 1800, 7200)
NAMES = ("a", "b", "c", "d", "e", "bad id")


def acts() -> st.SearchStrategy[list[Act]]:
    """Sequences of orders, cancels, prices, repayments, questions and waits."""
    act = st.builds(
        Act,
        kind=st.sampled_from(KINDS),
        after_s=st.sampled_from(WAITS),
        number=st.integers(1, 60),
        name=st.sampled_from(NAMES),
        action=st.sampled_from(Action),
        side_effect=st.sampled_from(SideEffect),
        other=st.booleans(),
    )
    return st.lists(act, max_size=40)


def random_act(chance: Random) -> Act:
    """One act drawn from a seeded source."""
    return Act(
        kind=chance.choice(KINDS),
        after_s=chance.choice(WAITS),
        number=chance.randint(1, 60),
        name=chance.choice(NAMES),
        action=chance.choice(list(Action)),
        side_effect=chance.choice(list(SideEffect)),
        other=chance.random() < 0.3,
    )


class Trouble(ExchangeFaults):
    """Faults that strike by client id and age, so that a replay meets the same ones."""

    def skips_repay(self, client_id: str) -> bool:
        return client_id == "c"

    def drops_stop(self, client_id: str, since_accept_ns: int) -> bool:
        return client_id == "b" and since_accept_ns > 3600 * NS_PER_S

    def book(self, client_id: str, quantity: Decimal) -> tuple[Piece, ...] | None:
        """A quarter of some; of others three parts, two of them late, with less than all or all."""
        part = quantity / 4
        if client_id == "b":
            return (Piece(quantity=part),)
        if client_id != "d":
            return None
        late = Piece(quantity=part, worse_bps=Decimal(7), after_ns=40 * 60 * NS_PER_S)
        rest = Piece(quantity=part * 2, worse_bps=Decimal(9), after_ns=100 * 60 * NS_PER_S)
        whole = int(quantity.scaleb(3)) % 2
        return (Piece(quantity=part), late, *((rest,) if whole else ()))


class Player:
    """Plays acts on an exchange; the same acts give the same calls."""

    def __init__(self, exchange: SimExchange, now: int = HALF_PAST_ONE) -> None:
        self.exchange = exchange
        self.now = ExchangeNs(now)
        self.price = 60000

    def open(self) -> None:
        """Fund two accounts and start the market."""
        for scope in (SCOPE, OTHER):
            self.exchange.deposit(scope, "USDT", Decimal(3000), at_ns=self.now)
        self.exchange.on_price(BTC, Price(self.price), at_ns=self.now, jump=True)

    def play(self, act: Act) -> object:
        """Do one act and return what the exchange answered."""
        self.now = ExchangeNs(self.now + act.after_s * NS_PER_S)
        if act.kind in ("jump", "walk"):
            self.price = 60000 + (act.number - 30) * 300
            jump = act.kind == "jump"
            return self.exchange.on_price(BTC, Price(self.price), at_ns=self.now, jump=jump)
        return [
            self.exchange.handle(request, at_ns=self.now)
            for request in self._requests(act, OTHER if act.other else SCOPE)
        ]

    def _requests(self, act: Act, scope: Scope) -> list[Intent]:
        common = {"scope": scope, "position": POSITION}
        name = str.__new__(ClientOrderId, act.name)  # past the check, as from another client
        signed = self.now // NS_PER_MS
        if act.kind == "cancel":
            cancel = CancelOrder(**common, target=name, cancel_id=name, timestamp_ms=signed)
            return [cancel]
        if act.kind == "repay":
            asset = "USDT" if act.number % 2 else "BTC"
            amount = Decimal(act.number).scaleb(-4)
            repay = Repay(**common, asset=asset, amount=amount, attempt=1, timestamp_ms=signed)
            return [repay]
        if act.kind == "ask":
            return [
                QueryOrder(**common, target=name),
                ReadTrades(**common, since_ns=ExchangeNs(self.now - 60 * NS_PER_S)),
                ReadOrders(**common, since_ns=ExchangeNs(self.now - 60 * NS_PER_S)),
                ReadAccount(**common),
            ]
        return [self._order(act, common, name, signed)]

    def _order(
        self, act: Act, common: dict[str, object], name: ClientOrderId, signed: int
    ) -> PlaceOrder:
        away = 100 * (1 + act.number % 5) * (1 if act.action is Action.BUY else -1)
        stop, limited = act.kind in ("stop", "limited"), act.kind == "limited"
        kind = OrderType.STOP_LOSS_LIMIT if limited else OrderType.STOP_LOSS
        return PlaceOrder(
            **common,  # type: ignore[arg-type]
            purpose=Purpose.ENTRY,
            client_id=name,
            action=act.action,
            type=kind if stop else OrderType.MARKET,
            quantity=Quantity(Decimal(act.number).scaleb(-3)),
            side_effect=act.side_effect,
            stop_price=Price(self.price + away) if stop else None,
            price=Price(self.price + 2 * away) if limited else None,
            timestamp_ms=signed,
        )
