"""Frames that come by the clock, whatever is traded: tickers, average prices, depth of the book."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from robson.sim.venue.depth import SIZE
from robson.sim.venue.public import best
from robson.sim.venue.tickers import average_frame, frame, mini_frame

if TYPE_CHECKING:
    from robson.sim.venue.market import Market, Pair

Publish = Callable[[str, Any], None]
SECOND_MS, FAST_MS = 1000, 100
_DEPTH = re.compile(r"depth(5|10|20)?(@100ms|@1000ms)?")
_BY_SECOND = {"ticker": frame, "miniTicker": mini_frame, "avgPrice": average_frame}
_OF_ALL = {"!ticker@arr": frame, "!miniTicker@arr": mini_frame}


class Periodic:
    """Tells each of these streams when it is due."""

    def __init__(self, market: Market, publish: Publish) -> None:
        self._market = market
        self._publish = publish
        self._told_ms: dict[str, int] = {}
        self._told: dict[str, int] = {}

    def tick(self, names: Iterable[str], now: int) -> None:
        """Tell what is due of the streams that somebody listens to."""
        for name in names:
            shape = _OF_ALL.get(name)
            if shape is not None and self._is_due(name, now, SECOND_MS):
                self._publish(name, [shape(self._market, p) for p in self._market.pairs.values()])
            symbol, _, what = name.partition("@")
            pair = self._market.pairs.get(symbol.upper())
            if pair is None or symbol != symbol.lower():
                continue
            if what in _BY_SECOND and self._is_due(name, now, SECOND_MS):
                self._publish(name, _BY_SECOND[what](self._market, pair))
            elif found := _DEPTH.fullmatch(what):
                self._book(name, pair, now, whole=found[1] is not None, fast=found[2] == "@100ms")

    def _is_due(self, name: str, now: int, each_ms: int) -> bool:
        due = now - self._told_ms.get(name, 0) >= each_ms
        if due:
            self._told_ms[name] = now
        return due

    def _book(self, name: str, pair: Pair, now: int, *, whole: bool, fast: bool) -> None:
        depth = pair.depth
        bid, ask = depth.see(best(self._market, pair))
        told = self._told.setdefault(name, depth.number)
        if not self._is_due(name, now, FAST_MS if fast else SECOND_MS):
            return
        if whole:
            sides = {"bids": [[bid, SIZE]], "asks": [[ask, SIZE]]}
            self._publish(name, {"lastUpdateId": depth.number, **sides})
            return
        for change in [one for one in depth.changes if one.number > told]:
            number = {"U": change.number, "u": change.number}
            head = {"e": "depthUpdate", "E": now, "s": pair.symbol}
            self._publish(name, {**head, **number, "b": change.bids, "a": change.asks})
        self._told[name] = depth.number
