"""Which known names are one or two slips away from what was typed."""

from __future__ import annotations

from collections.abc import Iterable

_FARTHEST = 2
_SHOWN = 2


def distance(one: str, other: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours between two words."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        above, before, row = before, row, [i]
        for j, right in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and one[i - 2] == right:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
    return row[-1]


def nearest(typed: str, known: Iterable[str]) -> tuple[str, ...]:
    """At most two names, the nearest first; a short word must not become another one."""
    reach = min(_FARTHEST, max(1, len(typed) // 2))
    near = sorted((distance(typed, name), name) for name in known)
    return tuple(name for slips, name in near if 0 < slips <= reach)[:_SHOWN]


def did_you_mean(typed: str, known: Iterable[str]) -> str:
    """`` Did you mean A or B?`` with its leading blank, or nothing."""
    names = nearest(typed, known)
    return f" Did you mean {' or '.join(names)}?" if names else ""
