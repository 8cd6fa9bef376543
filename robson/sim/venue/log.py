"""Every request that came in, with what became of it: for the operator, never for a caller."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import attrs

from robson.connectors.simulated.roles import role_of_id
from robson.sim.venue.endpoints import Endpoint, Security
from robson.sim.venue.kinds import MARKET, TOKEN

KEPT = 200_000


@attrs.define(kw_only=True)
class Row:
    """One request. ``status`` 0: no answer left. ``struck``: the faults that met it on its way."""

    number: int
    at_ms: int
    method: str
    path: str
    role: str
    key: str
    target: str
    weight: int
    status: int = -1
    code: int = 0
    until_ms: int = 0
    struck: tuple[str, ...] = ()


class RequestLog:
    """The newest requests; the oldest are forgotten."""

    def __init__(self) -> None:
        self.rows: deque[Row] = deque(maxlen=KEPT)
        self.number = 0

    def begin(self, **values: Any) -> Row:
        """A request has come in."""
        self.number += 1
        row = Row(number=self.number, **values)
        self.rows.append(row)
        return row

    def after(self, number: int) -> list[dict[str, Any]]:
        """Rows newer than a number, oldest first."""
        return [attrs.asdict(row) for row in self.rows if row.number > number]


def role_of_request(
    method: str, path: str, endpoint: Endpoint | None, values: Mapping[str, str]
) -> str:
    """What a request is for, in one word, by its parameters alone."""
    if path.endswith("/userListenToken"):
        return TOKEN
    if endpoint is None or endpoint.security is not Security.SIGNED:
        return MARKET
    if method == "GET":
        return "question"
    if method == "DELETE":
        return "cancel"
    if path.endswith("/borrow-repay"):
        return "repay"
    if path.endswith("/order/oco"):
        return "insurance"
    if path.endswith("/margin/order"):
        return role_of_id(values.get("newClientOrderId", "")) or _by_shape(values)
    return "question"


def _by_shape(values: Mapping[str, str]) -> str:
    if values.get("type") not in ("MARKET", "LIMIT", "LIMIT_MAKER"):
        return "insurance"
    return "exit" if values.get("sideEffectType") == "AUTO_REPAY" else "entry"


def target_of(values: Mapping[str, str]) -> str:
    """Which order or symbol a request names."""
    names = ("newClientOrderId", "origClientOrderId", "orderId", "asset", "symbol")
    return next((values[name] for name in names if values.get(name)), "")
