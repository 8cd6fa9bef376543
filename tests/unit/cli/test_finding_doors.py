"""Which daemon a call goes to."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from robson.cli import doors
from robson.cli.problem import Problem
from robson.cli.session import Session
from robson.cli.settings import Settings

SECRET = "s3cr3t" * 8


def said(**changes: object) -> Settings:
    base = Settings(
        None, None, None, None, 5.0, json=False, colour=True, plain=False, verbose=False
    )
    return base._replace(**changes)


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="rb") as folder:
        yield Path(folder)


def listen(home: Path, profile: str) -> socket.socket:
    directory = home / "robson" / profile
    directory.mkdir(parents=True)
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(directory / "robsond.sock"))
    door.listen()
    return door


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("unix:///run/robson/robsond.sock", "unix:///run/robson/robsond.sock"),
        ("unix:/run/robsond.sock", "unix:///run/robsond.sock"),
        ("/run/robsond.sock", "unix:///run/robsond.sock"),
        ("grpc://127.0.0.1:50051", "grpc://127.0.0.1:50051"),
        ("grpc://localhost:6000/", "grpc://127.0.0.1:6000"),
        ("tcp://127.0.0.1", "grpc://127.0.0.1:50051"),
        ("127.0.0.1:7000", "grpc://127.0.0.1:7000"),
        ("http://localhost:8080", "grpc://127.0.0.1:50051"),
        ("http://localhost:9000", "grpc://127.0.0.1:9000"),
    ],
)
def test_an_address_may_be_written_in_many_ways(text: str, url: str) -> None:
    assert doors.door_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "grpc://example.com:50051",
        "grpc://10.0.0.1:50051",
        "grpc://127.0.0.1:99999",
        "grpc://127.0.0.1:0",
        "grpc://127.0.0.1:abc",
        "ftp://127.0.0.1",
        "https://127.0.0.1:8080",
    ],
)
def test_an_address_that_leaves_this_machine_or_is_none_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="no address of a daemon"):
        doors.door_url(text)


def test_a_path_that_is_too_long_says_what_to_do() -> None:
    with pytest.raises(Problem, match=r"allowed is 100.*--state-dir"):
        doors.door_url("unix:///" + "x" * 101)
    with pytest.raises(Problem, match=r"allowed is 100.*--state-dir"):
        doors.find(said(state_dir="/" + "x" * 101), {})


def test_the_one_socket_that_is_there_is_taken(home: Path) -> None:
    with listen(home, "paper"):
        door = doors.find(said(), {"XDG_STATE_HOME": str(home)})

    assert door.url == f"unix://{home}/robson/paper/robsond.sock"
    assert door.fallback is None


def test_of_several_daemons_one_has_to_be_named(home: Path) -> None:
    environ = {"XDG_STATE_HOME": str(home)}
    with listen(home, "sim"), listen(home, "live"):
        with pytest.raises(Problem, match=r"2 daemons answer.*--profile"):
            doors.find(said(), environ)
        assert doors.find(said(profile="live"), environ).url.endswith("/live/robsond.sock")


def test_a_socket_that_a_dead_daemon_left_does_not_count_beside_a_living_one(home: Path) -> None:
    listen(home, "sim").close()
    with listen(home, "paper"):
        door = doors.find(said(), {"XDG_STATE_HOME": str(home)})

    assert door.url.endswith("/paper/robsond.sock")


def test_without_a_socket_it_is_tcp_with_the_token_file_and_says_so(home: Path) -> None:
    directory = home / "robson" / "sim"
    directory.mkdir(parents=True)
    token = directory / "token"
    token.write_text(f"viewer:{SECRET}v\nadmin:{SECRET}a\n")
    token.chmod(0o600)

    door = doors.find(said(), {"XDG_STATE_HOME": str(home)})

    assert (door.url, door.token) == ("grpc://127.0.0.1:50051", SECRET + "a")
    assert door.fallback == f"no socket at {home}/robson/sim/robsond.sock"


def test_a_token_file_that_is_named_is_the_one(home: Path) -> None:
    token = home / "mine"
    token.write_text(f"viewer:{SECRET}\n")
    token.chmod(0o644)
    settings = said(url="grpc://127.0.0.1:1", token_file=str(token))

    with pytest.raises(Problem, match="open to others") as refused:
        doors.find(settings, {})
    assert refused.value.code == "UNAUTHENTICATED"
    token.chmod(0o600)
    assert doors.find(settings, {}).token == SECRET


def test_a_socket_needs_no_token(home: Path) -> None:
    assert doors.find(said(url="unix:///x", token_file=str(home / "none")), {}).token is None


def test_another_connection_keeps_the_socket_that_was_taken(home: Path) -> None:
    environ = {"XDG_STATE_HOME": str(home)}
    with listen(home, "sim"):
        first = Session(said(profile="sim"), environ)
    taken = home / "robson" / "sim" / "robsond.sock"
    assert first.url == f"unix://{taken}"
    taken.unlink()

    again = first.again()

    assert again.url == first.url
    assert again.door.token is None
    assert Session(said(profile="sim"), environ).url.startswith("grpc://"), "who looks anew"
    again.client.close()
