"""Says when nothing protects what is held: after ten seconds, and again when something does.

It also says when a wallet has changed its side, and then nothing is entered any more, and when an
exit has sold what was somebody else's. One part of the monitor, on its thread. After thirty seconds
without a stop the symbol takes no entry until a person has looked.
"""

from __future__ import annotations

from collections.abc import Callable

from robson.daemon.custody import Custody
from robson.domain.identity import PositionId
from robson.engine.excess import SOLD_TWICE, TURNED, sold_twice, turned
from robson.engine.insuring import told_bare, unprotected, unprotected_ns


class Alarm:
    """Alert, freeze and all-clear. ``freeze`` keeps a scope from entries."""

    def __init__(self, custody: Custody, freeze: Callable[[str, str, str], None]) -> None:
        self._custody = custody
        self._freeze = freeze

    def look(self, position: PositionId) -> None:
        """Say what is to be said of a position, before it is pursued."""
        pursuit, view = self._custody.pursuit(position), self._custody.roster.view(position)
        if not view.is_live or pursuit.trigger is not None:
            return  # what waits for a trigger is on its way out
        symbol = str(view.scope.symbol)
        step = told_bare(view, self._custody.context(symbol, pursuit))
        if step.acts:
            self._custody.carry_out(view, step.decision)
        bare = unprotected(view, self._custody.now())
        if bare is not None:
            self._freeze(symbol, bare, "unprotected")
        too_much = turned(view)
        if too_much is not None:
            self._freeze("account", too_much, TURNED)
        theirs = sold_twice(view)
        if theirs is not None:
            self._freeze(symbol, theirs, SOLD_TWICE)

    def wait(self, position: PositionId) -> None:
        """See to it that the position is looked at when there is something to say."""
        pursuit, view = self._custody.pursuit(position), self._custody.roster.view(position)
        if pursuit.trigger is not None:
            return
        ctx = self._custody.context(str(view.scope.symbol), pursuit)
        for due_ns in (told_bare(view, ctx).due_ns, unprotected_ns(view)):
            if due_ns is not None and due_ns > ctx.now_ns:
                pursuit.due_ns = min(due_ns, pursuit.due_ns or due_ns)
