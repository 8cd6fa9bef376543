"""How robsond ends: every exit code with its name and its reason, as one table.

It decides nothing: the program ends with it, and docs/errors.md is made from it.
"""

from __future__ import annotations

from typing import NamedTuple

from robson.api.doors import DoorError
from robson.domain.errors import (
    ConfigError,
    InvalidValue,
    JournalCorrupt,
    JournalForeign,
    JournalLocked,
    Refused,
    RobsonError,
    StoreError,
    TapeError,
)


class Unwritable(RobsonError):
    """The state directory cannot be used."""


USAGE, DOOR, INTERNAL, FORCED, DIRECTORY = 64, 69, 70, 71, 73
JOURNAL_IO, LOCKED, CORRUPT, CONFIG = 74, 75, 76, 78
INTERRUPTED = 130


class Interrupted(RobsonError):
    """A person has ended it before it had started."""


class ExchangeUnreachable(RobsonError):
    """The exchange in the other process does not answer."""


class Exit(NamedTuple):
    """What ends robsond: the error it is raised as, a stable name, the exit code, why."""

    kind: type[BaseException] | None
    code: str
    number: int
    why: str


EXITS: tuple[Exit, ...] = (
    Exit(None, "OK", 0, "in order"),
    Exit(InvalidValue, "INVALID_ARGUMENT", USAGE, "an option cannot be used"),
    Exit(TapeError, "TAPE_INVALID", USAGE, "a tape or a history cannot be played"),
    Exit(Refused, "REFUSED", USAGE, "what was asked for is not there; the code says what"),
    Exit(DoorError, "DOOR_TAKEN", DOOR, "a socket or port is taken"),
    Exit(
        ExchangeUnreachable, "EXCHANGE_UNREACHABLE", DOOR, "the exchange next door does not answer"
    ),
    Exit(None, "INTERNAL", INTERNAL, "a defect: a thread ended that should not have"),
    Exit(None, "FORCED", FORCED, "a second signal, or stopping took longer than 25 s"),
    Exit(Unwritable, "STATE_DIR_UNWRITABLE", DIRECTORY, "the state directory cannot be written"),
    Exit(JournalLocked, "JOURNAL_LOCKED", LOCKED, "another process holds the state directory"),
    Exit(JournalCorrupt, "JOURNAL_CORRUPT", CORRUPT, "the journal is damaged"),
    Exit(
        JournalForeign,
        "JOURNAL_FOREIGN",
        CORRUPT,
        "the journal belongs to another profile, account or a newer Robson",
    ),
    Exit(StoreError, "JOURNAL_IO", JOURNAL_IO, "the journal cannot be read or written"),
    Exit(ConfigError, "CONFIG_INVALID", CONFIG, "the configuration cannot be used"),
    Exit(Interrupted, "CANCELLED_BY_USER", INTERRUPTED, "interrupted before it had started"),
)
"""The first that fits counts: a special error stands before the general one."""


def exit_of(error: RobsonError) -> Exit:
    """The row of an error; a refusal brings its own code, and an unlisted error is a defect."""
    fitting = (row for row in EXITS if row.kind is not None and isinstance(error, row.kind))
    row = next(fitting, next(row for row in EXITS if row.code == "INTERNAL"))
    return row._replace(code=error.code) if isinstance(error, Refused) else row
