"""Every error Robson raises on purpose, one tree, so that an edge can translate it once."""

from __future__ import annotations


class RobsonError(Exception):
    """Root of all errors raised on purpose."""


class InvalidValue(RobsonError, ValueError):
    """A value breaks its own invariant: a price of zero, a stop on the wrong side."""


class Refused(RobsonError):
    """A command cannot be honoured; the user's business, and nothing was changed.

    Args:
        code: stable name of the refusal, as in the API (``DUPLICATE_POSITION``).
        message: what was wrong, what is expected, what to do.
        numbers: values and limits behind the refusal, as decimal text.
    """

    def __init__(self, code: str, message: str, numbers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.numbers = numbers


class StoreError(RobsonError):
    """The journal cannot be read or written."""


class JournalCorrupt(StoreError):
    """A row of the journal is not what its hash says, or a page cannot be read."""


class JournalLocked(StoreError):
    """Another process holds the journal."""


class JournalForeign(StoreError):
    """The journal belongs to another profile, account or a newer Robson."""


class TapeError(RobsonError):
    """A tape cannot be used; the message names file, line, and what was expected."""


class ConfigError(RobsonError):
    """A configuration value is unknown, removed, or out of range."""


class InvariantViolated(RobsonError):
    """A bug in Robson: the process must not go on deciding."""
