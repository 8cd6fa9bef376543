"""The token file: who may come in by the TCP door, and as what.

One ``role:token`` a line; empty lines and lines that begin with ``#`` are skipped. The file may be
readable by its owner only. No message of this module ever holds a token.
"""

# The CLI imports this, and its start has no 5 ms for pathlib.
# ruff: noqa: PTH123
from __future__ import annotations

import os
import stat
from typing import NamedTuple

ROLES = ("viewer", "trader", "admin")
"""From least to most; each may do what the ones before it may."""

_SHORTEST = 32


class TokenFileError(ValueError):
    """The token file cannot be used; the message says why and what to do."""


class Token(NamedTuple):
    """What a caller shows, and what that lets it do."""

    role: str
    secret: str


def parse_tokens(text: str, name: str = "token file") -> tuple[Token, ...]:
    """Read the lines of a token file.

    Raises:
        TokenFileError: a line is not ``role:token``, a token is too short, or there is none.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        role, _, secret = line.strip().partition(":")
        if role not in ROLES:
            raise TokenFileError(
                f"{name}, line {number}: a line is role:token, role one of {', '.join(ROLES)}"
            )
        if len(secret) < _SHORTEST or not secret.isascii() or not secret.isprintable():
            raise TokenFileError(
                f"{name}, line {number}: a token has at least {_SHORTEST} printable characters"
            )
        found.append(Token(role, secret))
    if not found:
        raise TokenFileError(f"{name} holds no token: a line is role:token")
    return tuple(found)


def read_token_file(path: str) -> tuple[Token, ...]:
    """Read a token file that only its owner can read.

    Raises:
        TokenFileError: missing, unreadable, open to others, or not a token file.
    """
    try:
        with open(path, encoding="ascii") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise TokenFileError(f"{path} is open to others ({mode:04o}): chmod 600 {path}")
            return parse_tokens(file.read(), path)
    except UnicodeDecodeError as error:
        raise TokenFileError(f"{path} is not a token file: a line is role:token") from error
    except OSError as error:
        raise TokenFileError(f"{path} cannot be read: {error.strerror}") from error


def strongest(tokens: tuple[Token, ...]) -> Token:
    """The token that may do most."""
    return max(tokens, key=lambda token: ROLES.index(token.role))
