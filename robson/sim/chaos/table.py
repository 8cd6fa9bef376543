"""What all strikes came to: a table by system call and phase, the worst times, and what failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from robson.sim.chaos.strikes import P99_S, Listing, Result
from robson.sim.chaos.trace import ERRORS
from robson.sim.paper import Paper

SCHEMA = "robson.chaos/1"
PHASES = ("start", "arm", "entry", "protect", "trail", "exit", "settle", "stop")


@attrs.frozen(kw_only=True)
class Report:
    """Every result, beside every boundary that there was. ``asked``: so many strikes were to be."""

    listing: Listing
    results: tuple[Result, ...]
    asked: int
    elapsed_s: float

    @property
    def failed(self) -> tuple[Result, ...]:
        """Struck, and not survived."""
        return tuple(one for one in self.results if one.struck and not one.survived)

    @property
    def not_struck(self) -> tuple[Result, ...]:
        """Lives that did not come to their boundary: they show nothing."""
        return tuple(one for one in self.results if not one.struck)

    @property
    def again_s(self) -> dict[str, Any]:
        """From a death to an answer; percentiles of all lives with a death, and the worst one."""
        return _percentiles([(one.again_s, one) for one in self.results if one.deaths])

    @property
    def naked_s(self) -> dict[str, Any]:
        """Held without a stop at the exchange, each life's sum in real seconds."""
        return _percentiles([(one.naked_s, one) for one in self.results if one.fills])

    @property
    def passed(self) -> bool:
        """Every boundary that was to be struck was, and each was survived within the bound."""
        whole = len(self.results) == self.asked > 0
        fine = whole and not self.failed and not self.not_struck
        return fine and bool(self.again_s["p99"] <= P99_S)


def _percentiles(found: Sequence[tuple[float, Result]]) -> dict[str, Any]:
    if not found:
        return {"count": 0, "p50": 0.0, "p99": 0.0, "max": 0.0, "worst": None}
    ordered = sorted(found, key=lambda pair: pair[0])
    at = {"p50": len(ordered) // 2, "p99": len(ordered) * 99 // 100, "max": -1}
    times = {name: round(ordered[min(place, len(ordered) - 1)][0], 3) for name, place in at.items()}
    return {"count": len(ordered), **times, "worst": str(ordered[-1][1].strike)}


def rows(report: Report) -> list[dict[str, Any]]:
    """The table: one row for each call and phase."""
    keys = {(one.call, one.phase) for one in report.listing.boundaries}
    order = sorted(keys, key=lambda key: (key[0], PHASES.index(key[1])))
    return [_row(report, call, phase) for call, phase in order]


def _row(report: Report, call: str, phase: str) -> dict[str, Any]:
    here = [
        one
        for one in report.results
        if (one.strike.boundary.call, one.strike.boundary.phase) == (call, phase)
    ]
    return {
        "call": call,
        "phase": phase,
        "boundaries": sum(
            (one.call, one.phase) == (call, phase) for one in report.listing.boundaries
        ),
        "strikes": len(here),
        "struck": sum(one.struck for one in here),
        "survived": sum(one.survived for one in here),
        "again_s": round(max((one.again_s for one in here), default=0.0), 3),
        "naked_s": round(max((one.naked_s for one in here), default=0.0), 3),
    }


def _counted(report: Report, error: str) -> dict[str, int]:
    here = [one for one in report.results if one.strike.error == error]
    return {
        "strikes": len(here),
        "struck": sum(one.struck for one in here),
        "survived": sum(one.survived for one in here),
    }


def document(report: Report) -> dict[str, Any]:
    """The report as one JSON document."""
    return {
        "schema": SCHEMA,
        "passed": report.passed,
        "boundaries": len(report.listing.boundaries),
        "unsteady": [str(one) for one in report.listing.unsteady],
        "asked": report.asked,
        "strikes": len(report.results),
        "lives": sum(one.lives for one in report.results),
        "struck": sum(one.struck for one in report.results),
        "survived": sum(one.survived for one in report.results),
        "deaths": sum(one.deaths for one in report.results),
        "compared": sum(one.compared for one in report.results),
        "again_s": report.again_s,
        "naked_s": report.naked_s,
        "not_struck": [_told(one) for one in report.not_struck],
        "failed": [_told(one) for one in report.failed],
        "errors": {error: _counted(report, error) for error in ERRORS},
        "rows": rows(report),
        "elapsed_s": round(report.elapsed_s, 1),
    }


def _told(result: Result) -> dict[str, Any]:
    return {
        "strike": str(result.strike),
        "wrong": list(result.wrong),
        "again": f"robson-sim chaos --only {result.strike}",
    }


def show(report: Report, page: Paper) -> None:
    """The report for people."""
    told = document(report)
    page.say(
        f"{'call':<11}{'phase':<9}{'bound.':>7}{'struck':>8}{'survived':>10}{'again':>9}{'bare':>9}"
    )
    for row in told["rows"]:
        page.say(
            f"{row['call']:<11}{row['phase']:<9}{row['boundaries']:>7}{row['struck']:>8}"
            f"{row['survived']:>10}{row['again_s']:>7.2f} s{row['naked_s']:>7.2f} s"
        )
    page.say()
    page.fact(
        "Strikes",
        f"{told['struck']} of {told['strikes']} struck, {told['survived']} survived,"
        f" at {told['boundaries']} boundaries, in {told['lives']} lives; {told['deaths']} deaths;"
        f" {told['compared']} values compared; {told['elapsed_s']} s.",
    )
    page.fact(
        "Survived",
        ", ".join(
            f"{error} {count['survived']} of {count['strikes']}"
            for error, count in told["errors"].items()
        ),
    )
    if told["strikes"] < told["asked"]:
        page.fact("ENDED EARLY", f"after {told['strikes']} of {told['asked']} strikes.")
    for label, times, what in (
        ("Again", told["again_s"], "from a death to an answer"),
        ("Bare", told["naked_s"], "held without a stop at the exchange"),
    ):
        page.fact(
            label,
            f"{what}: p50 {times['p50']:.2f} s, p99 {times['p99']:.2f} s,"
            f" max {times['max']:.2f} s of {times['count']}"
            f"{f', at {worst}' if (worst := times['worst']) else ''}.",
        )
    if told["unsteady"]:
        page.fact("Unsteady", f"{len(told['unsteady'])} calls stood in one of two listings only.")
    for label, kind in (("NOT STRUCK", "not_struck"), ("FAILED", "failed")):
        for one in told[kind]:
            page.fact(label, f"{one['strike']}: {'; '.join(one['wrong']) or 'its call never came'}")
            page.fact("", one["again"])
    page.say("passed" if report.passed else "NOT PASSED")
