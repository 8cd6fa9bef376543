"""Which positions a price has to be judged for, by symbol: the engine's index of edges, kept true.

Whoever changes a position says so with ``look``; a tick then touches only those whose edge it
crossed. Where a position's way out is pre-armed, there is a wire for its symbol, too.
"""

from __future__ import annotations

from collections import defaultdict

from robson.daemon.custody import Custody
from robson.daemon.ticks import Tripwire
from robson.domain.identity import PositionId
from robson.domain.view import PositionView
from robson.engine.band import held_band, quiet_band
from robson.engine.decide import release, watch_of
from robson.engine.edges import Edges
from robson.engine.exits import Watch


class Lookout:
    """The watched positions of one account. On the monitor's thread.

    Attributes:
        wires: by symbol, what may leave at a price before the monitor has judged that.
    """

    def __init__(self, custody: Custody) -> None:
        self._custody = custody
        self._edges: defaultdict[str, Edges] = defaultdict(Edges)
        self._seen: dict[PositionId, PositionView] = {}
        self._watches: dict[PositionId, Watch] = {}
        self.wires: dict[str, Tripwire] = {}

    def look(self, position: PositionId) -> None:
        """Take in what has become of a position. Its band is worked out once for each view."""
        view = self._custody.roster.view(position)
        symbol = str(view.scope.symbol)
        if not self._judged(view):
            self._seen.pop(position, None)
            self._let_go(position, symbol)
        elif self._seen.get(position) is not view:
            self._seen[position] = view
            watch = watch_of(view, self._custody.markets[symbol].instrument)
            self._let_go(position, symbol)
            if watch is not None:
                self._watches[position] = watch
                self._edges[symbol].put(position, quiet_band(watch))
                self._wire(view, watch)

    def _let_go(self, position: PositionId, symbol: str) -> None:
        if self._watches.pop(position, None) is not None:
            self.wires.pop(symbol, None)
            self._edges[symbol].drop(position)

    def _wire(self, view: PositionView, watch: Watch) -> None:
        """One where no other position is watched on the symbol: the wire is one position's."""
        symbol, send = str(view.scope.symbol), self._custody.ahead
        first = release(view)
        if send is None or not first or len(self._edges[symbol]) != 1:
            self.wires.pop(symbol, None)
            return
        held = held_band(watch)
        self.wires[symbol] = Tripwire(held.low, held.high, first[0], self._custody.stamped, send)

    def watch(self, view: PositionView) -> Watch | None:
        """What was worked out when this very view was looked at; None where it was not."""
        return self._watches.get(view.id) if self._seen.get(view.id) is view else None

    def _judged(self, view: PositionView) -> bool:
        pursuit = self._custody.pursuits.get(view.id)
        if pursuit is None or not view.is_live:
            return False
        # After a restart the exchange says first whether its stop still rests: what it has
        # already sold is not left to be sold by a price.
        asked_first = view.insurance.state == "resting" and not pursuit.verified
        return pursuit.trigger is None and not asked_first

    def band(self, symbol: str) -> tuple[int, int]:
        """The prices that are quiet for all positions on a symbol, in whole ticks."""
        band = self._edges[symbol].band
        return (band.low, band.high)

    def crossed(self, symbol: str, price: int) -> list[PositionId]:
        """The positions for which a price is not quiet, oldest first."""
        return self._edges[symbol].crossed(price)
