"""What a demo leaves in the scrollback: how it ended, why, its costs, what was checked."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from robson.cli.screens import facts, figures, journal
from robson.cli.screens import finding as f
from robson.cli.screens.facts import Doc, at, listed, num, text
from robson.cli.screens.journal import pay, pay_num
from robson.cli.screens.line import (
    ALARM,
    HARD_SPACE,
    OK,
    PLAIN,
    QUIET,
    STRONG,
    WARN,
    Line,
    Page,
    Segment,
    Symbols,
    spans,
)
from robson.cli.screens.prose import Prose, finish, whole, wrap

LABELS = 12
_GAP = f" {HARD_SPACE}{HARD_SPACE}"


class Ending(NamedTuple):
    """What a finished demo knows.

    ``lowest`` is the worst result on the way; ``report`` what the daemon checked; ``crash``
    what killing it proved, in words; ``kept`` where its state stays; ``then`` what to type now.
    """

    position: Doc
    rows: Sequence[Doc]
    lowest: Decimal | None = None
    report: Doc | None = None
    crash: tuple[str, ...] = ()
    kept: str = ""
    then: tuple[tuple[str, str], ...] = ()


def closed(ending: Ending, page: Page) -> list[Line]:
    """The summary of a position that traded."""
    lines = [*violations(ending.report, page), *_head(ending.position, page), []]
    said: tuple[tuple[str, Prose], ...] = (
        ("Why", _why(ending)),
        ("Plan", _plan(ending)),
        ("Costs", _costs(ending, page.symbols)),
        ("Safety", _safety(ending.position)),
        *(("Crash" if not index else "", spans(said)) for index, said in enumerate(ending.crash)),
        ("Checked", checked(ending.report)),
        ("Kept", ending.kept),
    )
    for label, body in said:
        if body:
            lines += labelled(label, body, page)
    return finish([*lines, *next_lines(ending.then, page)], page)


def nothing_opened(
    rejections: Sequence[Doc], waiting: Sequence[Any], ending: Ending, page: Page
) -> list[Line]:
    """No position became active: every refusal with its numbers, or what was waited for."""
    state = text(ending.position, "state") or "armed"
    tag = f.block("NO POSITION", WARN, page.symbols)
    told = f"{facts.name(ending.position)} ended {state}; nothing was traded.".strip()
    lines = [*violations(ending.report, page), *_headline(tag, told, page), []]
    for each in rejections:
        lines += labelled("Refused", _refusal(each, page), page)
    for each in waiting:
        said = page.symbols.clean(_words(each)).removeprefix("waits ")
        lines += labelled("Waited", said, page)
    if not rejections and not waiting:
        lines += labelled("Waited", spans("The detector gave no signal on this tape."), page)
    lines += labelled("Checked", checked(ending.report), page)
    if ending.kept:
        lines += labelled("Kept", ending.kept, page)
    return finish([*lines, *next_lines(ending.then, page)], page)


def labelled(label: str, body: Prose, page: Page) -> list[Line]:
    """A label and its sentences."""
    if page.plain:
        said: Line = spans(body) if isinstance(body, str) else list(body)
        return wrap([(f"{label}: " if label else "", PLAIN), *said], page.prose)
    return wrap(body, page.prose, first=[("  ", PLAIN), (label, QUIET)], indent=LABELS)


def next_lines(then: Sequence[tuple[str, str]], page: Page) -> list[Line]:
    """Commands, each with what it does."""
    lines: list[Line] = []
    for command, does in then:
        body: Line = [(whole(command), STRONG), (f"{_GAP}{does}" if does else "", QUIET)]
        if page.plain and does:
            body = [(f"{does}: ", PLAIN), (whole(command), PLAIN)]
        lines += labelled("" if lines else "Next", body, page)
    return lines


# --- head ----------------------------------------------------------------------------------------


def _head(p: Doc, page: Page) -> list[Line]:
    state = text(p, "state")
    closed_ = state == "closed"
    style = OK if closed_ else ALARM if state == "error" else WARN
    body: Line = [(facts.name(p), PLAIN)]
    if text(p, "exit_reason"):
        body += [(" by ", PLAIN), (text(p, "exit_reason"), STRONG)]
    net, r = num(p, "realized_pnl"), num(p, "r_multiple")
    about = "" if net is not None else "not settled, about "
    net = net if net is not None else num(p, "pnl_provisional")
    if net is not None:
        money = f"{about}{figures.pnl(net, facts.quote(p))}".replace(" ", HARD_SPACE)
        body += [(_GAP, PLAIN), (money, OK if net > 0 else PLAIN)]
    if r is not None:
        body += [(_GAP, PLAIN), (figures.in_r(r), STRONG)]
    took = figures.seconds_between(p.get("entry_filled_at"), p.get("exited_at"))
    if took is not None:
        body.append((f"{_GAP}in{HARD_SPACE}{figures.age(took)}", PLAIN))
    return _headline(f.block(state.upper(), style, page.symbols), body, page)


def _headline(tag: Segment, body: Prose, page: Page) -> list[Line]:
    if page.plain:
        said: Line = spans(body) if isinstance(body, str) else list(body)
        word = tag[0].strip(f" {page.symbols.ok}{page.symbols.attention}!")
        return wrap([(f"Verdict: {word}. ", PLAIN), *said], page.prose)
    return wrap(body, page.prose, first=[tag, ("  ", PLAIN)], indent=LABELS)


# --- the lines -----------------------------------------------------------------------------------


def _why(ending: Ending) -> Line:
    p = ending.position
    trigger = journal.last(ending.rows, "exit_triggered")
    by_exit = journal.last(ending.rows, "exit_filled")
    by_stop = journal.last(ending.rows, "insurance_filled")
    cause = _cause(ending, trigger)
    fill = by_exit or by_stop
    if fill is None:
        return spans(cause)
    sold = facts.quantity_of(p, pay(fill, "quantity") or p.get("entry_quantity"))
    price = facts.price_of(p, p.get("exit_price"))
    after = journal.seconds(journal.due_ns(trigger), journal.first_fill_ns(fill))
    later = f", {figures.lag(after)} later" if after is not None else ""
    word = facts.exit_word(p)
    if by_exit is None:
        return spans(f"{cause}; it {word} {sold}, {price} on average{later}.")
    return spans(f"{cause}; Robson {word} all {sold} at market, {price} on average{later}.")


def _cause(ending: Ending, trigger: Doc | None) -> str:
    p = ending.position
    reason, price = text(p, "exit_reason"), pay(trigger, "price")
    trade = f"A trade at {facts.price_of(p, price)}"
    far = num(p, "strategy", "stop_gain_spans")
    spans_ = figures.in_spans(far)
    stop = facts.price_of(p, pay(trigger, "stop") or p.get("stop_loss"))
    told = {
        "stop_gain": f"{trade} touched the stop-gain, {spans_} {facts.beyond(p)} the entry",
        "stop_loss": f"{trade} crossed the stop {stop}",
        "trailing_stop": f"{trade} crossed the raised stop {stop}",
        "insurance_stop": "The exchange stop was set off while robsond did not answer",
        "tape_end": "The tape ended with the position open",
        "risk_overrun": "The entry filled too far from its plan to be held",
        "user_panic": "A person asked to leave",
    }
    return told.get(reason, f"It left by {reason or 'nothing known'}")


def _plan(ending: Ending) -> Line:
    p = ending.position
    sizing = pay(journal.last(ending.rows, "sizing_decided"), "plan", "sizing")
    planned, quote = num(p, "planned_risk"), facts.quote(p)
    share = figures.share(at(sizing, "risk_pct"))
    of = f" ({share} of {figures.money(at(sizing, 'capital'))})" if sizing else ""
    said = f"Lose at most {figures.risk(planned, quote)}{of}."
    net = num(p, "realized_pnl")
    if text(p, "exit_reason") in ("stop_loss", "insurance_stop") and net is not None:
        return spans(
            f"{said} Lost {figures.risk(-net, quote)} ({figures.in_r(p.get('r_multiple'))})."
        )
    if ending.lowest is None or ending.lowest >= 0 or not planned:
        return spans(said)
    r = figures.in_r(ending.lowest / planned)
    return spans(f"{said} Lowest point on the way: {figures.pnl(ending.lowest)} ({r}).")


def _costs(ending: Ending, symbols: Symbols) -> Line:
    p = ending.position
    other = facts.paid_elsewhere(p, symbols)
    return [*_known_costs(ending), *(spans(f"; on top {other} of fees") if other else [])]


def _known_costs(ending: Ending) -> Line:
    p = ending.position
    fees, interest = num(p, "fees"), num(p, "interest")
    if fees is None:
        return spans("The fees are not known yet.")
    sizing = pay(journal.last(ending.rows, "sizing_decided"), "plan")
    owed = "" if at(sizing, "borrows") else " (nothing borrowed)"
    said = f"fees {figures.risk(fees)}, interest {figures.risk(interest)}{owed}"
    slipped = _slippage(ending)
    if slipped is None:
        return spans(f"{said}, in {facts.quote(p)}")
    return spans(f"{said}, slippage {figures.risk(slipped, facts.quote(p))}")


def _slippage(ending: Ending) -> Decimal | None:
    """What the fills were worse than the prices that were decided on."""
    p = ending.position
    sign = -1 if text(p, "side") == "short" else 1
    entry = (num(p, "entry_price"), num(p, "entry_ref"), num(p, "entry_quantity"))
    trigger = journal.last(ending.rows, "exit_triggered")
    filled = journal.last(ending.rows, "position_closed", "exit_filled")
    leave = (pay_num(trigger, "price"), num(p, "exit_price"), pay_num(filled, "quantity"))
    if None in entry or None in leave:
        return None
    paid, wanted, bought = entry
    judged, got, sold = leave
    return sign * ((paid - wanted) * bought + (judged - got) * sold)  # type: ignore[operator]


def _safety(p: Doc) -> Line:
    causes = (
        ("after_fill_s", "after the fill"),
        ("replacing_s", "while it was replaced"),
        ("vanished_s", "after it vanished"),
        ("before_exit_s", "before the exit"),
    )
    known = [(num(p, "protection", key), words) for key, words in causes]
    bare = sum((seconds for seconds, _ in known if seconds), Decimal(0))
    parts = [f"{_short(seconds)} {words}" for seconds, words in known if seconds]
    if not parts:
        return spans("Exchange stop resting all the time.")
    each = ", ".join(parts)
    return spans(f"Exchange stop resting all the time but {figures.lag(bare)} ({each}).")


def _short(seconds: Decimal) -> str:
    return figures.lag(seconds).removesuffix(f"{HARD_SPACE}s")


def checked(report: Doc | None) -> Line:
    """How often each invariant was evaluated, and what it found; none is a finding of its own."""
    counts = at(report, "invariants", "checked") or {}
    violated = listed(report, "invariants", "violated")
    many = [int(figures.number(value) or 0) for value in counts.values()]
    if not many or not any(many):
        return spans(("No invariant was checked.", STRONG))
    names = figures.count(len(many), "invariant")
    how = (
        f"{names} after each of {figures.count(many[0], 'event')}"
        if len(set(many)) == 1
        else f"{names}, {sum(many):,} evaluations"
    )
    if not violated:
        return spans(f"{how}: 0 violated.")
    return spans(f"{how}: ", (f"{len(violated)} violated.", STRONG))


def violations(report: Doc | None, page: Page) -> list[Line]:
    """A broken rule leads, whatever else there is to say."""
    violated = listed(report, "invariants", "violated")
    if not violated:
        return []
    word = f"{len(violated)} VIOLATION{'S' if len(violated) > 1 else ''}"
    told = "; ".join(page.symbols.clean(_words(each)) for each in violated)
    return _headline(f.block(word, ALARM, page.symbols), f"{told}.", page)


def _refusal(rejection: Doc, page: Page) -> Line:
    clean = page.symbols.clean
    when = figures.clock(rejection.get("at"))
    numbers = at(rejection, "numbers") or {}
    code = text(rejection, "code")
    named = [(facts.measured(code, str(name)), value) for name, value in numbers.items()]
    shown = ", ".join(f"{clean(name)} {clean(value)}" for name, value in named)
    message = clean(text(rejection, "message")).rstrip(".")
    said = f"{when} {code}: {message}."
    return spans(f"{said} Numbers: {shown}." if shown else said)


def _words(each: Any) -> str:
    """Something the daemon said, as words: text as it is, a document as names with values."""
    if isinstance(each, dict):
        return ", ".join(f"{key} {value}" for key, value in each.items() if value is not None)
    return str(each)
