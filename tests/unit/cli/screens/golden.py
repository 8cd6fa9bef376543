"""Writes the golden texts anew: ``python -m tests.unit.cli.screens.golden``; then read the diff."""

from __future__ import annotations

from pathlib import Path

from robson.cli.screens.line import text_of
from tests.unit.cli.screens.views import PAGES, VIEWS

FOLDER = Path(__file__).with_name("golden")


def rendered(name: str) -> str:
    """A view on every page, each under its heading."""
    parts = []
    for heading, page in PAGES.items():
        lines = "".join(f"{text_of(line)}\n" for line in VIEWS[name](page))
        parts.append(f"===== {heading}\n{lines}")
    return "".join(parts)


def write() -> None:
    """All of them; what no view makes any more goes."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    for name in VIEWS:
        (FOLDER / f"{name}.txt").write_text(rendered(name), encoding="utf-8")


if __name__ == "__main__":
    write()
