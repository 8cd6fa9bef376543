"""The alerts' threads: one looks at the published view, and each way out has one of its own.

No thread that trades waits for any of them, and none of them holds a lock that another needs: a way
out that hangs delays its own messages and nothing else.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from robson.api.published import Published
from robson.daemon import logs
from robson.daemon.clock import monotonic_s, wall_ns
from robson.daemon.conditions import standing
from robson.daemon.config import Config
from robson.daemon.tidings import Tiding, Tidings, document
from robson.daemon.worker import Fatal, guarded
from robson.domain.values import NS_PER_S

if TYPE_CHECKING:  # without a way out, the daemon starts without requests
    from robson.daemon.sinks import Sink

LOOK_S = 1.0
BEAT_S = 60.0
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
KEPT = 200
"""Messages that wait for a way out; of more, the oldest is let go and logged."""

View = Callable[[], Published]


class WayOut:
    """Messages on their way to one sink, oldest first; with ``retries`` each until it is taken."""

    def __init__(self, sink: Sink, *, retries: bool = True) -> None:
        self.sink = sink
        self._retries = retries
        self._waiting: deque[bytes] = deque()
        self._new, self._ended = threading.Event(), threading.Event()
        self._wait_s = FIRST_WAIT_S

    def put(self, body: bytes) -> None:
        """Hand a message over; returns at once."""
        if len(self._waiting) >= KEPT:
            self._waiting.popleft()
            logs.note(f"alerts: {self.sink.name} takes nothing; the oldest message is let go")
        self._waiting.append(body)
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
        body = self._waiting[0]
        wrong = self.sink.deliver(body)
        if wrong:
            logs.note(f"alerts: {self.sink.name} has not taken a message: {wrong}", "warning")
            if self._retries:
                self._ended.wait(self._wait_s)
                self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
                return
        self._wait_s = FIRST_WAIT_S
        if self._waiting and self._waiting[0] is body:
            self._waiting.popleft()

    def stop(self) -> None:
        """Try no more; what hangs in the sink ends with the process."""
        self._ended.set()
        self._new.set()


class Alerts:
    """Looks each second, tells what is new, and beats each minute while the daemon is alive.

    Args:
        alive: whether every thread that protects has shown a sign of life.
    """

    def __init__(self, config: Config, view: View, alive: Callable[[], bool], fatal: Fatal) -> None:
        self._fatal = fatal
        self._view = view
        self._alive = alive
        self._tidings = Tidings()
        self._ended = threading.Event()
        self._number = 0
        self._ways = [WayOut(sink) for sink in sinks_of(config)]
        beats = beats_of(config)
        self._beats = WayOut(beats, retries=False) if beats is not None else None
        self._beat_s = monotonic_s()

    def start(self) -> None:
        """Begin, where there is a way out; without one there is no thread."""
        ways = [*self._ways, *([self._beats] if self._beats else [])]
        if not ways:
            return
        runs: list[tuple[str, Callable[[], None]]] = [("alerts", self._run)]
        runs += [(each.sink.name, each.run) for each in ways]
        for name, run in runs:
            threading.Thread(name=name, target=guarded(name, run, self._fatal), daemon=True).start()

    def _run(self) -> None:
        while not self._ended.wait(LOOK_S):
            self.look()

    def look(self) -> None:
        """Once."""
        seen, now_s = self._view(), monotonic_s()
        if self._ways:
            self._tell(self._tidings.look(standing(seen), now_s), seen)
        if self._beats is not None and now_s >= self._beat_s and self._alive():
            self._beat_s = now_s + BEAT_S
            self._beats.put(self._body(Tiding(kind="beat"), seen))

    def _tell(self, tidings: Iterable[Tiding], seen: Published) -> None:
        for tiding in tidings:
            said = "; ".join(each.said for each in tiding.about)
            logs.note(f"alert {tiding.kind}: {said}", "warning" if tiding.urgent else "info")
            body = self._body(tiding, seen)
            for way in self._ways:
                way.put(body)

    def _body(self, tiding: Tiding, seen: Published) -> bytes:
        self._number += 1
        facts = seen.daemon
        daemon = {
            "profile": facts.profile,
            "account": facts.account,
            "instance": facts.instance_id,
            "version": facts.version,
        }
        at = datetime.fromtimestamp(wall_ns() / NS_PER_S, UTC).isoformat(timespec="milliseconds")
        return json.dumps(document(tiding, daemon=daemon, number=self._number, at=at)).encode()

    def stop(self) -> None:
        """End; what was not taken is in the log."""
        self._ended.set()
        for way in (*self._ways, *([self._beats] if self._beats else [])):
            way.stop()


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
