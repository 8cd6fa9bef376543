"""What persons have brought into an account and traded there, by the venue's books."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import attrs

from robson.connectors.simulated.entries import (
    Deposited,
    Entry,
    Filled,
    OrderAccepted,
    Withdrawn,
)
from robson.domain.values import Action
from robson.sim.chaos.verdict import purpose
from robson.sim.live.beside import BASE

_ZERO = Decimal(0)


@attrs.frozen(kw_only=True)
class Theirs:
    """Amounts that are not Robson's doing: the balance of the begin, transfers, orders by hand."""

    base: Decimal = _ZERO
    quote: Decimal = _ZERO


def theirs_of(entries: Iterable[Entry]) -> Theirs:
    """Added up."""
    base = quote = _ZERO
    buys: dict[int, bool] = {}
    for entry in entries:
        match entry:
            case Deposited() | Withdrawn():
                amount = entry.amount if isinstance(entry, Deposited) else -entry.amount
                base, quote = (
                    (base + amount, quote) if entry.asset == BASE else (base, quote + amount)
                )
            case OrderAccepted() if purpose(entry.client_id) is None:
                buys[entry.order_id] = entry.action is Action.BUY
            case Filled() if entry.order_id in buys:
                sign = 1 if buys[entry.order_id] else -1
                fee = entry.commission
                base += sign * entry.quantity - (fee if entry.commission_asset == BASE else _ZERO)
                quote -= sign * entry.quote_amount
                quote -= _ZERO if entry.commission_asset == BASE else fee
            case _:
                pass
    return Theirs(base=base, quote=quote)
