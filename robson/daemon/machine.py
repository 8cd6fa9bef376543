"""The checks of this machine: secrets, disk, lock. Nothing is changed, and nothing is made."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from robson.connectors.binance.keys import read_key
from robson.daemon.checks import Check, failed, passed, unchecked
from robson.daemon.config import Config
from robson.domain.errors import ConfigError
from robson.store.disk import MIB, free_bytes
from robson.store.lock import holder


def machine(config: Config, directory: Path, *, ours: bool = False) -> Iterator[Check]:
    """Each of them. ``ours``: the lock is held by this process."""
    yield secrets(config, directory / "token")
    yield disk(config, directory)
    yield lock(directory, ours=ours)


def secrets(config: Config, token: Path) -> Check:
    """Whether the files with the key and the tokens are their owner's alone."""
    file = config["exchange.key_file"]
    try:
        if file:
            read_key(Path(file))
        if token.exists() and stat.S_IMODE(token.stat().st_mode) & 0o077:
            return _open_to_others(token)
    except ConfigError as error:
        return failed(
            "Secrets",
            str(error),
            "nothing can be asked with this key, or others can ask with it too",
            "chmod 600 the file, and make a new key if it was shared",
        )
    except OSError as error:
        return unchecked("Secrets", f"{token}: {error.strerror}")
    told = "key and token files are their" if file else "the token file is its"
    return passed("Secrets", f"{told} owner's alone")


def _open_to_others(token: Path) -> Check:
    return failed(
        "Secrets",
        f"{token}: others may read it",
        "whoever has a token can command this daemon",
        f"chmod 600 {token}, and remove it before the next start: a new one is made",
    )


def disk(config: Config, directory: Path) -> Check:
    """Whether the journal has room."""
    warn, least = config["store.disk_warn_mib"], config["store.disk_entry_mib"]
    try:
        mib = free_bytes(_nearest(directory)) // MIB
    except OSError as error:
        return unchecked("Disk", f"{directory}: {error.strerror}")
    said = f"{directory} has {mib} MiB free"
    if mib < least:
        means = f"below {least} MiB no position is entered"
        return failed("Disk", said, means, "make room on that disk")
    if mib < warn:
        return passed("Disk", said, f"below {least} MiB no position is entered", "make room")
    return passed("Disk", said)


def _nearest(directory: Path) -> Path:
    """The directory, or the first above it that is there."""
    return next(each for each in (directory, *directory.absolute().parents) if each.exists())


def lock(directory: Path, *, ours: bool) -> Check:
    """Whether another process has the state directory."""
    if ours:
        return passed("Lock", f"{directory} is held by this daemon")
    try:
        process = holder(directory)
    except OSError as error:
        return unchecked("Lock", f"{directory}: {error.strerror}")
    if process is None:
        return passed("Lock", f"no robsond has {directory}")
    return failed(
        "Lock",
        f"{directory} is held by process {process}",
        "a second robsond does not start there",
        "robson doctor asks the one that runs",
    )
