"""Trades of a file: both kinds mean the same, and what is wrong is said with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from robson.api.translate.evidence import evidence
from robson.domain.errors import Refused
from robson.domain.values import Action
from tests.contract import lives

TRADE: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "id": 3104,
    "orderId": 4419021,
    "price": "118020.10",
    "qty": "0.07021",
    "commission": "8.2862",
    "commissionAsset": "USDT",
    "time": 1752667200123,
    "isBuyer": False,
}
FILL = {"tradeId": 3104, **{k: TRADE[k] for k in ("price", "qty", "commission", "commissionAsset")}}
ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "orderId": 4419021,
    "clientOrderId": "",
    "side": "SELL",
    "transactTime": 1752667200123,
    "fills": [FILL],
}


def trades(*rows: Any) -> str:
    return json.dumps({"kind": "user_trade_record", "trades": list(rows)})


def order(**changes: Any) -> str:
    return json.dumps({"kind": "order_fill_record", "order": {**ORDER, **changes}})


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in TRADE.items() if name != key}


def test_both_kinds_mean_the_same() -> None:
    by_trades, by_order = evidence(trades(TRADE), lives.active()), evidence(order(), lives.active())

    assert by_trades.fills == by_order.fills
    (fill,) = by_trades.fills
    assert (fill.trade_id, fill.order_id, fill.action) == (3104, 4419021, Action.SELL)
    assert (str(fill.price), str(fill.quantity), str(fill.commission)) == (
        *("118020.10", "0.07021"),
        "8.2862",
    )
    assert by_trades.sha256 != by_order.sha256


def test_a_number_is_as_exact_as_its_text() -> None:
    text = trades(TRADE).replace('"118020.10"', "118020.10000000000000000001")

    assert str(evidence(text, lives.active()).fills[0].price) == "118020.10000000000000000001"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("NaN", "it is not JSON"),
        ("[]", "it is not an object with a kind"),
        ('{"kind": "screenshot"}', "kind is screenshot; expected order_fill_record or user_trade"),
        ('{"kind": "user_trade_record"}', "trades is missing"),
        ('{"kind": "order_fill_record"}', "order is missing, or has no list of fills"),
        (trades(), "it has 0 trades; expected 1 to 500"),
        (trades(*[TRADE] * 501), "it has 501 trades"),
        (trades(7), "trades[0] is not an object"),
        (trades(TRADE, {**TRADE, "symbol": "ETHUSDT"}), "trades[1]: symbol is ETHUSDT; expected B"),
        (trades(without("isBuyer")), "trades[0] does not say which side"),
        (trades(without("id")), "trades[0]: tradeId is None; expected a whole number"),
        (trades({**TRADE, "orderId": "7"}), "trades[0]: orderId is 7; expected a whole number"),
        (trades({**TRADE, "id": True}), "trades[0]: id is True"),
        (trades({**TRADE, "time": -1}), "trades[0]: time is -1"),
        (trades({**TRADE, "price": "cheap"}), "trades[0]: price is cheap; expected decimal text"),
        (trades({**TRADE, "price": "0"}), "trades[0]: "),
        (trades({**TRADE, "qty": "NaN"}), "trades[0]: qty is NaN"),
        (trades({**TRADE, "commissionAsset": "bnb"}), "commissionAsset is bnb; expected an asset"),
        (trades(without("commissionAsset")), "Asset is None"),
        (trades({**TRADE, "commission": "-1"}), "trades[0]: commission is -1; expected 0 or more"),
        (order(side="HOLD"), "order.fills[0] does not say which side"),
        (order(clientOrderId=lives.client_id_of(lives.active())), "is Robson's own order"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        evidence(text, lives.active())

    assert refused.value.code == "INVALID_ARGUMENT"
    assert said in refused.value.message
