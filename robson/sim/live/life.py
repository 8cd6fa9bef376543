"""One position in the profile live: armed, struck, killed, held, left, settled, and judged.

It is lived by levels: whatever has died is started again, what was asked for and not answered is
asked again, and each step waits until what it wants is there.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import attrs

from robson.api.client import CallFailed
from robson.api.v1 import robson_pb2 as pb
from robson.daemon.clock import monotonic_s
from robson.domain.errors import RobsonError
from robson.domain.values import NS_PER_S
from robson.sim.live.acts import (
    AGAIN,
    DEPOSIT,
    HOUR,
    MOVED,
    PERSON,
    RECOVERY,
    RESTART,
    ROLLOVER,
    recovering,
    rolling,
)
from robson.sim.live.bare import Away, Bare, bare, windows
from robson.sim.live.beside import SYMBOL, Daemon, Venue, last_line
from robson.sim.live.plan import FILLED, Plan
from robson.sim.live.states import struck_in, timeline_of
from robson.sim.live.theirs import theirs_of
from robson.sim.live.trouble import Trouble
from robson.sim.live.verdict import Verdict, judge
from robson.sim.template import Template
from robson.sim.venue.kinds import TOKEN
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
BROUGHT, BOUGHT = Decimal(400), Decimal("0.002")
"""What a person brings in of the quote, and buys of the base."""
RUNG = Decimal("1.3")
"""Spans from the entry at which the stop is moved, and the target is not yet met."""
_TWICE_S = 0.6
"""Our time in which a process that has just been started is killed again."""
_FILLS_S = 2.0
"""Our time in which an entry fills, or is not the one."""
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
        states: how often each role was struck in each state.
        acted: whether the plan's act has happened.
        wrong: what does not hold, in words.
    """

    plan: Plan
    armed: int
    deaths: int
    strikes: tuple[tuple[str, str], ...]
    states: Mapping[tuple[str, str], int]
    acted: bool
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
        states=life.states,
        acted=life.acted,
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
        self._rng = Random(f"live {plan.seed} {plan.number} life")  # noqa: S311
        self.venue = Venue(template, place, speed=speed)
        self.daemon = Daemon(template, place, self.venue, hints=plan.hints)
        self.armed: list[str] = []
        self.struck: list[tuple[str, str]] = []
        self._killed = False
        self.states: Counter[tuple[str, str]] = Counter()
        self.acted = False
        self._own = [*plan.own]
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
            self._plant_where(lambda trouble: trouble.role == TOKEN)  # asked for at the start
            self._until("start", lambda: self.daemon.client() is not None)
            self._plant_where(lambda trouble: trouble.role != TOKEN)
            self._until("enter", self._entered)
            self._dies("holding")
            self._act_holding()
            self._hold()
            self._leave()
            self._until("settle", self._settled)
            self._asked_of = None
            self._until("stop", self._stopped)
        except NotLived:
            self.struck = self.venue.strikes()
            raise
        self.struck = self.venue.strikes()
        self.acted |= self._has_acted()
        books, log, entries = self.venue.ask("books"), self.venue.rows(), self.venue.entries()
        self.states = struck_in(self.venue.struck(), log, timeline_of(entries, log))
        return judge(self.daemon, books, log, self.armed, self._bare(), theirs_of(entries))

    def _plant_where(self, now: Callable[[Trouble], bool]) -> None:
        for trouble in filter(now, self._plan.troubles):
            self.venue.plant(trouble)

    def _plant(self, *own: Trouble) -> None:
        self._own += own
        for trouble in own:
            self.venue.plant(trouble)

    def _has_acted(self) -> bool:
        """What the act has planted has struck, two of it at least."""
        count = Counter(self.struck)
        struck = sum(bool(count[one.kind, one.role]) for one in self._own)
        return bool(self._own) and struck >= min(2, len(self._own))

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
                self._dies(FILLED)
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

    def _act_holding(self) -> None:
        """What the plan wants to happen while it is held."""
        if self._plan.act == HOUR:
            now_ns, hour_ns = self.venue.now_ns(), 3600 * NS_PER_S
            self.venue.ask("clock", ahead_ms=(hour_ns - now_ns % hour_ns) // 1_000_000 + 1_000)
            self.acted = True
        elif self._plan.act in (DEPOSIT, PERSON):
            self._asks_venue(lambda: self.venue.bring(BROUGHT))
            if self._plan.act == PERSON:
                self._asks_venue(lambda: self.venue.buy(BOUGHT))
        elif self._plan.act == MOVED:
            self._until("hold", self._entered)
            position = self._position()
            if position.state in _OVER:
                return
            span = abs(Decimal(position.entry_price) - Decimal(position.stop_loss))
            up = Decimal(1 if self._plan.side == "long" else -1)
            self.venue.price(Decimal(position.entry_price) + RUNG * span * up)
            self._until("move", lambda: self._moved(position.insurance.stop_price))

    def _asks_venue(self, ask: Callable[[], None]) -> None:
        """A person tries until it is taken: the weather is theirs as well."""

        def taken() -> bool:
            try:
                ask()
            except OSError:
                return False
            return True

        self._until("person", taken)
        self.acted = True

    def _moved(self, from_price: str) -> bool:
        position = self._position()
        rests = position.insurance.state == pb.INSURANCE_STATE_RESTING
        self.acted = rests and position.insurance.stop_price != from_price
        return bool(self.acted or position.state in _OVER)

    def _leave(self) -> None:
        """By the plan's way, once; what is over already is over."""
        position = self._position()
        if position is None or position.state in _OVER:
            return
        if self._plan.act == ROLLOVER:
            self._plant(*rolling())
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
        if self._plan.act == RESTART:
            self._until("leave", self._restarted)

    def _restarted(self) -> bool:
        """The venue has been started again, as soon as an exit has come in."""
        if self._settled():
            return True
        if any(row["role"] == "exit" for row in self.venue.rows()):
            self.venue.restart()
            self.acted = True
        return self.acted

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
        if self._plan.death != when or self._killed:
            return
        if when != FILLED or self.venue.fills(_FILLS_S):
            self._kill()

    def _kill(self) -> None:
        self._killed = True
        self._is_gone()
        self.daemon.kill()
        if self._plan.act == RECOVERY:
            self._plant(*recovering(self._rng))
        elif self._plan.act == AGAIN:
            self.daemon.start()
            pause(self._rng.uniform(0, _TWICE_S))
            self.daemon.kill()
            self.acted = True

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
