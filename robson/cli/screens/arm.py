"""The answer to arm: armed, or in a dry run the plan with stop, size and gates."""

from __future__ import annotations

import shlex
from decimal import Decimal

from robson.cli.screens import facts, figures, gates, levels, sizes
from robson.cli.screens import finding as f
from robson.cli.screens.facts import Doc, at, num, text
from robson.cli.screens.journal import level_word, ordinal
from robson.cli.screens.line import LEVEL, OK, PLAIN, QUIET, STRONG, Line, Page, pad, spans
from robson.cli.screens.prose import Prose, finish, wrap

NOTE = 35
_OBSERVES = (
    "This daemon sends no order. A signal is refused with what it would have bought or sold."
)
_BARE = (
    "insurance.enabled is false: no exchange stop will rest for it. If this host dies, nothing"
    " limits the loss."
)


def arm(document: Doc, page: Page) -> list[Line]:
    """A ``robson.arm/1`` document: what was armed, or what would be."""
    preview = at(document, "preview")
    lines = _armed(document, page) if preview is None else _dry_run(document, preview, page)
    return finish(lines, page)


def command(request: Doc, *, dry_run: bool = False) -> str:
    """The command line that makes this request."""
    words = ["robson", "arm", text(request, "symbol")]
    for flag in ("strategy", "side", "capital", "leverage"):
        value = request.get(flag)
        if value not in (None, "", 0):
            words += [f"--{flag}", f"{value:f}" if isinstance(value, Decimal) else str(value)]
    return shlex.join([*words, *(["--dry-run"] if dry_run else [])])


def next_line(text_: str, page: Page) -> list[Line]:
    """The command that makes sense now."""
    if page.plain:
        return wrap(spans("Next: ", f.command(text_)), page.width)
    return wrap([f.command(text_)], page.width, first=[("Next  ", QUIET)], indent=6)


# --- armed ---------------------------------------------------------------------------------------


def _armed(document: Doc, page: Page) -> list[Line]:
    position = at(document, "position") or {}
    state = text(position, "state")
    who = f"{facts.name(position)} {facts.id_of(position, page)}"
    strategy = text(position, "strategy", "name")
    tag = f.block(state.upper(), OK, page.symbols)
    again = (
        " The key was known: this is the first answer again." if document.get("repeated") else ""
    )
    said = spans(f"{who}, strategy {strategy}.{again}")
    lines = _headed(tag[0], said, page)
    waits = facts.waited_for(position, page.symbols)
    if state == "armed":
        body = f"Nothing is at risk yet.{f' It waits for {waits}.' if waits else ''}"
        lines += f.labelled("Position", body, page)
    if facts.observes(document):
        lines += f.labelled("Observe", spans((_OBSERVES, STRONG)), page)
    if at(document, "daemon", "insurance", "enabled") is False:
        lines += f.labelled("Guard", spans((_BARE, STRONG)), page)
    lines += f.labelled("Daemon", facts.reached(document), page)
    lines.append([])
    return lines + next_line(text(document, "next"), page)


def _headed(tag: str, said: Prose, page: Page) -> list[Line]:
    if page.plain:
        word = tag.removeprefix(f"{page.symbols.ok} ")
        body = said if isinstance(said, list) else spans(said)
        return wrap([(f"Verdict: {word}. ", PLAIN), *body], page.prose)
    return f.headline((tag, OK), said, page)


# --- dry run -------------------------------------------------------------------------------------


def _dry_run(document: Doc, preview: Doc, page: Page) -> list[Line]:
    request = at(document, "request") or {}
    lines = wrap([f.command(command(request))], page.width, first=[("DRY RUN  ", STRONG)], indent=9)
    quiet = [("Nothing was sent and nothing was stored.", QUIET)]
    lines += wrap(quiet, page.prose, first=[(" " * 9, PLAIN)], indent=9)
    plan = at(preview, "plan")
    waits = facts.waited_for(preview, page.symbols)
    if waits:
        body = f"It would wait for {waits}. The numbers are for an entry at this price."
        lines += wrap(body, page.prose, first=[(" " * 9, PLAIN)], indent=9)
    asked, base = num(request, "capital"), num(plan, "sizing", "capital")
    if asked is not None and base is not None and asked > base:
        body = f"--capital only lowers: it is sized from {figures.money(base)}, the account's base."
        lines += wrap(body, page.prose, first=[(" " * 9, PLAIN)], indent=9)
    if plan is not None:
        lines += [[], *_prices(preview, plan, page)]
    if at(preview, "stop_search") is not None:
        lines += [[], *levels.why(preview, page)]
    if plan is not None:
        lines += [[], *sizes.size(preview, plan, page), [], *sizes.would(preview, plan, page)]
    lines += [[], *gates.gates(preview, document.get("as_of"), page)]
    if at(preview, "accepted"):
        lines += [[], *next_line(command(request), page)]
    return lines


def _prices(preview: Doc, plan: Doc, page: Page) -> list[Line]:
    search, gain = at(preview, "stop_search"), at(plan, "stop_gain")
    stop_price = at(plan, "stop", "price")
    n = num(search, "chosen_n")
    side = text(preview, "side")
    how = f"{ordinal(int(n))} {level_word(side)} on 15m" if n else "average range, no level fits"
    confidence = text(search, "confidence")
    old = figures.age(at(plan, "entry", "price_age_s"))
    entry = num(plan, "entry", "price")
    rests = num(plan, "insurance", "stop_price")
    behind = (rests - entry) / entry if rests is not None and entry else None
    rows: list[tuple[str, object, str, str, str]] = [
        ("Entry", at(plan, "entry", "price"), "", PLAIN, f"last trade, {old} old"),
        (
            "Stop",
            stop_price,
            figures.signed_pct(at(plan, "stop", "pct")),
            LEVEL,
            f"{how}{f', confidence {confidence}' if confidence else ''}",
        ),
    ]
    if gain is not None:
        far = figures.in_spans(gain.get("spans"))
        net = f", about {figures.in_r(gain.get('net_r'))} after costs"
        rows.append(
            (
                "Stop-gain",
                gain.get("price"),
                figures.signed_pct(gain.get("pct")),
                PLAIN,
                f"{far}{net}",
            )
        )
    if rests is not None:
        note = "exchange stop, rests from the fill on"
        rows.append(("Exchange", rests, figures.percent(behind, signed=True), PLAIN, note))
    lines = [line for row in rows for line in _level(preview, *row, page)]
    if at(plan, "insurance", "enabled") is False:
        lines += _uninsured(page)
    span = ("Span", at(plan, "span"), "", PLAIN, "palma da mao: entry to stop")
    return [*lines, *_fence(preview, page), *_level(preview, *span, page)]


def _uninsured(page: Page) -> list[Line]:
    said = "no exchange stop would rest: insurance.enabled is false"
    if page.plain:
        return wrap(f"Exchange: none, {said}.", page.prose)
    row = pad([("  ", PLAIN), ("Exchange", QUIET)], 11)
    return _noted([*row, ("none".rjust(11), STRONG)], said, page)


def _level(
    preview: Doc, label: str, price: object, pct: str, style: str, note: str, page: Page
) -> list[Line]:
    value = facts.price_of(preview, price)
    if page.plain:
        return wrap(f"{label}: {', '.join(filter(None, (value, pct, note)))}.", page.prose)
    row: Line = pad([("  ", PLAIN), (label, QUIET)], 11)
    row += [(value.rjust(11), style), (pct.rjust(9), PLAIN)]
    return _noted(row, note, page)


def _noted(row: Line, note: str, page: Page) -> list[Line]:
    """A row and its note beside it, or below where there is no room."""
    if page.width < NOTE + 20:
        return [row, *wrap([(note, QUIET)], page.width, first=[("    ", PLAIN)], indent=4)]
    return wrap([(note, QUIET)], page.prose, first=pad(row, NOTE), indent=NOTE)


_FENCES = {
    "asset": "a second exit would be refused (exit_fence)",
    "settle": "a second exit waits until the first is settled (exit_fence)",
}


def _fence(preview: Doc, page: Page) -> list[Line]:
    kind = text(preview, "exit_fence")
    if not kind:
        return []
    if page.plain:
        return wrap(f"Fence: {kind}, {_FENCES.get(kind, 'exit_fence')}.", page.prose)
    row = pad([("  ", PLAIN), ("Fence", QUIET)], 12)
    return _noted([*row, (kind, PLAIN)], _FENCES.get(kind, "exit_fence"), page)
