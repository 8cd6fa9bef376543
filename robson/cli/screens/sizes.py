"""The size of a dry run: by hand and with costs, term by term, and what Robson would do with it."""

from __future__ import annotations

from decimal import Decimal

from robson.cli.screens import facts, figures
from robson.cli.screens.facts import Doc, at, num, text
from robson.cli.screens.journal import Terms, terms
from robson.cli.screens.line import PLAIN, QUIET, STRONG, Line, Page, text_of
from robson.cli.screens.prose import wrap
from robson.cli.screens.table import Cell, Column, spoken, table, width_needed


def size(preview: Doc, plan: Doc, page: Page) -> list[Line]:
    """Both sizes with their terms."""
    sizing, base = at(plan, "sizing"), text(preview, "instrument", "base")
    quote = text(preview, "instrument", "quote")
    made = _terms(preview, sizing)
    hand, full = at(sizing, "by_hand") or {}, at(sizing, "with_costs") or {}
    share = figures.share(at(sizing, "risk_pct"))
    limit = f"risk limit, {share} of {figures.money(at(sizing, 'capital'))}"
    named = dict(made.named)
    costs: list[list[Cell]] = [
        [_term(name, plan), figures.NONE, value, ""] for name, value in made.named if name != "span"
    ]
    rows: list[list[Cell]] = [
        [limit, made.limit, made.limit, quote],
        [f"loss per {base}: span", named["span"], named["span"], ""],
        *costs,
        [("quantity", STRONG), _qty(preview, hand), (_qty(preview, full), STRONG), base],
        [
            "lost if the stop is hit",
            *(figures.risk(each.get("loss")) for each in (hand, full)),
            quote,
        ],
        ["  in % of capital", _lost(hand), _lost(full), ""],
    ]
    columns = [Column(""), Column("by hand", "right"), Column("with costs", "right"), Column("")]
    labelled = [[_quiet(row[0]), *row[1:]] for row in rows]
    if page.plain:
        return _sized(labelled, page) + _binding(preview, sizing, page)
    gap = 3 if width_needed(columns, labelled, gap=3, margin=2) <= page.width else 2
    head, *body = table(columns, labelled, gap=gap, margin=2)
    lead: Line = [("SIZE", STRONG), (text_of(head)[4:], QUIET)]
    return [lead, *body, *_binding(preview, sizing, page)]


def _terms(preview: Doc, sizing: Doc) -> Terms:
    return terms(
        {
            **{k: at(sizing, "terms", k) for k in ("span", "fees", "gap", "slip", "interest")},
            "risk_limit": at(sizing, "risk_limit"),
            "quantity": at(sizing, "with_costs", "quantity"),
            "binding": at(sizing, "binding"),
        },
        step=at(preview, "instrument", "step"),
        decimals=int(num(preview, "instrument", "price_decimals") or 2),
    )


def _sized(rows: list[list[Cell]], page: Page) -> list[Line]:
    """The same for a screen reader."""
    columns = [Column("Size"), Column("by hand"), Column("with costs"), Column("in")]
    return [line for said in spoken(columns, rows) for line in wrap(said, page.prose)]


def _quiet(cell: Cell) -> Cell:
    return cell if isinstance(cell, tuple) else (cell, QUIET)


def _qty(preview: Doc, column: Doc) -> str:
    return facts.quantity_of(preview, column.get("quantity"), unit=False)


def _lost(column: Doc) -> str:
    found = num(column, "loss_pct")
    return figures.lost_percent(found / 100 if found is not None else None, signed=False)


def _term(name: str, plan: Doc) -> str:
    fee = num(plan, "sizing", "fee_rate")
    each = figures.share(fee * 100) if fee is not None else figures.UNKNOWN
    words = {
        "fees": f"fees in and out, {each} each",
        "gap": f"gap past the stop{_rate(plan, 'gap', ('stop', 'price'))}",
        "slip": f"slip at the entry{_rate(plan, 'slip', ('entry', 'price'))}",
        "interest": "interest",
    }
    return f"  + {words[name]}"


def _rate(plan: Doc, name: str, of: tuple[str, str]) -> str:
    """An allowance in percent of the price it stands on."""
    part, whole = num(plan, "sizing", "terms", name), num(plan, *of)
    if part is None or not whole:
        return ""
    return f", {figures.share(figures.rounded(part / whole * 100, _THOUSANDTH))}"


_THOUSANDTH = Decimal("0.001")


def _binding(preview: Doc, sizing: Doc, page: Page) -> list[Line]:
    binding = text(sizing, "binding")
    by_risk = facts.quantity_of(preview, at(sizing, "quantity_by_risk"))
    reasons = {
        "margin": f"Margin allows no more; the risk limit alone would allow {by_risk}.",
        "max_qty": f"The exchange allows no more; the risk limit alone would allow {by_risk}.",
    }
    said = reasons.get(binding)
    return wrap(said, page.prose, first=[("  ", PLAIN)], indent=2) if said else []


def would(preview: Doc, plan: Doc, page: Page) -> list[Line]:
    """What would be traded, in one sentence."""
    does = "sell" if text(preview, "side") == "short" else "buy"
    quantity = facts.quantity_of(preview, at(plan, "sizing", "with_costs", "quantity"))
    worth = figures.money(at(plan, "notional"), text(preview, "instrument", "quote"))
    owes = "borrowing for it" if at(plan, "borrows") else "nothing borrowed"
    hand = _lost(at(plan, "sizing", "by_hand") or {})
    body = (
        f"Robson would {does} {quantity} ({worth}, {owes}). The by-hand size would lose {hand} at"
        " the same stop."
    )
    return wrap(body, page.prose, first=[("  ", PLAIN)], indent=2)
