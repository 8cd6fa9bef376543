"""The audit: asks every law after every event and before every request, and counts.

One object for one journal. A daemon feeds it from its roster and its lanes; a world keeps it
over the death of the process, so that what is read again is compared with what had been seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from robson.domain import events as e
from robson.domain.accounts import MonthOpened
from robson.domain.identity import PositionId, Scope
from robson.domain.instrument import Instrument
from robson.domain.intents import CancelOrder, Intent, PlaceOrder, Repay
from robson.domain.lifecycle import Law
from robson.domain.ports import Recorded
from robson.domain.position import Position
from robson.domain.view import PositionView
from robson.engine.invariants import life, money, wire
from robson.engine.invariants.rules import RULES
from robson.engine.invariants.terms import Ask, Leaving, Memory, Seen, Truth, Verdict

_ALWAYS: list[tuple[str, Ask]] = []
_ON: dict[type, list[tuple[str, Ask]]] = {}
for _rule, _law, _events in (*life.LAWS, *money.LAWS):
    if not _events:
        _ALWAYS.append((_rule, _law))
    for _event in _events:
        _ON.setdefault(_event, []).append((_rule, _law))

RECENT = 8
_LOOKS = (
    e.SizingDecided,
    e.InsuranceRequested,
    e.InsuranceCancelled,
    e.OrderResolved,
    e.ExitFilled,
    e.PositionClosed,
    e.PnlSettled,
)
"""Events after which the exchange itself is looked at, where somebody can."""


@attrs.frozen(kw_only=True)
class Violation:
    """A law that did not hold, after which event of the journal, and the numbers."""

    rule: str
    position: PositionId | None
    seq: int
    at_ns: int
    message: str

    @property
    def name(self) -> str:
        """Id and name of the rule."""
        return f"{self.rule} {RULES[self.rule][0]}" if self.rule in RULES else self.rule


def nothing_excused(_since_ns: int, _until_ns: int) -> int:
    """No part of any span: nothing goes wrong on purpose."""
    return 0


class Audit:
    """Counts evaluations by rule and keeps what was violated.

    Args:
        instruments: by symbol.
        truth: looks at the exchange; None where nobody can, then ``final`` may still be told.
        excused: how many ns of a span a fault or a dead process explains.
        keeps: whether every view is kept, to compare a replay event by event.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        *,
        truth: Callable[[Scope], Truth] | None = None,
        excused: Callable[[int, int], int] = nothing_excused,
        keeps: bool = True,
    ) -> None:
        self.memory = Memory(instruments=instruments, excused=excused)
        self.evaluated: Counter[str] = Counter(dict.fromkeys(RULES, 0))
        self.violations: list[Violation] = []
        self._truth = truth
        self._keeps = keeps
        self._seen: dict[int, PositionView | None] = {}

    # --- what is fed -----------------------------------------------------------------------------

    def witness(self, recorded: Recorded, after: PositionView | None) -> None:
        """Take in a recorded event with the view it led to; fits a roster's ``witness``."""
        if recorded.seq <= self.memory.seq:
            # A restart. Where the folds differ the last views do; ``replay`` compares every one.
            if recorded.seq > self.memory.seq - RECENT:
                self._again(recorded, after)
            return
        truth = None
        if self._truth is not None and after is not None and isinstance(recorded.event, _LOOKS):
            truth = self._truth(after.scope)
        before = self.memory.views.get(after.id) if after is not None else None
        self.feed(recorded, before, after, truth)

    def feed(
        self,
        recorded: Recorded,
        before: PositionView | None,
        after: PositionView | None,
        truth: Truth | None = None,
    ) -> None:
        """Ask every law about one event."""
        event, position = recorded.event, after.id if after is not None else None
        self._chain(recorded, before)
        if self._keeps:
            self._seen[recorded.seq] = after
        if after is not None:
            seen = Seen(event, before, after, self.memory, truth)
            for rule, law in (*_ALWAYS, *_ON.get(type(event), ())):
                self._judge(rule, law(seen), position, recorded.seq, event.at_ns)
        self._remember(recorded, after, truth)

    def leaves(self, intent: Intent, now_ns: int) -> None:
        """Ask about a request at the instant at which it goes on the wire."""
        if not isinstance(intent, PlaceOrder | CancelOrder | Repay):
            return
        memory = self.memory
        rules = memory.instruments[str(intent.scope.symbol)]
        truth = None
        if self._truth is not None and isinstance(intent, PlaceOrder):
            truth = self._truth(intent.scope)
        leaving = Leaving(intent, memory.views.get(intent.position), rules, memory, truth, now_ns)
        for rule, law in wire.LAWS:
            self._judge(rule, law(leaving), intent.position, memory.seq, now_ns)
        if isinstance(intent, PlaceOrder):
            memory.entries[intent.client_id] += 1
        if isinstance(intent, CancelOrder):
            memory.cancelled.add(intent.target)

    def replay(
        self,
        journal: Iterable[Recorded],
        law: Callable[[], Law],
        onto: dict[PositionId, Position] | None = None,
    ) -> None:
        """Fold a journal from its first row and compare with every view that was seen.

        ``onto``: what the rows before these came to in an earlier replay; it is taken further, and
        what was seen is kept no longer than until it was compared.
        """
        positions = {} if onto is None else onto
        for recorded in journal:
            event = recorded.event
            if isinstance(event, e.PositionArmed):
                positions[event.position] = Position.born(event, law())
            elif not isinstance(event, e.AccountEvent):
                positions[event.position].apply(event)
            position = getattr(event, "position", None)
            self._again(recorded, positions[position].view if position else None)
            if onto is not None:
                self._seen.pop(recorded.seq, None)

    def final(self, truth: Truth) -> None:
        """Compare every settled position of a pair with the exchange, when all is quiet."""
        for view in list(self.memory.views.values()):
            if view.scope == truth.account.scope and view.is_settled:
                asked = money.settled_as_there(view, truth)
                self._judge("S8", asked, view.id, self.memory.seq, truth.account.at_ns)

    def note(self, rule: str, verdict: Verdict, at_ns: int) -> None:
        """Count a verdict that somebody else came to, such as the exchange's auditor."""
        self._judge(rule, (verdict,), None, self.memory.seq, at_ns)

    # --- inside ----------------------------------------------------------------------------------

    def _judge(
        self,
        rule: str,
        verdicts: Iterable[Verdict],
        position: PositionId | None,
        seq: int,
        at_ns: int,
    ) -> None:
        for verdict in verdicts:
            self.evaluated[rule] += 1
            if verdict is not True:
                found = Violation(
                    rule=rule, position=position, seq=seq, at_ns=at_ns, message=str(verdict)
                )
                self.violations.append(found)

    def _chain(self, recorded: Recorded, before: PositionView | None) -> None:
        """A trigger may wait for its cancel's answer, so time is only kept by each position."""
        memory, at_ns = self.memory, recorded.event.at_ns
        last_ns = before.updated_ns if before is not None else 0
        verdicts: tuple[Verdict, ...] = (
            recorded.seq == memory.seq + 1 or f"row {recorded.seq} follows row {memory.seq}",
            at_ns >= last_ns or f"time ran back by {last_ns - at_ns} ns",
            recorded.epoch >= memory.epoch or f"epoch {recorded.epoch} after {memory.epoch}",
        )
        position = before.id if before is not None else None
        self._judge("S5", verdicts, position, recorded.seq, at_ns)

    def _again(self, recorded: Recorded, view: PositionView | None) -> None:
        """A row that had been seen is folded again: it has to give the same view."""
        if recorded.seq not in self._seen:
            return
        same = self._seen[recorded.seq] == view
        verdict = same or f"row {recorded.seq} folds to another view than it did"
        position = view.id if view is not None else None
        self._judge("S16", (verdict,), position, recorded.seq, recorded.event.at_ns)

    def _remember(
        self, recorded: Recorded, after: PositionView | None, truth: Truth | None
    ) -> None:
        memory, event = self.memory, recorded.event
        memory.seq, memory.at_ns = recorded.seq, event.at_ns
        memory.epoch = recorded.epoch
        if isinstance(event, MonthOpened):
            memory.month = event
            memory.basis.clear()
        if isinstance(event, e.HaltEntered | e.HaltCleared):
            memory.halted = isinstance(event, e.HaltEntered)
        if after is None:
            return
        memory.views[after.id] = after
        _NOTES.get(type(event), _nothing)(memory, event, after)
        if isinstance(event, e.SizingDecided) and truth is not None:
            memory.lagged[after.id] = money.beyond_reading(event.account, truth)
        memory.last[after.id] = event  # type: ignore[assignment]
        for order in after.orders:
            if order.status == "unknown":
                memory.unknown_ns.setdefault(order.client_id, event.at_ns)
            else:
                memory.unknown_ns.pop(order.client_id, None)


def _nothing(_memory: Memory, _event: Any, _view: PositionView) -> None:
    """Most events leave nothing behind."""


def _sized(memory: Memory, event: e.SizingDecided, view: PositionView) -> None:
    memory.sized[view.id] = event.account


def _carried(memory: Memory, event: e.PositionCarried, view: PositionView) -> None:
    memory.basis[view.id] = event.basis


def _banded(memory: Memory, event: e.MarginBandChanged, view: PositionView) -> None:
    memory.bands[view.id] = event.band


def _refused(memory: Memory, event: e.EntryFailed, _view: PositionView) -> None:
    if event.code is not None:
        memory.rejected.add(event.client_id)


def _answered(memory: Memory, event: e.OrderResolved, _view: PositionView) -> None:
    memory.resolved.add(event.client_id)


def _unknown(memory: Memory, event: e.OrderUnknown, _view: PositionView) -> None:
    memory.resolved.discard(event.client_id)


def _bare_from(
    memory: Memory, event: e.EntryPartlyFilled | e.EntryFilled, view: PositionView
) -> None:
    since_ns = life.protectable_ns(event.fills, view, memory)
    if view.id not in memory.entered and since_ns is not None:
        memory.entered.add(view.id)
        memory.bare_ns[view.id] = since_ns


def _bare_again(memory: Memory, event: e.InsuranceCancelled, view: PositionView) -> None:
    if view.missed_ns is None:  # what is gone from the account lacks no stop
        memory.bare_ns.setdefault(view.id, event.cancelled_ns)


def _failed(memory: Memory, event: e.PositionFailed, view: PositionView) -> None:
    """The account contradicts the journal, which cannot say any more what lacks a stop: from here
    on only the exchange's own books can.
    """
    since = memory.bare_ns.pop(view.id, None)
    if since is not None:
        memory.bare[view.id] += memory.counted(since, event.at_ns)


def _covered(
    memory: Memory, event: e.InsurancePlaced | e.ExitFilled | e.InsuranceFilled, view: PositionView
) -> None:
    since = memory.bare_ns.pop(view.id, None)
    if since is not None:
        memory.bare[view.id] += life.bare_until(memory, event, view, since)
    if isinstance(event, e.InsurancePlaced):
        memory.rested[view.id] = event.stop_price
        memory.resting_ns.setdefault(event.client_id, event.at_ns)


_NOTES: dict[type, Callable[[Memory, Any, PositionView], None]] = {
    e.SizingDecided: _sized,
    e.PositionCarried: _carried,
    e.MarginBandChanged: _banded,
    e.EntryFailed: _refused,
    e.OrderResolved: _answered,
    e.OrderUnknown: _unknown,
    e.EntryPartlyFilled: _bare_from,
    e.EntryFilled: _bare_from,
    e.InsuranceCancelled: _bare_again,
    e.InsurancePlaced: _covered,
    e.ExitFilled: _covered,
    e.InsuranceFilled: _covered,
    e.PositionFailed: _failed,
}
