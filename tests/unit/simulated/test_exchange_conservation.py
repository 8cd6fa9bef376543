"""The audit of the simulated exchange: silent on honest books, loud on every planted mistake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import ROUND_UP, Context, Decimal, localcontext
from random import Random

import attrs
import pytest
from hypothesis import given

from robson.connectors.simulated.books import MemoryBooks
from robson.connectors.simulated.conservation import Conservation
from robson.connectors.simulated.entries import (
    DebtRepaid,
    Filled,
    InterestCharged,
    LoanTaken,
    RequestLogged,
)
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.exchange_rules import REFUSALS, Rule
from robson.connectors.simulated.floor import Deal
from robson.connectors.simulated.orders import Order
from robson.domain.reports import OrderStatus
from robson.domain.values import Action, ExchangeNs, Price
from tests.oracle import books_oracle
from tests.unit.simulated.exchange_acts import Act, Player, Trouble, acts, random_act
from tests.unit.simulated.exchange_kit import (
    BORROW,
    HOUR,
    REPAY,
    RULES,
    SCOPE,
    SECOND,
    SELL,
    Bench,
    filled,
)

D = Decimal


def audit(bench: Bench) -> tuple[str, ...]:
    """Count everything a second time, from the first entry."""
    outcome = Conservation(bench.exchange.books, bench.exchange.state).check()
    assert outcome.compared > 10
    return outcome.differences


@pytest.mark.proves("I-53")
@given(acts())
def test_nothing_appears_or_vanishes(life: list[Act]) -> None:
    player = Player(SimExchange([RULES], faults=Trouble()))
    player.open()
    going_on = Conservation(player.exchange.books, player.exchange.state)
    for act in life:
        player.play(act)
        assert going_on.check().differences == ()
    whole = Conservation(player.exchange.books, player.exchange.state).check()

    assert whole.differences == ()
    assert whole.compared >= 22


def test_random_lives_reach_what_happens_to_money() -> None:
    """The property above is worth what its lives contain."""
    chance, reached = Random(21), Counter[str]()
    for _ in range(80):
        player = Player(SimExchange([RULES], faults=Trouble()))
        player.open()
        going_on = Conservation(player.exchange.books, player.exchange.state)
        for _ in range(40):
            player.play(random_act(chance))
            assert going_on.check().differences == ()
        reached.update(player.exchange.counts())

    refusals = {rule.value for rule in REFUSALS}
    not_played = {"fault_rejects", "fault_hides_order", "stop_would_borrow"}
    not_played |= {rule.value for rule in Rule if "liquidat" in rule.value}  # test_liquidation.py
    limits = {"limit_takes", "limit_resting", "limit_expired", "limit_met"}
    not_played |= limits | {"loan_repaid_at_cancel"}  # test_limits.py
    faults = {"fault_rules_change", "fault_looks_back", "fault_retells", "foreign_deed"}
    not_played |= faults  # test_troubles.py
    acting = {rule.value for rule in Rule} - refusals - not_played
    assert {name for name in acting if not reached[name]} == set()


def test_the_decimal_context_of_the_caller_changes_nothing() -> None:
    books = []
    for context in (Context(prec=38), Context(prec=6, rounding=ROUND_UP)):
        chance = Random(3)
        with localcontext(context):
            player = Player(SimExchange([RULES], faults=Trouble()))
            player.open()
            for _ in range(200):
                player.play(random_act(chance))
            audited = Conservation(player.exchange.books, player.exchange.state).check()
        assert audited.differences == ()
        books.append(player.exchange.books.entries())

    assert books[0] == books[1]


@given(acts())
def test_the_books_lead_to_the_balances_that_an_oracle_finds(life: list[Act]) -> None:
    player = Player(SimExchange([RULES], faults=Trouble()))
    player.open()
    for act in life:
        player.play(act)
    of_scope = [
        (number, entry)
        for number, entry in enumerate(player.exchange.books.entries())
        if getattr(entry, "scope", None) == SCOPE
    ]
    account = player.exchange.state.accounts[SCOPE]
    side = {"BTC": "base", "USDT": "quote"}
    actions = {order.order_id: order.action for order in player.exchange.state.orders.values()}

    found = books_oracle.books(
        {"quote": 3000},
        fills=[
            books_oracle.Fill(
                number,
                "buy" if actions[entry.order_id] is Action.BUY else "sell",
                entry.price,
                entry.quantity,
                entry.commission,
                side[entry.commission_asset],
            )
            for number, entry in of_scope
            if isinstance(entry, Filled)
        ],
        loans=[
            books_oracle.Movement(number, side[entry.asset], entry.amount)
            for number, entry in of_scope
            if isinstance(entry, LoanTaken)
        ],
        interest=[
            books_oracle.Movement(number, side[entry.asset], entry.amount)
            for number, entry in of_scope
            if isinstance(entry, InterestCharged)
        ],
        repayments=[
            books_oracle.Movement(
                number, side[entry.asset], entry.interest + entry.principal, entry.interest
            )
            for number, entry in of_scope
            if isinstance(entry, DebtRepaid)
        ],
    )

    assert found == {
        "base_total": account.base.total,
        "quote_total": account.quote.total,
        "base_debt": account.base.borrowed,
        "quote_debt": account.quote.borrowed,
        "base_interest": account.base.interest,
        "quote_interest": account.quote.interest,
    }


# ------------------------------------------------------------------------------ planted mistakes


class ExecutesTwice(SimExchange):
    def execute(self, order: Order, deals: Sequence[Deal], at_ns: ExchangeNs) -> None:
        super().execute(order, deals, at_ns)
        super().execute(order, deals, at_ns)


class ForgetsCommission(SimExchange):
    def commission(self, order: Order, gained: Decimal) -> Decimal:
        return D(0)


class RoundsCommissionDown(SimExchange):
    def commission(self, order: Order, gained: Decimal) -> Decimal:
        return (gained * RULES.taker_fee).quantize(D("0.00000001"), rounding="ROUND_FLOOR")


class ExecutesAtHalfPrice(SimExchange):
    def execute(self, order: Order, deals: Sequence[Deal], at_ns: ExchangeNs) -> None:
        halved = [deal._replace(price=Price(deal.price / 2)) for deal in deals]
        super().execute(order, halved, at_ns)
        order.quote_executed *= 2


class ForgetsToUnlock(SimExchange):
    def withdraw(self, order: Order, status: OrderStatus, at_ns: ExchangeNs) -> None:
        self.market(order.scope.symbol).unrest(order)
        self._end(order, status, at_ns)


class FreeHours(SimExchange):
    def _charge_hours(self, at_ns: ExchangeNs) -> None:
        self._hour_ns = ExchangeNs(at_ns + HOUR)


class TradesLateForNothing(SimExchange):
    def _carry_out(self, order: Order) -> None:
        order.delayed[0] = attrs.evolve(order.delayed[0], price=Price(50_000))
        super()._carry_out(order)


def test_a_delayed_trade_at_another_price_is_caught() -> None:
    bench = Bench(exchange=TradesLateForNothing, faults=Trouble())
    bench.audit = None
    bench.buy("0.02", BORROW, client_id="d")
    assert audit(bench) == ()
    bench.wait(HOUR)

    assert any("spent late" in difference for difference in audit(bench))


def life(bench: Bench) -> None:
    """A long with a cancelled stop over two hours, closed with an odd quantity."""
    bench.buy("0.02", BORROW)
    bench.stop(SELL, "0.01998", "59000", client_id="stop")
    bench.wait(2 * HOUR)
    bench.cancel("stop")
    bench.price("58765.43")
    bench.sell("0.01113", REPAY)


@pytest.mark.parametrize(
    ("mistaken", "found"),
    [
        (ExecutesTwice, "executed too much"),
        (ForgetsCommission, "commission 0"),
        (RoundsCommissionDown, "commission 65405923, must be"),
        (ExecutesAtHalfPrice, "order 1 quote"),
        (ForgetsToUnlock, "BTC locked"),
        (FreeHours, "USDT hour missed"),
    ],
)
def test_a_mistaken_exchange_is_caught(mistaken: type[SimExchange], found: str) -> None:
    bench = Bench(exchange=mistaken)
    bench.audit = None
    life(bench)
    differences = audit(bench)

    assert any(found in difference for difference in differences), differences


def test_the_same_life_on_an_honest_exchange_is_clean() -> None:
    bench = Bench()
    life(bench)

    assert audit(bench) == ()


@pytest.mark.parametrize("field", ["free", "locked", "borrowed", "interest"])
@pytest.mark.parametrize("asset", ["BTC", "USDT"])
def test_an_atom_out_of_nowhere_is_caught(asset: str, field: str) -> None:
    bench = Bench()
    life(bench)
    wallet = bench.exchange.state.wallet(SCOPE, asset)
    setattr(wallet, field, getattr(wallet, field) + D("0.00000001"))

    assert any(asset in difference for difference in audit(bench))


def test_part_of_an_atom_is_caught() -> None:
    bench = Bench()
    bench.exchange.state.wallet(SCOPE, "USDT").free += D("0.000000000001")

    assert audit(bench)


def test_what_moves_between_free_and_locked_is_caught() -> None:
    bench = Bench()
    wallet = bench.exchange.state.wallet(SCOPE, "USDT")
    wallet.free, wallet.locked = D(499), D(1)

    assert audit(bench)


@pytest.mark.parametrize(
    ("field", "value"),
    [("executed", D("0.01")), ("quote_executed", D(600)), ("status", OrderStatus.NEW)],
)
def test_an_order_that_is_not_what_it_did_is_caught(field: str, value: object) -> None:
    bench = Bench()
    bench.buy("0.005")
    setattr(bench.exchange.state.orders[1], field, value)

    assert audit(bench)


def rewritten(change: Callable[[list[object]], None]) -> tuple[str, ...]:
    """Audit an honest state against books in which something was changed."""
    bench = Bench()
    life(bench)
    entries = list(bench.exchange.books.entries())
    change(entries)  # type: ignore[arg-type]
    books = MemoryBooks()
    for entry in entries:
        books.append(entry)
    return Conservation(books, bench.exchange.state).check().differences


@pytest.mark.parametrize("kind", [Filled, LoanTaken, InterestCharged, DebtRepaid])
def test_an_entry_that_is_missing_is_caught(kind: type) -> None:
    def leave_out(entries: list[object]) -> None:
        entries.remove(next(entry for entry in entries if isinstance(entry, kind)))

    assert rewritten(leave_out)


def test_an_entry_that_is_there_twice_is_caught() -> None:
    for kind in (Filled, LoanTaken, InterestCharged, DebtRepaid):

        def double(entries: list[object], kind: type = kind) -> None:
            at = next(place for place, entry in enumerate(entries) if isinstance(entry, kind))
            entries.insert(at, entries[at])

        assert rewritten(double), kind


def test_a_mistake_once_found_stays_found() -> None:
    bench = Bench(exchange=ExecutesTwice)
    bench.audit = None
    going_on = Conservation(bench.exchange.books, bench.exchange.state)
    bench.buy("0.02", BORROW)

    first, second = going_on.check(), going_on.check()

    assert first.differences == second.differences != ()


def test_a_repayment_of_principal_before_interest_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(deposit="1000")
    bench.audit = None
    bench.buy("0.02", BORROW)
    bench.wait(SECOND)
    bench.sell("0.01")
    wallet = type(bench.exchange.state.wallet(SCOPE, "USDT"))
    monkeypatch.setattr(wallet, "split", lambda _, amount: (D(0), amount))
    bench.repay("USDT", "1")

    assert any("interest left behind" in difference for difference in audit(bench))


def test_the_audit_reads_on_where_it_stopped() -> None:
    bench = Bench(deposit="5000")
    first = bench.audited()
    for _ in range(20):
        filled(bench.buy("0.001"))

    assert 0 < bench.audited() <= first + 20, "nothing new: only balances are compared again"
    assert sum(isinstance(e, RequestLogged) for e in bench.exchange.books.entries()) == 20
