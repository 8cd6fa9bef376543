"""Takes prices off the boards and has each judged by the positions whose edge it crossed.

On the monitor's thread, between one change of their state and the next.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from robson.daemon.custody import Custody
from robson.daemon.lookout import Lookout
from robson.daemon.ticks import BoardTick, protective_first
from robson.domain.errors import InvariantViolated
from robson.domain.intents import CancelOrder
from robson.domain.values import Side
from robson.engine.decide import Tick, decide_price


class Prices:
    """The boards of one account's markets, from the monitor's side."""

    def __init__(self, custody: Custody, lookout: Lookout) -> None:
        self._custody = custody
        self._lookout = lookout

    def wires_down(self, symbols: Iterable[str] | None = None) -> None:
        """Before anything may change the state of positions on these symbols (None: on any),
        nothing leaves ahead of its decision any more.

        A price that has tripped a wire came before that, and is judged before it.
        """
        for symbol in tuple(self._lookout.wires) if symbols is None else symbols:
            board = self._custody.markets[symbol].board
            tripped = board.take_down()
            if tripped is None:
                continue
            self._judge(symbol, tripped.tick, None, tripped.left)
            for tick, side in protective_first(tripped.later):
                self._judge(symbol, tick, side)

    def wires_up(self) -> None:
        """After a step: until the next one the state is what these were made of."""
        for symbol, wire in self._lookout.wires.items():
            board = self._custody.markets[symbol].board
            board.put_up(wire)

    def hold(self, symbol: str) -> None:
        """Capture prices from here on."""
        board = self._custody.markets[symbol].board
        board.hold()

    def judge(self, symbol: str) -> bool:
        """Judge what was captured; False when there was nothing, and the band is published."""
        board = self._custody.markets[symbol].board
        ticks = board.take_or_publish(self._lookout.band(symbol))
        for tick, side in protective_first(ticks):
            self._judge(symbol, tick, side)
        return bool(ticks)

    def _judge(
        self, symbol: str, tick: BoardTick, side: Side | None, left: CancelOrder | None = None
    ) -> None:
        """``left``: what the price has let leave. One of the positions must have wanted it."""
        crossed = self._lookout.crossed(symbol, tick.price)
        if crossed:
            judged, ctx = self._tick(symbol, tick), self._custody.context(symbol)
        for position in crossed:
            view = self._custody.roster.view(position)
            if side is not None and view.side is not side:
                continue
            decision = decide_price(view, judged, ctx, self._lookout.watch(view))
            if left is not None and attrs.evolve(left, timestamp_ms=None) in decision.first:
                self._custody.carry_out(view, decision, left)
                left = None
            else:
                self._custody.carry_out(view, decision)
            self._lookout.look(position)
        if left is not None:
            raise InvariantViolated(f"{left.cancel_id} has left, and no position wanted it")

    def _tick(self, symbol: str, tick: BoardTick) -> Tick:
        instrument = self._custody.markets[symbol].instrument
        return Tick(
            price=instrument.price_of(tick.price),
            at_ns=tick.at_ns,
            jumped_from=(
                instrument.price_of(tick.jumped_from) if tick.jumped_from is not None else None
            ),
        )
