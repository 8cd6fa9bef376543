"""What an endpoint is: who may ask, what it costs, which parameters it reads, what it answers."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs

from robson.sim.venue.asked import Asked

Handler = Callable[[Asked], Awaitable[Any]]
Table = dict[tuple[str, str], "Endpoint"]


class Security(enum.Enum):
    """What a request has to show."""

    NONE = "none"
    KEY = "key"
    SIGNED = "signed"


class Budget(enum.Enum):
    """What its weight is taken from, each minute; the limit is the value."""

    API = 6_000
    IP = 12_000
    UID = 180_000


@attrs.frozen(kw_only=True)
class Endpoint:
    """One line of the table of endpoints.

    Attributes:
        params: the names it reads; None where it reads nothing, because it refuses all.
        weighs: the weight of a request, where its parameters decide.
    """

    handler: Handler
    params: frozenset[str] | None
    security: Security = Security.SIGNED
    budget: Budget = Budget.IP
    weight: int = 1
    weighs: Callable[[Mapping[str, str]], int] | None = None

    def weight_of(self, values: Mapping[str, str]) -> int:
        """What one request takes of the budget."""
        return self.weight if self.weighs is None else self.weighs(values)


def params(text: str) -> frozenset[str]:
    """Names of parameters, apart by spaces."""
    return frozenset(text.split())
