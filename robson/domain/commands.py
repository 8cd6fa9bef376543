"""What a person asks for, in the imperative; each may be refused, and then nothing has changed."""

from __future__ import annotations

from decimal import Decimal

import attrs

from robson.domain.accounts import RuntimeState
from robson.domain.identity import PositionId
from robson.domain.reports import Fill
from robson.domain.values import Leverage, Price, Side


@attrs.frozen(kw_only=True)
class Arm:
    """Wait for one signal on a symbol and trade it.

    Attributes:
        side: None takes the strategy's bias.
        auto: the detector chooses the side, whatever the strategy's bias.
        capital: caps the capital this position is sized from, in quote; never raises it.
        idempotency_key: the same key with the same body returns the first result.
    """

    symbol: str
    strategy: str
    idempotency_key: str
    actor: str
    side: Side | None = None
    auto: bool = False
    capital: Decimal | None = None
    leverage: Leverage | None = None
    dry_run: bool = False


@attrs.frozen(kw_only=True)
class Disarm:
    """Stop waiting. Never closes a position: ``force`` only takes back an unfilled entry."""

    position: PositionId
    actor: str
    force: bool = False


@attrs.frozen(kw_only=True)
class Panic:
    """Exit at market now; the only exit a person orders. ``position`` None means all."""

    actor: str
    position: PositionId | None = None
    reason: str = "user_panic"


@attrs.frozen(kw_only=True)
class SetRuntimeState:
    """Take entries again, or not any more. What is open is managed in every state."""

    state: RuntimeState
    reason: str
    actor: str


@attrs.frozen(kw_only=True)
class SetHalt:
    """Halt entries for the month, or clear a halt while the month has something left."""

    on: bool
    reason: str
    actor: str


@attrs.frozen(kw_only=True)
class ClearFrozen:
    """A person has looked: a frozen scope (a symbol, or ``account``) takes entries again."""

    scope: str
    reason: str
    actor: str


@attrs.frozen(kw_only=True)
class Reconcile:
    """Look at pairs as a whole now, and follow the exchange. ``symbol`` None means every pair.

    ``report_only``: nothing is followed by this look.
    """

    actor: str
    symbol: str | None = None
    report_only: bool = False


@attrs.frozen(kw_only=True)
class Evidence:
    """Trades that a person brings to show how a position was closed.

    Attributes:
        kind: ``order_fill_record`` or ``user_trade_record``.
        sha256: of the text they were read from.
    """

    kind: str
    sha256: str
    fills: tuple[Fill, ...]


@attrs.frozen(kw_only=True)
class ReconcileClose:
    """Close a position that is gone from the account, with the trades that show how."""

    position: PositionId
    evidence: Evidence
    reason: str
    actor: str


@attrs.frozen(kw_only=True)
class Resolve:
    """Say what a position in state error really is; ``evidence`` only where it was closed.

    ``target``: active, exiting, closed or cancelled.
    """

    position: PositionId
    target: str
    reason: str
    actor: str
    evidence: Evidence | None = None


@attrs.frozen(kw_only=True)
class HandOver:
    """Give leadership to a standby."""

    reason: str
    actor: str


@attrs.frozen(kw_only=True)
class InjectSignal:
    """Be the detector of a position that waits for one from outside. Known ids change nothing.

    Attributes:
        side, entry_ref: None for what the position, the stop and the live price say.
        stop: in place of the chart's level; held against the same bounds.
    """

    position: PositionId
    signal_id: str
    stop: Price
    actor: str
    side: Side | None = None
    entry_ref: Price | None = None


Command = (
    Arm
    | Disarm
    | Panic
    | SetRuntimeState
    | SetHalt
    | ClearFrozen
    | Reconcile
    | ReconcileClose
    | Resolve
    | HandOver
    | InjectSignal
)
