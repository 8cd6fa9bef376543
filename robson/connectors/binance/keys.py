"""Reads the file that holds the API key: for the owner's eyes only, and never told further.

TOML: ``api_key`` beside either ``secret_key`` (HMAC) or ``private_key_file`` (Ed25519 in PEM).
"""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path

import attrs

from robson.connectors.binance.signing import Ed25519Signer, HmacSigner, Signer
from robson.domain.errors import ConfigError

_LARGEST = 65_536


@attrs.frozen
class Key:
    """Who asks, and how it proves it. ``api_key`` travels with each request, the rest never."""

    api_key: str = attrs.field(repr=False)
    signer: Signer = attrs.field(repr=False)


def read_key(path: Path) -> Key:
    """The key of a file.

    Raises:
        ConfigError: it cannot be read, is open to others, or holds no key; its content is not
            quoted.
    """
    try:
        found = tomllib.loads(_private(path).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise ConfigError(f"{path}: is not TOML; expected api_key and secret_key") from None
    api_key, secret, pem = (found.pop(name, None) for name in _NAMES)
    if found:
        raise ConfigError(f"{path}: has more than {', '.join(_NAMES)}")
    if not _is_text(api_key):
        raise ConfigError(f"{path}: has no api_key in quotes")
    if _is_text(secret) == _is_text(pem):
        raise ConfigError(f"{path}: needs one of secret_key and private_key_file, and not both")
    return Key(api_key, HmacSigner(secret) if _is_text(secret) else _ed25519(path.parent / pem))


_NAMES = ("api_key", "secret_key", "private_key_file")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable() and value != ""


def _ed25519(path: Path) -> Signer:
    try:
        return Ed25519Signer(_private(path))
    except ConfigError as error:
        said = str(error)
        raise ConfigError(said if said.startswith(str(path)) else f"{path}: {said}") from None


def _private(path: Path) -> bytes:
    """The bytes of a file that nobody but its owner may read."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise ConfigError(f"{path}: is no regular file")
            if stat.S_IMODE(mode) & 0o077:
                raise ConfigError(
                    f"{path}: others may read it (mode {stat.S_IMODE(mode):04o});"
                    " expected 0600: chmod 600 it, and make a new key if it was shared"
                )
            return file.read(_LARGEST)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
