"""The doctor of a running daemon: one look at a time, on a thread and a connection of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from robson.api.checked import CheckFact
from robson.daemon import logs
from robson.daemon.alerts import sinks_of
from robson.daemon.checks import Check
from robson.daemon.clock import wall_ns
from robson.daemon.config import Config
from robson.daemon.doctor import exchange, in_use
from robson.daemon.machine import machine
from robson.daemon.messages import Call
from robson.daemon.worker import carry_out
from robson.domain.values import NS_PER_S

LONGEST_S = 60.0


class Examination:
    """See :class:`robson.api.checked.Examiner`. Whoever asks during a look gets that look."""

    def __init__(self, config: Config, directory: Path) -> None:
        self._config = config
        self._directory = directory
        self._lock = threading.Lock()
        self._running: Future[tuple[CheckFact, ...]] | None = None

    def examine(self) -> tuple[CheckFact, ...]:
        """Every check of machine and exchange, made now."""
        return self._alone(self._look)

    def _alone(self, look: Callable[[], tuple[CheckFact, ...]]) -> tuple[CheckFact, ...]:
        with self._lock:
            running = self._running
            if running is None or running.done():
                running = self._running = Future()
                call = Call(look, running)
                run = partial(carry_out, call)
                threading.Thread(name="doctor", target=run, daemon=True).start()
        return running.result(LONGEST_S)

    def _look(self) -> tuple[CheckFact, ...]:
        found = [in_use(self._config, "in use")]
        found += machine(self._config, self._directory, ours=True)
        found += exchange(self._config)
        return tuple(_fact(check) for check in found)

    def test_alert(self, actor: str) -> tuple[CheckFact, ...]:
        """Send a test by each way out, once, and say which took it."""
        logs.note(f"alert test, asked for by {actor}")
        at = datetime.fromtimestamp(wall_ns() / NS_PER_S, UTC).isoformat(timespec="milliseconds")
        said = {"schema": "robson.alert/1", "kind": "test", "urgent": False, "at": at}
        body = json.dumps({**said, "conditions": []}).encode()
        ways = sinks_of(self._config)
        if not ways:
            why = "alerts.url and alerts.command are not given: no alert leaves this machine"
            return (CheckFact(name="Alerts", answer="unchecked", said=why),)
        return tuple(_taken(way.name, way.deliver(body)) for way in ways)


def _taken(name: str, wrong: str) -> CheckFact:
    if not wrong:
        return CheckFact(name=name, answer="pass", said="has taken the test")
    return CheckFact(
        name=name,
        answer="fail",
        said=f"has not taken the test: {wrong}",
        means="no alert reaches anybody by this way",
        fix=f"mend {name} and start robsond again",
    )


def _fact(check: Check) -> CheckFact:
    return CheckFact(
        name=check.name,
        answer=check.answer.value,
        said=check.said,
        means=check.means,
        fix=check.fix,
        incident=check.incident,
    )
