"""Every start that robsond refuses: its exit code, one line that says why, and nothing changed."""

from __future__ import annotations

import hashlib
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from robson.store.journal import row_hash
from tests.e2e import shapes
from tests.e2e.harness import Ended, arm, folder, running

AT_ONCE_S = 2.0
USAGE, DOOR, DIRECTORY, LOCKED, CORRUPT, CONFIG = 64, 69, 73, 75, 76, 78


@pytest.fixture(scope="module")
def tapes_() -> Iterator[tuple[str, ...]]:
    with folder() as made:
        past, tape = shapes.write_past(made), shapes.write_path(made, shapes.still(60))
        yield ("--tape", str(tape), "--history", str(past))


@pytest.fixture
def place() -> Iterator[Path]:
    with folder() as made:
        yield made


@pytest.fixture(scope="module")
def lived(tapes_: tuple[str, ...]) -> Iterator[Path]:
    """A state directory with one whole life in it; copied by whoever damages it."""
    with folder() as made, running(made / "s", *tapes_, "--hold", "--speed", "max") as robsond:
        client = robsond.start()
        robsond.settles(client, arm(client))
        assert robsond.stop().code == 0
        yield made / "s"


def refused(place: Path, *options: str, **env: str) -> Ended:
    """Start a robsond that must not start."""
    with running(place, *options, **env) as robsond:
        robsond.launch()
        ended = robsond.ended()
    assert ended.out == ""
    return ended


def contents(place: Path) -> dict[str, str]:
    """What matters of a state directory: journal, tokens, the exchange's books, by content."""
    return {
        str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (place / "journal.db", place / "token", *(place / "exchange").iterdir())
        if not path.name.endswith(("-shm", "-wal"))
    }


# --- what is asked for ---------------------------------------------------------------------------

LINES = "trade_time_ms,price\n1763553600000,60000\n"
TAPES = {
    "is not there": None,
    "is neither bars nor trades": "a,b\n1,2\n",
    "line 3": LINES + "1763553600001,sixty\n",
    "is empty": "",
    "has a header but no rows": "trade_time_ms,price\n",
    "looks like seconds": "trade_time_ms,price\n1763553600,60000\n",
    "line 4": LINES + "1763553600001,60001\n1763553599999,60002\n",
}


@pytest.mark.parametrize("found", TAPES, ids=lambda text: text.replace(" ", "-"))
def test_tape_that_cannot_be_played(place: Path, found: str, record_property: Any) -> None:
    path, text = place / "BTCUSDT-x.csv", TAPES[found]
    if text is not None:
        path.write_text(text)
    words = ["No such file"] if text is None else [found]

    ended = refused(place / "s", "--tape", str(path))

    assert ended.code == USAGE
    ended.one_line(str(path), *words, "exit 64")
    record_property("note", f"refused (64): tape {found}")


USED_WRONGLY = [
    ("--speed", "fast"),
    ("--speed", "0"),
    ("--speed", "nan"),
    ("--balance", "much"),
    ("--dead-for", "-5"),
    ("--dead-for", "soon"),
    ("--seed", "x"),
    ("--nonsense", "1"),
    ("--profile", "paper-ish"),
]


@pytest.mark.parametrize("option", USED_WRONGLY, ids=lambda pair: f"{pair[0]}-{pair[1]}")
def test_option_used_wrongly(
    place: Path, tapes_: tuple[str, ...], option: tuple[str, str], record_property: Any
) -> None:
    ended = refused(place / "s", *tapes_, f"{option[0]}={option[1]}")

    assert ended.code == USAGE
    ended.one_line(option[0], "exit 64")
    record_property("note", f"refused (64): {option[0]} {option[1]}")


def test_two_tapes_of_one_pair(place: Path, tapes_: tuple[str, ...]) -> None:
    ended = refused(place / "s", *tapes_, *tapes_[:2])

    assert ended.code == USAGE
    ended.one_line("BTCUSDT", "more than one tape")


def test_tapes_that_do_not_meet(place: Path, tapes_: tuple[str, ...]) -> None:
    (place / "ETHUSDT-x.csv").write_text("trade_time_ms,price\n1563553600000,600\n")
    ended = refused(place / "s", *tapes_, "--tape", str(place / "ETHUSDT-x.csv"))

    assert ended.code == USAGE
    ended.one_line("do not overlap in time")


# --- configuration -------------------------------------------------------------------------------

CONFIGS = {
    "risk.magic": "[risk]\nmagic = 1\n",
    "risk.max_leverage": "[risk]\nmax_leverage = 11\n",
    "api.socket_mode": '[api]\nsocket_mode = "0666"\n',
    "is not TOML": "[risk\n",
}


@pytest.mark.parametrize("word", CONFIGS)
def test_configuration_that_is_wrong(
    place: Path, tapes_: tuple[str, ...], word: str, record_property: Any
) -> None:
    path = place / "c.toml"
    path.write_text(CONFIGS[word])

    ended = refused(place / "s", *tapes_, "--config", str(path))

    assert ended.code == CONFIG
    ended.one_line(str(path), word, "exit 78")
    assert not (place / "s").exists()
    record_property("note", f"refused (78): {word}")


def test_environment_with_an_unknown_key(place: Path, tapes_: tuple[str, ...]) -> None:
    ended = refused(place / "s", *tapes_, ROBSON__RISK__MAGIC="1")

    assert ended.code == CONFIG
    ended.one_line("environment", "risk.magic")


@pytest.mark.parametrize("profile", ["paper", "live"])
def test_profile_that_is_not_built(place: Path, profile: str) -> None:
    ended = refused(place / "s", "--profile", profile)

    assert ended.code == CONFIG
    ended.one_line(profile)


@pytest.mark.parametrize("address", ["0.0.0.0:0", "nowhere", "127.0.0.1:99999"])
def test_grpc_stays_on_loopback(place: Path, tapes_: tuple[str, ...], address: str) -> None:
    ended = refused(place / "s", *tapes_, "--grpc", address)

    assert ended.code == CONFIG
    ended.one_line("api.grpc", address)


# --- doors and directories -----------------------------------------------------------------------


@pytest.mark.parametrize("speed", ["1", "max"])
@pytest.mark.parametrize("option", ["--grpc", "--http"])
def test_port_that_is_taken(
    place: Path, tapes_: tuple[str, ...], option: str, speed: str, record_property: Any
) -> None:
    """Also while a tape is already playing as fast as it goes: nothing is left waiting for it."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = refused(place / "s", *tapes_, "--speed", speed, option, f"127.0.0.1:{port}")

    assert ended.code == DOOR
    assert ended.after_s < 10
    ended.one_line(str(port), option, "exit 69")
    record_property("note", f"refused (69): {option} taken, {ended.after_s:.2f} s")


def test_path_too_long_for_a_socket(place: Path, tapes_: tuple[str, ...]) -> None:
    ended = refused(place / ("s" * 100), *tapes_)

    assert ended.code == DOOR
    ended.one_line("--state-dir")


def test_file_where_the_socket_belongs(place: Path, tapes_: tuple[str, ...]) -> None:
    (place / "s").mkdir()
    (place / "s" / "robsond.sock").write_text("mine")
    ended = refused(place / "s", *tapes_)

    assert ended.code == DOOR
    ended.one_line("robsond.sock", "no socket")
    assert (place / "s" / "robsond.sock").read_text() == "mine"


def test_directory_that_cannot_be_made(place: Path, tapes_: tuple[str, ...]) -> None:
    (place / "file").write_text("in the way")
    ended = refused(place / "file" / "s", *tapes_)

    assert ended.code == DIRECTORY
    ended.one_line(str(place / "file" / "s"), "exit 73")


@pytest.mark.parametrize("fresh", [(), ("--fresh",)])
def test_second_daemon_in_one_directory(
    place: Path, tapes_: tuple[str, ...], fresh: tuple[str, ...], record_property: Any
) -> None:
    with running(place / "s", *tapes_, "--hold", "--speed", "1") as first:
        client = first.start()
        position = arm(client)
        first.protected(client, position)
        before = first.rows()
        second = refused(place / "s", *tapes_, *fresh)
        assert first.rows()[: len(before)] == before
        assert first.protected(client, position)
        first.kill()

    assert second.code == LOCKED
    second.one_line(str(place / "s"), "process", "--state-dir", "exit 75")
    assert second.after_s < AT_ONCE_S
    record_property("note", f"refused (75): second daemon{fresh}, {second.after_s:.2f} s")


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("", 0o600, "holds no token"),
        ("admin:short\n", 0o600, "at least 32"),
        ("king:" + "x" * 64, 0o600, "role:token"),
        ("admin:" + "x" * 64, 0o644, "chmod 600"),
    ],
)
def test_token_file_that_keeps_nobody_out(
    place: Path, tapes_: tuple[str, ...], text: str, mode: int, words: str, record_property: Any
) -> None:
    (place / "s").mkdir()
    path = place / "s" / "token"
    path.write_text(text)
    path.chmod(mode)

    ended = refused(place / "s", *tapes_)

    assert ended.code == CONFIG
    ended.one_line(str(path), words)
    assert "x" * 10 not in ended.err, "no message holds a token"
    record_property("note", f"refused (78): token file, {words}")


# --- the journal ---------------------------------------------------------------------------------


def digit(db: sqlite3.Connection) -> None:
    """One digit of one number, as a bad disk or a curious person would leave it."""
    db.execute(
        "UPDATE journal SET payload = replace(payload, '60012', '60013')"
        " WHERE kind = 'entry_filled.v1'"
    )
    assert db.total_changes == 1


def swapped(db: sqlite3.Connection) -> None:
    for seq, to in ((5, -1), (6, 5), (-1, 6)):
        db.execute("UPDATE journal SET seq = ? WHERE seq = ?", (to, seq))


def missing(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM journal WHERE seq = 7")


def newer_kind(db: sqlite3.Connection) -> None:
    """A row that is whole, of a kind that only a later Robson knows."""
    head = db.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    first = (head[0] + 1, "writer", 1)
    rest = ("position_dreamt.v9", "main", None, "{}", 1, 1)
    digest = row_hash(head[1], *first, *rest)
    db.execute(
        "INSERT INTO journal VALUES (?,?,?,?,?,?,?,?,?,?,?)", (*first, head[1], digest, *rest)
    )


def newer_schema(db: sqlite3.Connection) -> None:
    db.execute("UPDATE meta SET value = '2' WHERE key = 'schema'")


def odd_epoch(db: sqlite3.Connection) -> None:
    db.execute("UPDATE meta SET value = 'many' WHERE key = 'epoch'")


def forgotten_epoch(db: sqlite3.Connection) -> None:
    """The next process would take one that was used before."""
    db.execute("DELETE FROM meta WHERE key = 'epoch'")


DAMAGE: dict[str, tuple[Callable[[sqlite3.Connection], None], str]] = {
    "digit": (digit, "is not what its hash says"),
    "swapped": (swapped, "is not what its hash says"),
    "missing": (missing, "is missing"),
    "newer kind": (newer_kind, "newer Robson knows"),
    "newer schema": (newer_schema, "schema"),
    "odd epoch": (odd_epoch, "its epoch is many"),
    "forgotten epoch": (forgotten_epoch, "its epoch is 0, its last row's 1"),
}


def copy_of(lived: Path, place: Path) -> Path:
    return Path(shutil.copytree(lived, place / "s"))


@pytest.mark.parametrize("name", DAMAGE)
def test_journal_that_cannot_be_trusted(
    lived: Path, place: Path, tapes_: tuple[str, ...], name: str, record_property: Any
) -> None:
    spoil, words = DAMAGE[name]
    copy = copy_of(lived, place)
    with closing(sqlite3.connect(copy / "journal.db", isolation_level=None)) as db:
        spoil(db)
    before = contents(copy)

    ended = refused(copy, *tapes_)

    assert ended.code == CORRUPT
    ended.one_line("journal.db", words, "exit 76")
    assert contents(copy) == before
    record_property("note", f"refused (76): {name}")


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.9])
def test_journal_that_was_cut_off(
    lived: Path, place: Path, tapes_: tuple[str, ...], kept: float, record_property: Any
) -> None:
    copy = copy_of(lived, place)
    journal = copy / "journal.db"
    size = journal.stat().st_size
    # Nothing at all is an empty database to SQLite; so something else stands there.
    text = journal.read_bytes()[: int(size * kept)] or b"not a database, whatever its name" * 50
    journal.write_bytes(text)

    ended = refused(copy, *tapes_)

    assert ended.code == CORRUPT
    ended.one_line("journal.db", "exit 76")
    record_property("note", f"refused (76): cut off at {kept:.0%}")


def test_journal_of_another_account(lived: Path, place: Path, tapes_: tuple[str, ...]) -> None:
    copy = copy_of(lived, place)
    before = contents(copy)

    ended = refused(copy, *tapes_, ROBSON__INSTANCE__ACCOUNT="other")

    assert ended.code == CORRUPT
    ended.one_line("account main, not other", "--state-dir")
    assert contents(copy) == before


def test_directory_that_was_refused_is_usable_afterwards(
    lived: Path, place: Path, tapes_: tuple[str, ...]
) -> None:
    copy = copy_of(lived, place)
    assert refused(copy, *tapes_, ROBSON__INSTANCE__ACCOUNT="other").code == CORRUPT
    with running(copy, *tapes_, "--speed", "max") as robsond:
        robsond.start()
        assert robsond.stop().code == 0
