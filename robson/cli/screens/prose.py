"""Owns how sentences are broken into lines; a command and a number with its unit stay whole."""

from __future__ import annotations

import re

from robson.cli.screens.line import HARD_SPACE, PLAIN, STRONG, Line, Page, cells, text_of, width_of

Prose = str | Line

_Word = list[tuple[str, str]]
_PAUSE = re.compile(r"(?<=[.,:;?]) {2,}")
_GAP = re.compile(r" {2,}")


def whole(text: str) -> str:
    """Text that never breaks: a command to type."""
    return text.replace(" ", HARD_SPACE)


def wrap(body: Prose, width: int, *, first: Line | None = None, indent: int = 0) -> list[Line]:
    """Fill lines up to a width; later lines start with ``indent`` blanks.

    ``first`` opens the first line and is filled up to the indent. A word longer than a line is
    cut only when nothing else would fit.
    """
    current: Line = list(first or [])
    missing = indent - width_of(current)
    if missing > 0:
        current.append((" " * missing, PLAIN))
    lines: list[Line] = []
    fresh = True
    for word in _fitting(_words(body), max(1, width - indent)):
        gap = "" if fresh else " "
        if not fresh and width_of(current) + len(gap) + width_of(word) > width:
            lines.append(_soft(current))
            current, gap = [(" " * indent, PLAIN)] if indent else [], ""
        elif fresh and first and width_of(current) + width_of(word) > width:
            lines.append(_soft(current))
            current = [(" " * indent, PLAIN)] if indent else []
        if gap:
            current.append((gap, _gap_style(current, word)))
        current.extend(word if gap or (fresh and first) else _opening(word))
        fresh = False
    lines.append(_soft(current))
    return lines


def _opening(word: _Word) -> _Word:
    """A word at the beginning of a line: what sets a command apart is not needed there."""
    (text, style), *rest = word
    return [(text.lstrip(HARD_SPACE), style), *rest]


def _gap_style(before: Line, word: _Word) -> str:
    """A blank inside one style belongs to it; a filled block must not have holes."""
    return word[0][1] if before and word and before[-1][1] == word[0][1] else PLAIN


def _words(body: Prose) -> list[_Word]:
    words: list[_Word] = [[]]
    for text, style in [(body, PLAIN)] if isinstance(body, str) else body:
        for index, piece in enumerate(text.split(" ")):
            if index:
                words.append([])
            if piece:
                words[-1].append((piece, style))
    return [word for word in words if word]


def _fitting(words: list[_Word], width: int) -> list[_Word]:
    fitting: list[_Word] = []
    for word in words:
        fitting.extend([word] if width_of(word) <= width else _cut(word, width))
    return fitting


def _cut(word: _Word, width: int) -> list[_Word]:
    """Break a word that is longer than a line: at its hard spaces, else anywhere."""
    softer = [(text.replace(HARD_SPACE, " "), style) for text, style in word]
    pieces = _words(softer)
    if len(pieces) > 1:
        return _fitting(pieces, width) if word[0][1] != STRONG else _continued(pieces, width)
    rows: list[_Word] = [[]]
    for text, style in word:
        for char in text:
            if width_of(rows[-1]) + cells(char) > width:
                rows.append([])
            rows[-1].append((char, style))
    return [_merged(row) for row in rows]


def _continued(pieces: list[_Word], width: int) -> list[_Word]:
    """A command that no line can hold, as a shell takes it: lines that end in a backslash."""
    rows: list[_Word] = [[]]
    for piece in _fitting(pieces, width - 2):
        if rows[-1] and width_of(rows[-1]) + 1 + width_of(piece) > width - 2:
            rows[-1].append((f"{HARD_SPACE}\\", STRONG))
            rows.append([])
        gap = HARD_SPACE if rows[-1] else ""
        rows[-1] += [(gap + piece[0][0], piece[0][1]), *piece[1:]]
    return [_merged(row) for row in rows]


def _merged(line: Line) -> Line:
    merged: Line = []
    for text, style in line:
        if merged and merged[-1][1] == style:
            merged[-1] = (merged[-1][0] + text, style)
        elif text:
            merged.append((text, style))
    return merged


def _soft(line: Line) -> Line:
    return [(text.replace(HARD_SPACE, " "), style) for text, style in _merged(line)]


def finish(lines: list[Line], page: Page) -> list[Line]:
    """A view's lines as they are printed: unbreakable spaces are plain ones now.

    A plain page is read aloud: no indents and no gaps, which would say nothing.
    """
    soft = [_soft(line) for line in lines]
    return [_aloud(line) for line in soft] if page.plain else soft


def _aloud(line: Line) -> Line:
    text = _GAP.sub(", ", _PAUSE.sub(" ", text_of(line).strip()))
    return [(text, PLAIN)] if text else []


def fits(line: Line, width: int) -> bool:
    """Whether a line needs no more than a width."""
    return cells(text_of(line)) <= width
