"""The loops behind calls that answer more than once: look, say what is new, wait a moment.

Each looks at what is published anyway. None of them waits for the monitor, and a reader that does
not read keeps nobody waiting but its own thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from robson.api.calls import Context, has_time
from robson.api.published import Backend, JournalRow
from robson.api.told import LogLine
from robson.api.v1 import robson_pb2 as pb
from robson.domain.errors import Refused
from robson.domain.identity import PositionId

Pause = Callable[[float], None]

POLL_S = 0.05
LONGEST_PANIC_S = 120.0
STATUS_S = 0.25
"""Between two looks at the status: at most four answers a second."""
REPEAT_S = 2.0
"""An unchanged status is said again after so long, so that the ages in it stay true."""
LOG_S = 0.1

_ROWS = 500


def panic(
    first: pb.PanicProgress, look: Callable[[], pb.PanicProgress], context: Context, pause: Pause
) -> Iterator[pb.PanicProgress]:
    """Each change after ``first``, which was answered, until it is done or there is no time."""
    last = first
    waited = 0.0
    while not last.done and waited < LONGEST_PANIC_S and has_time(context):
        pause(POLL_S)
        waited += POLL_S
        now = look()
        if _steps(now) != _steps(last):
            yield now
            last = now
    if not last.done:
        yield look()


def statuses(
    look: Callable[[], pb.GetStatusResponse], context: Context, pause: Pause
) -> Iterator[pb.GetStatusResponse]:
    """The status now, after each change, and again when it has been the same for a while."""
    said: pb.GetStatusResponse | None = None
    silent = 0.0
    while context.is_active():
        now = look()
        news = _without_ages(now)
        if news != said or silent >= REPEAT_S:
            yield now
            said, silent = news, 0.0
        pause(STATUS_S)
        silent += STATUS_S


def rows(
    backend: Backend,
    position: PositionId | None,
    after_seq: int,
    context: Context,
    pause: Pause,
    *,
    until_now: bool,
) -> Iterator[JournalRow]:
    """Each durable row after ``after_seq`` once and in order, then each new one.

    Raises:
        Refused: ``after_seq`` is not a place in this journal.
    """
    seq, end = after_seq, backend.journal_seq()
    if not 0 <= seq <= end:
        raise Refused(
            "INVALID_ARGUMENT", f"after_seq is {seq}; the journal has rows up to {end}, 0 is all."
        )
    while context.is_active():
        newest = end if until_now else backend.journal_seq()
        found = backend.journal_rows(position, seq, _ROWS) if newest > seq else []
        for row in found:
            if until_now and row.seq > end:
                return
            yield row
            seq = row.seq
        if len(found) < _ROWS:  # nothing of this position is left up to the newest row
            seq = max(seq, newest)
            if until_now:
                return
            pause(POLL_S)


def log_lines(
    backend: Backend,
    wanted: Callable[[LogLine], bool],
    most: int,
    context: Context,
    pause: Pause,
    *,
    follow: bool,
) -> Iterator[LogLine]:
    """At most ``most`` of the lines that there are, then, with ``follow``, each new one."""
    held = backend.log_lines(0)
    yield from [line for line in held if wanted(line)][-most:]
    seen = held[-1].number if held else 0
    while follow and context.is_active():
        for line in backend.log_lines(seen):
            seen = line.number
            if wanted(line):
                yield line
        pause(LOG_S)


def _steps(progress: pb.PanicProgress) -> list[tuple[object, ...]]:
    """What counts as a step: a new price alone is no news."""
    return [_news(step) for step in progress.steps]


def _news(step: pb.PanicStep) -> tuple[object, ...]:
    known = tuple(
        getattr(step, name) if step.HasField(name) else None
        for name in ("stop_off", "flat", "settled")
    )
    return (step.position.version, step.position.state, *known)


def _without_ages(status: pb.GetStatusResponse) -> pb.GetStatusResponse:
    """A status with nothing in it that changes only because time goes by."""
    news = pb.GetStatusResponse()
    news.CopyFrom(status)
    news.ClearField("as_of")
    news.daemon.ClearField("clock_skew_ms")
    for feed in news.daemon.feeds:
        feed.ClearField("age_ms")
    for lease in news.daemon.leases:
        lease.ClearField("expires_in_s")
    for position in news.positions:
        position.price.ClearField("at")
        position.price.ClearField("age_s")
        position.insurance.ClearField("age_s")
        position.protection.ClearField("unprotected_s")
    for gate in news.risk.gates:
        gate.ClearField("value")  # free disk moves by itself; a verdict that turns is news
    news.daemon.disk.ClearField("free_mib")
    news.daemon.exchange.ClearField("unanswered")
    return news
