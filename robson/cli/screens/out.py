"""Turns lines into output: plain text by itself, colour and the live screen through rich.

The only module of the screens that knows terminals. rich is imported when it is needed.
"""

from __future__ import annotations

import os
import select
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from robson.cli.screens.line import ASCII, PLAIN, UNICODE, Line, Page, text_of

if TYPE_CHECKING:
    from rich.console import Console

NOT_A_TERMINAL = 120
LEAST = 20
FRAME_S = 0.25
"""A live screen is painted at most four times a second."""
BROKEN_PIPE = 141
UNWRITTEN = 1
_SIGNALLED = 128
"""And the number of the signal: how a shell reports a process that one has ended."""
_SGR = {
    "alarm": "bold reverse red",
    "warn": "black on yellow",
    "ok": "green",
    "level": "cyan",
    "strong": "bold",
    "quiet": "dim",
    PLAIN: "",
}


class Surface(NamedTuple):
    """What the output is able to show, and what was asked of it."""

    width: int = NOT_A_TERMINAL
    height: int = 24
    terminal: bool = False
    colour: bool = False
    repaints: bool = False
    ascii: bool = False
    plain: bool = False

    @property
    def page(self) -> Page:
        """The page that views fill."""
        symbols = ASCII if self.ascii or self.plain else UNICODE
        return Page(self.width, symbols, plain=self.plain, full_ids=not self.terminal)


def surface(
    *,
    terminal: bool,
    encoding: str,
    size: tuple[int, int],
    env: Mapping[str, str],
    colour: bool = True,
    plain: bool = False,
) -> Surface:
    """Decide from facts alone; ``colour`` and ``plain`` are what flags and configuration say."""
    dumb = terminal and env.get("TERM", "") == "dumb"
    spoken = plain or dumb or env.get("ROBSON_PLAIN", "") == "1"
    painted = terminal and colour and not env.get("NO_COLOR") and not spoken
    return Surface(
        width=max(LEAST, size[0]) if terminal else NOT_A_TERMINAL,
        height=size[1],
        terminal=terminal,
        colour=painted,
        repaints=terminal and not spoken,
        ascii=env.get("ROBSON_ASCII", "") == "1" or not _unicode(encoding, env),
        plain=spoken,
    )


def _unicode(encoding: str, env: Mapping[str, str]) -> bool:
    """Whether the locale speaks UTF-8. One that says nothing leaves it to the stream."""
    if not encoding.lower().startswith("utf"):
        return False
    said = env.get("LC_ALL") or _own_ctype(env) or env.get("LANG") or "utf8"
    return "utf" in said.lower()


def _own_ctype(env: Mapping[str, str]) -> str:
    """LC_CTYPE, unless Python put it there itself because the locale was C."""
    said = env.get("LC_CTYPE", "")
    return "" if sys.flags.utf8_mode and said == "C.UTF-8" else said


def detect(stream: TextIO, *, colour: bool = True, plain: bool = False) -> Surface:
    """The surface of a real stream in the environment of this process."""
    size = shutil.get_terminal_size((80, 24))
    return surface(
        terminal=stream.isatty(),
        encoding=stream.encoding or "ascii",
        size=(size.columns, size.lines),
        env=os.environ,
        colour=colour,
        plain=plain,
    )


def write(
    lines: Sequence[Line], stream: TextIO, on: Surface, *, verdict: Line | None = None
) -> None:
    """Print a view; one taller than the terminal repeats its verdict next to the prompt."""
    shown = list(lines)
    if verdict is not None and on.terminal and len(shown) >= on.height:
        shown.append(verdict)
    if on.colour:
        with _reader(stream):
            _painted(shown, stream, on)
    else:
        write_text("".join(f"{text_of(line)}\n" for line in shown), stream)


def write_text(text: str, stream: TextIO) -> None:
    """Print text as it is."""
    with _reader(stream):
        stream.write(text)
        stream.flush()


def wait_while_read(stream: TextIO, seconds: float) -> None:
    """Wait; a pipe that nobody reads any more ends the process, also while nothing is printed.

    Raises:
        SystemExit: nobody reads any more.
    """
    gone = select.poll()
    gone.register(stream.fileno(), 0)  # errors are told without being asked for
    if gone.poll(seconds * 1000):
        raise SystemExit(_nobody_reads(stream))


def _nobody_reads(stream: TextIO) -> int:
    """Python would complain about it once more while it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return BROKEN_PIPE


@contextmanager
def _reader(stream: TextIO) -> Iterator[None]:
    """Somebody reads, or the process ends without a word; a full disk is told.

    Raises:
        SystemExit: nobody reads any more, or it cannot be written.
    """
    try:
        yield
        stream.flush()
    except BrokenPipeError:
        raise SystemExit(_nobody_reads(stream)) from None
    except OSError as error:
        _nobody_reads(stream)
        if stream is sys.stdout:
            sys.stderr.write(f"note: the answer could not be written: {error.strerror}\n")
        raise SystemExit(UNWRITTEN) from None


def _console(stream: TextIO, on: Surface) -> Console:
    from rich.console import Console

    return Console(
        file=stream,
        force_terminal=True,
        color_system="standard" if on.colour else None,
        width=on.width,
        height=on.height,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )


def _painted(lines: Sequence[Line], stream: TextIO, on: Surface) -> None:
    from rich.text import Text

    console = _console(stream, on)
    for line in lines:
        text = Text.assemble(*((part, _SGR[style]) for part, style in line))
        text.rstrip()
        console.print(text, soft_wrap=True)


class Screen:
    """The live screen: paints only the lines that changed, at most once in ``frame_s``."""

    def __init__(
        self, stream: TextIO, on: Surface, now: Callable[[], float], frame_s: float = FRAME_S
    ) -> None:
        """Nothing is shown yet; ``now`` is a monotonic clock."""
        self._frame_s = frame_s
        self._stream = stream
        self._on = on
        self._now = now
        self._console = _console(stream, on)
        self._shown: list[Line] = []
        self._painted_at: float | None = None
        self._titled = False

    @property
    def page(self) -> Page:
        """The page of the terminal as it is now."""
        return self._on.page

    @property
    def height(self) -> int:
        """Rows of the terminal as it is now."""
        return self._on.height

    def resized(self) -> bool:
        """Take over a new size of the terminal; everything is then painted again."""
        size = _size(self._stream, self._on)
        if size == (self._on.width, self._on.height):
            return False
        self._on = self._on._replace(width=max(LEAST, size[0]), height=size[1])
        self._console.size = size
        self._shown = []
        self._painted_at = None
        return True

    def due(self) -> bool:
        """Whether a frame may be painted now."""
        return self._painted_at is None or self._now() - self._painted_at >= self._frame_s

    def show(self, lines: Sequence[Line]) -> None:
        """Paint what differs from what is shown; too soon after the last frame, nothing."""
        if not self.due():
            return
        self._painted_at = self._now()
        fresh = not self._shown
        rows = [list(line) for line in lines[: self._on.height]]
        rows += [[] for _ in range((self._on.height if fresh else len(self._shown)) - len(rows))]
        for y, row in enumerate(rows):
            if fresh or y >= len(self._shown) or self._shown[y] != row:
                self._console.update_screen_lines([self._segments(row)], 0, y)
        self._shown = rows
        self._stream.flush()

    def _segments(self, line: Line) -> list[Any]:
        from rich.control import Control
        from rich.segment import ControlType, Segment
        from rich.style import Style

        segments = [Segment(text, Style.parse(_SGR[style])) for text, style in line]
        return [*segments, Control((ControlType.ERASE_IN_LINE, 0)).segment]

    def alarm(self, title: str) -> None:
        """Ring the bell once and say it in the window's title."""
        if not self._titled:
            self._stream.write("\x1b[22;0t")
            self._titled = True
        self._console.set_window_title(title)
        self._console.bell()

    def enter(self) -> None:
        """Take the alternate screen."""
        self._console.set_alt_screen()
        self._console.show_cursor(show=False)

    def leave(self) -> None:
        """Give the terminal back as it was."""
        self._console.show_cursor()
        self._console.set_alt_screen(enable=False)
        if self._titled:
            self._stream.write("\x1b[23;0t")
            self._titled = False
        self._stream.flush()


def _size(stream: TextIO, on: Surface) -> tuple[int, int]:
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        return on.width, on.height
    return (size.columns or on.width, size.lines or on.height)


@contextmanager
def live(
    stream: TextIO, on: Surface, now: Callable[[], float], frame_s: float = FRAME_S
) -> Iterator[Screen]:
    """The alternate screen, given back on every way out: return, error, interrupt, signal."""
    screen = Screen(stream, on, now, frame_s)
    with told_to_end():
        try:
            screen.enter()
            yield screen
        finally:
            try:
                screen.leave()
            except KeyboardInterrupt:
                screen.leave()
                raise


@contextmanager
def told_to_end() -> Iterator[None]:
    """A signal that ends the process unwinds it first; exit code 128 and the signal's number."""
    import signal

    def end(number: int, _frame: object) -> None:
        raise SystemExit(_SIGNALLED + number)

    before = {each: signal.signal(each, end) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
