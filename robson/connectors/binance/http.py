"""Carries one request to Binance and its answer back, once, with a deadline that holds.

Neither requests nor urllib3 has a deadline for the whole of an answer: ten bytes a second keep them
waiting for ever. Here each read gets what is left of the one deadline. Nothing is repeated, no
redirect is followed, no proxy is asked for.
"""

from __future__ import annotations

import io
import select
from collections.abc import Callable
from functools import partial
from http.client import HTTPException, HTTPResponse
from typing import Any, NoReturn, Protocol
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
_ENDLESS = "the answer does not say where it ends"
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

    def begin(
        self, method: str, path: str, query: str, headers: dict[str, str]
    ) -> Callable[[], Reply] | None:
        """Send by a connection that is there, and wait for nothing; None where there is none.

        Its answer is read by calling what is returned, once, on any thread; that raises
        :class:`Broken` as ``send`` does.
        """


# --- a connection whose answers have a deadline --------------------------------------------------


class _Reader(io.RawIOBase):
    """A socket's bytes until a deadline; it holds the socket open until it has been closed itself.

    Whoever reads a last answer lets go of the connection before its body.
    """

    def __init__(self, sock: Any, left_s: Callable[[], float]) -> None:
        self._sock = sock
        self._held = sock.makefile("rb", buffering=0)
        self._left_s = left_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left_s = self._left_s()
        if left_s <= 0:
            raise TimeoutError("the answer takes too long")
        self._sock.settimeout(left_s)
        taken: int = self._held.readinto(buffer)
        return taken

    def close(self) -> None:
        self._held.close()
        super().close()


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
            self._heard = select.poll()
            self._heard.register(self.sock, select.POLLIN)
            self.sock: Any = _Timed(self.sock, self._left_s)

        @property
        def is_connected(self) -> bool:
            """Connected, and nothing has come that nobody asked for: the other side's goodbye."""
            return getattr(self, "sock", None) is not None and not self._heard.poll(0)

        def _left_s(self) -> float:
            return self.ends_s - monotonic_s()

        def begin(self) -> None:
            """From here on the deadline runs; a connection that is not there is made first."""
            if getattr(self, "sock", None) is None:
                self.connect()
            self.ends_s = monotonic_s() + total_s

        def request(self, *args: Any, **kwargs: Any) -> None:
            self.begin()
            super().request(*args, **kwargs)

        def put(self, asked: bytes) -> None:
            """Send a request as it is."""
            self.begin()
            self.sock.sendall(asked)

        def answer(self, method: str) -> Reply:
            """Read what comes back."""
            with HTTPResponse(self.sock, method=method) as found:
                found.begin()
                if found.length is None and not found.chunked:
                    raise Broken(_ENDLESS)
                reply = _reply(found.status, found.headers, found.read(LARGEST + 1))
                if found.length:
                    raise Broken(f"{found.length} bytes of the answer are missing")
            if found.will_close:
                self.close()
            return reply

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
                if found.raw.length_remaining is None and not found.raw.chunked:
                    raise Broken(_ENDLESS)
                body = found.raw.read(LARGEST + 1, decode_content=True)
                return _reply(found.status_code, found.headers, body)
        except (requests.RequestException, HTTPError, OSError) as error:
            # Never its text: it holds the address with the signature.
            raise Broken(f"no whole answer: {_kind(error)}") from None

    def begin(self, *_asked: object) -> None:
        """Nothing leaves here but with somebody who waits for it."""


class PoolDoor:
    """urllib3's own connections, kept warm: for what leaves risk. Any thread.

    Nobody waits for another one's answer: who finds no idle connection makes one. The bytes of a
    request are put together here: going through urllib3 takes as long as all the rest of sending.
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
        usual = {"Host": parts.netloc.rpartition("@")[2], **_HEADERS}
        self._usual = _lines(usual)
        self._idle: list[Any] = []
        finalize(self, _let_go, self._idle)
        self.url = url

    def send(self, method: str, path: str, query: str, headers: dict[str, str]) -> Reply:
        """See :class:`Door`."""
        try:
            warm = self._idle.pop()
        except IndexError:
            warm = self._make()
        if not warm.is_connected:
            warm.close()  # the other side has hung up meanwhile: a new connection is made
        return self._put(warm, method, path, query, headers)()

    def begin(
        self, method: str, path: str, query: str, headers: dict[str, str]
    ) -> Callable[[], Reply] | None:
        """See :class:`Door`."""
        try:
            warm = self._idle.pop()
        except IndexError:
            return None
        if not warm.is_connected:
            warm.close()
            return None
        return self._put(warm, method, path, query, headers, afresh=True)

    def _put(
        self,
        warm: Any,
        method: str,
        path: str,
        query: str,
        headers: dict[str, str],
        *,
        afresh: bool = False,
    ) -> Callable[[], Reply]:
        """``afresh``: the deadline runs from when the answer is read; its reader may be busy."""
        head = f"{method} {_whole('', path, query)} HTTP/1.1\r\n{self._usual}{_lines(headers)}"
        if method != "GET":
            head += "Content-Length: 0\r\n"
        try:
            warm.put(f"{head}\r\n".encode("ascii"))
        except (HTTPError, HTTPException, OSError) as error:
            warm.close()
            return partial(_broken, error)
        except RobsonError:
            warm.close()
            raise
        return partial(self._answer, warm, method, afresh=afresh)

    def _answer(self, warm: Any, method: str, *, afresh: bool) -> Reply:
        try:
            if afresh:
                warm.begin()
            reply: Reply = warm.answer(method)
        except (HTTPError, HTTPException, OSError) as error:
            warm.close()
            _broken(error)
        except RobsonError:
            warm.close()
            raise
        self._idle.append(warm)
        return reply


def _broken(error: BaseException) -> NoReturn:
    raise Broken(f"no whole answer: {_kind(error)}") from None


def _let_go(idle: list[Any]) -> None:
    for each in idle:
        each.close()


def _lines(headers: dict[str, str]) -> str:
    return "".join(f"{name}: {text}\r\n" for name, text in headers.items())


def _whole(url: str, path: str, query: str) -> str:
    return f"{url}{path}?{query}" if query else f"{url}{path}"


def _reply(status: int, headers: Any, body: bytes) -> Reply:
    if len(body) > LARGEST:
        raise Broken(f"the answer is larger than {LARGEST} bytes")
    return Reply(
        status=status, headers={name.lower(): text for name, text in headers.items()}, body=body
    )


_TROUBLES = {
    "ConnectionRefusedError": "nobody listens there",
    "SSLCertVerificationError": "its certificate is not trusted",
    "gaierror": "its name is not found",
}


def _kind(error: BaseException) -> str:
    """What kind of trouble, from the innermost error that is one of the network's own."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    name = type(error).__name__
    return "it takes too long" if isinstance(error, TimeoutError) else _TROUBLES.get(name, name)
