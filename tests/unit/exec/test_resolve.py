"""An unknown order ends by evidence: every piece of a proof of absence is needed, one by one.

The times are the page's: the receive window, ten seconds of matching, five to spare; two not-founds
two seconds apart; answers that took over a second describe another time and count for nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.domain.errors import InvalidValue
from robson.domain.identity import Purpose
from robson.domain.intents import (
    Intent,
    OrderType,
    QueryOrder,
    ReadAccount,
    ReadOrders,
    ReadTrades,
    ReadTransfers,
)
from robson.domain.reports import (
    AccountReported,
    AccountSnapshot,
    Balance,
    Fill,
    OrderNotFound,
    OrderReported,
    OrdersReported,
    OrderState,
    OrderStatus,
    OutcomeUnknown,
    Report,
    TradesReported,
    Transfer,
    TransfersReported,
)
from robson.domain.values import Action, ExchangeNs, Price, Quantity
from robson.exec.resolve import AbsenceProof, Contradiction, Found, NotSeen, Resolution
from tests.unit.exec.test_executor import NOW, SCOPE, order

S = 1_000_000_000
SETTLE_S = 2 + 10 + 5
"""Receive window, matching and margin; the clock's error comes on top."""
ENTRY = order()


def balance(asset: str, free: object, borrowed: object = 0) -> Balance:
    return Balance(
        asset=asset,
        free=Decimal(str(free)),
        locked=Decimal(0),
        borrowed=Decimal(str(borrowed)),
        interest=Decimal(0),
    )


def account(at_ns: int, *, base: object = 0, quote: object = 1000, owed: object = 0) -> Any:
    return AccountSnapshot(
        scope=SCOPE,
        base=balance("BTC", base),
        quote=balance("USDT", quote, owed),
        index_price=Price(Decimal(60_000)),
        at_ns=ExchangeNs(at_ns),
    )


def state(client_id: str, status: OrderStatus = OrderStatus.FILLED) -> OrderState:
    return OrderState(
        client_id=client_id,
        order_id=7,
        status=status,
        action=Action.BUY,
        type=OrderType.MARKET,
        quantity=Quantity(Decimal("0.5")),
        executed=Decimal("0.5"),
        quote_executed=Decimal(500),
        stop_price=None,
        at_ns=NOW,
    )


def fill(client_id: str, at_ns: int) -> Fill:
    return Fill(
        trade_id=1,
        order_id=7,
        client_id=client_id,
        action=Action.BUY,
        price=Price(Decimal(1000)),
        quantity=Quantity(Decimal("0.5")),
        commission=Decimal(0),
        commission_asset="BTC",
        at_ns=ExchangeNs(at_ns),
    )


def sale(client_id: str, at_ns: int) -> Fill:
    """The other way round, with its fee in quote."""
    sold = fill(client_id, at_ns)
    return attrs.evolve(sold, action=Action.SELL, commission=Decimal(1), commission_asset="USDT")


def transfer(amount: object, after_s: float, asset: str = "USDT") -> Transfer:
    """Money that a person moved; ``after_s`` the order was signed."""
    at_ns = ExchangeNs(NOW + int(after_s * S))
    return Transfer(transfer_id=1, asset=asset, amount=Decimal(str(amount)), at_ns=at_ns)


def resolution() -> Resolution:
    return Resolution(
        order=ENTRY,
        before=account(NOW - S),
        signed_ns=NOW,
        next_ask_ns=NOW,
        tokens=itertools.count(1),
    )


@attrs.define
class World:
    """What the exchange says, and how long each answer takes."""

    slow_s: float = 0.0
    orders: tuple[OrderState, ...] = ()
    trades: tuple[Fill, ...] = ()
    moved: tuple[Transfer, ...] = ()
    after: Callable[[int], AccountSnapshot] = account
    knows_from_s: float | None = None
    silent: bool = False

    def answer(self, asked: Intent, now_ns: int) -> Report:
        times: dict[str, Any] = {
            "intent": asked,
            "sent_ns": ExchangeNs(now_ns),
            "received_ns": ExchangeNs(now_ns + int(self.slow_s * S)),
        }
        if self.silent:
            return OutcomeUnknown(reason="silence", **times)
        match asked:
            case QueryOrder():
                known = self.knows_from_s is not None
                if known and now_ns - NOW >= (self.knows_from_s or 0) * S:
                    return OrderReported(order=state(ENTRY.client_id), **times)
                return OrderNotFound(**times)
            case ReadOrders():
                return OrdersReported(orders=self.orders, **times)
            case ReadTrades():
                return TradesReported(fills=self.trades, **times)
            case ReadTransfers():
                return TransfersReported(transfers=self.moved, **times)
            case ReadAccount():
                return AccountReported(account=self.after(now_ns), **times)
            case _:
                raise AssertionError(asked)


def pursue(world: World, *, for_s: float = 120) -> tuple[Any, float, int]:
    """Ask until there is a verdict; it, after how many seconds, and the rounds asked."""
    case, rounds, now = resolution(), 0, int(NOW)
    while now <= NOW + for_s * S:
        asked = case.ask(ExchangeNs(now))
        rounds += bool(asked)
        for each in asked:
            if verdict := case.hear(world.answer(each, now)):
                return verdict, (now - NOW) / S, rounds
        now += S // 10
    return None, for_s, rounds


@pytest.mark.proves("R3", "P2")
def test_absence_is_proved_after_the_settle_time_and_not_before() -> None:
    verdict, after_s, _ = pursue(World())

    assert isinstance(verdict, AbsenceProof)
    assert SETTLE_S <= ENTRY.settle_ns / S <= SETTLE_S + 1
    assert after_s >= SETTLE_S + 2, "and two not-founds lie two seconds apart"
    assert after_s < ENTRY.settle_ns / S + 2.2, "and not later than that"


@pytest.mark.parametrize("hidden_s", [0, 1, 10, 15, 16.9])
def test_an_order_that_was_hidden_is_found(hidden_s: float) -> None:
    verdict, after_s, _ = pursue(World(knows_from_s=hidden_s))

    assert isinstance(verdict, Found)
    assert hidden_s <= after_s <= hidden_s + 5.1


def test_slow_answers_prove_nothing() -> None:
    assert pursue(World(slow_s=1.001))[0] is None
    assert isinstance(pursue(World(slow_s=0.999))[0], AbsenceProof)


def test_silence_proves_nothing_and_is_asked_for_ever() -> None:
    verdict, _, rounds = pursue(World(silent=True), for_s=600)

    assert verdict is None
    assert rounds > 600 / 5


def test_the_list_of_orders_finds_it_too() -> None:
    verdict, _, _ = pursue(World(orders=(state(ENTRY.client_id),)))

    assert isinstance(verdict, Found)


@pytest.mark.parametrize(
    "world",
    [
        World(trades=(fill(ENTRY.client_id, NOW + S),)),
        World(after=lambda at: account(at, base="0.5", quote=500)),
        World(after=lambda at: account(at, quote=500)),
        World(after=lambda at: account(at, quote=1001)),
        World(after=lambda at: account(at, quote=1501, owed=500)),
        World(
            trades=(fill("another", NOW - 2 * S),),
            after=lambda at: account(at, base="0.5", quote=500),
        ),
    ],
    ids=[
        "a trade of it",
        "it has been bought",
        "quote is missing",
        "quote has come",
        "quote has come beside a loan",
        "a trade of before",
    ],
)
def test_evidence_that_disagrees_is_for_a_person(world: World) -> None:
    verdict, after_s, _ = pursue(world)

    assert isinstance(verdict, Contradiction)
    assert after_s >= SETTLE_S


@pytest.mark.parametrize(
    "world",
    [
        World(
            trades=(fill("another", NOW - S // 2),),
            after=lambda at: account(at, base="0.5", quote=500),
        ),
        World(
            trades=(sale("another", NOW - S // 2),),
            after=lambda at: account(at, base="-0.5", quote=1499),
        ),
        World(after=lambda at: account(at, quote=1500, owed=500)),
        World(after=lambda at: account(at, quote=1500, owed="500.4")),
    ],
    ids=["another order's trade", "another order's sale", "a loan", "a loan's interest"],
)
def test_what_else_moved_the_account_contradicts_nothing(world: World) -> None:
    assert isinstance(pursue(world)[0], AbsenceProof)


MOVED = [
    ((transfer(500, 1),), {"quote": 1500}),
    ((transfer(-400, 1),), {"quote": 600}),
    ((transfer("0.25", 1, "BTC"),), {"base": "0.25"}),
    ((transfer(500, 1), transfer(-100, 2)), {"quote": 1400}),
    ((transfer(500, -2),), {}),
]
"""What was moved, and what the account shows afterwards; the last was there before."""


@pytest.mark.proves("P2")
@pytest.mark.parametrize(
    ("moved", "shows"), MOVED, ids=["in", "out", "base in", "both ways", "before"]
)
def test_money_that_a_person_moved_is_explained_by_its_transfer(
    moved: tuple[Transfer, ...], shows: dict[str, Any]
) -> None:
    """The balances are compared with all that moved them; no more is believed than is listed."""
    verdict, after_s, _ = pursue(World(moved=moved, after=lambda at: account(at, **shows)))

    assert isinstance(verdict, AbsenceProof)
    assert after_s < SETTLE_S + 12
    assert (dict(verdict.numbers()).get("transfers_read") == str(len(moved))) is bool(shows)


@pytest.mark.parametrize(
    ("moved", "shows"),
    [
        ((transfer(500, 1),), {"quote": 1000}),
        ((transfer(500, -2),), {"quote": 1500}),
        ((transfer(500, 1),), {"quote": 1499}),
        ((transfer(500, 1),), {"base": "0.5", "quote": 1000}),
        ((transfer(500, 1, "BNB"),), {"quote": 1500}),
        ((transfer(500, 1), transfer(500, 2)), {"quote": 1500}),
    ],
    ids=["it came and is gone", "an old one", "one is missing", "bought", "BNB", "one of two"],
)
def test_a_transfer_explains_no_more_than_itself(
    moved: tuple[Transfer, ...], shows: dict[str, Any]
) -> None:
    """All that is listed counts, whole: none is chosen because it would hide an order's trade."""
    verdict, _, _ = pursue(World(moved=moved, after=lambda at: account(at, **shows)))

    if shows == {"quote": 1000}:
        assert isinstance(verdict, AbsenceProof), "it adds up without the list, which nobody reads"
        with pytest.raises(InvalidValue):
            attrs.evolve(verdict, transfers=read_at(20, TransfersReported, transfers=moved))
    else:
        assert isinstance(verdict, Contradiction)


def test_a_list_of_transfers_that_is_behind_is_asked_for_again() -> None:
    """The lists are read one after another; three rounds with all of them have to disagree."""
    case, told = resolution(), World(after=lambda at: account(at, quote=1500))
    found: list[Any] = []
    for at_ns in range(NOW, case.settled_ns + 20 * S, S // 10):
        if at_ns >= case.settled_ns + 13 * S:
            told.moved = (transfer(500, 1),)
        asked = case.ask(ExchangeNs(at_ns))
        found += [verdict for each in asked if (verdict := case.hear(told.answer(each, at_ns)))]

    assert [type(verdict) for verdict in found] == [AbsenceProof]


def test_transfers_are_asked_for_only_once_something_does_not_add_up() -> None:
    quiet, odd = resolution(), resolution()
    for case, world in ((quiet, World()), (odd, World(after=lambda at: account(at, quote=1500)))):
        asked = [ask_all(case, world, ExchangeNs(NOW + at_s * S)) for at_s in (18, 21, 27)]
        moved = [[isinstance(each, ReadTransfers) for each in round_] for round_ in asked]
        assert not any(moved[0]), "and not before"
        assert any(moved[2]) is (case is odd)


def ask_all(case: Resolution, world: World, now_ns: ExchangeNs) -> tuple[Intent, ...]:
    """One round, answered."""
    asked = case.ask(now_ns)
    for each in asked:
        case.hear(world.answer(each, now_ns))
    return asked


def test_a_stop_is_not_seen_though_money_was_moved() -> None:
    """What lets a lost stop be sent again must not wait for a proof because of a transfer."""
    case = attrs.evolve(resolution(), order=order(Purpose.INSURANCE))
    world = World(moved=(transfer(500, 1),), after=lambda at: account(at, quote=1500))
    found: list[Any] = []
    for at_s in (1, 2):
        now_ns = ExchangeNs(NOW + at_s * S)
        found += [case.hear(world.answer(each, now_ns)) for each in case.ask(now_ns)]

    seen = [each for each in found if isinstance(each, NotSeen)]
    assert len(seen) == 1
    assert seen[0].transfers is not None


def read_at(after_s: float, kind: Any, **content: Any) -> Any:
    """A report of what was read so long after the order was signed."""
    at_ns = ExchangeNs(NOW + int(after_s * S))
    return kind(intent=ENTRY, sent_ns=at_ns, received_ns=at_ns, **content)


def proof(**changes: Any) -> AbsenceProof:
    """A whole proof, or one with a piece changed."""
    settled = ExchangeNs(NOW + 18 * S)

    def read(kind: Any, **content: Any) -> Any:
        later = ExchangeNs(settled + 3 * S)
        return kind(intent=ENTRY, sent_ns=later, received_ns=later, **content)

    pieces: dict[str, Any] = {
        "client_id": ENTRY.client_id,
        "settled_ns": settled,
        "first_not_found_ns": settled,
        "second_not_found_ns": ExchangeNs(settled + 2 * S),
        "orders": read(OrdersReported, orders=()),
        "trades": read(TradesReported, fills=()),
        "transfers": read(TransfersReported, transfers=()),
        "before": account(NOW - S),
        "after": read(AccountReported, account=account(settled + 3 * S)),
    }
    return AbsenceProof(**(pieces | changes))


def early(report: Any) -> Any:
    return attrs.evolve(report, sent_ns=ExchangeNs(NOW + 17 * S))


@pytest.mark.proves("I-50")
def test_a_proof_lacks_no_piece() -> None:
    whole = proof()
    lacking: list[dict[str, Any]] = [
        {"first_not_found_ns": ExchangeNs(whole.settled_ns - 1)},
        {"second_not_found_ns": ExchangeNs(whole.settled_ns + 2 * S - 1)},
        {"orders": early(whole.orders)},
        {"trades": early(whole.trades)},
        {"transfers": early(whole.transfers)},
        {"after": early(whole.after)},
        {"orders": attrs.evolve(whole.orders, orders=(state(ENTRY.client_id),))},
        {"trades": attrs.evolve(whole.trades, fills=(fill(ENTRY.client_id, NOW + S),))},
        {"after": attrs.evolve(whole.after, account=account(NOW + 21 * S, base="0.5"))},
    ]
    for each in lacking:
        with pytest.raises(InvalidValue):
            proof(**each)
    pieces = {name: getattr(whole, name) for name in attrs.fields_dict(AbsenceProof)}
    for name in pieces:
        with pytest.raises(TypeError, match=name):
            AbsenceProof(**{key: piece for key, piece in pieces.items() if key != name})


def test_an_answer_of_an_earlier_round_says_nothing() -> None:
    case = resolution()
    [first] = case.ask(NOW)
    for _ in range(3):
        case.waiting.clear()
        case.ask(ExchangeNs(NOW + 60 * S))

    assert case.hear(World(knows_from_s=0).answer(first, NOW)) is None


def test_lists_are_asked_for_since_the_account_was_read() -> None:
    """A trade between that reading and the order explains what has changed."""
    case = attrs.evolve(resolution(), before=account(NOW - 90 * S), not_found_ns=[NOW])
    asked = [each.since_ns for each in case.ask(NOW) if isinstance(each, ReadOrders | ReadTrades)]
    assert len(asked) == 2
    assert max(asked) <= NOW - 90 * S


def test_purposes_share_one_protocol() -> None:
    for purpose in (Purpose.EXIT, Purpose.INSURANCE):
        case = attrs.evolve(resolution(), order=order(purpose))
        assert case.settled_ns == resolution().settled_ns
