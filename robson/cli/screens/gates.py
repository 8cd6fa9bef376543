"""The gates of a dry run: what passes with its numbers, or every denial and when it frees up."""

from __future__ import annotations

from robson.cli.screens import facts, figures
from robson.cli.screens import finding as f
from robson.cli.screens.facts import Doc, at, listed, num, text
from robson.cli.screens.line import (
    HARD_SPACE,
    OK,
    PLAIN,
    QUIET,
    WARN,
    Line,
    Page,
    Segment,
    spans,
    width_of,
)
from robson.cli.screens.prose import wrap

_BUDGET = "risk_budget_insufficient"
_UNITS = {"disk_low": "MiB", "signal_stale": "s", "stop_gain_net_low": "R"}


def gates(preview: Doc, now: object, page: Page) -> list[Line]:
    """All gates of a preview, which was true at an instant."""
    judged = listed(preview, "gates")
    denials = listed(preview, "denials")
    return _denied(judged, denials, now, page) if denials else _passed(preview, judged, page)


# --- all pass ------------------------------------------------------------------------------------


def _passed(preview: Doc, judged: list[Doc], page: Page) -> list[Line]:
    passing = sum(1 for gate in judged if gate.get("ok") is True)
    later = sum(1 for gate in judged if gate.get("ok") is None)
    said = f"{passing} of {len(judged)} pass"
    if later:
        said += f", {later} are judged at the signal"
    if page.plain:
        head = wrap(f"Gates: {said}.", page.prose)
    else:
        head = wrap(
            said, page.prose, first=[f.block("GATES", OK, page.symbols), ("  ", PLAIN)], indent=9
        )
    return [*head, *_pairs(_numbers(preview, judged), page)]


def _numbers(preview: Doc, judged: list[Doc]) -> list[tuple[str, str]]:
    """The limits a person watches, each with what it stands at."""
    known = {text(gate, "code"): gate for gate in judged}
    said: list[tuple[str, str]] = []

    def add(code: str, label: str, *, money: bool) -> None:
        value, limit = num(known.get(code), "value"), num(known.get(code), "limit")
        if value is not None and limit is not None:
            shown = (figures.pnl if money else figures.price)(value)
            said.append((label, f"{shown} of {(figures.pnl if money else figures.price)(limit)}"))

    add("max_open_positions", "open positions", money=False)
    add("daily_loss_limit", "today", money=True)
    add("daily_trade_limit", "trades today", money=False)
    budget = known.get(_BUDGET)
    if num(budget, "limit") is not None:
        said.append(("month free", figures.free(at(budget, "limit"))))
    if num(budget, "value") is not None:
        said.append(("needs", figures.risk(at(budget, "value"))))
    if at(preview, "plan") is not None and not at(preview, "plan", "borrows"):
        said.append(("margin level", "no debt"))
    return said


def _pairs(pairs: list[tuple[str, str]], page: Page, *, indent: int = 2) -> list[Line]:
    """Labels with values, as many on a line as fit."""
    lines: list[Line] = []
    for label, value in pairs:
        part: list[Segment] = [(f"{label} ", QUIET), (value, PLAIN)]
        if lines and width_of(lines[-1]) + 3 + width_of(part) <= page.prose:
            lines[-1] += [("   ", PLAIN), *part]
        else:
            lines.append([(" " * indent, PLAIN), *part])
    return lines


# --- denied --------------------------------------------------------------------------------------


def _denied(judged: list[Doc], denials: list[Doc], now: object, page: Page) -> list[Line]:
    codes = ", ".join(text(denial, "code") for denial in denials)
    does = "denies" if len(denials) == 1 else "deny"
    said = f"{len(denials)} of {len(judged)} gates {does}: {codes}"
    tag = f.block("WOULD BE REFUSED", WARN, page.symbols)
    if page.plain:
        lines = wrap(f"Verdict: WOULD BE REFUSED. {said}.", page.prose)
    else:
        lines = wrap(said, page.prose, first=[tag, ("  ", PLAIN)], indent=f.LABELS)
    for denial in denials:
        lines += _denial(judged, denial, now, page)
    return lines


def _denial(judged: list[Doc], denial: Doc, now: object, page: Page) -> list[Line]:
    code = text(denial, "code")
    message = page.symbols.clean(text(denial, "message")).rstrip(".")
    gate = next((each for each in judged if each.get("code") == code), None)
    lines = wrap(
        f"{message[:1].upper()}{message[1:]}.", page.prose, first=[("  ", PLAIN)], indent=2
    )
    lines += _pairs(_measured(gate, denial, page), page)
    freed: list[Line] = []
    if figures.instant(at(gate, "resets")) is not None:
        freed += _label("Frees up", f"{figures.deadline(at(gate, 'resets'), now)}.", page)
    if code == _BUDGET:
        body = "Nothing smaller is offered: Robson never picks a size to fit the budget."
        freed += _label("Or", body, page)
    return [*lines, [], *freed] if freed else lines


def _label(label: str, body: str, page: Page) -> list[Line]:
    if page.plain:
        return wrap(f"{label}: {body}", page.prose)
    return wrap(body, page.prose, first=spans("  ", (label, QUIET)), indent=12)


def _measured(gate: Doc | None, denial: Doc, page: Page) -> list[tuple[str, str]]:
    """The numbers of a denial, and the gate's own where it has none."""
    numbers = at(denial, "numbers") or {}
    code = text(denial, "code")
    said = [
        (page.symbols.clean(facts.measured(code, str(name))), shown(code, value, page))
        for name, value in numbers.items()
    ]
    if said:
        return said
    pairs = (("value", at(gate, "value")), ("limit", at(gate, "limit")))
    return [(name, shown(code, value, page)) for name, value in pairs if value is not None]


_MONEY = {
    "monthly_halt": figures.free,
    "daily_loss_limit": figures.pnl,
    "risk_per_trade": figures.risk,
    "risk_budget_insufficient": figures.free,
}
"""How the value of a gate about money is written; a limit is what one still has."""


def shown(code: str, value: object, page: Page) -> str:
    """What a gate looked at, or what it allows, by the gate's code."""
    if value is None:
        return figures.NONE
    found = figures.number(value)
    if found is None:
        return page.symbols.clean(value)
    said = _MONEY.get(code, figures.price)(found)
    return f"{said}{HARD_SPACE}{_UNITS[code]}" if code in _UNITS else said
