import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Side(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIDE_UNSPECIFIED: _ClassVar[Side]
    SIDE_LONG: _ClassVar[Side]
    SIDE_SHORT: _ClassVar[Side]
    SIDE_AUTO: _ClassVar[Side]

class PositionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POSITION_STATE_UNSPECIFIED: _ClassVar[PositionState]
    POSITION_STATE_ARMED: _ClassVar[PositionState]
    POSITION_STATE_ENTERING: _ClassVar[PositionState]
    POSITION_STATE_ACTIVE: _ClassVar[PositionState]
    POSITION_STATE_EXITING: _ClassVar[PositionState]
    POSITION_STATE_CLOSED: _ClassVar[PositionState]
    POSITION_STATE_CANCELLED: _ClassVar[PositionState]
    POSITION_STATE_ERROR: _ClassVar[PositionState]

class TrailingMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRAILING_MODE_UNSPECIFIED: _ClassVar[TrailingMode]
    TRAILING_MODE_OFF: _ClassVar[TrailingMode]
    TRAILING_MODE_HANDSPAN: _ClassVar[TrailingMode]
    TRAILING_MODE_CONTINUOUS: _ClassVar[TrailingMode]

class InsuranceState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INSURANCE_STATE_UNSPECIFIED: _ClassVar[InsuranceState]
    INSURANCE_STATE_NONE: _ClassVar[InsuranceState]
    INSURANCE_STATE_PLACING: _ClassVar[InsuranceState]
    INSURANCE_STATE_RESTING: _ClassVar[InsuranceState]
    INSURANCE_STATE_CANCELLING: _ClassVar[InsuranceState]
    INSURANCE_STATE_GONE: _ClassVar[InsuranceState]
    INSURANCE_STATE_FAILED: _ClassVar[InsuranceState]
    INSURANCE_STATE_FILLED: _ClassVar[InsuranceState]

class ExitFence(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXIT_FENCE_UNSPECIFIED: _ClassVar[ExitFence]
    EXIT_FENCE_ASSET: _ClassVar[ExitFence]
    EXIT_FENCE_SETTLE: _ClassVar[ExitFence]

class FeedSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FEED_SOURCE_UNSPECIFIED: _ClassVar[FeedSource]
    FEED_SOURCE_WS: _ClassVar[FeedSource]
    FEED_SOURCE_REST: _ClassVar[FeedSource]
    FEED_SOURCE_TAPE: _ClassVar[FeedSource]

class RuntimeState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RUNTIME_STATE_UNSPECIFIED: _ClassVar[RuntimeState]
    RUNTIME_STATE_RUNNING: _ClassVar[RuntimeState]
    RUNTIME_STATE_PAUSED: _ClassVar[RuntimeState]
    RUNTIME_STATE_DRAINING: _ClassVar[RuntimeState]
    RUNTIME_STATE_STOPPED: _ClassVar[RuntimeState]

class OrderPurpose(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_PURPOSE_UNSPECIFIED: _ClassVar[OrderPurpose]
    ORDER_PURPOSE_ENTRY: _ClassVar[OrderPurpose]
    ORDER_PURPOSE_EXIT: _ClassVar[OrderPurpose]
    ORDER_PURPOSE_INSURANCE: _ClassVar[OrderPurpose]
    ORDER_PURPOSE_CANCEL: _ClassVar[OrderPurpose]
    ORDER_PURPOSE_UNTRACKED: _ClassVar[OrderPurpose]

class LogLevel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LOG_LEVEL_UNSPECIFIED: _ClassVar[LogLevel]
    LOG_LEVEL_DEBUG: _ClassVar[LogLevel]
    LOG_LEVEL_INFO: _ClassVar[LogLevel]
    LOG_LEVEL_WARNING: _ClassVar[LogLevel]
    LOG_LEVEL_ERROR: _ClassVar[LogLevel]
    LOG_LEVEL_CRITICAL: _ClassVar[LogLevel]

class PanicAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PANIC_ACTION_UNSPECIFIED: _ClassVar[PanicAction]
    PANIC_ACTION_EXIT: _ClassVar[PanicAction]
    PANIC_ACTION_CANCEL: _ClassVar[PanicAction]
    PANIC_ACTION_EXIT_ON_FILL: _ClassVar[PanicAction]
    PANIC_ACTION_ALREADY_EXITING: _ClassVar[PanicAction]

class DisarmOutcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DISARM_OUTCOME_UNSPECIFIED: _ClassVar[DisarmOutcome]
    DISARM_OUTCOME_CANCELLED: _ClassVar[DisarmOutcome]
    DISARM_OUTCOME_NOOP: _ClassVar[DisarmOutcome]
    DISARM_OUTCOME_CANCEL_REQUESTED: _ClassVar[DisarmOutcome]

class CheckAnswer(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHECK_ANSWER_UNSPECIFIED: _ClassVar[CheckAnswer]
    CHECK_ANSWER_PASS: _ClassVar[CheckAnswer]
    CHECK_ANSWER_FAIL: _ClassVar[CheckAnswer]
    CHECK_ANSWER_UNCHECKED: _ClassVar[CheckAnswer]
SIDE_UNSPECIFIED: Side
SIDE_LONG: Side
SIDE_SHORT: Side
SIDE_AUTO: Side
POSITION_STATE_UNSPECIFIED: PositionState
POSITION_STATE_ARMED: PositionState
POSITION_STATE_ENTERING: PositionState
POSITION_STATE_ACTIVE: PositionState
POSITION_STATE_EXITING: PositionState
POSITION_STATE_CLOSED: PositionState
POSITION_STATE_CANCELLED: PositionState
POSITION_STATE_ERROR: PositionState
TRAILING_MODE_UNSPECIFIED: TrailingMode
TRAILING_MODE_OFF: TrailingMode
TRAILING_MODE_HANDSPAN: TrailingMode
TRAILING_MODE_CONTINUOUS: TrailingMode
INSURANCE_STATE_UNSPECIFIED: InsuranceState
INSURANCE_STATE_NONE: InsuranceState
INSURANCE_STATE_PLACING: InsuranceState
INSURANCE_STATE_RESTING: InsuranceState
INSURANCE_STATE_CANCELLING: InsuranceState
INSURANCE_STATE_GONE: InsuranceState
INSURANCE_STATE_FAILED: InsuranceState
INSURANCE_STATE_FILLED: InsuranceState
EXIT_FENCE_UNSPECIFIED: ExitFence
EXIT_FENCE_ASSET: ExitFence
EXIT_FENCE_SETTLE: ExitFence
FEED_SOURCE_UNSPECIFIED: FeedSource
FEED_SOURCE_WS: FeedSource
FEED_SOURCE_REST: FeedSource
FEED_SOURCE_TAPE: FeedSource
RUNTIME_STATE_UNSPECIFIED: RuntimeState
RUNTIME_STATE_RUNNING: RuntimeState
RUNTIME_STATE_PAUSED: RuntimeState
RUNTIME_STATE_DRAINING: RuntimeState
RUNTIME_STATE_STOPPED: RuntimeState
ORDER_PURPOSE_UNSPECIFIED: OrderPurpose
ORDER_PURPOSE_ENTRY: OrderPurpose
ORDER_PURPOSE_EXIT: OrderPurpose
ORDER_PURPOSE_INSURANCE: OrderPurpose
ORDER_PURPOSE_CANCEL: OrderPurpose
ORDER_PURPOSE_UNTRACKED: OrderPurpose
LOG_LEVEL_UNSPECIFIED: LogLevel
LOG_LEVEL_DEBUG: LogLevel
LOG_LEVEL_INFO: LogLevel
LOG_LEVEL_WARNING: LogLevel
LOG_LEVEL_ERROR: LogLevel
LOG_LEVEL_CRITICAL: LogLevel
PANIC_ACTION_UNSPECIFIED: PanicAction
PANIC_ACTION_EXIT: PanicAction
PANIC_ACTION_CANCEL: PanicAction
PANIC_ACTION_EXIT_ON_FILL: PanicAction
PANIC_ACTION_ALREADY_EXITING: PanicAction
DISARM_OUTCOME_UNSPECIFIED: DisarmOutcome
DISARM_OUTCOME_CANCELLED: DisarmOutcome
DISARM_OUTCOME_NOOP: DisarmOutcome
DISARM_OUTCOME_CANCEL_REQUESTED: DisarmOutcome
CHECK_ANSWER_UNSPECIFIED: CheckAnswer
CHECK_ANSWER_PASS: CheckAnswer
CHECK_ANSWER_FAIL: CheckAnswer
CHECK_ANSWER_UNCHECKED: CheckAnswer

class Daemon(_message.Message):
    __slots__ = ("version", "instance_id", "profile", "account", "epoch", "runtime_state", "started_at", "tape", "leases", "degraded", "reconciliation_blockers", "feeds", "journal", "clock_skew_ms", "runtime_change", "disk", "exchange", "uninsured", "observes")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_ID_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_STATE_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    TAPE_FIELD_NUMBER: _ClassVar[int]
    LEASES_FIELD_NUMBER: _ClassVar[int]
    DEGRADED_FIELD_NUMBER: _ClassVar[int]
    RECONCILIATION_BLOCKERS_FIELD_NUMBER: _ClassVar[int]
    FEEDS_FIELD_NUMBER: _ClassVar[int]
    JOURNAL_FIELD_NUMBER: _ClassVar[int]
    CLOCK_SKEW_MS_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_CHANGE_FIELD_NUMBER: _ClassVar[int]
    DISK_FIELD_NUMBER: _ClassVar[int]
    EXCHANGE_FIELD_NUMBER: _ClassVar[int]
    UNINSURED_FIELD_NUMBER: _ClassVar[int]
    OBSERVES_FIELD_NUMBER: _ClassVar[int]
    version: str
    instance_id: str
    profile: str
    account: str
    epoch: int
    runtime_state: RuntimeState
    started_at: _timestamp_pb2.Timestamp
    tape: str
    leases: _containers.RepeatedCompositeFieldContainer[Lease]
    degraded: _containers.RepeatedCompositeFieldContainer[Degraded]
    reconciliation_blockers: _containers.RepeatedScalarFieldContainer[str]
    feeds: _containers.RepeatedCompositeFieldContainer[Feed]
    journal: JournalStatus
    clock_skew_ms: int
    runtime_change: RuntimeChange
    disk: Disk
    exchange: ExchangeReach
    uninsured: bool
    observes: bool
    def __init__(self, version: _Optional[str] = ..., instance_id: _Optional[str] = ..., profile: _Optional[str] = ..., account: _Optional[str] = ..., epoch: _Optional[int] = ..., runtime_state: _Optional[_Union[RuntimeState, str]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tape: _Optional[str] = ..., leases: _Optional[_Iterable[_Union[Lease, _Mapping]]] = ..., degraded: _Optional[_Iterable[_Union[Degraded, _Mapping]]] = ..., reconciliation_blockers: _Optional[_Iterable[str]] = ..., feeds: _Optional[_Iterable[_Union[Feed, _Mapping]]] = ..., journal: _Optional[_Union[JournalStatus, _Mapping]] = ..., clock_skew_ms: _Optional[int] = ..., runtime_change: _Optional[_Union[RuntimeChange, _Mapping]] = ..., disk: _Optional[_Union[Disk, _Mapping]] = ..., exchange: _Optional[_Union[ExchangeReach, _Mapping]] = ..., uninsured: _Optional[bool] = ..., observes: _Optional[bool] = ...) -> None: ...

class ExchangeReach(_message.Message):
    __slots__ = ("silent_since", "unanswered", "refused")
    SILENT_SINCE_FIELD_NUMBER: _ClassVar[int]
    UNANSWERED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    silent_since: _timestamp_pb2.Timestamp
    unanswered: int
    refused: str
    def __init__(self, silent_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., unanswered: _Optional[int] = ..., refused: _Optional[str] = ...) -> None: ...

class Disk(_message.Message):
    __slots__ = ("free_mib", "warn_mib", "entry_mib")
    FREE_MIB_FIELD_NUMBER: _ClassVar[int]
    WARN_MIB_FIELD_NUMBER: _ClassVar[int]
    ENTRY_MIB_FIELD_NUMBER: _ClassVar[int]
    free_mib: int
    warn_mib: int
    entry_mib: int
    def __init__(self, free_mib: _Optional[int] = ..., warn_mib: _Optional[int] = ..., entry_mib: _Optional[int] = ...) -> None: ...

class RuntimeChange(_message.Message):
    __slots__ = ("reason", "actor", "since")
    REASON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    reason: str
    actor: str
    since: _timestamp_pb2.Timestamp
    def __init__(self, reason: _Optional[str] = ..., actor: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Lease(_message.Message):
    __slots__ = ("key", "epoch", "expires_in_s")
    KEY_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_IN_S_FIELD_NUMBER: _ClassVar[int]
    key: str
    epoch: int
    expires_in_s: str
    def __init__(self, key: _Optional[str] = ..., epoch: _Optional[int] = ..., expires_in_s: _Optional[str] = ...) -> None: ...

class Degraded(_message.Message):
    __slots__ = ("scope", "reason", "since", "code", "auto_clear")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    AUTO_CLEAR_FIELD_NUMBER: _ClassVar[int]
    scope: str
    reason: str
    since: _timestamp_pb2.Timestamp
    code: str
    auto_clear: bool
    def __init__(self, scope: _Optional[str] = ..., reason: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., code: _Optional[str] = ..., auto_clear: _Optional[bool] = ...) -> None: ...

class Feed(_message.Message):
    __slots__ = ("symbol", "source", "age_ms")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    AGE_MS_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    source: FeedSource
    age_ms: int
    def __init__(self, symbol: _Optional[str] = ..., source: _Optional[_Union[FeedSource, str]] = ..., age_ms: _Optional[int] = ...) -> None: ...

class JournalStatus(_message.Message):
    __slots__ = ("seq", "replicated_seq", "lag_s", "replication")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    REPLICATED_SEQ_FIELD_NUMBER: _ClassVar[int]
    LAG_S_FIELD_NUMBER: _ClassVar[int]
    REPLICATION_FIELD_NUMBER: _ClassVar[int]
    seq: int
    replicated_seq: int
    lag_s: str
    replication: str
    def __init__(self, seq: _Optional[int] = ..., replicated_seq: _Optional[int] = ..., lag_s: _Optional[str] = ..., replication: _Optional[str] = ...) -> None: ...

class Instrument(_message.Message):
    __slots__ = ("symbol", "base", "quote", "tick", "step", "price_decimals", "quantity_decimals", "derived")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    TICK_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    PRICE_DECIMALS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_DECIMALS_FIELD_NUMBER: _ClassVar[int]
    DERIVED_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    base: str
    quote: str
    tick: str
    step: str
    price_decimals: int
    quantity_decimals: int
    derived: bool
    def __init__(self, symbol: _Optional[str] = ..., base: _Optional[str] = ..., quote: _Optional[str] = ..., tick: _Optional[str] = ..., step: _Optional[str] = ..., price_decimals: _Optional[int] = ..., quantity_decimals: _Optional[int] = ..., derived: _Optional[bool] = ...) -> None: ...

class Palma(_message.Message):
    __slots__ = ("distance", "distance_pct")
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_PCT_FIELD_NUMBER: _ClassVar[int]
    distance: str
    distance_pct: str
    def __init__(self, distance: _Optional[str] = ..., distance_pct: _Optional[str] = ...) -> None: ...

class Trailing(_message.Message):
    __slots__ = ("mode", "rung", "watermark")
    MODE_FIELD_NUMBER: _ClassVar[int]
    RUNG_FIELD_NUMBER: _ClassVar[int]
    WATERMARK_FIELD_NUMBER: _ClassVar[int]
    mode: TrailingMode
    rung: int
    watermark: str
    def __init__(self, mode: _Optional[_Union[TrailingMode, str]] = ..., rung: _Optional[int] = ..., watermark: _Optional[str] = ...) -> None: ...

class Insurance(_message.Message):
    __slots__ = ("state", "stop_price", "quantity", "client_id", "order_id", "age_s", "attempts", "error", "off")
    STATE_FIELD_NUMBER: _ClassVar[int]
    STOP_PRICE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    AGE_S_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    OFF_FIELD_NUMBER: _ClassVar[int]
    state: InsuranceState
    stop_price: str
    quantity: str
    client_id: str
    order_id: int
    age_s: str
    attempts: int
    error: str
    off: bool
    def __init__(self, state: _Optional[_Union[InsuranceState, str]] = ..., stop_price: _Optional[str] = ..., quantity: _Optional[str] = ..., client_id: _Optional[str] = ..., order_id: _Optional[int] = ..., age_s: _Optional[str] = ..., attempts: _Optional[int] = ..., error: _Optional[str] = ..., off: _Optional[bool] = ...) -> None: ...

class Margin(_message.Message):
    __slots__ = ("level", "asset", "debt", "interest", "read_at", "band", "exit_level", "liquidation_ratio", "liquidation_price")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    DEBT_FIELD_NUMBER: _ClassVar[int]
    INTEREST_FIELD_NUMBER: _ClassVar[int]
    READ_AT_FIELD_NUMBER: _ClassVar[int]
    BAND_FIELD_NUMBER: _ClassVar[int]
    EXIT_LEVEL_FIELD_NUMBER: _ClassVar[int]
    LIQUIDATION_RATIO_FIELD_NUMBER: _ClassVar[int]
    LIQUIDATION_PRICE_FIELD_NUMBER: _ClassVar[int]
    level: str
    asset: str
    debt: str
    interest: str
    read_at: _timestamp_pb2.Timestamp
    band: str
    exit_level: str
    liquidation_ratio: str
    liquidation_price: str
    def __init__(self, level: _Optional[str] = ..., asset: _Optional[str] = ..., debt: _Optional[str] = ..., interest: _Optional[str] = ..., read_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., band: _Optional[str] = ..., exit_level: _Optional[str] = ..., liquidation_ratio: _Optional[str] = ..., liquidation_price: _Optional[str] = ...) -> None: ...

class Frozen(_message.Message):
    __slots__ = ("reason",)
    IS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ..., **kwargs) -> None: ...

class Named(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Rejection(_message.Message):
    __slots__ = ("code", "message", "numbers", "at")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    numbers: _containers.RepeatedCompositeFieldContainer[Named]
    at: _timestamp_pb2.Timestamp
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., numbers: _Optional[_Iterable[_Union[Named, _Mapping]]] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class PricePoint(_message.Message):
    __slots__ = ("value", "at", "age_s")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    AGE_S_FIELD_NUMBER: _ClassVar[int]
    value: str
    at: _timestamp_pb2.Timestamp
    age_s: str
    def __init__(self, value: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., age_s: _Optional[str] = ...) -> None: ...

class Protection(_message.Message):
    __slots__ = ("after_fill_s", "replacing_s", "before_exit_s", "unprotected_s", "vanished_s", "alerted_at")
    AFTER_FILL_S_FIELD_NUMBER: _ClassVar[int]
    REPLACING_S_FIELD_NUMBER: _ClassVar[int]
    BEFORE_EXIT_S_FIELD_NUMBER: _ClassVar[int]
    UNPROTECTED_S_FIELD_NUMBER: _ClassVar[int]
    VANISHED_S_FIELD_NUMBER: _ClassVar[int]
    ALERTED_AT_FIELD_NUMBER: _ClassVar[int]
    after_fill_s: str
    replacing_s: str
    before_exit_s: str
    unprotected_s: str
    vanished_s: str
    alerted_at: _timestamp_pb2.Timestamp
    def __init__(self, after_fill_s: _Optional[str] = ..., replacing_s: _Optional[str] = ..., before_exit_s: _Optional[str] = ..., unprotected_s: _Optional[str] = ..., vanished_s: _Optional[str] = ..., alerted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Trigger(_message.Message):
    __slots__ = ("reason", "price", "at", "jumped_from", "stop", "actor")
    REASON_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    JUMPED_FROM_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    reason: str
    price: str
    at: _timestamp_pb2.Timestamp
    jumped_from: str
    stop: str
    actor: str
    def __init__(self, reason: _Optional[str] = ..., price: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., jumped_from: _Optional[str] = ..., stop: _Optional[str] = ..., actor: _Optional[str] = ...) -> None: ...

class Order(_message.Message):
    __slots__ = ("purpose", "client_id", "order_id", "action", "type", "quantity", "stop_price", "attempt", "status", "sent_at")
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    STOP_PRICE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SENT_AT_FIELD_NUMBER: _ClassVar[int]
    purpose: OrderPurpose
    client_id: str
    order_id: int
    action: str
    type: str
    quantity: str
    stop_price: str
    attempt: int
    status: str
    sent_at: _timestamp_pb2.Timestamp
    def __init__(self, purpose: _Optional[_Union[OrderPurpose, str]] = ..., client_id: _Optional[str] = ..., order_id: _Optional[int] = ..., action: _Optional[str] = ..., type: _Optional[str] = ..., quantity: _Optional[str] = ..., stop_price: _Optional[str] = ..., attempt: _Optional[int] = ..., status: _Optional[str] = ..., sent_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Strategy(_message.Message):
    __slots__ = ("name", "version", "detector", "stop_gain_spans", "be_bps", "risk_pct")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DETECTOR_FIELD_NUMBER: _ClassVar[int]
    STOP_GAIN_SPANS_FIELD_NUMBER: _ClassVar[int]
    BE_BPS_FIELD_NUMBER: _ClassVar[int]
    RISK_PCT_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    detector: str
    stop_gain_spans: str
    be_bps: str
    risk_pct: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., detector: _Optional[str] = ..., stop_gain_spans: _Optional[str] = ..., be_bps: _Optional[str] = ..., risk_pct: _Optional[str] = ...) -> None: ...

class AssetAmount(_message.Message):
    __slots__ = ("asset", "amount")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    asset: str
    amount: str
    def __init__(self, asset: _Optional[str] = ..., amount: _Optional[str] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("id", "instrument", "side", "state", "entry_price", "stop_loss", "stop_gain", "quantity", "leverage", "unrealized_pnl", "realized_pnl", "palma", "created_at", "entry_filled_at", "closed_at", "strategy", "exit_reason", "trailing", "technical_stop", "executable_span", "planned_risk", "r_multiple", "insurance", "margin", "frozen", "last_rejection", "settled", "version", "account", "entry_ref", "first_stop", "capital", "entry_quantity", "price", "exit_price", "exited_at", "fees", "interest", "waiting_for", "protection", "exit_fence", "orders", "trigger", "at_risk", "result_at_stop", "net_r_at_gain", "actual_risk", "pnl_provisional", "actor", "rejections", "other_fees")
    ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ENTRY_PRICE_FIELD_NUMBER: _ClassVar[int]
    STOP_LOSS_FIELD_NUMBER: _ClassVar[int]
    STOP_GAIN_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    LEVERAGE_FIELD_NUMBER: _ClassVar[int]
    UNREALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    REALIZED_PNL_FIELD_NUMBER: _ClassVar[int]
    PALMA_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    ENTRY_FILLED_AT_FIELD_NUMBER: _ClassVar[int]
    CLOSED_AT_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    EXIT_REASON_FIELD_NUMBER: _ClassVar[int]
    TRAILING_FIELD_NUMBER: _ClassVar[int]
    TECHNICAL_STOP_FIELD_NUMBER: _ClassVar[int]
    EXECUTABLE_SPAN_FIELD_NUMBER: _ClassVar[int]
    PLANNED_RISK_FIELD_NUMBER: _ClassVar[int]
    R_MULTIPLE_FIELD_NUMBER: _ClassVar[int]
    INSURANCE_FIELD_NUMBER: _ClassVar[int]
    MARGIN_FIELD_NUMBER: _ClassVar[int]
    FROZEN_FIELD_NUMBER: _ClassVar[int]
    LAST_REJECTION_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    ENTRY_REF_FIELD_NUMBER: _ClassVar[int]
    FIRST_STOP_FIELD_NUMBER: _ClassVar[int]
    CAPITAL_FIELD_NUMBER: _ClassVar[int]
    ENTRY_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    EXIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    EXITED_AT_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    INTEREST_FIELD_NUMBER: _ClassVar[int]
    WAITING_FOR_FIELD_NUMBER: _ClassVar[int]
    PROTECTION_FIELD_NUMBER: _ClassVar[int]
    EXIT_FENCE_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    AT_RISK_FIELD_NUMBER: _ClassVar[int]
    RESULT_AT_STOP_FIELD_NUMBER: _ClassVar[int]
    NET_R_AT_GAIN_FIELD_NUMBER: _ClassVar[int]
    ACTUAL_RISK_FIELD_NUMBER: _ClassVar[int]
    PNL_PROVISIONAL_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REJECTIONS_FIELD_NUMBER: _ClassVar[int]
    OTHER_FEES_FIELD_NUMBER: _ClassVar[int]
    id: str
    instrument: Instrument
    side: Side
    state: PositionState
    entry_price: str
    stop_loss: str
    stop_gain: str
    quantity: str
    leverage: int
    unrealized_pnl: str
    realized_pnl: str
    palma: Palma
    created_at: _timestamp_pb2.Timestamp
    entry_filled_at: _timestamp_pb2.Timestamp
    closed_at: _timestamp_pb2.Timestamp
    strategy: Strategy
    exit_reason: str
    trailing: Trailing
    technical_stop: str
    executable_span: str
    planned_risk: str
    r_multiple: str
    insurance: Insurance
    margin: Margin
    frozen: Frozen
    last_rejection: Rejection
    settled: bool
    version: int
    account: str
    entry_ref: str
    first_stop: str
    capital: str
    entry_quantity: str
    price: PricePoint
    exit_price: str
    exited_at: _timestamp_pb2.Timestamp
    fees: str
    interest: str
    waiting_for: str
    protection: Protection
    exit_fence: ExitFence
    orders: _containers.RepeatedCompositeFieldContainer[Order]
    trigger: Trigger
    at_risk: str
    result_at_stop: str
    net_r_at_gain: str
    actual_risk: str
    pnl_provisional: str
    actor: str
    rejections: int
    other_fees: _containers.RepeatedCompositeFieldContainer[AssetAmount]
    def __init__(self, id: _Optional[str] = ..., instrument: _Optional[_Union[Instrument, _Mapping]] = ..., side: _Optional[_Union[Side, str]] = ..., state: _Optional[_Union[PositionState, str]] = ..., entry_price: _Optional[str] = ..., stop_loss: _Optional[str] = ..., stop_gain: _Optional[str] = ..., quantity: _Optional[str] = ..., leverage: _Optional[int] = ..., unrealized_pnl: _Optional[str] = ..., realized_pnl: _Optional[str] = ..., palma: _Optional[_Union[Palma, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., entry_filled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., closed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., strategy: _Optional[_Union[Strategy, _Mapping]] = ..., exit_reason: _Optional[str] = ..., trailing: _Optional[_Union[Trailing, _Mapping]] = ..., technical_stop: _Optional[str] = ..., executable_span: _Optional[str] = ..., planned_risk: _Optional[str] = ..., r_multiple: _Optional[str] = ..., insurance: _Optional[_Union[Insurance, _Mapping]] = ..., margin: _Optional[_Union[Margin, _Mapping]] = ..., frozen: _Optional[_Union[Frozen, _Mapping]] = ..., last_rejection: _Optional[_Union[Rejection, _Mapping]] = ..., settled: _Optional[bool] = ..., version: _Optional[int] = ..., account: _Optional[str] = ..., entry_ref: _Optional[str] = ..., first_stop: _Optional[str] = ..., capital: _Optional[str] = ..., entry_quantity: _Optional[str] = ..., price: _Optional[_Union[PricePoint, _Mapping]] = ..., exit_price: _Optional[str] = ..., exited_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., fees: _Optional[str] = ..., interest: _Optional[str] = ..., waiting_for: _Optional[str] = ..., protection: _Optional[_Union[Protection, _Mapping]] = ..., exit_fence: _Optional[_Union[ExitFence, str]] = ..., orders: _Optional[_Iterable[_Union[Order, _Mapping]]] = ..., trigger: _Optional[_Union[Trigger, _Mapping]] = ..., at_risk: _Optional[str] = ..., result_at_stop: _Optional[str] = ..., net_r_at_gain: _Optional[str] = ..., actual_risk: _Optional[str] = ..., pnl_provisional: _Optional[str] = ..., actor: _Optional[str] = ..., rejections: _Optional[int] = ..., other_fees: _Optional[_Iterable[_Union[AssetAmount, _Mapping]]] = ...) -> None: ...

class Limit(_message.Message):
    __slots__ = ("value", "limit")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    value: int
    limit: int
    def __init__(self, value: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class DailyRisk(_message.Message):
    __slots__ = ("pnl", "limit", "trades", "trades_limit", "resets_at", "trades_warn")
    PNL_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    TRADES_FIELD_NUMBER: _ClassVar[int]
    TRADES_LIMIT_FIELD_NUMBER: _ClassVar[int]
    RESETS_AT_FIELD_NUMBER: _ClassVar[int]
    TRADES_WARN_FIELD_NUMBER: _ClassVar[int]
    pnl: str
    limit: str
    trades: int
    trades_limit: int
    resets_at: _timestamp_pb2.Timestamp
    trades_warn: int
    def __init__(self, pnl: _Optional[str] = ..., limit: _Optional[str] = ..., trades: _Optional[int] = ..., trades_limit: _Optional[int] = ..., resets_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., trades_warn: _Optional[int] = ...) -> None: ...

class Halt(_message.Message):
    __slots__ = ("reason", "since", "actor")
    IS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    reason: str
    since: _timestamp_pb2.Timestamp
    actor: str
    def __init__(self, reason: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ..., **kwargs) -> None: ...

class Risk(_message.Message):
    __slots__ = ("asset", "capital_base", "budget", "consumed", "latent", "remaining", "slots", "daily", "halt", "open_positions", "max_leverage", "month_resets_at", "gates", "alerts", "credit")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    CAPITAL_BASE_FIELD_NUMBER: _ClassVar[int]
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    CONSUMED_FIELD_NUMBER: _ClassVar[int]
    LATENT_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    SLOTS_FIELD_NUMBER: _ClassVar[int]
    DAILY_FIELD_NUMBER: _ClassVar[int]
    HALT_FIELD_NUMBER: _ClassVar[int]
    OPEN_POSITIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_LEVERAGE_FIELD_NUMBER: _ClassVar[int]
    MONTH_RESETS_AT_FIELD_NUMBER: _ClassVar[int]
    GATES_FIELD_NUMBER: _ClassVar[int]
    ALERTS_FIELD_NUMBER: _ClassVar[int]
    CREDIT_FIELD_NUMBER: _ClassVar[int]
    asset: str
    capital_base: str
    budget: str
    consumed: str
    latent: str
    remaining: str
    slots: int
    daily: DailyRisk
    halt: Halt
    open_positions: Limit
    max_leverage: int
    month_resets_at: _timestamp_pb2.Timestamp
    gates: _containers.RepeatedCompositeFieldContainer[Gate]
    alerts: _containers.RepeatedCompositeFieldContainer[BudgetAlert]
    credit: _containers.RepeatedCompositeFieldContainer[Credit]
    def __init__(self, asset: _Optional[str] = ..., capital_base: _Optional[str] = ..., budget: _Optional[str] = ..., consumed: _Optional[str] = ..., latent: _Optional[str] = ..., remaining: _Optional[str] = ..., slots: _Optional[int] = ..., daily: _Optional[_Union[DailyRisk, _Mapping]] = ..., halt: _Optional[_Union[Halt, _Mapping]] = ..., open_positions: _Optional[_Union[Limit, _Mapping]] = ..., max_leverage: _Optional[int] = ..., month_resets_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., gates: _Optional[_Iterable[_Union[Gate, _Mapping]]] = ..., alerts: _Optional[_Iterable[_Union[BudgetAlert, _Mapping]]] = ..., credit: _Optional[_Iterable[_Union[Credit, _Mapping]]] = ...) -> None: ...

class Credit(_message.Message):
    __slots__ = ("symbol", "asset", "amount", "read_at")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    READ_AT_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    asset: str
    amount: str
    read_at: _timestamp_pb2.Timestamp
    def __init__(self, symbol: _Optional[str] = ..., asset: _Optional[str] = ..., amount: _Optional[str] = ..., read_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class BudgetAlert(_message.Message):
    __slots__ = ("line_pct", "loss", "reached_at")
    LINE_PCT_FIELD_NUMBER: _ClassVar[int]
    LOSS_FIELD_NUMBER: _ClassVar[int]
    REACHED_AT_FIELD_NUMBER: _ClassVar[int]
    line_pct: str
    loss: str
    reached_at: _timestamp_pb2.Timestamp
    def __init__(self, line_pct: _Optional[str] = ..., loss: _Optional[str] = ..., reached_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Summary(_message.Message):
    __slots__ = ("active_count", "armed_count", "closed_today_count", "total_pnl_today", "entering_count", "exiting_count", "error_count")
    ACTIVE_COUNT_FIELD_NUMBER: _ClassVar[int]
    ARMED_COUNT_FIELD_NUMBER: _ClassVar[int]
    CLOSED_TODAY_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_PNL_TODAY_FIELD_NUMBER: _ClassVar[int]
    ENTERING_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXITING_COUNT_FIELD_NUMBER: _ClassVar[int]
    ERROR_COUNT_FIELD_NUMBER: _ClassVar[int]
    active_count: int
    armed_count: int
    closed_today_count: int
    total_pnl_today: str
    entering_count: int
    exiting_count: int
    error_count: int
    def __init__(self, active_count: _Optional[int] = ..., armed_count: _Optional[int] = ..., closed_today_count: _Optional[int] = ..., total_pnl_today: _Optional[str] = ..., entering_count: _Optional[int] = ..., exiting_count: _Optional[int] = ..., error_count: _Optional[int] = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ("symbol", "states")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    states: _containers.RepeatedScalarFieldContainer[PositionState]
    def __init__(self, symbol: _Optional[str] = ..., states: _Optional[_Iterable[_Union[PositionState, str]]] = ...) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "positions", "summary", "risk")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    RISK_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    positions: _containers.RepeatedCompositeFieldContainer[Position]
    summary: Summary
    risk: Risk
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., positions: _Optional[_Iterable[_Union[Position, _Mapping]]] = ..., summary: _Optional[_Union[Summary, _Mapping]] = ..., risk: _Optional[_Union[Risk, _Mapping]] = ...) -> None: ...

class GetRiskRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetRiskResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "risk")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    RISK_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    risk: Risk
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., risk: _Optional[_Union[Risk, _Mapping]] = ...) -> None: ...

class GetDaemonRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetDaemonResponse(_message.Message):
    __slots__ = ("as_of", "daemon")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ...) -> None: ...

class GetPositionRequest(_message.Message):
    __slots__ = ("position",)
    POSITION_FIELD_NUMBER: _ClassVar[int]
    position: str
    def __init__(self, position: _Optional[str] = ...) -> None: ...

class GetPositionResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "position")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    position: Position
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ...) -> None: ...

class ListHistoryRequest(_message.Message):
    __slots__ = ("days", "symbol", "limit", "since", "until")
    DAYS_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    days: int
    symbol: str
    limit: int
    since: _timestamp_pb2.Timestamp
    until: _timestamp_pb2.Timestamp
    def __init__(self, days: _Optional[int] = ..., symbol: _Optional[str] = ..., limit: _Optional[int] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class HistoryStats(_message.Message):
    __slots__ = ("closed", "won", "net", "fees", "interest", "r_total", "r_average", "largest_loss", "largest_loss_r", "largest_loss_id", "over_plan", "unsettled")
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    WON_FIELD_NUMBER: _ClassVar[int]
    NET_FIELD_NUMBER: _ClassVar[int]
    FEES_FIELD_NUMBER: _ClassVar[int]
    INTEREST_FIELD_NUMBER: _ClassVar[int]
    R_TOTAL_FIELD_NUMBER: _ClassVar[int]
    R_AVERAGE_FIELD_NUMBER: _ClassVar[int]
    LARGEST_LOSS_FIELD_NUMBER: _ClassVar[int]
    LARGEST_LOSS_R_FIELD_NUMBER: _ClassVar[int]
    LARGEST_LOSS_ID_FIELD_NUMBER: _ClassVar[int]
    OVER_PLAN_FIELD_NUMBER: _ClassVar[int]
    UNSETTLED_FIELD_NUMBER: _ClassVar[int]
    closed: int
    won: int
    net: str
    fees: str
    interest: str
    r_total: str
    r_average: str
    largest_loss: str
    largest_loss_r: str
    largest_loss_id: str
    over_plan: _containers.RepeatedScalarFieldContainer[str]
    unsettled: int
    def __init__(self, closed: _Optional[int] = ..., won: _Optional[int] = ..., net: _Optional[str] = ..., fees: _Optional[str] = ..., interest: _Optional[str] = ..., r_total: _Optional[str] = ..., r_average: _Optional[str] = ..., largest_loss: _Optional[str] = ..., largest_loss_r: _Optional[str] = ..., largest_loss_id: _Optional[str] = ..., over_plan: _Optional[_Iterable[str]] = ..., unsettled: _Optional[int] = ...) -> None: ...

class ListHistoryResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "since", "positions", "stats", "truncated", "days", "symbol", "until")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    STATS_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    since: _timestamp_pb2.Timestamp
    positions: _containers.RepeatedCompositeFieldContainer[Position]
    stats: HistoryStats
    truncated: bool
    days: int
    symbol: str
    until: _timestamp_pb2.Timestamp
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., positions: _Optional[_Iterable[_Union[Position, _Mapping]]] = ..., stats: _Optional[_Union[HistoryStats, _Mapping]] = ..., truncated: _Optional[bool] = ..., days: _Optional[int] = ..., symbol: _Optional[str] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("position",)
    POSITION_FIELD_NUMBER: _ClassVar[int]
    position: str
    def __init__(self, position: _Optional[str] = ...) -> None: ...

class JournalRow(_message.Message):
    __slots__ = ("seq", "epoch", "at", "kind", "payload_json", "position")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_JSON_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    seq: int
    epoch: int
    at: _timestamp_pb2.Timestamp
    kind: str
    payload_json: str
    position: str
    def __init__(self, seq: _Optional[int] = ..., epoch: _Optional[int] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[str] = ..., payload_json: _Optional[str] = ..., position: _Optional[str] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "position", "rows")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    position: Position
    rows: _containers.RepeatedCompositeFieldContainer[JournalRow]
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ..., rows: _Optional[_Iterable[_Union[JournalRow, _Mapping]]] = ...) -> None: ...

class WatchEventsRequest(_message.Message):
    __slots__ = ("after_seq", "position", "until_now")
    AFTER_SEQ_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    UNTIL_NOW_FIELD_NUMBER: _ClassVar[int]
    after_seq: int
    position: str
    until_now: bool
    def __init__(self, after_seq: _Optional[int] = ..., position: _Optional[str] = ..., until_now: _Optional[bool] = ...) -> None: ...

class WatchEventsResponse(_message.Message):
    __slots__ = ("row",)
    ROW_FIELD_NUMBER: _ClassVar[int]
    row: JournalRow
    def __init__(self, row: _Optional[_Union[JournalRow, _Mapping]] = ...) -> None: ...

class TailLogsRequest(_message.Message):
    __slots__ = ("level", "position", "follow", "lines")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    level: LogLevel
    position: str
    follow: bool
    lines: int
    def __init__(self, level: _Optional[_Union[LogLevel, str]] = ..., position: _Optional[str] = ..., follow: _Optional[bool] = ..., lines: _Optional[int] = ...) -> None: ...

class TailLogsResponse(_message.Message):
    __slots__ = ("line",)
    LINE_FIELD_NUMBER: _ClassVar[int]
    line: LogLine
    def __init__(self, line: _Optional[_Union[LogLine, _Mapping]] = ...) -> None: ...

class LogLine(_message.Message):
    __slots__ = ("number", "at", "level", "message", "position")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    number: int
    at: _timestamp_pb2.Timestamp
    level: LogLevel
    message: str
    position: str
    def __init__(self, number: _Optional[int] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., level: _Optional[_Union[LogLevel, str]] = ..., message: _Optional[str] = ..., position: _Optional[str] = ...) -> None: ...

class GetConfigRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetConfigResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "keys")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    keys: _containers.RepeatedCompositeFieldContainer[ConfigKey]
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., keys: _Optional[_Iterable[_Union[ConfigKey, _Mapping]]] = ...) -> None: ...

class ConfigKey(_message.Message):
    __slots__ = ("key", "value", "default", "source", "meaning", "secret")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    MEANING_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    key: str
    value: str
    default: str
    source: str
    meaning: str
    secret: bool
    def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ..., default: _Optional[str] = ..., source: _Optional[str] = ..., meaning: _Optional[str] = ..., secret: _Optional[bool] = ...) -> None: ...

class ArmRequest(_message.Message):
    __slots__ = ("symbol", "strategy", "side", "capital", "leverage", "dry_run", "idempotency_key")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    CAPITAL_FIELD_NUMBER: _ClassVar[int]
    LEVERAGE_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    strategy: str
    side: Side
    capital: str
    leverage: int
    dry_run: bool
    idempotency_key: str
    def __init__(self, symbol: _Optional[str] = ..., strategy: _Optional[str] = ..., side: _Optional[_Union[Side, str]] = ..., capital: _Optional[str] = ..., leverage: _Optional[int] = ..., dry_run: _Optional[bool] = ..., idempotency_key: _Optional[str] = ...) -> None: ...

class ArmResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "position", "preview", "repeated")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    PREVIEW_FIELD_NUMBER: _ClassVar[int]
    REPEATED_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    position: Position
    preview: ArmPreview
    repeated: bool
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ..., preview: _Optional[_Union[ArmPreview, _Mapping]] = ..., repeated: _Optional[bool] = ...) -> None: ...

class ArmPreview(_message.Message):
    __slots__ = ("instrument", "side", "strategy", "price", "plan", "stop_search", "gates", "denials", "exit_fence", "waiting_for", "leverage")
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    STOP_SEARCH_FIELD_NUMBER: _ClassVar[int]
    GATES_FIELD_NUMBER: _ClassVar[int]
    DENIALS_FIELD_NUMBER: _ClassVar[int]
    EXIT_FENCE_FIELD_NUMBER: _ClassVar[int]
    WAITING_FOR_FIELD_NUMBER: _ClassVar[int]
    LEVERAGE_FIELD_NUMBER: _ClassVar[int]
    instrument: Instrument
    side: Side
    strategy: Strategy
    price: PricePoint
    plan: Plan
    stop_search: StopSearch
    gates: _containers.RepeatedCompositeFieldContainer[Gate]
    denials: _containers.RepeatedCompositeFieldContainer[Denial]
    exit_fence: ExitFence
    waiting_for: str
    leverage: int
    def __init__(self, instrument: _Optional[_Union[Instrument, _Mapping]] = ..., side: _Optional[_Union[Side, str]] = ..., strategy: _Optional[_Union[Strategy, _Mapping]] = ..., price: _Optional[_Union[PricePoint, _Mapping]] = ..., plan: _Optional[_Union[Plan, _Mapping]] = ..., stop_search: _Optional[_Union[StopSearch, _Mapping]] = ..., gates: _Optional[_Iterable[_Union[Gate, _Mapping]]] = ..., denials: _Optional[_Iterable[_Union[Denial, _Mapping]]] = ..., exit_fence: _Optional[_Union[ExitFence, str]] = ..., waiting_for: _Optional[str] = ..., leverage: _Optional[int] = ...) -> None: ...

class Plan(_message.Message):
    __slots__ = ("entry_ref", "technical_stop", "buffer", "stop", "stop_pct", "span", "stop_gain", "stop_gain_pct", "stop_gain_spans", "net_r_at_gain", "be_bps", "insurance_stop", "borrows", "notional", "sizing")
    ENTRY_REF_FIELD_NUMBER: _ClassVar[int]
    TECHNICAL_STOP_FIELD_NUMBER: _ClassVar[int]
    BUFFER_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    STOP_PCT_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    STOP_GAIN_FIELD_NUMBER: _ClassVar[int]
    STOP_GAIN_PCT_FIELD_NUMBER: _ClassVar[int]
    STOP_GAIN_SPANS_FIELD_NUMBER: _ClassVar[int]
    NET_R_AT_GAIN_FIELD_NUMBER: _ClassVar[int]
    BE_BPS_FIELD_NUMBER: _ClassVar[int]
    INSURANCE_STOP_FIELD_NUMBER: _ClassVar[int]
    BORROWS_FIELD_NUMBER: _ClassVar[int]
    NOTIONAL_FIELD_NUMBER: _ClassVar[int]
    SIZING_FIELD_NUMBER: _ClassVar[int]
    entry_ref: str
    technical_stop: str
    buffer: str
    stop: str
    stop_pct: str
    span: str
    stop_gain: str
    stop_gain_pct: str
    stop_gain_spans: str
    net_r_at_gain: str
    be_bps: str
    insurance_stop: str
    borrows: bool
    notional: str
    sizing: Sizing
    def __init__(self, entry_ref: _Optional[str] = ..., technical_stop: _Optional[str] = ..., buffer: _Optional[str] = ..., stop: _Optional[str] = ..., stop_pct: _Optional[str] = ..., span: _Optional[str] = ..., stop_gain: _Optional[str] = ..., stop_gain_pct: _Optional[str] = ..., stop_gain_spans: _Optional[str] = ..., net_r_at_gain: _Optional[str] = ..., be_bps: _Optional[str] = ..., insurance_stop: _Optional[str] = ..., borrows: _Optional[bool] = ..., notional: _Optional[str] = ..., sizing: _Optional[_Union[Sizing, _Mapping]] = ...) -> None: ...

class Sizing(_message.Message):
    __slots__ = ("capital", "risk_pct", "risk_limit", "fee_rate", "span_term", "fee_term", "gap_term", "slip_term", "interest_term", "loss_unit", "quantity", "planned_risk", "planned_risk_pct", "by_hand_quantity", "by_hand_loss", "by_hand_loss_pct", "quantity_by_risk", "quantity_by_margin", "binding")
    CAPITAL_FIELD_NUMBER: _ClassVar[int]
    RISK_PCT_FIELD_NUMBER: _ClassVar[int]
    RISK_LIMIT_FIELD_NUMBER: _ClassVar[int]
    FEE_RATE_FIELD_NUMBER: _ClassVar[int]
    SPAN_TERM_FIELD_NUMBER: _ClassVar[int]
    FEE_TERM_FIELD_NUMBER: _ClassVar[int]
    GAP_TERM_FIELD_NUMBER: _ClassVar[int]
    SLIP_TERM_FIELD_NUMBER: _ClassVar[int]
    INTEREST_TERM_FIELD_NUMBER: _ClassVar[int]
    LOSS_UNIT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    PLANNED_RISK_FIELD_NUMBER: _ClassVar[int]
    PLANNED_RISK_PCT_FIELD_NUMBER: _ClassVar[int]
    BY_HAND_QUANTITY_FIELD_NUMBER: _ClassVar[int]
    BY_HAND_LOSS_FIELD_NUMBER: _ClassVar[int]
    BY_HAND_LOSS_PCT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_BY_RISK_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_BY_MARGIN_FIELD_NUMBER: _ClassVar[int]
    BINDING_FIELD_NUMBER: _ClassVar[int]
    capital: str
    risk_pct: str
    risk_limit: str
    fee_rate: str
    span_term: str
    fee_term: str
    gap_term: str
    slip_term: str
    interest_term: str
    loss_unit: str
    quantity: str
    planned_risk: str
    planned_risk_pct: str
    by_hand_quantity: str
    by_hand_loss: str
    by_hand_loss_pct: str
    quantity_by_risk: str
    quantity_by_margin: str
    binding: str
    def __init__(self, capital: _Optional[str] = ..., risk_pct: _Optional[str] = ..., risk_limit: _Optional[str] = ..., fee_rate: _Optional[str] = ..., span_term: _Optional[str] = ..., fee_term: _Optional[str] = ..., gap_term: _Optional[str] = ..., slip_term: _Optional[str] = ..., interest_term: _Optional[str] = ..., loss_unit: _Optional[str] = ..., quantity: _Optional[str] = ..., planned_risk: _Optional[str] = ..., planned_risk_pct: _Optional[str] = ..., by_hand_quantity: _Optional[str] = ..., by_hand_loss: _Optional[str] = ..., by_hand_loss_pct: _Optional[str] = ..., quantity_by_risk: _Optional[str] = ..., quantity_by_margin: _Optional[str] = ..., binding: _Optional[str] = ...) -> None: ...

class StopSearch(_message.Message):
    __slots__ = ("level_n", "chosen_n", "method", "confidence", "candles", "min_bps", "max_bps", "atr", "levels")
    LEVEL_N_FIELD_NUMBER: _ClassVar[int]
    CHOSEN_N_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    CANDLES_FIELD_NUMBER: _ClassVar[int]
    MIN_BPS_FIELD_NUMBER: _ClassVar[int]
    MAX_BPS_FIELD_NUMBER: _ClassVar[int]
    ATR_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    level_n: int
    chosen_n: int
    method: str
    confidence: str
    candles: int
    min_bps: int
    max_bps: int
    atr: str
    levels: _containers.RepeatedCompositeFieldContainer[Level]
    def __init__(self, level_n: _Optional[int] = ..., chosen_n: _Optional[int] = ..., method: _Optional[str] = ..., confidence: _Optional[str] = ..., candles: _Optional[int] = ..., min_bps: _Optional[int] = ..., max_bps: _Optional[int] = ..., atr: _Optional[str] = ..., levels: _Optional[_Iterable[_Union[Level, _Mapping]]] = ...) -> None: ...

class Level(_message.Message):
    __slots__ = ("n", "price", "distance", "distance_pct", "touches", "verdict")
    N_FIELD_NUMBER: _ClassVar[int]
    PRICE_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_FIELD_NUMBER: _ClassVar[int]
    DISTANCE_PCT_FIELD_NUMBER: _ClassVar[int]
    TOUCHES_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    n: int
    price: str
    distance: str
    distance_pct: str
    touches: int
    verdict: str
    def __init__(self, n: _Optional[int] = ..., price: _Optional[str] = ..., distance: _Optional[str] = ..., distance_pct: _Optional[str] = ..., touches: _Optional[int] = ..., verdict: _Optional[str] = ...) -> None: ...

class Gate(_message.Message):
    __slots__ = ("number", "code", "ok", "value", "limit", "resets")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    OK_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    RESETS_FIELD_NUMBER: _ClassVar[int]
    number: str
    code: str
    ok: bool
    value: str
    limit: str
    resets: str
    def __init__(self, number: _Optional[str] = ..., code: _Optional[str] = ..., ok: _Optional[bool] = ..., value: _Optional[str] = ..., limit: _Optional[str] = ..., resets: _Optional[str] = ...) -> None: ...

class Denial(_message.Message):
    __slots__ = ("code", "message", "numbers")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    numbers: _containers.RepeatedCompositeFieldContainer[Named]
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ..., numbers: _Optional[_Iterable[_Union[Named, _Mapping]]] = ...) -> None: ...

class DisarmRequest(_message.Message):
    __slots__ = ("position", "force")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    position: str
    force: bool
    def __init__(self, position: _Optional[str] = ..., force: _Optional[bool] = ...) -> None: ...

class DisarmResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "position", "outcome")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    position: Position
    outcome: DisarmOutcome
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ..., outcome: _Optional[_Union[DisarmOutcome, str]] = ...) -> None: ...

class SetRuntimeStateRequest(_message.Message):
    __slots__ = ("state", "reason")
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    state: RuntimeState
    reason: str
    def __init__(self, state: _Optional[_Union[RuntimeState, str]] = ..., reason: _Optional[str] = ...) -> None: ...

class SetRuntimeStateResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "was", "risk")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    WAS_FIELD_NUMBER: _ClassVar[int]
    RISK_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    was: RuntimeState
    risk: Risk
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., was: _Optional[_Union[RuntimeState, str]] = ..., risk: _Optional[_Union[Risk, _Mapping]] = ...) -> None: ...

class InjectSignalRequest(_message.Message):
    __slots__ = ("position", "signal_id", "stop", "side", "entry_ref")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    ENTRY_REF_FIELD_NUMBER: _ClassVar[int]
    position: str
    signal_id: str
    stop: str
    side: Side
    entry_ref: str
    def __init__(self, position: _Optional[str] = ..., signal_id: _Optional[str] = ..., stop: _Optional[str] = ..., side: _Optional[_Union[Side, str]] = ..., entry_ref: _Optional[str] = ...) -> None: ...

class InjectSignalResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "position", "signal_id", "taken", "code", "message", "numbers", "repeated")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    SIGNAL_ID_FIELD_NUMBER: _ClassVar[int]
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    REPEATED_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    position: Position
    signal_id: str
    taken: bool
    code: str
    message: str
    numbers: _containers.RepeatedCompositeFieldContainer[Named]
    repeated: bool
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ..., signal_id: _Optional[str] = ..., taken: _Optional[bool] = ..., code: _Optional[str] = ..., message: _Optional[str] = ..., numbers: _Optional[_Iterable[_Union[Named, _Mapping]]] = ..., repeated: _Optional[bool] = ...) -> None: ...

class TriggerHaltRequest(_message.Message):
    __slots__ = ("reason", "clear")
    REASON_FIELD_NUMBER: _ClassVar[int]
    CLEAR_FIELD_NUMBER: _ClassVar[int]
    reason: str
    clear: bool
    def __init__(self, reason: _Optional[str] = ..., clear: _Optional[bool] = ...) -> None: ...

class TriggerHaltResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "risk")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    RISK_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    risk: Risk
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., risk: _Optional[_Union[Risk, _Mapping]] = ...) -> None: ...

class ReconcileRequest(_message.Message):
    __slots__ = ("symbol", "report_only")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    REPORT_ONLY_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    report_only: bool
    def __init__(self, symbol: _Optional[str] = ..., report_only: _Optional[bool] = ...) -> None: ...

class ReconcileResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "differences", "pairs", "report_only")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    PAIRS_FIELD_NUMBER: _ClassVar[int]
    REPORT_ONLY_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    differences: _containers.RepeatedCompositeFieldContainer[Difference]
    pairs: _containers.RepeatedCompositeFieldContainer[PairReading]
    report_only: bool
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., differences: _Optional[_Iterable[_Union[Difference, _Mapping]]] = ..., pairs: _Optional[_Iterable[_Union[PairReading, _Mapping]]] = ..., report_only: _Optional[bool] = ...) -> None: ...

class PairReading(_message.Message):
    __slots__ = ("symbol", "read_at", "position", "base", "quote", "orders")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    READ_AT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    BASE_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    read_at: _timestamp_pb2.Timestamp
    position: Position
    base: Holding
    quote: Holding
    orders: _containers.RepeatedCompositeFieldContainer[RestingOrder]
    def __init__(self, symbol: _Optional[str] = ..., read_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ..., base: _Optional[_Union[Holding, _Mapping]] = ..., quote: _Optional[_Union[Holding, _Mapping]] = ..., orders: _Optional[_Iterable[_Union[RestingOrder, _Mapping]]] = ...) -> None: ...

class Holding(_message.Message):
    __slots__ = ("asset", "free", "locked", "debt")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    FREE_FIELD_NUMBER: _ClassVar[int]
    LOCKED_FIELD_NUMBER: _ClassVar[int]
    DEBT_FIELD_NUMBER: _ClassVar[int]
    asset: str
    free: str
    locked: str
    debt: str
    def __init__(self, asset: _Optional[str] = ..., free: _Optional[str] = ..., locked: _Optional[str] = ..., debt: _Optional[str] = ...) -> None: ...

class RestingOrder(_message.Message):
    __slots__ = ("order_id", "client_id", "action", "type", "quantity", "stop_price", "ours")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_FIELD_NUMBER: _ClassVar[int]
    STOP_PRICE_FIELD_NUMBER: _ClassVar[int]
    OURS_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    client_id: str
    action: str
    type: str
    quantity: str
    stop_price: str
    ours: bool
    def __init__(self, order_id: _Optional[int] = ..., client_id: _Optional[str] = ..., action: _Optional[str] = ..., type: _Optional[str] = ..., quantity: _Optional[str] = ..., stop_price: _Optional[str] = ..., ours: _Optional[bool] = ...) -> None: ...

class ReconcileCloseRequest(_message.Message):
    __slots__ = ("position", "evidence_json", "reason")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_JSON_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    position: str
    evidence_json: str
    reason: str
    def __init__(self, position: _Optional[str] = ..., evidence_json: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ReconcileCloseResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "position", "risk")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    RISK_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    position: Position
    risk: Risk
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ..., risk: _Optional[_Union[Risk, _Mapping]] = ...) -> None: ...

class ResolveRequest(_message.Message):
    __slots__ = ("position", "target", "evidence_json", "reason")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_JSON_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    position: str
    target: PositionState
    evidence_json: str
    reason: str
    def __init__(self, position: _Optional[str] = ..., target: _Optional[_Union[PositionState, str]] = ..., evidence_json: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ResolveResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "position", "risk")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    RISK_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    position: Position
    risk: Risk
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ..., risk: _Optional[_Union[Risk, _Mapping]] = ...) -> None: ...

class HandOverRequest(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class HandOverResponse(_message.Message):
    __slots__ = ("as_of", "daemon")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ...) -> None: ...

class DoctorRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DoctorResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "checks")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    checks: _containers.RepeatedCompositeFieldContainer[Check]
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., checks: _Optional[_Iterable[_Union[Check, _Mapping]]] = ...) -> None: ...

class TestAlertRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TestAlertResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "checks")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    checks: _containers.RepeatedCompositeFieldContainer[Check]
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., checks: _Optional[_Iterable[_Union[Check, _Mapping]]] = ...) -> None: ...

class Check(_message.Message):
    __slots__ = ("name", "answer", "said", "means", "fix", "incident")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    SAID_FIELD_NUMBER: _ClassVar[int]
    MEANS_FIELD_NUMBER: _ClassVar[int]
    FIX_FIELD_NUMBER: _ClassVar[int]
    INCIDENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    answer: CheckAnswer
    said: str
    means: str
    fix: str
    incident: str
    def __init__(self, name: _Optional[str] = ..., answer: _Optional[_Union[CheckAnswer, str]] = ..., said: _Optional[str] = ..., means: _Optional[str] = ..., fix: _Optional[str] = ..., incident: _Optional[str] = ...) -> None: ...

class Difference(_message.Message):
    __slots__ = ("symbol", "row", "code", "message", "evidence", "follows", "freezes")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    FOLLOWS_FIELD_NUMBER: _ClassVar[int]
    FREEZES_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    row: str
    code: str
    message: str
    evidence: _containers.RepeatedCompositeFieldContainer[Named]
    follows: bool
    freezes: bool
    def __init__(self, symbol: _Optional[str] = ..., row: _Optional[str] = ..., code: _Optional[str] = ..., message: _Optional[str] = ..., evidence: _Optional[_Iterable[_Union[Named, _Mapping]]] = ..., follows: _Optional[bool] = ..., freezes: _Optional[bool] = ...) -> None: ...

class ClearDegradedRequest(_message.Message):
    __slots__ = ("scope", "reason")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    scope: str
    reason: str
    def __init__(self, scope: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ClearDegradedResponse(_message.Message):
    __slots__ = ("as_of", "daemon", "risk")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    RISK_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    risk: Risk
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., risk: _Optional[_Union[Risk, _Mapping]] = ...) -> None: ...

class PanicRequest(_message.Message):
    __slots__ = ("symbol", "dry_run", "reason")
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    symbol: str
    dry_run: bool
    reason: str
    def __init__(self, symbol: _Optional[str] = ..., dry_run: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class PanicProgress(_message.Message):
    __slots__ = ("as_of", "daemon", "started_at", "elapsed_s", "steps", "done", "dry_run", "left_open")
    AS_OF_FIELD_NUMBER: _ClassVar[int]
    DAEMON_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ELAPSED_S_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    LEFT_OPEN_FIELD_NUMBER: _ClassVar[int]
    as_of: _timestamp_pb2.Timestamp
    daemon: Daemon
    started_at: _timestamp_pb2.Timestamp
    elapsed_s: str
    steps: _containers.RepeatedCompositeFieldContainer[PanicStep]
    done: bool
    dry_run: bool
    left_open: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, as_of: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., daemon: _Optional[_Union[Daemon, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., elapsed_s: _Optional[str] = ..., steps: _Optional[_Iterable[_Union[PanicStep, _Mapping]]] = ..., done: _Optional[bool] = ..., dry_run: _Optional[bool] = ..., left_open: _Optional[_Iterable[str]] = ...) -> None: ...

class PanicStep(_message.Message):
    __slots__ = ("position", "action", "decided", "stop_off", "flat", "settled", "result")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    DECIDED_FIELD_NUMBER: _ClassVar[int]
    STOP_OFF_FIELD_NUMBER: _ClassVar[int]
    FLAT_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    position: Position
    action: PanicAction
    decided: bool
    stop_off: bool
    flat: bool
    settled: bool
    result: str
    def __init__(self, position: _Optional[_Union[Position, _Mapping]] = ..., action: _Optional[_Union[PanicAction, str]] = ..., decided: _Optional[bool] = ..., stop_off: _Optional[bool] = ..., flat: _Optional[bool] = ..., settled: _Optional[bool] = ..., result: _Optional[str] = ...) -> None: ...

class GetSimReportRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetSimReportResponse(_message.Message):
    __slots__ = ("document_json",)
    DOCUMENT_JSON_FIELD_NUMBER: _ClassVar[int]
    document_json: str
    def __init__(self, document_json: _Optional[str] = ...) -> None: ...
