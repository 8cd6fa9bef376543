"""The chart of a simulated life: the path, the stop that climbs, and the levels by their names."""

from __future__ import annotations

from decimal import Decimal

from robson.cli.screens import chart, facts, figures, journal
from robson.cli.screens.chart import Chart, Mark, Point
from robson.cli.screens.facts import at, num, text
from robson.cli.screens.line import HARD_SPACE, LEVEL, PLAIN, QUIET, Line, Page, cells, width_of
from robson.cli.screens.moment import Life

WORDS_FROM = 79
SECONDS_BELOW_S = 600


def lines(life: Life, page: Page, rows: int) -> list[Line]:
    """Levels, path and time; three lines are the axis and the blanks around it."""
    drawing = _drawing(life, page)
    left = max([cells(mark.left) for mark in drawing.marks], default=0)
    right = max([width_of(mark.right) for mark in drawing.marks], default=0)
    columns = max(10, page.width - left - 1 - 2 - right)
    short = drawing.now_s < SECONDS_BELOW_S
    clock = figures.clock if short else figures.minute
    begins = clock(life.position.get("created_at"))
    ends = f"{clock(at(life.status, 'as_of'))} UTC"
    drawn = chart.draw(drawing, rows=rows, columns=columns, left=left, symbols=page.symbols)
    return [*drawn, [], chart.axis(drawing, begins, ends, columns=columns, left=left), []]


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


class _Marks:
    """Collects the levels of a position, with labels as wide as the page allows."""

    def __init__(self, life: Life, page: Page) -> None:
        self.p = life.position
        self.wide = page.width >= WORDS_FROM
        self.sign = -1 if text(self.p, "side") == "short" else 1
        self.entry = num(self.p, "entry_ref")
        self.span = num(self.p, "executable_span")
        self.all: list[Mark] = []

    def add(self, price: Decimal | None, word: str, more: str = "", *, style: str = PLAIN) -> None:
        """A level, unless there is none; entry and stop-gain are drawn across the chart."""
        if price is None:
            return
        right: Line = [(word, style), (f"  {more}" if self.wide and more else "", QUIET)]
        guide = word in ("entry", "stop-gain")
        self.all.append(Mark(price, facts.price_of(self.p, price), right, guide, style))

    def far(self, price: Decimal | None) -> str:
        """How far from the entry, in spans."""
        if price is None or self.entry is None or not self.span:
            return ""
        return f"{figures.spans_of((price - self.entry) * self.sign, self.span)} spans"


def _marks(life: Life, page: Page) -> list[Mark]:
    """The most important first: stop, stop-gain, entry, first stop, last rung."""
    marks = _Marks(life, page)
    p = life.position
    stop, first, gain = (num(p, key) for key in ("stop_loss", "first_stop", "stop_gain"))
    style = LEVEL if facts.covered(p) else PLAIN
    marks.add(stop, "stop", "" if stop == first else marks.far(stop), style=style)
    net = num(p, "net_r_at_gain")
    r = "" if net is None else f", {figures.in_r(net)}".replace(HARD_SPACE, " ")
    marks.add(gain, "stop-gain", f"{marks.far(gain)}{r}")
    marks.add(marks.entry, "entry")
    if first != stop:
        marks.add(first, "first stop" if marks.wide else "first", style=QUIET)
    raised = journal.last(life.rows, "stop_raised")
    rung = int(journal.pay_num(raised, "rung") or 0)
    spaced = at(p, "trailing", "mode") != "continuous"
    if raised is not None and rung and spaced and marks.entry is not None and marks.span:
        reached = marks.entry + marks.sign * rung * marks.span
        word = f"rung {rung}" if marks.wide else "rung"
        marks.add(reached, word, f"reached {figures.minute(raised.get('at'))}", style=QUIET)
    return marks.all
