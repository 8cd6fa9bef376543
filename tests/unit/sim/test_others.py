"""What a person did beside a position, by the exchange's books alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from robson.connectors.simulated.entries import Entry, Filled, OrderAccepted
from robson.domain.identity import AccountId, Scope, Symbol
from robson.domain.intents import OrderType, SideEffect
from robson.domain.values import Action, ExchangeNs, Price, Quantity
from robson.sim.others import Others

SCOPE = Scope(AccountId("sim"), Symbol("ETH", "BTC"))


def _trades(*moved: str) -> list[Entry]:
    """By hand and at market: bought where positive, sold where negative."""
    rows: list[Entry] = []
    for number, text in enumerate(moved, start=1):
        amount = Decimal(text)
        action = Action.BUY if amount > 0 else Action.SELL
        common: dict[str, Any] = {
            "scope": SCOPE,
            "at_ns": ExchangeNs(number),
            "order_id": number,
        }
        quantity = Quantity(abs(amount))
        rows += [
            OrderAccepted(
                **common,
                client_id=f"web_{number}",
                action=action,
                type=OrderType.MARKET,
                quantity=quantity,
                side_effect=SideEffect.NONE,
                stop_price=None,
            ),
            Filled(
                **common,
                trade_id=number,
                price=Price("0.04"),
                quantity=quantity,
                quote_amount=quantity * Decimal("0.04"),
                commission=Decimal(0),
                commission_asset="BNB",
            ),
        ]
    return rows


def _others(*moved: str) -> Others:
    others = Others("ETH")
    for row in _trades(*moved):
        others.read(row)
    return others


def test_what_a_person_sells_again_is_known_apart_from_what_never_was_theirs() -> None:
    others = _others("2.7", "-0.5", "-3")
    assert (others.own, others.most) == (Decimal(0), Decimal("2.7"))
    assert others.sold_again == Decimal("2.7")
    assert others.taken == Decimal("0.8"), "beyond what they had: of what is ours"


def test_what_is_bought_back_is_there_again() -> None:
    assert _others("2", "-0.5", "0.25").sold_again == Decimal("0.25")
    assert _others("2", "-0.5", "9").sold_again == 0


def test_another_entry_counts_from_what_is_in_the_wallet() -> None:
    others = _others("2.7", "-0.5", "-3")
    others.left(Decimal(1))
    assert (others.sold_again, others.taken) == (0, 0)
