"""Shows a demo while it lives: a screen that moves, a line for each event, or nothing at all."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from robson.cli.screens import facts, figures, happenings, keys, life, out
from robson.cli.screens.line import QUIET, STRONG, Line, Page, spans
from robson.cli.screens.moment import Life
from robson.cli.screens.prose import finish, wrap

_PRICE_EVERY_S = 30.0


class Silent:
    """Nothing: the document at the end says it all."""

    def say(self, lines: list[Line]) -> None:
        """Say nothing."""

    def step(self, shown: Life) -> None:
        """Show nothing."""

    def pause(self, seconds: float) -> str:
        """Wait."""
        time.sleep(seconds)
        return ""


class Lines(Silent):
    """One line for each thing that happened, and every alarm at once."""

    def __init__(self, stream: TextIO, surface: out.Surface) -> None:
        """Print to this stream."""
        self.stream = stream
        self.surface = surface
        self._told: set[int] = set()
        self._alarm: str | None = None
        self._priced_at = time.monotonic()

    @property
    def page(self) -> Page:
        """The page to fill."""
        return self.surface.page

    def say(self, lines: list[Line]) -> None:
        """Print at once."""
        out.write(lines, self.stream, self.surface)

    def step(self, shown: Life) -> None:
        """Print what is new."""
        for row in shown.rows:
            seq = int(row["seq"])
            if seq in self._told:
                continue
            self._told.add(seq)
            one = happenings.happening(row, shown.position, shown.rows, self.page.symbols)
            if one is not None:
                today = shown.position.get("created_at")
                self.say(finish(happenings.line_of(one, self.page, today=today), self.page))
        alarm = life.alarm(shown)
        if alarm and alarm != self._alarm:
            self.say(life.verdict(shown, self.page))
        self._alarm = alarm
        if self.page.plain:
            self._speak_price(shown)

    def _speak_price(self, shown: Life) -> None:
        if time.monotonic() - self._priced_at < _PRICE_EVERY_S or not facts.held(shown.position):
            return
        self._priced_at = time.monotonic()
        p = shown.position
        price = facts.price_of(p, facts.at(p, "price", "value"))
        gained = figures.pnl(p.get("unrealized_pnl"), facts.quote(p))
        self.say(finish(wrap(f"Price: {price}. PnL: {gained}.", self.page.prose), self.page))


class Live(Lines):
    """The screen that moves, on the terminal's other screen."""

    def __init__(
        self,
        stream: TextIO,
        surface: out.Surface,
        screen: out.Screen,
        key: Callable[[float], str],
    ) -> None:
        """Paint on this screen, and take keys."""
        super().__init__(stream, surface)
        self._screen = screen
        self._key = key

    def say(self, lines: list[Line]) -> None:
        """The screen shows it by itself."""

    def step(self, shown: Life) -> None:
        """Paint a frame, when one is due."""
        self._screen.resized()
        if self._screen.due():
            self._screen.show(life.live(shown, self._screen.page, self._screen.height))
        alarm = life.alarm(shown)
        if alarm and alarm != self._alarm:
            self._screen.alarm(f"!! {alarm}")
        self._alarm = alarm

    def pause(self, seconds: float) -> str:
        """Wait for a key, no longer than this."""
        return self._key(seconds)


@contextmanager
def opened(surface: out.Surface, *, silent: bool) -> Iterator[Silent]:
    """What fits the output: silent for a document, moving on a terminal, else lines."""
    if silent:
        yield Silent()
    elif surface.repaints:
        with (
            out.live(sys.stdout, surface, time.monotonic) as screen,
            keys.keys(sys.stdin) as key,
        ):
            yield Live(sys.stdout, surface, screen, key)
    else:
        yield Lines(sys.stdout, surface)


def opening(page: Page) -> list[Line]:
    """The first words: no real money."""
    said = spans(("SIMULATED, no real money", STRONG), "   robson demo")
    return finish([said], page)


def playing(tape: str, notes: Sequence[object], page: Page) -> list[Line]:
    """What is played, and what of it was made up or left out."""
    lines: list[Line] = []
    for label, said in (("Tape", tape), *(("Note", each) for each in notes)):
        first = [(f"{label}: " if page.plain else f"{label}  ", QUIET)]
        lines += wrap(page.symbols.clean(said), page.prose, first=first, indent=6)
    return finish(lines, page)
