"""Makes docs/conformance.md: what Robson has to hold against, and the tests that prove it.

The lines come from docs/conformance.toml, the tests from their marks, read without running them:
`@pytest.mark.proves("R12", "I-24")` on a test or a class, `pytestmark = pytest.mark.proves(...)`
for a whole file, `marks=pytest.mark.proves(...)` for one case of a table.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pages import made_from, paragraph, table

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "conformance.toml"
TESTS = ROOT / "tests"
REASONS = "not_built"
_CASE = "param"


@cache
def catalogue() -> dict[str, Any]:
    """The table as it is written: sections with their rows, and the reasons."""
    with TABLE.open("rb") as file:
        return tomllib.load(file)


def lines() -> dict[str, str]:
    """Every id with what it says."""
    return {
        id_: says
        for section in _sections(catalogue())
        for id_, says in catalogue()[section]["rows"].items()
    }


def _sections(table_: dict[str, Any]) -> Iterator[str]:
    return (name for name in table_ if name != REASONS)


def proofs(folder: Path = TESTS) -> dict[str, list[str]]:
    """By id, the tests that carry it, as `path::test`."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for id_, where in _marks(tree, path.relative_to(folder.parent).as_posix()):
            if where not in found.setdefault(id_, []):
                found[id_].append(where)
    return found


def _marks(node: ast.AST, where: str) -> Iterator[tuple[str, str]]:
    """Every id of a mark inside `node` with the innermost test or case it stands on."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        where = f"{where.partition('::')[0]}::{node.name}"
    if isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name == "proves":
            for argument in node.args:
                if isinstance(argument, ast.Constant):
                    yield str(argument.value), where
        if name == _CASE:
            case = next((k.value for k in node.keywords if k.arg == "id"), None)
            if isinstance(case, ast.Constant):
                where = f"{where}[{case.value!s}]"
    for child in ast.iter_child_nodes(node):
        yield from _marks(child, where)


def wrong(table_: dict[str, Any], marked: dict[str, list[str]]) -> Iterator[str]:
    """What is not right between the table and the marks."""
    known = {id_ for section in _sections(table_) for id_ in table_[section]["rows"]}
    reasons = table_[REASONS]
    for id_ in sorted(marked.keys() - known):
        yield f"{marked[id_][0]} proves {id_}, which no line of the table names"
    for id_ in sorted(reasons.keys() - known):
        yield f"{id_} is not built and not in the table either"
    for id_ in sorted(known - reasons.keys() - marked.keys()):
        yield f"{id_} has no test, and no reason why"
    for id_ in sorted(reasons.keys() & marked.keys()):
        yield f"{id_} counts as not built, but {marked[id_][0]} proves it"


def conformance_page() -> str:
    """docs/conformance.md."""
    written, marked = catalogue(), proofs()
    count = len(lines())
    proved = sum(id_ in marked for id_ in lines())
    return "\n".join(
        (
            made_from("docs/conformance.toml and the marks of the tests"),
            "",
            "# Conformance",
            "",
            paragraph(
                f"{count} rules that came of what went wrong for somebody, {proved} of them with a",
                "test that carries its id. `python -m pytest PATH::TEST` runs one.",
            ),
            "",
            *(line for name in _sections(written) for line in _section(written, name, marked)),
        )
    )


def _section(written: dict[str, Any], name: str, marked: dict[str, list[str]]) -> Iterator[str]:
    section = written[name]
    yield f"## {section['title']}"
    yield ""
    yield paragraph(section["about"])
    yield ""
    rows = [
        (f"`{id_}`", says.replace("|", "\\|"), _proof(id_, marked, written[REASONS]))
        for id_, says in section["rows"].items()
    ]
    yield from table("Id", "Rule", "Proved by", rows=rows)
    yield ""


def _proof(id_: str, marked: dict[str, list[str]], reasons: dict[str, str]) -> str:
    if id_ in marked:
        return "<br>".join(f"`{test}`" for test in marked[id_])
    return f"not built: {reasons.get(id_, '?')}"
