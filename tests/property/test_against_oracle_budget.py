"""Compares latent losses, the month's budget and its gates with the budget oracle.

Also on whole simulated lives, after every event: nothing but settled results and open risk counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robson.domain import events as e
from robson.domain.identity import Symbol
from robson.domain.instrument import Instrument
from robson.domain.lifecycle import PositionState
from robson.domain.plan import EntryPlan, InsurancePlan, Sizing, StopPlan
from robson.domain.ports import Recorded
from robson.domain.values import MONEY, ExchangeNs, Leverage, Price, Side
from robson.domain.view import PositionView
from robson.engine.budget import Budget, latent_loss, trade_limit
from robson.engine.exposure import budget_of
from robson.engine.risk import entry_gates
from robson.engine.sizing import SizingTerms, size
from robson.engine.snapshot import RiskSnapshot, WalletState
from robson.sim.lives import Lives
from robson.sim.plans import plan_of
from robson.sim.world import Observer, World
from tests.oracle import budget_oracle
from tests.oracle.grounds import GRIDS, QUOTES, most_ticks
from tests.oracle.mix import BYTES, Mix
from tests.oracle.tally import Tally

WIDE = settings(max_examples=max(1000, settings().max_examples), report_multiple_bugs=False)
TRILLION = 10**12
Recorder = Callable[[str, object], None]
supplies = st.binary(min_size=BYTES, max_size=BYTES)


def against_the_reader(value: Fraction) -> Fraction:
    """A risk is rounded up to a trillionth."""
    return Fraction(-(-value * TRILLION // 1), TRILLION)


def worse_average(price: Decimal, side: Side) -> Decimal:
    """An average of fills may have no end of digits; it is cut to the position's disadvantage."""
    rounding = ROUND_CEILING if side is Side.LONG else ROUND_FLOOR
    with localcontext(MONEY):
        return price.quantize(Decimal("1E-12"), rounding=rounding)


def test_latent_losses_are_the_oracles(record_property: Recorder) -> None:
    """For a stop behind the entry, ahead of it, and far ahead."""
    kinds = ("at a loss", "costs partly paid", "nothing to lose")
    tally = Tally(
        "latent loss",
        (
            *(f"{side.value} {kind}" for side in Side for kind in kinds),
            *("endless average", "interest accrued"),
        ),
    )

    @WIDE
    @given(supply=supplies)
    def compare(supply: bytes) -> None:
        mix = Mix(supply)
        side, tick, step = mix.pick(tuple(Side)), mix.pick(GRIDS), mix.pick(GRIDS)
        count = mix.magnitude(20, most_ticks(tick))
        bps = mix.pick((-mix.number(10, 1000), mix.number(0, 40), mix.number(0, 1000)))
        stop = Price((count + side.sign * int(count * bps / 10_000)) * tick)
        vwap, endless = count * tick, mix.rarely(3)
        if endless:  # of two fills in three parts
            with localcontext(MONEY):
                vwap = (2 * vwap + (count + 1) * tick) / 3
        quantity = mix.magnitude(1, 10**6) * step
        fee = Decimal(mix.pick(("0.001", "0.00075", "0", "0.00405")))
        gap_bps = Decimal(mix.pick(("10", "0", "33.5")))
        accrued = mix.pick((0, 0, mix.magnitude(1, 10**9))) * Decimal("1E-8")
        found = latent_loss(
            side=side,
            stop=stop,
            quantity=quantity,
            entry_vwap=vwap,
            fee=fee,
            gap_bps=gap_bps,
            accrued=accrued,
        )
        worse = worse_average(vwap, side)
        terms: dict[str, Any] = {"fee": fee, "gap_bps": gap_bps, "interest": accrued}
        exact = budget_oracle.latent_loss(side.value, quantity, worse, stop, **terms)
        assert found == against_the_reader(exact)
        assert found >= budget_oracle.latent_loss(side.value, quantity, vwap, stop, **terms)
        locked = (stop - vwap) * side.sign > 0
        kind = "at a loss" if not locked else "costs partly paid" if found else "nothing to lose"
        told = ["endless average"] * (worse != vwap) + ["interest accrued"] * (accrued > 0)
        tally.see(f"{side.value} {kind}", *told)

    compare()
    tally.settle(record_property)


def a_month(mix: Mix) -> tuple[Decimal, Decimal, list[Decimal]]:
    """Capital base, realised net and latent losses, in cents of some quote."""
    cent = mix.pick(QUOTES).cent
    base = mix.pick((*[1] * 10, 0, -1)) * mix.magnitude(100, 10**8)
    one = max(1, base // 100)
    net = mix.pick((-1, -1, 1, 0)) * mix.number(0, 4 * one)
    if mix.rarely(6):
        net = -4 * one
    latents = [mix.number(0, one + one // 5) * cent for _ in range(mix.number(0, 3))]
    return base * cent, net * cent, latents


def test_months_are_the_oracles(record_property: Recorder) -> None:
    """Budget, consumed, latent, remaining, slots and halt."""
    slots = [f"{count} slots" for count in range(5)]
    tally = Tally(
        "months",
        (*slots, "halted by losses", "halted by open risk", "gain", "no capital", "no room"),
    )

    @WIDE
    @given(supply=supplies)
    def compare(supply: bytes) -> None:
        base, net, latents = a_month(Mix(supply))
        month = Budget(capital_base=base, realised_net=net, latent=sum(latents, Decimal(0)))
        state = budget_oracle.budget(base, net, latents)
        assert month.consumed == state["consumed"]
        assert month.latent == state["latent"]
        assert month.slots == state["slots"]
        assert month.halt == state["halt"]
        told = [f"{month.slots} slots"] + ["gain"] * (net > 0)
        if base <= 0:  # the oracle's budget is 4 % of less than nothing; both halt
            assert month.budget == 0
            tally.see(*told, "no capital")
            return
        assert month.budget == state["budget"]
        assert month.remaining == state["remaining"]
        assert trade_limit(base) == Fraction(base) / 100
        if month.halt:
            by_losses = month.consumed >= month.budget
            told.append("halted by losses" if by_losses else "halted by open risk")
        assert month.no_room == (not state["halt"] and state["slots"] == 0)
        tally.see(*told, *["no room"] * month.no_room)

    compare()
    tally.settle(record_property)


# ----------------------------------------------------------------------------------------- gates


def a_plan() -> EntryPlan:
    """Any plan; only its planned risk matters here."""
    stops = StopPlan(
        side=Side.LONG,
        entry_ref=Price(100),
        technical_stop=Price(99),
        buffer=Decimal(0),
        stop=Price(99),
        stop_gain=None,
    )
    terms = SizingTerms(
        capital=Decimal(1000),
        equity=Decimal(1000),
        risk_pct=Decimal(1),
        fee=Decimal("0.001"),
        leverage=Leverage(3),
    )
    rules = Instrument(symbol=Symbol("A", "B"), tick=Decimal(1), step=Decimal("0.001"))
    sizing = size(stops, terms, rules)
    assert isinstance(sizing, Sizing)
    return EntryPlan(
        stops=stops,
        sizing=sizing,
        insurance=InsurancePlan(stop_price=Price(98), offset=Decimal(1)),
        be_bps=Decimal(25),
        net_r_at_gain=None,
        borrows=False,
        decided_ns=ExchangeNs(0),
    )


PLAN = a_plan()
CLEAN = WalletState(base_total=Decimal(0), debt=Decimal(0), resting_orders=0, dust_limit=Decimal(1))


def denied(month: Budget, planned: Decimal, *, halted: bool) -> tuple[str, ...]:
    """Codes of all gates that deny, on a snapshot that is otherwise in order."""
    state = RiskSnapshot(
        runtime_state="RUNNING",
        monthly_halt=halted or month.halt,
        open_positions=0,
        max_open=3,
        duplicate=False,
        wallet=CLEAN,
        capital_base=month.capital_base,
        remaining_budget=month.remaining,
        leverage=3,
        max_leverage=3,
        price_age_s=Decimal(0),
        live_price=Price(100),
    )
    sizing = attrs.evolve(PLAN.sizing, planned_risk=planned)
    return tuple(denial.code for denial in entry_gates(state, attrs.evolve(PLAN, sizing=sizing)))


def test_admissions_are_the_oracles(record_property: Recorder) -> None:
    """The first gate that denies, on its limit and a cent beside it."""
    codes = ("monthly_halt", "risk_per_trade", "risk_budget_insufficient")
    tally = Tally("admissions", (*codes, "admitted", "at 1 %", "at the rest of the month"))

    @WIDE
    @given(supply=supplies)
    def compare(supply: bytes) -> None:
        mix = Mix(supply)
        base, net, latents = a_month(mix)
        month = Budget(capital_base=base, realised_net=net, latent=sum(latents, Decimal(0)))
        halted = mix.rarely(12)
        state = budget_oracle.budget(base, net, latents, halted=halted)
        limits = (trade_limit(base), max(Decimal(0), month.remaining))
        cent = mix.pick((Decimal(0), Decimal("0.00000001"), Decimal("-0.00000001")))
        planned = max(
            Decimal(0), mix.pick((min(limits), min(limits), limits[0], limits[0] / 3)) + cent
        )
        code = budget_oracle.admits(base, planned, state)
        codes = denied(month, planned, halted=halted)
        assert (codes[0] if codes else None) == code
        told = [code or "admitted"]
        if code is None and planned:
            told += ["at 1 %"] * (planned == limits[0])
            told += ["at the rest of the month"] * (planned == limits[1] < limits[0])
        tally.see(*told)

    compare()
    tally.settle(record_property)


# ----------------------------------------------------------------------------------------- lives


SEEDS = (3, 5, 6, 7, 8, 10, 12, 15, 83, 97, 329)
"""Calm and rough worlds with gains, losses, raised stops and exits of every kind; in the last an
entry ends with nothing executed while its loan is still owed.
"""


class Months(Observer):
    """Works the month out again whenever something has happened in a world.

    A position counts whole, from its entry until its result is settled: a loss may not vanish
    between the fill that makes it and the month that counts it.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.told: Counter[str] = Counter()
        self.differences: list[str] = []
        self.basis: dict[str, Decimal] = {}
        self.charged: list[Decimal] = []

    def witness(self, recorded: Recorded, view: PositionView | None) -> None:
        event = recorded.event
        if isinstance(event, e.MonthOpened):
            self.basis.clear()
            self.charged.clear()
        elif isinstance(event, e.LoanCharged):
            self.charged.append(event.interest)
            self.told["loan for nothing"] += 1
        elif isinstance(event, e.PositionCarried) and view is not None:
            self.basis[view.id] = event.basis
            self.told[f"carried {view.state.value}"] += 1

    def moved(self) -> None:
        roster, now = self.world.monitor.roster, self.world.clock.exchange_ns()
        opened = roster.month
        if opened is None:
            return
        views, base = tuple(roster.views.values()), opened.capital_base
        month = budget_of(roster.live(), roster.standing, **self.costs)
        nets = [
            Fraction(view.settled.net) - Fraction(self.basis.get(view.id, Decimal(0)))
            for view in views
            if view.settled is not None and view.settled.at_ns >= opened.at_ns
        ]
        nets += [-Fraction(each) for each in self.charged]
        if calendar(opened.at_ns) != calendar(now):
            self.told["waits for the accounts"] += 1
        state = budget_oracle.budget(
            base, sum(nets, Fraction(0)), [self.latent(view) for view in views]
        )
        for name in ("consumed", "latent", "remaining", "slots", "halt"):
            if not near(getattr(month, name), state[name]):
                found = f"{name} {getattr(month, name)}, by the oracle {state[name]}"
                self.differences.append(f"seed {self.world.seed} at {now}: {found}")
        self.told["month"] += 1
        self.told["realised loss"] += state["consumed"] > 0
        self.told["realised gain"] += sum(nets) > 0

    @property
    def costs(self) -> dict[str, Decimal]:
        return {
            "fee": self.world.instrument.taker_fee,
            "gap_bps": self.world.settings.gap_bps,
        }

    def latent(self, view: PositionView) -> Fraction:
        """What the rule reserves for one position, by its present state."""
        waits = (PositionState.ARMED, PositionState.CANCELLED)
        if view.plan is None or view.settled is not None or view.state in waits:
            return Fraction(0)
        if view.entry is None:
            self.told["entering"] += 1
            return Fraction(view.plan.sizing.planned_risk)
        assert view.side is not None
        assert view.stop is not None
        self.told[f"{view.side.value} {view.state.value}"] += 1
        self.told["raised stop" if view.stop != view.plan.stops.stop else "first stop"] += 1
        self.told["exiting with fills"] += bool(view.exited and view.state is PositionState.EXITING)
        return against_the_reader(
            budget_oracle.latent_loss(
                view.side.value,
                view.entry.held,
                worse_average(view.entry.price, view.side),
                view.stop,
                **self.costs,
                basis=self.basis.get(view.id, Decimal(0)),
            )
        )


def near(ours: Decimal | int, exact: Fraction | int) -> bool:
    """Equal as far as the product's 38 digits go: results of several trades have no end."""
    return abs(Fraction(ours) - Fraction(exact)) < Fraction(1, 10**30)


def calendar(at_ns: int) -> str:
    """The UTC month of an instant."""
    return str(datetime.fromtimestamp(at_ns // 10**9, UTC))[:7]


@pytest.fixture(scope="module")
def months() -> list[Months]:
    """Every world lived through, with its months worked out along the way."""
    observers = []
    for seed in SEEDS:
        lives = Lives(plan_of(seed, 4))
        lives.world.observer = Months(lives.world)
        lives.run()
        observers.append(lives.world.observer)
    return observers


def test_months_of_whole_lives_are_the_oracles(
    months: list[Months], record_property: Recorder
) -> None:
    """Settled results of this month and open risk, nothing else: no price has a say."""
    kinds = ("active", "exiting", "closed")
    tally = Tally(
        "months of lives",
        (
            *(f"{side.value} {state}" for side in Side for state in kinds),
            *("entering", "first stop", "raised stop", "exiting with fills"),
            *("realised loss", "realised gain", "carried active", "waits for the accounts"),
        ),
    )
    for each in months:
        tally.seen.update(each.told)
        tally.compared += each.told["month"]

    assert [what for each in months for what in each.differences] == []
    tally.settle(record_property)
