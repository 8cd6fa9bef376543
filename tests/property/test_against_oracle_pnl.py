"""Compares settled results with the PnL oracle, on whole simulated lives.

The oracle is given what the exchange wrote into its own books, never what the journal believes:
fills by the position's order ids, interest by the time between arming and settling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest

from robson.connectors.simulated.entries import Deposited, Filled, InterestCharged, LoanTaken
from robson.domain.identity import position_hash
from robson.domain.position import PositionView
from robson.domain.values import Action, Side
from robson.sim.lives import Lives, Plan, plan_of
from robson.sim.world import World
from tests.oracle import pnl_oracle
from tests.oracle.tally import Tally

SEEDS = range(1, 71)
Recorder = Callable[[str, object], None]


@attrs.frozen
class Outcome:
    """A settled position, and what the exchange's books hold of it."""

    view: PositionView
    entries: list[pnl_oracle.Fill]
    exits: list[pnl_oracle.Fill]
    base_interest: Fraction
    quote_interest: Fraction
    borrowed: bool
    world: World


def quiet(plan: Plan) -> Plan:
    """The same wishes without faults: a crash may end a life before it has earned anything."""
    return attrs.evolve(plan, severity="calm")


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    """Every settled position of all worlds."""
    found = []
    for seed in SEEDS:
        plan = plan_of(seed, 4)
        lives = Lives(plan if seed % 2 else quiet(plan))
        lives.run()
        views = lives.world.monitor.roster.views.values()
        found += [outcome_of(view, lives.world) for view in views if view.settled is not None]
    return found


def outcome_of(view: PositionView, world: World) -> Outcome:
    symbol = world.instrument.symbol
    state, books = world.exchange.state, world.exchange.books.entries()
    fills = [
        (state.orders[entry.order_id].action, oracle_fill(entry, symbol.base))
        for entry in books
        if isinstance(entry, Filled) and position_hash(view.scope, view.id) in _id(world, entry)
    ]
    assert view.side is not None
    in_ = Action.BUY if view.side is Side.LONG else Action.SELL
    charges = list(charged(view, world))
    loans = [entry for entry in books if isinstance(entry, LoanTaken) and during(view, entry)]
    return Outcome(
        view=view,
        entries=[fill for action, fill in fills if action is in_],
        exits=[fill for action, fill in fills if action is not in_],
        base_interest=sum(
            (Fraction(c.amount) for c in charges if c.asset == symbol.base), Fraction(0)
        ),
        quote_interest=sum(
            (Fraction(c.amount) for c in charges if c.asset == symbol.quote), Fraction(0)
        ),
        borrowed=bool(loans),
        world=world,
    )


def _id(world: World, entry: Filled) -> str:
    return world.exchange.state.orders[entry.order_id].client_id


def oracle_fill(entry: Filled, base: str) -> pnl_oracle.Fill:
    asset = "base" if entry.commission_asset == base else "quote"
    return pnl_oracle.Fill(entry.price, entry.quantity, entry.commission, asset)


def during(view: PositionView, entry: Any) -> bool:
    """Whether something happened to the pair while this position lived; there is one at a time."""
    assert view.settled is not None
    return bool(view.created_ns <= entry.at_ns <= view.settled.at_ns)


def charged(view: PositionView, world: World) -> Iterator[InterestCharged]:
    for entry in world.exchange.books.entries():
        if isinstance(entry, InterestCharged) and during(view, entry):
            yield entry


def by_oracle(outcome: Outcome) -> dict[str, Any]:
    """Interest in base is worth the price at which it was bought back with the debt."""
    view = outcome.view
    assert view.side is not None
    assert view.plan is not None
    price = pnl_oracle.vwap(outcome.exits)
    return pnl_oracle.pnl(
        view.side.value,
        outcome.entries,
        outcome.exits,
        view.plan.sizing.planned_risk,
        quote_interest=outcome.quote_interest,
        base_interest=[(outcome.base_interest, price)],
    )


def near(value: Decimal, exact: Fraction, scale: Fraction) -> bool:
    """Equal as far as the product's 38 digits go, for amounts of that scale."""
    return abs(Fraction(value) - exact) * 10**30 <= scale


def classes_of(outcome: Outcome, answer: dict[str, Any]) -> list[str]:
    view = outcome.view
    assert view.side is not None
    assert view.closed is not None
    side = view.side.value
    told = [f"{side} {'gain' if answer['net'] > 0 else 'loss'}", view.closed.reason]
    told.append(f"by {view.closed.by}")
    told.append(f"in {outcome.world.instrument.symbol.quote}")
    if answer["gross"] > 0 >= answer["net"]:
        told.append("costs eat the gain")
    if len(outcome.exits) > 1:
        told.append("several exit fills")
    told += [f"{side} interest"] * (answer["interest"] > 0)
    told += [f"{side} borrowed" if outcome.borrowed else "own money"]
    return told


def test_settled_results_are_the_oracles(
    outcomes: list[Outcome], record_property: Recorder
) -> None:
    """Gross, fees, interest, net and R of every settled position."""
    tally = Tally(
        "results of lives",
        (
            *(f"{side.value} {what}" for side in Side for what in ("gain", "loss", "interest")),
            *("long borrowed", "short borrowed", "own money", "costs eat the gain"),
            *("stop_loss", "stop_gain", "trailing_stop", "user_panic", "in USDT", "in BTC"),
            *("by exit", "by insurance", "several exit fills"),
        ),
    )
    for outcome in outcomes:
        answer = by_oracle(outcome)
        settled, closed = outcome.view.settled, outcome.view.closed
        assert settled is not None
        assert closed is not None
        worth = answer["entry_vwap"] * answer["qty_exited"]
        assert settled.fees == answer["fees"]
        assert near(closed.price, answer["exit_vwap"], answer["exit_vwap"])
        assert near(settled.gross, answer["gross"], worth)
        assert near(settled.interest, answer["interest"], worth)
        assert near(settled.net, answer["net"], worth)
        assert near(settled.r_multiple, answer["r_multiple"], worth)
        if len(outcome.entries) == len(outcome.exits) == 1:  # no division before the last one
            assert settled.gross == answer["gross"]
            assert settled.net == answer["net"]
        tally.see(*classes_of(outcome, answer))

    tally.settle(record_property)


def test_results_add_up_to_what_the_wallet_gained(
    outcomes: list[Outcome], record_property: Recorder
) -> None:
    """All deposits and all results of a world, with dust at what it cost, are what is there now.

    The exchange rounds each amount of quote by less than an atom against the account.
    """
    tally = Tally("wallets of lives", ("gained", "lost", "with dust"))
    for world in {id(outcome.world): outcome.world for outcome in outcomes}.values():
        mine = [outcome for outcome in outcomes if outcome.world is world]
        account = world.exchange.state.accounts[world.scope]
        entries = world.exchange.books.entries()
        deposits = [entry.amount for entry in entries if isinstance(entry, Deposited)]
        trades = sum(isinstance(entry, Filled) for entry in entries)
        dust = sum((dust_of(outcome) for outcome in mine), Fraction(0))
        nets = sum((by_oracle(outcome)["net"] for outcome in mine), Fraction(0))
        quote = account.quote.total - account.quote.debt - sum(deposits, Decimal(0))
        missing = nets - dust - Fraction(quote)
        assert 0 <= missing < Fraction(trades + 1, 10**8)
        tally.see("gained" if nets > 0 else "lost", *["with dust"] * bool(dust))

    tally.settle(record_property)


def dust_of(outcome: Outcome) -> Fraction:
    """Worth of the base that a position left: a long's at its entry, a short's at its exit."""
    base = Fraction(0)
    for sign, fills in ((1, outcome.entries), (-1, outcome.exits)):
        for fill in fills:
            base += sign * Fraction(fill.qty) * (1 if outcome.view.side is Side.LONG else -1)
            if fill.commission_asset == "base":
                base -= Fraction(fill.commission)
    base -= outcome.base_interest
    long = outcome.view.side is Side.LONG
    return base * pnl_oracle.vwap(outcome.entries if long else outcome.exits)
