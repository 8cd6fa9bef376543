"""What comparing with the exchange came to for a position, and what a person said of it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from robson.cli.screens import facts, figures, journal
from robson.cli.screens.facts import Doc
from robson.cli.screens.journal import pay
from robson.cli.screens.line import STRONG, Line, spans
from robson.cli.screens.scene import Scene

_SHOWN = 12
"""So much of a hash is shown; the rest is in the journal."""


def compared(s: Scene) -> Line:
    """A sentence for each row, in order."""
    said = [_SAYS[journal.kind(row)](s, row) for row in s.rows if journal.kind(row) in _SAYS]
    return spans(" ".join(filter(None, said)))


def resolved(s: Scene) -> Line:
    """A person said what it really is."""
    row = s.last("position_resolved")
    known = _evidence(row)
    target = s.symbols.clean(known.get("said") or pay(row, "target"))
    reason = s.symbols.clean(known.get("reason", "")).rstrip(".")
    actor = s.clean(row, "actor")
    why = f": {reason}" if reason else ", with evidence"
    return spans((f"{actor} said that it is {target}{why}.", STRONG), " The account agreed.")


def _missed(s: Scene, row: Doc) -> str:
    expected = facts.quantity_of(s.p, pay(row, "expected"))
    found = facts.quantity_of(s.p, pay(row, "found"))
    return f"{expected} of it should be in the account, and {found} were: looked at again."


def _seen(_scene: Scene, _row: Doc) -> str:
    return "It was there again."


def _reconciled(s: Scene, row: Doc) -> str:
    code = s.clean(row, "code")
    if code != "closed_by_evidence":
        means = _CODES.get(code, "The exchange said something else than the journal.")
        return f"{means} [{s.clean(row, 'row')} {code}]"
    known = {name: s.symbols.clean(value) for name, value in _evidence(row).items()}
    digest = known.get("sha256", "?")[:_SHOWN]
    return (
        f"{known.get('actor', '?')} brought the trades that closed it ({known.get('kind', '?')},"
        f" SHA-256 {digest}...): {known.get('reason', '?').rstrip('.')}."
    )


def _outside(s: Scene, row: Doc) -> str:
    fills = pay(row, "fills") or []
    quantity = sum(
        (figures.number(each.get("quantity")) or Decimal(0) for each in fills), Decimal(0)
    )
    price = facts.price_of(s.p, fills[-1].get("price") if fills else None)
    word = facts.exit_word(s.p)
    of = f"Order {s.clean(row, 'order_id')}, which is not Robson's,"
    return f"{of} {word} {facts.quantity_of(s.p, quantity)} at {price}."


def _adopted(s: Scene, row: Doc) -> str:
    held, was = (facts.quantity_of(s.p, pay(row, each)) for each in ("held", "was"))
    return f"No trade explains what is gone: it holds {held} from here on, {was} before."


def _forgiven(s: Scene, row: Doc) -> str:
    extreme, price = (facts.price_of(s.p, pay(row, each)) for each in ("extreme", "price"))
    return f"While nobody watched the price was beyond the stop ({extreme}); it is back at {price}."


_CODES = {
    "closed_outside": "An order that is not Robson's closed it.",
    "quantity_mismatch": "Part of it is gone, and not by an order of Robson's.",
    "stop_missing": "Its exchange stop was not there any more, and is placed again.",
}
_SAYS: dict[str, Callable[[Scene, Doc], str]] = {
    "holding_missed": _missed,
    "holding_seen": _seen,
    "reconciled": _reconciled,
    "filled_outside": _outside,
    "holding_adopted": _adopted,
    "gap_cross_forgiven": _forgiven,
}
KINDS = tuple(_SAYS)
"""Kinds of rows that this chapter tells."""


def _evidence(row: Doc | None) -> dict[str, Any]:
    """Names and values of a row's evidence."""
    found = pay(row, "evidence") or {}
    return dict(found) if isinstance(found, dict) else {str(k): v for k, v in found}
