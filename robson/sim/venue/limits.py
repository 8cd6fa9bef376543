"""Weights: what a minute of the exchange's time allows an address and an account, and what it says.

``/api`` is one budget for an address; on ``/sapi`` every endpoint has its own.
"""

from __future__ import annotations

from collections import Counter

from robson.domain.reports import ApiError
from robson.domain.values import NS_PER_S, ExchangeNs
from robson.sim.venue.endpoints import Budget, Endpoint
from robson.sim.venue.refusals import Refused, refused

MINUTE_NS = 60 * NS_PER_S
BAN_NS = 2 * MINUTE_NS
_PATIENCE = 10
"""So many requests in a minute after its first 429, and an address is banned."""
HEADERS = {
    Budget.API: "X-MBX-USED-WEIGHT-1M",
    Budget.IP: "X-SAPI-USED-IP-WEIGHT-1M",
    Budget.UID: "X-SAPI-USED-UID-WEIGHT-1M",
}


class Limits:
    """What was used of every budget in the minute that runs."""

    def __init__(self) -> None:
        self._minute = -1
        self._used: Counter[tuple[Budget, str, str]] = Counter()
        self._told: Counter[str] = Counter()
        self._banned_until_ns = 0

    def take(
        self, endpoint: Endpoint, path: str, uid: str, weight: int, now_ns: ExchangeNs
    ) -> dict[str, str]:
        """Take a request's weight; return the headers that its answer carries.

        Raises:
            Refused: the budget of this minute is used up, or the address is banned.
        """
        if now_ns // MINUTE_NS != self._minute:
            self._minute = now_ns // MINUTE_NS
            self._used.clear()
            self._told.clear()
        if now_ns < self._banned_until_ns:
            raise self._ban()
        budget = endpoint.budget
        place = (budget, "" if budget is Budget.API else path, uid if budget is Budget.UID else "")
        self._used[place] += weight
        if self._used[place] > budget.value:
            self._told[uid] += 1
            if self._told[uid] > _PATIENCE:
                self._banned_until_ns = now_ns + BAN_NS
                raise self._ban()
            raise self._later(budget, now_ns)
        return {HEADERS[budget]: str(self._used[place])}

    @property
    def used_of_api(self) -> int:
        """What was used of the budget of ``/api``."""
        return self._used[Budget.API, "", ""]

    def _later(self, budget: Budget, now_ns: ExchangeNs) -> Refused:
        error = refused("too_many", budget.value).answer
        return Refused(_waiting(error, (self._minute + 1) * MINUTE_NS - now_ns))

    def _ban(self) -> Refused:
        error = refused("ban", self._banned_until_ns // 1_000_000).answer
        return Refused(_waiting(error, BAN_NS))


def _waiting(error: ApiError, wait_ns: int) -> ApiError:
    return ApiError(
        status=error.status, code=error.code, message=error.message, retry_after_ns=wait_ns
    )
