"""Sizes as the worked vectors ask for them: the usual account, and what differs from it."""

from __future__ import annotations

from typing import Any

from tests.oracle import sizing_oracle
from tests.oracle.vectors import Number


def sized(
    capital: Number, entry: Number, stop: Number, side: str, slip: Number = 0, **other: object
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "equity": capital,
        "leverage": 3,
        "headroom_bps": 100,
        "step": "0.00001",
        "min_qty": "0.00001",
        "max_qty": "9000",
        "min_notional": 5,
        "risk_pct": 1,
        "fee": "0.001",
        "gap_bps": 10,
    }
    facts |= other
    return sizing_oracle.size(
        capital=capital, entry_ref=entry, stop=stop, side=side, entry_slip_bps=slip, **facts
    )
