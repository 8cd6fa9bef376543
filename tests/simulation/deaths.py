"""How a process comes to die in a state: at which request, and what becomes of that request.

docs/recovery.toml names the rows; here is what brings each of them about.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from robson.connectors.simulated.faults import Piece
from robson.connectors.simulated.roles import role_of, role_of_id
from robson.domain.intents import Intent
from robson.domain.reports import ApiError
from robson.domain.values import NS_PER_S
from robson.sim.faults import RECOVERY_NS, CrashAt, FaultyExchange
from tests.simulation.races import Steady

REFUSED = ApiError(status=400, code=-1013, message="Filter failure: PRICE_FILTER")


@attrs.frozen(kw_only=True)
class Way:
    """How a row comes about.

    Attributes:
        dies: the point at which the process ends; None where it is killed as it stands.
        loses: the request that is lost on the wire, by what it is for.
        refuses: the order that the exchange refuses, once.
        book: what a book gives an order of a kind: shares of it, with the seconds each takes.
        late: whether the position is held for a while before.
        begins: what happens then: ``crossed``, ``moved``, ``panic``, ``error``.
    """

    dies: str | None
    loses: str | None = None
    refuses: str | None = None
    book: Mapping[str, tuple[tuple[str, int], ...]] = attrs.Factory(dict)
    late: bool = True
    begins: str = ""
    skips_repay: bool = False
    strategy: str = "now"


def _flights(
    prefix: str, role: str, half: Mapping[str, tuple[tuple[str, int], ...]], **common: Any
) -> dict[str, Way]:
    """The flights that every order has."""
    left = f"{role}.send:after"
    return {
        f"{prefix} never left": Way(dies=f"{role}.send:before", **common),
        f"{prefix} lost": Way(dies=left, loses=role, **common),
        f"{prefix} rejected": Way(dies=left, refuses=role, **common),
        **({f"{prefix} part": Way(dies=left, book=half, **common)} if half else {}),
    }


_HALF = (("0.5", 0),)
_OWES: dict[str, Any] = {
    "dies": "repay.send:after",
    "begins": "panic",
    "skips_repay": True,
}
_CANCELS = {
    "never left": Way(dies="cancel.send:before"),
    "lost": Way(dies="cancel.send:after", loses="cancel"),
    "taken": Way(dies="cancel.send:after"),
}
WAYS: dict[str, Way] = {
    "armed": Way(dies=None, late=False, strategy="all-in"),
    "armed, signal": Way(dies="armed.commit:after", late=False),
    "entry prepared": Way(dies="entry.intent:after", late=False),
    **_flights("entry", "entry", {"entry": _HALF}, late=False),
    "entry filled": Way(dies="entry.send:after", late=False),
    "entry open": Way(
        dies="entry.send:after", late=False, book={"entry": (("0.5", 0), ("0.5", 8))}
    ),
    "entry expired": Way(dies="entry.send:after", late=False, book={"entry": ()}),
    **_flights("stop", "insurance", {"insurance": _HALF}, late=False),
    "stop taken": Way(dies="insurance.send:after", late=False),
    "guarded": Way(dies=None),
    **{f"move: cancel {name}": attrs.evolve(w, begins="moved") for name, w in _CANCELS.items()},
    **_flights("move: stop", "insurance", {}, begins="moved"),
    "move: stop taken": Way(dies="insurance.send:after", begins="moved"),
    **{f"trigger: cancel {n}": attrs.evolve(w, begins="crossed") for n, w in _CANCELS.items()},
    **_flights("trigger: exit", "exit", {"exit": _HALF}, begins="crossed"),
    "trigger: exit filled": Way(dies="exit.send:after", begins="crossed"),
    **{f"panic: cancel {name}": attrs.evolve(w, begins="panic") for name, w in _CANCELS.items()},
    **_flights("panic: exit", "exit", {"exit": _HALF}, begins="panic"),
    "panic: exit filled": Way(dies="exit.send:after", begins="panic"),
    "repay lost": Way(loses="repay", **_OWES),
    "repay taken": Way(**_OWES),
    "error": Way(dies=None, begins="error"),
}


class Dying(Steady):
    """A process that dies at one request, which is lost, refused or answered to nobody.

    Attributes:
        armed: whether what is written here happens now.
        back_ns: when somebody is there again.
    """

    def __init__(self, way: Way) -> None:
        super().__init__(self._lost)
        self.way = way
        self.armed = not way.late
        self.back_ns = 0
        self.exchange = _Dying(self)
        if way.dies is not None and not way.late:
            self.crash_at = CrashAt(way.dies)

    def arm(self) -> None:
        """From here on it happens, once."""
        self.armed = True
        if self.way.dies is not None:
            self.crash_at = CrashAt(self.way.dies, self.passed[self.way.dies] + 1)

    def takes(self, role: str) -> bool:
        """Whether the one request of this kind is this one."""
        return self.armed and role == role_of_point(self.way.dies) and not self.crashed

    @property
    def crashed(self) -> bool:
        return bool(self.died_at)

    def dead_ns(self) -> int:
        """Until the agreed instant."""
        return self.back_ns - self.clock.now_ns

    def _lost(self, request: Intent) -> str | None:
        lost = self.way.loses == role_of(request) and self.takes(role_of(request))
        return "request" if lost else None


def role_of_point(point: str | None) -> str:
    """What the request of a point is for."""
    return (point or "").partition(".")[0]


class _Dying(FaultyExchange):
    """The exchange's part of it; what it does to the one request it may do while nobody lives."""

    def __init__(self, plan: Dying) -> None:
        super().__init__(plan)
        self._dying, self._done = plan, False

    def rejects(self, request: Intent, at_ns: int) -> ApiError | None:
        """Refuse the one request."""
        way = self._dying.way
        if self._done or way.refuses != role_of(request) or not self._dying.armed:
            return None
        self._done = True
        self._dying.strike("refused")
        self._dying.excuse("refused", self._dying.clock.now_ns + RECOVERY_NS)
        return REFUSED

    def book(self, client_id: str, quantity: Decimal) -> tuple[Piece, ...] | None:
        """Give the one order what the row says."""
        way, role = self._dying.way, role_of_id(client_id) or ""
        if self._done or role not in way.book or not self._dying.armed:
            return None
        self._done = True
        self._dying.strike("thin_book")
        self._dying.excuse("thin_book", self._dying.clock.now_ns + RECOVERY_NS)
        lot = self._dying.lot
        return tuple(
            Piece(quantity=quantity * Decimal(share) // lot * lot, after_ns=after_s * NS_PER_S)
            for share, after_s in way.book[role]
        )

    def skips_repay(self, client_id: str) -> bool:
        """Leave the debt of the exit alone."""
        return self._dying.way.skips_repay and (role_of_id(client_id) == "exit")
