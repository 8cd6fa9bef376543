"""One of several parts of the tests, so that machines or hours can share them: ``--part 2/4``.

Neighbours by name go to different parts: the tests of one file take about as long as each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable


def part_of(names: Iterable[str], said: str) -> set[str]:
    """The names in a part.

    Args:
        names: of all the tests, in any order.
        said: as ``2/4``, the second of four parts; each name is in exactly one of them.

    Raises:
        ValueError: no such part; the text says what is expected.
    """
    found = re.fullmatch(r"([1-9]\d{0,2})/([1-9]\d{0,2})", said, re.ASCII)
    if not found or int(found[1]) > int(found[2]):
        raise ValueError(f"--part {said}: expected K/N, the K-th of N parts, such as 2/4")
    number, parts = int(found[1]), int(found[2])
    return set(sorted(names)[number - 1 :: parts])
