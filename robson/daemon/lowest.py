"""The worst result that each simulated position has gone through, from every price of its tape.

A look at the status now and then would see another one in every run.
"""

from __future__ import annotations

from collections.abc import Mapping

from robson.api.translate.results import unrealized
from robson.api.translate.values import floored
from robson.domain.identity import PositionId
from robson.domain.instrument import Instrument
from robson.domain.lifecycle import PositionState
from robson.domain.values import Ticks
from robson.domain.view import PositionView


class Lowest:
    """Told of every fold and of every price; of a position it counts from its fill to its exit."""

    def __init__(self, rules: Mapping[str, Instrument]) -> None:
        self._rules = rules
        self._held: dict[str, PositionView] = {}
        self._worst: dict[PositionId, tuple[PositionView, int]] = {}

    def witness(self, view: PositionView) -> None:
        """A position has changed."""
        symbol = str(view.scope.symbol)
        if view.state is PositionState.ACTIVE:
            self._held[symbol] = view
        elif symbol in self._held and self._held[symbol].id == view.id:
            del self._held[symbol]

    def see(self, symbol: str, price: int) -> None:
        """A price of the tape, in ticks."""
        view = self._held.get(symbol)
        if view is None or view.side is None:
            return
        worst = self._worst.get(view.id)
        if worst is None or price * view.side.sign < worst[1] * view.side.sign:
            self._worst[view.id] = (view, price)

    def results(self) -> dict[str, str]:
        """The worst result of each position, in quote, after both fees."""
        found = {}
        for id_, (view, price) in self._worst.items():
            rules = self._rules[str(view.scope.symbol)]
            found[str(id_)] = floored(unrealized(view, rules.price_of(Ticks(price)), rules))
        return found
