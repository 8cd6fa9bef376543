"""A person's orders and money beside a position: its stop is for what is free, and grows again.

Each world is asked under every check; the sentences are those of the pages: sellable, what is held
back, what is gone, what is a person's.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import attrs
import pytest

from robson.api.published import Settled
from robson.domain import events as e
from robson.domain.commands import Panic
from robson.domain.identity import Purpose
from robson.domain.lifecycle import PositionState
from robson.domain.reports import OrderState
from robson.domain.values import MONEY, NS_PER_S, Action, Side
from robson.engine.leaving import fence_of
from robson.sim.window import status_of
from robson.sim.world import ACCOUNT
from tests.simulation import outsiders
from tests.simulation.test_reconcile import LOOKED_S, Read, codes, held, part, passes
from tests.simulation.test_testimony import in_error, resolving, said, trades
from tests.simulation.test_unknown import read_account
from tests.simulation.worlds import BALANCE, Bench, first_price

BOTH = pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)


def far(side: Side) -> Decimal:
    """A trigger that no price of a quiet market meets."""
    return (first_price() * (1 - side.sign * Decimal("0.2"))).quantize(Decimal("0.01"))


def holds_back(bench: Read, share: str) -> OrderState:
    """Our stop is taken away, and a person's own order holds part of the base instead."""
    outsiders.cancels(bench, bench.view.insurance.client_id)
    return outsiders.rests(bench, Action.SELL, part(bench, share), far(Side.LONG))


def ours(bench: Read) -> list[Decimal]:
    """For how much each of our stops rests at the exchange."""
    account = bench.world.exchange.state.accounts[bench.world.scope]
    return [order.quantity for order in account.orders.open() if order.client_id.startswith("rb")]


def asked(bench: Read) -> int:
    """How often the exchange was asked to take a stop."""
    return len(bench.requests(Purpose.INSURANCE))


@pytest.mark.proves("R21", "C")
def test_a_stop_rests_for_what_is_free_and_grows_when_the_rest_is(record_property: Any) -> None:
    """Exchange: a person's order holds back a third. What can be sold is protected, all the rest
    when it is free: not by trying, but by looking.
    """
    bench = held()
    whole = bench.view.insurance.quantity
    assert whole is not None
    theirs = holds_back(bench, "0.3")
    passes(bench)

    assert bench.view.insurance.state == "resting"
    (rests,) = ours(bench)
    assert rests == whole - theirs.quantity
    assert bench.view.insurance.quantity == rests
    assert len(bench.events(e.InsuranceFailed)) == 1, "it was refused once, and then read"
    tried = asked(bench)
    passes(bench, 10 * 60)
    assert asked(bench) == tried, "what is not free is not asked for"

    outsiders.cancels(bench, theirs.client_id)
    passes(bench)
    assert ours(bench) == [whole]
    assert len(bench.events(e.InsuranceFailed)) == 1, "nothing is taken away before it is free"
    assert bench.view.bare_since_ns is None
    bench.world.ask(Panic(actor="t"))
    assert bench.settled().closed is not None
    record_property("happened", "a stop for what is free has grown again")


def test_the_way_out_is_for_what_the_stop_was_for(record_property: Any) -> None:
    """All of it would be refused, and what can be sold would be sold a second later."""
    bench = held()
    whole = bench.view.insurance.quantity
    theirs = holds_back(bench, "0.3")
    passes(bench)
    (rests,) = ours(bench)
    bench.world.ask(Panic(actor="t"))
    assert bench.world.until(lambda: bool(bench.view.exit_fills), at_most=2_000)

    assert bench.events(e.ExitRetry) == []
    assert [fill.quantity for fill in bench.view.exit_fills] == [rests]
    assert whole is not None
    assert rests < whole
    outsiders.cancels(bench, theirs.client_id)
    assert bench.settled().exited == whole, "what was held back follows when it is free"
    record_property("happened", f"left {rests} of {whole}, and the rest when it was free")


def test_an_exit_whose_stop_is_gone_asks_at_once_though_another_question_was_just_asked() -> None:
    """Questions are a second apart; that second would be the exit's."""
    bench = held()
    scope, asked_ns = bench.world.scope, bench.world.clock.now_ns

    def looked() -> bool:
        log = bench.world.exchange.request_log(scope)
        return log[-1].request == "QueryOrder" and log[-1].at_ns > asked_ns

    bench.world.until(looked)
    passes(bench, 0)
    outsiders.cancels(bench, bench.view.insurance.client_id)
    bench.world.ask(Panic(actor="t"))
    bench.world.until(lambda: bool(bench.view.exit_fills))
    (gone,) = bench.events(e.InsuranceGone)
    assert bench.view.exit_fills[0].at_ns - gone.at_ns < NS_PER_S // 2


@pytest.mark.proves("R21")
def test_status_says_for_how_much_the_stop_rests_and_whose_the_order_is() -> None:
    bench = held()
    theirs = holds_back(bench, "0.3")
    passes(bench)

    status = status_of(bench.world.monitor, ACCOUNT, bench.world.began_ns)
    (told,) = status["positions"]
    (rests,) = ours(bench)
    assert Decimal(told["insurance"]["quantity"]) == rests < Decimal(told["quantity"])
    assert any(theirs.client_id in str(each) for each in status["daemon"]["degraded"])


def test_a_stop_that_is_for_less_is_for_less_after_a_restart() -> None:
    """Another process knows nothing of what is free: it looks before it takes anything away."""
    bench = held()
    holds_back(bench, "0.3")
    passes(bench)
    before, tried = ours(bench), asked(bench)
    bench.world.kill(dead_ns=NS_PER_S)
    passes(bench, 2 * LOOKED_S)

    assert ours(bench) == before
    assert asked(bench) == tried


def test_where_nothing_is_free_nothing_is_asked_for_and_it_is_placed_when_it_is() -> None:
    bench = held()
    whole = bench.view.insurance.quantity
    theirs = holds_back(bench, "1")
    passes(bench)
    tried = asked(bench)
    assert ours(bench) == []
    assert bench.view.alerted_ns is not None, "it is said that nothing rests"
    passes(bench, 5 * 60)
    assert asked(bench) == tried, "what is not free is not asked for"

    outsiders.cancels(bench, theirs.client_id)
    passes(bench, 35)
    assert ours(bench) == [whole]
    assert bench.view.alerted_ns is None


def test_a_person_with_base_of_his_own_holds_back_nothing_of_ours() -> None:
    """Their order is covered by their own base: the whole of ours stays protected."""
    bench = held()
    whole = bench.view.insurance.quantity
    outsiders.trades(bench, Action.BUY, part(bench, "0.5"))
    outsiders.rests(bench, Action.SELL, part(bench, "0.4"), far(Side.LONG))
    passes(bench, 3 * LOOKED_S)

    assert ours(bench) == [whole]
    assert bench.events(e.InsuranceFailed) == []


def test_a_short_that_cannot_pay_for_all_is_insured_for_what_it_can() -> None:
    """A person's bid holds back quote: a stop that would cost more is refused."""
    bench = held(Side.SHORT)
    whole = bench.view.insurance.quantity
    assert whole is not None
    outsiders.cancels(bench, bench.view.insurance.client_id)
    account = bench.world.exchange.state.accounts[bench.world.scope]
    bid = far(Side.SHORT)
    rules = bench.world.instrument
    most = rules.floor_quantity((account.quote.free - whole * first_price() / 2) / bid)
    theirs = outsiders.rests(bench, Action.BUY, most, bid)
    passes(bench)

    (rests,) = ours(bench)
    assert whole / 3 < rests < whole
    tried = asked(bench)
    passes(bench, 5 * 60)
    assert asked(bench) == tried
    outsiders.cancels(bench, theirs.client_id)
    passes(bench, 2 * LOOKED_S)
    (rests,) = ours(bench)
    assert rests >= whole


# --- what is gone --------------------------------------------------------------------------------


@BOTH
@pytest.mark.proves("R9")
def test_a_position_that_is_not_there_asks_for_no_stop(side: Side, record_property: Any) -> None:
    """Journal: active. Exchange: nothing of it, by two orders. One refusal shows it, not twelve."""
    bench = held(side)
    outsiders.cancels(bench, bench.view.insurance.client_id)
    more = "0.5" if side is Side.LONG else "0.501"
    for name, share in (("web_1", "0.5"), ("web_3", more)):
        outsiders.trades(bench, bench.view.side.exit_action, part(bench, share), name)  # type: ignore[union-attr]
    tried = asked(bench)
    passes(bench, 6 * 60)

    assert "stale_active" in codes(bench)
    assert bench.view.state is PositionState.ACTIVE
    assert ours(bench) == []
    assert asked(bench) - tried <= 2
    tried = asked(bench)
    bench.world.kill(dead_ns=NS_PER_S)
    passes(bench, 2 * LOOKED_S)
    assert asked(bench) == tried, "another process looks before it asks"
    record_property("happened", f"R9: no stop is asked for, {side.value}")


def test_what_is_back_is_protected_again() -> None:
    """A person sells all of it and buys it back: protected as soon as it is seen."""
    bench = held()
    outsiders.cancels(bench, bench.view.insurance.client_id)
    outsiders.trades(bench, Action.SELL, part(bench, "0.6"), "web_1")
    outsiders.trades(bench, Action.SELL, part(bench, "0.4"), "web_2")
    passes(bench, 3 * LOOKED_S)
    assert ours(bench) == []
    outsiders.trades(bench, Action.BUY, part(bench, "1.01"), "web_3")
    passes(bench, 2 * LOOKED_S)

    assert len(bench.events(e.HoldingSeen)) == 1
    assert len(ours(bench)) == 1


def rich() -> Read:
    """A short in a pair with money enough to buy as much again, several times."""
    bench = held(Side.SHORT)
    bench.world.deposit(4 * BALANCE)
    return bench


@pytest.mark.proves("R8")
def test_a_short_that_somebody_closed_loses_its_stop_before_it_is_closed(
    record_property: Any,
) -> None:
    """A stop left over would buy once more: it is taken back first, and none rests at the end."""
    bench = rich()
    outsiders.trades(bench, Action.BUY, part(bench, "1.0005"))
    passes(bench, 3 * LOOKED_S)

    (closed,) = bench.events(e.PositionClosed)
    (cancelled,) = bench.events(e.InsuranceCancelled)
    assert cancelled.cancelled_ns < closed.at_ns
    assert (closed.reason, ours(bench)) == ("reconciled_external", [])
    bench.settled()
    record_property("happened", "R8: the stop of a short was taken back first")


def test_who_buys_more_than_a_short_owes_closes_nothing() -> None:
    """R8 needs a trade of the size of the position; three times as much is somebody's own."""
    bench = rich()
    outsiders.trades(bench, Action.BUY, part(bench, "3"), repays=False)
    passes(bench, 3 * LOOKED_S)

    assert bench.events(e.PositionClosed) == []
    assert "stale_active" in codes(bench)
    assert ours(bench) == [], "and a stop would only buy more"


def test_a_stop_where_nothing_is_owed_any_more_is_taken_back() -> None:
    """R9: of a short that two orders have repaid; its stop would open a long."""
    bench = rich()
    for name, share in (("web_1", "0.5"), ("web_3", "0.501")):
        outsiders.trades(bench, Action.BUY, part(bench, share), name)
    passes(bench, 4 * LOOKED_S)

    assert bench.view.state is PositionState.ACTIVE
    assert "stale_active" in codes(bench)
    assert (ours(bench), asked(bench)) == ([], 1), "and not placed again"


@pytest.mark.proves("R15")
def test_what_a_person_says_is_closed_loses_its_stop_at_once() -> None:
    """In error, and repaid by hand: its stop is taken back with the word that it is closed."""
    bench = in_error(rich())
    outsiders.trades(bench, Action.BUY, part(bench, "1.0005"))
    passes(bench, 5)
    assert len(ours(bench)) == 1
    told = said(bench, resolving(bench, "closed", trades(bench, "web_1")))
    assert isinstance(told, Settled), told
    bench.settled()

    assert ours(bench) == []


# --- what is a person's own ----------------------------------------------------------------------


@pytest.mark.proves("R11")
def test_a_long_beside_base_of_a_person_is_sold_and_closed(record_property: Any) -> None:
    """Ours is managed, nothing is adopted: their base stays, and freezes the pair as nobody's."""
    bench = held()
    world, base = bench.world, bench.world.instrument.symbol.base
    theirs = part(bench, "0.5")
    world.exchange.deposit(world.scope, base, theirs, at_ns=world.clock.exchange_ns())
    bench.world.ask(Panic(actor="t"))
    view = bench.settled()
    passes(bench)

    assert view.closed is not None
    assert len(bench.events(e.ExitRequested)) == 1
    assert bench.events(e.PositionFailed) == []
    there = world.exchange.state.accounts[world.scope].base.total
    assert theirs <= there < theirs + bench.world.instrument.order_step * 2
    assert view.closed.dust < bench.world.instrument.order_step * 2
    assert "untracked_exposure" in codes(bench)
    record_property("happened", "R11: a long was sold beside a person's base")


def test_what_a_person_has_bought_back_is_no_part_of_the_fence(record_property: Any) -> None:
    """Quote for one buy-back and a half is asset-fenced, and for two of half of it is not."""
    bench = Bench([], seconds=60)
    bench.active(Side.SHORT)
    world, entry = bench.world, bench.view.entry
    assert entry is not None
    whole = read_account(bench)
    with localcontext(MONEY):
        cost = entry.price * entry.quantity
    quote = attrs.evolve(whole.quote, free=cost * 3 / 2, locked=Decimal(0))
    whole = attrs.evolve(whole, quote=quote)
    half = attrs.evolve(whole, base=attrs.evolve(whole.base, free=entry.quantity / 2))
    ctx = world.monitor.custody.context(world.symbol)
    fences = []
    for account in (whole, half):
        view = attrs.evolve(bench.view, account=account)
        fences.append(fence_of(view, attrs.evolve(ctx, account=account)))
    assert fences == ["asset", "settle"]
    record_property("happened", "a short of which a person bought half")
