"""Carries one request to Binance and its answer back, once, with a deadline that holds.

Neither requests nor urllib3 has a deadline for the whole of an answer: ten bytes a second keep them
waiting for ever. Here each read gets what is left of the one deadline. Nothing is repeated, no
redirect is followed, no proxy is asked for.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from http.client import HTTPException
from typing import Any, Protocol
from urllib.parse import urlsplit
from weakref import finalize

import attrs
import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from robson.domain.errors import RobsonError

CONNECT_S = 2.0
TOTAL_S = 5.0
LARGEST = 16 * 1024 * 1024
"""Bytes of the largest answer that is read: exchangeInfo of all symbols is about this."""
_HEADERS = {"Accept": "application/json", "User-Agent": "robson", "Accept-Encoding": "identity"}


class NothingLeft(RobsonError):
    """No byte of the request has left: it was not done."""


class Broken(RobsonError):
    """It left, and no whole answer came back in time: it may have been done."""


@attrs.frozen(kw_only=True)
class Reply:
    """What came back. ``headers`` have lower-case names."""

    status: int
    headers: dict[str, str]
    body: bytes


class Door(Protocol):
    """One way to an exchange."""

    @property
    def url(self) -> str:
        """Where it leads."""

    def send(self, method: str, path: str, query: str, headers: dict[str, str]) -> Reply:
        """Send once and wait.

        Raises:
            NothingLeft: it did not leave.
            Broken: nobody knows what became of it.
        """


# --- a connection whose answers have a deadline --------------------------------------------------


class _Reader(io.RawIOBase):
    """A socket's bytes until a deadline."""

    def __init__(self, sock: Any, left_s: Callable[[], float]) -> None:
        self._sock = sock
        self._left_s = left_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left_s = self._left_s()
        if left_s <= 0:
            raise TimeoutError("the answer takes too long")
        self._sock.settimeout(left_s)
        taken: int = self._sock.recv_into(buffer)
        return taken


class _Timed:
    """A socket as ``http.client`` uses one; whatever else is asked of it is the socket's own."""

    def __init__(self, sock: Any, left_s: Callable[[], float]) -> None:
        self._sock = sock
        self._left_s = left_s

    def makefile(self, mode: str, *_args: Any, **_kwargs: Any) -> io.BufferedReader:
        assert mode == "rb", "http.client reads answers and nothing else"
        return io.BufferedReader(_Reader(self._sock, self._left_s))

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(max(self._left_s(), 0.001))
        self._sock.sendall(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def _timed(
    plain: type[HTTPConnection], monotonic_s: Callable[[], float], total_s: float
) -> type[HTTPConnection]:
    """A connection class whose every request has ``total_s``."""

    class Timed(plain):  # type: ignore[valid-type,misc]
        ends_s = 0.0

        def connect(self) -> None:
            try:
                super().connect()
            except (OSError, HTTPError) as error:
                self.close()
                raise NothingLeft(f"no connection to {self.host}: {_kind(error)}") from None
            self.sock: Any = _Timed(self.sock, self._left_s)

        def _left_s(self) -> float:
            return self.ends_s - monotonic_s()

        def request(self, *args: Any, **kwargs: Any) -> None:
            if getattr(self, "sock", None) is None:
                self.connect()
            self.ends_s = monotonic_s() + total_s
            super().request(*args, **kwargs)

    return Timed


def _pools(monotonic_s: Callable[[], float], total_s: float) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnectionPool):
        ConnectionCls = _timed(HTTPConnection, monotonic_s, total_s)

    class Secure(HTTPSConnectionPool):
        ConnectionCls: Any = _timed(HTTPSConnection, monotonic_s, total_s)

    return {"http": Plain, "https": Secure}


# --- the two doors -------------------------------------------------------------------------------


class SessionDoor:
    """requests: for what may take its half millisecond. One thread at a time."""

    def __init__(
        self,
        url: str,
        monotonic_s: Callable[[], float],
        *,
        total_s: float = TOTAL_S,
        connect_s: float = CONNECT_S,
    ) -> None:
        adapter = HTTPAdapter(max_retries=0)
        adapter.poolmanager.pool_classes_by_scheme = _pools(monotonic_s, total_s)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount(url, adapter)
        self.url = url
        self._timeout = (connect_s, total_s)

    def send(self, method: str, path: str, query: str, headers: dict[str, str]) -> Reply:
        """See :class:`Door`."""
        try:
            with self._session.request(
                method,
                _whole(self.url, path, query),
                headers=_HEADERS | headers,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as found:
                body = found.raw.read(LARGEST + 1, decode_content=True)
                return _reply(found.status_code, found.headers, body)
        except (requests.RequestException, HTTPError, OSError) as error:
            # Never its text: it holds the address with the signature.
            raise Broken(f"no whole answer: {_kind(error)}") from None


class PoolDoor:
    """urllib3's own connections, kept warm: for what leaves risk. Any thread.

    Nobody waits for another one's answer: who finds no idle connection makes one.
    """

    def __init__(
        self,
        url: str,
        monotonic_s: Callable[[], float],
        *,
        total_s: float = TOTAL_S,
        connect_s: float = CONNECT_S,
    ) -> None:
        parts = urlsplit(url)
        plain = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        made = _timed(plain, monotonic_s, total_s)
        self._make = partial(made, parts.hostname or "", parts.port, timeout=connect_s)
        self._idle: list[HTTPConnection] = []
        finalize(self, _let_go, self._idle)
        self.url = url

    def send(self, method: str, path: str, query: str, headers: dict[str, str]) -> Reply:
        """See :class:`Door`."""
        try:
            warm = self._idle.pop()
        except IndexError:
            warm = self._make()
        try:
            if not warm.is_connected:
                warm.close()  # the other side has hung up meanwhile: a new connection is made
            warm.request(
                method,
                _whole("", path, query),
                headers=_HEADERS | headers,
                preload_content=False,
            )
            found = warm.getresponse()
            reply = _reply(found.status, found.headers, found.read(LARGEST + 1))
        except (HTTPError, HTTPException, OSError) as error:
            warm.close()
            raise Broken(f"no whole answer: {_kind(error)}") from None
        except RobsonError:
            warm.close()
            raise
        self._idle.append(warm)
        return reply


def _let_go(idle: list[HTTPConnection]) -> None:
    for each in idle:
        each.close()


def _whole(url: str, path: str, query: str) -> str:
    return f"{url}{path}?{query}" if query else f"{url}{path}"


def _reply(status: int, headers: Any, body: bytes) -> Reply:
    if len(body) > LARGEST:
        raise Broken(f"the answer is larger than {LARGEST} bytes")
    return Reply(
        status=status, headers={name.lower(): text for name, text in headers.items()}, body=body
    )


def _kind(error: BaseException) -> str:
    """What kind of trouble, from the innermost error that is one of the network's own."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return "it takes too long" if isinstance(error, TimeoutError) else type(error).__name__
