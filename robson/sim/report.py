"""What worlds came to, for people and as one JSON document."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from robson.domain.values import NS_PER_S
from robson.engine.invariants import RULES, Violation
from robson.sim.checks import WORLD_RULES
from robson.sim.paper import Paper, counted, hard
from robson.sim.reach import ALL_OUT_OF_REACH, JUDGED_FROM, TABLES
from robson.sim.runs import LIVES, Total, percentile

SCHEMA = "robson.world/1"
SHOWN_MAX = 5
NOT_YET_MAX = 20
_WORDS = {
    "transitions": "transitions",
    "arcs": "arcs",
    "exits": "exits",
    "endings": "endings before a fill",
    "refusals": "refusals",
    "races": "races of the exchange stop",
    "recovery": "rows of recovery",
    "faults": "faults",
    "crash_points": "crash points",
    "exchange": "rules of the exchange",
}


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
                "rerun": rerun(seed, total.lives),
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


def rerun(seed: int, lives: int) -> str:
    """The command that lives this world again."""
    more = "" if lives == LIVES else f" --lives {lives}"
    return f"robson-sim world --seeds {seed}..{seed}{more}"


def seeds_of(total: Total) -> str:
    """The seeds that were lived."""
    return f"{total.first}..{total.first + total.seeds - 1}"


def show(total: Total, elapsed_s: float, paper: Paper) -> None:
    """The result as a person reads it: the verdict first."""
    word = "position" if total.lives == 1 else "positions"
    head = paper.paint("robson-sim world", "strong")
    took = paper.paint(f"{elapsed_s:.1f} s", "quiet")
    seeds = f"seeds {seeds_of(total)}, {total.lives} {word} each"
    paper.say(f"{head}  {seeds}   {took}")
    paper.say()
    _verdict(total, paper)
    paper.say()
    paper.fact(
        "Simulated",
        f"{hard(f'{total.armed:,} positions')}, {hard(f'{total.filled:,} of them filled')}"
        f"   {hard(f'{total.simulated_ns / NS_PER_S / 86400:.1f} days')}"
        f"   {hard(f'{total.events:,} events')}",
    )
    reached = total.reach.table()
    _faults(reached["faults"], paper)
    _reached(total, reached, paper)
    _unprotected(total, paper)
    paper.fact("Exits", counted(_largest(reached["exits"])))
    paper.fact("Rules", counted((rule, total.evaluated[rule]) for rule in total.evaluated))
    short = f"sha256 {total.trace[:16]}...: the same seeds give the same trace"
    paper.fact("Trace", short)


def _verdict(total: Total, paper: Paper) -> None:
    rules, count = len(total.evaluated), sum(total.evaluated.values())
    if not total.violations:
        tag = paper.paint("✓ 0 VIOLATIONS", "ok")
        paper.say(f"{tag}  {rules} rules, {count:,} evaluations after {total.events:,} events")
    for number, (seed, began_ns, found) in enumerate(total.violations[:SHOWN_MAX]):
        if number == 0:
            many = len(total.violations)
            word = "VIOLATION" if many == 1 else "VIOLATIONS"
            tag = paper.paint(f" !! {many} {word} ", "alarm")
        else:
            tag = " !!"
        name = f"{found.rule} {rule_name(found)}"
        paper.say(f"{tag}  {paper.paint(f'seed {seed}: {name}', 'strong')}")
        at_s = (found.at_ns - began_ns) / NS_PER_S
        whose = f" of {found.position.short}" if found.position is not None else ""
        paper.fact("At", f"{hard(f'{at_s:.3f} s')}, event {found.seq}{whose}: {found.message}.")
        paper.fact("Rerun", hard(rerun(seed, total.lives)))
    more = len(total.violations) - SHOWN_MAX
    if more > 0:
        paper.say(f"  and {more:,} more: --json has all of them")
    if total.missing:
        tag = paper.paint(" !! NOT REACHED ", "alarm")
        paper.say(f"{tag}  {len(total.missing)} of what {total.seeds} seeds have to reach")
        paper.fact("Missing", ", ".join(hard(each) for each in total.missing))


def _faults(faults: dict[str, int], paper: Paper) -> None:
    struck = sum(faults.values())
    paper.fact("Faults", f"{struck:,} injected", counted(_largest(faults)))


def _largest(counts: dict[str, int]) -> list[tuple[str, int]]:
    found = [(name, count) for name, count in counts.items() if count]
    return sorted(found, key=lambda pair: -pair[1]) or [("none", 0)]


def _reached(total: Total, reached: dict[str, dict[str, int]], paper: Paper) -> None:
    parts = [
        hard(f"{sum(1 for count in counts.values() if count)} of {len(counts)} {_WORDS[name]}")
        for name, counts in reached.items()
    ]
    demanded = "" if total.judged else f" (not judged below {JUDGED_FROM:,} active positions)"
    lines = [", ".join(parts) + demanded, counted(reached["transitions"].items())]
    paper.fact("Reached", *lines)
    absent = {name: [each for each, n in reached[name].items() if not n] for name in TABLES}
    unreached = [f"{_WORDS[name]}: {', '.join(each)}" for name, each in absent.items() if each]
    few = sum(map(len, absent.values())) <= NOT_YET_MAX
    if unreached and few and not total.missing:
        paper.fact("Not yet", *unreached)
    paper.fact("Out of reach", *(f"{row}: {why}" for row, why in ALL_OUT_OF_REACH.items()))


def _unprotected(total: Total, paper: Paper) -> None:
    bare = sorted(total.bare_s)
    worst = bare[-1] if bare else Decimal(0)
    figures = "   ".join(
        hard(f"{name} {value:.2f} s")
        for name, value in (
            ("p50", percentile(bare, 50)),
            ("p99", percentile(bare, 99)),
            ("worst", worst),
        )
    )
    lines = [f"{figures}   {hard('(limit 3.00 s a position)')}"]
    excused = {kind: ns // NS_PER_S for kind, ns in total.excused_ns.items() if ns >= NS_PER_S}
    if excused:
        parts = "  ".join(
            hard(f"{kind.replace('_', ' ')} {s:,} s") for kind, s in _largest(excused)
        )
        lines.append(f"besides {hard(f'{sum(excused.values()):,} s')} that faults explain: {parts}")
    paper.fact("Unprotected", *lines)
