"""The exchange's rules by name: what each refusal says, and how often every rule really bit."""

from __future__ import annotations

import enum

from robson.domain.reports import ApiError


class Rule(enum.Enum):
    """One rule of the exchange. A test of the exchange fails on a rule that never bit."""

    # who and when
    SYMBOL_UNKNOWN = "symbol_unknown"
    ACCOUNT_MISSING = "account_missing"
    TIMESTAMP_MISSING = "timestamp_missing"
    TIMESTAMP_AHEAD = "timestamp_ahead"
    TIMESTAMP_OLD = "timestamp_old"
    TIMESTAMP_OLD_AT_MATCHING = "timestamp_old_at_matching"
    RECV_WINDOW_TOO_LARGE = "recv_window_too_large"
    # shape of an order
    CLIENT_ID_MALFORMED = "client_id_malformed"
    STOP_PRICE_MISSING = "stop_price_missing"
    STOP_PRICE_UNWANTED = "stop_price_unwanted"
    LIMIT_PRICE_MISSING = "limit_price_missing"
    LIMIT_PRICE_UNWANTED = "limit_price_unwanted"
    TOO_PRECISE = "too_precise"
    STOP_WOULD_BORROW = "stop_would_borrow"
    MARKET_NOT_LISTED = "market_not_listed"
    STOP_NOT_LISTED = "stop_not_listed"
    FILTER_PRICE = "filter_price"
    FILTER_LOT_SIZE = "filter_lot_size"
    FILTER_MARKET_LOT_SIZE = "filter_market_lot_size"
    FILTER_NOTIONAL = "filter_notional"
    # taking an order
    MARKET_CLOSED = "market_closed"
    ID_OPEN_DUPLICATE = "id_open_duplicate"
    ID_REUSED_AFTER_FILL = "id_reused_after_fill"
    ID_REUSED_AFTER_END = "id_reused_after_end"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    BORROW_BASE = "borrow_base"
    BORROW_QUOTE = "borrow_quote"
    BORROW_NOT_NEEDED = "borrow_not_needed"
    BORROW_TOO_MUCH = "borrow_too_much"
    FILLED_AT_SLIPPED_PRICE = "filled_at_slipped_price"
    COMMISSION_BASE = "commission_base"
    COMMISSION_QUOTE = "commission_quote"
    # resting stops
    STOP_WOULD_TRIGGER = "stop_would_trigger"
    STOP_RESTING = "stop_resting"
    LOCK_BASE = "lock_base"
    LOCK_QUOTE = "lock_quote"
    UNLOCK_BASE = "unlock_base"
    UNLOCK_QUOTE = "unlock_quote"
    STOP_MET_ON_THE_WAY = "stop_met_on_the_way"
    STOP_MET_BY_JUMP = "stop_met_by_jump"
    LIMIT_STOP_PASSED = "limit_stop_passed"
    LIMIT_STOP_FILLED_LATER = "limit_stop_filled_later"
    STOP_EXPIRED_UNFUNDED = "stop_expired_unfunded"
    CANCELLED = "cancelled"
    CANCELLED_PARTLY_FILLED = "cancelled_partly_filled"
    CANCEL_UNKNOWN = "cancel_unknown"
    # orders with a limit of their own
    TAKE_PROFIT_NOT_LISTED = "take_profit_not_listed"
    LIMIT_WOULD_MATCH = "limit_would_match"
    LIMIT_TAKES = "limit_takes"
    LIMIT_RESTING = "limit_resting"
    LIMIT_EXPIRED = "limit_expired"
    LIMIT_MET = "limit_met"
    LOAN_REPAID_AT_CANCEL = "loan_repaid_at_cancel"
    # debt
    INTEREST_ON_BORROW = "interest_on_borrow"
    INTEREST_HOURLY = "interest_hourly"
    AUTO_REPAY_BASE = "auto_repay_base"
    AUTO_REPAY_QUOTE = "auto_repay_quote"
    AUTO_REPAY_NO_DEBT = "auto_repay_no_debt"
    AUTO_REPAY_RESIDUE = "auto_repay_residue"
    REPAID_BY_HAND = "repaid_by_hand"
    REPAY_FOREIGN_ASSET = "repay_foreign_asset"
    REPAY_NOTHING = "repay_nothing"
    REPAY_PENDING = "repay_pending"
    REPAY_ABOVE_DEBT = "repay_above_debt"
    REPAY_ABOVE_FREE = "repay_above_free"
    # below the pair's liquidation ratio
    LIQUIDATED = "liquidated"
    LIQUIDATION_EXPIRES_ORDER = "liquidation_expires_order"
    LIQUIDATION_LEAVES_DEBT = "liquidation_leaves_debt"
    # questions
    ORDER_UNKNOWN = "order_unknown"
    NO_PRICE_INDEX = "no_price_index"
    # faults, where they really struck
    FAULT_REJECTS = "fault_rejects"
    FAULT_HIDES_ORDER = "fault_hides_order"
    FAULT_SKIPS_REPAY = "fault_skips_repay"
    FAULT_DROPS_STOP = "fault_drops_stop"
    FAULT_FILLS_ONLY = "fault_fills_only"
    FAULT_FILLS_IN_PIECES = "fault_fills_in_pieces"
    FAULT_MATCHES_LATE = "fault_matches_late"
    FAULT_RULES_CHANGE = "fault_rules_change"
    FAULT_LOOKS_BACK = "fault_looks_back"
    FAULT_RETELLS = "fault_retells"
    FOREIGN_DEED = "foreign_deed"


def _no(code: int, message: str) -> ApiError:
    return ApiError(status=400, code=code, message=message)


def _not_sent(parameter: str) -> ApiError:
    return _no(
        -1102, f"Mandatory parameter '{parameter}' was not sent, was empty/null, or malformed."
    )


_OUTSIDE = _no(-1021, "Timestamp for this request is outside of the recvWindow.")
_AHEAD = _no(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
_BAD_ID = (
    "Illegal characters found in parameter 'newClientOrderId';"
    " legal range is '^[a-zA-Z0-9-_]{1,36}$'."
)

REFUSALS: dict[Rule, ApiError] = {
    Rule.SYMBOL_UNKNOWN: _no(-1121, "Invalid symbol."),
    Rule.ACCOUNT_MISSING: _no(-3003, "Margin account does not exist."),
    Rule.TIMESTAMP_MISSING: _not_sent("timestamp"),
    Rule.TIMESTAMP_AHEAD: _AHEAD,
    Rule.TIMESTAMP_OLD: _OUTSIDE,
    Rule.TIMESTAMP_OLD_AT_MATCHING: _OUTSIDE,
    Rule.RECV_WINDOW_TOO_LARGE: _no(-1131, "recvWindow must be less than 60000."),
    Rule.CLIENT_ID_MALFORMED: _no(-1100, _BAD_ID),
    Rule.STOP_PRICE_MISSING: _not_sent("stopPrice"),
    Rule.LIMIT_PRICE_MISSING: _not_sent("price"),
    Rule.LIMIT_PRICE_UNWANTED: _no(-1106, "Parameter 'price' sent when not required."),
    Rule.STOP_PRICE_UNWANTED: _no(-1106, "Parameter 'stopPrice' sent when not required."),
    Rule.TOO_PRECISE: _no(-1111, "Precision is over the maximum defined for this asset."),
    Rule.STOP_WOULD_BORROW: _no(-1014, "Unsupported order combination."),
    Rule.MARKET_NOT_LISTED: _no(-2010, "Market orders are not supported for this symbol."),
    Rule.STOP_NOT_LISTED: _no(-2010, "Stop loss orders are not supported for this symbol."),
    Rule.TAKE_PROFIT_NOT_LISTED: _no(
        -2010, "Take profit orders are not supported for this symbol."
    ),
    Rule.LIMIT_WOULD_MATCH: _no(-2010, "Order would immediately match and take."),
    Rule.FILTER_PRICE: _no(-1013, "Filter failure: PRICE_FILTER"),
    Rule.FILTER_LOT_SIZE: _no(-1013, "Filter failure: LOT_SIZE"),
    Rule.FILTER_MARKET_LOT_SIZE: _no(-1013, "Filter failure: MARKET_LOT_SIZE"),
    Rule.FILTER_NOTIONAL: _no(-1013, "Filter failure: NOTIONAL"),
    Rule.MARKET_CLOSED: _no(-2010, "Market is closed."),
    Rule.ID_OPEN_DUPLICATE: _no(-2010, "Duplicate order sent."),
    Rule.INSUFFICIENT_BALANCE: _no(-2010, "Account has insufficient balance for requested action."),
    Rule.BORROW_TOO_MUCH: _no(-3006, "Your borrow amount has exceed maximum borrow amount."),
    Rule.STOP_WOULD_TRIGGER: _no(-2010, "Order would trigger immediately."),
    Rule.CANCEL_UNKNOWN: _no(-2011, "Unknown order sent."),
    Rule.REPAY_FOREIGN_ASSET: _no(-3027, "Not a valid margin asset."),
    Rule.REPAY_NOTHING: _no(-3016, "Repay amount is below the minimum."),
    Rule.REPAY_PENDING: _no(-3007, "You have pending transaction, please try again later."),
    Rule.REPAY_ABOVE_DEBT: _no(-3015, "Repay amount exceeds borrow amount."),
    Rule.REPAY_ABOVE_FREE: _no(-3041, "Balance is not enough."),
    Rule.ORDER_UNKNOWN: _no(-2013, "Order does not exist."),
    Rule.NO_PRICE_INDEX: _no(-3042, "PriceIndex not available for this margin pair."),
}
"""What each refusing rule answers. Every one of them is definite: nothing was done."""

CODES = tuple(sorted({refusal.code for refusal in REFUSALS.values()}, reverse=True))


class RuleCounts:
    """How often each rule bit, and each error code was answered, in this process."""

    def __init__(self) -> None:
        self._rules = dict.fromkeys(Rule, 0)
        self._codes = dict.fromkeys(CODES, 0)

    def bit(self, rule: Rule) -> None:
        """Count one rule."""
        self._rules[rule] += 1

    def answered(self, code: int) -> None:
        """Count one error code, also one that a fault made up."""
        self._codes[code] = self._codes.get(code, 0) + 1

    def table(self) -> dict[str, int]:
        """Every rule and code by name, zeros included."""
        rules = {rule.value: count for rule, count in self._rules.items()}
        return rules | {f"code_{code}": count for code, count in self._codes.items()}
