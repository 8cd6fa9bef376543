"""The table of mistakes (docs/mistakes.toml) and how one of its rows is made with real processes.

A row is what a person types or a program sends; ``given`` names what is arranged before it.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import shlex
import shutil
import socket
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import attrs
import grpc
from google.protobuf import json_format

from robson.api.errors import HEADER
from robson.api.v1 import robson_pb2 as pb
from robson.api.v1 import robson_pb2_grpc as rpc
from robson.store.trust import row_hash
from tests.e2e.harness import FREE_PORTS, ROOT, environment

TABLE = ROOT / "docs" / "mistakes.toml"
BOUND_S = 60.0
ROBSON = (sys.executable, "-m", "robson.cli.main")
ROBSOND = (sys.executable, "-m", "robson.daemon")


@attrs.frozen(kw_only=True)
class Row:
    """One mistake.

    Attributes:
        part: which section of the table it stands in.
        input: what is typed or sent; ``{here}`` is the folder it is typed in.
        given: what was arranged before, a key of ``ARRANGED``.
        files: files that are there, by name.
        says: the whole message, without what every refusal ends with; ``...`` in it stands for a
            list that grows as Robson does.
        code: stable name of the error; of an HTTP answer, the name of its status.
        exit: exit code; None where nothing ends.
    """

    part: str
    input: str
    says: str
    code: str
    exit: int | None = None
    given: str = ""
    files: dict[str, str] = attrs.Factory(dict)


@attrs.frozen(kw_only=True)
class Answer:
    """What came back: the message, the code, and how it ended."""

    says: str
    code: str
    exit: int | None = None
    status: str = ""


def rows() -> tuple[Row, ...]:
    """The whole table, in its order."""
    with TABLE.open("rb") as file:
        table = tomllib.load(file)
    return tuple(
        Row(part=part, **row) for part, section in table.items() for row in section["rows"]
    )


# --- evidence ------------------------------------------------------------------------------------

_OBSERVED = ("request_logged", "account_read")
"""Questions that a daemon asks by itself, at any time, and what it was answered."""


def fingerprint(state: Path) -> str:
    """Of the journal and of the exchange's books, but for what a daemon only looks at."""
    found = hashlib.sha256()
    for path, query in (
        (state / "journal.db", "SELECT seq, kind, payload FROM journal ORDER BY seq"),
        (state / "exchange" / "books.db", "SELECT seq, kind, body FROM entries ORDER BY seq"),
    ):
        if not path.exists():
            found.update(b"none")
            continue
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            for _, kind, text in db.execute(query):
                if not kind.startswith(_OBSERVED):
                    found.update(f"{kind} {text}\n".encode())
    return found.hexdigest()


def contents(folder: Path) -> dict[str, str]:
    """Every file below a folder that means something, by content."""
    ignored = ("-shm", "-wal", "journal.lock", ".log")
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and not path.name.endswith(ignored)
    }


# --- what is arranged ----------------------------------------------------------------------------


@contextmanager
def _lone(_here: Path) -> Iterator[dict[str, str]]:
    yield {}


@contextmanager
def _taken_port(_here: Path) -> Iterator[dict[str, str]]:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield {"port": str(taken.getsockname()[1])}


@contextmanager
def _folder_as_tape(here: Path) -> Iterator[dict[str, str]]:
    (here / "BTCUSDT-x.csv").mkdir()
    yield {}


@contextmanager
def _pipe(here: Path) -> Iterator[dict[str, str]]:
    os.mkfifo(here / "BTCUSDT-x.csv")
    yield {}


@contextmanager
def _config_pipe(here: Path) -> Iterator[dict[str, str]]:
    os.mkfifo(here / "robsond.toml")
    yield {}


@contextmanager
def _file_as_state(here: Path) -> Iterator[dict[str, str]]:
    (here / "s").write_text("in the way")
    yield {}


@contextmanager
def _folder_as_token(here: Path) -> Iterator[dict[str, str]]:
    (here / "s" / "token.new").mkdir(parents=True)
    (here / "s").chmod(0o700)
    yield {}


@contextmanager
def _file_as_socket(here: Path) -> Iterator[dict[str, str]]:
    (here / "s").mkdir()
    (here / "s" / "robsond.sock").write_text("mine")
    yield {}


def _token(text: str, mode: int) -> Callable[[Path], Any]:
    @contextmanager
    def arrange(here: Path) -> Iterator[dict[str, str]]:
        (here / "s").mkdir()
        path = here / "s" / "token"
        path.write_text(text)
        path.chmod(mode)
        yield {}

    return arrange


@contextmanager
def _odd_variable(_here: Path) -> Iterator[dict[str, str]]:
    yield {"ROBSON__RISK__GAP_BPS": "much"}


@contextmanager
def _unknown_variable(_here: Path) -> Iterator[dict[str, str]]:
    yield {"ROBSON__RISK__MAX_LEVERGE": "3"}


ALONE = "nothing listens on this machine"
_NO_NETWORK = ("unshare", "-n") if os.geteuid() == 0 else ("unshare", "-rn")
"""A network of its own: another robsond on the usual port would answer."""

ARRANGED: dict[str, Callable[[Path], Any]] = {
    "": _lone,
    ALONE: _lone,
    "another program listens on {port}": _taken_port,
    "BTCUSDT-x.csv is a folder": _folder_as_tape,
    "BTCUSDT-x.csv is a pipe": _pipe,
    "robsond.toml is a pipe": _config_pipe,
    "s is a file": _file_as_state,
    "s/token.new is a folder": _folder_as_token,
    "s/robsond.sock is a file": _file_as_socket,
    "s/token is empty": _token("", 0o600),
    "s/token says king:...": _token("king:" + "x" * 64, 0o600),
    "s/token may be read by everybody": _token("admin:" + "x" * 64, 0o644),
    "ROBSON__RISK__GAP_BPS=much": _odd_variable,
    "ROBSON__RISK__MAX_LEVERGE=3": _unknown_variable,
}
"""By the words with which the table speaks of it; what it yields is put into the input's braces."""


def _changed(sql: str) -> Callable[[Path], None]:
    def change(state: Path) -> None:
        with closing(sqlite3.connect(state / "journal.db", isolation_level=None)) as db:
            db.execute(sql)

    return change


def _no_database(state: Path) -> None:
    (state / "journal.db").write_bytes(b"no database at all\n" * 500)


def _cut(state: Path) -> None:
    path = state / "journal.db"
    os.truncate(path, path.stat().st_size // 2)


def _newer(state: Path) -> None:
    """A row that is whole, of a kind that only a later Robson knows."""
    with closing(sqlite3.connect(state / "journal.db", isolation_level=None)) as db:
        seq, head = db.execute("SELECT max(seq), hash FROM journal").fetchone()
        first = (seq + 1, "writer", 1)
        rest = ("position_dreamt.v9", "main", None, "{}", 1, 1)
        row = (*first, head, row_hash(head, *first, *rest), *rest)
        db.execute(f"INSERT INTO journal VALUES ({','.join('?' * len(row))})", row)


DAMAGED: dict[str, Callable[[Path], None]] = {
    "s/journal.db is some other file": _no_database,
    "s/journal.db is cut in half": _cut,
    "a row of s/journal.db is gone": _changed("DELETE FROM journal WHERE seq = 5"),
    "a digit in s/journal.db is another": _changed(
        "UPDATE journal SET payload = replace(payload, '60012', '60013') WHERE seq > 5"
    ),
    "a newer Robson wrote into s/journal.db": _newer,
}
"""What is done to the journal of a whole life before a start."""


_NAMES = (
    (re.compile(r"process \d+"), "process {pid}"),
    (re.compile(r"has \d+ bytes"), "has {many} bytes"),
    (re.compile(r"pos_[0-9A-Z]{26}"), "{position}"),
    (re.compile(r"\d+\.\d{5,}"), "{amount}"),
)


def general(says: str, **known: str) -> str:
    """A message without what is only so in one run: folders, processes, ids, long amounts."""
    for name, value in known.items():
        says = says.replace(value, f"{{{name}}}")
    for pattern, name in _NAMES:
        says = pattern.sub(name, says)
    return says


# --- what is typed -------------------------------------------------------------------------------


def typed(row: Row, here: Path, state: Path, known: dict[str, str]) -> Answer:
    """Type a row's command line and read what comes back."""
    words = shlex.split(row.input.format(here=here, **known))
    program, rest = words[0], words[1:]
    command = (
        [*ROBSON, "--json", *_with_state(rest, state)]
        if program == "robson"
        else [*ROBSOND, *_with_doors(rest, state)]
    )
    ran = subprocess.run(
        [*_NO_NETWORK, *command] if row.given == ALONE else command,
        cwd=here,
        env=environment(HOME=str(here), **{k: v for k, v in known.items() if k.isupper()}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
        check=False,
    )
    assert "Traceback" not in ran.stdout + ran.stderr, ran.stderr
    if program == "robson":
        assert ran.stderr == "", ran.stderr
        told = json.loads(ran.stdout)
        assert told["exit"] == ran.returncode
        return Answer(
            says=told["error"]["message"], code=told["error"]["code"], exit=ran.returncode
        )
    return _line(ran)


def _with_state(words: list[str], state: Path) -> list[str]:
    """The daemon that is meant, unless the row says it."""
    said = {"--state-dir", "--daemon-url", "demo"}.intersection(words)
    return words if said else ["--state-dir", str(state), *words]


def _with_doors(words: list[str], state: Path) -> list[str]:
    if words[:1] != ["run"]:
        return words
    doors = [] if {"--grpc", "--http"}.intersection(words) else list(FREE_PORTS)
    where = [] if "--state-dir" in words else ["--state-dir", str(state)]
    return [words[0], *where, *doors, *words[1:]]


def _line(ran: subprocess.CompletedProcess[str]) -> Answer:
    """``error: WHAT. Nothing was changed. [CODE, exit N]``."""
    lines = ran.stderr.splitlines()
    assert len(lines) == 1, ran.stderr
    said, bracket, end = lines[0].removeprefix("error: ").rpartition(" [")
    code, _, number = end.removesuffix("]").partition(", exit ")
    assert bracket
    assert said.endswith(" Nothing was changed.")
    assert number == str(ran.returncode)
    says = said.removesuffix(" Nothing was changed.")
    return Answer(says=says, code=code, exit=ran.returncode)


# --- what is sent --------------------------------------------------------------------------------


def called(row: Row, address: str, tokens: dict[str, str]) -> Answer:
    """Call ``ROLE METHOD {JSON}`` and read the error that comes back."""
    role, method, text = row.input.split(" ", 2)
    descriptor = pb.DESCRIPTOR.services_by_name["Robson"].methods_by_name[method]
    request = json_format.ParseDict(json.loads(text), getattr(pb, descriptor.input_type.name)())
    secret = tokens.get(role, role)
    metadata = () if role == "nobody" else (("authorization", f"Bearer {secret}"),)
    with grpc.insecure_channel(address) as channel:
        ask = getattr(rpc.RobsonStub(channel), method)
        try:
            answer = ask(request, timeout=10, metadata=metadata)
            if descriptor.server_streaming:
                list(answer)
        except grpc.RpcError as error:
            return _refused(error)
    raise AssertionError(f"not refused: {row.input}")


def _refused(error: Any) -> Answer:
    told = dict(error.trailing_metadata() or ()).get(HEADER)
    status = error.code().name
    if told is None:
        return Answer(says=error.details(), code=status, status=status)
    document = json.loads(told)
    return Answer(says=document["message"], code=document["code"], status=status)


def probed(row: Row, port: int) -> Answer:
    """Send ``METHOD PATH`` to the HTTP door and read its answer."""
    method, path, *headers = row.input.split(" ", 2)
    sent = dict(line.split(": ", 1) for line in headers)
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, path, headers=sent)
        response = connection.getresponse()
        told = json.loads(response.read())
    return Answer(
        says=told["error"]["message"], code=told["error"]["code"], status=str(response.status)
    )


def copied(lived: Path, here: Path) -> Path:
    """A state directory of its own."""
    return Path(shutil.copytree(lived, here / "s", ignore=shutil.ignore_patterns("*.sock")))
