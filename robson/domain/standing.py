"""Where an account stands: month, halt, runtime state, frozen scopes, today. Folded, never set.

A month is what lies between two ``month_opened`` events, so no result is missed between the
calendar's boundary and the event, and none counts twice.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

import attrs

from robson.domain import events as e
from robson.domain.accounts import RuntimeState
from robson.domain.identity import PositionId
from robson.domain.values import MONEY, NS_PER_S, ExchangeNs

DAY_NS = 86_400 * NS_PER_S
ZERO = Decimal(0)


@attrs.frozen(kw_only=True)
class Day:
    """One UTC day: settled results and entries. ``number`` counts days since 1970."""

    number: int = -1
    net: Decimal = ZERO
    trades: int = 0


@attrs.frozen(kw_only=True)
class Standing:
    """An account at one row of the journal.

    Attributes:
        month: the last one that was opened; None before the first.
        recalibrated: the last time its capital base was lowered within it; None for never.
        month_net: settled since then; a carried position with its delta alone.
        basis: by position, what a carried one had made or lost when the month opened.
        alerts: the lines of the month's budget that were reached, lowest first.
        runtime: the last change of the runtime state; None while it never changed.
        frozen: scopes that take no entry, oldest first.
        day: the last UTC day on which anything counted.
    """

    month: e.MonthOpened | None = None
    recalibrated: e.CapitalRecalibrated | None = None
    month_net: Decimal = ZERO
    basis: tuple[tuple[PositionId, Decimal], ...] = ()
    halt: e.HaltEntered | None = None
    alerts: tuple[e.BudgetAlerted, ...] = ()
    runtime: e.RuntimeStateChanged | None = None
    frozen: tuple[e.ScopeFrozen, ...] = ()
    day: Day = Day()

    @property
    def state(self) -> RuntimeState:
        """The runtime state."""
        return self.runtime.state if self.runtime else RuntimeState.RUNNING

    @property
    def capital_base(self) -> Decimal:
        """The month's, lower where money has left since; zero while no month is open."""
        if self.recalibrated is not None:
            return self.recalibrated.capital_base
        return self.month.capital_base if self.month else ZERO

    def basis_of(self, position: PositionId) -> Decimal:
        """What a position had made or lost before the month; zero for one of this month."""
        return dict(self.basis).get(position, ZERO)

    def day_at(self, at_ns: ExchangeNs) -> Day:
        """The UTC day of an instant, empty when nothing has counted on it."""
        number = at_ns // DAY_NS
        return self.day if self.day.number == number else Day(number=number)

    def frozen_for(self, symbol: str) -> e.ScopeFrozen | None:
        """What keeps a symbol from entries: its own scope or the account's."""
        return next((each for each in self.frozen if each.scope in (symbol, "account")), None)


def stand(standing: Standing, event: e.Event) -> Standing:
    """Where the account stands after one more event."""
    match event:
        case e.MonthOpened():
            return attrs.evolve(
                standing, month=event, recalibrated=None, month_net=ZERO, basis=(), alerts=()
            )
        case e.PositionCarried():
            return attrs.evolve(standing, basis=(*standing.basis, (event.position, event.basis)))
        case e.HaltEntered():
            return attrs.evolve(standing, halt=event)
        case e.HaltCleared():
            return attrs.evolve(standing, halt=None)
        case e.RuntimeStateChanged():
            return attrs.evolve(standing, runtime=event)
        case e.ScopeFrozen() | e.ScopeCleared():
            return attrs.evolve(standing, frozen=_frozen(standing, event))
        case e.EntryFilled():
            day = standing.day_at(event.at_ns)
            return attrs.evolve(standing, day=attrs.evolve(day, trades=day.trades + 1))
        case e.CapitalRecalibrated():
            return attrs.evolve(standing, recalibrated=event)
        case e.BudgetAlerted():
            return attrs.evolve(standing, alerts=(*standing.alerts, event))
        case e.LoanCharged():
            day = standing.day_at(event.at_ns)
            with localcontext(MONEY):
                return attrs.evolve(
                    standing,
                    month_net=standing.month_net - event.interest,
                    day=attrs.evolve(day, net=day.net - event.interest),
                )
        case e.PnlSettled():
            return _settled(standing, event)
        case _:
            return standing


def _frozen(standing: Standing, event: e.ScopeFrozen | e.ScopeCleared) -> tuple[e.ScopeFrozen, ...]:
    if isinstance(event, e.ScopeFrozen):
        key = (event.scope, event.code)
        return (*(each for each in standing.frozen if (each.scope, each.code) != key), event)
    return tuple(each for each in standing.frozen if each.scope != event.scope)


def _settled(standing: Standing, event: e.PnlSettled) -> Standing:
    day = standing.day_at(event.at_ns)
    with localcontext(MONEY):
        return attrs.evolve(
            standing,
            month_net=standing.month_net + event.net - standing.basis_of(event.position),
            basis=tuple(each for each in standing.basis if each[0] != event.position),
            day=attrs.evolve(day, net=day.net + event.net),
        )
