"""One scenario for each rule of the simulated exchange: how it comes to bite, and what it says."""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal

import attrs

from robson.connectors.simulated.exchange_rules import REFUSALS, Rule
from robson.connectors.simulated.faults import ExchangeFaults, Piece
from robson.connectors.simulated.ledger import Terms
from robson.domain.identity import AccountId, Scope, Symbol
from robson.domain.intents import Intent, OrderType, ReadAccount
from robson.domain.reports import Answer, ApiError, OrderState
from robson.domain.values import Action, ExchangeNs, Price
from tests.unit.simulated.exchange_kit import (
    BORROW,
    BUY,
    HOUR,
    NONE,
    REPAY,
    RULES,
    SCOPE,
    SECOND,
    SELL,
    Bench,
    filled,
    resting,
)

Scenario = Callable[[], tuple[Bench, Answer | None]]
SCENARIOS: dict[Rule, list[Scenario]] = {}
ANSWERED_BY: dict[Scenario, Rule] = {}
D = Decimal


def bites(*rules: Rule) -> Callable[[Scenario], Scenario]:
    """Register a scenario; the answer that it returns is that of the first rule."""

    def register(scenario: Scenario) -> Scenario:
        for rule in rules:
            SCENARIOS.setdefault(rule, []).append(scenario)
        ANSWERED_BY[scenario] = rules[0]
        return scenario

    return register


def place(rule: Rule, **other: object) -> None:
    """Register a market order of 0.005 that one changed field makes bad."""

    @bites(rule)
    def scenario() -> tuple[Bench, Answer | None]:
        bench = Bench()
        order = attrs.evolve(bench.order(BUY, "0.005", NONE), **other)
        return bench, refused(bench, order)


def refused(bench: Bench, request: Intent, arrived_ns: ExchangeNs | None = None) -> Answer:
    """Send what must be refused, and see that nothing changed."""
    before = copy.deepcopy(bench.exchange.state)
    answer = bench.exchange.handle(request, at_ns=bench.now, arrived_ns=arrived_ns)
    bench.audited()
    before.clock_ns = bench.now
    assert bench.exchange.state == before
    return answer


NOW_MS = Bench().now // 10**6

place(Rule.SYMBOL_UNKNOWN, scope=Scope(AccountId("main"), Symbol("DOGE", "USDT")))
place(Rule.ACCOUNT_MISSING, scope=attrs.evolve(SCOPE, account="nobody"))
place(Rule.TIMESTAMP_MISSING, timestamp_ms=None)
place(Rule.TIMESTAMP_AHEAD, timestamp_ms=NOW_MS + 1000)
place(Rule.TIMESTAMP_AHEAD, timestamp_ms=NOW_MS + 10**6)
place(Rule.TIMESTAMP_OLD, timestamp_ms=NOW_MS - 1501)
place(Rule.RECV_WINDOW_TOO_LARGE, recv_window_ms=60_001)
place(Rule.CLIENT_ID_MALFORMED, client_id="no spaces")
place(Rule.CLIENT_ID_MALFORMED, client_id="")
place(Rule.CLIENT_ID_MALFORMED, client_id="x" * 37)
place(Rule.STOP_PRICE_UNWANTED, stop_price=Price(50000))
place(Rule.TOO_PRECISE, quantity=D("0.000000001"))
place(Rule.TOO_PRECISE, quantity=D("0.0050000000000000000001"))
place(Rule.FILTER_LOT_SIZE, quantity=D("0.000005"))
place(Rule.FILTER_LOT_SIZE, quantity=D("0.005005"))
place(Rule.FILTER_LOT_SIZE, quantity=D("9000.00001"))
place(Rule.FILTER_LOT_SIZE, quantity=D("1e40"))
place(Rule.FILTER_MARKET_LOT_SIZE, quantity=D("100.00001"))
place(Rule.FILTER_NOTIONAL, quantity=D("0.00008"))
place(Rule.INSUFFICIENT_BALANCE, quantity=D("0.01"))
place(Rule.INSUFFICIENT_BALANCE, quantity=D("0.01"), side_effect=REPAY)
place(Rule.INSUFFICIENT_BALANCE, action=SELL)
place(Rule.BORROW_TOO_MUCH, quantity=D("0.09"), side_effect=BORROW)
place(Rule.BORROW_TOO_MUCH, quantity=D("0.08"), side_effect=BORROW, action=SELL)


def place_stop(rule: Rule, action: object = BUY, **other: object) -> None:
    """Register a BUY stop of 0.005 at 61,000 that one changed field makes bad."""

    @bites(rule)
    def scenario() -> tuple[Bench, Answer | None]:
        bench = Bench()
        if action is SELL:
            bench.buy("0.006")
        order = bench.stop_order(BUY, "0.005", "61000", NONE)
        return bench, refused(bench, attrs.evolve(order, action=action, **other))


place_stop(Rule.STOP_PRICE_MISSING, stop_price=None)
place_stop(Rule.STOP_WOULD_BORROW, side_effect=BORROW)
place_stop(Rule.TOO_PRECISE, stop_price=Price("61000.000000001"))
place_stop(Rule.FILTER_PRICE, stop_price=Price("61000.005"))
place_stop(Rule.FILTER_PRICE, SELL, stop_price=Price("0.005"))
place_stop(Rule.FILTER_PRICE, stop_price=Price("1e40"))
place_stop(Rule.FILTER_LOT_SIZE, quantity=D("0.005005"))
place_stop(Rule.FILTER_NOTIONAL, SELL, stop_price=Price("999.99"))
place_stop(Rule.STOP_WOULD_TRIGGER, stop_price=Price(60000))
place_stop(Rule.STOP_WOULD_TRIGGER, stop_price=Price(59000))
place_stop(Rule.STOP_WOULD_TRIGGER, SELL, stop_price=Price(60000))
place_stop(Rule.STOP_WOULD_TRIGGER, SELL, stop_price=Price(61000))
place_stop(Rule.INSUFFICIENT_BALANCE, quantity=D("0.0082"))
place_stop(Rule.INSUFFICIENT_BALANCE, SELL, stop_price=Price(59000), quantity=D("0.006"))


@bites(Rule.TIMESTAMP_OLD_AT_MATCHING)
def waits_before_the_engine() -> tuple[Bench, Answer | None]:
    bench = Bench()
    order = bench.order(BUY, "0.005", NONE)
    arrived = bench.now
    bench.wait(1501 * 10**6)
    return bench, refused(bench, order, arrived)


@bites(Rule.MARKET_CLOSED)
def order_before_the_first_price() -> tuple[Bench, Answer | None]:
    bench = Bench(price=None)
    return bench, refused(bench, bench.order(BUY, "0.005", NONE))


@bites(Rule.NO_PRICE_INDEX)
def account_before_the_first_price() -> tuple[Bench, Answer | None]:
    bench = Bench(price=None)
    return bench, refused(bench, ReadAccount(scope=SCOPE))


@bites(Rule.MARKET_NOT_LISTED)
def no_market_orders() -> tuple[Bench, Answer | None]:
    bench = Bench(rules=attrs.evolve(RULES, order_types=frozenset({"LIMIT"})))
    return bench, refused(bench, bench.order(BUY, "0.005", NONE))


@bites(Rule.STOP_NOT_LISTED)
def no_stops() -> tuple[Bench, Answer | None]:
    bench = Bench(rules=attrs.evolve(RULES, order_types=frozenset({"MARKET", "LIMIT"})))
    return bench, refused(bench, bench.stop_order(BUY, "0.005", "61000", NONE))


@bites(Rule.FILTER_MARKET_LOT_SIZE)
def market_grid_is_coarser() -> tuple[Bench, Answer | None]:
    bench = Bench(rules=attrs.evolve(RULES, market_step=D("0.001")))
    return bench, refused(bench, bench.order(BUY, "0.0055", NONE))


@bites(Rule.ID_OPEN_DUPLICATE, Rule.STOP_RESTING, Rule.LOCK_QUOTE)
def same_id_while_open() -> tuple[Bench, Answer | None]:
    bench = Bench()
    resting(bench.stop(BUY, "0.005", "61000", NONE, client_id="same"))
    return bench, refused(bench, bench.order(BUY, "0.001", NONE, client_id="same"))


@bites(Rule.ID_REUSED_AFTER_FILL, Rule.COMMISSION_BASE)
def same_id_after_fill() -> tuple[Bench, Answer | None]:
    bench = Bench()
    first = filled(bench.buy("0.001", client_id="same"))
    second = filled(bench.buy("0.002", client_id="same"))
    assert (first.order_id, second.order_id) == (1, 2)
    found = bench.query("same")
    assert isinstance(found, OrderState)
    assert (found.order_id, found.fills) == (2, None), "the most recent answers, without fills"
    assert bench.account().base.free == D("0.002997")
    return bench, None


@bites(Rule.ID_REUSED_AFTER_END, Rule.CANCELLED, Rule.UNLOCK_QUOTE)
def same_id_after_cancel() -> tuple[Bench, Answer | None]:
    bench = Bench()
    resting(bench.stop(BUY, "0.005", "61000", NONE, client_id="same"))
    bench.cancel("same")
    filled(bench.buy("0.005", client_id="same"))
    return bench, None


@bites(Rule.BORROW_QUOTE, Rule.INTEREST_ON_BORROW, Rule.AUTO_REPAY_QUOTE, Rule.COMMISSION_QUOTE)
def long_life() -> tuple[Bench, Answer | None]:
    bench = Bench()
    bench.buy("0.02", BORROW)
    bench.sell("0.01998", REPAY)
    return bench, None


@bites(Rule.BORROW_BASE, Rule.INTEREST_HOURLY, Rule.AUTO_REPAY_BASE, Rule.AUTO_REPAY_RESIDUE)
def short_life_bought_back_too_little() -> tuple[Bench, Answer | None]:
    bench = Bench()
    bench.sell("0.02", BORROW)
    bench.wait(HOUR)
    bench.buy("0.02", REPAY)
    assert bench.account().base.borrowed == D("0.02") - D("0.01998") + 2 * D("0.00000022")
    return bench, None


@bites(Rule.BORROW_NOT_NEEDED, Rule.AUTO_REPAY_NO_DEBT)
def own_money() -> tuple[Bench, Answer | None]:
    bench = Bench()
    bench.buy("0.005", BORROW)
    bench.sell("0.004", REPAY)
    assert bench.account().quote.debt == 0
    return bench, None


@bites(Rule.FILLED_AT_SLIPPED_PRICE)
def slips() -> tuple[Bench, Answer | None]:
    bench = Bench(terms=Terms())
    bench.buy("0.005")
    return bench, None


@bites(Rule.STOP_MET_ON_THE_WAY, Rule.LOCK_BASE, Rule.UNLOCK_BASE)
def stop_on_the_way() -> tuple[Bench, Answer | None]:
    bench = Bench()
    bench.buy("0.005")
    resting(bench.stop(SELL, "0.004", "59000"))
    bench.price("58000")
    return bench, None


@bites(Rule.STOP_MET_BY_JUMP)
def stop_by_jump() -> tuple[Bench, Answer | None]:
    bench = Bench()
    bench.buy("0.005")
    resting(bench.stop(SELL, "0.004", "59000"))
    bench.price("58000", jump=True)
    return bench, None


@bites(Rule.STOP_EXPIRED_UNFUNDED)
def stop_without_money() -> tuple[Bench, Answer | None]:
    bench = Bench()
    resting(bench.stop(BUY, "0.008", "61000", NONE))
    bench.price("65000", jump=True)
    return bench, None


@bites(Rule.CANCEL_UNKNOWN)
def cancels_nothing() -> tuple[Bench, Answer | None]:
    bench = Bench()
    bench.buy("0.005", client_id="done")
    assert bench.cancel("never") == REFUSALS[Rule.CANCEL_UNKNOWN]
    return bench, bench.cancel("done")


@bites(Rule.CLIENT_ID_MALFORMED)
def cancels_with_a_bad_id() -> tuple[Bench, Answer | None]:
    bench = Bench()
    return bench, bench.cancel("never", cancel_id="a b")


@bites(Rule.TIMESTAMP_OLD)
def cancels_too_late() -> tuple[Bench, Answer | None]:
    bench = Bench()
    resting(bench.stop(BUY, "0.005", "61000", NONE, client_id="stays"))
    late = bench.cancel("stays", timestamp_ms=NOW_MS - 2001)
    resting(bench.query("stays"))
    return bench, late


@bites(Rule.ORDER_UNKNOWN)
def asks_for_nothing() -> tuple[Bench, Answer | None]:
    bench = Bench()
    return bench, bench.query("never")


def in_debt() -> Bench:
    bench = Bench(deposit="1000")
    bench.buy("0.02", BORROW)
    bench.sell("0.002")
    bench.wait(SECOND)
    return bench


def repays(rule: Rule, asset: str, amount: str) -> None:
    @bites(rule)
    def scenario() -> tuple[Bench, Answer | None]:
        bench = in_debt()
        return bench, bench.repay(asset, amount)


repays(Rule.REPAID_BY_HAND, "USDT", "1")
repays(Rule.REPAY_FOREIGN_ASSET, "BNB", "1")
repays(Rule.REPAY_NOTHING, "USDT", "0")
repays(Rule.REPAY_NOTHING, "USDT", "-1")
repays(Rule.TOO_PRECISE, "USDT", "1.000000001")
repays(Rule.REPAY_ABOVE_DEBT, "USDT", "200.00250001")
repays(Rule.REPAY_ABOVE_DEBT, "BTC", "0.00000001")
repays(Rule.REPAY_ABOVE_FREE, "USDT", "120")


@bites(Rule.REPAY_PENDING)
def repays_too_soon() -> tuple[Bench, Answer | None]:
    bench = in_debt()
    bench.repay("USDT", "1")
    return bench, bench.repay("USDT", "1")


class Gremlins(ExchangeFaults):
    def __init__(self, striking: str) -> None:
        self.striking = striking

    def rejects(self, request: Intent, at_ns: int) -> ApiError | None:
        busy = ApiError(status=429, code=-1003, message="Too many requests.")
        return busy if self.striking == "rejects" else None

    def hides_order(self, client_id: str, since_accept_ns: int) -> bool:
        return self.striking == "hides" and since_accept_ns < 10 * SECOND

    def skips_repay(self, client_id: str) -> bool:
        return self.striking == "skips"

    def drops_stop(self, client_id: str, since_accept_ns: int) -> bool:
        return self.striking == "drops" and since_accept_ns >= 10 * SECOND

    def book(self, client_id: str, quantity: Decimal) -> tuple[Piece, ...] | None:
        if self.striking == "late":
            return (Piece(quantity=D("0.003")), Piece(quantity=D("0.001"), after_ns=2 * SECOND))
        return (Piece(quantity=D("0.003")),) if self.striking == "thin" else None


@bites(Rule.FAULT_REJECTS)
def is_rejected() -> tuple[Bench, Answer | None]:
    bench = Bench(faults=Gremlins("rejects"))
    answer = refused(bench, bench.order(BUY, "0.005", NONE))
    assert bench.exchange.counts()["code_-1003"] == 1
    assert isinstance(answer, ApiError)
    assert answer.status == 429
    return bench, None


@bites(Rule.ORDER_UNKNOWN, Rule.FAULT_HIDES_ORDER)
def hides() -> tuple[Bench, Answer | None]:
    bench = Bench(faults=Gremlins("hides"))
    bench.buy("0.005", client_id="there")
    hidden = bench.query("there")
    bench.wait(10 * SECOND)
    filled(bench.query("there"))
    return bench, hidden


@bites(Rule.FAULT_SKIPS_REPAY)
def skips() -> tuple[Bench, Answer | None]:
    bench = Bench(faults=Gremlins("skips"))
    bench.buy("0.02", BORROW)
    filled(bench.sell("0.01998", REPAY))
    assert bench.account().quote.borrowed == 700
    return bench, None


@bites(Rule.FAULT_DROPS_STOP)
def drops() -> tuple[Bench, Answer | None]:
    bench = Bench(faults=Gremlins("drops"))
    resting(bench.stop(BUY, "0.005", "61000", NONE, client_id="gone"))
    assert bench.price("60001") == ()
    bench.wait(10 * SECOND)
    (dropped,) = bench.price("62000")
    assert (dropped.status.value, dropped.executed) == ("EXPIRED", 0)
    assert bench.account().quote.locked == 0
    return bench, None


@bites(Rule.FAULT_FILLS_ONLY)
def thin_book() -> tuple[Bench, Answer | None]:
    bench = Bench(faults=Gremlins("thin"))
    answer = bench.buy("0.02", BORROW)
    assert isinstance(answer, OrderState)
    assert (answer.status.value, answer.executed) == ("EXPIRED", D("0.003"))
    assert len(answer.fills or ()) == 1
    account = bench.account()
    assert (account.quote.borrowed, account.quote.free) == (700, 1020), "the loan stays whole"
    return bench, None


def limited(bench: Bench, action: Action, stop: str, limit: str, quantity: str = "0.005") -> Answer:
    return bench.stop(
        action,
        quantity,
        stop,
        NONE,
        type=OrderType.STOP_LOSS_LIMIT,
        price=Price(limit),
        client_id="limited",
    )


@bites(Rule.LIMIT_PRICE_MISSING)
def no_limit() -> tuple[Bench, Answer | None]:
    bench = Bench()
    order = bench.stop_order(BUY, "0.005", "61000", NONE, type=OrderType.STOP_LOSS_LIMIT)
    return bench, refused(bench, order)


@bites(Rule.LIMIT_PRICE_UNWANTED)
def limit_on_a_market_stop() -> tuple[Bench, Answer | None]:
    bench = Bench()
    order = bench.stop_order(BUY, "0.005", "61000", NONE, price=Price(62000))
    return bench, refused(bench, order)


@bites(Rule.LIMIT_STOP_PASSED, Rule.LIMIT_STOP_FILLED_LATER)
def jumps_over_a_limit() -> tuple[Bench, Answer | None]:
    """It locks at its limit, trades nothing past it, and all of it when the market is back."""
    bench = Bench()
    resting(limited(bench, BUY, "61000", "61500"))
    assert bench.account().quote.locked == D("307.5")
    (passed,) = bench.price("62000", jump=True)
    assert (passed.status.value, passed.executed) == ("NEW", 0)
    assert bench.account().quote.locked == D("307.5")
    assert bench.price("61501") == ()
    (back,) = bench.price("61000")
    assert (back.status.value, back.quote_executed) == ("FILLED", D("307.5"))
    assert bench.account().quote.locked == 0
    return bench, None


@bites(Rule.CANCELLED)
def passed_limit_is_cancelled() -> tuple[Bench, Answer | None]:
    bench = Bench()
    bench.buy("0.005")
    resting(limited(bench, SELL, "59000", "58500", "0.00499"))
    (passed,) = bench.price("58000", jump=True)
    assert passed.status.value == "NEW"
    bench.cancel("limited")
    assert bench.account().base.free == D("0.004995")
    return bench, None


@bites(Rule.STOP_MET_ON_THE_WAY)
def meets_a_limited_stop_on_the_way() -> tuple[Bench, Answer | None]:
    bench = Bench()
    bench.buy("0.005")
    resting(limited(bench, SELL, "59000", "58500", "0.00499"))
    (met,) = bench.price("58000")
    assert (met.status.value, met.quote_executed) == ("FILLED", D("294.41"))
    return bench, None


@bites(Rule.FAULT_FILLS_IN_PIECES, Rule.FAULT_MATCHES_LATE, Rule.FAULT_FILLS_ONLY)
def matches_late() -> tuple[Bench, Answer | None]:
    bench = Bench(faults=Gremlins("late"))
    answer = bench.buy("0.02", BORROW, client_id="late")
    assert isinstance(answer, OrderState)
    assert (answer.status.value, answer.executed) == ("PARTIALLY_FILLED", D("0.003"))
    bench.wait(SECOND)
    assert bench.account().quote.locked == 60, "the delayed trade has its price already"
    bench.wait(SECOND)
    ended = bench.query("late")
    assert isinstance(ended, OrderState)
    assert (ended.status.value, ended.executed) == ("EXPIRED", D("0.004"))
    assert bench.account().quote.locked == 0
    return bench, None


@bites(Rule.CANCELLED_PARTLY_FILLED)
def cancels_what_is_late() -> tuple[Bench, Answer | None]:
    bench = Bench(faults=Gremlins("late"))
    bench.buy("0.02", BORROW, client_id="late")
    answer = bench.cancel("late")
    assert isinstance(answer, OrderState)
    assert (answer.status.value, answer.executed) == ("CANCELED", D("0.003"))
    bench.wait(5 * SECOND)
    assert bench.account().quote.locked == 0
    assert bench.account().base.free == D("0.003") * D("0.999")
    return bench, None


@bites(Rule.LIQUIDATED, Rule.LIQUIDATION_EXPIRES_ORDER, Rule.LIQUIDATION_LEAVES_DEBT)
def is_liquidated_by_a_jump() -> tuple[Bench, Answer | None]:
    bench = Bench()
    bench.buy("0.07", BORROW)
    resting(bench.stop(SELL, "0.0699", "57000"))
    expired, forced = bench.price("30000", jump=True)
    assert (expired.status.value, expired.executed) == ("EXPIRED", 0)
    assert (forced.client_id, forced.status.value) == ("autoclose-3", "FILLED")
    assert bench.account().quote.free == 0 < bench.account().quote.debt
    return bench, None
