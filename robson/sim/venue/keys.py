"""Whose request it is: API keys, their accounts, and signatures over what was received."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import tomllib
from collections.abc import Iterable
from pathlib import Path

import attrs
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from robson.domain.errors import ConfigError
from robson.domain.identity import AccountId

DEFAULT_KEY, DEFAULT_SECRET, DEFAULT_ACCOUNT = "test-key", "test-secret", "main"
_FIELDS = {"api_key", "secret", "public_key", "account"}


@attrs.frozen(kw_only=True)
class Key:
    """One API key: HMAC with a secret, or Ed25519 with a public key. It acts for one account."""

    api_key: str
    account: AccountId
    secret: bytes | None = None
    public_key: Ed25519PublicKey | None = None

    def signed(self, payload: bytes, signature: str) -> bool:
        """Whether a signature is this key's over these bytes."""
        given = signature.encode()
        if self.secret is not None:
            made = hmac.new(self.secret, payload, hashlib.sha256).hexdigest().encode()
            return hmac.compare_digest(made, given.lower())
        assert self.public_key is not None, "a key has one of the two"
        try:
            self.public_key.verify(base64.b64decode(given, validate=True), payload)
        except (InvalidSignature, binascii.Error):
            return False
        return True


DEFAULT = Key(
    api_key=DEFAULT_KEY, account=AccountId(DEFAULT_ACCOUNT), secret=DEFAULT_SECRET.encode()
)


class Keys:
    """The keys the venue knows."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = {key.api_key: key for key in keys}

    def get(self, api_key: str) -> Key | None:
        """The key of a name."""
        return self._keys.get(api_key)

    def revoke(self, api_key: str) -> bool:
        """Forget a key; False when it is not known."""
        return self._keys.pop(api_key, None) is not None

    @property
    def accounts(self) -> tuple[AccountId, ...]:
        """Every account that a key acts for, each once."""
        return tuple(dict.fromkeys(key.account for key in self._keys.values()))


def read_keys(path: Path) -> Keys:
    """The keys of a TOML file: tables ``[[key]]`` with api_key, account, secret or public_key.

    Raises:
        ConfigError: it cannot be read, or a table of it is no key.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as TOML: {error}") from error
    tables = document.get("key")
    if not isinstance(tables, list) or not tables or document.keys() != {"key"}:
        raise ConfigError(f"{path}: expected tables [[key]] and nothing else")
    return Keys(_key(table, f"{path}, key {place}") for place, table in enumerate(tables, 1))


def _key(table: object, where: str) -> Key:
    if not isinstance(table, dict) or not set(table) <= _FIELDS:
        raise ConfigError(f"{where}: expected {', '.join(sorted(_FIELDS))} and nothing else")
    if any(not isinstance(value, str) or not value for value in table.values()):
        raise ConfigError(f"{where}: every value is text, and none is empty")
    if "api_key" not in table or ("secret" in table) == ("public_key" in table):
        raise ConfigError(f"{where}: expected api_key, and either secret or public_key")
    secret = table.get("secret")
    return Key(
        api_key=table["api_key"],
        account=AccountId(table.get("account", DEFAULT_ACCOUNT)),
        secret=secret.encode() if secret else None,
        public_key=_public(table["public_key"], where) if "public_key" in table else None,
    )


def _public(pem: str, where: str) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{where}: public_key is no PEM public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"{where}: public_key is no Ed25519 key")
    return key
