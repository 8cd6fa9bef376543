"""A position's numbers on the wire: which of two alike is told, and which way it is cut."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from robson.api.published import MarginFact
from robson.api.translate import commands, positions, status
from robson.api.translate.evidence import evidence
from robson.api.v1 import robson_pb2 as pb
from robson.domain import events as e
from robson.domain.errors import Refused
from robson.domain.lifecycle import PositionState
from robson.domain.values import NS_PER_S, ExchangeNs
from robson.domain.view import PositionView
from tests.contract import lives
from tests.contract.fake_daemon import published
from tests.unit.api.test_evidence import TRADE as BROUGHT
from tests.unit.api.test_evidence import order, trades

D = Decimal
VIEW = published()


def told(view: PositionView) -> pb.Position:
    return positions.position(view, VIEW)


def test_what_is_held_is_less_than_what_was_bought_by_the_fee() -> None:
    message = told(lives.active())
    assert (message.entry_quantity, message.quantity) == ("0.07029", "0.07021")


def test_the_stop_is_the_one_in_force() -> None:
    message = told(lives.active())
    assert (message.stop_loss, message.first_stop) == ("118018.60", "116711.67")
    assert message.palma.distance == "1012.62", "from the entry to the technical stop"


def test_results_are_cut_down_and_costs_up() -> None:
    settled = lives.closed().settled
    assert settled is not None
    odd = D("0.000000001")
    message = told(
        attrs.evolve(
            lives.closed(),
            settled=attrs.evolve(
                settled,
                net=D("1.5") + odd,
                fees=D("2.5") + odd,
                interest=D("0.5") + odd,
                gross=D(9),
            ),
        )
    )
    assert (message.realized_pnl, message.fees, message.interest) == (
        "1.50000000",
        "2.50000001",
        "0.50000001",
    )


def test_fills_in_pieces_end_with_the_last() -> None:
    view = lives.closed()
    assert view.entry is not None
    (bought,), (sold,) = view.entry.fills, view.exit_fills
    later = attrs.evolve(bought, at_ns=ExchangeNs(bought.at_ns + NS_PER_S))
    last = attrs.evolve(sold, at_ns=ExchangeNs(sold.at_ns + NS_PER_S))
    message = told(
        attrs.evolve(
            view,
            entry=attrs.evolve(view.entry, fills=(bought, later)),
            exit_fills=(sold,),
            insurance_fills=(last,),
        )
    )
    assert message.entry_filled_at.seconds == later.at_ns // NS_PER_S
    assert message.exited_at.seconds == last.at_ns // NS_PER_S


def test_what_was_paid_elsewhere_is_of_every_fill() -> None:
    """The exchange stop's and those of what was given back, too."""
    view = lives.closed()
    (sold,) = view.exit_fills
    paid = attrs.evolve(sold, commission=D("0.001"), commission_asset="BNB")
    message = told(attrs.evolve(view, insurance_fills=(paid,), given_back=(paid,)))
    assert [(each.asset, each.amount) for each in message.other_fees] == [("BNB", "0.002")]


def test_an_exit_was_triggered_by_its_tick_and_an_order_was_sent_when_it_was_signed() -> None:
    view = lives.closed()
    assert view.trigger is not None
    message = told(view)
    assert view.trigger.tick_ns is not None
    assert message.trigger.at.ToNanoseconds() == view.trigger.tick_ns
    assert message.orders[0].sent_at.ToNanoseconds() == lives.at(2)


def test_a_stop_that_does_not_rest_has_no_age() -> None:
    view = lives.active()
    assert told(view).insurance.age_s
    gone = attrs.evolve(view, insurance=attrs.evolve(view.insurance, state="cancelling"))
    assert told(gone).insurance.age_s == ""


def test_what_has_ended_is_not_frozen_any_more() -> None:
    failed = e.PositionFailed(position=lives.BTC_ID, at_ns=lives.NOON, code="x", message="y")
    over = attrs.evolve(lives.closed(), error=failed)
    assert not getattr(told(over).frozen, "is")
    stuck = attrs.evolve(lives.active(), state=PositionState.ERROR, error=failed)
    assert getattr(told(stuck).frozen, "is")


def test_the_newest_reading_of_the_account_is_told() -> None:
    """The position keeps the one of its last event; the pair is read once a minute."""
    old, new = lives.account("0.5", "1000"), lives.account("0.5", "1000")
    owed = attrs.evolve(new.quote, borrowed=D(700))
    fact = MarginFact(account=attrs.evolve(new, quote=owed), band="normal", exit_level=D("1.2"))
    message = positions.margin(old, fact)
    assert message is not None
    assert (message.asset, message.debt) == ("USDT", "700")


def test_the_month_is_told_against_the_reader() -> None:
    odd = D("0.000000001")
    risk = attrs.evolve(VIEW.risk, consumed=D(1) + odd, latent=D(2) + odd, remaining=D(3) + odd)
    message = status.risk_of(risk, lives.NOON)
    assert (message.consumed, message.latent, message.remaining) == (
        "1.00000001",
        "2.00000001",
        "3.00000000",
    )


def test_a_trade_that_is_brought_has_its_instant() -> None:
    for text in (trades(BROUGHT), order()):
        (fill,) = evidence(text, lives.active()).fills
        assert fill.at_ns == 1_752_667_200_123_000_000


def test_nothing_is_no_capital() -> None:
    for text in ("0", "0.00"):
        with pytest.raises(Refused, match="above 0"):
            commands.arm(pb.ArmRequest(symbol="BTCUSDT", dry_run=True, capital=text), VIEW, "me")
