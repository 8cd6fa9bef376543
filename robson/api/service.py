"""The service behind both doors: translate, ask the daemon, translate back.

It decides nothing and holds nothing. Reads answer from the published view; a command is handed to
the single writer and waited for within the caller's deadline. An exception is an answer, never the
end of the process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from robson.api import lookup, streams
from robson.api.calls import (
    Context,
    OnError,
    Share,
    actor_of,
    stream,
    unary,
    unshared,
    wait_s,
)
from robson.api.published import (
    Armed,
    ArmPreview,
    Backend,
    Disarmed,
    Governed,
    Injected,
    Looked,
    Panicked,
    Settled,
)
from robson.api.refusals import abort_with
from robson.api.told import LOG_LINES_KEPT
from robson.api.translate import (
    checks,
    commands,
    histories,
    operators,
    positions,
    previews,
    reconciling,
    records,
    status,
)
from robson.api.translate.panics import Panicking, actions_for, progress
from robson.api.translate.values import enum_name, instant_ns, named, stamp
from robson.api.v1 import robson_pb2 as pb
from robson.api.v1 import robson_pb2_grpc as rpc
from robson.domain.commands import Command, Panic
from robson.domain.errors import InvariantViolated, Refused
from robson.domain.identity import PositionId

WATCHED_PANICS = 3
"""Panics followed at once; a further one is carried out and not followed."""

_LOG_LINES = 200
_HISTORY_DAYS = 7
_MOST_DAYS = 36_500
_MOST_ROWS = 100_000
_HISTORY_LIMIT = 1_000


class RobsonService(rpc.RobsonServicer):
    """``robson.api.v1.Robson`` over one backend.

    Args:
        backend: the daemon.
        on_error: told of every defect; called from the handler's thread.
        pause: waits so many seconds between two looks at the published view.
        share: gives one status to all who ask for the same one at the same time.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        on_error: OnError,
        pause: Callable[[float], None],
        share: Share = unshared,
    ) -> None:
        self._backend = backend
        self._on_error = on_error
        self._pause = pause
        self._share = share
        self._watched = deque(range(WATCHED_PANICS))

    def fail(self, name: str, error: Exception, context: Context) -> None:
        """End a call with what its handler raised; a defect is told to the log as well."""
        if not isinstance(error, (Refused, TimeoutError)):
            self._on_error(name, error)
        abort_with(context, error)

    # --- commands --------------------------------------------------------------------------------

    @unary
    def Arm(self, request: pb.ArmRequest, context: Context) -> pb.ArmResponse:  # noqa: N802
        """Wait for one signal, or show what would be done."""
        command = commands.arm(request, self._backend.published(), actor_of(context))
        result = self._backend.submit(command, wait_s(context))
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

    @unary
    def Disarm(  # noqa: N802
        self, request: pb.DisarmRequest, context: Context
    ) -> pb.DisarmResponse:
        """Stop waiting."""
        command = commands.disarm(request, self._backend.published(), actor_of(context))
        result = self._backend.submit(command, wait_s(context))
        if not isinstance(result, Disarmed):
            raise InvariantViolated(f"disarm was answered with {type(result).__name__}")
        published = self._backend.published()
        return pb.DisarmResponse(
            as_of=stamp(published.now_ns),
            daemon=status.daemon(published.daemon),
            position=positions.position(result.position, published),
            outcome=enum_name("DISARM_OUTCOME", result.outcome),
        )

    @stream
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
            actor=actor_of(context),
            position=targets[-1].id if symbol else None,
            reason=request.reason or "user_panic",
        )
        result = self._backend.submit(ordered, wait_s(context))
        if not isinstance(result, Panicked):
            raise InvariantViolated(f"panic was answered with {type(result).__name__}")
        panic = Panicking(actions=dict(result.actions), started_ns=result.started_ns, symbol=symbol)
        yield from self._follow(panic, context)

    def _follow(self, panic: Panicking, context: Context) -> Iterator[pb.PanicProgress]:
        """How far it is, and each change of that while there is a thread for it."""

        def look() -> pb.PanicProgress:
            return progress(panic, self._backend.published())

        first = look()
        yield first
        try:
            place = self._watched.pop()
        except IndexError:
            return
        try:
            yield from streams.panic(first, look, context, self._pause)
        finally:
            self._watched.append(place)

    @unary
    def InjectSignal(  # noqa: N802
        self, request: pb.InjectSignalRequest, context: Context
    ) -> pb.InjectSignalResponse:
        """Be the detector of a position that waits for one from outside."""
        command = commands.inject(request, self._backend.published(), actor_of(context))
        result = self._backend.submit(command, wait_s(context))
        if not isinstance(result, Injected):
            raise InvariantViolated(f"a signal was answered with {type(result).__name__}")
        published = self._backend.published()
        return pb.InjectSignalResponse(
            as_of=stamp(published.now_ns),
            daemon=status.daemon(published.daemon),
            position=positions.position(result.position, published),
            signal_id=result.signal_id,
            taken=not result.code,
            code=result.code,
            message=result.message,
            numbers=named(result.numbers),
            repeated=result.repeated,
        )

    # --- operators -------------------------------------------------------------------------------

    @unary
    def SetRuntimeState(  # noqa: N802
        self, request: pb.SetRuntimeStateRequest, context: Context
    ) -> pb.SetRuntimeStateResponse:
        """Take entries again, or not any more."""
        done = self._govern(operators.set_state(request, actor_of(context)), context)
        return operators.state_set(done, self._backend.published())

    @unary
    def TriggerHalt(  # noqa: N802
        self, request: pb.TriggerHaltRequest, context: Context
    ) -> pb.TriggerHaltResponse:
        """Halt entries for the month, or clear the halt."""
        self._govern(operators.halt(request, actor_of(context)), context)
        return operators.halted(self._backend.published())

    @unary
    def ClearDegraded(  # noqa: N802
        self, request: pb.ClearDegradedRequest, context: Context
    ) -> pb.ClearDegradedResponse:
        """Let a frozen scope take entries again."""
        self._govern(operators.clear(request, actor_of(context)), context)
        return operators.cleared(self._backend.published())

    @unary
    def Reconcile(  # noqa: N802
        self, request: pb.ReconcileRequest, context: Context
    ) -> pb.ReconcileResponse:
        """Look at pairs as a whole now."""
        command = reconciling.reconcile(request, self._backend.published(), actor_of(context))
        result = self._backend.submit(command, wait_s(context))
        if not isinstance(result, Looked):
            raise InvariantViolated(f"Reconcile was answered with {type(result).__name__}")
        return reconciling.looked(result, self._backend.published())

    @unary
    def ReconcileClose(  # noqa: N802
        self, request: pb.ReconcileCloseRequest, context: Context
    ) -> pb.ReconcileCloseResponse:
        """Close a position that is gone, with the trades that show how."""
        command = reconciling.close(request, self._backend.published(), actor_of(context))
        return reconciling.closed(self._settle(command, context), self._backend.published())

    @unary
    def Resolve(  # noqa: N802
        self, request: pb.ResolveRequest, context: Context
    ) -> pb.ResolveResponse:
        """Say what a position in error really is."""
        command = reconciling.resolve(request, self._backend.published(), actor_of(context))
        return reconciling.resolved(self._settle(command, context), self._backend.published())

    @unary
    def HandOver(  # noqa: N802
        self, request: pb.HandOverRequest, context: Context
    ) -> pb.HandOverResponse:
        """Give leadership to a standby."""
        self._govern(operators.hand_over(request, actor_of(context)), context)
        return operators.handed_over(self._backend.published())

    def _settle(self, command: Command, context: Context) -> Settled:
        result = self._backend.submit(command, wait_s(context))
        if not isinstance(result, Settled):
            raise InvariantViolated(f"a person was answered with {type(result).__name__}")
        return result

    def _govern(self, command: Command, context: Context) -> Governed:
        result = self._backend.submit(command, wait_s(context))
        if not isinstance(result, Governed):
            raise InvariantViolated(f"an operator was answered with {type(result).__name__}")
        return result

    # --- questions -------------------------------------------------------------------------------

    @unary
    def GetStatus(  # noqa: N802
        self, request: pb.GetStatusRequest, _context: Context
    ) -> pb.GetStatusResponse:
        """One instant of everything."""
        return self._status(request)

    @unary
    def GetRisk(  # noqa: N802
        self, _request: pb.GetRiskRequest, _context: Context
    ) -> pb.GetRiskResponse:
        """Budget and limits."""
        published = self._backend.published()
        return pb.GetRiskResponse(
            as_of=stamp(published.now_ns),
            daemon=status.daemon(published.daemon),
            risk=status.risk_of(published.risk, published.now_ns),
        )

    @unary
    def GetDaemon(  # noqa: N802
        self, _request: pb.GetDaemonRequest, _context: Context
    ) -> pb.GetDaemonResponse:
        """Who answers."""
        published = self._backend.published()
        return pb.GetDaemonResponse(
            as_of=stamp(published.now_ns), daemon=status.daemon(published.daemon)
        )

    @unary
    def GetSimReport(  # noqa: N802
        self, _request: pb.GetSimReportRequest, _context: Context
    ) -> pb.GetSimReportResponse:
        """Tape and invariants of a simulated exchange."""
        report = self._backend.sim_report()
        if report is None:
            raise Refused("NOT_SIMULATED", "this daemon is not on the simulated exchange.")
        return pb.GetSimReportResponse(document_json=report)

    @unary
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

    @unary
    def ListHistory(  # noqa: N802
        self, request: pb.ListHistoryRequest, _context: Context
    ) -> pb.ListHistoryResponse:
        """Closed positions and their sums."""
        published = self._backend.published()
        days = commands.count("days", request.days, default=_HISTORY_DAYS, most=_MOST_DAYS)
        limit = commands.count("limit", request.limit, default=_HISTORY_LIMIT, most=_MOST_ROWS)
        since = instant_ns(request, "since")
        until = instant_ns(request, "until")
        if since is not None:
            histories.check_range(since, until, published.now_ns, days=request.days)
        return histories.history(
            published,
            days=days,
            symbol=commands.symbol_filter(request.symbol, published),
            limit=limit,
            since_ns=since,
            until_ns=until,
        )

    @unary
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
            rows=[records.journal_row(row) for row in rows],
        )

    @unary
    def GetConfig(  # noqa: N802
        self, _request: pb.GetConfigRequest, _context: Context
    ) -> pb.GetConfigResponse:
        """Every key with its value."""
        published = self._backend.published()
        return pb.GetConfigResponse(
            as_of=stamp(published.now_ns),
            daemon=status.daemon(published.daemon),
            keys=[records.config_key(key) for key in self._backend.config()],
        )

    # --- checks ----------------------------------------------------------------------------------

    @unary
    def Doctor(  # noqa: N802
        self, _request: pb.DoctorRequest, _context: Context
    ) -> pb.DoctorResponse:
        """Every check, made now."""
        found = [checks.check(fact) for fact in self._backend.examine()]
        published = self._backend.published()
        daemon = status.daemon(published.daemon)
        return pb.DoctorResponse(as_of=stamp(published.now_ns), daemon=daemon, checks=found)

    @unary
    def TestAlert(  # noqa: N802
        self, _request: pb.TestAlertRequest, context: Context
    ) -> pb.TestAlertResponse:
        """A test by each way out."""
        found = [checks.check(fact) for fact in self._backend.test_alert(actor_of(context))]
        published = self._backend.published()
        daemon = status.daemon(published.daemon)
        return pb.TestAlertResponse(as_of=stamp(published.now_ns), daemon=daemon, checks=found)

    # --- streams ---------------------------------------------------------------------------------

    @stream
    def WatchStatus(  # noqa: N802
        self, request: pb.GetStatusRequest, context: Context
    ) -> Iterator[pb.GetStatusResponse]:
        """The status again and again, until the caller goes."""
        return streams.statuses(lambda: self._status(request), context, self._pause)

    def _status(self, request: pb.GetStatusRequest) -> pb.GetStatusResponse:
        """The same message for all who ask the same at the same time: nobody may change it."""

        def look() -> pb.GetStatusResponse:
            published = self._backend.published()
            symbol = commands.symbol_filter(request.symbol, published)
            return status.status(published, symbol=symbol, states=commands.states(request.states))

        return self._share(request.SerializeToString(), look)

    @stream
    def WatchEvents(  # noqa: N802
        self, request: pb.WatchEventsRequest, context: Context
    ) -> Iterator[pb.WatchEventsResponse]:
        """Journal rows as they come, until the caller goes."""
        rows = streams.rows(
            self._backend,
            self._position(request.position),
            request.after_seq,
            context,
            self._pause,
            until_now=request.until_now,
        )
        for row in rows:
            yield pb.WatchEventsResponse(row=records.journal_row(row))

    @stream
    def TailLogs(  # noqa: N802
        self, request: pb.TailLogsRequest, context: Context
    ) -> Iterator[pb.TailLogsResponse]:
        """Log lines as they are written, until the caller goes."""
        lines = streams.log_lines(
            self._backend,
            commands.log_filter(request.level, self._position(request.position)),
            commands.count("lines", request.lines, default=_LOG_LINES, most=LOG_LINES_KEPT),
            context,
            self._pause,
            follow=request.follow,
        )
        for line in lines:
            yield pb.TailLogsResponse(line=records.log_line(line))

    def _position(self, text: str) -> PositionId | None:
        """The position of a filter, or None for all."""
        return lookup.find_position(self._backend.published(), text).id if text else None
