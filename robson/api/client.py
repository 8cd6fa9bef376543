"""A caller's side of the API: one channel to one daemon, wire messages in and out.

It imports grpc and the wire types and nothing else of Robson, because every command of the CLI
pays for what stands here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from robson.api.errors import HEADER, code_of_status
from robson.api.v1 import robson_pb2 as pb

_OPTIONS = (
    ("grpc.enable_retries", 0),  # a command is sent once
    ("grpc.enable_http_proxy", 0),  # loopback needs no proxy, whatever the environment says
    ("grpc.max_receive_message_length", -1),
)
_SERVICE = "/robson.api.v1.Robson/"
_UNIX = "unix://"
_TCP = "grpc://"

_Answer = TypeVar("_Answer", bound=Message)


class CallFailed(Exception):
    """A call was refused, or not answered.

    Attributes:
        code: as in the error table.
        details: what was measured; values are text.
        answered: the daemon itself said so; otherwise the transport did, and a command that had
            been sent may have been taken.
    """

    def __init__(
        self, code: str, message: str, details: Mapping[str, Any], *, answered: bool
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details)
        self.answered = answered


class Client:
    """Calls one daemon; close it when done, or let the process end.

    Args:
        door: ``unix:///path`` or ``grpc://127.0.0.1:50051``.
        token: shown on the TCP door; not needed on the socket.
        actor: who asks, journaled with every change.
        timeout_s: deadline of each call.
    """

    def __init__(
        self, door: str, *, token: str | None = None, actor: str = "", timeout_s: float = 5.0
    ) -> None:
        self.door = door
        self.timeout_s = timeout_s
        self._channel = grpc.insecure_channel(_target(door), options=_OPTIONS)
        self._metadata: tuple[tuple[str, str], ...] = (("x-actor", actor),) if actor else ()
        if token:
            self._metadata = (*self._metadata, ("authorization", f"Bearer {token}"))

    def close(self) -> None:
        """End open calls."""
        self._channel.close()

    def arm(
        self,
        *,
        symbol: str,
        strategy: str = "",
        side: str | None = None,
        capital: str | None = None,
        leverage: int | None = None,
        dry_run: bool = False,
        idempotency_key: str = "",
    ) -> pb.ArmResponse:
        """Wait for one signal, or plan. ``side``: long, short, auto, or None for the bias."""
        request = pb.ArmRequest(
            symbol=symbol,
            strategy=strategy,
            side=f"SIDE_{(side or 'unspecified').upper()}",
            capital=capital or "",
            leverage=leverage or 0,
            dry_run=dry_run,
            idempotency_key=idempotency_key,
        )
        return self._call("Arm", request, pb.ArmResponse)

    def disarm(self, position: str, *, force: bool = False) -> pb.DisarmResponse:
        """Stop waiting."""
        request = pb.DisarmRequest(position=position, force=force)
        return self._call("Disarm", request, pb.DisarmResponse)

    def panic(
        self,
        *,
        symbol: str | None = None,
        dry_run: bool = False,
        reason: str = "",
        timeout_s: float | None = None,
    ) -> Iterator[pb.PanicProgress]:
        """Leave now; yields progress until it is done, or ends short of ``timeout_s``."""
        request = pb.PanicRequest(symbol=symbol or "", dry_run=dry_run, reason=reason)
        return self._stream("Panic", request, pb.PanicProgress, timeout_s or self.timeout_s)

    def set_runtime_state(self, state: str, *, reason: str) -> pb.SetRuntimeStateResponse:
        """Take entries again (``running``), or not any more (``paused``, ``draining``)."""
        name = f"RUNTIME_STATE_{state.upper()}"
        request = pb.SetRuntimeStateRequest(state=name, reason=reason)
        return self._call("SetRuntimeState", request, pb.SetRuntimeStateResponse)

    def trigger_halt(self, *, reason: str, clear: bool = False) -> pb.TriggerHaltResponse:
        """Halt entries for the month, or clear the halt."""
        request = pb.TriggerHaltRequest(reason=reason, clear=clear)
        return self._call("TriggerHalt", request, pb.TriggerHaltResponse)

    def clear_degraded(self, scope: str, *, reason: str) -> pb.ClearDegradedResponse:
        """Let a frozen scope take entries again."""
        request = pb.ClearDegradedRequest(scope=scope, reason=reason)
        return self._call("ClearDegraded", request, pb.ClearDegradedResponse)

    def reconcile(self, symbol: str = "", *, report_only: bool = False) -> pb.ReconcileResponse:
        """Look at a pair, or at every pair, as a whole now."""
        request = pb.ReconcileRequest(symbol=symbol, report_only=report_only)
        return self._call("Reconcile", request, pb.ReconcileResponse)

    def reconcile_close(
        self, position: str, evidence_json: str, *, reason: str
    ) -> pb.ReconcileCloseResponse:
        """Close a position that is gone, with the trades that show how, as JSON text."""
        request = pb.ReconcileCloseRequest(
            position=position, evidence_json=evidence_json, reason=reason
        )
        return self._call("ReconcileClose", request, pb.ReconcileCloseResponse)

    def resolve(
        self, position: str, target: str, *, reason: str, evidence_json: str = ""
    ) -> pb.ResolveResponse:
        """Say what a position in error really is."""
        request = pb.ResolveRequest(
            position=position,
            target=f"POSITION_STATE_{target.upper()}",
            evidence_json=evidence_json,
            reason=reason,
        )
        return self._call("Resolve", request, pb.ResolveResponse)

    def hand_over(self, *, reason: str) -> pb.HandOverResponse:
        """Give leadership to a standby."""
        return self._call("HandOver", pb.HandOverRequest(reason=reason), pb.HandOverResponse)

    def status(
        self, *, symbol: str | None = None, states: tuple[str, ...] = ()
    ) -> pb.GetStatusResponse:
        """One instant of everything; without states, what still needs the monitor."""
        request = _status_request(symbol, states)
        return self._call("GetStatus", request, pb.GetStatusResponse)

    def risk(self) -> pb.GetRiskResponse:
        """Budget and limits."""
        return self._call("GetRisk", pb.GetRiskRequest(), pb.GetRiskResponse)

    def daemon(self) -> pb.GetDaemonResponse:
        """Who answers."""
        return self._call("GetDaemon", pb.GetDaemonRequest(), pb.GetDaemonResponse)

    def sim_report(self) -> str:
        """Tape and invariants of a simulated exchange, as JSON text."""
        request = pb.GetSimReportRequest()
        return self._call("GetSimReport", request, pb.GetSimReportResponse).document_json

    def position(self, position: str) -> pb.GetPositionResponse:
        """One position by id, suffix, client order id or symbol."""
        request = pb.GetPositionRequest(position=position)
        return self._call("GetPosition", request, pb.GetPositionResponse)

    def history(
        self,
        *,
        days: int = 0,
        symbol: str | None = None,
        limit: int = 0,
        since_ns: int | None = None,
        until_ns: int | None = None,
    ) -> pb.ListHistoryResponse:
        """Closed positions; zeros take the daemon's defaults. ``since`` and ``until``: ns, UTC."""
        request = pb.ListHistoryRequest(days=days, symbol=symbol or "", limit=limit)
        for field, at_ns in (("since", since_ns), ("until", until_ns)):
            if at_ns is not None:
                getattr(request, field).FromNanoseconds(at_ns)
        return self._call("ListHistory", request, pb.ListHistoryResponse)

    def explain(self, position: str) -> pb.ExplainResponse:
        """A position with its journal rows."""
        request = pb.ExplainRequest(position=position)
        return self._call("Explain", request, pb.ExplainResponse)

    def config(self) -> pb.GetConfigResponse:
        """Every key of the daemon's configuration."""
        return self._call("GetConfig", pb.GetConfigRequest(), pb.GetConfigResponse)

    def doctor(self) -> pb.DoctorResponse:
        """Every check of machine and exchange, made now."""
        return self._call("Doctor", pb.DoctorRequest(), pb.DoctorResponse)

    def test_alert(self) -> pb.TestAlertResponse:
        """Send a test by each way by which alerts leave."""
        return self._call("TestAlert", pb.TestAlertRequest(), pb.TestAlertResponse)

    # --- streams: without ``timeout_s`` for ever -------------------------------------------------

    def watch_status(
        self,
        *,
        symbol: str | None = None,
        states: tuple[str, ...] = (),
        timeout_s: float | None = None,
    ) -> Iterator[pb.GetStatusResponse]:
        """The status whenever it has changed, at most four times a second."""
        request = _status_request(symbol, states)
        yield from self._stream("WatchStatus", request, pb.GetStatusResponse, timeout_s)

    def watch(
        self,
        *,
        after_seq: int = 0,
        position: str = "",
        until_now: bool = False,
        timeout_s: float | None = None,
    ) -> Iterator[pb.JournalRow]:
        """Journal rows as they come; with ``until_now`` only those that there are."""
        request = pb.WatchEventsRequest(after_seq=after_seq, position=position, until_now=until_now)
        for answer in self._stream("WatchEvents", request, pb.WatchEventsResponse, timeout_s):
            yield answer.row

    def logs(
        self,
        *,
        level: str = "info",
        position: str = "",
        lines: int = 0,
        follow: bool = False,
        timeout_s: float | None = None,
    ) -> Iterator[pb.LogLine]:
        """The newest lines of the daemon's log, and with ``follow`` each new one."""
        request = pb.TailLogsRequest(
            level=f"LOG_LEVEL_{level.upper()}", position=position, lines=lines, follow=follow
        )
        for answer in self._stream("TailLogs", request, pb.TailLogsResponse, timeout_s):
            yield answer.line

    # One multicallable is made for the call at hand: the generated stub makes all of them.

    def _call(self, name: str, request: Message, answer: type[_Answer]) -> _Answer:
        method = self._channel.unary_unary(
            f"{_SERVICE}{name}",
            request_serializer=_to_wire,
            response_deserializer=answer.FromString,
        )
        try:
            return method(request, timeout=self.timeout_s, metadata=self._metadata)
        except grpc.RpcError as error:
            raise _failed(error) from None

    def _stream(
        self, name: str, request: Message, answer: type[_Answer], timeout_s: float | None
    ) -> Iterator[_Answer]:
        method = self._channel.unary_stream(
            f"{_SERVICE}{name}",
            request_serializer=_to_wire,
            response_deserializer=answer.FromString,
        )
        try:
            yield from method(request, timeout=timeout_s, metadata=self._metadata)
        except grpc.RpcError as error:
            raise _failed(error) from None


def _status_request(symbol: str | None, states: tuple[str, ...]) -> pb.GetStatusRequest:
    names = [f"POSITION_STATE_{each.upper()}" for each in states]
    return pb.GetStatusRequest(symbol=symbol or "", states=names)


def _to_wire(message: Message) -> bytes:
    return message.SerializeToString()


def _target(door: str) -> str:
    if door.startswith(_UNIX):
        return f"unix:{door.removeprefix(_UNIX)}"
    return f"ipv4:{door.removeprefix(_TCP)}"


def _failed(error: Any) -> CallFailed:
    """The daemon's own words where it sent some, else the transport's status."""
    for key, value in error.trailing_metadata() or ():
        if key == HEADER:
            import json  # noqa: PLC0415 - only an error pays for it

            said = json.loads(value)
            return CallFailed(said["code"], said["message"], said["details"], answered=True)
    status: str = error.code().name
    return CallFailed(code_of_status(status), error.details() or status, {}, answered=False)
