"""Who carries an intent, and what goes first there: leaving risk never waits behind anything."""

from __future__ import annotations

from decimal import Decimal

from robson.domain.identity import Purpose
from robson.domain.intents import CancelOrder, Intent, QueryOrder, ReadAccount, ReadTrades, Repay
from robson.exec.lanes import Lane, lane_of, priority_of
from tests.unit.exec.test_executor import NOW, POSITION, SCOPE, order, own_id

STOP_ID = own_id(Purpose.INSURANCE)
EXIT, STOP, ENTRY = (order(each) for each in (Purpose.EXIT, Purpose.INSURANCE, Purpose.ENTRY))
CANCEL = CancelOrder(scope=SCOPE, position=POSITION, target=STOP_ID, cancel_id=STOP_ID)
REPAY = Repay(scope=SCOPE, position=POSITION, asset="BTC", amount=Decimal(1), attempt=0)
ABOUT_ONE = QueryOrder(scope=SCOPE, position=POSITION, target=STOP_ID)
BACKGROUND = ReadAccount(scope=SCOPE, token=-1)


def test_each_intent_has_its_lane() -> None:
    lanes: dict[Lane, list[Intent]] = {
        Lane.URGENT: [EXIT, STOP, CANCEL, REPAY],
        Lane.NORMAL: [ENTRY],
        Lane.READER: [ABOUT_ONE, BACKGROUND, ReadTrades(scope=SCOPE, since_ns=NOW)],
    }
    assert [lane_of(each) for found in lanes.values() for each in found] == [
        lane for lane, found in lanes.items() for _ in found
    ]


def test_what_goes_first() -> None:
    """Exit, cancel, exchange stop, repayment; then questions about a position, then the rest."""
    said = [EXIT, CANCEL, STOP, REPAY, ABOUT_ONE, BACKGROUND]
    numbers = [priority_of(each) for each in said]
    assert numbers == sorted(set(numbers)), "in this order, and no two alike"
