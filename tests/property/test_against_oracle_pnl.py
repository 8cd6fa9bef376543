"""Compares settled results with the PnL oracle, on whole simulated lives.

The oracle is given what the exchange wrote into its own books, never what the journal believes:
fills by the position's order ids, interest by the time between arming and settling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest

from robson.connectors.simulated.entries import Deposited, Filled, InterestCharged, LoanTaken
from robson.connectors.simulated.faults import ExchangeFaults, Piece
from robson.domain.identity import position_hash, read_client_order_id
from robson.domain.instrument import Instrument
from robson.domain.reports import FORCED_PREFIX
from robson.domain.values import Action, Side
from robson.domain.view import PositionView
from robson.sim import faults, plans
from robson.sim.lives import Lives
from robson.sim.plans import plan_of
from robson.sim.seams import WatchedExchange
from robson.sim.world import World
from tests.oracle import pnl_oracle
from tests.oracle.grounds import floor_to
from tests.oracle.tally import Tally

SEEDS = range(1, 301)
ENOUGH = 100
"""So many results at least; more seeds are lived through only while a class is missing."""
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


class ThinBook(WatchedExchange):
    """Gives every second position's orders only part of what they ask for; the rest expires."""

    def __init__(self, instruments: Iterable[Instrument], **more: Any) -> None:
        rules = tuple(instruments)
        super().__init__(rules, **more | {"faults": Part(rules[0].order_step)})


class Part(ExchangeFaults):
    """The first attempt of an entry, an exchange stop or an exit gets two thirds."""

    def __init__(self, lot: Decimal) -> None:
        self.lot = lot

    def book(self, client_id: str, quantity: Decimal) -> tuple[Piece, ...] | None:
        ours = read_client_order_id(client_id)
        if ours is None or ours.attempt or ours.position_hash[0] > "h":
            return None
        return (Piece(quantity=max(self.lot, floor_to(quantity * 2 / 3, self.lot))),)


def lives_of(seed: int) -> Lives:
    """As planned with its faults, then without any, then with a thin book alone."""
    plan = plan_of(seed, 4)
    calm = attrs.evolve(plan, severity="calm")
    if seed % 3 == 0:
        return Lives(attrs.evolve(calm, only_limited=False), exchange=ThinBook)
    return Lives(plan if seed % 3 == 1 else calm)


WANTED = (
    *(f"{side.value} {what}" for side in Side for what in ("gain", "loss", "interest", "borrowed")),
    *("own money", "costs eat the gain", "in USDT", "in BTC", "several exit fills"),
    *("insurance and exit", "part of an entry"),
    *("stop_loss", "stop_gain", "trailing_stop", "user_panic", "by exit", "by insurance"),
)


@pytest.fixture(scope="module")
def _nobody_else() -> Iterator[None]:
    """Without a person at the pair, whose trades are in the books too and are nobody's result."""
    persons = [kind for kind in faults.MIX if kind.startswith("foreign_")]
    alone = {kind: attrs.evolve(faults.MIX[kind], weight=0) for kind in persons}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faults, "MIX", {**faults.MIX, **alone})
        patch.setattr(plans, "_BY_HAND", range(0))
        yield


@pytest.fixture(scope="module")
def outcomes(_nobody_else: None) -> list[Outcome]:
    """Every settled position of the first worlds in which everything interesting happens."""
    found: list[Outcome] = []
    missing = set(WANTED)
    for seed in SEEDS:
        if len(found) >= ENOUGH and not missing:
            break
        planned = lives_of(seed)
        planned.run()
        views = planned.world.monitor.roster.views.values()
        settled = [outcome_of(view, planned.world) for view in views if view.settled is not None]
        found += settled
        missing -= {name for each in settled for name in classes_of(each, by_oracle(each))}
    return found


def outcome_of(view: PositionView, world: World) -> Outcome:
    symbol = world.instrument.symbol
    state, books = world.exchange.state, world.exchange.books.entries()
    fills = [
        (state.orders[entry.order_id].action, oracle_fill(entry, symbol.base))
        for entry in books
        if isinstance(entry, Filled) and _belongs(entry, view, world)
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


def _belongs(entry: Filled, view: PositionView, world: World) -> bool:
    """Whether a trade is the position's own, or the exchange's that closed it by force."""
    client_id = world.exchange.state.orders[entry.order_id].client_id
    forced = client_id.startswith(FORCED_PREFIX) and during(view, entry)
    return forced or position_hash(view.scope, view.id) in client_id


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
    price = pnl_oracle.vwap(outcome.exits or outcome.entries)
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
    if view.insurance_fills and view.exit_fills:
        told.append("insurance and exit")
    if (
        view.plan is not None
        and sum(Fraction(fill.qty) for fill in outcome.entries) < view.plan.sizing.quantity
    ):
        told.append("part of an entry")
    told += [f"{side} interest"] * (answer["interest"] > 0)
    told += [f"{side} borrowed" if outcome.borrowed else "own money"]
    return told


def test_settled_results_are_the_oracles(
    outcomes: list[Outcome], record_property: Recorder
) -> None:
    """Gross, fees, interest, net and R of every settled position."""
    tally = Tally("results of lives", WANTED)
    for outcome in outcomes:
        answer = by_oracle(outcome)
        settled, closed = outcome.view.settled, outcome.view.closed
        assert settled is not None
        assert closed is not None
        entered = sum((Fraction(fill.qty) for fill in outcome.entries), Fraction(0))
        worth = answer["entry_vwap"] * max(answer["qty_exited"], entered)
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

    The exchange rounds each amount of quote by less than an atom against the account. A loan for an
    entry that never filled costs interest that is no position's result.
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
        missing = nets - dust - Fraction(quote) - paid_for_nothing(world, mine)
        assert 0 <= missing < Fraction(trades + 1, 10**8)
        tally.see("gained" if nets > 0 else "lost", *["with dust"] * bool(dust))

    tally.settle(record_property)


def paid_for_nothing(world: World, settled: list[Outcome]) -> Fraction:
    """Interest in quote on loans whose entry never filled."""
    charges = [
        entry for entry in world.exchange.books.entries() if isinstance(entry, InterestCharged)
    ]
    outside = [
        charge.amount
        for charge in charges
        if charge.asset == world.instrument.symbol.quote
        and not any(during(outcome.view, charge) for outcome in settled)
    ]
    return Fraction(sum(outside, Decimal(0)))


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
