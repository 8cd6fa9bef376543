"""Makes docs/errors.md: every mistake with its answer, every code, every exit code.

The mistakes come from docs/mistakes.toml, which a test holds against real processes; the codes and
exit codes from the tables that the programs themselves end by.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pages import made_from, paragraph, table

from robson.api.errors import INTERRUPTED, ROWS, row_of
from robson.daemon.exits import EXITS, Exit

TABLE = Path(__file__).resolve().parent.parent / "docs" / "mistakes.toml"
_LONGEST = 60
_INTRODUCTION = """
Every command answers a mistake with one line: what was wrong, what is expected, what to do, that
nothing was changed, a stable code and the exit code. With `--json` the same is a document:

```json
{"schema":"robson.error/1","error":{"code":"UNKNOWN_SYMBOL","message":"...","details":{}},"exit":2}
```

A traceback is a defect. What stands below is made anew by each run of the tests with real
processes; before and after each mistake the journal and the exchange's books are the same. Words in
braces differ from run to run. Every message ends with "Nothing was changed.", the code and the exit
code, which are columns here.
"""


def errors_page() -> str:
    """docs/errors.md."""
    with TABLE.open("rb") as file:
        mistakes: dict[str, Any] = tomllib.load(file)
    count = sum(len(section["rows"]) for section in mistakes.values())
    return "\n".join(
        (
            made_from("docs/mistakes.toml and the tables of errors"),
            "",
            "# Mistakes and errors",
            "",
            f"{count} mistakes with their answers, then all codes and exit codes.",
            _INTRODUCTION,
            *(line for part, section in mistakes.items() for line in _section(part, section)),
            *_codes(),
            *_exits(),
        )
    )


def _section(part: str, section: dict[str, Any]) -> Iterator[str]:
    yield f"## {section['title']}"
    yield ""
    yield paragraph(section["about"])
    yield ""
    last = {"call": "gRPC status", "probe": "Code"}.get(part, "Exit")
    rows = [
        (_mistake(row), _cell(row["says"]), f"`{row['code']}`", _end(part, row))
        for row in section["rows"]
    ]
    yield from table("Mistake", "Answer", "Code", last, rows=rows)
    yield ""


def _mistake(row: dict[str, Any]) -> str:
    said = [f"`{_cell(_short(row['input']))}`"]
    if row.get("given"):
        said.append(_cell(row["given"]))
    for name, text in row.get("files", {}).items():
        lines = [line for line in text.splitlines() if line]
        last = f"`{_cell(_short(lines[-1]))}`" if lines else "nothing"
        said.append(f"{name} {'ends with' if len(lines) > 1 else 'says'} {last}")
    return "<br>".join(said)


def _end(part: str, row: dict[str, Any]) -> str:
    if part == "call":
        return row_of(row["code"]).status
    return str(row.get("exit") or row["code"])


def _short(text: str) -> str:
    """Long fillers as what they are."""
    words = []
    for word in text.split(" "):
        worst = max(word, key=word.count) if word else ""
        filler = worst * _LONGEST
        words.append(f"{word.partition(filler)[0]}{worst * 3}..." if filler in word else word)
    return " ".join(words)


def _cell(text: str) -> str:
    return _short(text).replace("|", "\\|")


def _codes() -> Iterator[str]:
    yield "## Codes"
    yield ""
    yield "The same over gRPC and on the command line; a gate that is not listed is exit 7."
    yield ""
    rows = [(f"`{row.code}`", row.status, str(row.exit)) for row in ROWS]
    yield from table("Code", "gRPC status", "Exit", rows=rows)
    yield ""
    yield f"Ctrl-C is exit {INTERRUPTED}."
    yield ""


def _exits() -> Iterator[str]:
    yield "## How robsond ends"
    yield ""
    rows = [(str(row.number), f"`{row.code}`", row.why) for row in sorted(EXITS, key=_number)]
    yield from table("Exit", "Code", "Why", rows=rows)
    yield ""


def _number(row: Exit) -> int:
    return row.number
