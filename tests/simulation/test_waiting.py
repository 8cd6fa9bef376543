"""Told to wait, or met by silence: who still asks, how often, and how soon all is well again.

Requests are counted where they leave, and where the exchange has logged them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import attrs
import pytest

from robson.connectors.simulated.driver import Trip
from robson.daemon.backoff import WAITS_NS, wait_ns
from robson.domain.commands import Arm, Panic
from robson.domain.errors import Refused
from robson.domain.identity import Purpose
from robson.domain.intents import Intent, PlaceOrder, ReadAccount
from robson.domain.lifecycle import PositionState
from robson.domain.reports import ApiError
from robson.domain.values import NS_PER_S, Side
from robson.sim.faults import FaultPlan, FaultyExchange, FaultyWire
from tests.simulation.worlds import SEED, Bench

HEALTHY_S = 30
SIDES = pytest.mark.parametrize("side", list(Side), ids=lambda side: side.value)


class Busy(FaultPlan):
    """From a second on one request, not about a position, is answered with a limit.

    Attributes:
        told_ns: when that was.
        left: every request that left, with its instant.
    """

    def __init__(self, status: int, seconds: int) -> None:
        super().__init__(SEED)
        self.error = ApiError(
            status=status, code=-1003, message="Too many.", retry_after_ns=seconds * NS_PER_S
        )
        self.from_ns = 1 << 62
        self.told_ns = 0
        self.left: list[tuple[int, Intent]] = []
        self.exchange = _Busy(self)
        self.wire = _Counting(self)


class _Busy(FaultyExchange):
    def __init__(self, plan: Busy) -> None:
        super().__init__(plan)
        self._busy = plan

    def rejects(self, request: Intent, at_ns: int) -> ApiError | None:
        plan = self._busy
        if plan.told_ns or at_ns < plan.from_ns or request.position is not None:
            return None
        plan.told_ns = at_ns
        plan.strike("rate_limit")
        return plan.error


class _Counting(FaultyWire):
    def __init__(self, plan: Busy) -> None:
        super().__init__(plan)
        self._busy = plan

    def trip(self, request: Intent, now_ns: int) -> Trip:
        self._busy.left.append((now_ns, request))
        return super().trip(request, now_ns)


@SIDES
@pytest.mark.parametrize(("status", "share"), [(429, 1), (418, 5)])
def test_retry_after_is_obeyed_and_the_way_out_is_not_held_up(
    side: Side, status: int, share: int, record_property: Any
) -> None:
    wait_s = 40
    faults = Busy(status, wait_s)
    bench = Bench([], seconds=300, faults=faults)
    bench.active(side)
    bench.at(40)
    faults.from_ns = bench.world.clock.now_ns
    bench.world.until(lambda: bool(faults.told_ns), at_most=20_000)
    told_ns = faults.told_ns
    bench.at((told_ns - bench.world.began_ns) // NS_PER_S + 5)

    refused = arm_refused(bench)
    assert refused.code == "EXCHANGE_UNAVAILABLE"
    assert "asked for no more requests for 3" in refused.message
    asked_ns = bench.world.clock.now_ns
    bench.world.ask(Panic(actor="t"))
    bench.world.until(lambda: bench.view.state is PositionState.CLOSED, at_most=20_000)
    closed = bench.view.closed
    assert closed is not None
    assert closed.at_ns - asked_ns < 2 * NS_PER_S, "the way out took its usual time"

    bench.at((told_ns - bench.world.began_ns) // NS_PER_S + wait_s + HEALTHY_S)
    heard_ns, over_ns = told_ns + NS_PER_S, told_ns + wait_s * NS_PER_S
    meanwhile = [each for at_ns, each in faults.left if heard_ns < at_ns < over_ns]
    background = [each for each in meanwhile if each.position is None]
    entries = [e for e in meanwhile if isinstance(e, PlaceOrder) and e.purpose is Purpose.ENTRY]
    assert (background, entries) == ([], [])
    asked = [each for each in meanwhile if not isinstance(each, PlaceOrder) and each.position]
    assert len(asked) <= 5 + wait_s // share + 2, "and the cancel"
    assert bench.world.monitor.custody.patience.left_ns(bench.world.clock.exchange_ns()) == 0
    again = [at_ns for at_ns, each in faults.left if at_ns >= over_ns and each.position is None]
    assert again, "afterwards it asks again"
    assert again[0] - over_ns <= HEALTHY_S * NS_PER_S
    record_property(
        "happened", f"told to wait, {status}: {len(meanwhile)} requests in {wait_s} s, 0 of others"
    )
    bench.settled()


def arm_refused(bench: Bench) -> Refused:
    asked = bench.world.ask(
        Arm(symbol=bench.world.symbol, strategy="now", idempotency_key="late", actor="t")
    )
    bench.world.until(asked.answer.done)
    error = asked.answer.exception()
    assert isinstance(error, Refused)
    return error


class Dark(FaultPlan):
    """Every connection is refused from one instant to another.

    Attributes:
        tried: when the account was asked for in vain, by whose question: a token's sign and size.
    """

    def __init__(self) -> None:
        super().__init__(SEED)
        self.since_ns, self.until_ns = 1 << 62, 1 << 62
        self.tried: list[tuple[int, Intent]] = []
        self.reached: list[tuple[int, Intent]] = []
        self.wire = _Dark(self)


class _Dark(FaultyWire):
    def __init__(self, plan: Dark) -> None:
        super().__init__(plan)
        self._dark = plan

    def trip(self, request: Intent, now_ns: int) -> Trip:
        plan, usual = self._dark, super().trip(request, now_ns)
        dark = plan.since_ns <= now_ns < plan.until_ns
        (plan.tried if dark else plan.reached).append((now_ns, request))
        if not dark:
            return usual
        plan.strike("outage")
        return attrs.evolve(usual, refused=True)


READERS = {"reconciler": range(1_000_000_000, 1 << 62), "margins": range(1_000_000, 1_000_000_000)}


@pytest.mark.parametrize("reader", READERS)
def test_an_outage_is_met_with_growing_pauses_and_its_end_within_half_a_minute(
    reader: str, record_property: Any
) -> None:
    """A short's level is read every ten seconds, and its pair each minute, until nobody answers."""
    faults = Dark()
    bench = Bench([], seconds=900, faults=faults)
    bench.active(Side.SHORT)
    bench.at(70)
    faults.since_ns = bench.world.clock.now_ns
    faults.until_ns = faults.since_ns + 300 * NS_PER_S
    faults.excuse("outage", faults.until_ns + HEALTHY_S * NS_PER_S)
    bench.at(70 + 300 + HEALTHY_S + 1)

    def mine(asked: list[tuple[int, Intent]]) -> list[int]:
        return [
            at_ns
            for at_ns, each in asked
            if isinstance(each, ReadAccount) and -each.token in READERS[reader]
        ]

    waits = [b - a for a, b in pairwise(mine(faults.tried))]
    assert len(waits) >= 10
    for place, waited in enumerate(waits):
        whole = WAITS_NS[min(place, len(WAITS_NS) - 1)]
        assert whole // 2 <= waited <= whole + NS_PER_S // 5, (place, waited)
    assert len(set(waits[5:])) > 1, "no two pauses are the same"
    healthy = next(at_ns for at_ns in mine(faults.reached) if at_ns >= faults.until_ns)
    assert healthy - faults.until_ns <= HEALTHY_S * NS_PER_S
    assert bench.view.state is PositionState.ACTIVE
    record_property("happened", f"outage, {reader}: {len(waits) + 1} tries in 300 s")


def test_a_pause_lies_between_half_and_whole_and_never_beyond_half_a_minute() -> None:
    for silences in range(1, 40):
        whole = WAITS_NS[min(silences, len(WAITS_NS)) - 1]
        assert wait_ns(silences, 0) == whole // 2
        assert wait_ns(silences, (1 << 16) - 1) == whole <= HEALTHY_S * NS_PER_S
