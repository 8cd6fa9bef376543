"""The service behind both doors: translate, ask the daemon, translate back.

It decides nothing and holds nothing. Reads answer from the published view; a command is handed to
the single writer and waited for within the caller's deadline. An exception is an answer, never the
end of the process.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import grpc

from robson.api import lookup
from robson.api.published import Armed, ArmPreview, Backend, Disarmed, Panicked
from robson.api.refusals import abort_with
from robson.api.translate import commands, histories, positions, previews, status
from robson.api.translate.panics import Panicking, actions_for, progress
from robson.api.translate.values import enum_name, stamp
from robson.api.v1 import robson_pb2 as pb
from robson.api.v1 import robson_pb2_grpc as rpc
from robson.domain.commands import Panic
from robson.domain.errors import InvariantViolated, Refused
from robson.domain.identity import PositionId

DEFAULT_WAIT_S = 10.0
"""How long a command waits when the caller named no deadline."""
LONGEST_WAIT_S = 30.0
LONGEST_PANIC_S = 120.0
MARGIN_S = 0.25
"""An answer leaves so long before the caller's deadline."""
POLL_S = 0.05
WATCHED_PANICS = 3
"""Panics followed at once; a further one is carried out and not followed."""

_ROWS = 500
_MOST_ROWS = 20_000
_HISTORY_DAYS = 7
_MOST_DAYS = 36_500
_HISTORY_LIMIT = 1_000
_LONGEST_ACTOR = 64

Context = grpc.ServicerContext
OnError = Callable[[str, Exception], None]
"""Told the call's name and what its handler raised, for the log."""
_Handler = TypeVar("_Handler", bound=Callable[..., Any])


def _unary(method: _Handler) -> _Handler:
    """Whatever a handler raises becomes the call's answer."""

    @functools.wraps(method)
    def answering(self: RobsonService, request: Any, context: Context) -> Any:
        try:
            return method(self, request, context)
        except Exception as error:  # noqa: BLE001 - an exception is an answer here, never an end
            self.fail(method.__name__, error, context)

    return answering  # type: ignore[return-value]


def _stream(method: _Handler) -> _Handler:
    """The same for a handler that answers more than once."""

    @functools.wraps(method)
    def answering(self: RobsonService, request: Any, context: Context) -> Iterator[Any]:
        try:
            yield from method(self, request, context)
        except Exception as error:  # noqa: BLE001 - an exception is an answer here, never an end
            self.fail(method.__name__, error, context)

    return answering  # type: ignore[return-value]


class RobsonService(rpc.RobsonServicer):
    """``robson.api.v1.Robson`` over one backend.

    Args:
        backend: the daemon.
        on_error: told of every defect; called from the handler's thread.
        pause: waits so many seconds between two looks at the published view.
    """

    def __init__(
        self, backend: Backend, *, on_error: OnError, pause: Callable[[float], None]
    ) -> None:
        self._backend = backend
        self._on_error = on_error
        self._pause = pause
        self._watched = deque(range(WATCHED_PANICS))

    def fail(self, name: str, error: Exception, context: Context) -> None:
        """End a call with what its handler raised; a defect is told to the log as well."""
        if not isinstance(error, (Refused, TimeoutError)):
            self._on_error(name, error)
        abort_with(context, error)

    # --- commands --------------------------------------------------------------------------------

    @_unary
    def Arm(self, request: pb.ArmRequest, context: Context) -> pb.ArmResponse:  # noqa: N802
        """Wait for one signal, or show what would be done."""
        command = commands.arm(request, self._backend.published(), _actor(context))
        result = self._backend.submit(command, _wait_s(context))
        published = self._backend.published()
        answer = pb.ArmResponse(
            as_of=stamp(published.now_ns), daemon=status.daemon(published.daemon)
        )
        match result:
            case Armed():
                answer.position.CopyFrom(positions.position(result.position, published))
                answer.repeated = result.repeated
            case ArmPreview():
                answer.preview.CopyFrom(previews.preview(result, published))
            case _:
                raise InvariantViolated(f"arm was answered with {type(result).__name__}")
        return answer

    @_unary
    def Disarm(  # noqa: N802
        self, request: pb.DisarmRequest, context: Context
    ) -> pb.DisarmResponse:
        """Stop waiting."""
        command = commands.disarm(request, self._backend.published(), _actor(context))
        result = self._backend.submit(command, _wait_s(context))
        if not isinstance(result, Disarmed):
            raise InvariantViolated(f"disarm was answered with {type(result).__name__}")
        published = self._backend.published()
        return pb.DisarmResponse(
            as_of=stamp(published.now_ns),
            daemon=status.daemon(published.daemon),
            position=positions.position(result.position, published),
            outcome=enum_name("DISARM_OUTCOME", result.outcome),
        )

    @_stream
    def Panic(  # noqa: N802
        self, request: pb.PanicRequest, context: Context
    ) -> Iterator[pb.PanicProgress]:
        """Leave now, and say how far it is until everything is flat and settled."""
        published = self._backend.published()
        targets, symbol = commands.panic_targets(request, published)
        planned = actions_for(targets)
        if request.dry_run or (symbol and not targets):
            yield progress(Panicking(actions=planned, started_ns=None, symbol=symbol), published)
            return
        ordered = Panic(
            actor=_actor(context),
            position=targets[-1].id if symbol else None,
            reason=request.reason or "user_panic",
        )
        result = self._backend.submit(ordered, _wait_s(context))
        if not isinstance(result, Panicked):
            raise InvariantViolated(f"panic was answered with {type(result).__name__}")
        panic = Panicking(actions=dict(result.actions), started_ns=result.started_ns, symbol=symbol)
        yield from self._follow(panic, context)

    def _follow(self, panic: Panicking, context: Context) -> Iterator[pb.PanicProgress]:
        """Each change, until it is done or the caller's time is up."""
        last = progress(panic, self._backend.published())
        yield last
        try:
            place = self._watched.pop()
        except IndexError:
            return
        try:
            waited = 0.0
            while not last.done and waited < LONGEST_PANIC_S and _has_time(context):
                self._pause(POLL_S)
                waited += POLL_S
                now = progress(panic, self._backend.published())
                if _differs(now, last):
                    yield now
                    last = now
            if not last.done:
                yield progress(panic, self._backend.published())
        finally:
            self._watched.append(place)

    # --- questions -------------------------------------------------------------------------------

    @_unary
    def GetStatus(  # noqa: N802
        self, request: pb.GetStatusRequest, _context: Context
    ) -> pb.GetStatusResponse:
        """One instant of everything."""
        published = self._backend.published()
        symbol = commands.symbol_filter(request.symbol, published)
        return status.status(published, symbol=symbol, states=commands.states(request.states))

    @_unary
    def GetDaemon(  # noqa: N802
        self, _request: pb.GetDaemonRequest, _context: Context
    ) -> pb.GetDaemonResponse:
        """Who answers."""
        published = self._backend.published()
        return pb.GetDaemonResponse(
            as_of=stamp(published.now_ns), daemon=status.daemon(published.daemon)
        )

    @_unary
    def GetPosition(  # noqa: N802
        self, request: pb.GetPositionRequest, _context: Context
    ) -> pb.GetPositionResponse:
        """One position."""
        published = self._backend.published()
        view = lookup.find_position(published, request.position)
        return pb.GetPositionResponse(
            as_of=stamp(published.now_ns),
            daemon=status.daemon(published.daemon),
            position=positions.position(view, published),
        )

    @_unary
    def ListHistory(  # noqa: N802
        self, request: pb.ListHistoryRequest, _context: Context
    ) -> pb.ListHistoryResponse:
        """Closed positions and their sums."""
        published = self._backend.published()
        if not 0 <= request.days <= _MOST_DAYS or request.limit < 0:
            raise Refused(
                "INVALID_ARGUMENT", f"days is {request.days}; allowed is 1 to {_MOST_DAYS}."
            )
        return histories.history(
            published,
            days=request.days or _HISTORY_DAYS,
            symbol=commands.symbol_filter(request.symbol, published),
            limit=request.limit or _HISTORY_LIMIT,
        )

    @_unary
    def Explain(  # noqa: N802
        self, request: pb.ExplainRequest, _context: Context
    ) -> pb.ExplainResponse:
        """A position and every journal row that belongs to it."""
        published = self._backend.published()
        view = lookup.find_position(published, request.position)
        rows = self._backend.journal_rows(view.id, 0, _MOST_ROWS)
        return pb.ExplainResponse(
            as_of=stamp(published.now_ns),
            daemon=status.daemon(published.daemon),
            position=positions.position(view, published),
            rows=[histories.journal_row(row) for row in rows],
        )

    @_stream
    def WatchEvents(  # noqa: N802
        self, request: pb.WatchEventsRequest, context: Context
    ) -> Iterator[pb.WatchEventsResponse]:
        """Journal rows as they come, until the caller goes."""
        which: PositionId | None = None
        if request.position:
            which = lookup.find_position(self._backend.published(), request.position).id
        seq = request.after_seq
        while context.is_active():
            rows = self._backend.journal_rows(which, seq, _ROWS)
            for row in rows:
                yield pb.WatchEventsResponse(row=histories.journal_row(row))
                seq = row.seq
            if not rows:
                self._pause(POLL_S)


def _actor(context: Context) -> str:
    """Who asks, as it will be journaled: what the caller says of itself, and the door."""
    door = "unix" if context.peer().startswith("unix") else "tcp"
    said = dict(context.invocation_metadata()).get("x-actor", "")
    name = "".join(filter(str.isprintable, str(said)))[:_LONGEST_ACTOR]
    return name or door


def _wait_s(context: Context) -> float:
    """How long a command may wait, so that the answer leaves before the caller's deadline."""
    left = _left_s(context)
    if left is None:
        return DEFAULT_WAIT_S
    return max(MARGIN_S, min(left, LONGEST_WAIT_S) - MARGIN_S)


def _left_s(context: Context) -> float | None:
    """Seconds to the caller's deadline; None without one (the stubs leave that case out)."""
    return cast("float | None", context.time_remaining())


def _has_time(context: Context) -> bool:
    left = _left_s(context)
    return context.is_active() and (left is None or left > MARGIN_S)


def _differs(now: pb.PanicProgress, last: pb.PanicProgress) -> bool:
    """Whether a step moved; a new price alone is no news."""
    return [_news(step) for step in now.steps] != [_news(step) for step in last.steps]


def _news(step: pb.PanicStep) -> tuple[object, ...]:
    known = tuple(
        getattr(step, name) if step.HasField(name) else None
        for name in ("stop_off", "flat", "settled")
    )
    return (step.position.version, step.position.state, *known)
