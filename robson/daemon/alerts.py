"""The alerts' threads: one looks at the published view, and each way out has one of its own.

What is to be told is written down first, and is sent until it was taken, by this process or the
next. No thread that trades waits for any of them: a way out that hangs delays its own messages and
nothing else.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import attrs

from robson.api.published import Published
from robson.daemon import logs
from robson.daemon.alert_book import Book
from robson.daemon.clock import monotonic_s, wall_ns
from robson.daemon.conditions import Standing, standing
from robson.daemon.config import Config
from robson.daemon.tidings import Tiding, Tidings, document, still_told
from robson.daemon.worker import Fatal, guarded
from robson.domain.values import NS_PER_S
from robson.store.alerts import KeptAlert

if TYPE_CHECKING:  # without a way out, the daemon starts without requests
    from robson.daemon.sinks import Sink

LOOK_S = 1.0
BEAT_S = 60.0
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
KEPT = 200
"""Messages that wait for a way out; of more, the oldest is let go and logged."""

View = Callable[[], Published]
Done = Callable[[int], None]


class WayOut:
    """Messages on their way to one sink, oldest first; with ``retries`` each until it is taken.

    Args:
        done: told the number of a message that was taken, or let go.
    """

    def __init__(self, sink: Sink, *, retries: bool = True, done: Done = lambda _n: None) -> None:
        self.sink = sink
        self._retries = retries
        self._done = done
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._new, self._ended = threading.Event(), threading.Event()
        self._wait_s = FIRST_WAIT_S

    def put(self, number: int, body: bytes) -> None:
        """Hand a message over; returns at once."""
        if len(self._waiting) >= KEPT:
            self._done(self._waiting.popleft()[0])
            logs.note(f"alerts: {self.sink.name} takes nothing; the oldest message is let go")
        self._waiting.append((number, body))
        self._new.set()

    def run(self) -> None:
        """Until the end."""
        while not self._ended.is_set():
            self._new.wait()
            self._new.clear()
            while self._waiting and not self._ended.is_set():
                self._one()

    def _one(self) -> None:
        """Try the oldest; what is not taken waits longer each time."""
        message = self._waiting[0]
        wrong = self.sink.deliver(message[1])
        if wrong:
            logs.note(f"alerts: {self.sink.name} has not taken a message: {wrong}", "warning")
            if self._retries:
                self._ended.wait(self._wait_s)
                self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
                return
        self._wait_s = FIRST_WAIT_S
        if self._waiting and self._waiting[0] is message:
            self._waiting.popleft()
            self._done(message[0])

    def stop(self) -> None:
        """Try no more; what hangs in the sink ends with the process."""
        self._ended.set()
        self._new.set()


class Alerts:
    """Looks each second, tells what is new, and beats each minute while the daemon is alive.

    Args:
        alive: whether every thread that protects has shown a sign of life.
    """

    def __init__(
        self,
        config: Config,
        view: View,
        alive: Callable[[], bool],
        fatal: Fatal,
        *,
        book: Book,
    ) -> None:
        self._fatal = fatal
        self._view = view
        self._alive = alive
        self._book = book
        self._tidings = Tidings()
        self._open: dict[int, KeptAlert] = {}
        self._lock = threading.Lock()  # ``_open``: each way out takes its name off by itself
        self._ended = threading.Event()
        self._number = self._beaten = 0
        self._ways = [
            WayOut(sink, done=partial(self._done, sink.name)) for sink in sinks_of(config)
        ]
        beats = beats_of(config)
        self._beats = WayOut(beats, retries=False) if beats is not None else None
        self._beat_s = monotonic_s()

    def start(self) -> None:
        """Begin, where there is a way out; without one there is no thread."""
        ways = [*self._ways, *([self._beats] if self._beats else [])]
        if not ways:
            return
        self._take_up()
        runs: list[tuple[str, Callable[[], None]]] = [("alerts", self._run)]
        runs += [(each.sink.name, each.run) for each in ways]
        for name, run in runs:
            threading.Thread(name=name, target=guarded(name, run, self._fatal), daemon=True).start()

    def _take_up(self) -> None:
        """Go on where the last process ended: what was told, and what nobody took."""
        written, seen = self._book.every(), self._view()
        self._number = max((each.number for each in written), default=0)
        self._tidings = Tidings(still_told(map(_tiding, written)))
        for alert in written:
            if alert.waits:
                self._leave(alert, seen)

    def _run(self) -> None:
        while not self._ended.wait(LOOK_S):
            self.look()

    def look(self) -> None:
        """Once."""
        seen, now_s = self._view(), monotonic_s()
        if self._ways:
            for tiding in self._tidings.look(standing(seen), now_s):
                self._tell(tiding, seen)
        if self._beats is not None and now_s >= self._beat_s and self._alive():
            self._beat_s = now_s + BEAT_S
            self._beaten += 1
            beat = document(
                Tiding(kind="beat"), daemon=_named(seen), number=self._beaten, at=_wall_time()
            )
            self._beats.put(self._beaten, json.dumps(beat).encode())

    def _tell(self, tiding: Tiding, seen: Published) -> None:
        """Write it down, say it in the log, and let it leave."""
        self._number += 1
        alert = KeptAlert(
            number=self._number,
            kind=tiding.kind,
            urgent=tiding.urgent,
            at=_wall_time(),
            about=tuple((each.code, each.about, each.said) for each in tiding.about),
            waits=tuple(way.sink.name for way in self._ways),
        )
        wrong = self._book.write(alert)
        said = "; ".join(each.said for each in tiding.about)
        logs.note(f"alert {tiding.kind}: {said}", "warning" if tiding.urgent else "info")
        if wrong:
            logs.note(f"alerts: message {alert.number} leaves without being written: {wrong}")
        self._leave(alert, seen)

    def _leave(self, alert: KeptAlert, seen: Published) -> None:
        """Hand it to each way out that has not taken it; one that is no more takes nothing."""
        with self._lock:
            self._open[alert.number] = alert
        told = document(_tiding(alert), daemon=_named(seen), number=alert.number, at=alert.at)
        ways = {way.sink.name: way for way in self._ways}
        for name in alert.waits:
            if name in ways:
                ways[name].put(alert.number, json.dumps(told).encode())
            else:
                self._done(name, alert.number)

    def _done(self, name: str, number: int) -> None:
        """A way out has taken a message, or let it go: the next process does not send it again."""
        with self._lock:
            alert = self._open.pop(number)
            left = tuple(each for each in alert.waits if each != name)
            alert = attrs.evolve(alert, waits=left)
            if left:
                self._open[number] = alert
            self._book.later(alert)

    def stop(self) -> None:
        """End; what was not taken leaves with the next start."""
        self._ended.set()
        for way in (*self._ways, *([self._beats] if self._beats else [])):
            way.stop()


def _tiding(alert: KeptAlert) -> Tiding:
    about = tuple(Standing(code=code, about=what, said=said) for code, what, said in alert.about)
    return Tiding(kind=alert.kind, urgent=alert.urgent, about=about)


def _named(seen: Published) -> dict[str, str]:
    facts = seen.daemon
    return {
        "profile": facts.profile,
        "account": facts.account,
        "instance": facts.instance_id,
        "version": facts.version,
    }


def _wall_time() -> str:
    return datetime.fromtimestamp(wall_ns() / NS_PER_S, UTC).isoformat(timespec="milliseconds")


def sinks_of(config: Config) -> list[Sink]:
    """Every way out that is configured."""
    found: list[Sink] = []
    if config["alerts.url"]:
        from robson.daemon.sinks import Post

        found.append(Post("alerts.url", config["alerts.url"]))
    if config["alerts.command"]:
        from robson.daemon.sinks import Program

        found.append(Program("alerts.command", config["alerts.command"]))
    return found


def beats_of(config: Config) -> Sink | None:
    """Where the beat goes; None for nowhere."""
    if not config["alerts.beat_url"]:
        return None
    from robson.daemon.sinks import Post

    return Post("alerts.beat_url", config["alerts.beat_url"])
