"""What has happened to a position, in the past tense: journaled first, then folded.

Ticks are not events; what a tick causes is. Times are exchange time in nanoseconds.
"""

from __future__ import annotations

from robson.domain.accounts import (
    HaltCleared,
    HaltEntered,
    MonthOpened,
    RuntimeStateChanged,
    ScopeCleared,
    ScopeFrozen,
    Started,
    Stopped,
)
from robson.domain.events.entering import (
    EntryAccepted,
    EntryFailed,
    EntryFilled,
    EntryRequested,
    PositionArmed,
    SignalReceived,
    SignalRejected,
    SizingDecided,
)
from robson.domain.events.holding import MarginBandChanged, PositionCarried
from robson.domain.events.leaving import (
    AccountRead,
    CancelRequested,
    ExitFilled,
    ExitRequested,
    ExitRetry,
    ExitTriggered,
    PanicRequested,
    PnlSettled,
    PositionCancelled,
    PositionClosed,
    PositionFailed,
    PositionResolved,
    RepayRequested,
)
from robson.domain.events.protecting import (
    ExitPrearmed,
    InsuranceCancelled,
    InsuranceCancelling,
    InsuranceFailed,
    InsuranceFilled,
    InsuranceGone,
    InsurancePlaced,
    InsuranceRequested,
    StopRaised,
)
from robson.domain.events.sending import (
    OrderResolved,
    OrderSending,
    OrderUnknown,
)
from robson.domain.values import Numbers

PositionEvent = (
    PositionArmed
    | SignalReceived
    | SignalRejected
    | SizingDecided
    | EntryRequested
    | OrderSending
    | EntryAccepted
    | EntryFilled
    | EntryFailed
    | OrderUnknown
    | OrderResolved
    | ExitPrearmed
    | StopRaised
    | InsuranceRequested
    | InsurancePlaced
    | InsuranceCancelling
    | InsuranceCancelled
    | InsuranceGone
    | InsuranceFailed
    | InsuranceFilled
    | ExitTriggered
    | ExitRequested
    | ExitFilled
    | ExitRetry
    | PanicRequested
    | CancelRequested
    | PositionCancelled
    | PositionClosed
    | RepayRequested
    | AccountRead
    | PnlSettled
    | PositionFailed
    | PositionResolved
    | PositionCarried
    | MarginBandChanged
)
AccountEvent = (
    MonthOpened
    | HaltEntered
    | HaltCleared
    | RuntimeStateChanged
    | ScopeFrozen
    | ScopeCleared
    | Started
    | Stopped
)
Event = PositionEvent | AccountEvent

__all__ = [
    "AccountEvent",
    "AccountRead",
    "CancelRequested",
    "EntryAccepted",
    "EntryFailed",
    "EntryFilled",
    "EntryRequested",
    "Event",
    "ExitFilled",
    "ExitPrearmed",
    "ExitRequested",
    "ExitRetry",
    "ExitTriggered",
    "HaltCleared",
    "HaltEntered",
    "InsuranceCancelled",
    "InsuranceCancelling",
    "InsuranceFailed",
    "InsuranceFilled",
    "InsuranceGone",
    "InsurancePlaced",
    "InsuranceRequested",
    "MarginBandChanged",
    "MonthOpened",
    "Numbers",
    "OrderResolved",
    "OrderSending",
    "OrderUnknown",
    "PanicRequested",
    "PnlSettled",
    "PositionArmed",
    "PositionCancelled",
    "PositionCarried",
    "PositionClosed",
    "PositionEvent",
    "PositionFailed",
    "PositionResolved",
    "RepayRequested",
    "RuntimeStateChanged",
    "ScopeCleared",
    "ScopeFrozen",
    "SignalReceived",
    "SignalRejected",
    "SizingDecided",
    "Started",
    "StopRaised",
    "Stopped",
]
