"""Whether the account takes entries: runtime state, monthly halt, frozen scopes.

One part of the monitor, on its thread. What a person asks for is answered when it is durable; what
follows from it is worked out from where the account stands, so a restart goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from robson.api.published import Governed
from robson.daemon.custody import Custody
from robson.domain import events as e
from robson.domain.accounts import RuntimeState
from robson.domain.commands import ClearFrozen, Command, SetHalt, SetRuntimeState
from robson.domain.errors import Refused
from robson.domain.lifecycle import PositionState
from robson.domain.standing import Standing
from robson.domain.values import NS_PER_S, Numbers, plain
from robson.domain.view import PositionView
from robson.engine.context import Decision
from robson.engine.decide import release
from robson.engine.exposure import month_of
from robson.engine.step import leave

FLAP_NS = 300 * NS_PER_S
"""Entries are taken again no sooner than this after the last change of the runtime state."""
ROBSON = "robson"
USED_UP = "the month's limit is used up"

Act = Callable[[PositionView, Decision], None]
"""Carries a decision out while the prices of its symbol wait."""

STEPS: dict[RuntimeState, frozenset[RuntimeState]] = {
    RuntimeState.RUNNING: frozenset({RuntimeState.PAUSED, RuntimeState.DRAINING}),
    RuntimeState.PAUSED: frozenset({RuntimeState.RUNNING, RuntimeState.DRAINING}),
    RuntimeState.DRAINING: frozenset({RuntimeState.STOPPED}),
    RuntimeState.STOPPED: frozenset({RuntimeState.RUNNING}),
}
"""Every legal step. Draining ends by itself when nothing is open."""


class Governor:
    """Answers what an operator asks for, and does what follows from where the account stands."""

    def __init__(self, custody: Custody, act: Act) -> None:
        self._custody = custody
        self._act = act
        self._seen: Standing | None = None

    def answer(self, command: Command, answer: Future[Any]) -> bool:
        """Answer an operator's command; False when it is somebody else's."""
        handlers: dict[type, Callable[[Any], None]] = {
            SetRuntimeState: self._set_state,
            SetHalt: self._set_halt,
            ClearFrozen: self._clear,
        }
        handler = handlers.get(type(command))
        if handler is None:
            return False
        was = self._custody.roster.standing
        try:
            handler(command)
        except Refused as refused:
            answer.set_exception(refused)
            return True
        answer.set_result(Governed(was=was, now=self._custody.roster.standing))
        return True

    def look(self) -> None:
        """Do what follows. What the month has left is counted when a fill or a result changed it:
        an entry that is only planned was admitted against it.
        """
        roster = self._custody.roster
        if roster.standing is not self._seen:
            self._alert()
            self._latch()
            self._seen = roster.standing
            if self._seen.halt is not None and self._custody.settings.on_halt == "close":
                for view in roster.live():
                    self._leave(view)
        if roster.standing.state is RuntimeState.DRAINING and roster.is_idle:
            self._change(RuntimeState.STOPPED, "nothing is open any more", None)

    # --- runtime state ---------------------------------------------------------------------------

    def _set_state(self, command: SetRuntimeState) -> None:
        standing = self._custody.roster.standing
        was, wanted = standing.state, command.state
        if wanted not in STEPS[was] or wanted is RuntimeState.STOPPED:
            raise _illegal(was, wanted)
        since = standing.runtime
        if wanted is RuntimeState.RUNNING and since is not None:
            left_ns = since.at_ns + FLAP_NS - self._custody.now()
            if left_ns > 0:
                seconds = -(-left_ns // NS_PER_S)
                raise Refused(
                    "INVALID_STATE_TRANSITION",
                    f"the runtime state changed less than {FLAP_NS // NS_PER_S} s ago; it may be"
                    f" running again in {seconds} s",
                    (("state", was.value), ("wait_s", str(seconds))),
                )
        self._change(wanted, command.reason, command.actor)

    def _change(self, wanted: RuntimeState, reason: str, actor: str | None) -> None:
        """Write the change down, and with a drain the end of everything that only waits."""
        now, roster = self._custody.now(), self._custody.roster
        changed = e.RuntimeStateChanged(
            at_ns=now, was=roster.standing.state, state=wanted, reason=reason, actor=actor
        )
        ended = [
            e.PositionCancelled(position=view.id, at_ns=now, reason="shutdown_policy", actor=actor)
            for view in roster.live()
            if wanted is RuntimeState.DRAINING and view.state is PositionState.ARMED
        ]
        for event in ended:
            pursuit = self._custody.pursuit(event.position)
            pursuit.detector = pursuit.signal = None
            pursuit.generation += 1
        roster.commit((changed, *ended))

    # --- alerts ----------------------------------------------------------------------------------

    def _alert(self) -> None:
        """Say, once a month for each line, that the month's losses have reached it."""
        roster = self._custody.roster
        month = roster.standing.month
        if month is None:
            return
        budget = self._custody.budget()
        told = {alert.line_pct for alert in roster.standing.alerts}
        reached = tuple(
            e.BudgetAlerted(
                at_ns=self._custody.now(),
                month=month.month,
                line_pct=line,
                consumed=budget.consumed,
                capital_base=budget.capital_base,
            )
            for line in budget.lines_reached
            if line not in told
        )
        if reached:
            roster.commit(reached)

    # --- halt ------------------------------------------------------------------------------------

    def _latch(self) -> None:
        """The halt is set when nothing of the month is left; it stays set when that changes."""
        standing = self._custody.roster.standing
        if standing.halt is not None or standing.capital_base <= 0:
            return
        budget = self._custody.budget()
        if budget.halt:
            self._halt(USED_UP, None)

    def _halt(self, reason: str, actor: str | None) -> None:
        now, month = self._custody.now(), self._custody.roster.month
        entered = e.HaltEntered(
            at_ns=now,
            month=month.month if month else month_of(now),
            reason=reason,
            remaining=self._custody.budget().remaining,
            actor=actor,
        )
        self._custody.roster.commit((entered,))

    def _set_halt(self, command: SetHalt) -> None:
        halt = self._custody.roster.standing.halt
        if command.on and halt is not None:
            raise Refused("INVALID_STATE_TRANSITION", f"entries are halted already: {halt.reason}")
        if command.on:
            self._halt(command.reason, command.actor)
            return
        if halt is None:
            raise Refused("INVALID_STATE_TRANSITION", "entries are not halted")
        budget = self._custody.budget()
        if budget.halt:
            raise Refused(
                "HALTED",
                f"the month's limit is used up: {plain(budget.remaining)} of"
                f" {plain(budget.budget)} is left; the next month clears it",
                (("remaining", plain(budget.remaining)), ("budget", plain(budget.budget))),
            )
        cleared = e.HaltCleared(
            at_ns=self._custody.now(), reason=command.reason, actor=command.actor
        )
        self._custody.roster.commit((cleared,))

    def _leave(self, view: PositionView) -> None:
        """``risk.on_halt = close``: what is held is left, what is on its way in is left on fill."""
        pursuit = self._custody.pursuit(view.id)
        ctx = self._custody.context(str(view.scope.symbol), pursuit)
        if view.state is PositionState.ENTERING and view.leave_on_fill is None:
            asked = e.PanicRequested(
                position=view.id, at_ns=ctx.now_ns, actor=ROBSON, reason="monthly_halt"
            )
            self._act(view, Decision(events=(asked,)))
        elif view.state is PositionState.ACTIVE and pursuit.trigger is None:
            out = leave(view, ctx, "monthly_halt", None)
            self._act(view, Decision(events=(out,), intents=release(view)))

    # --- frozen scopes ---------------------------------------------------------------------------

    def freeze(self, scope: str, reason: str, code: str = "frozen", evidence: Numbers = ()) -> None:
        """No entry in a scope until a person decides; once for each code is enough."""
        standing = self._custody.roster.standing
        if any((each.scope, each.code) == (scope, code) for each in standing.frozen):
            return
        frozen = e.ScopeFrozen(
            at_ns=self._custody.now(), scope=scope, reason=reason, code=code, evidence=evidence
        )
        self._custody.roster.commit((frozen,))

    def thaw(self, scope: str, code: str, reason: str) -> None:
        """What froze a scope is over. Where a person has to look for another reason, all stays."""
        roster = self._custody.roster
        if {each.code for each in roster.standing.frozen if each.scope == scope} == {code}:
            now = self._custody.now()
            roster.commit((e.ScopeCleared(at_ns=now, scope=scope, reason=reason, actor=ROBSON),))

    def _clear(self, command: ClearFrozen) -> None:
        standing = self._custody.roster.standing
        if all(each.scope != command.scope for each in standing.frozen):
            known = ", ".join(each.scope for each in standing.frozen) or "nothing"
            raise Refused(
                "INVALID_STATE_TRANSITION", f"{command.scope} is not frozen; frozen is {known}"
            )
        cleared = e.ScopeCleared(
            at_ns=self._custody.now(),
            scope=command.scope,
            reason=command.reason,
            actor=command.actor,
        )
        self._custody.roster.commit((cleared,))


def _illegal(was: RuntimeState, wanted: RuntimeState) -> Refused:
    allowed = ", ".join(sorted(s.value for s in STEPS[was] if s is not RuntimeState.STOPPED))
    by_itself = "; it ends by itself when nothing is open" if was is RuntimeState.DRAINING else ""
    return Refused(
        "INVALID_STATE_TRANSITION",
        f"the runtime state is {was.value} and cannot become {wanted.value};"
        f" allowed is {allowed or 'nothing'}{by_itself}",
        (("state", was.value), ("wanted", wanted.value)),
    )
