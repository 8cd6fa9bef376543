"""What worlds came to, as a page that a person reads: the verdict first, then every table."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import groupby

from robson.domain.values import NS_PER_S
from robson.sim.paper import Paper, hard
from robson.sim.reach import ALL_OUT_OF_REACH, JUDGED_FROM, TABLES
from robson.sim.report import rerun, rule_name, seeds_of
from robson.sim.runs import Total, percentile

SHOWN_MAX = 5
_WORDS = {
    "transitions": "transitions",
    "arcs": "arcs",
    "exits": "exits",
    "endings": "endings before a fill",
    "refusals": "refusals",
    "races": "races of the exchange stop",
    "recovery": "rows of recovery",
    "strategies": "parts of strategies",
    "faults": "faults",
    "crash_points": "crash points",
    "exchange": "rules of the exchange",
}
_GAP = 3


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
        f"{hard(f'{total.armed:,} positions')}, {hard(f'{total.entered:,} entered')},"
        f" {hard(f'{total.filled:,} were active')}"
        f"   {hard(f'{total.simulated_ns / NS_PER_S / 86400:.1f} days')}"
        f"   {hard(f'{total.events:,} events')}",
    )
    speed = total.filled / elapsed_s if elapsed_s else 0.0
    paper.fact("Speed", hard(f"{speed:.1f} active positions a second"))
    _unprotected(total, paper)
    paper.say()
    _reached(total, paper)
    _grid("rules asked", total.evaluated, paper)
    paper.say()
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
        paper.fact("Rerun", hard(rerun(seed, total)))
    more = len(total.violations) - SHOWN_MAX
    if more > 0:
        paper.say(f"  and {more:,} more: --json has all of them")
    if total.missing:
        tag = paper.paint(" !! NOT REACHED ", "alarm")
        paper.say(f"{tag}  {len(total.missing)} of what {total.seeds} seeds have to reach")
        paper.fact("Missing", ", ".join(hard(each) for each in total.missing))


def _largest(counts: dict[str, int]) -> list[tuple[str, int]]:
    found = [(name, count) for name, count in counts.items() if count]
    return sorted(found, key=lambda pair: -pair[1]) or [("none", 0)]


def _reached(total: Total, paper: Paper) -> None:
    """Every table; what was never reached is marked."""
    if total.judged:
        paper.say("Reached, all of which has to be:")
    else:
        many = f"{JUDGED_FROM:,} active positions"
        paper.say(f"Reached, not judged below {many}; ! was not reached:")
    for name, counts in total.reach.table().items():
        _grid(_WORDS[name], counts, paper, whole=len(TABLES[name]))
    paper.say()
    paper.say("Out of reach in this version:")
    by_reason = sorted(ALL_OUT_OF_REACH.items(), key=lambda pair: (pair[1], pair[0]))
    for reason, rows in groupby(by_reason, key=lambda pair: pair[1]):
        paper.fact("", f"{' '.join(hard(row) for row, _ in rows)}: {reason}")


def _grid(title: str, counts: Mapping[str, int], paper: Paper, whole: int | None = None) -> None:
    """Names and counts in columns under a title."""
    reached = sum(1 for count in counts.values() if count)
    head = f"{reached} of {whole} {title}" if whole is not None else f"{len(counts)} {title}"
    paper.say(f"  {paper.paint(head, 'strong')}")
    names = {name: name.replace("_", " ") for name in counts}
    longest = max(map(len, names.values()))
    digits = max(len(f"{count:,}") for count in counts.values())
    cell = 2 + longest + 1 + digits
    across = max(1, (paper.width - _GAP) // (cell + _GAP))
    cells = [
        f"{' ' if count else '!'} {names[name]:<{longest}} {count:>{digits},}"
        for name, count in counts.items()
    ]
    down = -(-len(cells) // across)
    for row in range(down):
        line = (" " * _GAP).join(cells[row::down])
        paper.say(f"{' ' * _GAP}{line}")


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
    lines = [f"{figures}   {hard('(limit 3.00 s a position, and 0.50 s a move)')}"]
    excused = {kind: ns // NS_PER_S for kind, ns in total.excused_ns.items() if ns >= NS_PER_S}
    if excused:
        parts = "  ".join(
            hard(f"{kind.replace('_', ' ')} {s:,} s") for kind, s in _largest(excused)
        )
        lines.append(f"besides {hard(f'{sum(excused.values()):,} s')} that faults explain: {parts}")
    paper.fact("Unprotected", *lines)
