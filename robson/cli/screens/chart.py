"""Draws a price path, the stop that climbs under it and the levels, in text cells.

Knows only times, prices and labels; what they mean is said by the view that asks.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from robson.cli.screens.line import LEVEL, PLAIN, QUIET, STRONG, Line, Segment, Symbols, cells

FIRST_SCALE_S = 1
"""Seconds in half a cell before the chart has been full for the first time."""
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


class Point(NamedTuple):
    """A price at so many seconds after the chart's beginning."""

    at_s: Decimal
    price: Decimal


class Mark(NamedTuple):
    """A level with its labels; a guide is drawn across the whole chart."""

    price: Decimal
    left: str
    right: Line
    guide: bool = False
    style: str = PLAIN


class Chart(NamedTuple):
    """What to draw: the path, the stop from each moment on, the levels (most important first)."""

    path: tuple[Point, ...]
    stops: tuple[Point, ...]
    marks: tuple[Mark, ...]
    now_s: Decimal


class _Frame(NamedTuple):
    """The scale: half cells by seconds, quarter cells by price."""

    rows: int
    columns: int
    low: Decimal
    high: Decimal
    scale_s: int

    def row(self, price: Decimal) -> int:
        """Row of a price, 0 at the top."""
        return self.quarter(price) // 4

    def quarter(self, price: Decimal) -> int:
        """Quarter row of a price, 0 at the top."""
        height = self.high - self.low
        share = (self.high - price) / height if height else Decimal("0.5")
        found = int((share * (self.rows - 1) + Decimal("0.5")) * 4)
        return min(self.rows * 4 - 1, max(0, found))

    def half(self, at_s: Decimal) -> int:
        """Half column of a moment."""
        return min(self.columns * 2 - 1, max(0, int(at_s) // self.scale_s))


def scale_s(now_s: Decimal, columns: int) -> int:
    """Seconds in half a cell: doubled each time the chart is full."""
    scale = FIRST_SCALE_S
    while int(now_s) // scale >= columns * 2:
        scale *= 2
    return scale


def draw(chart: Chart, *, rows: int, columns: int, left: int, symbols: Symbols) -> list[Line]:
    """The chart, one line for each row, with the labels beside it."""
    frame = _frame(chart, rows, columns)
    grid: list[list[Segment]] = [[(" ", PLAIN)] * columns for _ in range(rows)]
    _guides(grid, frame, chart, symbols)
    _stop_line(grid, frame, chart, symbols)
    _path(grid, frame, chart, symbols)
    labels = _labels(frame, chart)
    return [_row(grid[y], labels.get(y), left) for y in range(rows)]


def axis(chart: Chart, begins: str, ends: str, *, columns: int, left: int) -> Line:
    """The first and the last moment under the chart, with their places."""
    place = int(chart.now_s) // scale_s(chart.now_s, columns) // 2
    gap = max(2, min(place, columns - cells(ends)) - cells(begins))
    return [(f"{' ' * (left + 1)}{begins}{' ' * gap}{ends}", QUIET)]


def _frame(chart: Chart, rows: int, columns: int) -> _Frame:
    prices = [p.price for p in (*chart.path, *chart.stops)] + [m.price for m in chart.marks]
    low, high = min(prices, default=Decimal(0)), max(prices, default=Decimal(1))
    return _Frame(rows, columns, low, high, scale_s(chart.now_s, columns))


def _guides(grid: list[list[Segment]], frame: _Frame, chart: Chart, symbols: Symbols) -> None:
    for mark in chart.marks:
        if mark.guide:
            y = frame.row(mark.price)
            grid[y] = [(symbols.guide, QUIET)] * frame.columns


def _stop_line(grid: list[list[Segment]], frame: _Frame, chart: Chart, symbols: Symbols) -> None:
    """Each height of the stop from when it was set until the next one, or now."""
    ends = [*(stop.at_s for stop in chart.stops), chart.now_s][1:]
    for stop, end in zip(chart.stops, ends, strict=True):
        first, last = frame.half(stop.at_s) // 2, frame.half(end) // 2
        y = frame.row(stop.price)
        for x in range(first, last + 1):
            grid[y][x] = (symbols.stop, LEVEL)


def _path(grid: list[list[Segment]], frame: _Frame, chart: Chart, symbols: Symbols) -> None:
    dots: dict[tuple[int, int], int] = {}
    before: tuple[int, int] | None = None
    for point in chart.path:
        here = frame.half(point.at_s), frame.quarter(point.price)
        for x, y in _between(before or here, here):
            dots[y // 4, x // 2] = dots.get((y // 4, x // 2), 0) | _DOTS[x % 2][y % 4]
        before = here
    for (y, x), pattern in dots.items():
        grid[y][x] = (chr(0x2800 + pattern) if symbols.braille else "*", PLAIN)
    if before is not None:
        grid[before[1] // 4][before[0] // 2] = (symbols.price, STRONG)


def _between(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """Every dot from one to the next, without a hole in the line."""
    (x0, y0), (x1, y1) = start, end
    steps = max(abs(x1 - x0), abs(y1 - y0), 1)
    return [(x0 + (x1 - x0) * i // steps, y0 + (y1 - y0) * i // steps) for i in range(steps + 1)]


def _labels(frame: _Frame, chart: Chart) -> dict[int, Mark]:
    """One mark a row: the more important one keeps its place, the other moves by one or goes."""
    placed: dict[int, Mark] = {}
    for mark in chart.marks:
        y = frame.row(mark.price)
        if y not in placed:
            placed[y] = mark
            continue
        if mark.guide:
            continue
        taken = placed[y].price
        nearby = y - 1 if mark.price > taken else y + 1
        if 0 <= nearby < frame.rows and nearby not in placed:
            placed[nearby] = mark
    return placed


def _row(row: list[Segment], mark: Mark | None, left: int) -> Line:
    label = mark.left if mark else ""
    line: Line = [(label.rjust(left), mark.style if mark else PLAIN), (" ", PLAIN), *_joined(row)]
    return [*line, ("  ", PLAIN), *mark.right] if mark else line


def _joined(row: list[Segment]) -> Line:
    joined: Line = []
    for text, style in row:
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + text, style)
        else:
            joined.append((text, style))
    return joined
