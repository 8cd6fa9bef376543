"""What each of Binance's error codes says about the request: a definite no, or nobody knows.

One table. What is not in it is a no where the exchange blames the request (HTTP 4xx), and unknown
everywhere else: unknown costs questions, a wrong no costs a second order.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from robson.domain.reports import Answer, ApiError, NoAnswer
from robson.domain.values import NS_PER_MS, NS_PER_S

REFUSED, UNKNOWN = "refused", "unknown"
SERVER_ERROR = 500
TIMED_OUT = 408
CLOCK = -1021
LIMITS = frozenset({418, 429})


class Code(NamedTuple):
    """One code, or a range of them: what it means, and what became of the request."""

    first: int
    last: int
    outcome: str
    meaning: str


def _code(code: int, outcome: str, meaning: str, *, last: int | None = None) -> Code:
    return Code(last or code, code, outcome, meaning)


CODES: tuple[Code, ...] = (
    _code(-1000, UNKNOWN, "an unknown error while it was processed"),
    _code(-1001, UNKNOWN, "disconnected, or an internal error"),
    _code(-1002, REFUSED, "not authorised"),
    _code(-1003, REFUSED, "too many requests, or banned"),
    _code(-1004, REFUSED, "the server is busy, before the engine"),
    _code(-1006, UNKNOWN, "an unexpected answer from the message bus: execution unknown"),
    _code(-1007, UNKNOWN, "no answer from the backend in 10 s: execution unknown"),
    _code(-1008, UNKNOWN, "the server is overloaded"),
    _code(-1013, REFUSED, "a filter refuses it, before the engine"),
    _code(-1014, REFUSED, "an unsupported combination"),
    _code(-1015, REFUSED, "too many orders"),
    _code(-1016, REFUSED, "the service is shutting down"),
    _code(-1020, REFUSED, "an unsupported operation"),
    _code(CLOCK, REFUSED, "the timestamp is outside of the receive window, or ahead"),
    _code(-1022, REFUSED, "the signature is wrong"),
    _code(-1100, REFUSED, "a parameter is bad, missing or unread", last=-1106),
    _code(-1108, REFUSED, "a parameter overflows"),
    _code(-1111, REFUSED, "too many decimals"),
    _code(-1112, REFUSED, "no orders in the book"),
    _code(-1114, REFUSED, "a parameter is invalid", last=-1121),
    _code(-1125, REFUSED, "this listen key does not exist"),
    _code(-1130, REFUSED, "a parameter has the wrong data"),
    _code(-1131, REFUSED, "the receive window is too long"),
    _code(-1145, REFUSED, "bad restrictions of a cancel"),
    _code(-1209, REFUSED, "this listen token does not exist"),
    _code(-2010, REFUSED, "the order is refused; the text says why"),
    _code(-2011, REFUSED, "the cancel is refused: filled, done or never there"),
    _code(-2013, REFUSED, "no such order is known yet"),
    _code(-2014, REFUSED, "the key has a wrong format"),
    _code(-2015, REFUSED, "the key, its address or its rights are wrong"),
    _code(-2021, REFUSED, "cancel and replace has failed in part", last=-2022),
    _code(-2026, REFUSED, "archived: long ago, and nothing of it executed"),
    _code(-2039, REFUSED, "the two ids of the order do not belong together"),
    _code(-3000, UNKNOWN, "an internal error"),
    _code(-3003, REFUSED, "the margin account does not exist"),
    _code(-3004, REFUSED, "trading is not allowed"),
    _code(-3006, REFUSED, "the loan would be above the maximum"),
    _code(-3007, REFUSED, "another loan or repayment is under way"),
    _code(-3008, REFUSED, "borrowing is not allowed"),
    _code(-3010, REFUSED, "repaying is not allowed"),
    _code(-3012, REFUSED, "the asset cannot be borrowed now"),
    _code(-3013, REFUSED, "less than can be borrowed"),
    _code(-3014, REFUSED, "the account may not borrow"),
    _code(-3015, REFUSED, "more than is owed, or it would leave too little"),
    _code(-3016, REFUSED, "less than can be repaid"),
    _code(-3020, REFUSED, "more than can be transferred"),
    _code(-3021, REFUSED, "the pair, or the account, is shut out", last=-3022),
    _code(-3023, REFUSED, "the margin level is too low for it"),
    _code(-3024, REFUSED, "what would be left of the debt is too small"),
    _code(-3027, REFUSED, "no asset, or no pair, of margin trading", last=-3028),
    _code(-3036, REFUSED, "this account may not repay"),
    _code(-3037, REFUSED, "the account is being cleared: wait"),
    _code(-3038, REFUSED, "this listen key was not found"),
    _code(-3041, REFUSED, "the balance is not enough"),
    _code(-3042, REFUSED, "there is no index price for the pair"),
    _code(-3044, UNKNOWN, "the system is busy"),
    _code(-3045, REFUSED, "the exchange has not enough of the asset to lend"),
    _code(-3064, REFUSED, "the limit is too far from the index price"),
    _code(-4047, REFUSED, "the time asked for is too long"),
    _code(-11001, REFUSED, "the isolated margin account does not exist"),
)
_BY_NUMBER = {number: row for row in CODES for number in range(min(row[:2]), max(row[:2]) + 1)}
_BANNED_UNTIL = re.compile(r"banned until (\d{13})")


def meaning_of(code: int) -> Code | None:
    """The table's row of a code; None where it has none."""
    return _BY_NUMBER.get(code)


def answer_of(
    status: int, code: int, message: str, *, retry_after_s: int = 0, now_ms: int = 0
) -> Answer:
    """What an error means, as the executor reads it.

    Args:
        status: of HTTP; 5xx and 408 never say what became of a request, whatever the code.
        code: Binance's own; 0 where the body held none.
        message: its text.
        retry_after_s: how long it wants to be left alone, from the header.
        now_ms: exchange time, for a ban whose end stands in the text.
    """
    row = _BY_NUMBER.get(code)
    unknown = status >= SERVER_ERROR or status == TIMED_OUT or (row and row.outcome is UNKNOWN)
    if unknown or status < 400:  # noqa: PLR2004 - an error in what claims to be none
        return NoAnswer(reason=f"HTTP {status}, {code} {message}")
    left_ns = retry_after_s * NS_PER_S
    if status in LIMITS and (found := _BANNED_UNTIL.search(message)):
        left_ns = max(left_ns, (int(found[1]) - now_ms) * NS_PER_MS)
    return ApiError(status=status, code=code, message=message, retry_after_ns=left_ns)
