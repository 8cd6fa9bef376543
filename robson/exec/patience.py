"""Obeys an exchange that says wait: nothing more leaves for it but the way out and its questions.

Limits act before processing, so a refusal for them is a definite no, and whoever goes on asking is
banned for minutes to days. Leaving risk is never stopped here: exits, cancels and exchange stops go
out at their own pace, and what became of an order is asked with a small share of its own.
"""

from __future__ import annotations

from robson.domain.intents import Intent, Repay
from robson.domain.reports import Answer, ApiError
from robson.domain.values import NS_PER_S, ExchangeNs
from robson.exec.lanes import Lane, lane_of

LIMITED, BANNED = 429, 418
LIMIT_CODES = frozenset({-1003, -1015})
"""Too many requests, too many orders."""
MINUTE_NS = 60 * NS_PER_S
"""Limits are counted by the minute: without a Retry-After the next one is waited for."""
SHARE = 5
"""Questions about a position that may be put at once while the exchange wants none."""
REFILL_NS = {LIMITED: NS_PER_S, BANNED: 5 * NS_PER_S}
"""How long until there is one more of them."""


class Patience:
    """Until when the exchange wants to be left alone.

    Asked by every lane. Each writes what it was told itself, and only the reader counts questions,
    so nothing here needs a lock.
    """

    def __init__(self) -> None:
        self._until_ns: dict[Lane, int] = dict.fromkeys(Lane, 0)
        self._refill_ns = REFILL_NS[LIMITED]
        self._left = SHARE
        self._counted_ns = 0

    def hear(self, intent: Intent, answer: Answer, now_ns: ExchangeNs) -> None:
        """Take in what the answer to an intent says about asking again."""
        if not isinstance(answer, ApiError):
            return
        if answer.status not in (LIMITED, BANNED) and answer.code not in LIMIT_CODES:
            return
        until_ns = now_ns + answer.retry_after_ns
        if not answer.retry_after_ns:
            until_ns = (now_ns // MINUTE_NS + 1) * MINUTE_NS
        lane = lane_of(intent)
        self._refill_ns = REFILL_NS.get(answer.status, REFILL_NS[LIMITED])
        self._until_ns[lane] = max(self._until_ns[lane], until_ns)

    def left_ns(self, now_ns: ExchangeNs) -> int:
        """How long it still wants to be left alone; 0 when it does not."""
        return max(0, *(until_ns - now_ns for until_ns in self._until_ns.values()))

    def refuses(self, intent: Intent, now_ns: ExchangeNs) -> str | None:
        """Why an intent must not leave now, or None: ``told_to_wait``."""
        lane = lane_of(intent)
        if (lane is Lane.URGENT and not isinstance(intent, Repay)) or not self.left_ns(now_ns):
            return None
        asks = lane is Lane.READER and intent.position is not None
        return None if asks and self._takes_one(now_ns) else "told_to_wait"

    def _takes_one(self, now_ns: ExchangeNs) -> bool:
        """One of the share, if there is one: it fills up again one by one."""
        more = (now_ns - self._counted_ns) // self._refill_ns
        self._left = min(SHARE, self._left + more)
        self._counted_ns += more * self._refill_ns
        if self._left <= 0:
            return False
        self._left -= 1
        return True
