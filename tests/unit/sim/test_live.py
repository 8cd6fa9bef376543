"""What ``robson-sim live`` deals, and how it judges: a wrong book or no weather is no pass."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest

from robson.domain.identity import AccountId, PositionId, Purpose, Scope, Symbol, client_order_id
from robson.sim.__main__ import run
from robson.sim.live import command, verdict
from robson.sim.live.acts import ACTS
from robson.sim.live.bare import Bare
from robson.sim.live.life import GOAL_S, TRIES, Result, again_s
from robson.sim.live.plan import CARDS, ENDS, plan_of
from robson.sim.live.states import HOLDING, STATES
from robson.sim.live.table import PROMISED, PROMISED_FROM, SURELY, Report, document, show
from robson.sim.live.theirs import Theirs
from robson.sim.live.verdict import Verdict
from robson.sim.paper import Paper
from robson.sim.venue.kinds import KINDS

SCOPE = Scope(AccountId("main"), Symbol("BTC", "USDT"))
ENTRY = str(client_order_id(Purpose.ENTRY, SCOPE, PositionId.of(7), attempt=0, epoch=1))
THEIRS = Theirs(quote=Decimal(10_000))
AT = "2026-11-22T10:00:00.001000Z"
FILL = {
    "trade_id": 1, "client_id": ENTRY, "price": "60000", "quantity": "0.1",
    "commission": "0.0001", "commission_asset": "BTC",
}  # fmt: skip


def books() -> dict[str, Any]:
    """An account whose one fill the journal has as well."""
    balance = {"free": "0", "locked": "0", "borrowed": "0", "interest": "0"}
    return {
        "balances": [{**balance, "asset": "BTC"}, {**balance, "asset": "USDT", "free": "10000"}],
        "last_price": "60000",
        "open_orders": [],
        "orders": [{"client_id": ENTRY}],
        "fills": [{**FILL, "at": AT}],
    }


def rows() -> list[tuple[str, dict[str, Any], int]]:
    """A journal of it, with one request that was unknown and found."""
    fill = {**FILL, "at_ns": 1_795_341_600_001_999_999}
    return [
        ("order_sending", {"client_id": ENTRY}, 0),
        ("order_unknown", {"client_id": ENTRY}, 0),
        ("order_resolved", {"client_id": ENTRY, "outcome": "found", "evidence": [["a", "b"]]}, 0),
        ("entry_filled", {"client_id": ENTRY, "fills": [fill]}, 0),
    ]


def judged(account: dict[str, Any], journal: list[tuple[str, dict[str, Any], int]]) -> list[str]:
    """Everything that is wrong with the two."""
    return [
        *verdict._left(account, THEIRS),
        *verdict._fills(account, journal),
        *verdict._money(account, journal, THEIRS),
        *verdict._evidence(journal, account),
    ]


def test_what_agrees_is_not_wrong() -> None:
    assert judged(books(), rows()) == []


PLANTED: dict[str, tuple[Callable[[Any], object], Callable[[Any], object], str]] = {
    "digit": (lambda b: b["fills"][0].update(price="60000.01"), len, "trade 1"),
    "fill": (lambda b: b.update(fills=[]), lambda j: j.pop(), "nothing was ever held"),
    "debt": (lambda b: b["balances"][0].update(interest="1E-8"), len, "owed"),
    "rest": (lambda b: b.update(open_orders=[{}]), len, "rest at the exchange"),
    "money": (lambda b: b["balances"][1].update(free="9990"), len, "the account has won"),
    "base": (lambda b: b["balances"][0].update(locked="0.001"), len, "of the base are left"),
    "unknown": (len, lambda j: j.__delitem__(slice(2, 4)), "unknown for ever"),
    "evidence": (len, lambda j: j[2][1].update(evidence=[]), "without evidence"),
    "absent": (len, lambda j: j[2][1].update(outcome="absent"), "is in the books"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str) -> None:
    spoil_books, spoil_journal, said = PLANTED[name]
    account, journal = books(), copy.deepcopy(rows())
    spoil_books(account)
    spoil_journal(journal)

    assert said in " ".join(judged(account, journal))


def test_a_request_that_was_unknown_twice_is_one() -> None:
    """Found, proved absent, or seen to rest without a question."""
    settled = [
        ("order_unknown", {"client_id": "a"}, 0),
        ("order_unknown", {"client_id": "a"}, 0),
        ("order_resolved", {"client_id": "a", "outcome": "found"}, 0),
        ("order_unknown", {"client_id": "b"}, 0),
        ("order_resolved", {"client_id": "b", "outcome": "absent"}, 0),
        ("order_unknown", {"client_id": "c"}, 0),
        ("insurance_placed", {"client_id": "c"}, 0),
    ]
    assert verdict._unknown(settled) == ({"a", "b", "c"}, {"b"})


def test_a_fault_of_a_stop_that_trades_is_dealt_where_the_stop_is_met() -> None:
    """Unless another one of the position wants an exit."""
    found = 0
    for plan in (plan_of(seed, number) for seed in range(6) for number in range(1, 101)):
        roles = {(each.kind, each.role) for each in plan.troubles}
        traded = roles & {(kind, "insurance") for kind in ("several_trades", "thin_book")}
        if traded and not {role for _, role in roles} & {"exit", "cancel", "repay"}:
            found += 1
            assert plan.end == "away", plan
    assert found >= 2


def test_tries_outlast_what_keeps_entries_out() -> None:
    """Three faults of one position, each as long as the longest of them."""
    longest_s = max(kind.seconds or 0 for kind in KINDS.values())
    assert longest_s >= 60
    assert CARDS * float(longest_s) < sum(again_s(armed) for armed in range(TRIES)) < GOAL_S


def test_an_entry_comes_in_once() -> None:
    count = verdict.Counter

    assert verdict._entries(count({"a": 1, "b": 1}), ["p", "q"]) == []
    assert "came in 2 times" in verdict._entries(count({"a": 2}), ["p"])[0]
    assert "2 entry orders of 1" in verdict._entries(count({"a": 1, "b": 1}), ["p"])[0]


def test_a_hundred_positions_are_dealt_every_fault_for_every_role() -> None:
    """But for what somebody else does."""
    plans = [plan_of(5, number) for number in range(1, 101)]
    dealt = {(each.kind, each.role) for plan in plans for each in plan.troubles}
    others = {"liquidated"} | {name for name in KINDS if name.startswith("foreign")}

    assert {kind for kind, _ in dealt} == KINDS.keys() - others
    for kind in KINDS.keys() - others:
        roles = {role for name, role in dealt if name == kind}
        assert roles >= set(KINDS[kind].requests) - {"trade", "bookTicker"}, kind


def test_a_hundred_positions_have_every_act_way_out_side_and_death() -> None:
    """And the same seed deals the same."""
    plans = [plan_of(5, number) for number in range(1, 101)]

    assert {plan.act for plan in plans} == set(ACTS)
    assert {plan.end for plan in plans} == set(ENDS)
    assert {plan.side for plan in plans} == {"long", "short"}
    assert {plan.death for plan in plans} > {"struck", "none"}
    assert plans[41] == plan_of(5, 42) != plan_of(6, 42)
    assert all(len(plan.troubles) >= 1 for plan in plans)


def result(number: int, *, struck: bool = True, wrong: tuple[str, ...] = ()) -> Result:
    """A position that came to its end."""
    plan = plan_of(1, number)
    strikes = tuple((each.kind, each.role) for each in plan.troubles) if struck else ()
    states = dict.fromkeys(PROMISED, 1)
    return Result(
        plan=plan, armed=1, deaths=0, strikes=strikes, states=states, acted=True,
        verdict=Verdict(fills=2, entries=1, bare=Bare(clear=(("fill", 10**8),))),
        elapsed_s=1.0, wrong=wrong,
    )  # fmt: skip


def test_no_weather_and_no_position_is_no_pass() -> None:
    fine = tuple(result(number) for number in range(1, 91))
    report = Report(seed=1, speed="5", results=fine, elapsed_s=1.0)

    assert report.passed
    assert not attrs.evolve(report, results=()).passed
    assert not attrs.evolve(report, results=tuple(result(n, struck=False) for n in range(9))).passed
    idle = tuple(attrs.evolve(one, acted=False) for one in fine)
    assert set(attrs.evolve(report, results=idle).missed) == set(ACTS)
    assert attrs.evolve(report, results=idle[: SURELY - 1]).missed == ()
    calm = {each: 1 for each in PROMISED if each != ("exit", "exiting")}
    somewhere = tuple(attrs.evolve(one, states=calm) for one in fine)
    assert attrs.evolve(report, results=somewhere).missed == ("exit while exiting",)
    assert attrs.evolve(report, results=somewhere[: PROMISED_FROM - 1]).missed == ()
    assert not attrs.evolve(report, results=somewhere).passed
    never = fine[0].plan.troubles[0].kind
    tame = [attrs.evolve(one, strikes=[s for s in one.strikes if s[0] != never]) for one in fine]
    assert attrs.evolve(report, results=tuple(tame)).never == (never,)
    late = attrs.evolve(fine[0].verdict, bare=Bare(clear=(("fill", 4_000_000_000),)))
    slow = attrs.evolve(fine[0], verdict=late)
    assert not attrs.evolve(report, results=(slow, *fine[1:])).passed
    bad = attrs.evolve(report, results=(*fine, result(91, wrong=("a book",))))
    assert not bad.passed
    assert document(bad)["failed"][0]["again"].startswith("robson-sim live --seed 1 --only 91 ")
    assert len(document(report)["rows"]) > CARDS


def test_report_says_what_struck_which_role_and_what_did_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = result(1)
    (kind, role), *others = one.strikes
    bare = attrs.evolve(one.verdict, bare=Bare(excused=(("page/exit", 12_340_000_000),)))
    missed = attrs.evolve(one, strikes=tuple(others), verdict=bare)
    report = Report(seed=1, speed="10", results=(missed, result(2)), elapsed_s=1.0)
    show(report, Paper(sys.stdout, {}))

    said = capsys.readouterr().out
    told = document(report)
    (row,) = (row for row in told["rows"] if row["fault"] == kind)
    assert row["roles"][role] == {"dealt": 1, "struck": 0}
    assert f"{role} 0" in next(line for line in said.splitlines() if line.startswith(f"{kind} "))
    assert told["states"]["market"] == {state: 2 * (state == "arming") for state in STATES}
    assert told["states"]["user"][HOLDING] == 2
    assert told["acts"] == {one.plan.act: {"dealt": 1, "happened": 1} for one in report.results}
    assert ACTS[one.plan.act].means in said
    assert told["unprotected_s"]["excused"] == {"page": {"stretches": 1, "longest_s": "12.340"}}
    assert "page 1 (12 s)" in said
    assert sum(row["struck"] for row in told["rows"]) == len(others) + len(result(2).strikes)


def test_without_a_venues_stack_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "find_spec", lambda _name: None)
    assert run(["live", "--positions", "1"]) == 69
    assert "pip install 'robson[venue]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [("--positions", "0"), ("--jobs", "17"), ("--speed", "0"), ("--only", "0")]
)
def test_what_cannot_be_meant_is_refused(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["live", *arguments]) == 2
    assert f"{arguments[0]} is {arguments[1]}; expected" in capsys.readouterr().err
