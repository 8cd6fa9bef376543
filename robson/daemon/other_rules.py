"""What follows when the exchange has other rules for a pair than those that it is traded by.

One part of the monitor, on its thread. A position is left and protected by the rules that it was
entered by, and meanwhile its pair takes no entry; once it is over the new ones count.
"""

from __future__ import annotations

import attrs

from robson.daemon import logs
from robson.daemon.custody import Custody
from robson.daemon.governor import Governor
from robson.daemon.messages import RulesChanged
from robson.domain.lifecycle import PositionState

CODE = "rules_changed"


class OtherRules:
    """Takes them as soon as no position needs the old ones."""

    def __init__(self, custody: Custody, governor: Governor) -> None:
        self._custody = custody
        self._governor = governor
        self._waiting: dict[str, RulesChanged] = {}
        self._looked = False

    def heard(self, found: RulesChanged) -> None:
        """Other rules, or the old ones again."""
        symbol = found.symbol
        self._waiting[symbol] = found
        if found.now == self._custody.markets[symbol].instrument:
            del self._waiting[symbol]
            self._governor.thaw(symbol, CODE, "its rules are the old ones again")
        elif not self._taken(found):
            way = "start robsond again" if found.now is None else "they count once it is over"
            self._governor.freeze(symbol, f"its rules have changed ({found.what}): {way}", CODE)

    def look(self) -> None:
        """Take what can be taken; a start has read all rules."""
        if not self._looked:
            self._looked = True
            for each in self._custody.roster.standing.frozen:
                if each.code == CODE and each.scope not in self._waiting:
                    self._governor.thaw(each.scope, CODE, "a start has read its rules")
        for found in tuple(self._waiting.values()):
            self._taken(found)

    def _taken(self, found: RulesChanged) -> bool:
        """What is only armed has no size yet."""
        symbol, markets = found.symbol, self._custody.markets
        held = [view.state is not PositionState.ARMED for view in self._custody.roster.live(symbol)]
        if found.now is None or any(held):
            return False
        del self._waiting[symbol]
        markets[symbol] = attrs.evolve(markets[symbol], instrument=found.now)
        logs.note(f"{symbol} is traded by other rules now ({found.what})", "warning")
        self._governor.thaw(symbol, CODE, f"its new rules count ({found.what})")
        return True
