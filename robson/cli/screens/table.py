"""Owns columns: their widths, their gaps, and numbers aligned on the decimal point."""

from __future__ import annotations

from typing import NamedTuple

from robson.cli.screens.line import HARD_SPACE, PLAIN, QUIET, Line, Segment, cells

Cell = str | Segment


class Column(NamedTuple):
    """A heading, where its cells stand, and the least width it takes."""

    head: str
    align: str = "left"
    least: int = 0


def table(
    columns: list[Column],
    rows: list[list[Cell]],
    *,
    gap: int = 2,
    gutters: list[Segment] | None = None,
    margin: int = 0,
) -> list[Line]:
    """The heading and a line per row; ``gutters`` marks rows left of the first column."""
    widths, texts = _measure(columns, rows)
    left: list[Segment] = gutters or [("", PLAIN)] * len(rows)
    lines = [_row([(c.head, QUIET) for c in columns], columns, widths, gap, ("", PLAIN), margin)]
    for row, aligned, gutter in zip(rows, texts, left, strict=True):
        styled: list[Segment] = [
            (text, cell[1] if isinstance(cell, tuple) else PLAIN)
            for cell, text in zip(row, aligned, strict=True)
        ]
        lines.append(_row(styled, columns, widths, gap, gutter, margin))
    return lines


def width_needed(columns: list[Column], rows: list[list[Cell]], *, gap: int, margin: int) -> int:
    """How wide the table would be."""
    widths, _ = _measure(columns, rows)
    return margin + sum(widths) + gap * (len(columns) - 1)


def _measure(columns: list[Column], rows: list[list[Cell]]) -> tuple[list[int], list[list[str]]]:
    """Widths of the columns, and the text of each cell, aligned on its point."""
    texts = [[cell[0] if isinstance(cell, tuple) else cell for cell in row] for row in rows]
    for index, column in enumerate(columns):
        if column.align == "point":
            aligned = on_point([row[index] for row in texts])
            for row, text in zip(texts, aligned, strict=True):
                row[index] = text
    widths = [
        max(c.least, cells(c.head), *(cells(row[index]) for row in texts), 0)
        for index, c in enumerate(columns)
    ]
    return widths, texts


def on_point(texts: list[str]) -> list[str]:
    """Numbers filled on the right so that their decimal points stand below each other."""
    tails = [_tail(text) for text in texts]
    most = max(tails, default=0)
    return [
        text + " " * (most - tail) if _is_number(text) else text
        for text, tail in zip(texts, tails, strict=True)
    ]


def _is_number(text: str) -> bool:
    return any(char.isdigit() for char in text)


def _tail(text: str) -> int:
    return len(text) - text.index(".") if _is_number(text) and "." in text else 0


def _row(
    row: list[Segment],
    columns: list[Column],
    widths: list[int],
    gap: int,
    gutter: Segment,
    margin: int,
) -> Line:
    line: Line = []
    if gutter[0]:
        line.append(gutter)
    if margin > cells(gutter[0]):
        line.append((" " * (margin - cells(gutter[0])), PLAIN))
    for index, ((text, style), column, width) in enumerate(zip(row, columns, widths, strict=True)):
        if index:
            line.append((" " * gap, PLAIN))
        fill = " " * (width - cells(text))
        pieces: Line = [(text, style), (fill, PLAIN)]
        if column.align != "left":
            pieces.reverse()
        line.extend(piece for piece in pieces if piece[0])
    while line and not line[-1][0].strip():
        line.pop()
    return line


def spoken(columns: list[Column], rows: list[list[Cell]]) -> list[str]:
    """The same table for a screen reader: a sentence a row, no columns."""
    sentences = []
    for row in rows:
        texts = [cell[0] if isinstance(cell, tuple) else cell for cell in row]
        said = [
            f"{column.head}:{HARD_SPACE}{text.strip()}" if column.head.strip() else text.strip()
            for column, text in zip(columns, texts, strict=True)
            if text.strip() not in ("", "-")
        ]
        sentences.append(f"{', '.join(said)}.")
    return sentences
