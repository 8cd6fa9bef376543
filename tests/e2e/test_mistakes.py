"""Every row of the table of mistakes against real processes: its line, its codes, nothing changed.

Rows that need a running robsond share one that holds a position; what starts are refused side by
side. Before and after each row the journal and the exchange's books are compared.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import attrs
import pytest

from robson.api.client import Client
from robson.api.errors import row_of
from tests.e2e import shapes
from tests.e2e.harness import Robsond, arm, folder, protected, running
from tests.e2e.mistakes import (
    ARRANGED,
    DAMAGED,
    Answer,
    Row,
    called,
    contents,
    copied,
    fingerprint,
    general,
    probed,
    rows,
    typed,
)

Note = Callable[[str, object], None]
AT_ONCE = 3
"""Starts that are refused side by side."""
LOCKED, FOREIGN = "another robsond runs in s", "s/journal.db is of account main"


def tapes_in(made: Path) -> tuple[str, ...]:
    """The same still market for two pairs."""
    past, tape = shapes.write_past(made), shapes.write_path(made, shapes.still(600))
    given: list[str] = []
    for option, path in (("--tape", tape), ("--history", past)):
        other = path.with_name(path.name.replace("BTCUSDT", "ETHUSDT"))
        shutil.copy(path, other)
        given += [option, str(path), option, str(other)]
    return tuple(given)


@attrs.frozen
class Running:
    """A robsond that holds a position, and how to reach it."""

    robsond: Robsond
    client: Client
    position: str
    address: str
    http_port: int
    tokens: dict[str, str]


@pytest.fixture(scope="module")
def daemon() -> Iterator[Running]:
    with folder() as made, running(made / "s", *tapes_in(made), "--hold", "--speed", "1") as one:
        client = one.start()
        position = arm(client)
        one.protected(client, position)
        said = one.says_until("health")
        lines = (made / "s" / "token").read_text().splitlines()
        yield Running(
            one,
            client,
            position,
            said["grpc"],
            int(said["http"]),
            dict(line.split(":", 1) for line in lines),
        )
        one.kill()


@pytest.fixture(scope="module")
def lived() -> Iterator[Path]:
    """A state directory with one whole life in it."""
    with folder() as made:
        past, tape = shapes.write_past(made), shapes.write_path(made, shapes.still(60))
        options = ("--tape", str(tape), "--history", str(past), "--hold", "--speed", "max")
        with running(made / "s", *options) as robsond:
            client = robsond.start()
            robsond.settles(client, arm(client))
            assert robsond.stop().code == 0
        yield made / "s"


@contextmanager
def arranged(row: Row, lived: Path, daemon: Running) -> Iterator[tuple[Path, Path, dict[str, str]]]:
    """A folder as the row wants it: where to type, which state directory, what braces mean."""
    with folder() as here:
        for name, text in row.files.items():
            (here / name).write_bytes(text.encode())
        if row.given == LOCKED:
            yield here, daemon.robsond.place, {}
        elif row.given == FOREIGN:
            yield here, copied(lived, here), {}
        elif row.given in DAMAGED:
            state = copied(lived, here)
            DAMAGED[row.given](state)
            yield here, state, {}
        else:
            with ARRANGED[row.given](here) as known:
                state = daemon.robsond.place if row.part == "command" else here / "s"
                yield here, state, known


def answer(row: Row, lived: Path, daemon: Running) -> Answer:
    """Make one mistake; what it changed is an error of its own."""
    place = daemon.robsond.place
    if row.part == "call":
        before = fingerprint(place)
        found = called(row, daemon.address, daemon.tokens)
    elif row.part == "probe":
        before = fingerprint(place)
        found = probed(row, daemon.http_port)
    else:
        with arranged(row, lived, daemon) as (here, state, known):
            before, files = fingerprint(place), contents(here)
            found = typed(row, here, state, known)
            braces = {name: value for name, value in known.items() if not name.isupper()}
            says = found.says.replace(str(place), f"{here}/s")
            found = attrs.evolve(found, says=general(says, here=str(here), **braces))
            made = {k: v for k, v in contents(here).items() if files.get(k) != v}
            gone = files.keys() - contents(here).keys()
            assert not made, f"{row.input}: made or changed {sorted(made)}"
            assert not gone, f"{row.input}: took away {sorted(gone)}"
    assert fingerprint(place) == before, f"{row.input}: changed the journal or the books"
    return attrs.evolve(found, says=general(found.says))


def wrong(row: Row, found: Answer) -> str | None:
    """How an answer differs from its row."""
    says = found.says if _matches(row.says, found.says) else row.says
    wanted = Answer(says=says, code=row.code, exit=row.exit, status=found.status)
    if found != wanted:
        return f"{row.input} [{row.given}]\n  found  {found}\n  wanted {wanted}"
    if row.part == "call" and found.status != row_of(row.code).status:
        return f"{row.input}: {found.status} is not the status of {row.code}"
    return None


def _matches(wanted: str, said: str) -> bool:
    parts = (re.escape(part) for part in wanted.split("..."))
    return re.fullmatch(".+".join(parts), said) is not None


def judged(part: Callable[[Row], bool], lived: Path, daemon: Running) -> tuple[int, list[str]]:
    """How many rows of a kind were tried, and what is wrong with them."""
    mine = [row for row in rows() if part(row)]

    def one(row: Row) -> str | None:
        try:
            return wrong(row, answer(row, lived, daemon))
        except AssertionError as error:
            return f"{row.input} [{row.given}]: {error}"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return len(mine), [text for text in pool.map(one, mine) if text]


PARTS = ("command", "configuration", "tape", "start", "journal", "call", "probe")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", PARTS)
def test_every_mistake_has_its_answer(
    part: str, lived: Path, daemon: Running, record_property: Note
) -> None:
    tried, found = judged(lambda row: row.part == part, lived, daemon)

    assert found == [], "\n".join(found)
    assert tried > 5
    record_property("note", f"mistakes: {tried} of {part} answered as the table says")
    assert protected(daemon.client.position(daemon.position).position), "what is held is held"


def test_the_table_is_large_and_says_nothing_twice() -> None:
    table = rows()

    assert len(table) >= 80
    assert {row.part for row in table} == set(PARTS)
    assert max(Counter((row.input, row.given, str(row.files)) for row in table).values()) == 1
    for row in table:
        assert row.says.isprintable(), row
        assert len(row.says) < 400, row


def test_a_wrong_row_is_found(lived: Path, daemon: Running) -> None:
    """Another message, code or exit code than the table's is what the test above finds."""
    row = next(row for row in rows() if row.part == "command" and row.code == "UNKNOWN_SYMBOL")
    found = answer(row, lived, daemon)

    assert wrong(row, found) is None
    assert wrong(attrs.evolve(row, says="something else"), found)
    assert wrong(attrs.evolve(row, code="INTERNAL"), found)
    assert wrong(attrs.evolve(row, exit=9), found)


# --- a web page in somebody's browser ------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
def test_no_answer_lets_a_web_page_read_it(daemon: Running, method: str) -> None:
    page = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    for path in ("/health/live", "/health/ready", "/metrics", "/status", "/nothing"):
        with closing(HTTPConnection("127.0.0.1", daemon.http_port, timeout=10)) as connection:
            connection.request(method, path, headers=page)
            response = connection.getresponse()
            response.read()
        assert not [name for name in response.headers if name.lower().startswith("access-control")]
        assert "Location" not in response.headers
        assert (response.status < 400) == (method == "GET" and path != "/nothing")


@pytest.mark.parametrize("kind", ["application/grpc", "application/grpc-web+proto", "text/plain"])
def test_what_a_browser_speaks_is_not_understood_at_the_grpc_door(
    daemon: Running, kind: str
) -> None:
    before = fingerprint(daemon.robsond.place)
    secret = daemon.tokens["admin"]
    sent = {"Content-Type": kind, "Authorization": f"Bearer {secret}"}
    host, _, port = daemon.address.rpartition(":")
    with closing(HTTPConnection(host, int(port), timeout=10)) as connection:
        connection.request("POST", "/robson.api.v1.Robson/Panic", b"\0\0\0\0\0", sent)
        with pytest.raises((HTTPException, OSError)):
            connection.getresponse()
    assert fingerprint(daemon.robsond.place) == before
