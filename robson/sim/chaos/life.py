"""A life in two real processes, in segments that a caller may watch or strike.

Whoever lives it looks at levels: as long as a segment's goal is not reached, what has died is
started again, what was stopped goes on, and what was asked for is asked again with the same key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from robson.api.client import CallFailed, Client
from robson.api.v1 import robson_pb2 as pb
from robson.connectors.simulated.frames import BadFrame
from robson.connectors.simulated.line import Line
from robson.daemon.clock import monotonic_s
from robson.domain.errors import RobsonError
from robson.sim.chaos.programs import Gate, Process, forked, fresh
from robson.sim.chaos.trace import Call, Strike, Tracer, threads
from robson.sim.wait import LOOK_S, pause, until

SPEED = 4
"""Seconds of the exchange in one of ours."""
SYMBOL = "BTCUSDT"
STATE = "s"
LEGS = {
    "long": ("start", "arm", "trail", "exit", "stop"),
    "short": ("start", "arm", "exit", "stop"),
    "panic": ("start", "arm", "exit", "stop"),
}
"""Each leg with its segments; the first one lives, trails and leaves by its stop, the second by its
target, the third by a person's panic."""
GOAL_S = 60.0
"""No segment takes longer, deaths included; otherwise the life has not been survived."""
STOPPED_S = 2.0
"""How long a stopped process stands still: longer than any request lives."""
WAITS_S = 3.0
LINGERS_S = 3.0
"""How long a segment whose goal is reached waits for its strike: some calls come by the clock."""
_GO_ON = 18
_JOURNAL_IO, _OK = 74, 0


class NotSurvived(RobsonError):
    """The life has not come to its end; the message says where and why."""


@attrs.define
class Lived:
    """What one life came to, as far as the processes tell it.

    ``answers_s``: from each death until a new process answered. ``ends``: each process's exit code.
    ``cancelled``: positions that ended without an entry; another was armed.
    """

    calls: dict[str, list[Call]] = attrs.Factory(dict)
    names: dict[str, dict[int, str]] = attrs.Factory(dict)
    struck: bool = False
    answers_s: list[float] = attrs.Factory(list)
    ends: list[int] = attrs.Factory(list)
    said: list[str] = attrs.Factory(list)
    position: str = ""
    cancelled: int = 0


class Life:
    """One leg, in one folder. ``live`` once.

    Args:
        place: an empty folder with a short path; what the processes keep is in ``state``.
        strike: what to strike; None watches every segment.
    """

    def __init__(self, leg: str, place: Path, strike: Strike | None) -> None:
        self.leg = leg
        self.place = place
        self.state = place / STATE
        self.strike = strike
        self.socket = place / "x.sock"
        self.lived = Lived()
        self._exchange: Process | None = None
        self._daemon: Process | None = None
        self._client: Client | None = None
        self._died_s: float | None = None
        self._tracer: Tracer | None = None
        self._stood_still = False
        self._armed_s = 0.0

    def live(self) -> Lived:
        """All segments.

        Raises:
            NotSurvived: a goal was not reached.
            NoStrace: nothing can be traced here.
        """
        goals: dict[str, tuple[Callable[[], None], Callable[[], bool]]] = {
            "start": (self._launch, self._answers),
            "arm": (self._arm, self._entered),
            "trail": (self._rise, lambda: self._over() or self._trailed()),
            "exit": (self._leave, self._over),
            "stop": (self._stop, self._ended_in_order),
        }
        self._open_exchange()
        until(self.socket.exists, monotonic_s() + GOAL_S)
        try:
            for segment in LEGS[self.leg]:
                with self._traced(segment):
                    self._achieve(segment, *goals[segment])
        finally:
            self.close()
        return self.lived

    def close(self) -> None:
        """End everything that was started here."""
        self._hang_up()
        for process in (self._daemon, self._exchange):
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()

    # --- tracing ---------------------------------------------------------------------------------

    @contextmanager
    def _traced(self, segment: str) -> Iterator[None]:
        """Watch or strike this segment, if it is the one."""
        mine = self.strike is None or self.strike.boundary.segment == segment
        if mine:
            log = self.place / f"{segment}.trace"
            self._tracer = Tracer(log, self.strike, self.state, slowly=segment == "arm")
            if self._daemon is not None:  # else it begins with the process
                self._tracer.attach(self._daemon.pid)
                self.lived.names[segment] = threads(self._daemon.pid)
        try:
            yield
            if mine and segment == "start" and self._daemon is not None:
                self.lived.names[segment] = threads(self._daemon.pid)
        finally:
            if mine and self._tracer is not None:
                self._tracer.detach()
                self.lived.calls[segment] = self._tracer.calls()
                self.lived.struck |= self.strike is not None and self._tracer.struck()
                self._tracer = None
                if self._daemon is not None:
                    self._daemon.send_signal(_GO_ON)  # it may have been stopped at the very end

    # --- goals -----------------------------------------------------------------------------------

    def _achieve(self, segment: str, act: Callable[[], None], reached: Callable[[], bool]) -> None:
        ends_s, asked_of, lingers_s = monotonic_s() + GOAL_S, object(), 0.0
        while monotonic_s() < ends_s:
            if segment == "stop" and reached():
                return
            if segment != "start" or self._daemon is not None:
                self._tend(segment)
            try:
                if self._daemon is not asked_of:  # each process is asked anew
                    asked_of = self._daemon
                    act()
                    asked_of = self._daemon
                if reached():
                    lingers_s = lingers_s or monotonic_s() + LINGERS_S
                    if not self._awaits_its_strike() or monotonic_s() > lingers_s:
                        return
            except CallFailed as failed:
                asked_of = self._refused(failed)
            pause(LOOK_S)
        raise NotSurvived(f"{segment}: not reached within {GOAL_S:g} s; {self._last_words()}")

    def _awaits_its_strike(self) -> bool:
        return self.strike is not None and self._tracer is not None and not self._tracer.struck()

    def _refused(self, failed: CallFailed) -> object:
        """What it would not do is asked again; a journal that has failed wants a new process."""
        self.lived.said.append(f"{failed.code}: {failed.message}")
        if failed.code == "disk_low" and self._daemon is not None:
            self._daemon.terminate()
        return object()

    def _tend(self, segment: str) -> None:
        """Start again what has died, and let go on what stands still."""
        process = self._daemon
        if process is None or process.poll() is not None:
            if process is not None and segment == "stop" and process.returncode == _OK:
                return  # it ended between two looks
            if process is not None:
                self._bury(process)
            self._launch()
            self._wait_for_an_answer()
            return
        strike = self.strike
        if strike is None or strike.error != "STOP" or self._tracer is None:
            return
        if self._tracer.struck():
            pause(0 if self._stood_still else STOPPED_S)
            self._stood_still = True
            process.send_signal(_GO_ON)  # as often as it stands: a second thread may be struck too

    def _bury(self, process: Process) -> None:
        self._died_s = monotonic_s() if self._died_s is None else self._died_s
        self.lived.ends.append(process.wait())
        self._hang_up()
        self._daemon = None

    def _last_words(self) -> str:
        log = self.place / "robsond.log"
        told = log.read_text(errors="replace").splitlines()[-1:] if log.exists() else []
        return "; ".join([*self.lived.said[-2:], *told]) or "nothing was said"

    # --- the two processes -----------------------------------------------------------------------

    def _open_exchange(self) -> None:
        self._exchange = forked(
            self.place / "exchange.log",
            *("robson.sim", "exchange", "--by-hand"),
            *("--speed", str(SPEED), "--listen", f"unix:{self.socket}"),
            *("--state-dir", str(self.state)),
        )

    def _launch(self) -> None:
        """Start a daemon. Of the first one the thread to watch waits for strace."""
        if self._daemon is not None:
            return
        log, words = self.place / "robsond.log", self._words()
        if self.lived.ends or self._died_s is not None:
            self._daemon = fresh(log, *words)
        elif self._tracer is None:
            self._daemon = forked(log, *words)
        else:
            gate = Gate(self.place / "gate", self._tracer.thread)
            self._daemon = forked(log, *words, gate=gate)
            self._tracer.attach(self._daemon.pid)
            gate.opens.touch()

    def _words(self) -> list[str]:
        return [
            *("robson.daemon", "run", "--state-dir", str(self.state)),
            *("--exchange", f"unix:{self.socket}"),
            *("--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"),
        ]

    def _wait_for_an_answer(self) -> None:
        """Of a process that follows a dead one; how long that took is kept."""
        process = self._daemon
        assert process is not None
        until(lambda: process.poll() is not None or self._answers(), monotonic_s() + GOAL_S)
        if process.poll() is None and self._died_s is not None:
            self.lived.answers_s.append(monotonic_s() - self._died_s)
            self._died_s = None

    def _answers(self) -> bool:
        if self._client is None:
            if not (self.state / "robsond.sock").exists():
                return False
            door = f"unix://{self.state / 'robsond.sock'}"
            self._client = Client(door, actor="chaos", timeout_s=5)
        try:
            self._client.daemon()
        except CallFailed:
            self._hang_up()
            return False
        return True

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    # --- what is asked for -----------------------------------------------------------------------

    def _arm(self) -> None:
        side = "short" if self.leg == "short" else "long"
        key = f"{self.leg}-{self.lived.cancelled}"
        answer = self._asked().arm(symbol=SYMBOL, strategy="now", side=side, idempotency_key=key)
        if answer.position.id != self.lived.position:
            self.lived.position, self._armed_s = answer.position.id, monotonic_s()

    def _entered(self) -> bool:
        """Protected. One that was cancelled before any fill is followed by another.

        ``now`` enters at arm and never later: one that is still armed after a while has lost its
        one attempt with a process, and is disarmed, as a person would.
        """
        view = self._view()
        if view.state == pb.POSITION_STATE_ARMED and monotonic_s() > self._armed_s + WAITS_S:
            self._asked().disarm(self.lived.position, force=True)
        elif view.state == pb.POSITION_STATE_CANCELLED:
            self.lived.cancelled += 1
            self._arm()
        return self._protected() or self._over()

    def _rise(self) -> None:
        """Over the first rung."""
        view = self._view()
        if not self._over():
            self._insured = self._insured or view.insurance.stop_price
            self._move(Decimal(view.entry_ref) + Decimal(view.executable_span) + 1)

    def _leave(self) -> None:
        """Through the stop, over the target, or by a person's word."""
        if self._over():
            return
        view = self._view()
        if self.leg == "panic":
            list(self._asked().panic(symbol=SYMBOL, reason="chaos", timeout_s=5))
        elif self.leg == "short":
            self._move(Decimal(view.stop_gain) - 1)
        else:
            self._move(Decimal(view.stop_loss) - 1)

    def _stop(self) -> None:
        if self._daemon is not None:
            self._daemon.terminate()

    def _move(self, price: Decimal) -> None:
        line = Line(str(self.socket), monotonic_s)
        try:
            line.send("move", SYMBOL, f"{price:.2f}", within_s=5)
            heard = line.receive(within_s=5)
        except (OSError, BadFrame) as error:
            raise NotSurvived(f"the exchange is gone: {error}") from error
        finally:
            line.close()
        if heard is None or heard[0] != "moved":
            raise NotSurvived(f"the exchange does not move: {heard}")

    # --- what is there ---------------------------------------------------------------------------

    _insured = ""

    def _asked(self) -> Client:
        if self._client is None and not self._answers():
            raise CallFailed("unavailable", "the daemon does not answer", {}, answered=False)
        assert self._client is not None
        return self._client

    def _view(self) -> Any:
        return self._asked().position(self.lived.position).position

    def _over(self) -> bool:
        view = self._view()
        return bool(view.settled and view.state == pb.POSITION_STATE_CLOSED)

    def _protected(self) -> bool:
        view = self._view()
        rests = view.insurance.state == pb.INSURANCE_STATE_RESTING
        return bool(view.state == pb.POSITION_STATE_ACTIVE and rests)

    def _trailed(self) -> bool:
        return self._protected() and self._view().insurance.stop_price != self._insured

    def _ended_in_order(self) -> bool:
        """It has ended, and said that all is in the journal; 74 asks for one more life."""
        process = self._daemon
        if process is None or process.poll() is None:
            return False
        if process.returncode == _OK:
            self.lived.ends.append(_OK)
            return True
        return False
