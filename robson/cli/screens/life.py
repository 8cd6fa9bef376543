"""The live view of one simulated life: verdict, chart, worst case and what just happened.

Exactly as many lines as it is given, 24 at most. A narrow or low terminal loses events first, then
the chart; the verdict, the stop and the worst case stay to the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from robson.cli.screens import chart, facts, figures, happenings, journal, verdicts
from robson.cli.screens import finding as f
from robson.cli.screens.chart import Chart, Mark, Point
from robson.cli.screens.facts import Doc, at, num, text
from robson.cli.screens.line import (
    ALARM,
    LEVEL,
    OK,
    PLAIN,
    QUIET,
    STRONG,
    Line,
    Page,
    Segment,
    cells,
    spans,
    width_of,
)
from robson.cli.screens.prose import Prose, soft, wrap

FULL_HEIGHT = 24
CHART_FROM = 60
WORDS_FROM = 79
EVENTS = 3
LEAST_ROWS = 5
SILENT_S = 5
PATH_OF = ("armed", "entering", "active", "exiting", "closed")


class Sample(NamedTuple):
    """A price of the tape and its instant."""

    at: str
    price: Decimal


class Life(NamedTuple):
    """All that the live view shows. ``silent_s`` is how old the status is."""

    status: Doc
    position: Doc
    path: tuple[Sample, ...] = ()
    rows: tuple[Doc, ...] = ()
    silent_s: float = 0
    banner: tuple[Segment, Prose] | None = None
    """What leads instead of the verdict while the daemon was killed on purpose."""


def live(life: Life, page: Page, height: int = FULL_HEIGHT) -> list[Line]:
    """The whole view, filled or cut to its height."""
    room = min(height, FULL_HEIGHT)
    top = [_title(life, page), *_stations(life, page), []]
    verdict = _verdict(life, page)
    bottom = _numbers(life, page)
    events = _events(life, page)
    least = len(verdict) + len(bottom) + 1
    if room < least + len(top):
        lines = [*verdict, *bottom][:room]
    else:
        lines = [*top, *verdict, []]
        rest = room - len(lines) - len(bottom)
        lines += _middle(life, page, rest, events, bottom)
    quiet = life.silent_s > SILENT_S
    shown = [_faded(line) if quiet and line not in verdict else line for line in lines]
    return [soft(line) for line in shown] + [[] for _ in range(room - len(shown))]


def _middle(
    life: Life, page: Page, rest: int, events: list[Line], bottom: list[Line]
) -> list[Line]:
    """Chart, numbers and events in the lines that are left."""
    told = events if rest >= len(events) + 1 else []
    free = rest - (len(told) + 1 if told else 0)
    drawn: list[Line] = []
    if page.width >= CHART_FROM and free >= LEAST_ROWS + 3 and life.path:
        drawn = [*_chart(life, page, free - 3)]
        free -= len(drawn)
    lines = [*drawn, *bottom]
    if told:
        lines += [[], *told]
    return lines


def _faded(line: Line) -> Line:
    return [(part, QUIET) for part, _ in line]


# --- the head ------------------------------------------------------------------------------------


def _title(life: Life, page: Page) -> Line:
    parts: list[Segment] = [
        ("SIMULATED, no real money", STRONG),
        ("  robson demo", PLAIN),
        (f"  {facts.name(life.position)}", STRONG),
        (f"  {page.symbols.clean(text(life.status, 'daemon', 'tape'))}", QUIET),
    ]
    line: Line = []
    for segment in parts:
        left = page.width - width_of(line)
        if cells(segment[0]) <= left:
            line.append(segment)
    spare = page.width - width_of(line)
    if len(line) == len(parts) and spare > 0:
        line.insert(1, (" " * min(2, spare), PLAIN))
    return line


def _stations(life: Life, page: Page) -> list[Line]:
    state = text(life.position, "state")
    here = PATH_OF.index(state) if state in PATH_OF else None
    between = f" {page.symbols.rule * 2} "
    line: Line = []
    for index, name in enumerate(PATH_OF):
        if index:
            line.append((between, QUIET))
        if here is not None and index < here:
            line.append((f"{page.symbols.ok} {name}", OK))
        elif index == here:
            line.append((f" {name.upper()} ", STRONG))
        else:
            line.append((name, QUIET))
    if here is None:
        line = [(f" {state.upper()} ", STRONG)]
    took = figures.seconds_between(life.position.get("created_at"), at(life.status, "as_of"))
    clock = f"   {figures.age(took)}" if took is not None else ""
    if width_of(line) + len(clock) <= page.width:
        line.append((clock, PLAIN))
    return [line] if width_of(line) <= page.width else [[(state.upper(), STRONG), (clock, PLAIN)]]


def _verdict(life: Life, page: Page) -> list[Line]:
    if life.banner is not None:
        return f.headline(life.banner[0], life.banner[1], page)
    if life.silent_s > SILENT_S:
        tag = f.tag_segment(f.CANNOT_SEE, page.symbols)
        return f.headline(tag, f"No answer for {figures.age(life.silent_s)}.", page, strong=True)
    found = [
        each
        for each in verdicts.findings(life.status, page.symbols)
        if each.tag.style == ALARM or text(life.position, "id") in each.about
    ]
    if found:
        tag = f.tag_segment(found[0].tag, page.symbols)
        return f.headline(tag, found[0].happened, page, strong=True)
    tag, said = _calm(life.position, page)
    return f.headline(tag, said, page)


def _calm(p: Doc, page: Page) -> tuple[Segment, Prose]:
    state = text(p, "state")
    naked = facts.naked_s(p)
    if facts.held(p) and naked is None and facts.covered(p):
        rests = facts.price_of(p, at(p, "insurance", "stop_price"))
        whole = facts.quantity_of(p, p.get("quantity"))
        said = spans("Exchange stop ", (rests, LEVEL), f" rests (simulated) for all {whole}.")
        return f.tag_segment(f.PROTECTED, page.symbols), said
    if state == "exiting":
        off = "" if naked is None else f", its exchange stop off for {figures.age(naked)}"
        return (state, STRONG), f"Exits at market{off}."
    if facts.held(p):
        return (state, STRONG), f"Placing the exchange stop, {figures.age(naked)}."
    if state == "entering":
        return (state, STRONG), "The entry order is on its way."
    return (state, STRONG), _nothing(p, page)


def _nothing(p: Doc, page: Page) -> str:
    waits = page.symbols.clean(text(p, "waiting_for")).rstrip(".")
    return f"Nothing at risk.{f' Waits for {waits}.' if waits else ''}"


# --- the chart -----------------------------------------------------------------------------------


def _chart(life: Life, page: Page, rows: int) -> list[Line]:
    """Levels, path and time; three lines are the axis and the blanks around it."""
    drawing = _drawing(life, page)
    left = max([cells(mark.left) for mark in drawing.marks], default=0)
    right = max([width_of(mark.right) for mark in drawing.marks], default=0)
    columns = max(10, page.width - left - 1 - 2 - right)
    begins = figures.minute(life.position.get("created_at"))
    ends = f"{figures.minute(at(life.status, 'as_of'))} UTC"
    lines = chart.draw(drawing, rows=rows, columns=columns, left=left, symbols=page.symbols)
    return [*lines, [], chart.axis(drawing, begins, ends, columns=columns, left=left), []]


def _since(life: Life, when: object) -> Decimal:
    passed = figures.seconds_between(life.position.get("created_at"), when)
    return max(Decimal(0), Decimal(int(passed or 0)))


def _drawing(life: Life, page: Page) -> Chart:
    path = tuple(Point(_since(life, one.at), one.price) for one in life.path)
    now = max([_since(life, at(life.status, "as_of")), *(p.at_s for p in path)])
    return Chart(path, _stops(life), tuple(_marks(life, page)), now)


def _stops(life: Life) -> tuple[Point, ...]:
    """The stop from each moment on at which it moved."""
    stops = []
    for row in journal.of(life.rows, "sizing_decided", "stop_raised"):
        raised = journal.kind(row) == "stop_raised"
        price = journal.pay_num(row, *(("stop",) if raised else ("plan", "stops", "stop")))
        if price is not None:
            stops.append(Point(_since(life, row.get("at")), price))
    now = num(life.position, "stop_loss")
    if not stops and now is not None:
        stops.append(Point(Decimal(0), now))
    return tuple(stops)


def _marks(life: Life, page: Page) -> list[Mark]:
    """The most important first: stop, stop-gain, entry, first stop, last rung."""
    p, wide = life.position, page.width >= WORDS_FROM
    entry, span = num(p, "entry_ref"), num(p, "executable_span")
    stop, first, gain = (num(p, key) for key in ("stop_loss", "first_stop", "stop_gain"))
    sign = -1 if text(p, "side") == "short" else 1
    marks: list[Mark] = []

    def mark(price: Decimal, word: str, more: str, *, guide: bool = False, style: str = PLAIN) -> None:
        right: Line = [(word, style), (f"  {more}" if wide and more else "", QUIET)]
        marks.append(Mark(price, facts.price_of(p, price), right, guide, style))

    if stop is not None and entry is not None and span:
        style = LEVEL if facts.covered(p) else PLAIN
        far = figures.spans_of((stop - entry) * sign, span)
        mark(stop, "stop", "" if stop == first else f"{far} spans", style=style)
    if gain is not None and entry is not None and span:
        far = figures.spans_of((gain - entry) * sign, span)
        net = num(p, "net_r_at_gain")
        r = f", {figures.in_r(net)}".replace("\u00a0", " ") if net is not None else ""
        mark(gain, "stop-gain", f"{far} spans{r}", guide=True)
    if entry is not None:
        mark(entry, "entry", "", guide=True)
    if first is not None and first != stop:
        mark(first, "first stop" if wide else "first", "", style=QUIET)
    raised = journal.last(life.rows, "stop_raised")
    rung = int(journal.pay_num(raised, "rung") or 0)
    if raised is not None and rung and entry is not None and span:
        when = figures.minute(raised.get("at"))
        mark(entry + sign * rung * span, f"rung {rung}" if wide else "rung", f"reached {when}", style=QUIET)
    return marks


# --- the foot ------------------------------------------------------------------------------------


def _numbers(life: Life, page: Page) -> list[Line]:
    p = life.position
    price, stop = num(p, "price", "value"), num(p, "stop_loss")
    line: Line = spans(("Price ", QUIET), (facts.price_of(p, price), STRONG))
    if not facts.held(p) or stop is None:
        return [line]
    away = f" ({figures.percent(abs(price - stop) / price)} away)" if price else ""
    gained, planned = num(p, "unrealized_pnl"), num(p, "planned_risk")
    style = OK if gained is not None and gained > 0 else PLAIN
    parts: list[Line] = [
        line,
        spans(("Stop ", QUIET), facts.price_of(p, stop), (away, QUIET)),
        spans(("PnL ", QUIET), (figures.pnl(gained, facts.quote(p)), style), _in_r(gained, planned)),
    ]
    return [*_filled(parts, page), *_if_stopped(p, planned, page)]


def _in_r(value: Decimal | None, planned: Decimal | None) -> Segment:
    known = value is not None and planned
    return (f"  {figures.in_r(value / planned)}" if known else "", STRONG)  # type: ignore[operator]


def _filled(parts: Sequence[Line], page: Page) -> list[Line]:
    """As many parts on a line as fit."""
    lines: list[Line] = []
    for part in parts:
        if lines and width_of(lines[-1]) + 3 + width_of(part) <= page.width:
            lines[-1] = [*lines[-1], ("   ", PLAIN), *part]
        else:
            lines.append(list(part))
    return lines


def _if_stopped(p: Doc, planned: Decimal | None, page: Page) -> list[Line]:
    result = num(p, "result_at_stop")
    known = result is not None and planned
    in_r = f" ({figures.in_r(result / planned)})" if known else ""  # type: ignore[operator]
    body = spans(
        ("If the stop is hit now: ", QUIET),
        f"about {figures.pnl(result, facts.quote(p))}{in_r} after all costs.",
    )
    return wrap(body, page.prose)


def _events(life: Life, page: Page) -> list[Line]:
    """The last three that happened, each on one line."""
    said = [
        happenings.happening(row, life.position, life.rows, page.symbols) for row in life.rows
    ]
    lines: list[Line] = []
    for one in reversed([each for each in said if each]):
        shown = happenings.line_of(one, page)
        if len(lines) + len(shown) > EVENTS:
            break
        lines = [*shown, *lines]
    return lines
