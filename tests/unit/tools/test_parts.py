"""Parts of the tests: each test is in one of them, on every machine in the same."""

from __future__ import annotations

import random

import pytest

from tests.parts import part_of

NAMES = [f"tests/test_{letter}.py::test_{number}" for letter in "abc" for number in range(7)]


@pytest.mark.parametrize("parts", [1, 2, 4, 21, 30])
def test_each_test_is_in_one_part(parts: int) -> None:
    shares = [part_of(NAMES, f"{number}/{parts}") for number in range(1, parts + 1)]
    assert sorted(name for share in shares for name in share) == sorted(NAMES)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_the_order_of_a_run_changes_no_part() -> None:
    mixed = random.Random(1).sample(NAMES, len(NAMES))
    assert part_of(mixed, "2/4") == part_of(NAMES, "2/4")


@pytest.mark.parametrize("said", ["0/4", "5/4", "2", "1/0", "1/2/3", "a/b", "-1/4", "1 / 4", ""])
def test_no_such_part(said: str) -> None:
    with pytest.raises(ValueError, match="expected K/N"):
        part_of(NAMES, said)
