"""Documents of reconcile: pairs that agree, a stop that has vanished, and what nobody explains."""

from __future__ import annotations

from tests.unit.cli.screens.documents import BTC_LONG, DAEMON, D, Doc, changed

AS_OF = "2025-11-21T14:03:22.000Z"
STOP: Doc = {
    "order_id": 5612034412,
    "client_id": "rbsk3f7m2qcl5x4wv6t8zqk3f7m2q01-e",
    "action": "SELL",
    "type": "STOP_LOSS_LIMIT",
    "quantity": D("0.07021"),
    "stop_price": D("117765.44000000"),
    "ours": True,
}
FREE: Doc = {"asset": "USDT", "free": D("1725.16504300"), "locked": D(0), "debt": D(0)}
HELD: Doc = {
    "symbol": "BTCUSDT",
    "read_at": "2025-11-21T14:03:21.960Z",
    "position": BTC_LONG,
    "exchange": {
        "base": {"asset": "BTC", "free": D("0.00000200"), "locked": D("0.07021"), "debt": D(0)},
        "quote": {**FREE, "debt": D("1859.04651780")},
        "orders": [STOP],
    },
    "differences": [],
}
NOTHING: Doc = {
    **HELD,
    "symbol": "SOLUSDT",
    "position": None,
    "exchange": {
        "base": {"asset": "SOL", "free": D(0), "locked": D(0), "debt": D(0)},
        "quote": FREE,
        "orders": [],
    },
}
AGREED: Doc = {
    "schema": "robson.reconcile/1",
    "as_of": AS_OF,
    "daemon": DAEMON,
    "applied": False,
    "agrees": True,
    "pairs": [HELD, NOTHING],
    "next": "robson status",
}


def differs(pair: Doc, *found: Doc) -> Doc:
    """A pair with differences."""
    return {**pair, "differences": list(found)}


MISSING: Doc = {
    "row": "R12",
    "code": "stop_missing",
    "message": "the exchange stop of pos_01JB5V8Q2N4T6X8Z0A2C7K3QM4 is not open any more",
    "evidence": {},
    "follows": True,
    "freezes": False,
}
STALE: Doc = {
    "row": "R9",
    "code": "stale_active",
    "message": "pos_01JB5V8Q2N4T6X8Z0A2C7K3QM4 is active, and the account shows nothing of it",
    "evidence": {"orders_that_might_explain_it": "4419021, 4419024"},
    "follows": False,
    "freezes": True,
}
FOREIGN: Doc = {
    "row": "R21",
    "code": "foreign_order",
    "message": "order 4419021 (web_8f2c) rests on SOLUSDT and is not of this journal",
    "evidence": {"order_id": "4419021"},
    "follows": False,
    "freezes": True,
}
EMPTIED = changed(HELD, exchange__orders=[], exchange__base={**FREE, "asset": "BTC", "free": D(0)})
BARE = changed(HELD, exchange__orders=[])
VANISHED = changed(
    AGREED,
    agrees=False,
    pairs=[differs(BARE, MISSING), NOTHING],
    next="robson reconcile --apply",
)
FOLLOWED = changed(VANISHED, applied=True, next="robson status")
UNEXPLAINED = changed(
    AGREED, agrees=False, pairs=[differs(EMPTIED, STALE), differs(NOTHING, FOREIGN)]
)
