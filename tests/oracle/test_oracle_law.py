"""Holds the oracles themselves to their law: the standard library, and no float."""

from __future__ import annotations

import ast
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import ModuleType

from tests.oracle import (
    analyser_oracle,
    books_oracle,
    budget_oracle,
    crossover_oracle,
    ladder_oracle,
    pnl_oracle,
    sizing_oracle,
    tape_oracle,
)
from tests.oracle.vectors import refuses, vectors


def test_oracles_import_only_the_standard_library() -> None:
    files = sorted(Path(__file__).parent.glob("*_oracle.py"))
    roots = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                roots |= {alias.name.partition(".")[0] for alias in node.names}
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, file
                roots.add((node.module or "").partition(".")[0])

    assert len(files) == 9
    assert roots >= {"fractions", "decimal"}
    assert roots <= sys.stdlib_module_names


@vectors(
    sizing=sizing_oracle,
    ladder=ladder_oracle,
    analyser=analyser_oracle,
    budget=budget_oracle,
    crossover=crossover_oracle,
    books=books_oracle,
    pnl=pnl_oracle,
    tape=tape_oracle,
)
def test_a_float_is_refused(case: ModuleType) -> None:
    assert refuses(TypeError, lambda: case.exact(0.1))
    assert case.exact(Decimal("0.1")) == Fraction(1, 10)
