"""Every law on trial: a life that holds, and for each rule the one change that it must notice."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.domain import events as e
from robson.domain.accounts import MonthOpened
from robson.domain.identity import ClientOrderId, PositionId
from robson.domain.intents import CancelOrder, Intent, PlaceOrder, SideEffect
from robson.domain.lifecycle import TableLaw
from robson.domain.ports import Recorded
from robson.domain.position import Position
from robson.domain.reports import OrderStatus
from robson.domain.values import NS_PER_S, Price, Quantity, Side
from robson.domain.view import PositionView
from robson.engine.invariants import RULES, Audit, Truth
from robson.sim.faults import CrashAt
from robson.sim.runs import Reaching, live
from robson.sim.world import World
from tests.simulation.worlds import plan

SECOND = NS_PER_S


@attrs.frozen
class Fed:
    """One call of the audit: a row, or a request that leaves."""

    recorded: Recorded | None = None
    before: PositionView | None = None
    after: PositionView | None = None
    truth: Truth | None = None
    leaves: Intent | None = None
    now_ns: int = 0


class Taped(Audit):
    """An audit that keeps what it was fed."""

    tape: list[Fed]

    def feed(
        self,
        recorded: Recorded,
        before: PositionView | None,
        after: PositionView | None,
        truth: Truth | None = None,
    ) -> None:
        self.tape.append(Fed(recorded, before, after, truth))
        super().feed(recorded, before, after, truth)

    def leaves(self, intent: Intent, now_ns: int) -> None:
        self.tape.append(Fed(leaves=intent, now_ns=now_ns))
        super().leaves(intent, now_ns)


def life(crash: str | None = None) -> tuple[list[Fed], Audit, list[Recorded]]:
    """Everything that the audit of one life was fed, the audit, and the journal."""
    kept: list[Any] = []

    def observed(world: World, checks: Reaching) -> Reaching:
        taped = Taped(
            {world.symbol: world.instrument},
            truth=checks.truth,
            excused=checks.audit.memory.excused,
        )
        taped.tape = []
        taped.evaluated = checks.audit.evaluated
        checks.audit = taped
        kept.extend((taped, world))
        return checks

    at = CrashAt(crash) if crash else None
    outcome = live(plan(1, Side.LONG, crash_at=at), observed=observed)
    assert outcome.violations == ()
    audit, world = kept
    return audit.tape, audit, list(world.journal.read())


LIFE, AUDIT, JOURNAL = life()
CRASHED, *_ = life("exit.send:before")


def judged(tape: list[Fed]) -> set[str]:
    """The rules that a tape of calls violates."""
    audit = Audit(AUDIT.memory.instruments)
    for fed in tape:
        if fed.leaves is not None:
            audit.leaves(fed.leaves, fed.now_ns)
        elif fed.recorded is not None:
            audit.feed(fed.recorded, fed.before, fed.after, fed.truth)
    return {found.rule for found in audit.violations}


Change = Callable[[Fed], Fed]


def changed(kind: type, change: Change, tape: list[Fed] = LIFE) -> list[Fed]:
    """The tape with the first event of a kind changed."""
    place = next(n for n, fed in enumerate(tape) if fed.recorded and _is(fed, kind))
    return [*tape[:place], change(tape[place]), *tape[place + 1 :]]


def _is(fed: Fed, kind: type) -> bool:
    return fed.recorded is not None and isinstance(fed.recorded.event, kind)


def event(**changes: Any) -> Change:
    """Change fields of the event."""

    def change(fed: Fed) -> Fed:
        assert fed.recorded is not None
        told = attrs.evolve(fed.recorded.event, **changes)
        return attrs.evolve(fed, recorded=attrs.evolve(fed.recorded, event=told))

    return change


def view(**changes: Callable[[PositionView], Any]) -> Change:
    """Change fields of the view that followed."""

    def change(fed: Fed) -> Fed:
        assert fed.after is not None
        new = {name: of(fed.after) for name, of in changes.items()}
        return attrs.evolve(fed, after=attrs.evolve(fed.after, **new))

    return change


def leaving(pick: Callable[[Intent], bool], *others: Intent) -> list[Fed]:
    """The tape with other requests after the one that is picked."""
    place = next(n for n, fed in enumerate(LIFE) if fed.leaves is not None and pick(fed.leaves))
    return [*LIFE[: place + 1], *(Fed(leaves=other) for other in others), *LIFE[place + 1 :]]


def order(purpose: str) -> PlaceOrder:
    """The order of a purpose that the life sent."""
    return next(
        fed.leaves
        for fed in LIFE
        if isinstance(fed.leaves, PlaceOrder) and fed.leaves.purpose.value == purpose
    )


def seen(kind: type, tape: list[Fed] = LIFE) -> Any:
    """The first event of a kind."""
    return next(fed.recorded.event for fed in tape if fed.recorded and _is(fed, kind))


def _is_entry(intent: Intent) -> bool:
    return intent == order("e")


def s6() -> list[Fed]:
    sized = seen(e.SizingDecided)
    less = attrs.evolve(sized.plan.sizing, planned_risk=sized.plan.sizing.planned_risk / 2)
    return changed(e.SizingDecided, event(plan=attrs.evolve(sized.plan, sizing=less)))


def m3() -> list[Fed]:
    sized = seen(e.SizingDecided)
    wrong = Price(sized.plan.stops.entry_ref + 1)
    behind = attrs.evolve(sized.plan.insurance, stop_price=wrong)
    return changed(e.SizingDecided, event(plan=attrs.evolve(sized.plan, insurance=behind)))


def m5() -> list[Fed]:
    return changed(MonthOpened, event(capital_base=Decimal(1)))


def m4() -> list[Fed]:
    place = next(n for n, fed in enumerate(LIFE) if _is(fed, e.EntryFilled))
    armed = next(fed for fed in LIFE if _is(fed, e.PositionArmed))
    assert armed.recorded is not None
    assert armed.after is not None
    other = PositionId.of(1)
    row = attrs.evolve(armed.recorded, event=attrs.evolve(armed.recorded.event, position=other))
    again = Fed(recorded=row, after=attrs.evolve(armed.after, id=other))
    return [*LIFE[:place], again, *LIFE[place:]]


def s8() -> list[Fed]:
    return changed(
        e.PnlSettled,
        lambda fed: attrs.evolve(fed, truth=attrs.evolve(fed.truth, orders=fed.truth.orders[:-1])),
    )


def s14() -> list[Fed]:
    def rests(fed: Fed) -> Fed:
        truth = fed.truth
        assert truth is not None
        orders = tuple(attrs.evolve(o, status=OrderStatus.NEW) for o in truth.orders)
        return attrs.evolve(fed, truth=attrs.evolve(truth, orders=orders))

    return changed(e.InsuranceCancelled, rests)


def late(fed: Fed) -> tuple[Any, ...]:
    assert fed.after is not None
    return tuple(attrs.evolve(f, at_ns=f.at_ns + 10 * SECOND) for f in fed.after.exit_fills)


def l1() -> list[Fed]:
    return changed(
        e.PositionClosed,
        lambda fed: attrs.evolve(fed, after=attrs.evolve(fed.after, exit_fills=late(fed))),
    )


def _double(fill: Any) -> Any:
    return attrs.evolve(fill, quantity=Quantity(fill.quantity * 2))


BREACHES: dict[str, Callable[[], list[Fed]]] = {
    "S1": lambda: changed(
        e.ExitFilled, view(exit_fills=lambda v: tuple(map(_double, v.exit_fills)))
    ),
    "S2": lambda: leaving(_is_entry, order("e")),
    "S3": lambda: leaving(
        _is_entry, attrs.evolve(order("e"), client_id=ClientOrderId(f"{order('e').client_id}9"))
    ),
    "S4": lambda: [fed for fed in LIFE if not _is(fed, e.OrderSending)],
    "S5": lambda: [fed for fed in LIFE if not _is(fed, e.SignalReceived)],
    "S6": s6,
    "S7": lambda: changed(e.InsurancePlaced, view(stop=lambda v: Price(v.stop - 1))),
    "S8": s8,
    "S9": lambda: changed(e.InsurancePlaced, event(client_id=order("e").client_id)),
    "S10": lambda: changed(
        e.InsurancePlaced, event(accepted_ns=seen(e.InsurancePlaced).accepted_ns + 4 * SECOND)
    ),
    "S12": lambda: leaving(
        _is_entry,
        CancelOrder(
            scope=order("e").scope,
            position=order("e").position,
            target=ClientOrderId("somebody-else"),
            cancel_id=ClientOrderId("rbc"),
        ),
    ),
    "S13": lambda: changed(
        e.ExitTriggered, event(price=seen(e.SizingDecided).plan.stops.entry_ref)
    ),
    "S14": s14,
    "M1": lambda: leaving(
        _is_entry,
        attrs.evolve(order("e"), quantity=Quantity(order("e").quantity + Decimal("1E-7"))),
    ),
    "M2": lambda: leaving(
        lambda intent: intent == order("x"),
        attrs.evolve(order("x"), side_effect=SideEffect.BORROW),
    ),
    "M3": m3,
    "M4": m4,
    "M5": m5,
    "M6": lambda: changed(e.EntryFilled, event(held=seen(e.EntryFilled).quantity)),
    "M7": lambda: changed(
        e.PositionClosed, event(quantity=Quantity(seen(e.PositionClosed).quantity * 2))
    ),
    "M8": lambda: changed(e.PnlSettled, event(net=seen(e.PnlSettled).net + 1)),
    "L1": l1,
    "L2": lambda: changed(
        e.OrderResolved,
        event(at_ns=seen(e.OrderResolved, CRASHED).at_ns + 60 * SECOND),
        CRASHED,
    ),
}


def test_the_life_itself_holds() -> None:
    assert judged(LIFE) == set()
    assert AUDIT.violations == []
    assert min(AUDIT.evaluated[rule] for rule in RULES) > 0


@pytest.mark.parametrize("rule", sorted(RULES.keys() - {"S16"}))
def test_a_breach_is_noticed(rule: str) -> None:
    assert rule in judged(BREACHES[rule]())


def test_closed_while_an_exit_is_under_way() -> None:
    def sent(closed: PositionView) -> Any:
        return tuple(attrs.evolve(o, status="sending") for o in closed.orders)

    assert "M7" in judged(changed(e.PositionClosed, view(orders=sent)))


def test_what_is_over_does_not_come_back() -> None:
    """The stop is told as resting once more, after it was taken back."""

    def again(closed: PositionView) -> Any:
        stop = closed.insurance.client_id
        return tuple(
            attrs.evolve(o, status="resting") if o.client_id == stop else o for o in closed.orders
        )

    assert judged(changed(e.PositionClosed, view(orders=again))) == {"S9"}


@pytest.mark.parametrize(("after_ns", "broken"), [(SECOND // 10, set()), (SECOND, {"S14"})])
def test_the_stop_is_let_go_at_once(after_ns: int, broken: set[str]) -> None:
    """The cancel that follows a decision to leave, moved behind it."""
    cancel = next(n for n, fed in enumerate(LIFE) if isinstance(fed.leaves, CancelOrder))
    late = attrs.evolve(LIFE[cancel], now_ns=seen(e.ExitTriggered).at_ns + after_ns)
    tape = [*LIFE[:cancel], *LIFE[cancel + 1 :]]
    written = next(n for n, fed in enumerate(tape) if _is(fed, e.ExitTriggered))
    assert judged([*tape[: written + 1], late, *tape[written + 1 :]]) == broken


def test_a_world_ends_some_time_after_it_was_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_world: World, checks: Reaching) -> Reaching:
        checks.audit.note("B1", verdict="planted", at_ns=0)
        return checks

    whole = live(plan(1, Side.LONG)).events
    monkeypatch.setattr("robson.sim.checks.AFTERMATH", 5)
    outcome = live(plan(1, Side.LONG), observed=broken)
    assert outcome.events <= 5 < whole
    assert [found.message for found in outcome.violations] == ["planted"]


def test_another_journal_is_no_replay() -> None:
    def rewritten() -> Iterator[Recorded]:
        for recorded in JOURNAL:
            if isinstance(recorded.event, e.StopRaised | e.EntryFilled):
                told = attrs.evolve(recorded.event, at_ns=recorded.event.at_ns + 1)
                yield attrs.evolve(recorded, event=told)
            else:
                yield recorded

    AUDIT.replay(JOURNAL, TableLaw)
    assert AUDIT.violations == []
    AUDIT.replay(rewritten(), TableLaw)
    assert {found.rule for found in AUDIT.violations} == {"S16"}
    AUDIT.violations.clear()


def test_a_replay_goes_on_where_the_last_one_ended() -> None:
    """Each row is compared once, by a fold that the rows before it have led to."""
    audit = copy.copy(AUDIT)
    audit._seen, audit.evaluated = dict(AUDIT._seen), Counter()
    folded: dict[PositionId, Position] = {}
    for recorded in JOURNAL:
        audit.replay([recorded], TableLaw, onto=folded)

    assert audit.violations == []
    assert audit.evaluated["S16"] == len(JOURNAL)
    assert audit._seen == {}
    assert {each.view.id: each.view for each in folded.values()} == audit.memory.views
