"""From views to messages: what is shown, what is left out, and which way numbers are cut."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from robson.api.document.arm import arm as arm_document
from robson.api.translate import commands, histories, positions, previews, status
from robson.api.translate.panics import Panicking, actions_for, progress
from robson.api.translate.values import (
    decimals_of,
    enum_name,
    floored,
    next_day,
    next_month,
    raised,
    seconds,
    stamp,
    text,
)
from robson.api.v1 import robson_pb2 as pb
from robson.domain import events as e
from robson.domain.errors import Refused
from robson.domain.lifecycle import PositionState
from robson.domain.plan import InsuranceTerms
from robson.domain.values import ExchangeNs, Price, Side
from robson.domain.view import InsuranceView, OrderRecord
from robson.engine.settle import fees
from tests.contract import lives
from tests.contract.fake_daemon import preview, published

D = Decimal
VIEW = published()


@pytest.mark.parametrize(
    ("value", "down", "up"),
    [
        ("1.123456789", "1.12345678", "1.12345679"),
        ("-1.123456789", "-1.12345679", "-1.12345678"),
        ("4.40", "4.40", "4.40"),
        ("0.000000001", "0.00000000", "0.00000001"),
        ("-0.000000001", "-0.00000001", "0.00000000"),
        ("-0.00", "0.00", "0.00"),
        ("1E+3", "1000", "1000"),
    ],
)
def test_numbers_are_cut_against_the_reader(value: str, down: str, up: str) -> None:
    assert (floored(D(value)), raised(D(value))) == (down, up)


def test_absent_is_empty_and_never_zero() -> None:
    assert text(None) == floored(None) == raised(None) == seconds(None) == ""
    assert stamp(None) is None
    assert text(D("1E-8")) == "0.00000001"


@pytest.mark.proves("I-46")
def test_a_fee_in_a_third_asset_is_told_and_is_no_number_of_quote() -> None:
    """0.0142 BNB are not 0.0142 USDT; whatever asset the exchange names is told."""
    view = lives.active()
    assert view.entry is not None
    (first, *more) = view.entry.fills
    paid = attrs.evolve(first, commission=D("0.01427003"), commission_asset="BNB")
    odd = attrs.evolve(view, entry=attrs.evolve(view.entry, fills=(paid, paid, *more)))
    symbol = view.scope.symbol

    assert fees((paid, paid, *more), symbol) == fees(tuple(more), symbol)
    assert fees((first,), symbol) > 0
    told = positions.position(odd, VIEW).other_fees
    assert [(each.asset, each.amount) for each in told] == [("BNB", "0.02854006")]
    assert not positions.position(view, VIEW).other_fees


@pytest.mark.parametrize("enabled", [True, False])
def test_a_plan_without_an_exchange_stop_shows_no_price_for_one(*, enabled: bool) -> None:
    planned = preview()
    assert planned.plan is not None
    insurance = attrs.evolve(planned.plan.insurance, terms=InsuranceTerms(enabled=enabled))
    found = attrs.evolve(planned, plan=attrs.evolve(planned.plan, insurance=insurance))
    facts = attrs.evolve(VIEW.daemon, uninsured=not enabled)
    asked = dict.fromkeys(
        ("dry_run", "symbol", "strategy", "side", "capital", "leverage", "idempotency_key"), ""
    )
    told = arm_document(
        asked,
        pb.ArmResponse(daemon=status.daemon(facts), preview=previews.preview(found, VIEW)),
        "unix://x",
        then="",
    )
    shown = told["preview"]["plan"]["insurance"]
    assert shown["enabled"] is told["daemon"]["insurance"]["enabled"] is enabled
    assert (shown["stop_price"] is not None) is enabled


def test_a_quotient_is_cut_where_no_grid_is_finer() -> None:
    """A stop from an ATR has as many digits as arithmetic gives it."""
    plan = lives.active().plan
    assert plan is not None
    odd = attrs.evolve(plan.stops, technical_stop=Price(D("116711.671428571428571428571428571429")))
    view = attrs.evolve(lives.active(), plan=attrs.evolve(plan, stops=odd))

    shown = positions.position(view, VIEW)

    assert (shown.technical_stop, shown.palma.distance) == (
        "116711.671428571429",
        "1012.618571428571",
    )


@pytest.mark.parametrize(
    ("grid", "places"), [("0.01", 2), ("0.05", 2), ("0.10", 1), ("1", 0), ("10", 0), ("1E-8", 8)]
)
def test_a_grid_says_how_many_decimals_it_needs(grid: str, places: int) -> None:
    assert decimals_of(D(grid)) == places


def test_durations_are_seconds_and_never_negative() -> None:
    assert seconds(1_234_567_890) == "1.234"
    assert seconds(-5) == "0.000"


def test_days_and_months_turn_at_utc_midnight() -> None:
    assert next_day(lives.DAWN) == lives.DAWN + 86_400 * lives.S
    assert stamp(next_month(lives.NOON)).ToJsonString() == "2025-08-01T00:00:00Z"
    december = 1_766_000_000 * lives.S
    assert stamp(next_month(december)).ToJsonString() == "2026-01-01T00:00:00Z"


def test_an_unknown_word_is_unspecified() -> None:
    assert enum_name("SIDE", Side.SHORT) == "SIDE_SHORT"
    assert enum_name("SIDE", None) == "SIDE_UNSPECIFIED"
    assert enum_name("FEED_SOURCE", "carrier-pigeon") == "FEED_SOURCE_UNSPECIFIED"


@pytest.mark.parametrize("state", list(PositionState))
def test_every_state_of_the_domain_has_a_name_on_the_wire(state: PositionState) -> None:
    assert enum_name("POSITION_STATE", state) != "POSITION_STATE_UNSPECIFIED"


@pytest.mark.parametrize(
    "state", ["none", "placing", "resting", "cancelling", "gone", "failed", "filled"]
)
def test_every_state_of_an_exchange_stop_has_a_name_on_the_wire(state: str) -> None:
    view = attrs.evolve(lives.active(), insurance=InsuranceView(state=state))

    message = positions.position(view, VIEW).insurance

    assert pb.InsuranceState.Name(message.state) == f"INSURANCE_STATE_{state.upper()}"


def test_a_bare_quantity_says_for_how_long() -> None:
    bare = attrs.evolve(
        lives.active(),
        bare_since_ns=ExchangeNs(lives.NOON - 41 * lives.S),
        insurance=InsuranceView(state="failed", attempts=8, error="-1003: slow down"),
    )

    message = positions.position(bare, VIEW)

    assert message.protection.unprotected_s == "41.000"
    assert (message.insurance.attempts, message.insurance.error) == (8, "-1003: slow down")
    assert not positions.position(lives.active(), VIEW).protection.unprotected_s


def test_an_error_is_frozen_with_its_reason() -> None:
    failed = e.PositionFailed(
        position=lives.BTC_ID, at_ns=lives.NOON, code="unknown_order", message="two answers"
    )
    view = attrs.evolve(lives.active(), state=PositionState.ERROR, error=failed)

    message = positions.position(view, VIEW)

    assert getattr(message.frozen, "is")
    assert message.frozen.reason == "unknown_order: two answers"


def test_debt_is_shown_in_the_asset_that_is_owed() -> None:
    account = lives.account("0.5", "1000")
    owed = attrs.evolve(account.base, borrowed=D("0.1"), interest=D("0.00001"))
    message = positions.margin(attrs.evolve(account, base=owed))

    assert message is not None
    assert (message.asset, message.debt, message.interest) == ("BTC", "0.10001", "0.00001")
    assert message.level == "5.0833"  # (1000 + 0.5 P) / (0.10001 P)


def test_an_unknown_pair_keeps_its_names() -> None:
    message = positions.instrument(lives.BTC.symbol, attrs.evolve(VIEW, instruments={}))

    assert (message.symbol, message.base, message.quote, message.tick) == (
        "BTCUSDT",
        "BTC",
        "USDT",
        "",
    )


# --- status and history --------------------------------------------------------------------------


def _ids(answer: pb.GetStatusResponse) -> list[str]:
    return [each.id for each in answer.positions]


def test_status_shows_what_still_needs_the_monitor() -> None:
    assert _ids(status.status(VIEW, symbol=None, states=frozenset())) == [
        lives.BTC_ID,
        lives.SOL_ID,
    ]
    unsettled = attrs.evolve(lives.closed(), settled=None)
    assert _ids(status.status(published(unsettled), symbol=None, states=frozenset())) == [
        lives.CLOSED_ID
    ]


def test_status_filters_and_still_counts_everything() -> None:
    answer = status.status(VIEW, symbol="ETHUSDT", states=frozenset({PositionState.CANCELLED}))

    assert _ids(answer) == [lives.GONE_ID]
    assert (answer.summary.active_count, answer.summary.armed_count) == (1, 1)
    assert answer.summary.closed_today_count == 1, "not the one of two days ago"
    assert answer.summary.total_pnl_today == "125.16"


def test_history_is_newest_first_within_its_days() -> None:
    week = histories.history(VIEW, days=7, symbol=None, limit=100)
    day = histories.history(VIEW, days=1, symbol=None, limit=100)

    assert [each.id for each in week.positions] == [lives.CLOSED_ID, lives.LOST_ID]
    assert [each.id for each in day.positions] == [lives.CLOSED_ID]
    assert (week.stats.net, week.stats.won, week.stats.largest_loss_id) == (
        "21.04",
        1,
        lives.LOST_ID,
    )
    assert list(week.stats.over_plan) == [lives.LOST_ID]
    assert week.stats.r_average == "0.1052"


def test_a_limit_cuts_the_list_and_not_the_sums() -> None:
    answer = histories.history(VIEW, days=7, symbol=None, limit=1)

    assert answer.truncated
    assert len(answer.positions) == 1
    assert answer.stats.closed == 2


def test_an_empty_history_has_no_average() -> None:
    answer = histories.history(published(lives.armed()), days=7, symbol=None, limit=10)

    assert (answer.stats.closed, answer.stats.r_average, answer.stats.largest_loss) == (0, "", "")
    assert answer.stats.net == "0"


# --- requests ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "code", "said"),
    [
        (pb.ArmRequest(symbol="BTCUSDT"), "INVALID_ARGUMENT", "idempotency_key is needed"),
        (
            pb.ArmRequest(symbol="BTCUSDT", idempotency_key="k" * 129),
            "INVALID_ARGUMENT",
            "at most 128",
        ),
        (pb.ArmRequest(symbol="", dry_run=True), "INVALID_ARGUMENT", "a symbol is needed"),
        (pb.ArmRequest(symbol="DOGE", dry_run=True), "UNKNOWN_SYMBOL", "DOGE"),
        (
            pb.ArmRequest(symbol="BTCUSDT", dry_run=True, capital="-5"),
            "INVALID_ARGUMENT",
            "above 0",
        ),
        (
            pb.ArmRequest(symbol="BTCUSDT", dry_run=True, capital="NaN"),
            "INVALID_ARGUMENT",
            "capital is NaN",
        ),
        (
            pb.ArmRequest(symbol="BTCUSDT", dry_run=True, leverage=20),
            "INVALID_ARGUMENT",
            r"leverage is 20; allowed is 1 to 10, and 3 here \(risk.max_leverage\)",
        ),
        (
            pb.ArmRequest(symbol="BTCUSDT", dry_run=True, leverage=-1),
            "INVALID_ARGUMENT",
            "leverage is -1",
        ),
    ],
)
def test_an_arm_that_cannot_be_is_refused(request_: pb.ArmRequest, code: str, said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        commands.arm(request_, VIEW, "me")

    assert refused.value.code == code


def test_an_arm_request_is_its_command() -> None:
    request = pb.ArmRequest(
        symbol="btc/usdt",
        side="SIDE_SHORT",
        capital="250.50",
        leverage=2,
        idempotency_key="k",
    )
    command = commands.arm(request, VIEW, "ops@edge-1")

    assert (command.symbol, command.strategy, command.side) == ("BTCUSDT", "all-in", Side.SHORT)
    assert (command.capital, command.leverage, command.actor) == (D("250.50"), 2, "ops@edge-1")


def test_what_is_not_said_is_left_to_the_strategy() -> None:
    command = commands.arm(pb.ArmRequest(symbol="BTCUSDT", dry_run=True), VIEW, "me")

    assert (command.side, command.capital, command.leverage) == (None, None, None)


def test_side_auto_leaves_the_side_to_the_detector() -> None:
    request = pb.ArmRequest(symbol="BTCUSDT", dry_run=True, side="SIDE_AUTO")
    command = commands.arm(request, VIEW, "me")

    assert (command.side, command.auto) == (None, True)


def test_panic_concerns_what_is_not_ended() -> None:
    everything, _ = commands.panic_targets(pb.PanicRequest(), VIEW)
    one, symbol = commands.panic_targets(pb.PanicRequest(symbol="btcusdt"), VIEW)
    none, _ = commands.panic_targets(pb.PanicRequest(symbol="ETHUSDT"), VIEW)

    assert [view.id for view in everything] == [lives.BTC_ID, lives.SOL_ID]
    assert ([view.id for view in one], symbol) == ([lives.BTC_ID], "BTCUSDT")
    assert none == ()
    with pytest.raises(Refused, match="DOGE"):
        commands.panic_targets(pb.PanicRequest(symbol="DOGE"), VIEW)


# --- panic ---------------------------------------------------------------------------------------


def test_what_panic_does_follows_from_the_state() -> None:
    views = tuple(
        attrs.evolve(lives.active(), id=which, state=state)
        for which, state in (
            (lives.BTC_ID, PositionState.ENTERING),
            (lives.SOL_ID, PositionState.EXITING),
            (lives.LOST_ID, PositionState.ERROR),
            (lives.CLOSED_ID, PositionState.CLOSED),
        )
    )

    assert actions_for(views) == {
        lives.BTC_ID: "exit_on_fill",
        lives.SOL_ID: "already_exiting",
        lives.LOST_ID: "exit",
    }


def test_flat_is_unknown_while_an_order_has_no_answer() -> None:
    leave = lives.active()
    record = attrs.evolve(leave.orders[0], status="unknown")
    assert isinstance(record, OrderRecord)
    silent = attrs.evolve(leave, state=PositionState.EXITING, orders=(record,))
    panic = Panicking(actions={lives.BTC_ID: "exit"}, started_ns=lives.NOON, symbol=None)

    step = progress(panic, published(silent)).steps[0]

    assert not step.HasField("flat")
    assert step.HasField("settled")
    assert not step.settled


def test_a_panic_whose_position_is_not_shown_yet_is_not_done() -> None:
    panic = Panicking(actions={lives.BTC_ID: "exit"}, started_ns=lives.NOON, symbol=None)

    assert not progress(panic, published(lives.armed())).done
    assert progress(attrs.evolve(panic, actions={}), published(lives.armed())).done


def test_what_was_not_asked_for_stays_in_sight() -> None:
    panic = Panicking(actions={lives.SOL_ID: "cancel"}, started_ns=lives.NOON, symbol="SOLUSDT")

    assert list(progress(panic, VIEW).left_open) == ["BTCUSDT"]
