"""Where one daemon lives and listens, by its configuration and its environment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import attrs

from robson.api import places
from robson.api.doors import DoorError
from robson.daemon.config import KEYS, Config
from robson.daemon.exits import Unwritable
from robson.daemon.ports import port_of, usual_or_free
from robson.daemon.strategies import SHIPPED, Shelf, shelf


@attrs.frozen(kw_only=True)
class Places:
    """Where one daemon lives and listens."""

    directory: Path
    socket: str
    token: str
    grpc_port: int
    http_port: int
    http_host: str = "127.0.0.1"
    strategies: Shelf = SHIPPED


def places_of(config: Config, directory: Path, environ: dict[str, str], file: str | None) -> Places:
    """Where it is to be; a port of a simulation gives way when it is taken.

    Raises:
        DoorError: a path is too long for a socket.
        ConfigError: a file of strategies cannot be used.
    """
    socket = places.socket_path(environ, str(directory))
    too_long = places.path_too_long(socket)
    if too_long:
        raise DoorError(too_long)
    _, grpc_port = port_of(config["api.grpc"])
    host, http_port = port_of(config["api.http"])
    if config["profile"] == "sim":
        # Nobody has to make room for a simulation: a usual port that is taken becomes a free one.
        grpc_port = usual_or_free(grpc_port, usual=_is_default(config, "api.grpc"))
        http_port = usual_or_free(http_port, usual=_is_default(config, "api.http"))
    return Places(
        directory=directory,
        socket=socket,
        token=places.token_path(str(directory)),
        grpc_port=grpc_port,
        http_port=http_port,
        http_host=host,
        strategies=shelf(config, Path(places.strategies_dir(environ, file))),
    )


def _is_default(config: Config, key: str) -> bool:
    return bool(config[key] == KEYS[key].default)


@contextmanager
def writable(directory: Path) -> Iterator[None]:
    """Make the state directory unless it is there; of a start that is refused none stays.

    Raises:
        Unwritable: nothing can be written there.
    """
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    with ExitStack() as undo:
        undo.callback(_remove, missing)
        _check_writable(directory)
        yield
        undo.pop_all()


def _remove(made: list[Path]) -> None:
    for each in made:
        with suppress(OSError):  # something lies in it
            each.rmdir()


def _check_writable(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = directory / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Unwritable(f"{directory} cannot be written: {error.strerror}") from error
