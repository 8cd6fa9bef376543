"""What has happened to a position, in the past tense: journaled first, then folded.

Ticks are not events; what a tick causes is. Times are exchange time in nanoseconds.
"""

from __future__ import annotations

from robson.domain.accounts import (
    BudgetAlerted,
    CapitalRecalibrated,
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
    EntryCancelling,
    EntryFailed,
    EntryFilled,
    EntryPartlyFilled,
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
    ExitAccepted,
    ExitFilled,
    ExitRequested,
    ExitRetry,
    ExitTriggered,
    LoanCharged,
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
    GuardReleased,
    InsuranceCancelled,
    InsuranceCancelling,
    InsuranceFailed,
    InsuranceFilled,
    InsuranceGone,
    InsurancePlaced,
    InsuranceRequested,
    ProtectionAlerted,
    ProtectionRestored,
    StopRaised,
)
from robson.domain.events.reconciling import (
    FilledOutside,
    GapForgiven,
    HoldingAdopted,
    HoldingMissed,
    HoldingSeen,
    OrphanCancelling,
    Reconciled,
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
    | EntryPartlyFilled
    | EntryCancelling
    | EntryFilled
    | EntryFailed
    | OrderUnknown
    | OrderResolved
    | ExitPrearmed
    | StopRaised
    | GuardReleased
    | InsuranceRequested
    | InsurancePlaced
    | InsuranceCancelling
    | InsuranceCancelled
    | InsuranceGone
    | InsuranceFailed
    | InsuranceFilled
    | ExitTriggered
    | ExitRequested
    | ExitAccepted
    | ExitFilled
    | ExitRetry
    | PanicRequested
    | CancelRequested
    | PositionCancelled
    | PositionClosed
    | RepayRequested
    | AccountRead
    | PnlSettled
    | LoanCharged
    | PositionFailed
    | PositionResolved
    | PositionCarried
    | MarginBandChanged
    | Reconciled
    | OrphanCancelling
    | HoldingMissed
    | HoldingSeen
    | FilledOutside
    | HoldingAdopted
    | GapForgiven
    | ProtectionAlerted
    | ProtectionRestored
)
AccountEvent = (
    MonthOpened
    | HaltEntered
    | HaltCleared
    | BudgetAlerted
    | CapitalRecalibrated
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
    "BudgetAlerted",
    "CancelRequested",
    "CapitalRecalibrated",
    "EntryAccepted",
    "EntryCancelling",
    "EntryFailed",
    "EntryFilled",
    "EntryPartlyFilled",
    "EntryRequested",
    "Event",
    "ExitAccepted",
    "ExitFilled",
    "ExitPrearmed",
    "ExitRequested",
    "ExitRetry",
    "ExitTriggered",
    "FilledOutside",
    "GapForgiven",
    "GuardReleased",
    "HaltCleared",
    "HaltEntered",
    "HoldingAdopted",
    "HoldingMissed",
    "HoldingSeen",
    "InsuranceCancelled",
    "InsuranceCancelling",
    "InsuranceFailed",
    "InsuranceFilled",
    "InsuranceGone",
    "InsurancePlaced",
    "InsuranceRequested",
    "LoanCharged",
    "MarginBandChanged",
    "MonthOpened",
    "Numbers",
    "OrderResolved",
    "OrderSending",
    "OrderUnknown",
    "OrphanCancelling",
    "PanicRequested",
    "PnlSettled",
    "PositionArmed",
    "PositionCancelled",
    "PositionCarried",
    "PositionClosed",
    "PositionEvent",
    "PositionFailed",
    "PositionResolved",
    "ProtectionAlerted",
    "ProtectionRestored",
    "Reconciled",
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
