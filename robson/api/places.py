"""Where a daemon and its callers meet: state directory, socket, token file, TCP address.

Both sides import this module, so that they cannot disagree. It looks nothing up by itself: the
environment is given.
"""

# The CLI imports this, and its start has no 5 ms for pathlib.
# ruff: noqa: PTH100, PTH111, PTH117, PTH118, PTH120
from __future__ import annotations

import os
from collections.abc import Mapping

PROFILES = ("sim", "paper", "live")
OBSERVED = "observe"
"""Where `live --observe` keeps its state, and what its journal is stamped with: what was armed in
vain can never be taken for what is to be traded.
"""
SOCKET_NAME = "robsond.sock"
TOKEN_NAME = "token"  # noqa: S105 - a file's name
TCP_DOOR = "grpc://127.0.0.1:50051"
SYSTEM_SOCKET = "/run/robson/robsond.sock"
"""Where the systemd unit has its runtime directory."""

LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel's own limit lies little above and cuts without a word."""


def state_dir(environ: Mapping[str, str], profile: str, given: str | None = None) -> str:
    """The one somebody named, else the user's own for a profile."""
    named = named_state_dir(environ, given)
    return named or os.path.join(_user_state(environ), "robson", profile)


def named_state_dir(environ: Mapping[str, str], given: str | None = None) -> str | None:
    """``given``, else ROBSON_STATE_DIR, else $STATE_DIRECTORY; None when nobody named one."""
    named = given or environ.get("ROBSON_STATE_DIR") or _first(environ.get("STATE_DIRECTORY"))
    return os.path.abspath(os.path.expanduser(named)) if named else None


def strategies_dir(environ: Mapping[str, str], config: str | None = None) -> str:
    """The user's own strategies: beside the configuration file, else $CONFIGURATION_DIRECTORY,
    else the user's configuration directory.
    """
    if config:
        directory = os.path.dirname(os.path.abspath(config))
    else:
        directory = _first(environ.get("CONFIGURATION_DIRECTORY")) or os.path.join(
            _user_config(environ), "robson"
        )
    return os.path.join(directory, "strategies")


def _user_config(environ: Mapping[str, str]) -> str:
    base = environ.get("XDG_CONFIG_HOME")
    return base if base and os.path.isabs(base) else os.path.expanduser("~/.config")


def _user_state(environ: Mapping[str, str]) -> str:
    base = environ.get("XDG_STATE_HOME")
    return base if base and os.path.isabs(base) else os.path.expanduser("~/.local/state")


def _first(directories: str | None) -> str | None:
    """Systemd gives several, joined by colons."""
    return directories.split(":")[0] if directories else None


def socket_path(environ: Mapping[str, str], directory: str) -> str:
    """Where the daemon of a state directory listens: $RUNTIME_DIRECTORY, else the directory."""
    return os.path.join(_first(environ.get("RUNTIME_DIRECTORY")) or directory, SOCKET_NAME)


def token_path(directory: str) -> str:
    """The token file of a state directory."""
    return os.path.join(directory, TOKEN_NAME)


def socket_candidates(
    environ: Mapping[str, str], profile: str | None, given: str | None = None
) -> tuple[str, ...]:
    """Sockets a caller tries, the likeliest first; without a profile all of them."""
    named = named_state_dir(environ, given)
    if named:
        return tuple(dict.fromkeys((socket_path(environ, named), os.path.join(named, SOCKET_NAME))))
    own = (os.path.join(state_dir(environ, name), SOCKET_NAME) for name in directories(profile))
    return (*own, SYSTEM_SOCKET)


def directories(profile: str | None) -> tuple[str, ...]:
    """Names of the directories below the user's own in which a profile's state may be."""
    if profile is None:
        return (*PROFILES, OBSERVED)
    return (profile, OBSERVED) if profile == "live" else (profile,)


def path_too_long(path: str) -> str | None:
    """What to say about a socket path that the kernel would refuse or cut; None when it fits."""
    length = len(os.fsencode(path))
    if length <= LONGEST_SOCKET_PATH:
        return None
    return (
        f"the socket path {path} has {length} bytes; allowed is {LONGEST_SOCKET_PATH}."
        " Choose a shorter --state-dir (or ROBSON_STATE_DIR)."
    )
