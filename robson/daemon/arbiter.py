"""What a person says became of a position: the account is read first, then it is held against it.

One part of the monitor, on its thread. Refused, nothing was changed.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from robson.api.published import Settled
from robson.daemon.custody import Custody
from robson.daemon.governor import Act
from robson.daemon.reconciler import Read, Reconciler
from robson.domain.commands import Command, HandOver, ReconcileClose, Resolve
from robson.domain.errors import Refused
from robson.engine.context import Decision
from robson.engine.pair import Pair
from robson.engine.testimony import close_by_evidence, resolve

NOBODY = (
    "this daemon keeps its journal on one host: there is no standby to hand over to. To move it,"
    " end robsond in order and start it where its state directory is then"
)


class Arbiter:
    """Answers ``ReconcileClose``, ``Resolve`` and ``HandOver``."""

    def __init__(self, custody: Custody, act: Act, reconciler: Reconciler) -> None:
        self._custody = custody
        self._act = act
        self._reconciler = reconciler

    def answer(self, command: Command, answer: Future[Any]) -> bool:
        """Answer what a person says; False when it is somebody else's command."""
        if isinstance(command, HandOver):
            answer.set_exception(Refused("NO_STANDBY", NOBODY))
            return True
        if not isinstance(command, ReconcileClose | Resolve):
            return False
        view = self._custody.roster.views.get(command.position)
        if view is None:
            unknown = f"there is no position {command.position}"
            answer.set_exception(Refused("POSITION_NOT_FOUND", unknown))
            return True

        def told(read: Read | Refused) -> None:
            try:
                if isinstance(read, Refused):
                    raise read
                answer.set_result(self._settle(command, read.pair))
            except Refused as refused:
                answer.set_exception(refused)

        self._reconciler.ask(str(view.scope.symbol), told, follows=False)
        return True

    def _settle(self, command: ReconcileClose | Resolve, pair: Pair) -> Settled:
        decision = _decided(command, pair)
        assert pair.view is not None
        view = self._custody.roster.view(pair.view.id)
        if view.version != pair.view.version:
            raise Refused(
                "STILL_DEGRADED", f"{view.id} has changed while the account was read; ask again"
            )
        self._act(view, decision)
        return Settled(self._custody.roster.view(view.id))


def _decided(command: ReconcileClose | Resolve, pair: Pair) -> Decision:
    if isinstance(command, ReconcileClose):
        return close_by_evidence(pair, command)
    return resolve(pair, command)
