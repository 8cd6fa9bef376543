"""What all positions came to: each fault with how often it struck in flight, and what failed."""

from __future__ import annotations

from collections import Counter
from textwrap import wrap
from typing import Any

import attrs

from robson.sim.live.acts import ACTS
from robson.sim.live.life import Result
from robson.sim.live.states import (
    ARMING,
    ENTERING,
    EXITING,
    HOLDING,
    INSURING,
    MOVING,
    REPAYING,
    SETTLING,
    STATES,
)
from robson.sim.live.unprotected import Unprotected
from robson.sim.paper import Paper, hard, soft
from robson.sim.venue.kinds import ON_REST, STREAMS

SCHEMA = "robson.live/1"
_OF_LIVES = ("armed", "deaths")
_SUMS = ("fills", "entries", "unknown", "found", "absent", "in_flight")
_ROLES = 38
"""Where roles begin in a line."""
SURELY = 3
"""A fault that was dealt so often and never struck was not met: that shows nothing."""


PROMISED_FROM = 90
"""So many positions strike each of these: what a request of that role does in that state."""
PROMISED = (
    ("entry", ENTERING),
    ("insurance", INSURING),
    ("insurance", MOVING),
    ("cancel", MOVING),
    ("cancel", EXITING),
    ("exit", EXITING),
    ("repay", REPAYING),
    ("market", ARMING),
    *(("question", state) for state in (ARMING, INSURING, HOLDING, EXITING, SETTLING)),
    *((stream, HOLDING) for stream in ("aggTrade", "kline", "user")),
)


@attrs.frozen(kw_only=True)
class Report:
    """Every result of one seed."""

    seed: int
    speed: str
    results: tuple[Result, ...]
    elapsed_s: float

    @property
    def failed(self) -> tuple[Result, ...]:
        """Positions of which something does not hold."""
        return tuple(one for one in self.results if one.wrong)

    @property
    def dealt(self) -> Counter[str]:
        """In how many positions each fault was planned."""
        return Counter(
            kind for one in self.results for kind in {trouble.kind for trouble in one.plan.troubles}
        )

    @property
    def struck(self) -> Counter[str]:
        """How often each fault has struck a request or frame on its way."""
        return Counter(kind for one in self.results for kind, _ in one.strikes)

    @property
    def by_role(self) -> dict[str, dict[str, tuple[int, int]]]:
        """Of each fault, by role: how often it was dealt, how often it struck."""
        dealt = Counter(
            (trouble.kind, trouble.role) for one in self.results for trouble in one.plan.troubles
        )
        struck = Counter(strike for one in self.results for strike in one.strikes)
        rows: dict[str, dict[str, tuple[int, int]]] = {}
        for kind, role in sorted(dealt | struck):
            rows.setdefault(kind, {})[role] = (dealt[kind, role], struck[kind, role])
        return rows

    @property
    def by_state(self) -> dict[str, dict[str, int]]:
        """Of each role, how often it was struck in each state."""
        count: Counter[tuple[str, str]] = Counter()
        for one in self.results:
            count.update(one.states)
        roles = [role for role in (*ON_REST, *STREAMS) if any(r == role for r, _ in count)]
        return {role: {state: count[role, state] for state in STATES} for role in roles}

    @property
    def acts(self) -> dict[str, tuple[int, int]]:
        """Of each act, in how many positions it was planned, and in how many it happened."""
        planned = Counter(one.plan.act for one in self.results if one.plan.act)
        happened = Counter(one.plan.act for one in self.results if one.acted)
        return {act: (planned[act], happened[act]) for act in ACTS if planned[act]}

    @property
    def missed(self) -> tuple[str, ...]:
        """States that a role of request was to be struck in and never was, and acts that never
        happened, of so many positions that they must have been.
        """
        acts = [act for act, (n, m) in self.acts.items() if n >= SURELY and not m]
        if len(self.results) < PROMISED_FROM:
            return tuple(acts)
        count = self.by_state
        cells = [f"{role} while {state}" for role, state in PROMISED if not _at(count, role, state)]
        return (*cells, *acts)

    @property
    def unprotected(self) -> Unprotected:
        """Time without a stop, of every position that was lived to its end."""
        return Unprotected(lives=tuple(one.verdict.bare for one in self.results))

    @property
    def never(self) -> tuple[str, ...]:
        """Faults that were dealt often and met nobody."""
        struck = self.struck
        return tuple(
            sorted(kind for kind, n in self.dealt.items() if n >= SURELY and not struck[kind])
        )

    @property
    def passed(self) -> bool:
        """All held, and the weather was there."""
        met = bool(self.results and self.struck) and not self.never and not self.missed
        return met and not self.failed and not self.unprotected.wrong


def document(report: Report) -> dict[str, Any]:
    """The report as one JSON document."""
    dealt, struck = report.dealt, report.struck
    return {
        "schema": SCHEMA,
        "passed": report.passed,
        "seed": report.seed,
        "speed": report.speed,
        "positions": len(report.results),
        "held": sum(bool(one.verdict.fills) for one in report.results),
        **{name: sum(getattr(one, name) for one in report.results) for name in _OF_LIVES},
        **{name: sum(getattr(one.verdict, name) for one in report.results) for name in _SUMS},
        "unprotected_s": report.unprotected.document(),
        "rows": [
            {
                "fault": kind,
                "dealt": dealt[kind],
                "struck": struck[kind],
                "roles": {role: {"dealt": n, "struck": m} for role, (n, m) in roles.items()},
            }
            for kind, roles in report.by_role.items()
        ],
        "states": report.by_state,
        "acts": {act: {"dealt": n, "happened": m} for act, (n, m) in report.acts.items()},
        "never": list(report.never),
        "missed": list(report.missed),
        "failed": [_told(report, one) for one in report.failed],
        "elapsed_s": round(report.elapsed_s, 1),
    }


def again(result: Result, speed: str) -> str:
    """The one command that lives a position again."""
    plan = result.plan
    return f"robson-sim live --seed {plan.seed} --only {plan.number} --speed {speed} --keep DIR"


def _told(report: Report, result: Result) -> dict[str, Any]:
    return {
        "number": result.plan.number,
        "plan": told_plan(result),
        "wrong": list(result.wrong),
        "again": again(result, report.speed),
    }


def told_plan(result: Result) -> str:
    """A plan in one line."""
    plan = result.plan
    troubles = ", ".join(map(str, plan.troubles))
    death = "" if plan.death == "none" else f", killed: {plan.death}"
    return f"{plan.side} to {plan.end}{death}; {troubles}"


def show(report: Report, page: Paper) -> None:
    """The report for people."""
    told = document(report)
    page.say(f"{'fault':<20}{'dealt':>7}{'struck':>8}   strikes by role")
    for row in told["rows"]:
        roles = "  ".join(hard(f"{role} {each['struck']}") for role, each in row["roles"].items())
        first, *more = wrap(roles, page.width - _ROLES, break_on_hyphens=False)
        page.say(f"{row['fault']:<20}{row['dealt']:>7}{row['struck']:>8}   {soft(first)}")
        for line in more:
            page.say(" " * _ROLES + soft(line))
    page.say()
    _show_states(report, page)
    page.say()
    page.fact(
        "Positions",
        f"{told['held']} of {told['positions']} held, of {told['armed']} armed;"
        f" {told['deaths']} deaths; {told['elapsed_s']} s.",
    )
    page.fact(
        "Books",
        f"{told['fills']} fills equal to the last digit; {told['entries']} entry orders,"
        f" at most one of each position; {told['in_flight']} requests were struck.",
    )
    page.fact(
        "Unknown",
        f"{told['unknown']} requests; {told['found']} found, {told['absent']} proved absent.",
    )
    report.unprotected.show(page)
    for wrong in report.unprotected.wrong:
        page.fact("UNPROTECTED", wrong)
    for kind in told["never"]:
        page.fact("NEVER MET", f"{kind}: dealt, and nothing was there to be struck")
    for what in told["missed"]:
        page.fact("NEVER MET", what)
    for one in told["failed"]:
        page.fact("FAILED", f"{one['number']}: {one['plan']}", *one["wrong"])
        page.fact("", one["again"])
    page.say("passed" if report.passed else "NOT PASSED")


def _show_states(report: Report, page: Paper) -> None:
    """Which role was struck in which state, and which acts have happened."""
    page.say(f"{'struck while':<14}" + "".join(soft(f"{state:>10}") for state in STATES))
    for role, states in report.by_state.items():
        page.say(f"{role:<14}" + "".join(f"{states[state]:>10}" for state in STATES))
    page.say()
    page.say(f"{'act':<18}{'dealt':>7}{'happened':>10}")
    for act, (dealt, happened) in report.acts.items():
        page.say(f"{act:<18}{dealt:>7}{happened:>10}   {soft(ACTS[act].means)}")


def _at(count: dict[str, dict[str, int]], role: str, state: str) -> int:
    return count.get(role, {}).get(state, 0)
