"""Every rule of the simulated exchange bites where it should, and is counted when it does.

One scenario for each rule. A rule without a scenario, or a scenario that no longer reaches its
rule, is red; and a rule that refuses changes nothing.
"""

from __future__ import annotations

from collections import Counter

import pytest

from robson.connectors.simulated.exchange_rules import CODES, REFUSALS, Rule
from tests.unit.simulated import (  # noqa: F401 - they register their scenarios
    fault_scenarios,
    limit_scenarios,
)
from tests.unit.simulated.exchange_kit import SELL, Bench, filled, resting
from tests.unit.simulated.rule_scenarios import ANSWERED_BY, NOW_MS, SCENARIOS

# ------------------------------------------------------------------------------------- judged


@pytest.mark.parametrize("rule", Rule, ids=lambda rule: rule.value)
def test_the_rule_bites(rule: Rule) -> None:
    assert SCENARIOS.get(rule), "no scenario"
    answers = 0
    for scenario in SCENARIOS[rule]:
        bench, answer = scenario()
        counts = bench.exchange.counts()
        assert counts[rule.value] > 0
        if answer is not None and ANSWERED_BY[scenario] is rule and rule in REFUSALS:
            answers += 1
            assert answer == REFUSALS[rule]
            assert counts[f"code_{REFUSALS[rule].code}"] > 0
    assert bool(answers) == (rule in REFUSALS)


def test_every_rule_and_every_code_was_reached() -> None:
    reached: Counter[str] = Counter()
    known: set[str] = set()
    for scenario in {scenario for several in SCENARIOS.values() for scenario in several}:
        bench, _ = scenario()
        reached.update(bench.exchange.counts())
        known |= bench.exchange.counts().keys()

    assert known >= {rule.value for rule in Rule} | {f"code_{code}" for code in CODES}
    assert [name for name in sorted(known) if not reached[name]] == []


def test_every_refusal_is_a_definite_no() -> None:
    unknown = {-1000, -1001, -1006, -1007, -3000, -3044}

    assert unknown.isdisjoint(CODES)
    assert {refusal.status for refusal in REFUSALS.values()} == {400}


@pytest.mark.parametrize(
    ("signed", "window"),
    [(-1500, 1500), (999, 1500), (0, 0), (-60_000, 60_000)],
)
def test_the_receive_window_includes_its_edges(signed: int, window: int) -> None:
    filled(Bench().buy("0.005", timestamp_ms=NOW_MS + signed, recv_window_ms=window))


def test_the_largest_and_smallest_orders_pass() -> None:
    bench = Bench(deposit="100000000")

    filled(bench.buy("100"))
    filled(bench.buy("0.00009"))
    resting(bench.stop(SELL, "0.00009", "55555.56"))
    assert bench.exchange.counts()["filter_notional"] == 0
