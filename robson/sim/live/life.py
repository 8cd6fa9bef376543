"""One position in the profile live: armed, struck, killed, held, left, settled, and judged.

It is lived by levels: whatever has died is started again, what was asked for and not answered is
asked again, and each step waits until what it wants is there.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from robson.api.client import CallFailed
from robson.api.v1 import robson_pb2 as pb
from robson.daemon.clock import monotonic_s
from robson.domain.errors import RobsonError
from robson.domain.values import NS_PER_S
from robson.sim.live.bare import Away, Bare, bare, windows
from robson.sim.live.beside import SYMBOL, Daemon, Venue, last_line
from robson.sim.live.plan import Plan
from robson.sim.live.verdict import Verdict, judge
from robson.sim.template import Template
from robson.sim.wait import LOOK_S, pause

GOAL_S = 300.0
"""Exchange time that a step may take: an outage, a proof of absence and a look each half minute."""
SLACK_S = 30.0
"""And our own, for a machine that has other things to do."""
TRIES = 8
"""Positions armed until one is held: an entry that was refused is not repeated by itself."""
AGAIN_S = 8.0
"""Exchange time from the first to the second, and longer after each: a pair may be halted, an
address banned, or nothing be lent, for a while."""
HOLDS_S = 45.0
"""Exchange time for what strikes while a position is held: a look at the stop each half minute."""
_WAITS_S = 5.0
_NUDGE_S = 1.0
_OVER = (pb.POSITION_STATE_CLOSED, pb.POSITION_STATE_CANCELLED)


def again_s(armed: int) -> float:
    """Exchange time after so many that were refused until the next."""
    return AGAIN_S * armed


class NotLived(RobsonError):
    """A step has not come to its end; the message says which, and what was said last."""


@attrs.frozen(kw_only=True)
class Result:
    """What one position came to.

    Attributes:
        armed: positions that it took until one was held.
        deaths: processes that were killed or have died.
        strikes: every fault that has struck, by kind and role.
        wrong: what does not hold, in words.
    """

    plan: Plan
    armed: int
    deaths: int
    strikes: tuple[tuple[str, str], ...]
    verdict: Verdict
    elapsed_s: float
    wrong: tuple[str, ...]


def live(plan: Plan, speed: str, template: Template, keep: Path | None = None) -> Result:
    """Live one position, in a folder of its own.

    Raises:
        NotBegun: there is no venue to live it beside.
        TemplateLost: there is nothing to start processes from.
    """
    began_s = monotonic_s()
    with _folder(keep, plan) as place:
        life = _Life(plan, place, speed, template)
        wrong: list[str] = []
        try:
            verdict = life.live()
        except NotLived as error:
            wrong.append(str(error))
            verdict = Verdict()
        finally:
            life.close()
    return Result(
        plan=plan,
        armed=len(life.armed),
        deaths=sum(code != 0 for code in life.daemon.ends),
        strikes=tuple(life.struck),
        verdict=verdict,
        elapsed_s=monotonic_s() - began_s,
        wrong=(*wrong, *verdict.wrong),
    )


@contextmanager
def _folder(keep: Path | None, plan: Plan) -> Iterator[Path]:
    """A short path, so that a socket fits into it; kept, it is moved to where it was asked for."""
    made = Path(tempfile.mkdtemp(prefix="rbl"))
    try:
        yield made
    finally:
        if keep is not None:
            shutil.copytree(
                made,
                keep / f"{plan.seed}-{plan.number}",
                dirs_exist_ok=True,
                ignore=shutil.ignore_patterns("*.sock"),
            )
        shutil.rmtree(made, ignore_errors=True)


class _Life:
    """One plan, carried out once."""

    def __init__(self, plan: Plan, place: Path, speed: str, template: Template) -> None:
        self._plan = plan
        self._speed = Decimal(speed)
        self.venue = Venue(template, place, speed=speed)
        self.daemon = Daemon(template, place, self.venue, hints=plan.hints)
        self.armed: list[str] = []
        self.struck: list[tuple[str, str]] = []
        self._killed = False
        self._aways: list[Away] = []
        self._gone: tuple[int, float] | None = None
        """When the process was last seen to be gone, by the venue's clock and by ours."""
        self._armed_s = 0.0
        self._asked_of: object = None
        """Which process has been told to leave, or to end: each is told once."""

    def close(self) -> None:
        """End both processes."""
        self.daemon.close()
        self.venue.close()

    def live(self) -> Verdict:
        """Every step of the plan.

        Raises:
            NotLived: a step has not come to its end.
        """
        try:
            self._until("start", lambda: self.daemon.client() is not None)
            for trouble in self._plan.troubles:
                self.venue.plant(trouble)
            self._until("enter", self._entered)
            self._dies("holding")
            self._hold()
            self._leave()
            self._until("settle", self._settled)
            self._asked_of = None
            self._until("stop", self._stopped)
        except NotLived:
            self.struck = self.venue.strikes()
            raise
        self.struck = self.venue.strikes()
        books, log = self.venue.ask("books"), self.venue.ask("log")["rows"]
        return judge(self.daemon, books, log, self.armed, self._bare())

    def _bare(self) -> Bare:
        self._is_back()
        excuses = windows(self.venue.struck())
        return bare(self.venue.entries(), excuses, self._aways, self._speed)

    # --- steps -----------------------------------------------------------------------------------

    def _entered(self) -> bool:
        """Held and insured, or over after that. What ended before a fill is followed by another."""
        position = self._position() if self.armed else None
        if position is None or position.state == pb.POSITION_STATE_CANCELLED:
            if monotonic_s() > self._armed_s + again_s(len(self.armed)) / float(self._speed):
                self._arm()
                self._dies("entering")
            return False
        waits = position.state == pb.POSITION_STATE_ARMED
        if waits and monotonic_s() > self._armed_s + _WAITS_S + 60 / float(self._speed):
            self._client().disarm(position.id, force=True)
        rests = position.insurance.state == pb.INSURANCE_STATE_RESTING
        held = position.state == pb.POSITION_STATE_ACTIVE and rests
        return bool(held or position.state == pb.POSITION_STATE_CLOSED)

    def _arm(self) -> None:
        if len(self.armed) >= TRIES:
            raise NotLived(f"enter: {TRIES} positions have not been held; {self._last_words()}")
        key = f"{self._plan.seed} {self._plan.number} {len(self.armed)}"
        answer = self._client().arm(
            symbol=SYMBOL, strategy="now", side=self._plan.side, idempotency_key=key
        )
        self.armed.append(answer.position.id)
        self._armed_s = monotonic_s()

    def _hold(self) -> None:
        """Let time pass and the price move a little, until what strikes meanwhile has struck."""
        ends_s, price = monotonic_s() + HOLDS_S / float(self._speed), self.venue.last()
        while monotonic_s() < ends_s and not self._plan.of_holding <= {*self.venue.strikes()}:
            self._tend()
            price += Decimal("0.01")
            self.venue.price(price)
            pause(_NUDGE_S / float(self._speed))
        self._until("hold", self._entered)

    def _leave(self) -> None:
        """By the plan's way, once; what is over already is over."""
        position = self._position()
        if position is None or position.state in _OVER:
            return
        up = Decimal(1 if self._plan.side == "long" else -1)
        if self._plan.end == "away":
            self._kill()
            self.venue.price(Decimal(position.insurance.stop_price) - 20 * up)
            pause(2 / float(self._speed))
        elif self._plan.end == "gain":
            self.venue.price(Decimal(position.stop_gain) + 10 * up)
        elif self._plan.end == "stop":
            self.venue.price(Decimal(position.stop_loss) - 2 * up)
        self._asked_of = None
        self._dies("leaving")

    def _settled(self) -> bool:
        position = self._position()
        if position is None:
            return False
        over = position.settled and position.state in _OVER
        # A word is asked for again where the process that heard it has died.
        if self._plan.end == "panic" and not over and self._asked_of is not self.daemon.client():
            self._asked_of = self.daemon.client()
            list(self._client().panic(symbol=SYMBOL, reason="live"))
        return bool(over)

    def _stopped(self) -> bool:
        """The last process has ended in order; where it has not, another one does."""
        if self.daemon.lives:
            if self.daemon.client() is not None and self._asked_of is not self.daemon.client():
                self._asked_of = self.daemon.client()
                self.daemon.ask_to_end()
        elif self.daemon.ends[-1] == 0:
            return True
        else:
            self.daemon.start()
        return False

    # --- deaths ----------------------------------------------------------------------------------

    def _dies(self, when: str) -> None:
        if self._plan.death == when and not self._killed:
            self._kill()

    def _kill(self) -> None:
        self._killed = True
        self._is_gone()
        self.daemon.kill()

    def _is_gone(self) -> None:
        self._gone = self._gone or (self.venue.now_ns(), monotonic_s())

    def _is_back(self) -> None:
        if self._gone is not None:
            since_ns, since_s = self._gone
            self._gone = None
            ours_ns = int((monotonic_s() - since_s) * NS_PER_S)
            until_ns = self.venue.now_ns()
            self._aways.append(Away(since_ns=since_ns, until_ns=until_ns, ours_ns=ours_ns))

    def _tend(self) -> None:
        """Start again what has died; kill it where it is to die as soon as something has struck."""
        if self._plan.death == "struck" and not self._killed and self.venue.strikes():
            self._kill()
        if not self.daemon.lives:
            self._is_gone()
            self.daemon.start()
        elif self._gone is not None and self.daemon.client() is not None:
            self._is_back()

    # --- waiting ---------------------------------------------------------------------------------

    def _until(self, step: str, reached: Callable[[], bool]) -> None:
        ends_s = monotonic_s() + GOAL_S / float(self._speed) + SLACK_S
        said = ""
        while monotonic_s() < ends_s:
            if step != "stop":
                self._tend()
            try:
                if reached():
                    return
            except CallFailed as failed:
                said = f"{failed.code}: {failed.message}"
            pause(LOOK_S)
        raise NotLived(f"{step}: not reached; {said or self._last_words()}")

    def _last_words(self) -> str:
        return last_line(self.daemon.log)

    def _client(self) -> Any:
        client = self.daemon.client()
        if client is None:
            raise CallFailed("unavailable", "the daemon does not answer", {}, answered=False)
        return client

    def _position(self) -> Any:
        """The newest of the positions."""
        return self._client().position(self.armed[-1]).position if self.armed else None
