"""The live view of one simulated life: verdict, chart, worst case and what just happened.

Exactly as many lines as it is given, 24 at most. A narrow or low terminal loses events first, then
the chart; the verdict, the stop and the worst case stay to the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from robson.cli.screens import facts, figures, happenings, life_chart, verdicts
from robson.cli.screens import finding as f
from robson.cli.screens.facts import Doc, at, num, text
from robson.cli.screens.line import (
    ALARM,
    LEVEL,
    OK,
    PLAIN,
    QUIET,
    STRONG,
    UNICODE,
    Line,
    Page,
    Segment,
    cells,
    spans,
    width_of,
)
from robson.cli.screens.moment import Life
from robson.cli.screens.prose import Prose, finish, wrap

FULL_HEIGHT = 24
CHART_FROM = 60
EVENTS = 3
LEAST_ROWS = 5
PICTURE_ROWS = 10
SILENT_S = 5
PATH_OF = ("armed", "entering", "active", "exiting", "closed")


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
    return finish(shown, page) + [[] for _ in range(room - len(shown))]


def verdict(life: Life, page: Page) -> list[Line]:
    """What leads the view, by itself."""
    return finish(_verdict(life, page), page)


def alarm(life: Life) -> str | None:
    """What has to be heard, in a few words; None when nothing has."""
    if life.silent_s > SILENT_S:
        return f.CANNOT_SEE.word
    for each in verdicts.findings(life.status, UNICODE):
        if each.tag.style == ALARM:
            return f"{each.symbol} {each.tag.word}".strip()
    return None


def picture(life: Life, page: Page) -> list[Line]:
    """The chart as it was in the end, for the scrollback."""
    if page.width < CHART_FROM or not life.path:
        return []
    lines = [
        _title(life, page),
        *_stations(life, page),
        [],
        *life_chart.lines(life, page, PICTURE_ROWS),
    ]
    return finish(lines, page)


def _middle(
    life: Life, page: Page, rest: int, events: list[Line], bottom: list[Line]
) -> list[Line]:
    """Chart, numbers and events in the lines that are left."""
    charted = page.width >= CHART_FROM and bool(life.path)
    taken = len(events) + 1 + (LEAST_ROWS + 3 if charted else 0)
    told = events if rest >= taken else []
    free = rest - (len(told) + 1 if told else 0)
    drawn: list[Line] = []
    if charted and free >= LEAST_ROWS + 3:
        drawn = [*life_chart.lines(life, page, free - 3)]
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
    ]
    tape = page.symbols.clean(life.tape or text(life.status, "daemon", "tape"))
    for index, words in enumerate(tape.split(", ")):
        parts.append((f"  {words}" if not index else f", {words}", QUIET))
    line: Line = []
    for segment in parts:
        if cells(segment[0]) > page.width - width_of(line):
            break
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
    now = life.position.get("exited_at") or at(life.status, "as_of")
    took = figures.seconds_between(life.position.get("created_at"), now)
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
    waits = facts.waited_for(p, page.symbols)
    return f"Nothing at risk.{f' Waits for {waits}.' if waits else ''}"


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
        spans(
            ("PnL ", QUIET), (figures.pnl(gained, facts.quote(p)), style), _in_r(gained, planned)
        ),
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
            lines += wrap(part, page.width)
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
    said = [happenings.happening(row, life.position, life.rows, page.symbols) for row in life.rows]
    lines: list[Line] = []
    for one in reversed([each for each in said if each]):
        shown = happenings.line_of(one, page, today=life.position.get("created_at"))
        if len(lines) + len(shown) > EVENTS:
            break
        lines = [*shown, *lines]
    return lines
