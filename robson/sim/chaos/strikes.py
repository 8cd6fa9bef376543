"""``robson-sim chaos``: strikes a daemon at each of its system calls and asks whether it survives.

Each leg of the life is lived under strace, which names every boundary. Then it is lived again for
each boundary and each error, with that strike alone. A boundary counts only when strace says that
it was struck, and what was not struck is said.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from random import Random
from zlib import crc32

import attrs

from robson.sim.chaos.life import LEGS, SPEED, STOPPED_S, Life, Lived, NotSurvived
from robson.sim.chaos.trace import Boundary, NoStrace, Strike, places, program, unsynced
from robson.sim.chaos.verdict import judge, read_rows, seconds
from robson.store.journal import FILE_NAME

STRUCK = {
    "long": LEGS["long"],
    "short": ("arm", "exit"),
    "panic": ("exit",),
}
"""Which segments of which leg are struck: the others are those of the first leg once more."""
BOUND_S = 20.0
"""No life may take longer from a death to an answer, or hold for longer without a stop."""
P99_S = 5.0
"""From a death to an answer, over all lives: with the answer prices are judged again."""
DEFECT = 70
LIVES = 3
"""So many lives a strike has to come to its boundary."""
_ENTRY = ("signal_received", "sizing_decided", "entry_requested", "order_sending")
_PROTECT = ("entry_filled", "insurance_requested", "exit_prearmed", "insurance_placed")


@attrs.frozen(kw_only=True)
class Result:
    """What became of one strike, and how many lives it took to come to its boundary.

    ``wrong``: why it was not survived, empty when it was.
    """

    strike: Strike
    struck: bool
    wrong: tuple[str, ...]
    deaths: int = 0
    again_s: float = 0.0
    naked_s: float = 0.0
    compared: int = 0
    fills: int = 0
    lives: int = 1

    @property
    def survived(self) -> bool:
        """Struck, and all was well afterwards."""
        return self.struck and not self.wrong


@attrs.frozen(kw_only=True)
class Listing:
    """Every boundary of the life. ``unsteady``: those that only one of two listings has."""

    boundaries: tuple[Boundary, ...]
    unsteady: tuple[Boundary, ...]


def boundaries(calls: Sequence[str], said: Callable[[str], None]) -> Listing:
    """Live each leg twice under strace and list what both lives have.

    In passing each life shows that no order leaves before its rows are synced.

    Raises:
        NoStrace: nothing can be traced here.
        NotSurvived: the life does not even end well when nothing is struck.
    """
    program()
    steady: list[Boundary] = []
    unsteady: list[Boundary] = []
    for leg in STRUCK:
        said(f"listing the boundaries of the {leg} life")
        first, second = listed(leg, calls), listed(leg, calls)
        steady += [one for one in first if one in set(second)]
        unsteady += [one for one in (*first, *second) if one not in set(first) & set(second)]
    return Listing(boundaries=tuple(steady), unsteady=tuple(unsteady))


def listed(leg: str, calls: Sequence[str] = ()) -> list[Boundary]:
    """Live a leg once with nothing struck, and list its boundaries.

    Raises:
        NotSurvived: it does not end well, or an order left before its rows were synced.
    """
    place = _folder()
    try:
        life = Life(leg, place, None)
        lived = life.live()
        verdict = judge(life.state)
        if verdict.wrong:
            raise NotSurvived(f"the {leg} life, with nothing struck: {'; '.join(verdict.wrong)}")
        _asserts_order(leg, life, lived)
        written = [(at_ns, kind) for kind, _, at_ns in read_rows(life.state / FILE_NAME)]
        return list(_of_life(leg, life, lived, written, calls))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _asserts_order(leg: str, life: Life, lived: Lived) -> None:
    """What is killed with its kernel alive cannot show whether rows were synced: the order can."""
    log = life.state / f"{FILE_NAME}-wal"
    sent, early = unsynced(lived.calls["arm"], lived.names["arm"], log)
    if early or not sent:
        raise NotSurvived(
            f"the {leg} life: {len(early)} of {sent} orders left before the journal was synced"
        )


def _of_life(
    leg: str,
    life: Life,
    lived: Lived,
    written: list[tuple[int, str]],
    wanted: Sequence[str],
) -> Generator[Boundary]:
    for segment in STRUCK[leg]:
        found = places(lived.calls[segment], lived.names[segment], life.state, str(life.socket))
        for call, where, name, nth in found:
            if wanted and name not in wanted:
                continue
            before = [kind for at_ns, kind in written if at_ns <= call.at_ns]
            phase = phase_of(segment, before)
            yield Boundary(leg, segment, where, name, nth, phase)


def phase_of(segment: str, before: Sequence[str]) -> str:
    """Where in a life a call lies, by the rows that were written before it."""
    last = before[-1] if before else ""
    if segment == "arm":
        if "entry_filled" in before:
            return "protect"
        return "entry" if last in _ENTRY else "arm"
    return "settle" if segment == "exit" and last in ("position_closed", "pnl_settled") else segment


def plan(listing: Listing, errors: Sequence[str], seed: int, limit: int | None) -> list[Strike]:
    """Every strike; with a limit so many, spread over calls, phases and errors by a seed."""
    strikes = [Strike(one, error) for one in listing.boundaries for error in errors]
    if limit is None or limit >= len(strikes):
        return strikes
    chance = Random(f"chaos {seed}")  # noqa: S311 - reproducible, not secret
    groups: dict[tuple[str, str, str], list[Strike]] = {}
    for strike in strikes:
        kind = (strike.error, strike.boundary.call, strike.boundary.phase)
        groups.setdefault(kind, []).append(strike)
    heaps = list(groups.values())
    chance.shuffle(heaps)
    for heap in heaps:
        chance.shuffle(heap)
    chosen: list[Strike] = []
    while len(chosen) < limit:
        chosen += [heap.pop() for heap in heaps if heap][: limit - len(chosen)]
    return chosen


def share(strikes: Sequence[Strike], number: int, of: int) -> list[Strike]:
    """The Kth of N shares; a strike is in the same one whichever others there are."""
    return [one for one in strikes if crc32(str(one).encode()) % of == number - 1]


def struck(
    strike: Strike, keep: Path | None = None, once: Callable[..., Result] | None = None
) -> Result:
    """What became of a strike; a life that did not come to its boundary is lived again.

    A question more or less moves the numbers of the calls after it, so a boundary near the end of
    its segment is not met by every life. Only a life that ended well has another one after it.
    """
    lives = 1
    while True:
        result = (once or strike_once)(strike, keep)
        if result.struck or result.wrong or lives == LIVES:
            return attrs.evolve(result, lives=lives)
        lives += 1


def strike_once(strike: Strike, keep: Path | None = None) -> Result:
    """Live one life with one strike, and judge what it left behind."""
    place = _folder()
    life = Life(strike.boundary.leg, place, strike)
    try:
        return _judged(strike, life, life.live())
    except (NotSurvived, NoStrace) as error:
        return Result(strike=strike, struck=life.lived.struck, wrong=(str(error),))
    finally:
        if keep is not None:
            sockets = shutil.ignore_patterns("*.sock")
            name = str(strike).replace("/", "_")
            shutil.copytree(place, keep / name, dirs_exist_ok=True, ignore=sockets)
        shutil.rmtree(place, ignore_errors=True)


def _judged(strike: Strike, life: Life, lived: Lived) -> Result:
    verdict = judge(life.state)
    wrong = list(verdict.wrong)
    again_s = max(lived.answers_s, default=0.0)
    naked_s = seconds(verdict.naked_ns, SPEED)
    if strike.error == "STOP":
        naked_s = max(0.0, naked_s - STOPPED_S)
    if again_s > BOUND_S:
        wrong.append(f"{again_s:.1f} s from the death to an answer")
    if naked_s > BOUND_S:
        wrong.append(f"held for {naked_s:.1f} s without a stop at the exchange")
    if DEFECT in lived.ends:
        wrong.append(f"a process ended as a defect, with {DEFECT}")
    if (place := life.place / "robsond.log").exists() and "Traceback" in place.read_text():
        wrong.append("a traceback was shown")
    return Result(
        strike=strike,
        struck=lived.struck,
        wrong=tuple(wrong),
        deaths=sum(code != 0 for code in lived.ends),
        again_s=again_s,
        naked_s=naked_s,
        compared=verdict.compared,
        fills=verdict.fills,
    )


def _folder() -> Path:
    """A folder with a short, resolved path: strace names files by it, and a socket fits in."""
    return Path(tempfile.mkdtemp(prefix="rbc")).resolve()
