"""Planted secrets are nowhere: a life with refusals, two crashes and a dump, then every byte of it.

The tokens are those of the token file, and one that a stranger tries; a key file lies where the
service manager would put it. What is searched: the state directory, what every process printed,
every answer, and the command line and environment of the processes while they live.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from robson.api.v1 import robson_pb2 as pb
from robson.api.v1 import robson_pb2_grpc as rpc
from tests.e2e import shapes
from tests.e2e.harness import BOUND_S, ROOT, Robsond, arm, dying, environment, folder, running

Note = Callable[[str, object], None]
CANARY = "canary0c0ffee"
TOKENS = {role: f"{CANARY}{role}".ljust(64, "0") for role in ("viewer", "trader", "admin")}
STRANGER = f"{CANARY}stranger".ljust(64, "0")
KEY = f"-----BEGIN PRIVATE KEY-----\n{CANARY}key\n-----END PRIVATE KEY-----\n"
ASKED = (
    ("status",),
    ("history",),
    ("explain", "BTCUSDT"),
    ("config",),
    ("panic", "--dry-run"),
    ("arm", "BTCUSDT", "--dry-run"),
    ("disarm", "NOBODY"),
)


class Seen:
    """Everything that was seen, by where."""

    def __init__(self) -> None:
        self.places: dict[str, bytes] = {}

    def add(self, where: str, what: bytes | str) -> None:
        """Remember something, under a name of its own."""
        data = what if isinstance(what, bytes) else what.encode()
        self.places[f"{len(self.places)} {where}"] = data

    def files(self, folder: Path) -> None:
        """Every file of a state directory but the token file."""
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.name != "token":
                self.add(str(path.relative_to(folder)), path.read_bytes())

    def process(self, pid: int) -> None:
        """What others on the machine may see of a process."""
        for name in ("cmdline", "environ", "comm", "status"):
            self.add(f"/proc/{name}", Path(f"/proc/{pid}/{name}").read_bytes())

    def leaks(self) -> list[str]:
        """Where a secret stands."""
        return [where for where, data in self.places.items() if CANARY.encode() in data]


@pytest.fixture
def robsond() -> Iterator[Robsond]:
    """One with tokens of ours, and a key file where the service manager puts it."""
    with folder() as made:
        past, tape = shapes.write_past(made), shapes.write_path(made, shapes.still(600))
        (made / "s").mkdir(mode=0o700)
        token = made / "s" / "token"
        token.touch(0o600)
        token.write_text("".join(f"{role}:{secret}\n" for role, secret in TOKENS.items()))
        keys = made / "keys"
        keys.mkdir()
        (keys / "exchange.pem").write_text(KEY)
        options = ("--tape", str(tape), "--history", str(past), "--hold", "--speed", "20")
        with running(made / "s", *options, fresh=True, CREDENTIALS_DIRECTORY=str(keys)) as one:
            yield one


def ask(seen: Seen, door: str, token_file: Path) -> int:
    """Every command as a person and as a program types it; how many were asked."""
    for words in ASKED:
        for more in ((), ("--json",)):
            ran = subprocess.run(
                [sys.executable, "-m", "robson.cli.main", "--daemon-url", door, *words, *more],
                cwd=ROOT,
                env=environment(ROBSON_TOKEN_FILE=str(token_file)),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=BOUND_S,
                check=False,
            )
            seen.add(f"robson {' '.join(words)} {' '.join(more)}", ran.stdout + ran.stderr)
    return 2 * len(ASKED)


def strangers(address: str, seen: Seen) -> None:
    """Calls with a token that is none, and with one that may not."""
    with grpc.insecure_channel(address) as channel:
        stub = rpc.RobsonStub(channel)
        for secret in (STRANGER, TOKENS["viewer"]):
            metadata = (("authorization", f"Bearer {secret}"), ("x-actor", "somebody"))
            with pytest.raises(grpc.RpcError) as refused:
                stub.Arm(pb.ArmRequest(), timeout=BOUND_S, metadata=metadata)
            seen.add("a refused call", f"{refused.value} {refused.value.trailing_metadata()}")


def one_life(robsond: Robsond) -> Seen:
    """Arm, be killed in the middle of the entry, go on, be asked, abort with a dump, stop."""
    seen = Seen()
    token_file = robsond.place / "token"
    client = robsond.start(*dying("entry.accepted"))
    position = arm(client)
    crashed = robsond.ended()
    seen.add("stdout and stderr of a crash", crashed.out + crashed.err)

    client = robsond.start()
    seen.process(robsond.pid)
    doors = robsond.says_until("health")
    robsond.protected(client, position)
    asked = ask(seen, f"grpc://{doors['grpc']}", token_file)
    wrong = robsond.place.parent / "wrong"
    wrong.touch(0o600)
    wrong.write_text(f"trader:{STRANGER}\n")
    asked += ask(seen, f"grpc://{doors['grpc']}", wrong)
    strangers(doors["grpc"], seen)
    seen.files(robsond.place)
    robsond.signal(signal.SIGABRT)
    dumped = robsond.ended()
    assert "Current thread" in dumped.err, "faulthandler has said where it stood"
    seen.add("stdout and stderr of an abort", dumped.out + dumped.err)

    robsond.start()
    seen.files(robsond.place)
    ended = robsond.stop()
    seen.add("stdout and stderr of a stop", ended.out + ended.err)
    seen.files(robsond.place)
    assert asked == 4 * len(ASKED)
    return seen


def test_a_planted_secret_is_nowhere(robsond: Robsond, record_property: Note) -> None:
    seen = one_life(robsond)

    assert seen.leaks() == []
    names = " ".join(seen.places)
    for wanted in ("journal.db", "robsond.log", "books.db", "/proc/cmdline", "robson history"):
        assert wanted in names, wanted
    size = sum(map(len, seen.places.values()))
    assert size > 100_000
    record_property(
        "note", f"secrets: 5 planted, none in {len(seen.places)} places, {size:,} bytes"
    )


@pytest.mark.parametrize("where", ["logs/robsond.log", "journal.db-wal", "exchange/books.db"])
def test_a_secret_that_leaks_is_found(tmp_path: Path, where: str) -> None:
    path = tmp_path / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"before" + TOKENS["admin"].encode() + b"after")
    seen = Seen()
    seen.files(tmp_path)

    assert [leak.partition(" ")[2] for leak in seen.leaks()] == [where]


def test_a_secret_on_a_command_line_is_found() -> None:
    with subprocess.Popen(["sleep", "60"], env={"CANARY": CANARY}) as process:
        seen = Seen()
        seen.process(process.pid)
        process.kill()

    assert len(seen.leaks()) == 1
