"""Turns parameters into the bytes of a request and signs them: encoded first, then signed.

What is signed is exactly what is sent. HMAC-SHA256 and Ed25519 keys; a secret is shown to nobody,
not even by mistake.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import string
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import quote

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from robson.domain.errors import ConfigError

_PLAIN = frozenset(string.ascii_letters + string.digits + "-._~")


class Signer(Protocol):
    """Signs bytes."""

    def sign(self, payload: bytes) -> str:
        """The signature as it is sent, percent-encoded where it has to be."""


class HmacSigner:
    """A shared secret, keyed once: looking the algorithm up takes longer than using it."""

    def __init__(self, secret: str) -> None:
        self._keyed = hmac.new(secret.encode(), digestmod=hashlib.sha256)

    def sign(self, payload: bytes) -> str:
        """Hexadecimal HMAC-SHA256."""
        made = self._keyed.copy()
        made.update(payload)
        return made.hexdigest()

    def __repr__(self) -> str:
        return "HmacSigner(kept)"


class Ed25519Signer:
    """A private key of which the exchange knows the public half only.

    Raises:
        ConfigError: the text is no Ed25519 private key in PEM.
    """

    def __init__(self, pem: bytes) -> None:
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # Without its cause: that may quote the key.
            raise ConfigError("is no private key in PEM without a password") from None
        if not isinstance(key, Ed25519PrivateKey):
            raise ConfigError("is no Ed25519 key; RSA keys are not taken")
        self._key = key

    def sign(self, payload: bytes) -> str:
        """Base64, percent-encoded."""
        return quote(base64.b64encode(self._key.sign(payload)), safe="")

    def __repr__(self) -> str:
        return "Ed25519Signer(kept)"


def encoded(params: Mapping[str, str | int]) -> str:
    """Parameters as a query string, in their order, percent-encoded; their names are plain."""
    return "&".join(f"{name}={_escaped(str(value))}" for name, value in params.items())


def _escaped(text: str) -> str:
    return text if _PLAIN.issuperset(text) else quote(text, safe="")


def signed(params: Mapping[str, str | int], signer: Signer) -> str:
    """The same with its signature as the last parameter."""
    query = encoded(params)
    return f"{query}&signature={signer.sign(query.encode('ascii'))}"
