"""The page about faults: how a script says them, and the table of every kind."""

from __future__ import annotations

from pages import made_from, paragraph, table

from robson.connectors.simulated.kinds import KINDS, ORDERS, PLACES, TRADING, Kind
from robson.connectors.simulated.roles import REQUESTS
from robson.sim.faults import KINDS as WORLDS

_SCRIPT = """\
```toml
[[fault]]                  # the entry fills in part at once, and to its end three seconds later
kind = "slow_matching"
request = "entry"
nth = 1
share = 0.4
seconds = 3

[[fault]]                  # every second answer to an exit is lost
kind = "lost_answer"
request = "exit"
every = 2

[[fault]]                  # one request in twenty, of any kind, is refused
kind = "rate_limit"
probability = 0.05
```"""
_JSON = """\
```json
{"fault": [{"kind": "outage", "request": "question", "nth": 5, "seconds": 600}]}
```"""
_KEYS = (
    ("`kind`", "what goes wrong, one of the table below"),
    ("`request`", f"one of {', '.join(f'`{request}`' for request in REQUESTS)}; unset: all it can"),
    ("`after`", "likewise one role: only those count that come when such a request has come in"),
    ("`nth`", "it strikes the nth of them, once"),
    ("`every`", "it strikes each so many"),
    ("`probability`", "it strikes by chance, 0 to 1"),
    ("`seconds`", "how long, 0 to 7200, where the kind says so"),
    ("`share`", "how much, 0 to 1, where the kind says so"),
)


def _meets(kind: Kind) -> str:
    named = {REQUESTS: "all", TRADING: "all that trade", ORDERS: "orders"}
    return named.get(kind.requests) or ", ".join(f"`{request}`" for request in kind.requests)


def _unless_given(kind: Kind) -> str:
    given = (("seconds", kind.seconds), ("share", kind.share))
    return ", ".join(f"{key} {value}" for key, value in given if value is not None)


def _rows(where: str) -> list[tuple[str, ...]]:
    return [
        (
            f"`{name}`",
            kind.meaning,
            kind.source,
            kind.robson,
            _meets(kind) if kind.scripted else "no script",
            _unless_given(kind),
            "yes" if name in WORLDS else "",
        )
        for name, kind in KINDS.items()
        if kind.where == where
    ]


def faults_page() -> str:
    """docs/operations/faults.md."""
    head = ("Kind", "What happens", "What is known", "What Robson does", "Can meet", "Unless given")
    tables: list[str] = []
    for where, words in PLACES.items():
        rows = _rows(where)
        tables += [f"### {words[0].upper()}{words[1:]}", ""]
        tables += [*table(*head, "In worlds", rows=rows), ""]
    return "\n".join(
        (
            made_from("robson/connectors/simulated/kinds.py"),
            "",
            "# Faults on purpose",
            "",
            paragraph(
                "`robsond run --faults FILE` plays a script of what goes wrong at the simulated",
                "exchange. It shows what Robson does about it, in the journal and in",
                "`robson explain`, on the machine in front of you. The same seed, tape and script",
                "meet the same faults.",
            ),
            "",
            "The file is TOML, one table for each fault:",
            "",
            _SCRIPT,
            "",
            "or the same in JSON, which begins with a brace:",
            "",
            _JSON,
            "",
            *table("Key", "Means", rows=_KEYS),
            "",
            "Exactly one of `nth`, `every` and `probability` stands in each table.",
            "",
            paragraph(
                "What cannot be meant is refused before anything starts, with its line and exit",
                "code 78. The daemon says at its start which faults it plays, and at its end how",
                "often each struck; a zero is said too. Counting begins anew with each process.",
            ),
            "",
            "## Every kind",
            "",
            paragraph(
                f"{len(KINDS)} kinds, by the place where they strike. Those in worlds are drawn",
                "by the seeds of `robson-sim world` too, which counts every strike.",
            ),
            "",
            *tables,
        )
    )
