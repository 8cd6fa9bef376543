"""A terminal small enough to trust: what a screen shows after everything written to it."""

from __future__ import annotations

import re

_CONTROL = re.compile(
    r"\x1b\[(?P<args>[?0-9;]*)(?P<verb>[A-Za-z])|\x1b\](?P<osc>[^\x07]*)\x07|(?P<char>.)", re.DOTALL
)


class Terminal:
    """Follows cursor, lines, the alternate screen, the title and the bell."""

    def __init__(self, width: int = 80, height: int = 24) -> None:
        self.width, self.height = width, height
        self.main = [""] * height
        self.other = [""] * height
        self.alternate = False
        self.cursor_shown = True
        self.title = ""
        self.bells = 0
        self.entered = self.left = 0
        self.x = self.y = 0
        self.cleared_whole = 0
        self._rest = ""

    @property
    def lines(self) -> list[str]:
        """The screen that is shown now."""
        return [line.rstrip() for line in (self.other if self.alternate else self.main)]

    @property
    def text(self) -> str:
        """The same as one text."""
        return "\n".join(self.lines)

    def resize(self, width: int, height: int) -> None:
        """What a person does with the window: what no longer fits is gone."""
        self.width, self.height = width, height
        self.main, self.other = self.main[:height], [x[:width] for x in self.other[:height]]

    def write(self, text: str) -> None:
        """Take output; a sequence cut in two waits for its rest."""
        text = self._rest + text
        cut = text.rfind("\x1b")
        whole = cut < 0 or _CONTROL.match(text, cut).group("char") is None  # type: ignore[union-attr]
        self._rest = "" if whole else text[cut:]
        for found in _CONTROL.finditer(text if whole else text[:cut]):
            if found["verb"]:
                self._verb(found["verb"], found["args"])
            elif found["osc"] is not None:
                self.title = found["osc"].partition(";")[2]
            else:
                self._char(found["char"])

    def _verb(self, verb: str, args: str) -> None:
        numbers = [int(n) for n in args.strip("?").split(";") if n]
        if verb == "H":
            row, column = [*numbers, 1, 1][:2] if numbers else (1, 1)
            self.y, self.x = min(row, self.height) - 1, min(column, self.width) - 1
        elif verb == "K":
            self._put(self._line()[: self.x])
        elif verb == "J":
            self.cleared_whole += 1
        elif args == "?1049":
            self.alternate = verb == "h"
            self.entered += verb == "h"
            self.left += verb == "l"
            if self.alternate:
                self.other = [""] * self.height
        elif args == "?25":
            self.cursor_shown = verb == "h"

    def _char(self, char: str) -> None:
        if char == "\n":
            self.y, self.x = self.y + 1, 0
        elif char == "\r":
            self.x = 0
        elif char == "\x07":
            self.bells += 1
        else:
            line = self._line().ljust(self.x)
            self._put(line[: self.x] + char + line[self.x + 1 :])
            self.x += 1

    def _line(self) -> str:
        shown = self.other if self.alternate else self.main
        while self.y >= len(shown):
            shown.append("")
        return shown[self.y]

    def _put(self, line: str) -> None:
        self._line()
        (self.other if self.alternate else self.main)[self.y] = line
