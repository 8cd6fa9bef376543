"""What the time without a stop of all positions comes to, beside the limits that bind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import attrs

from robson.domain.values import NS_PER_S, plain
from robson.sim.live.bare import FILL, KILLED_LIMIT_S, LIMIT_S, STOP_ENDED, Bare
from robson.sim.paper import Paper, hard
from robson.sim.runs import percentile

ENOUGH = 10
"""Positions of which at least one fill must have gone undisturbed: else nothing was measured."""
_SAID = {FILL: "after a fill", STOP_ENDED: "after a stop ended", "death": "after kill -9"}
_LIMITS = {FILL: LIMIT_S, STOP_ENDED: LIMIT_S, "death": KILLED_LIMIT_S}


@attrs.frozen(kw_only=True)
class Figures:
    """How long, sorted."""

    seconds: tuple[Decimal, ...]
    limit_s: int

    @property
    def p99(self) -> Decimal:
        """What has to be within the limit."""
        return percentile(list(self.seconds), 99)

    def document(self) -> dict[str, Any]:
        """As JSON, to the millisecond."""
        p50, most = percentile(list(self.seconds), 50), max(self.seconds, default=Decimal(0))
        named = {"p50": p50, "p99": self.p99, "max": most, "limit": Decimal(self.limit_s)}
        thousandth = Decimal("0.001")
        return {
            "stretches": len(self.seconds),
            **{name: plain(value.quantize(thousandth)) for name, value in named.items()},
        }


@attrs.frozen(kw_only=True)
class Unprotected:
    """Of every stretch of many lives."""

    lives: tuple[Bare, ...]

    @property
    def figures(self) -> dict[str, Figures]:
        """By how a stretch began; ``death``: of those that only a death disturbed."""
        each = {
            **{
                began: [ns for life in self.lives for name, ns in life.clear if name == began]
                for began in (FILL, STOP_ENDED)
            },
            "death": [ns for life in self.lives for ns in life.killed_ns],
        }
        return {name: Figures(seconds=_s(ns), limit_s=_LIMITS[name]) for name, ns in each.items()}

    @property
    def excused(self) -> dict[str, tuple[int, Decimal]]:
        """Of each fault, how many stretches it excuses, and the longest of them in seconds."""
        many: Counter[str] = Counter()
        longest: dict[str, int] = {}
        for life in self.lives:
            for reason, ns in life.excused:
                name = reason.partition("/")[0]
                many[name] += 1
                longest[name] = max(longest.get(name, 0), ns)
        return {name: (n, Decimal(longest[name]) / NS_PER_S) for name, n in many.most_common()}

    @property
    def wrong(self) -> tuple[str, ...]:
        """Limits that are not kept, and a measure of nothing."""
        wrong = [
            f"{_SAID[name]} p99 is {each.p99:.2f} s; the limit is {each.limit_s} s"
            for name, each in self.figures.items()
            if each.p99 > each.limit_s
        ]
        if len(self.lives) >= ENOUGH and not self.figures[FILL].seconds:
            wrong.append(f"no fill of {len(self.lives)} positions went undisturbed")
        return tuple(wrong)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            **{name.replace(" ", "_"): each.document() for name, each in self.figures.items()},
            "excused": {
                name: {"stretches": many, "longest_s": plain(longest.quantize(Decimal("0.001")))}
                for name, (many, longest) in self.excused.items()
            },
        }

    def show(self, page: Paper) -> None:
        """For people."""
        lines = [f"{_SAID[name]:<19}{hard(_figures(each))}" for name, each in self.figures.items()]
        if self.excused:
            parts = (hard(f"{name} {n} ({s:.0f} s)") for name, (n, s) in self.excused.items())
            lines.append(f"excused by a fault, the longest: {'  '.join(parts)}")
        page.fact("Unprotected", *lines)


def _s(ns: Sequence[int]) -> tuple[Decimal, ...]:
    return tuple(sorted(Decimal(each) / NS_PER_S for each in ns))


def _figures(each: Figures) -> str:
    told = each.document()
    if not each.seconds:
        return f"never   limit {each.limit_s} s"
    named = "   ".join(f"{name} {Decimal(told[name]):.2f} s" for name in ("p50", "p99", "max"))
    return f"{named}   of {told['stretches']}   limit {each.limit_s} s"
