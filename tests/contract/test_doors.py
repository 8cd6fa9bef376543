"""The two doors with a real client: who comes in, what is refused, and that nothing ends them."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from robson.api.client import CallFailed, Client
from robson.api.doors import DoorError
from robson.api.interceptors import MAX_STREAMS, ROLE_OF
from robson.api.server import ApiServer
from robson.api.service import WATCHED_PANICS
from robson.api.tokens import ROLES, Token
from robson.api.v1 import robson_pb2 as pb
from robson.api.v1 import robson_pb2_grpc as rpc
from robson.domain.commands import Command, Panic
from robson.domain.errors import Refused
from tests.contract import lives
from tests.contract.fake_daemon import (
    ADMIN,
    TOKENS,
    TRADER,
    VIEWER,
    FakeBackend,
    listening,
    no_thread_left,
)

BOTH = pytest.mark.parametrize("door", ["socket", "tcp"])


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def doors(backend: FakeBackend) -> Iterator[Any]:
    with listening(backend, tcp=True) as (_, opened):
        yield opened


def client(doors: Any, door: str, secret: str | None = ADMIN.secret) -> Client:
    return Client(getattr(doors, door), token=secret if door == "tcp" else None, actor="me@here")


def channel(doors: Any, door: str) -> grpc.Channel:
    if door == "tcp":
        return grpc.insecure_channel(f"127.0.0.1:{doors.port}")
    return grpc.insecure_channel(doors.socket.replace("unix://", "unix:"))


# --- who comes in --------------------------------------------------------------------------------


@BOTH
def test_both_doors_give_the_same_status(doors: Any, door: str) -> None:
    answer = client(doors, door).status()

    assert [each.id for each in answer.positions] == [lives.BTC_ID, lives.SOL_ID]
    assert answer.daemon.profile == "sim"


@pytest.mark.parametrize(
    "secret", [None, "", "wrong" * 10, VIEWER.secret[:-1], VIEWER.secret + "x"]
)
def test_tcp_refuses_who_has_no_token_of_the_file(doors: Any, secret: str | None) -> None:
    metadata = None if secret is None else (("authorization", f"Bearer {secret}"),)
    stub = rpc.RobsonStub(channel(doors, "tcp"))

    with pytest.raises(grpc.RpcError) as refused:
        stub.GetStatus(pb.GetStatusRequest(), timeout=5, metadata=metadata)

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert VIEWER.secret not in refused.value.details()


def test_a_token_in_another_scheme_is_none(doors: Any) -> None:
    stub = rpc.RobsonStub(channel(doors, "tcp"))

    with pytest.raises(grpc.RpcError) as refused:
        stub.GetStatus(
            pb.GetStatusRequest(),
            timeout=5,
            metadata=(("authorization", f"Basic {ADMIN.secret}"),),
        )

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize(
    ("secret", "may_change"),
    [(VIEWER.secret, False), (TRADER.secret, True), (ADMIN.secret, True)],
)
def test_a_viewer_looks_and_a_trader_changes(
    doors: Any, backend: FakeBackend, secret: str, *, may_change: bool
) -> None:
    caller = client(doors, "tcp", secret)
    caller.status()
    caller.history()
    caller.explain("BTCUSDT")

    if may_change:
        assert caller.disarm("SOLUSDT").outcome == pb.DISARM_OUTCOME_CANCELLED
    else:
        with pytest.raises(CallFailed) as refused:
            caller.disarm("SOLUSDT")
        assert refused.value.code == "PERMISSION_DENIED"
        with pytest.raises(CallFailed) as refused:
            next(caller.panic())
        assert refused.value.code == "PERMISSION_DENIED"
        assert not backend.commands


@BOTH
def test_health_needs_no_token_and_says_when_it_stops(backend: FakeBackend, door: str) -> None:
    with listening(backend, tcp=True) as (server, doors):
        stub = health_pb2_grpc.HealthStub(channel(doors, door))
        request = health_pb2.HealthCheckRequest(service="robson.api.v1.Robson")

        assert stub.Check(request, timeout=5).status == health_pb2.HealthCheckResponse.SERVING
        server.set_serving(serving=False)
        assert stub.Check(request, timeout=5).status == health_pb2.HealthCheckResponse.NOT_SERVING


def _services(doors: Any, door: str, secret: str | None) -> list[str]:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel(doors, door))
    ask = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
    metadata = (("authorization", f"Bearer {secret}"),) if secret else ()
    answers = list(stub.ServerReflectionInfo(ask, timeout=5, metadata=metadata))
    return [each.name for each in answers[0].list_services_response.service]


@BOTH
def test_reflection_lists_the_services(doors: Any, door: str) -> None:
    names = _services(doors, door, VIEWER.secret if door == "tcp" else None)

    assert "robson.api.v1.Robson" in names
    assert "grpc.health.v1.Health" in names


def test_reflection_on_tcp_needs_the_token(doors: Any) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        _services(doors, "tcp", None)

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_the_actor_is_what_the_caller_says_without_what_cannot_be_printed(
    doors: Any, backend: FakeBackend
) -> None:
    Client(doors.socket, actor="ops@edge-1").disarm("SOLUSDT")

    assert backend.commands[0].actor == "ops@edge-1"


# --- what is refused -----------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("call", "request_", "said"),
    [
        ("GetStatus", pb.GetStatusRequest(states=[99]), "state is 99"),  # type: ignore[list-item]
        ("GetStatus", pb.GetStatusRequest(states=[0]), "state is 0"),  # type: ignore[list-item]
        (
            "Arm",
            pb.ArmRequest(symbol="BTCUSDT", side=77, idempotency_key="k"),  # type: ignore[arg-type]
            "side is 77; allowed is long, short",
        ),
    ],
    ids=["unheard-of state", "unspecified state", "unheard-of side"],
)
def test_a_number_outside_of_an_enum_is_refused_with_what_is_allowed(
    doors: Any, door: str, call: str, request_: Any, said: str
) -> None:
    metadata = (("authorization", f"Bearer {ADMIN.secret}"),)

    with pytest.raises(grpc.RpcError) as refused:
        getattr(rpc.RobsonStub(channel(doors, door)), call)(request_, timeout=5, metadata=metadata)

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert said in refused.value.details()


def test_a_request_larger_than_64_kib_is_refused(doors: Any, backend: FakeBackend) -> None:
    with pytest.raises(CallFailed) as refused:
        client(doors, "socket").disarm("x" * 70_000)

    assert refused.value.code == "RESOURCE_EXHAUSTED"
    assert not backend.commands


def test_a_command_without_an_answer_in_time_is_pending(doors: Any, backend: FakeBackend) -> None:
    def never(_command: Command, _timeout_s: float) -> Any:
        raise TimeoutError

    backend.answer = never
    caller = client(doors, "socket")
    caller.timeout_s = 2.0

    with pytest.raises(CallFailed) as refused:
        caller.disarm("SOLUSDT")

    assert refused.value.code == "PENDING"
    assert refused.value.answered
    assert 0 < backend.waits[0] < 2.0, "the answer must leave before the caller's deadline"


def test_a_defect_in_a_handler_is_internal_and_tells_nothing(backend: FakeBackend) -> None:
    def broken(_command: Command, _timeout_s: float) -> Any:
        raise ZeroDivisionError("the secret 1234")

    told: list[str] = []
    backend.answer = broken
    with listening(backend, errors=told) as (_, doors):
        caller = Client(doors.socket)
        with pytest.raises(CallFailed) as refused:
            caller.disarm("SOLUSDT")
        assert refused.value.code == "INTERNAL"
        assert "1234" not in str(refused.value)
        assert "Traceback" not in str(refused.value)
        assert caller.status().daemon.profile == "sim", "the process goes on"
    assert told == ["Disarm: ZeroDivisionError('the secret 1234')"]


def test_a_defect_in_a_stream_is_internal(backend: FakeBackend) -> None:
    def broken(_command: Command, _timeout_s: float) -> Any:
        raise ZeroDivisionError

    backend.answer = broken
    with listening(backend) as (_, doors), pytest.raises(CallFailed) as refused:
        list(Client(doors.socket).panic())

    assert refused.value.code == "INTERNAL"


def test_a_refusal_carries_code_message_and_numbers(doors: Any, backend: FakeBackend) -> None:
    def deny(_command: Command, _timeout_s: float) -> Any:
        raise Refused("risk_budget_insufficient", "not enough.", (("needs", "99.87"),))

    backend.answer = deny
    with pytest.raises(CallFailed) as refused:
        client(doors, "socket").arm(symbol="BTCUSDT", idempotency_key="k")

    assert refused.value.code == "risk_budget_insufficient"
    assert refused.value.details == {"needs": "99.87"}


# --- streams -------------------------------------------------------------------------------------


def test_the_ninth_stream_is_refused_and_panic_is_not(doors: Any, backend: FakeBackend) -> None:
    callers = [client(doors, "socket") for _ in range(MAX_STREAMS)]
    streams = [each.watch() for each in callers]
    for stream in streams:
        next(stream)

    with pytest.raises(CallFailed) as refused:
        next(client(doors, "socket").watch())
    assert refused.value.code == "RESOURCE_EXHAUSTED"
    assert next(client(doors, "socket").panic()).done
    assert isinstance(backend.commands[-1], Panic)


def test_a_closed_stream_makes_room(doors: Any) -> None:
    for _ in range(3 * MAX_STREAMS):
        caller = client(doors, "socket")
        assert _rows_once_there_is_room(caller, 3) == 3
        caller.close()


def _first(stream: Iterator[Any], count: int) -> Iterator[Any]:
    for _ in range(count):
        yield next(stream)


def _rows_once_there_is_room(caller: Client, count: int) -> int:
    """A closed stream is noticed within a moment: ask until there is room, with a bound."""
    for _ in range(2_000):
        try:
            return len(list(_first(caller.watch(after_seq=1), count)))
        except CallFailed as failed:
            if failed.code != "RESOURCE_EXHAUSTED":
                raise
    pytest.fail("no room for another stream")


def test_more_panics_than_can_be_followed_are_carried_out(doors: Any, backend: FakeBackend) -> None:
    backend.answer = lambda _command, _timeout: _still_leaving()
    callers = [client(doors, "socket") for _ in range(WATCHED_PANICS)]
    followed = [each.panic(timeout_s=30) for each in callers]
    for stream in followed:
        assert not next(stream).done
    [leaving] = [each for each in backend.view.positions if each.id == lives.BTC_ID]
    backend.replace(attrs.evolve(leaving, version=leaving.version + 1))
    for stream in followed:
        assert not next(stream).done, "it is followed: a first answer is given without a place"

    further = list(client(doors, "socket").panic(timeout_s=30))

    assert len(further) == 1
    assert not further[0].done
    assert len(backend.commands) == WATCHED_PANICS + 1


def _still_leaving() -> Any:
    from robson.api.published import Panicked

    return Panicked(actions=((lives.BTC_ID, "exit"),), started_ns=lives.NOON)


def test_a_simulated_daemon_reports_and_another_refuses(doors: Any, backend: FakeBackend) -> None:
    backend.report = '{"invariants": {"checked": {"S1": 3}, "violated": []}}'
    assert client(doors, "tcp", VIEWER.secret).sim_report() == backend.report

    backend.report = None
    with pytest.raises(CallFailed, match="not on the simulated exchange") as refused:
        client(doors, "tcp", VIEWER.secret).sim_report()
    assert refused.value.code == "NOT_SIMULATED"


METHODS = tuple(pb.DESCRIPTOR.services_by_name["Robson"].methods)


def test_every_call_of_the_service_has_a_role() -> None:
    assert set(ROLE_OF) == {method.name for method in METHODS}
    assert set(ROLE_OF.values()) <= set(ROLES)


@pytest.mark.parametrize("token", TOKENS, ids=lambda each: each.role)
@pytest.mark.parametrize("method", METHODS, ids=lambda each: each.name)
def test_a_role_may_call_what_the_table_says_and_nothing_else(
    doors: Any, backend: FakeBackend, method: Any, token: Token
) -> None:
    """Every call with every role; what comes after the gate is no matter here."""
    may = ROLES.index(token.role) >= ROLES.index(ROLE_OF[method.name])
    call = getattr(rpc.RobsonStub(channel(doors, "tcp")), method.name)
    metadata = (("authorization", f"Bearer {token.secret}"),)
    code = grpc.StatusCode.OK
    try:
        answer = call(method.input_type._concrete_class(), timeout=5, metadata=metadata)
        next(iter(answer), None) if method.server_streaming else None
    except grpc.RpcError as refused:
        code = refused.code()

    assert (code is not grpc.StatusCode.PERMISSION_DENIED) is may, code
    assert code is not grpc.StatusCode.UNAUTHENTICATED
    if not may:
        assert not backend.commands


def test_watch_events_resumes_after_a_row(doors: Any) -> None:
    rows = list(_first(client(doors, "socket").watch(after_seq=1044), 2))

    assert [row.seq for row in rows] == [1045, 1046]


# --- opening -------------------------------------------------------------------------------------


def test_the_socket_is_for_its_owner_unless_told(backend: FakeBackend) -> None:
    for mode in (0o600, 0o660):
        with short_folder() as folder:
            path = Path(folder) / "robsond.sock"
            server = ApiServer(backend, socket_path=str(path), port=None, socket_mode=mode)
            before = os.umask(0)
            os.umask(before)
            server.start()
            assert stat.S_IMODE(path.stat().st_mode) == mode
            after = os.umask(before)
            assert after == before, "the umask is only ours while we bind"
            server.stop(0)
            assert not path.exists()


def short_folder() -> tempfile.TemporaryDirectory[str]:
    """A socket path may have 100 bytes; pytest's own folders are longer."""
    return tempfile.TemporaryDirectory(prefix="rb")


def test_a_path_over_100_bytes_is_refused_with_the_way_out(backend: FakeBackend) -> None:
    server = ApiServer(backend, socket_path="/tmp/" + "x" * 100, port=None)

    with pytest.raises(DoorError, match=r"allowed is 100.*--state-dir"):
        server.start()


def test_a_socket_that_a_dead_daemon_left_is_taken_over(backend: FakeBackend) -> None:
    with short_folder() as folder:
        path = f"{folder}/robsond.sock"
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(path)
        server = ApiServer(backend, socket_path=path, port=None)
        doors = server.start()
        assert Client(str(doors.socket)).status().daemon.profile == "sim"
        server.stop(0)


def test_a_socket_with_a_daemon_behind_it_is_not_taken(backend: FakeBackend) -> None:
    with listening(backend) as (_, doors):
        second = ApiServer(
            backend, socket_path=str(doors.socket).removeprefix("unix://"), port=None
        )
        with pytest.raises(DoorError, match="another robsond answers"):
            second.start()


def test_a_file_in_the_way_is_not_removed(backend: FakeBackend) -> None:
    with short_folder() as folder:
        path = Path(folder) / "robsond.sock"
        path.write_text("precious")
        with pytest.raises(DoorError, match="is no socket"):
            ApiServer(backend, socket_path=str(path), port=None).start()
        assert path.read_text() == "precious"


def test_a_port_in_use_names_the_option(backend: FakeBackend) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = ApiServer(backend, socket_path=None, port=port, tokens=TOKENS)

        with pytest.raises(DoorError, match=rf"port {port} .* is taken.*api\.grpc"):
            server.start()


def test_a_tcp_door_without_tokens_is_not_opened(backend: FakeBackend) -> None:
    with pytest.raises(DoorError, match="token"):
        ApiServer(backend, socket_path=None, port=0, tokens=())


def test_two_daemons_cannot_share_a_port(backend: FakeBackend) -> None:
    with listening(backend, tcp=True) as (_, doors):
        second = ApiServer(backend, socket_path=None, port=doors.port, tokens=TOKENS)
        with pytest.raises(DoorError, match="is taken"):
            second.start()


def test_stopping_lets_go_of_every_thread(backend: FakeBackend) -> None:
    with listening(backend, tcp=True) as (_, doors):
        client(doors, "tcp").status()
        next(client(doors, "socket").panic())

    ended = threading.Event()
    for _ in range(600):
        if no_thread_left():
            break
        ended.wait(0.05)
    assert no_thread_left()
