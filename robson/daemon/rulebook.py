"""Whether the pairs' rules at the exchange are still those that were read at the start.

A position is left and protected by the rules that it was entered by, and others count once it is
over. Prices are counted in whole ticks of the start: where those change, the pair is entered no
more until a start has read the new ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import attrs

from robson.daemon.messages import RulesChanged
from robson.domain.instrument import Instrument

READ_S, AGAIN_S = 900.0, 30.0
"""How often they are read; how soon again after an order was refused for one of them."""
FILTER_REFUSES = -1013


class RuleBook:
    """The rules of the start. Lanes may doubt them; the feed reads them again."""

    def __init__(self, pairs: Mapping[str, Instrument], now_s: float) -> None:
        self._pairs = dict(pairs)
        self._grids = {symbol: _grid(rules) for symbol, rules in pairs.items()}
        self._read_s = now_s
        self._doubted = False

    def doubt(self) -> None:
        """A filter has refused an order."""
        self._doubted = True

    def due(self, now_s: float) -> bool:
        """Whether to read them now; if so it counts as read."""
        if now_s - self._read_s < (AGAIN_S if self._doubted else READ_S):
            return False
        self._read_s, self._doubted = now_s, False
        return True

    def changed(self, found: Iterable[Instrument]) -> list[RulesChanged]:
        """What is not as it was told last; loans have rules of their own."""
        told = []
        for now in found:
            symbol = str(now.symbol)
            was = self._pairs.get(symbol)
            if was is None:
                continue
            same = attrs.evolve(
                now, max_leverage=was.max_leverage, liquidation_ratio=was.liquidation_ratio
            )
            if same != was:
                at_once = _grid(same) == self._grids[symbol]
                told.append(RulesChanged(symbol, _difference(was, same), same if at_once else None))
                self._pairs[symbol] = same
        return told


def _grid(rules: Instrument) -> tuple[Decimal, Decimal]:
    """What prices are counted by."""
    return rules.tick, rules.min_price


def _difference(was: Instrument, now: Instrument) -> str:
    before, after = attrs.asdict(was, recurse=False), attrs.asdict(now, recurse=False)
    names = [name for name in before if before[name] != after[name]]
    return ", ".join(f"{name} {_said(before[name])} to {_said(after[name])}" for name in names)


def _said(value: object) -> str:
    return "/".join(sorted(map(str, value))) if isinstance(value, frozenset) else str(value)
