"""Runs a test of this folder once for each worked vector that `vectors` has hung on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Metafunc(Protocol):
    """As much of the test runner as is used here; it is not imported."""

    function: Callable[..., None]

    def parametrize(self, name: str, values: list[Any], *, ids: list[str]) -> None: ...


def pytest_generate_tests(metafunc: Metafunc) -> None:
    cases = getattr(metafunc.function, "cases", None)
    if cases is not None:
        metafunc.parametrize("case", list(cases.values()), ids=list(cases))
