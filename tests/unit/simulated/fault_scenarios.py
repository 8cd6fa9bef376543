"""Scenarios of the rules that faults of a script bite with; the others are in rule_scenarios."""

from __future__ import annotations

from decimal import Decimal

from robson.connectors.simulated.exchange_rules import Rule
from robson.connectors.simulated.fault_script import Fault
from robson.connectors.simulated.kinds import KINDS
from robson.connectors.simulated.roles import role_of
from robson.connectors.simulated.scripted import Script, ScriptedExchange
from robson.domain.intents import Intent
from robson.domain.reports import Answer
from tests.unit.simulated.exchange_kit import BORROW, NONE, SECOND, Bench, filled
from tests.unit.simulated.rule_scenarios import bites


def fault(
    kind: str, *, nth: int = 1, seconds: int | None = None, share: str | None = None
) -> Fault:
    """A line of a script against whatever its kind can meet."""
    known = KINDS[kind]
    return Fault(
        kind=kind,
        requests=known.requests,
        nth=nth,
        every=None,
        probability=None,
        seconds=known.seconds or Decimal(0) if seconds is None else Decimal(seconds),
        share=known.share or Decimal(0) if share is None else Decimal(share),
        line=1,
    )


def bench_with(*faults: Fault, deposit: str = "500") -> tuple[Bench, Script]:
    """An exchange that plays a script."""
    script = Script(faults, seed=1)
    return Bench(faults=ScriptedExchange(script), deposit=deposit), script


def asked(bench: Bench, request: Intent) -> Answer:
    """The answer to a request, which is one of ours."""
    assert role_of(request)
    return bench.send(request)


@bites(Rule.FAULT_RULES_CHANGE)
def filters_grow() -> tuple[Bench, Answer | None]:
    bench, _ = bench_with(fault("filters_grown", seconds=5))
    answer = bench.buy("0.00501", NONE)
    assert answer.code == -1013  # type: ignore[union-attr]
    filled(bench.buy("0.005", NONE))
    bench.wait(5 * SECOND)
    filled(bench.buy("0.00101", NONE))
    return bench, None


@bites(Rule.FAULT_LOOKS_BACK)
def looks_back() -> tuple[Bench, Answer | None]:
    bench, _ = bench_with(fault("account_lag", seconds=2))
    bench.wait(3 * SECOND)
    filled(bench.buy("0.02", BORROW))
    assert (bench.account().quote.borrowed, bench.account().quote.borrowed) == (0, 700)
    return bench, None


@bites(Rule.FAULT_RETELLS)
def retells() -> tuple[Bench, Answer | None]:
    bench, _ = bench_with(fault("backend_timeout"))
    answer = bench.buy("0.005", NONE, client_id="there")
    assert (answer.status, answer.code) == (504, -1007)  # type: ignore[union-attr]
    filled(bench.query("there"))
    return bench, None


@bites(Rule.FOREIGN_DEED)
def others_act() -> tuple[Bench, Answer | None]:
    bench, _ = bench_with(fault("foreign_withdrawal", share="0.5"))
    assert bench.account().quote.free == 250
    return bench, None
