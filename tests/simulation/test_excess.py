"""A forced close and our own exit buy the same debt back: the excess is sold at once, by one order.

Reliability 3.6 f. Whole worlds under every check; the strike comes just before our exit arrives.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robson.connectors.simulated.faults import Deed
from robson.domain import events as e
from robson.domain.commands import Panic
from robson.domain.identity import Purpose
from robson.domain.intents import Intent, PlaceOrder
from robson.domain.reports import Answer
from robson.domain.values import Action, ExchangeNs, Side
from robson.sim.faults import RECOVERY_NS
from robson.sim.seams import WatchedExchange
from tests.simulation import outsiders
from tests.simulation.worlds import Bench, Script

SMALL = Decimal(1000)
"""Of which the pair's money pays for a second exit: with more the exchange would refuse it."""
SHORT_OF = Decimal("0.02")
"""Part of the position that a person buys for himself."""


class Overtaken(WatchedExchange):
    """Closes the pair by force as the first exit of ours arrives."""

    struck = False

    def handle(
        self,
        request: Intent,
        *,
        at_ns: ExchangeNs,
        arrived_ns: ExchangeNs | None = None,
        forwarded_ns: ExchangeNs | None = None,
    ) -> Answer:
        exits = isinstance(request, PlaceOrder) and request.purpose is Purpose.EXIT
        if exits and not self.struck:
            self.struck = True
            self.mortal.excuse("liquidated", self.mortal.clock.now_ns + RECOVERY_NS)
            with self._transaction(at_ns):
                account = self.state.accounts[request.scope]
                self.meddle(Deed(kind="liquidated", share=Decimal(0)), account, at_ns)
        return super().handle(
            request, at_ns=at_ns, arrived_ns=arrived_ns, forwarded_ns=forwarded_ns
        )


def overtaken(faults: Script | None = None) -> Bench:
    bench = Bench([], seconds=240, faults=faults, exchange=Overtaken)
    bench.active(Side.SHORT, capital=SMALL)
    bench.world.ask(Panic(actor="t"))
    return bench


def sales(bench: Bench) -> list[e.ExitRequested]:
    return [
        row.event
        for row in bench.world.journal.read()
        if isinstance(row.event, e.ExitRequested) and row.event.order.purpose is Purpose.UNTRACKED
    ]


def test_what_was_bought_back_twice_is_sold_by_one_order(record_property: Any) -> None:
    bench = overtaken()
    view = bench.settled()
    base = bench.checks.truth(bench.world.scope).account.base
    (sale,) = sales(bench)

    assert sale.order.action is Action.SELL
    assert bench.requests(Purpose.UNTRACKED) == [sale.order.client_id]
    assert bench.world.instrument.exit_quantity(base.net, view.entry.price) is None
    assert base.debt == 0, "it never opens anything"
    assert view.closed is not None
    assert view.closed.reason == "liquidation"
    assert [fill.action for fill in view.given_back] == [Action.SELL]
    (frozen,) = bench.world.monitor.roster.standing.frozen
    assert (frozen.scope, frozen.code) == ("account", "wallet_flipped")
    took_ns = view.given_back[0].at_ns - view.exit_fills[0].at_ns
    record_property("happened", f"an excess of {sale.order.quantity}, sold after {took_ns / 1e9} s")


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_an_outcome_that_is_unknown_is_asked_for_and_not_repeated(
    lost: str, record_property: Any
) -> None:
    bench = overtaken(Script(lost=Purpose.UNTRACKED, request=lost == "request"))
    view = bench.settled()
    sent = bench.requests(Purpose.UNTRACKED)
    assert len(sent) == 1, "one that may have arrived is asked for, never repeated"
    assert len(sales(bench)) == (2 if lost == "request" else 1), "its absence was proved"
    assert len(view.given_back) == 1
    record_property("happened", f"unknown: {bench.world.faults.counts}")


def test_what_a_person_bought_is_never_sold(record_property: Any) -> None:
    bench = Bench([], seconds=240)
    view = bench.active(Side.SHORT)
    assert view.entry is not None
    lots = bench.world.instrument.floor_quantity(view.entry.held * SHORT_OF)
    bench.at(40)
    bench.world.ask(Panic(actor="t"))
    bench.world.until(lambda: bool(bench.requests(Purpose.EXIT)))
    outsiders.trades(bench, Action.BUY, lots, repays=False)
    view = bench.settled()
    base = bench.checks.truth(bench.world.scope).account.base
    assert sales(bench) == []
    assert view.given_back == ()
    assert base.net >= lots * (1 - bench.world.instrument.taker_fee)
    record_property("happened", f"a person keeps {base.net}")
