"""A live robsond and clients that are not ours, through both doors: asked, watched, refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest

from robson.api.client import CallFailed, Client
from robson.api.v1 import robson_pb2 as pb
from robson.api.v1 import robson_pb2_grpc as rpc
from tests.e2e import shapes
from tests.e2e.harness import Robsond, arm, folder, running, until
from tests.e2e.strangers import SERVICE, STRANGERS, Door

OK, INVALID, DEADLINE, NOT_FOUND, DENIED, EXHAUSTED, NO_TOKEN = 0, 3, 4, 5, 7, 8, 16
BY_BOTH = pytest.mark.parametrize("stranger", STRANGERS, ids=lambda each: each.name)
THROUGH_BOTH = pytest.mark.parametrize("by", ["socket", "tcp"])
Note = Callable[[str, object], None]


class Live(NamedTuple):
    robsond: Robsond
    client: Client
    port: int
    tokens: dict[str, str]
    position: str

    def door(self, by: str) -> Door:
        if by == "socket":
            return Door(socket=self.robsond.place / "robsond.sock")
        return Door(port=self.port)

    def token(self, by: str, role: str = "admin") -> str | None:
        return self.tokens[role] if by == "tcp" else None


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    """One that holds a position, whose tape stands at one price for three minutes."""
    with folder() as made:
        past, tape = shapes.write_past(made), shapes.write_path(made, shapes.still(60))
        options = ("--tape", str(tape), "--history", str(past), "--hold", "--speed", "20")
        with running(made / "s", *options, fresh=True) as robsond:
            client = robsond.start()
            port = int(robsond.says_until("health")["grpc"].rpartition(":")[2])
            position = arm(client)
            robsond.protected(client, position)
            until(lambda: rests(client), "all that follows from the entry is written")
            yield Live(robsond, client, port, tokens(robsond.place), position)
            assert client.daemon().daemon.epoch == 1, "the same process, at the end of it all"


def rests(client: Client) -> bool:
    return [row.kind for row in client.watch(until_now=True)][-1] == "account_read.v1"


def tokens(place: Path) -> dict[str, str]:
    lines = (place / "token").read_text(encoding="ascii").split()
    return dict(line.split(":", 1) for line in lines)


@BY_BOTH
@THROUGH_BOTH
def test_it_says_what_it_can_do(live: Live, stranger: Any, by: str, record_property: Note) -> None:
    services = stranger.listed(live.door(by), live.token(by))
    calls = stranger.described(live.door(by), live.token(by))

    assert {SERVICE, "grpc.health.v1.Health"} <= set(services.out.split()), services.err
    missing = [
        method.name
        for method in pb.DESCRIPTOR.services_by_name["Robson"].methods
        if method.name not in calls.out
    ]
    assert not missing, calls.err
    record_property("happened", f"list and describe by {stranger.name}: {by}")


@BY_BOTH
@THROUGH_BOTH
def test_a_unary_call(live: Live, stranger: Any, by: str, record_property: Note) -> None:
    said = stranger.call(live.door(by), "GetStatus", token=live.token(by))

    assert said.status == OK, said.err
    [status] = said.answers
    [position] = status["positions"]
    assert position["id"] == live.position
    assert Decimal(position["stop_loss"]) == shapes.STOP["long"]
    assert status["daemon"]["account"] == "main"
    record_property("happened", f"unary by {stranger.name}: {by}")


DEADLINES_S = (1, 4, 16)
"""A stranger's deadline is for what it asks by reflection as well, and goes by there where the
machine is busy."""


def until_its_deadline(stranger: Any, live: Live, by: str, method: str) -> Any:
    """A call that has no end of its own, with the first deadline that leaves time for answers."""
    for within_s in DEADLINES_S:
        said = stranger.call(live.door(by), method, "{}", live.token(by), within_s=within_s)
        if said.answers:
            break
    return said


@BY_BOTH
@THROUGH_BOTH
def test_streams(live: Live, stranger: Any, by: str, record_property: Note) -> None:
    door, token = live.door(by), live.token(by)

    rows = stranger.call(door, "WatchEvents", '{"after_seq": 2, "until_now": true}', token)
    assert rows.status == OK, rows.err
    numbers = [int(each["row"]["seq"]) for each in rows.answers]
    assert numbers[0] == 3
    assert numbers == list(range(3, 3 + len(numbers)))
    assert len(numbers) > 5

    watched = until_its_deadline(stranger, live, by, "WatchStatus")
    assert watched.status == DEADLINE, "it is watched for ever, and the caller had seconds"
    assert watched.answers, "nothing was seen in seconds"
    assert {each["positions"][0]["id"] for each in watched.answers} == {live.position}

    logged = stranger.call(door, "TailLogs", f'{{"position": "{live.position}"}}', token)
    assert logged.status == OK, logged.err
    assert any("entry_filled BTCUSDT" in each["line"]["message"] for each in logged.answers)

    planned = stranger.call(door, "Panic", '{"dry_run": true}', token)
    assert planned.status == OK, planned.err
    assert planned.answers[-1]["dry_run"]
    record_property("happened", f"streams by {stranger.name}: {by}")


@BY_BOTH
@THROUGH_BOTH
@pytest.mark.parametrize(
    ("method", "data", "status", "words"),
    [
        ("GetStatus", '{"states": [99]}', INVALID, "state is 99; allowed is armed"),
        ("Arm", '{"symbol": "BTCUSDT", "side": 42, "idempotency_key": "k"}', INVALID, "side is 42"),
        ("TailLogs", '{"level": 9}', INVALID, "level is 9; allowed is debug"),
        ("WatchEvents", '{"after_seq": 99999}', INVALID, "after_seq is 99999"),
        ("GetPosition", '{"position": "ZZZZ99"}', NOT_FOUND, "POSITION_NOT_FOUND"),
        ("Panic", json.dumps({"reason": "x" * 5_000_000}), EXHAUSTED, "larger than max"),
    ],
    ids=["state", "side", "level", "sequence", "position", "5 MB"],
)
def test_a_wrong_request_has_the_right_status(
    live: Live, stranger: Any, by: str, method: str, data: str, status: int, words: str
) -> None:
    before = live.client.daemon().daemon.journal.seq
    said = stranger.call(live.door(by), method, data, live.token(by))

    assert (said.status, words in said.err) == (status, True), said.err[:500]
    assert live.client.daemon().daemon.journal.seq == before, "nothing was changed"


@BY_BOTH
@THROUGH_BOTH
def test_a_deadline_ends_a_call(live: Live, stranger: Any, by: str) -> None:
    said = until_its_deadline(stranger, live, by, "WatchEvents")

    assert said.status == DEADLINE, said.err
    assert len(said.answers) > 5, "what came before stays"


@BY_BOTH
def test_no_token_and_a_wrong_one(live: Live, stranger: Any) -> None:
    """By reflection nothing can be learnt; grpcurl is told nothing else, buf finds no service."""
    for token in (None, "0" * 64, live.tokens["admin"][:-1]):
        listed = stranger.listed(live.door("tcp"), token)
        assert SERVICE not in listed.out
        called = stranger.call(live.door("tcp"), "GetStatus", token=token)
        assert called.status != OK
        assert not called.answers
    assert stranger.listed(live.door("socket")).status == OK, "the socket needs none"


@pytest.mark.parametrize("secret", [None, "0" * 64])
def test_no_token_is_unauthenticated_for_every_call(live: Live, secret: str | None) -> None:
    stub = rpc.RobsonStub(grpc.insecure_channel(f"127.0.0.1:{live.port}"))
    metadata = [("authorization", f"Bearer {secret}")] if secret else []
    methods = pb.DESCRIPTOR.services_by_name["Robson"].methods
    assert len(methods) > 10
    for method in methods:
        request = method.input_type._concrete_class()
        call = getattr(stub, method.name)
        with pytest.raises(grpc.RpcError) as refused:
            next(iter(call(request, timeout=10, metadata=metadata)))
        assert refused.value.code().value[0] == NO_TOKEN, method.name


@BY_BOTH
def test_a_viewer_may_not_change_anything(live: Live, stranger: Any) -> None:
    before = live.client.daemon().daemon.journal.seq
    for method in ("Arm", "Disarm", "Panic"):
        said = stranger.call(live.door("tcp"), method, token=live.tokens["viewer"])
        assert said.status == DENIED, said.err
        assert "trader is needed" in said.err
    said = stranger.call(live.door("tcp"), "TriggerHalt", token=live.tokens["trader"])
    assert (said.status, "admin is needed" in said.err) == (DENIED, True), said.err
    assert stranger.call(live.door("tcp"), "GetStatus", token=live.tokens["viewer"]).status == OK
    assert live.client.daemon().daemon.journal.seq == before


def test_a_token_is_nowhere_but_in_its_file(live: Live, record_property: Note) -> None:
    """Not in the log, the journal, the books, an answer or the process list, used or refused."""
    by_token = Client(f"grpc://127.0.0.1:{live.port}", token=live.tokens["admin"])
    viewer = Client(f"grpc://127.0.0.1:{live.port}", token=live.tokens["viewer"])
    for refused in (
        lambda: by_token.disarm(live.position),
        lambda: viewer.disarm(live.position),
        lambda: Client(f"grpc://127.0.0.1:{live.port}", token="f" * 64).status(),
    ):
        with pytest.raises(CallFailed) as said:
            refused()
        assert not any(token in str(said.value.details) for token in live.tokens.values())
    seen = {
        path.relative_to(live.robsond.place).as_posix(): path.read_bytes()
        for path in live.robsond.place.rglob("*")
        if path.is_file() and path.name != "token"
    }
    seen |= {
        "config": str(by_token.config()).encode(),
        "status": str(by_token.status()).encode(),
        "log": str(list(by_token.logs(level="debug"))).encode(),
        "rows": str(list(by_token.watch(until_now=True))).encode(),
        "process": Path(f"/proc/{live.robsond.pid}/cmdline").read_bytes(),
    }
    found = [
        f"{role} token in {name}"
        for role, token in live.tokens.items()
        for name, text in seen.items()
        if token.encode() in text
    ]

    assert {"journal.db", "logs/robsond.log", "exchange/books.db"} <= set(seen)
    assert b"refused" in seen["logs/robsond.log"]
    assert not found
    record_property("note", f"no token in {len(seen)} places")


@THROUGH_BOTH
def test_one_millisecond(live: Live, by: str, record_property: Note) -> None:
    """The programs above count from their own start, so their calls never leave in a millisecond.

    This one has its connection already. A call that is answered in time is no failure.
    """
    target = f"127.0.0.1:{live.port}" if by == "tcp" else f"unix:{live.door(by).socket}"
    stub = rpc.RobsonStub(grpc.insecure_channel(target))
    metadata = [("authorization", f"Bearer {live.tokens['viewer']}")]
    stub.GetDaemon(pb.GetDaemonRequest(), timeout=10, metadata=metadata)
    late = 0
    for _ in range(20):
        with pytest.raises(grpc.RpcError) as over:
            list(stub.WatchEvents(pb.WatchEventsRequest(), timeout=0.001, metadata=metadata))
        assert over.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        late += 1
    assert stub.GetDaemon(pb.GetDaemonRequest(), timeout=10, metadata=metadata).daemon.epoch == 1
    record_property("note", f"1 ms deadline through {by}: {late} of 20 DEADLINE_EXCEEDED")
