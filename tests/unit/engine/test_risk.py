"""Each gate denies with its code and numbers, alone and beside others."""

from __future__ import annotations

import attrs
import pytest

from robson.domain.plan import Sizing
from robson.domain.values import ExchangeNs, Price
from robson.engine.risk import (
    GATES,
    Denial,
    arm_gates,
    entry_gates,
    signal_limits,
    standing_numbers,
)
from robson.engine.sizing import size
from robson.engine.snapshot import DiskState, WalletState
from robson.engine.stop import NoValidStop
from tests.unit.engine.builders import CLEAN, FINE, D, entry_plan, instrument, stops, terms

PLAN = entry_plan()


def codes(denials: tuple[Denial, ...]) -> list[str]:
    return [denial.code for denial in denials]


def only(denials: tuple[Denial, ...]) -> Denial:
    (denial,) = denials
    return denial


def test_a_clean_snapshot_passes_every_gate():
    """The base of all cases below."""
    assert arm_gates(FINE) == ()
    assert entry_gates(FINE, PLAN) == ()


ARM_CASES = [
    ({"runtime_state": "PAUSED"}, "3", "not_running", "PAUSED", "RUNNING"),
    ({"disk": DiskState(free_mib=63, least_mib=64)}, "3", "disk_low", "63", "64"),
    (
        {"disk": DiskState(free_mib=900, least_mib=64, failed="SQLITE_FULL")},
        "3",
        "disk_low",
        "failed",
        "written",
    ),
    ({"monthly_halt": True}, "4", "monthly_halt", "400", "0"),
    ({"duplicate": True}, "5", "duplicate_position", "1", "0"),
    ({"open_positions": 3}, "6", "max_open_positions", "3", "3"),
    ({"wallet": None}, "6b", "wallet_not_clean", "unknown", "clean"),
    (
        {"wallet": attrs.evolve(CLEAN, base_total=D("0.00002"))},
        "6b",
        "wallet_not_clean",
        "0.00002",
        "0.00001",
    ),
    ({"wallet": attrs.evolve(CLEAN, debt=D("1E-8"))}, "6b", "wallet_not_clean", "0.00000001", "0"),
    ({"wallet": attrs.evolve(CLEAN, resting_orders=2)}, "6b", "wallet_not_clean", "2", "0"),
    ({"leader": False}, "1", "not_leader", "not leader", "leader"),
    ({"frozen": "account: the margin level is 1.05"}, "2", "degraded", "frozen", "not frozen"),
    (
        {"day_net": D(-300), "day_loss_limit": D(300)},
        "7",
        "daily_loss_limit",
        "-300",
        "-300",
    ),
    ({"day_trades": 50, "day_trades_limit": 50}, "8", "daily_trade_limit", "50", "50"),
    ({"leverage": 3, "pair_leverage": 2}, "9", "leverage_limit", "3", "2"),
    ({"leverage": 11, "max_leverage": 20}, "9", "leverage_limit", "11", "10"),
    ({"leverage": 4}, "9", "leverage_limit", "4", "3"),
    ({"leverage": 0}, "9", "leverage_limit", "0", "3"),
]


@pytest.mark.parametrize(("change", "gate", "code", "value", "limit"), ARM_CASES)
def test_each_arm_gate_denies_at_arm_and_again_at_the_entry(
    change: dict[str, object], gate: str, code: str, value: str, limit: str
):
    """What was true when a position was armed need not be true at its signal."""
    state = attrs.evolve(FINE, **change)  # type: ignore[arg-type]

    denial = only(arm_gates(state))

    assert (denial.gate, denial.code, denial.value, denial.limit) == (gate, code, value, limit)
    assert entry_gates(state, PLAN) == (denial,)


ENTRY_CASES = [
    ({"price_age_s": D("5.001")}, "11", "signal_stale", "5.001", "5"),
    ({"price_age_s": None}, "11", "signal_stale", "none", "5"),
    ({"live_price": None}, "11", "signal_stale", "none", "5"),
    (
        {"now_ns": ExchangeNs(31_500_000_000), "valid_until_ns": ExchangeNs(30_000_000_000)},
        "11",
        "signal_stale",
        "1.5",
        "0",
    ),
    (
        {"now_ns": ExchangeNs(30_001_000_000), "valid_until_ns": ExchangeNs(30_000_000_000)},
        "11",
        "signal_stale",
        "0.001",
        "0",
    ),
    ({"live_price": Price("95285.01")}, "11", "price_drift", "285.01", "285.0"),
    ({"live_price": Price("94714.99")}, "11", "price_drift", "285.01", "285.0"),
    ({"remaining_budget": D("99.98")}, "16", "risk_budget_insufficient", "99.98277371500", "99.98"),
    ({"remaining_budget": D("-5")}, "16", "risk_budget_insufficient", "99.98277371500", "0"),
    ({"capital_base": D(9_998)}, "15", "risk_per_trade", "99.98277371500", "99.98"),
    ({"observes": True}, "19", "observing", "observes", "sends"),
]


@pytest.mark.parametrize(("change", "gate", "code", "value", "limit"), ENTRY_CASES)
def test_each_entry_gate_denies(
    change: dict[str, object], gate: str, code: str, value: str, limit: str
):
    """With the value, the limit, and the code that status and the API use."""
    denial = only(entry_gates(attrs.evolve(FINE, **change), PLAN))  # type: ignore[arg-type]
    assert (denial.gate, denial.code, denial.value, denial.limit) == (gate, code, value, limit)


@pytest.mark.proves("I-26")
@pytest.mark.parametrize(
    "change",
    [
        {"price_age_s": D(5)},
        {"now_ns": ExchangeNs(30), "valid_until_ns": ExchangeNs(30)},
        {"live_price": Price("95285")},
        {"live_price": Price("94715")},
        {"remaining_budget": PLAN.sizing.planned_risk},
        {"capital_base": PLAN.sizing.planned_risk * 100},
        {"wallet": attrs.evolve(CLEAN, base_total=D("0.00001"))},
        {"leverage": 1},
        {"open_positions": 0},
    ],
)
def test_the_limits_themselves_are_allowed(change: dict[str, object]):
    """A limit is the last value that passes."""
    assert entry_gates(attrs.evolve(FINE, **change), PLAN) == ()  # type: ignore[arg-type]


def test_a_narrow_span_allows_less_drift():
    """A quarter of the span where that is less than 0.3 %."""
    plan = attrs.evolve(PLAN, stops=stops("95000", "94600"))
    state = attrs.evolve(FINE, live_price=Price("95100.01"))
    assert only(entry_gates(state, plan)).limit == "100.00"
    assert entry_gates(attrs.evolve(FINE, live_price=Price("95100")), plan) == ()


def test_the_arm_gates_do_not_look_at_prices_or_plans():
    """At arm there may be neither."""
    state = attrs.evolve(FINE, price_age_s=None, live_price=None, remaining_budget=D(0))
    assert arm_gates(state) == ()


def test_a_low_net_at_the_gain_denies_unless_it_was_asked_for():
    """Half an R is the least; a strategy without target is not asked."""
    low = entry_plan(net="0.49")
    denial = only(entry_gates(FINE, low))
    assert (denial.gate, denial.code, denial.value, denial.limit) == (
        "17",
        "stop_gain_net_low",
        "0.49",
        "0.5",
    )
    assert entry_gates(attrs.evolve(FINE, allow_low_gain=True), low) == ()
    assert entry_gates(FINE, entry_plan(net="0.5")) == ()
    assert entry_gates(FINE, entry_plan(net=None)) == ()


def test_no_stop_is_a_denial_with_the_analysers_words():
    """The chart's answer stands in the list like any other."""
    outcome = NoValidStop(reason="gap", message="63 of 100 candles in a row")
    denial = only(entry_gates(FINE, outcome))
    assert (denial.gate, denial.code, denial.value) == ("10", "stop_invalid", "gap")
    assert denial.message == "63 of 100 candles in a row"


@pytest.mark.parametrize(
    ("equity", "gate", "code"),
    [(10_000, "12", "size_too_small"), (10, "13", "insufficient_margin")],
)
def test_no_size_is_a_denial_with_the_sizers_words(equity: int, gate: str, code: str):
    """Too little risk for the smallest order, or too little equity."""
    refused = size(
        stops("95000", "93500"), terms(equity=D(equity)), instrument(min_notional="6000")
    )
    assert not isinstance(refused, Sizing)
    denial = only(entry_gates(FINE, refused))
    assert (denial.gate, denial.code, denial.message) == (gate, code, refused.message)
    assert denial.limit == "0 base, 6000 quote"


def test_drift_is_judged_without_a_plan_too():
    """By the signal's own reference, so that the list is whole."""
    state = attrs.evolve(FINE, entry_ref=Price("95000"), span=D(400), live_price=Price("95100.01"))
    outcome = NoValidStop(reason="stale", message="old")
    assert codes(entry_gates(state, outcome)) == ["stop_invalid", "price_drift"]
    without = attrs.evolve(state, span=None)
    assert codes(entry_gates(without, outcome)) == ["stop_invalid"]
    far = attrs.evolve(without, live_price=Price("95285.01"))
    assert codes(entry_gates(far, outcome)) == ["stop_invalid", "price_drift"]


def test_every_gate_that_denies_is_listed_in_order():
    """A reader fixes all of it at once, not one refusal after the other."""
    state = attrs.evolve(
        FINE,
        runtime_state="STOPPED",
        monthly_halt=True,
        open_positions=7,
        duplicate=True,
        wallet=None,
        capital_base=D(0),
        remaining_budget=D(0),
        leverage=11,
        price_age_s=D(60),
        live_price=Price("99000"),
    )
    assert codes(entry_gates(state, entry_plan(net="0"))) == [
        "not_running",
        "monthly_halt",
        "duplicate_position",
        "max_open_positions",
        "wallet_not_clean",
        "leverage_limit",
        "signal_stale",
        "price_drift",
        "risk_per_trade",
        "risk_budget_insufficient",
        "stop_gain_net_low",
    ]


def test_who_observes_says_last_what_it_would_have_done():
    """An arm is taken, a signal is not; what else denies leads."""
    watching = attrs.evolve(FINE, observes=True)
    assert arm_gates(watching) == ()
    assert (
        "it would buy 0.05611 at about 95000 with the stop 93500"
        in only(entry_gates(watching, PLAN)).message
    )
    both = entry_gates(attrs.evolve(watching, remaining_budget=D(0)), PLAN)
    assert codes(both) == ["risk_budget_insufficient", "observing"]


def test_all_that_is_unclean_is_said_at_once():
    """One gate, three reasons."""
    wallet = WalletState(base_total=D(1), debt=D(2), resting_orders=3, dust_limit=D(0))
    message = only(arm_gates(attrs.evolve(FINE, wallet=wallet))).message
    assert [word in message for word in ("base 1", "debt 2", "resting orders 3")] == [True] * 3


def test_nothing_is_armed_that_no_exchange_stop_could_protect():
    """A symbol without a stop order is refused before anything is bought."""
    denial = only(arm_gates(attrs.evolve(FINE, stop_order=False)))
    assert (denial.gate, denial.code) == ("18", "stop_order_unsupported")


def test_what_belongs_to_the_month_says_when_it_frees_up():
    """The others say nothing about a time they do not know."""
    halted = only(arm_gates(attrs.evolve(FINE, monthly_halt=True)))
    spent = only(entry_gates(attrs.evolve(FINE, remaining_budget=D(1)), PLAN))
    assert (halted.resets, spent.resets) == ("Dec 1, 00:00 UTC", "Dec 1, 00:00 UTC")
    assert only(arm_gates(attrs.evolve(FINE, duplicate=True))).resets is None


def test_a_capital_base_of_zero_halts_without_the_latch():
    """Nothing may be risked of nothing."""
    assert codes(arm_gates(attrs.evolve(FINE, capital_base=D(0)))) == ["monthly_halt"]


def test_the_day_limits_are_met_exactly():
    """A cent before its loss limit, and an entry before its last, a day still takes entries."""
    inside = {"day_net": D("-299.99"), "day_loss_limit": D(300)}
    assert arm_gates(attrs.evolve(FINE, **inside)) == ()  # type: ignore[arg-type]
    off = attrs.evolve(FINE, day_net=D(-9_999), day_loss_limit=None)
    assert arm_gates(off) == ()
    assert arm_gates(attrs.evolve(FINE, day_trades=49, day_trades_limit=50)) == ()


def test_what_the_day_denies_says_when_it_frees_up():
    """The UTC day, not the month."""
    state = attrs.evolve(FINE, day_net=D(-300), day_loss_limit=D(300), day_resets="tomorrow")
    assert only(arm_gates(state)).resets == "tomorrow"


def test_numbers_and_limits_cover_every_gate():
    """Status shows each gate with what it stands at, or with what it allows."""
    state = attrs.evolve(FINE, day_loss_limit=D(300), day_trades_limit=50)
    shown = standing_numbers(state).keys() | signal_limits(state).keys() | {"degraded"}
    assert shown == {code for _, code, _ in GATES}


def test_every_code_that_can_deny_stands_in_the_table_once():
    """Docs and status list the gates from this table."""
    listed = [code for _, code, _ in GATES]
    assert len(set(listed)) == len(listed)
    seen = {case[2] for case in [*ARM_CASES, *ENTRY_CASES]}
    assert seen | {
        "stop_invalid",
        "size_too_small",
        "insufficient_margin",
        "liquidation_too_close",
        "stop_gain_net_low",
        "stop_order_unsupported",
    } == (set(listed))
