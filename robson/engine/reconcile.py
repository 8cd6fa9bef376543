"""The rows of the recovery table that need the whole account: facts in, findings out.

Rows that begin with an order of ours are the resolver's and the pursuit's. A finding that is met
again says the same again and writes nothing twice. Exchange wins; no fill is invented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from robson.domain.lifecycle import PositionState
from robson.engine import holding, recovered, resting
from robson.engine.pair import Finding, Pair

Row = Callable[[Pair], Iterator[Finding]]
ROWS: dict[str, Row] = {
    "R12": resting.r12_missing_stop,
    "R13": resting.r13_other_stop,
    "R14": resting.r14_unlinked_stop,
    "R15": resting.r15_orphan_stop,
    "R16": resting.r16_orphan_entry,
    "missed": holding.missed,
    "R8": holding.r8_closed_outside,
    "R9": holding.r9_unexplained,
    "R10": holding.r10_less,
    "R11": holding.r11_more,
    "R21": resting.r21_foreign_order,
    "R25": recovered.r25_filled_for_nobody,
    "R22": holding.r22_foreign_exposure,
}
"""Rows of the recovery table that need the whole account; what protects comes first."""


def reconcile(pair: Pair) -> tuple[Finding, ...]:
    """Everything that differs, in the order of the table."""
    found = [each for row in ROWS.values() for each in row(pair)]
    if any(each.born is not None for each in found):
        found = [each for each in found if each.row != "R22"]  # it is explained now
    return tuple(found)


def agrees(pair: Pair) -> bool:
    """Whether a look at the account alone shows nothing that has to be looked into."""
    if pair.view is not None and pair.view.state is PositionState.ACTIVE and not pair.steady:
        return False
    found = reconcile(attrs.evolve(pair, orders=(), trades=()))
    return not found and holding.missing(pair) is None
