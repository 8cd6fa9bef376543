"""What worlds came to, as one JSON document."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from robson.domain.values import NS_PER_S
from robson.engine.invariants import RULES, Violation
from robson.sim.checks import WORLD_RULES
from robson.sim.reach import ALL_OUT_OF_REACH
from robson.sim.runs import LIVES, Total, percentile

SCHEMA = "robson.world/1"


def document(total: Total, elapsed_s: float) -> dict[str, Any]:
    """The result as a program reads it."""
    bare = sorted(total.bare_s)
    return {
        "schema": SCHEMA,
        "seeds": seeds_of(total),
        "positions": total.filled,
        "simulated_s": total.simulated_ns // NS_PER_S,
        "faults": dict(total.reach.table()["faults"]),
        "reached": {
            "armed": total.armed,
            "entered": total.entered,
            "active": total.filled,
            "judged": total.judged,
            "events": total.events,
            "evaluations": dict(total.evaluated),
            **total.reach.table(),
            "missing": total.missing,
            "out_of_reach": ALL_OUT_OF_REACH,
        },
        "unprotected_s": {
            "p50": _number(percentile(bare, 50)),
            "p99": _number(percentile(bare, 99)),
            "max": _number(bare[-1] if bare else Decimal(0)),
        },
        "violations": [
            {
                "seed": seed,
                "rule": found.rule,
                "name": rule_name(found),
                "position": found.position,
                "seq": found.seq,
                "at_s": _number(Decimal(found.at_ns - began_ns) / NS_PER_S),
                "message": found.message,
                "rerun": rerun(seed, total),
            }
            for seed, began_ns, found in total.violations
        ],
        "trace_sha256": total.trace,
        "elapsed_s": round(elapsed_s, 3),
        "positions_per_s": round(total.filled / elapsed_s, 1) if elapsed_s else 0.0,
    }


def _number(value: Decimal) -> float:
    return float(round(value, 3))


def rule_name(found: Violation) -> str:
    """The name of a rule without its id."""
    return (RULES | WORLD_RULES)[found.rule][0]


def rerun(seed: int, total: Total) -> str:
    """The command that lives this world again."""
    more = "" if total.lives == LIVES else f" --lives {total.lives}"
    more += " --usual" if total.usual else ""
    return f"robson-sim world --seeds {seed}..{seed}{more}"


def seeds_of(total: Total) -> str:
    """The seeds that were lived."""
    return f"{total.first}..{total.first + total.seeds - 1}"
