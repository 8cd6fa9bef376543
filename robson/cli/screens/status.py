"""The status screen: whether the money is protected, then positions, budget and daemon."""

from __future__ import annotations

from decimal import Decimal

from robson.cli.screens import facts, figures, verdicts
from robson.cli.screens import finding as f
from robson.cli.screens.facts import Doc, at, listed, num, text
from robson.cli.screens.finding import Finding
from robson.cli.screens.line import (
    LEVEL,
    OK,
    PLAIN,
    QUIET,
    STRONG,
    Line,
    Page,
    Segment,
    Symbols,
    pad,
    spans,
)
from robson.cli.screens.prose import soft, wrap
from robson.cli.screens.table import Cell, Column, table, width_needed

TABLE_FROM = 79
WIDE_FROM = 100
BAR = 20
LABEL = 9
GUTTER = 3


def status(document: Doc, page: Page, *, silent_s: float | None = None) -> list[Line]:
    """The whole screen of a ``robson.status/1`` document; its first line is the verdict."""
    found = verdicts.findings(document, page.symbols, silent_s=silent_s)
    lines = verdict_lines(document, found, page)
    positions = listed(document, "positions")
    if positions:
        lines.append([])
        lines.extend(_positions(document, positions, found, page))
        lines.extend(_waiting(positions, page))
    lines.append([])
    lines.extend(_foot(document, page))
    return [soft(line) for line in lines]


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
    positions = listed(document, "positions")
    held = [p for p in positions if facts.held(p)]
    bare = [p for p in held if facts.naked_s(p) is not None]
    if bare:
        said = [_placing(bare[0]), *_worst(document, held)]
        return (text(bare[0], "state"), STRONG), said
    if held:
        sentences = [spans(_protected(document, held)), *_worst(document, held)]
        return f.tag_segment(f.PROTECTED, page.symbols), sentences
    entering = [p for p in positions if p.get("state") == "entering"]
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
    known = [each for each in results if each is not None]
    if len(known) < len(results):
        return [spans("If every stop is hit now: ", ("?", STRONG), " (a result is not known).")]
    total = sum(known, Decimal(0))
    base = num(document, "risk", "capital_base")
    share = f" ({figures.lost_percent(total / base)} of {figures.money(base)})" if base else ""
    every = "every stop" if len(held) > 1 else "the stop"
    return [spans(f"If {every} is hit now: ", (figures.pnl(total, asset), STRONG), f"{share}.")]


def _idle(document: Doc) -> list[Line]:
    armed = int(num(document, "summary", "armed_count") or 0)
    if armed:
        return [spans(f"Nothing at risk. {figures.count(armed, 'position')} armed.")]
    known = next(iter(listed(document, "daemon", "feed")), {})
    symbol = text(known, "symbol") or "BTCUSDT"
    return [
        spans("Nothing at risk and nothing armed."),
        spans("To see a plan, sending nothing: ", f.apart(f"robson arm {symbol} --dry-run")),
    ]


# --- the table -----------------------------------------------------------------------------------


def _columns(page: Page) -> list[Column]:
    money = ("Entry", "SL", "SG")
    return [
        Column("ID", least=6),
        Column("Symbol", least=8),
        Column("Side", least=5),
        Column("State", least=8),
        *(Column(head, "right", 10) for head in money),
        Column("PnL", "right", 8),
        Column("Leverage" if page.width >= WIDE_FROM else "Lev", "right", 3),
    ]


def _positions(document: Doc, positions: list[Doc], found: list[Finding], page: Page) -> list[Line]:
    short = facts.ids(positions, page)
    rows = [_cells(p, short[text(p, "id")]) for p in positions]
    gap = 2 if page.width >= WIDE_FROM else 1
    columns = _columns(page)
    wide = width_needed(columns, rows, gap=gap, margin=GUTTER)
    if page.plain:
        return [line for p in positions for line in _sentence(p, page)]
    if page.width < TABLE_FROM or wide > page.width:
        return _blocks(positions, rows, found, page)
    gutters = [f.gutter_of(found, text(p, "id")) for p in positions]
    return table(columns, rows, gap=gap, gutters=gutters, margin=GUTTER)


def _cells(position: Doc, short: str) -> list[Cell]:
    side = text(position, "side") or figures.NONE
    return [
        (short, QUIET),
        text(position, "symbol"),
        side,
        text(position, "state"),
        _level(position, "entry_price"),
        (_level(position, "stop_loss"), LEVEL if facts.covered(position) else PLAIN),
        _target(position),
        _result(position),
        f"{text(position, 'leverage')}x",
    ]


def _level(position: Doc, key: str) -> str:
    """A price; ``-`` where there is none yet, ``?`` where there must be one."""
    if position.get(key) is not None:
        return facts.price_of(position, position[key])
    return figures.UNKNOWN if facts.held(position) else figures.NONE


def _target(position: Doc) -> str:
    """The stop-gain; a strategy may have none."""
    found = position.get("stop_gain")
    return figures.NONE if found is None else facts.price_of(position, found)


def _result(position: Doc) -> Cell:
    value = num(position, "realized_pnl")
    if value is None:
        value = num(position, "pnl_provisional")
    if value is None:
        value = num(position, "unrealized_pnl")
    if value is None:
        return figures.UNKNOWN if facts.held(position) else figures.NONE
    return (figures.pnl(value), OK if value > 0 else PLAIN)


def _blocks(
    positions: list[Doc], rows: list[list[Cell]], found: list[Finding], page: Page
) -> list[Line]:
    """Narrow: a head line and a line for each number."""
    lines: list[Line] = []
    for position, row in zip(positions, rows, strict=True):
        mark = f.gutter_of(found, text(position, "id"))
        who: Line = [
            *pad([mark] if mark[0] else [], GUTTER),
            (f"{facts.name(position)}, {text(position, 'state')}  ", STRONG),
            (str(row[0][0]), QUIET),
        ]
        lines.append(who)
        for label, cell in zip(("Entry", "SL", "SG", "PnL", "Leverage"), row[4:], strict=True):
            value: Segment = cell if isinstance(cell, tuple) else (cell, PLAIN)
            if value[0] != figures.NONE:
                lines.append([(" " * GUTTER, PLAIN), (f"{label}: ", QUIET), value])
    return lines


def _sentence(position: Doc, page: Page) -> list[Line]:
    """One position as a screen reader says it."""
    cells = _cells(position, facts.id_of(position, page))
    values = [cell[0] if isinstance(cell, tuple) else cell for cell in cells]
    said = f"{facts.name(position)}, {values[3]}."
    for label, value in zip(("Entry", "Stop", "Stop-gain", "PnL"), values[4:8], strict=True):
        if value != figures.NONE:
            unit = f"\u00a0{facts.quote(position)}" if label == "PnL" and value != "?" else ""
            said += f" {label}:\u00a0{value}{unit}."
    return wrap(f"{said} Id:\u00a0{values[0]}.", page.prose)


def _waiting(positions: list[Doc], page: Page) -> list[Line]:
    """What the armed ones wait for."""
    lines: list[Line] = []
    short = facts.ids(positions, page)
    for position in positions:
        reason = page.symbols.clean(text(position, "waiting_for")).rstrip(".")
        if text(position, "state") == "armed" and reason:
            body = [(f"{short[text(position, 'id')]} waits for {reason}.", QUIET)]
            lines.extend(wrap(body, page.prose, first=[(" " * GUTTER, PLAIN)], indent=GUTTER))
    return lines


# --- the foot ------------------------------------------------------------------------------------


def _foot(document: Doc, page: Page) -> list[Line]:
    return [*_summary(document, page), *_month(document, page), *_daemon(document, page)]


def _summary(document: Doc, page: Page) -> list[Line]:
    counted = (
        ("Entering", "entering_count", False),
        ("Active", "active_count", True),
        ("Exiting", "exiting_count", False),
        ("Error", "error_count", False),
        ("Armed", "armed_count", True),
        ("Closed today", "closed_today_count", True),
    )
    parts = []
    for label, key, always in counted:
        many = num(document, "summary", key)
        if always or many:
            parts.append(f"{label} {figures.UNKNOWN if many is None else int(many)}")
    total = figures.pnl(at(document, "summary", "total_pnl_today"), text(document, "risk", "asset"))
    parts.append(f"Total PnL today {total}")
    return _facts("SUMMARY", STRONG, parts, "   ", page, LABEL + 1)


def _facts(
    label: str, style: str, parts: list[str], between: str, page: Page, indent: int
) -> list[Line]:
    """A label and short facts, none of which is broken."""
    if page.plain:
        whole = ". ".join(part.replace(" ", "\u00a0") for part in parts)
        return wrap(f"{label.capitalize()}: {whole}.", page.prose)
    lines: list[Line] = []
    row: Line = pad([(label, style)], indent)
    fresh = True
    for part in parts:
        gap = "" if fresh else between
        if not fresh and sum(len(t) for t, _ in row) + len(gap) + len(part) > page.width:
            lines.append(row)
            row, gap = [(" " * indent, PLAIN)], ""
        row = [*row, (gap + part, PLAIN)]
        fresh = False
    return [*lines, row]


def _month(document: Doc, page: Page) -> list[Line]:
    risk = at(document, "risk")
    if risk is None:
        return []
    lost, latent, budget = (num(risk, key) for key in ("consumed", "latent", "budget"))
    slots = num(risk, "slots")
    said = (
        f"lost {figures.risk(lost)} + at risk {figures.risk(latent)} of {figures.money(budget)}:"
    )
    if slots:
        said += f" {figures.count(int(slots), 'slot')}"
    else:
        until = figures.deadline(at(risk, "month_resets_at"), at(document, "as_of"))
        said += f" no room for another planned loss until {until}"
    if page.plain:
        return wrap(f"Month: {said}.", page.prose)
    first: Line = pad([("Month", QUIET)], LABEL)
    if lost is not None and latent is not None and budget:
        first += [*_bar(lost, latent, budget, page.symbols), ("  ", PLAIN)]
    return wrap(said, page.prose, first=first, indent=LABEL)


def _bar(lost: Decimal, latent: Decimal, budget: Decimal, symbols: Symbols) -> Line:
    """Lost, at risk, free; whatever is not zero shows at least one cell."""

    def cells(part: Decimal, room: int) -> int:
        many = int((part * BAR / budget).to_integral_value())
        return min(room, max(many, 1 if part > 0 else 0))

    first = cells(lost, BAR)
    second = cells(latent, BAR - first)
    return [
        (symbols.lost * first, PLAIN),
        (symbols.risk * second, PLAIN),
        (symbols.free * (BAR - first - second), QUIET),
    ]


def _daemon(document: Doc, page: Page) -> list[Line]:
    daemon = at(document, "daemon")
    if daemon is None:
        return []
    parts = []
    profile = facts.profile(document)
    if profile != "live":
        parts.append(f"{profile}, no real money")
    leader = next(iter(listed(daemon, "leader")), None)
    parts.append(f"leader (epoch {text(leader, 'epoch')})" if leader else "not leader")
    parts.extend(_feed(daemon))
    replica = {"on": "replica current", "behind": "replica behind", "off": "no replica"}
    if profile == "live":
        parts.append(replica.get(text(daemon, "journal", "replication"), "replica ?"))
    now = figures.instant(at(document, "as_of"))
    if now is not None:
        parts.append(f"{now:{'%H:%M:%S' if profile == 'live' else '%m-%d %H:%M'}} UTC")
    between = f" {page.symbols.dot} "
    return _facts("Daemon", QUIET, parts, between, page, LABEL)


def _feed(daemon: Doc) -> list[str]:
    """The oldest price of all feeds."""
    feeds = listed(daemon, "feed")
    if not feeds:
        return []
    ages = [num(feed, "age_ms") for feed in feeds]
    known = [each for each in ages if each is not None]
    if all(text(feed, "source") == "tape" for feed in feeds):
        return ["feed tape"]
    sources = "/".join(dict.fromkeys(text(feed, "source") or figures.UNKNOWN for feed in feeds))
    oldest = figures.age(max(known) / 1000) if len(known) == len(ages) else figures.UNKNOWN
    return [f"feed {sources} {oldest}".replace("\u00a0", " ")]
