"""The status screen: whether the money is protected, then positions, budget and daemon."""

from __future__ import annotations

from decimal import Decimal

from robson.cli.screens import facts, figures, foot, positions, verdicts
from robson.cli.screens import finding as f
from robson.cli.screens.facts import Doc, listed, num, text
from robson.cli.screens.finding import Finding
from robson.cli.screens.line import PLAIN, STRONG, Line, Page, Segment, spans
from robson.cli.screens.prose import finish, wrap


def status(document: Doc, page: Page, *, silent_s: float | None = None) -> list[Line]:
    """The whole screen of a ``robson.status/1`` document; its first line is the verdict."""
    found = verdicts.findings(document, page.symbols, silent_s=silent_s)
    lines = verdict_lines(document, found, page)
    shown = listed(document, "positions")
    if shown:
        lines += [[], *positions.positions(shown, found, page)]
    lines += [[], *foot.foot(document, page)]
    return finish(lines, page)


def cannot_see(door: str, page: Page, *, reason: str = "") -> list[Line]:
    """The screen when no daemon answers at all."""
    return f.findings_lines([verdicts.cannot_see(door, reason=reason)], page)


def verdict_lines(document: Doc, found: list[Finding], page: Page) -> list[Line]:
    """The findings, or the calm sentence when there are none."""
    if found:
        return f.findings_lines(found, page)
    tag, sentences = _calm(document, page)
    if page.plain:
        word = tag[0].removeprefix(f"{page.symbols.ok} ")
        first, *rest = sentences
        lines = wrap([(f"Verdict: {word}. ", PLAIN), *first], page.prose)
        return lines + [line for each in rest for line in wrap(each, page.prose)]
    lines = f.headline(tag, sentences[0], page)
    for sentence in sentences[1:]:
        lines.extend(wrap(sentence, page.prose, first=[(" " * f.LABELS, PLAIN)], indent=f.LABELS))
    return lines


# --- nothing is wrong ----------------------------------------------------------------------------


def _calm(document: Doc, page: Page) -> tuple[Segment, list[Line]]:
    known = listed(document, "positions")
    held = [p for p in known if facts.held(p)]
    bare = [p for p in held if facts.naked_s(p) is not None]
    if bare:
        said = [_placing(bare[0]), *_worst(document, held)]
        return (text(bare[0], "state"), STRONG), said
    if held:
        sentences = [spans(_protected(document, held)), *_worst(document, held)]
        return f.tag_segment(f.PROTECTED, page.symbols), sentences
    entering = [p for p in known if p.get("state") == "entering"]
    if entering:
        who = facts.name(entering[0])
        said = [spans(f"{who}: the entry order is on its way, and not known to be filled.")]
        return ("entering", STRONG), said
    return f.tag_segment(f.IDLE, page.symbols), _idle(document)


def _protected(document: Doc, held: list[Doc]) -> str:
    where = facts.venue(document)
    if len(held) == 1:
        return f"1\u00a0position at risk, its stop resting at {where}."
    how = "both" if len(held) == 2 else "all"  # noqa: PLR2004
    return f"{figures.count(len(held), 'position')} at risk, {how} with a stop resting at {where}."


def _placing(position: Doc) -> Line:
    """Within the planned window: filled, and not yet covered or not any more."""
    since = figures.age(facts.naked_s(position))
    if text(position, "state") == "exiting":
        off = f"its exchange stop is off for {since}."
        return spans(f"{facts.name(position)} exits at market; {off}")
    return spans(f"{facts.name(position)}: placing the exchange stop, {since}.")


def _worst(document: Doc, held: list[Doc]) -> list[Line]:
    """What is lost if every stop is hit now, with all costs."""
    results = [num(p, "result_at_stop") for p in held]
    asset = text(document, "risk", "asset")
    known: list[Decimal] = [each for each in results if each is not None]
    if len(known) < len(results):
        return [spans("If every stop is hit now: ", ("?", STRONG), " (a result is not known).")]
    total = sum(known, Decimal(0))
    base = num(document, "risk", "capital_base")
    share = f" ({figures.lost_percent(total / base)} of {figures.money(base)})" if base else ""
    every = "every stop" if len(held) > 1 else "the stop"
    return [spans(f"If {every} is hit now: ", (figures.pnl(total, asset), STRONG), f"{share}.")]


def _idle(document: Doc) -> list[Line]:
    armed = int(num(document, "summary", "armed_count") or 0)
    if facts.observes(document):
        said = "Robson observes: it sends no order, and protects nothing that the account holds."
        waits = f"{figures.count(armed, 'position')} armed: a signal is shown, and refused."
        return [spans((said, STRONG)), *([spans(waits)] if armed else [])]
    if armed:
        return [spans(f"Nothing at risk. {figures.count(armed, 'position')} armed.")]
    feeds = listed(document, "daemon", "feed")
    symbol = text(feeds[0], "symbol") if feeds else "BTCUSDT"
    return [
        spans("Nothing at risk and nothing armed."),
        spans("To see a plan, sending nothing: ", f.apart(f"robson arm {symbol} --dry-run")),
    ]
