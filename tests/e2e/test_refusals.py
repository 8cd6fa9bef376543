"""Every start that robsond refuses: its exit code, one line that says why, and nothing changed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import shapes
from tests.e2e.harness import Ended, arm, folder, refused, running
from tests.quickest import TRIES, quickest

AT_ONCE = 4
"""Times what a start takes that is refused for its options."""
SOON_S = 10.0
USAGE, DOOR, DIRECTORY, LOCKED, CONFIG = 64, 69, 73, 75, 78


@pytest.fixture(scope="module")
def tapes_() -> Iterator[tuple[str, ...]]:
    with folder() as made:
        past, tape = shapes.write_past(made), shapes.write_path(made, shapes.still(60))
        yield ("--tape", str(tape), "--history", str(past))


# --- what is asked for ---------------------------------------------------------------------------

LINES = "trade_time_ms,price\n1763553600000,60000\n"
TAPES = {
    "is not there": None,
    "is neither bars nor trades": "a,b\n1,2\n",
    "line 3": LINES + "1763553600001,sixty\n",
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
    record_property("happened", f"start refused with exit 64: tape {found}")


USED_WRONGLY = [
    ("--speed", "fast"),
    ("--speed", "0"),
    ("--balance", "much"),
    ("--dead-for", "-5"),
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
    record_property("happened", f"start refused with exit 64: {option[0]} {option[1]}")


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
    record_property("happened", f"start refused with exit 78: {word}")


def test_environment_with_an_unknown_key(place: Path, tapes_: tuple[str, ...]) -> None:
    ended = refused(place / "s", *tapes_, ROBSON__RISK__MAGIC="1")

    assert ended.code == CONFIG
    ended.one_line("environment", "risk.magic")


def test_live_without_an_address_on_this_machine(place: Path) -> None:
    ended = refused(place / "s", "--profile", "live")

    assert ended.code == CONFIG
    ended.one_line("live")


def test_paper_whose_prices_nobody_serves(place: Path) -> None:
    where = "http://127.0.0.1:1"
    ended = refused(place / "s", "--profile", "paper", ROBSON__EXCHANGE__REST_URL=where)

    assert ended.code == DOOR
    ended.one_line(where)


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
        starts: list[Ended] = []

        def start() -> float:
            door = (option, f"127.0.0.1:{port}")
            starts.append(refused(place / "s", *tapes_, "--speed", speed, *door))
            return starts[-1].after_s

        assert quickest(start, within=SOON_S) < SOON_S

    ended = starts[-1]
    assert ended.code == DOOR
    ended.one_line(str(port), option, "exit 69")
    record_property("happened", f"start refused with exit 69: {option} taken")


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


@pytest.mark.proves("P22")
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
        least = min(refused(place / "s", *tapes_, *fresh).after_s for _ in range(TRIES))
        floor = min(
            refused(place / "t", *tapes_, "--speed", "backwards").after_s for _ in range(TRIES)
        )
        assert first.rows()[: len(before)] == before
        assert first.protected(client, position)
        first.kill()

    assert second.code == LOCKED
    second.one_line(str(place / "s"), "process", "--state-dir", "exit 75")
    assert least < AT_ONCE * floor, "it waits for no lock"
    record_property("happened", f"start refused with exit 75: second daemon{fresh}")


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        ("", 0o600, "holds no token"),
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
    record_property("happened", f"start refused with exit 78: token file, {words}")
