"""Pairs of orders through seeded lives: the books are audited after everything that happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from random import Random

import attrs

from robson.connectors.simulated.books import MemoryBooks
from robson.connectors.simulated.conservation import Conservation
from robson.connectors.simulated.exchange_rules import Rule
from robson.connectors.simulated.state import ExchangeState
from robson.domain.identity import ClientOrderId, Purpose
from robson.domain.intents import OrderType
from robson.domain.reports import ApiError, OrderStatus
from robson.domain.values import NS_PER_MS, Action, Price, Quantity
from robson.sim.venue.doors import VenueExchange
from robson.sim.venue.oco import OcoOrder
from tests.unit.simulated.exchange_kit import BORROW, NONE, POSITION, REPAY, RULES, SCOPE, Bench

Note = Callable[[str, object], None]
LISTS = attrs.evolve(RULES, order_types=RULES.order_types | {"LIMIT", "LIMIT_MAKER"})
FINE = Decimal("0.00001")


def bench() -> Bench:
    return Bench(rules=LISTS, exchange=VenueExchange, deposit="1300")


def pair_of(player: Bench, chance: Random, last: int) -> OcoOrder:
    """A sale above and below, or a purchase; now and then with a limit far from its stop."""
    action = chance.choice((Action.BUY, Action.SELL))
    near, far = chance.randint(1, 400), chance.randint(1, 400)
    sign = 1 if action is Action.SELL else -1
    stop = last - sign * near
    limit = chance.choice((None, stop, stop - 3 * sign * near, stop + 5 * sign * near))
    player.ids += 1
    return OcoOrder(
        scope=SCOPE,
        position=POSITION,
        purpose=Purpose.INSURANCE,
        client_id=ClientOrderId(f"s-{player.ids}"),
        action=action,
        type=OrderType.STOP_LOSS if limit is None else OrderType.STOP_LOSS_LIMIT,
        quantity=Quantity(chance.randint(20, 900) * FINE),
        side_effect=chance.choice((NONE, REPAY)),
        stop_price=Price(stop),
        price=None if limit is None else Price(limit),
        timestamp_ms=player.now // NS_PER_MS,
        maker_id=ClientOrderId(f"m-{player.ids}"),
        maker_price=Price(last + sign * far),
        list_id=f"l-{player.ids}",
    )


def walked(chance: Random, steps: int = 60) -> tuple[VenueExchange, Counter[str]]:
    """A life of pairs among other orders, on a price that walks and jumps."""
    player, seen, last = bench(), Counter[str](), 60_000
    exchange = player.exchange
    assert isinstance(exchange, VenueExchange)
    player.buy("0.05", BORROW)
    for _ in range(steps):
        match chance.randrange(6):
            case 0 | 1:
                answer = player.send(pair_of(player, chance, last))
                seen["refused" if isinstance(answer, ApiError) else "taken"] += 1
            case 2:
                player.buy("0.003", BORROW) if chance.random() < 0.5 else player.sell("0.002", NONE)
            case 3 if resting := exchange.account(SCOPE).orders.open():
                exchange.cancel_open(chance.choice(resting), player.now)
                seen["cancelled"] += 1
            case _:
                last = max(1000, last + chance.randint(-500, 500))
                player.price(str(last), jump=chance.random() < 0.3)
        player.audited()
    if chance.random() < 0.5:
        player.price("9000", jump=True)
    return exchange, seen


def test_lists_of_orders_keep_the_books(record_property: Note) -> None:
    chance, seen = Random(5), Counter[str]()
    for _ in range(25):
        exchange, found = walked(chance)
        seen += found
        state = exchange.state
        for one in state.lists.values():
            stop, maker = state.orders[one.stop], state.orders[one.maker]
            filled = [leg for leg in (stop, maker) if leg.executed]
            seen[f"{stop.status.value}/{maker.status.value}"] += 1
            seen["maker carried"] += one.carrier == one.maker
            assert len(filled) < 2, "never both"
            assert stop.is_open or not maker.is_open or not stop.locked
        seen["liquidated"] += exchange.counts()[Rule.LIQUIDATED.value]
        again = ExchangeState.of(exchange.books.entries())
        assert (again.lists, again.orders) == (state.lists, state.orders)
        assert Conservation(exchange.books, state).check().differences == ()

    expected = ("refused", "taken", "cancelled", "maker carried", "liquidated")
    ends = ("FILLED/EXPIRED", "EXPIRED/FILLED", "CANCELED/CANCELED", "EXPIRED/EXPIRED")
    assert all(seen[one] for one in (*expected, *ends)), seen
    record_property("note", f"lists: {dict(sorted(seen.items()))}")


def test_the_dearer_one_holds_back_for_both() -> None:
    player = bench()
    dear = attrs.evolve(
        pair_of(player, Random(1), 60_000),
        action=Action.BUY,
        type=OrderType.STOP_LOSS_LIMIT,
        quantity=Quantity(Decimal("0.01")),
        stop_price=Price(61_000),
        price=Price(50_000),
        maker_price=Price(59_000),
    )
    player.send(dear)
    before = player.exchange.state.accounts[SCOPE].quote.locked
    player.price("61000", jump=True)
    account = player.exchange.state.accounts[SCOPE]
    [left] = account.orders.open()

    assert (before, account.quote.locked) == (590, 500)
    assert (left.type, left.status) == (OrderType.STOP_LOSS_LIMIT, OrderStatus.NEW)
    player.price("49999")
    assert account.quote.locked == 0


def books_of_a_list() -> MemoryBooks:
    """Books in which a list was written down."""
    player = bench()
    player.buy("0.01")
    player.send(pair_of(player, Random(2), 60_000))
    books = player.exchange.books
    assert isinstance(books, MemoryBooks)
    return books
