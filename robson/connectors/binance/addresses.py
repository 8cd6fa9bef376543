"""Where Binance is, and where an order may be sent: to this machine and nowhere else, for now.

Orders leave for a loopback address only, until a real account has been earned. Public prices may
come from anywhere: who reads them sends nothing that could cost money.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from robson.domain.errors import ConfigError

PUBLIC_REST = "https://data-api.binance.vision"
PUBLIC_STREAM = "wss://data-stream.binance.vision"


def public_url(text: str, *schemes: str) -> str:
    """An address without a path, a query or a name in front.

    Raises:
        ConfigError: it is none; to be said after the name of the key.
    """
    parts = _parts(text)
    plain = parts is not None and parts.hostname and not parts.username and not parts.password
    bare = parts is not None and not (parts.path.strip("/") or parts.query or parts.fragment)
    if parts is None or parts.scheme not in schemes or not plain or not bare:
        raise ConfigError(f"is no address; expected {schemes[0]}://HOST:PORT and nothing after it")
    return text.rstrip("/")


def loopback_url(text: str, *schemes: str) -> str:
    """The same on this machine: the only place to which an order may leave.

    A name is not trusted to stay where it is: but for ``localhost`` it must be an IP address.

    Raises:
        ConfigError: it is none, or somewhere else.
    """
    url = public_url(text, *schemes)
    host = urlsplit(url).hostname or ""
    if not _is_loopback(host):
        raise ConfigError(
            f"is at {host}; the profile live sends orders to this machine only, until it has been"
            " earned: expected 127.0.0.1 (robson-sim venue)"
        )
    return url


def is_here(url: str) -> bool:
    """Whether an address is on this machine, so that a venue may be there."""
    parts = _parts(url)
    return parts is not None and _is_loopback(parts.hostname or "")


def _parts(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return None
    return parts if text.isascii() and text.isprintable() and " " not in text else None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
