"""Where daemon and caller meet: both follow the same order."""

from __future__ import annotations

import pytest

from robson.api import places

HOME = {"XDG_STATE_HOME": "/var/tmp/state"}


@pytest.mark.parametrize(
    ("environ", "given", "expected"),
    [
        ({**HOME}, None, "/var/tmp/state/robson/sim"),
        ({**HOME, "STATE_DIRECTORY": "/var/lib/robson:/other"}, None, "/var/lib/robson"),
        (
            {"ROBSON_STATE_DIR": "/srv/robson", "STATE_DIRECTORY": "/var/lib/robson"},
            None,
            "/srv/robson",
        ),
        ({"ROBSON_STATE_DIR": "/srv/robson"}, "/mine", "/mine"),
        ({"XDG_STATE_HOME": "relative"}, "/mine/../yours", "/yours"),
    ],
)
def test_the_state_directory_is_what_was_named_first(
    environ: dict[str, str], given: str | None, expected: str
) -> None:
    assert places.state_dir(environ, "sim", given) == expected


def test_the_socket_stands_in_the_runtime_directory_under_systemd() -> None:
    assert places.socket_path({}, "/s") == "/s/robsond.sock"
    assert places.socket_path({"RUNTIME_DIRECTORY": "/run/robson"}, "/s") == (
        "/run/robson/robsond.sock"
    )
    assert places.token_path("/s") == "/s/token"


def test_a_caller_without_a_profile_looks_at_all_of_them() -> None:
    found = places.socket_candidates(HOME, None)

    assert found == (
        "/var/tmp/state/robson/sim/robsond.sock",
        "/var/tmp/state/robson/paper/robsond.sock",
        "/var/tmp/state/robson/live/robsond.sock",
        "/var/tmp/state/robson/observe/robsond.sock",
        places.SYSTEM_SOCKET,
    )
    assert places.socket_candidates(HOME, "live") == found[2:]
    assert places.socket_candidates(HOME, "paper") == (found[1], found[4])
    assert places.socket_candidates(HOME, None, "/s") == ("/s/robsond.sock",)


def test_a_path_may_have_100_bytes() -> None:
    assert places.path_too_long("/" + "x" * 99) is None
    assert "allowed is 100" in str(places.path_too_long("/" + "x" * 100))
    assert places.path_too_long("/" + "é" * 50), "bytes, not characters"
