"""Documents of doctor: all well, and a machine with one of each answer."""

from __future__ import annotations

from tests.unit.cli.screens.reconcile_documents import AS_OF, DAEMON, Doc

WELL: Doc = {
    "schema": "robson.doctor/1",
    "as_of": AS_OF,
    "daemon": DAEMON,
    "ok": True,
    "checks": [
        {
            "name": "Clock",
            "answer": "pass",
            "said": "this machine is 2 ms ahead of the exchange, known to 1 ms",
            "means": None,
            "fix": None,
            "incident": "F28",
        }
    ],
}
DOCTORS: dict[str, Doc] = {
    "well": WELL,
    "unknown": {
        **WELL,
        "ok": False,
        "checks": [
            *WELL["checks"],
            {
                "name": "Pairs",
                "answer": "unchecked",
                "said": "could not be checked: the exchange does not answer",
                "means": None,
                "fix": None,
                "incident": "I-04",
            },
        ],
    },
    "ill": {
        **WELL,
        "ok": False,
        "checks": [
            *WELL["checks"],
            {
                "name": "Key",
                "answer": "fail",
                "said": "may withdraw",
                "means": "whoever steals it can empty the account",
                "fix": "change the key's rights at Binance, or make a new key; then ask again",
                "incident": "F74",
            },
            {
                "name": "Order types",
                "answer": "pass",
                "said": "SOLUSDT has no STOP_LOSS; Robson rests STOP_LOSS_LIMIT there",
                "means": "a price falling past its floor leaves that order unfilled",
                "fix": None,
                "incident": "I-23",
            },
        ],
    },
}
"""By what they show."""
