"""``robson status --watch``: looks every two seconds, and shows what it sees until it is left.

Robson is asked anew each time: a daemon that dies, hangs or starts again is seen as that.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from robson.api.document.answers import error, error_block
from robson.api.document.status import status
from robson.api.document.text import dumps_line
from robson.api.errors import INTERRUPTED, row_of
from robson.cli import output
from robson.cli.problem import Problem
from robson.cli.screens import keys, out, watch
from robson.cli.screens.line import text_of
from robson.cli.screens.watch import Seen
from robson.cli.session import Session

EVERY_S = 2.0
_TICK_S = 0.25
_PRICE_EVERY_S = 30.0
_UNSEEN = ("UNAVAILABLE", "DEADLINE_EXCEEDED")
_LEAVE = ("q", "Q", "\x04")

Ask = Callable[[Session], Any]


class Eyes:
    """Looks, and remembers the last answer and when it came.

    Args:
        session: the first connection; after a look without an answer another one is made.
        ask: the question.
    """

    def __init__(self, session: Session, ask: Ask) -> None:
        self._session = session
        self._ask = ask
        self._began = time.monotonic()
        self._answered: float | None = None
        self._document: dict[str, Any] | None = None
        self.door = session.url
        self.problem: Problem | None = None

    def look(self) -> None:
        """Ask once.

        Raises:
            Problem: refused, by a daemon that could answer.
        """
        try:
            if self.problem is not None:
                self._session = self._session.again()
                self.door = self._session.url
            document = status(self._ask(self._session), self.door)
        except Problem as problem:
            if problem.code not in _UNSEEN:
                raise
            self.problem = problem
        else:
            self.problem, self._document = None, document
            self._answered = time.monotonic()

    @property
    def seen(self) -> Seen:
        """What is known now."""
        since = self._began if self._answered is None else self._answered
        gone = self.problem is not None and self.problem.code == "UNAVAILABLE"
        return Seen(self._document, time.monotonic() - since, self.door, refused=gone)

    def line(self) -> str:
        """The last look as one line of JSON."""
        if self.problem is None:
            return dumps_line(self._document)
        found = self.problem
        block = error_block(found.code, found.message, found.details)
        return dumps_line(error(block, row_of(found.code).exit))


class Documents:
    """One line of JSON for each look."""

    def looked(self, eyes: Eyes) -> None:
        """Print the line."""
        output.write(sys.stdout, f"{eyes.line()}\n")

    def between(self, eyes: Eyes) -> None:
        """Nothing to do between two looks."""

    def left(self, eyes: Eyes) -> None:
        """Nothing to say at the end."""

    def pause(self, seconds: float) -> str:
        """Wait; end when nobody reads any more."""
        out.wait_while_read(sys.stdout, seconds)
        return ""


class Lines(Documents):
    """The whole status whenever something happened; to a screen reader, only what is new in it."""

    def __init__(self, surface: out.Surface) -> None:
        """Print to stdout."""
        self._surface = surface
        self._news: object = None
        self._spoken: tuple[str, ...] = ()
        self._at = 0.0

    def looked(self, eyes: Eyes) -> None:
        """Print, when there is news, or when a spoken price is old."""
        news = watch.news(eyes.seen)
        spoken = self._surface.plain and time.monotonic() - self._at >= _PRICE_EVERY_S
        if news == self._news and not spoken:
            return
        lines = watch.everything(eyes.seen, self._surface.page)
        if self._surface.plain:
            texts = tuple(text_of(line) for line in lines)
            lines = [line for line in lines if text_of(line) not in self._spoken]
            self._spoken = texts
        elif self._news is not None:
            lines = [[], *lines]
        out.write(lines, sys.stdout, self._surface)
        self._news, self._at = news, time.monotonic()


class Painted(Documents):
    """A screen of which only the lines that differ are painted."""

    def __init__(self, screen: out.Screen, key: Callable[[float], str]) -> None:
        """Paint here, and take keys."""
        self._screen = screen
        self._key = key
        self._alarm: str | None = None

    def looked(self, eyes: Eyes) -> None:
        """Paint a frame; an alarm that was not there before is heard."""
        self._screen.resized()
        seen = eyes.seen
        if self._screen.due():
            self._screen.show(watch.watch(seen, self._screen.page, self._screen.height))
        alarm = watch.alarm(seen)
        if alarm and alarm != self._alarm:
            self._screen.alarm(f"!! {alarm}")
        self._alarm = alarm

    def between(self, eyes: Eyes) -> None:
        """Ages grow, windows change."""
        if self._screen.resized() or eyes.seen.blind:
            self.looked(eyes)

    def pause(self, seconds: float) -> str:
        """Wait for a key, no longer than this."""
        return self._key(seconds)


@contextmanager
def _opened(session: Session) -> Iterator[tuple[Documents, out.Surface]]:
    """What fits the output: JSON, a screen on a terminal, else lines."""
    settings = session.settings
    surface = out.detect(sys.stdout, colour=settings.colour, plain=settings.plain)
    if settings.json:
        yield Documents(), surface
    elif surface.repaints:
        with (
            out.live(sys.stdout, surface, time.monotonic) as screen,
            keys.keys(sys.stdin) as key,
        ):
            yield Painted(screen, key), surface
    else:
        yield Lines(surface), surface


def follow(session: Session, ask: Ask) -> int:
    """Look until somebody leaves; returns the exit code.

    Raises:
        Problem: a daemon answers and refuses.
    """
    eyes = Eyes(session.hasty(EVERY_S), ask)
    code = 0
    with _opened(session) as (view, surface):
        try:
            _until_left(eyes, view)
        except KeyboardInterrupt:
            code = INTERRUPTED
    if isinstance(view, Painted):
        lines = watch.everything(eyes.seen, surface.page)
        out.write(lines, sys.stdout, surface)
    return code


def _until_left(eyes: Eyes, view: Documents) -> None:
    while True:
        due = time.monotonic() + EVERY_S
        eyes.look()
        view.looked(eyes)
        left = _TICK_S  # a key is heard also when the look took all the time
        while left > 0:
            if view.pause(min(left, _TICK_S)) in _LEAVE:
                return
            view.between(eyes)
            left = due - time.monotonic()
