"""Signals from outside: each is judged once, and told again as it was answered.

One part of the monitor, on its thread. An injected signal takes a detector's place and nothing
else's: the same gates, the same bounds for its stop, the same journal.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import attrs

from robson.api.published import Injected
from robson.daemon.custody import Custody
from robson.daemon.desk import Desk
from robson.domain import events as e
from robson.domain.commands import Command, InjectSignal
from robson.domain.errors import InvalidValue, Refused
from robson.domain.identity import PositionId
from robson.domain.intents import ReadAccount
from robson.domain.lifecycle import PositionState
from robson.domain.reports import Report
from robson.domain.strategy import DetectorKind
from robson.domain.values import Price, Side, plain
from robson.domain.view import PositionView
from robson.engine.context import Decision
from robson.engine.detectors.protocol import DetectorSignal


class Signals:
    """Takes injected signals in, and answers when the gates have decided."""

    def __init__(self, custody: Custody, desk: Desk) -> None:
        self._custody = custody
        self._desk = desk
        self._waiting: dict[str, tuple[PositionId, list[Future[Any]]]] = {}

    def answer(self, command: Command, answer: Future[Any]) -> bool:
        """Take a signal in; False when the command is somebody else's."""
        if not isinstance(command, InjectSignal):
            return False
        try:
            self._inject(command, answer)
        except InvalidValue as error:
            answer.set_exception(Refused("INVALID_ARGUMENT", str(error)))
        except Refused as refused:
            answer.set_exception(refused)
        return True

    def look(self) -> None:
        """Answer what has been decided, or what nothing will decide any more."""
        for signal_id, (position, answers) in list(self._waiting.items()):
            view = self._custody.roster.view(position)
            pending = self._custody.pursuit(position).signal if view.is_live else None
            if view.answer_of(signal_id) is None and pending and pending.signal_id == signal_id:
                continue
            del self._waiting[signal_id]
            for place, answer in enumerate(answers):
                self._tell(view, signal_id, answer, repeated=place > 0)

    def unread(self, view: PositionView, report: Report) -> bool:
        """Whether a signal waited for the account, which could not be read: it is refused."""
        pursuit = self._custody.pursuit(view.id)
        pending = pursuit.signal
        if pending is None or not isinstance(report.intent, ReadAccount):
            return False
        pursuit.signal = None
        rejected = e.SignalRejected(
            position=view.id,
            at_ns=self._custody.now(),
            signal_id=pending.signal_id,
            side=pending.signal.side,
            entry_ref=pending.signal.entry_ref,
            code="wallet_not_clean",
            message="the pair's account could not be read",
            numbers=(),
            audit=None,
        )
        self._custody.carry_out(view, Decision(events=(rejected,)))
        return True

    # --- injecting -------------------------------------------------------------------------------

    def _inject(self, command: InjectSignal, answer: Future[Any]) -> None:
        if not self._custody.settings.manual_signals:
            raise Refused(
                "MANUAL_SIGNALS_OFF",
                "this daemon takes no injected signals; allow_manual_signal = true lets it.",
            )
        view = self._known(command)
        if view.answer_of(command.signal_id) is not None:
            self._tell(view, command.signal_id, answer, repeated=True)
            return
        if command.signal_id in self._waiting:
            self._waiting[command.signal_id][1].append(answer)
            return
        pursuit = self._custody.pursuit(view.id)
        self._check(view, busy=pursuit.signal is not None)
        seen = self._desk.seen(view, self._signal(view, command))
        pursuit.signal = attrs.evolve(seen, signal_id=command.signal_id, supplied=command.stop)
        self._waiting[command.signal_id] = (view.id, [answer])
        self._custody.send(pursuit, ReadAccount(scope=view.scope, position=view.id, credit=True))

    def _known(self, command: InjectSignal) -> PositionView:
        """The position meant; an id that was used for another one is refused."""
        views = self._custody.roster.views
        used = [view.id for view in views.values() if view.answer_of(command.signal_id) is not None]
        if command.signal_id in self._waiting:
            used.append(self._waiting[command.signal_id][0])
        other = next((position for position in used if position != command.position), None)
        if other is not None:
            raise Refused(
                "IDEMPOTENCY_CONFLICT", f"the signal {command.signal_id} was given to {other}"
            )
        found = views.get(command.position)
        if found is None:
            raise Refused("POSITION_NOT_FOUND", f"there is no position {command.position}")
        return found

    def _check(self, view: PositionView, *, busy: bool) -> None:
        if view.state is not PositionState.ARMED:
            raise Refused(
                "INVALID_STATE_TRANSITION",
                f"{view.id} takes no signal: position is {view.state.value}",
                (("state", view.state.value),),
            )
        if view.strategy.detector is not DetectorKind.MANUAL:
            raise InvalidValue(
                f"strategy {view.strategy.name} has the detector {view.strategy.detector.value};"
                " only manual takes injected signals"
            )
        if busy:
            raise Refused(
                "INVALID_STATE_TRANSITION", f"{view.id} is judging another signal; ask again"
            )

    def _signal(self, view: PositionView, command: InjectSignal) -> DetectorSignal:
        """Side and entry as they were named, else as position, stop and live price say."""
        price = self._custody.context(str(view.scope.symbol)).price
        entry = command.entry_ref or price
        if entry is None:
            raise Refused("signal_stale", "there is no live price")
        implied = Side.LONG if command.stop < entry else Side.SHORT
        side = command.side or view.side or implied
        if view.side not in (None, side):
            assert view.side is not None
            raise InvalidValue(f"side is {side.value}; {view.id} is armed {view.side.value}")
        _on_the_loss_side(entry, command.stop, side)
        return DetectorSignal(side=side, entry_ref=entry)

    def _tell(
        self, view: PositionView, signal_id: str, answer: Future[Any], *, repeated: bool
    ) -> None:
        if answer.cancelled():
            return
        code = view.answer_of(signal_id)
        if code is None:
            answer.set_exception(
                Refused(
                    "INVALID_STATE_TRANSITION",
                    f"{view.id} took no signal: position is {view.state.value}",
                )
            )
            return
        last = view.rejection
        told = last if last is not None and last.signal_id == signal_id else None
        answer.set_result(
            Injected(
                position=view,
                signal_id=signal_id,
                code=code,
                message=told.message if told else "",
                numbers=told.numbers if told else (),
                repeated=repeated,
            )
        )


def _on_the_loss_side(entry: Price, stop: Price, side: Side) -> None:
    if (entry - stop) * side.sign <= 0:
        where = "below" if side is Side.LONG else "above"
        raise InvalidValue(
            f"stop is {plain(stop)}; a {side.value} at {plain(entry)} needs one {where} it"
        )
