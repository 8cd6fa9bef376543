"""What the venue says no with: Binance's codes, texts and HTTP statuses, as one table."""

from __future__ import annotations

from typing import NamedTuple

from robson.domain.reports import ApiError


class Refused(Exception):
    """A request is answered by an error and nothing is done."""

    def __init__(self, answer: ApiError) -> None:
        super().__init__(answer.message)
        self.answer = answer


class _No(NamedTuple):
    code: int
    message: str
    status: int = 400


_TABLE: dict[str, _No] = {
    "ban": _No(-1003, "Way too much request weight used; IP banned until {0}.", 418),
    "too_many": _No(-1003, "Too much request weight used; current limit is {0} per 1 MINUTE.", 429),
    "unsupported": _No(-1020, "This operation is not supported."),
    "old": _No(-1021, "Timestamp for this request is outside of the recvWindow."),
    "ahead": _No(-1021, "Timestamp for this request was 1000ms ahead of the server's time."),
    "signature": _No(-1022, "Signature for this request is not valid."),
    "illegal": _No(-1100, "Illegal characters found in parameter '{0}'; legal range is '{1}'."),
    "too_many_parameters": _No(-1101, "Too many parameters sent for this endpoint."),
    "twice": _No(-1101, "Duplicate values for parameter '{0}'."),
    "missing": _No(-1102, "Mandatory parameter '{0}' was not sent, was empty/null, or malformed."),
    "one_of": _No(
        -1102,
        "Param '{0}' or '{1}' must be sent, but both were empty/null!",
    ),
    "unread": _No(
        -1104, "Not all sent parameters were read; read '{0}' parameter(s) but was sent '{1}'."
    ),
    "empty": _No(-1105, "Parameter '{0}' was empty."),
    "unwanted": _No(-1106, "Parameter '{0}' sent when not required."),
    "time_in_force": _No(-1115, "Invalid timeInForce."),
    "order_type": _No(-1116, "Invalid orderType."),
    "side": _No(-1117, "Invalid side."),
    "interval": _No(-1120, "Invalid interval."),
    "symbol": _No(-1121, "Invalid symbol."),
    "span": _No(-1127, "More than 24 hours between startTime and endTime."),
    "no_json": _No(-1135, "Invalid JSON Request."),
    "no_object": _No(-1135, "Invalid '{0}' in JSON request; expected an object."),
    "time_unit": _No(
        -1194, "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."
    ),
    "combination": _No(-1128, "Combination of optional parameters invalid."),
    "recv_window": _No(-1131, "recvWindow must be less than 60000."),
    "duplicate": _No(-2010, "Duplicate order sent."),
    "no_iceberg": _No(-2010, "Iceberg orders are not supported for this symbol."),
    "no_trailing": _No(-2010, "Trailing stop orders are not supported for this symbol."),
    "no_such_prevention": _No(
        -2010, "This symbol does not allow the specified self-trade prevention mode."
    ),
    "no_spot": _No(-2010, "This symbol is not permitted for this account."),
    "no_lists": _No(-2010, "OTO orders are not supported for this symbol."),
    "oco_prices": _No(-2010, "The relationship of the prices for the orders is not correct."),
    "cancel_unknown": _No(-2011, "Unknown order sent."),
    "order_unknown": _No(-2013, "Order does not exist."),
    "key_format": _No(-2014, "API-key format invalid.", 401),
    "key_refused": _No(-2015, "Invalid API-key, IP, or permissions for action.", 401),
    "no_account": _No(-3003, "Margin account does not exist."),
    "borrow_too_much": _No(-3006, "Your borrow amount has exceed maximum borrow amount."),
    "borrow_too_little": _No(-3013, "Borrow amount is below the minimum."),
    "transfer_out": _No(-3020, "Transfer out amount exceeds max amount."),
    "no_asset": _No(-3027, "Not a valid margin asset."),
    "no_pair": _No(-3028, "Not a valid margin pair."),
    "transfer_failed": _No(-3041, "Balance is not enough."),
}


def refused(name: str, *words: object) -> Refused:
    """The refusal of a name; ``words`` are what its text is about."""
    no = _TABLE[name]
    return Refused(ApiError(status=no.status, code=no.code, message=no.message.format(*words)))
