"""Makes docs/recovery.md from docs/recovery.toml, which tests/simulation/test_recovery.py lives."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from pages import made_from, paragraph, table

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "recovery.toml"


def recovery_page() -> str:
    """docs/recovery.md."""
    with TABLE.open("rb") as file:
        written = tomllib.load(file)
    return "\n".join((made_from("docs/recovery.toml"), "", *_page(written))) + "\n"


def _page(written: dict[str, Any]) -> Iterator[str]:
    yield f"# {written['title']}"
    yield ""
    yield paragraph(*written["about"])
    yield ""
    yield "## Where the price is when somebody is there again"
    yield ""
    yield from table("Column", "Meaning", rows=_words(written["prices"]))
    yield ""
    yield "## What it ends in"
    yield ""
    yield from table("Word", "Meaning", rows=_words(written["ends"]))
    for state, rows in groupby(written["rows"], key=lambda row: row["state"]):
        yield ""
        yield f"## {state[:1].upper()}{state[1:]}"
        yield ""
        yield from _state(written, list(rows))
    yield ""
    yield paragraph(*written["notes"])


def _words(meanings: Mapping[str, str]) -> list[tuple[str, ...]]:
    return [(f"`{word}`", meaning) for word, meaning in meanings.items()]


def _state(written: dict[str, Any], rows: list[dict[str, Any]]) -> Iterator[str]:
    prices = tuple(written["prices"])
    yield from table(
        "Request under way",
        "Journal says",
        "Exchange has",
        *(f"`{price}`" for price in prices),
        "Within",
        rows=[
            (
                row["flight"],
                _journal(row["journal"]),
                row["exchange"],
                *(_cell(written, row, price) for price in prices),
                _within(row),
            )
            for row in rows
        ],
    )
    for row in rows:
        if "why" in row:
            yield ""
            yield f"`-`: {row['why']}."


def _journal(says: str | dict[str, str]) -> str:
    if isinstance(says, str):
        return says
    return "; ".join(f"{side}: {word}" for side, word in says.items())


def _cell(written: dict[str, Any], row: dict[str, Any], price: str) -> str:
    pattern = written["patterns"].get(row.get("pattern", ""), {})
    end = row.get(price, pattern.get(price, row.get("all")))
    if isinstance(end, str):
        return end
    if not row.get("types"):
        return str(end["market"])
    return "<br>".join(f"{kind}: {word}" for kind, word in end.items())


def _within(row: dict[str, Any]) -> str:
    if row.get("proof"):
        return "the proof"
    return "3 s; `settle`: the proof" if row.get("settles") else "3 s"
