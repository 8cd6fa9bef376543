"""Keeps within Binance's weights a minute, with a share for what leaves risk.

One budget for the whole process. Its lock guards the counts and is never held while anything waits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple

from robson.connectors.binance.endpoints import Endpoint
from robson.domain.values import NS_PER_MS

MINUTE_MS = 60_000
RESERVED_PCT = 20
"""Of each budget, for what leaves risk, and for questions about a position."""
_HEADERS = ("x-mbx-used-weight-1m", "x-sapi-used-ip-weight-1m", "x-sapi-used-uid-weight-1m")


class _Count(NamedTuple):
    """What was used in one minute of the exchange's clock."""

    minute: int
    used: int


class Limits:
    """Weights by purse.

    Args:
        now_ms: exchange time, on whose minutes the budgets are counted.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._counts: dict[str, _Count] = {}
        self._closed_ms: dict[str, int] = {}
        self._banned_ms = 0

    def take(self, endpoint: Endpoint, *, weight: int | None = None, urgent: bool = False) -> int:
        """Take a request's weight.

        Returns:
            0 when it may leave; else nanoseconds after which it may be tried again. What is urgent
            always may: the exchange's own no is better than ours.
        """
        now_ms = self._now_ms()
        asked, purse = endpoint.weight if weight is None else weight, endpoint.purse
        with self._lock:
            used = self._used(purse, now_ms)
            if not urgent:
                closed_ms = max(self._closed_ms.get(purse, 0), self._banned_ms) - now_ms
                if closed_ms > 0:
                    return closed_ms * NS_PER_MS
                if used + asked > endpoint.budget.value * (100 - RESERVED_PCT) // 100:
                    return (MINUTE_MS - now_ms % MINUTE_MS) * NS_PER_MS
            self._counts[purse] = _Count(now_ms // MINUTE_MS, used + asked)
        return 0

    def heard(self, endpoint: Endpoint, status: int, headers: Mapping[str, str]) -> int:
        """Take in what an answer says of the limits; seconds to be left alone, 0 for none."""
        now_ms = self._now_ms()
        told = [int(text) for name in _HEADERS if (text := headers.get(name, "")).isdecimal()]
        wait_s = _seconds(headers.get("retry-after", ""))
        with self._lock:
            if told:
                # Never less than we know ourselves: others' answers may be older than our requests.
                used = max(*told, self._used(endpoint.purse, now_ms))
                self._counts[endpoint.purse] = _Count(now_ms // MINUTE_MS, used)
            if status == 429:  # noqa: PLR2004
                wait_s = wait_s or (MINUTE_MS - now_ms % MINUTE_MS + 999) // 1_000
                self._closed_ms[endpoint.purse] = now_ms + wait_s * 1_000
            elif status == 418:  # noqa: PLR2004
                wait_s = wait_s or 120
                self._banned_ms = now_ms + wait_s * 1_000
        return wait_s

    def banned_ns(self) -> int:
        """How long this address is banned from now on."""
        return max(0, self._banned_ms - self._now_ms()) * NS_PER_MS

    def _used(self, purse: str, now_ms: int) -> int:
        count = self._counts.get(purse)
        return count.used if count is not None and count.minute == now_ms // MINUTE_MS else 0


def _seconds(text: str) -> int:
    return min(int(text), 3 * 24 * 3600) if text.isdecimal() else 0
