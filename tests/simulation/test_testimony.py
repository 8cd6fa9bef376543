"""What a person says of a position is held against the account, and written down with his evidence.

Each begins with what journal and exchange say, and ends with what both say afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.api.published import Looked, Settled
from robson.api.translate.evidence import evidence
from robson.domain import events as e
from robson.domain.commands import (
    ClearFrozen,
    Command,
    HandOver,
    Panic,
    Reconcile,
    ReconcileClose,
    Resolve,
)
from robson.domain.errors import Refused
from robson.domain.identity import Purpose
from robson.domain.lifecycle import PositionState
from robson.domain.reports import Fill, fees_elsewhere
from robson.domain.values import NS_PER_MS, Action, Quantity, Side
from robson.engine.absence import decide_absent
from robson.engine.context import Decision
from robson.engine.settle import fees
from tests.simulation import outsiders
from tests.simulation.test_reconcile import BOTH, LOOKED_S, Read, closes, codes, held, passes
from tests.simulation.worlds import Bench, Script

ACTOR, REASON = "ops@edge-1", "sold on the web page"


def said(bench: Bench, command: Command) -> Any:
    """The answer to a command, or the refusal."""
    asked = bench.world.ask(command)
    bench.world.until(asked.answer.done)
    return asked.answer.exception() or asked.answer.result()


def written(bench: Bench) -> int:
    """Rows of the journal."""
    return len(list(bench.world.journal.read()))


def trades(bench: Bench, *names: str) -> list[Fill]:
    """The exchange's own list of what some orders of others traded."""
    orders = bench.world.exchange.state.accounts[bench.world.scope].orders
    return [fill for fill in orders.fills if fill.client_id in names]


def record(fills: list[Fill], symbol: str, **changes: object) -> str:
    """A user_trade_record as the exchange's own list would have it."""
    rows = [
        {
            "symbol": symbol,
            "id": fill.trade_id,
            "orderId": fill.order_id,
            "price": str(fill.price),
            "qty": str(fill.quantity),
            "commission": str(fill.commission),
            "commissionAsset": fill.commission_asset,
            "time": fill.at_ns // NS_PER_MS,
            "isBuyer": fill.action is Action.BUY,
            **changes,
        }
        for fill in fills
    ]
    return json.dumps({"kind": "user_trade_record", "trades": rows})


def closing(bench: Bench, fills: list[Fill], **changes: object) -> ReconcileClose:
    """The command with these trades."""
    text = record(fills, bench.world.symbol, **changes)
    brought = evidence(text, bench.view)
    return ReconcileClose(position=bench.view.id, evidence=brought, reason=REASON, actor=ACTOR)


def resolving(bench: Bench, target: str, fills: list[Fill] | None = None) -> Resolve:
    """The word of a person about a position in error."""
    brought = evidence(record(fills, bench.world.symbol), bench.view) if fills else None
    return Resolve(
        position=bench.view.id,
        target=target,
        evidence=brought,
        reason=REASON,
        actor=ACTOR,
    )


def unexplained(side: Side) -> Read:
    """Journal: active. Exchange: flat, by two orders of somebody else. Long enough for R9."""
    bench = held(side)
    outsiders.cancels(bench, bench.view.insurance.client_id)
    more = "0.5" if side is Side.LONG else "0.501"  # with interest
    closes(bench, "0.5", "web_1", stop=False)
    closes(bench, more, "web_3", stop=False)
    passes(bench, 3 * LOOKED_S)
    assert bench.view.state is PositionState.ACTIVE
    assert "stale_active" in codes(bench)
    return bench


def in_error(bench: Read, seconds: int = 1) -> Read:
    """The same position, of which nobody knows what it is."""
    failed = e.PositionFailed(
        position=bench.view.id,
        at_ns=bench.world.clock.exchange_ns(),
        code="unknown_order",
        message="planted",
    )
    bench.world.monitor.custody.carry_out(bench.view, Decision(events=(failed,)))
    passes(bench, seconds)
    return bench


# --- closing by evidence --------------------------------------------------------------------------


@BOTH
@pytest.mark.proves("R9", "I-47")
def test_a_position_that_nobody_can_explain_is_closed_by_the_trades_a_person_brings(
    side: Side, record_property: Any
) -> None:
    bench = unexplained(side)
    both = trades(bench, "web_1", "web_3")
    done = said(bench, closing(bench, both))

    assert isinstance(done, Settled), done
    assert done.position.state is PositionState.CLOSED
    record_property("happened", f"R9: a {side.value} closed by evidence")
    (closed,) = bench.events(e.PositionClosed)
    assert (closed.reason, closed.by) == ("reconciled_external", "reconciled")
    found = bench.events(e.Reconciled)[-1]
    told = dict(found.evidence)
    assert (found.row, found.code) == ("R9", "closed_by_evidence")
    assert (told["actor"], told["reason"]) == (ACTOR, REASON)
    assert (told["kind"], len(told["sha256"])) == ("user_trade_record", 64)
    view = bench.settled()
    assert view.settled is not None
    assert view.settled.net != 0
    assert {fill.trade_id for fill in view.exit_fills} == {fill.trade_id for fill in both}
    if side is Side.SHORT:
        return  # what was bought in excess of the debt is a stranger's, and keeps the pair frozen
    thawed = ClearFrozen(scope=bench.world.symbol, reason="looked", actor=ACTOR)
    assert not isinstance(said(bench, thawed), Refused)


WRONG: dict[str, tuple[Callable[[Any], Command], str, str]] = {
    "too little": (lambda b: closing(b, trades(b, "web_1")), "STILL_DEGRADED", "explain"),
    "twice": (
        lambda b: closing(b, trades(b, "web_1", "web_3") * 2),
        "INVALID_ARGUMENT",
        "is counted already",
    ),
    "another price": (
        lambda b: closing(b, trades(b, "web_1", "web_3"), price="1.00"),
        "INVALID_ARGUMENT",
        "is another one in the exchange's own list",
    ),
    "the other side": (
        lambda b: closing(b, trades(b, "web_1", "web_3"), isBuyer=True),
        "INVALID_ARGUMENT",
        "is a buy; a long is left by a sell",
    ),
    "before the entry": (
        lambda b: closing(b, trades(b, "web_1", "web_3"), time=1000),
        "INVALID_ARGUMENT",
        "was not between the entry's fill and now",
    ),
    "another asset's fee": (
        lambda b: closing(b, trades(b, "web_1", "web_3"), commissionAsset="BNB"),
        "INVALID_ARGUMENT",
        "is another one in the exchange's own list",
    ),
    "the entry's own": (
        lambda b: closing(b, list(b.view.entry.fills), isBuyer=False),
        "INVALID_ARGUMENT",
        "was not between",
    ),
    "not in error": (
        lambda b: resolving(b, "closed"),
        "INVALID_STATE_TRANSITION",
        "position is active",
    ),
}


@BOTH
def test_a_fee_that_was_paid_in_bnb_is_told_beside_the_result(
    side: Side, record_property: Any
) -> None:
    """The exchange's list begins later: the trades are only in the person's own record."""
    bench = unexplained(side)
    one, two = trades(bench, "web_1", "web_3")
    own = attrs.evolve(one, trade_id=900_001, quantity=Quantity(one.quantity + two.quantity))
    done = said(bench, closing(bench, [own], commission="0.01", commissionAsset="BNB"))

    assert isinstance(done, Settled), done
    passes(bench, 1)
    (settled,) = bench.events(e.PnlSettled)
    (closed,) = bench.events(e.FilledOutside)
    assert fees_elsewhere(closed.fills, bench.view.scope.symbol) == {"BNB": Decimal("0.01")}
    assert bench.view.entry is not None
    assert settled.fees == fees(bench.view.entry.fills, bench.view.scope.symbol)
    record_property("happened", f"a {side.value} closed by evidence, its fee in BNB")


def test_evidence_that_does_not_explain_it_changes_nothing(record_property: Any) -> None:
    bench = unexplained(Side.LONG)
    rows = written(bench)
    for name, (command, code, words) in WRONG.items():
        refused = said(bench, command(bench))
        assert isinstance(refused, Refused), name
        assert (refused.code, words in refused.message) == (code, True), (name, refused.message)
    assert written(bench) == rows
    assert bench.view.state is PositionState.ACTIVE
    record_property("happened", f"evidence refused: {len(WRONG)}")


def test_what_is_still_held_or_not_missed_long_enough_is_not_closed() -> None:
    bench = held()
    passes(bench, 2)
    own = list(bench.view.entry.fills) if bench.view.entry else []
    refused = said(bench, closing(bench, own, isBuyer=False))
    assert isinstance(refused, Refused)
    assert "the account still shows" in refused.message
    assert "robson panic" in refused.message
    closes(bench)
    passes(bench, 1)
    soon = said(bench, closing(bench, trades(bench, "web_1")))
    assert isinstance(soon, Refused)
    assert "two looks 60 s apart" in soon.message
    assert bench.events(e.PositionClosed) == []


# --- what an error really is ----------------------------------------------------------------------


@BOTH
def test_an_error_is_active_when_all_of_it_is_held(side: Side, record_property: Any) -> None:
    bench = in_error(held(side))
    for target, words in {
        "closed": "the account still shows",
        "exiting": "it was not on its way out; to leave it: robson panic",
        "cancelled": "its entry has filled",
    }.items():
        refused = said(bench, resolving(bench, target))
        assert isinstance(refused, Refused), target
        assert (refused.code, words in refused.message) == ("STILL_DEGRADED", True), refused.message
    assert bench.events(e.PositionResolved, e.PositionClosed, e.PositionCancelled) == []
    done = said(bench, resolving(bench, "active"))

    assert isinstance(done, Settled), done
    (resolved,) = bench.events(e.PositionResolved)
    assert (resolved.target, resolved.actor) == ("active", ACTOR)
    assert dict(resolved.evidence)["reason"] == REASON
    assert (bench.view.state, bench.view.error) == (PositionState.ACTIVE, None)
    passes(bench, 5)
    assert len(outsiders.open_ids(bench)) == 1, "its exchange stop rests"
    bench.world.ask(Panic(actor="t"))
    assert bench.settled().closed is not None
    record_property("happened", f"an error was an active {side.value}")


@pytest.mark.parametrize("brought", [False, True], ids=["by its own list", "by evidence"])
def test_an_error_is_closed_when_trades_explain_it(*, brought: bool, record_property: Any) -> None:
    bench = in_error(held())
    closes(bench)
    refused = said(bench, resolving(bench, "active"))
    assert isinstance(refused, Refused)
    assert "less than it holds" in refused.message
    fills = trades(bench, "web_1") if brought else None
    done = said(bench, resolving(bench, "closed", fills))

    assert isinstance(done, Settled), done
    assert dict(bench.events(e.PositionResolved)[0].evidence)["said"] == "closed"
    view = bench.settled()
    assert view.closed is not None
    assert view.closed.reason == "reconciled_external"
    assert view.error is None
    record_property("happened", "an error was closed")


def test_an_exit_that_never_happened_goes_on_when_a_person_says_so(record_property: Any) -> None:
    """Journal: error, with an exit of unknown outcome. Exchange: all of it is still there."""
    script = Script(lost=Purpose.EXIT, request=True)
    bench = Read([], seconds=900, faults=script)
    bench.active(Side.LONG)
    bench.world.ask(Panic(actor="t"))
    bench.world.until(lambda: any(order.status == "unknown" for order in bench.view.orders))
    in_error(bench)
    assert bench.view.state is PositionState.ERROR
    refused = said(bench, resolving(bench, "active"))
    assert isinstance(refused, Refused)
    assert "it was on its way out" in refused.message
    done = said(bench, resolving(bench, "exiting"))

    assert isinstance(done, Settled), done
    view = bench.settled()
    assert view.closed is not None
    assert len(bench.requests(Purpose.EXIT)) == 1
    record_property("happened", "an exit went on")


def test_an_entry_that_never_filled_is_cancelled(record_property: Any) -> None:
    script = Script(lost=Purpose.ENTRY, request=True)
    bench = Read([], seconds=900, faults=script)
    bench.arm(Side.LONG)
    bench.world.until(lambda: any(order.status == "unknown" for order in bench.view.orders))
    in_error(bench)
    for target in ("active", "exiting", "closed"):
        refused = said(bench, resolving(bench, target))
        assert isinstance(refused, Refused)
        assert "the journal has no fill" in refused.message
    done = said(bench, resolving(bench, "cancelled"))

    assert isinstance(done, Settled), done
    assert (bench.view.state, bench.view.cancel_reason) == (PositionState.CANCELLED, "resolved")
    assert not bench.view.is_live
    record_property("happened", "an error was cancelled")


def test_an_entry_that_did_fill_is_not_cancelled() -> None:
    script = Script(lost=Purpose.ENTRY, hidden_s=5)
    bench = Read([], seconds=900, faults=script)
    bench.arm(Side.LONG)
    bench.world.until(lambda: any(order.status == "unknown" for order in bench.view.orders))
    in_error(bench)
    refused = said(bench, resolving(bench, "cancelled"))
    assert isinstance(refused, Refused)
    assert "its entry is FILLED with" in refused.message
    assert "close that at the exchange first" in refused.message


@pytest.mark.parametrize(
    ("lost", "target"), [(Purpose.EXIT, "closed"), (Purpose.ENTRY, "cancelled")]
)
def test_what_a_person_has_ended_is_not_ended_again_by_a_late_proof(
    lost: Purpose, target: str, record_property: Any
) -> None:
    """Journal: over, by a person's word, with an order unknown. The proof of its absence comes."""
    bench = Read([], seconds=900, faults=Script(lost=lost, request=True))
    if lost is Purpose.EXIT:
        bench.active(Side.LONG)
        bench.world.ask(Panic(actor="t"))
    else:
        bench.arm(Side.LONG)
    bench.world.until(lambda: any(order.status == "unknown" for order in bench.view.orders))
    in_error(bench)
    if lost is Purpose.EXIT:
        closes(bench, stop=False)
        passes(bench, 20)  # until it cannot trade any more
    assert isinstance(said(bench, resolving(bench, target)), Settled)
    (unknown,) = [each for each in bench.view.orders if each.status == "unknown"]
    custody = bench.world.monitor.custody
    ctx = custody.context(bench.world.symbol)
    custody.carry_out(bench.view, decide_absent(bench.view, unknown.order, (), ctx))

    assert bench.view.state.value == target
    assert [each.status for each in bench.view.orders if each.order.purpose is lost] == ["failed"]
    assert bench.events(e.OrderResolved)[-1].outcome == "absent"
    assert bench.events(e.ExitRetry, e.EntryFailed) == []
    record_property("happened", f"a late proof of an {lost.name.lower()}, of one that is {target}")


# --- looking without following, and nobody to hand over to ----------------------------------------


def test_a_report_says_what_would_follow_and_follows_nothing(record_property: Any) -> None:
    """Journal: a stop rests. Exchange: it does not."""
    bench = held()
    passes(bench, 10)
    outsiders.cancels(bench, bench.view.insurance.client_id)
    rows = written(bench)
    looked = said(bench, Reconcile(actor="t", report_only=True))

    assert isinstance(looked, Looked)
    assert [(each.row, each.follows) for each in looked.found] == [("R12", True)]
    (pair,) = looked.pairs
    assert pair.position == bench.view.id
    assert pair.account.open_orders == ()
    assert (written(bench), bench.view.insurance.state) == (rows, "resting")
    followed = said(bench, Reconcile(actor="t"))
    assert [each.row for each in followed.found] == ["R12"]
    passes(bench, 5)
    assert len(outsiders.open_ids(bench)) == 1
    again = said(bench, Reconcile(actor="t", report_only=True))
    assert again.found == ()
    assert again.pairs[0].ours == frozenset(outsiders.open_ids(bench))
    record_property("happened", "a report that followed nothing")


def test_one_host_has_nobody_to_hand_over_to() -> None:
    bench = held()
    refused = said(bench, HandOver(reason="upgrade", actor="t"))
    assert isinstance(refused, Refused)
    assert refused.code == "NO_STANDBY"
