"""A WebSocket as Robson wants it: bytes in time or nothing, and a bound to what a frame holds."""

from __future__ import annotations

import ssl

import websocket

CONNECT_S = 5.0
LARGEST = 1 << 20
"""Bytes of a frame; the longest that these streams send has a few hundred."""

_CHUNK = 1 << 16
_TEXT, _LONG = 0x81, 126
"""How a text in one piece begins, and what says that its length follows in two bytes."""


class StreamBroken(OSError):
    """The connection is of no more use."""


class _Frames(websocket.frame_buffer):
    """Takes in what is there and deals frames out of it; refuses one by its length, before the rest
    of its bytes are taken in.

    The library asks the system three times for a frame, and waits each time.
    """

    _taken, _at = b"", 0

    def plain(self) -> bytes | None:
        """The next frame where it is what nearly all are: a short text in one piece, and whole.

        None for any other, which the library deals with; nothing of it is lost.
        """
        if self._at == len(self._taken) and self.header is None:
            self._taken, self._at = self.recv(_CHUNK), 0
        taken, begin = self._taken, self._at + 2
        if self.header is not None or len(taken) < begin + 2 or taken[self._at] != _TEXT:
            return None
        length = taken[begin - 1]
        if length == _LONG:
            length, begin = int.from_bytes(taken[begin : begin + 2]), begin + 2
        elif length > _LONG:
            return None
        if len(taken) < begin + length:
            return None
        self._at = begin + length
        return taken[begin : self._at]

    def recv_strict(self, bufsize: int) -> bytes:
        while len(self._taken) - self._at < bufsize:
            # One thing: where it raises because nothing comes in time, nothing is lost.
            self._taken, self._at = self._taken[self._at :] + self.recv(_CHUNK), 0
        begin, self._at = self._at, self._at + bufsize
        return self._taken[begin : self._at]

    def recv_length(self) -> None:
        super().recv_length()
        if self.length is not None and self.length > LARGEST:
            raise websocket.WebSocketPayloadException(f"a frame of {self.length} bytes")


class _Socket(websocket.WebSocket):
    """Takes text as bytes: who reads it finds out whether it is UTF-8."""

    def __init__(self) -> None:
        super().__init__(skip_utf8_validation=True, sslopt={"cert_reqs": ssl.CERT_REQUIRED})
        self.frame_buffer = self._frames = _Frames(self._recv, skip_utf8_validation=True)

    def plain(self) -> bytes | None:
        """See :class:`_Frames`; None in the middle of a message in pieces, too."""
        return None if self.cont_frame.recving_frames else self._frames.plain()


class Connection:
    """One connection.

    Raises:
        StreamBroken: it cannot be made.
    """

    def __init__(self, url: str, *, within_s: float = CONNECT_S) -> None:
        self._socket = _Socket()
        self._within_s = within_s
        self._socket.settimeout(within_s)
        try:
            self._socket.connect(  # type: ignore[no-untyped-call]
                url, suppress_origin=True, http_no_proxy=["*"], redirect_limit=0
            )
        except (websocket.WebSocketException, OSError) as error:
            self.close()
            raise StreamBroken(_said(error)) from None

    def send(self, text: str) -> None:
        """Say something.

        Raises:
            StreamBroken: it has ended.
        """
        try:
            self._socket.send(text)
        except (websocket.WebSocketException, OSError) as error:
            raise StreamBroken(_said(error)) from None

    def receive(self, within_s: float) -> bytes | None:
        """The next message; None when none comes in time. Pings are answered on the way.

        Raises:
            StreamBroken: it has ended, or has sent what is no frame.
        """
        if within_s != self._within_s:  # telling the system takes longer than a frame that is there
            self._within_s = within_s
            self._socket.settimeout(within_s)
        try:
            short = self._socket.plain()
            if short is not None:
                return short
            opcode, data = self._socket.recv_data()
        except (websocket.WebSocketTimeoutException, ssl.SSLWantReadError):
            return None
        except (websocket.WebSocketException, OSError, ValueError) as error:
            raise StreamBroken(_said(error)) from None
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise StreamBroken("the server has closed it")
        taken: bytes = data
        return taken

    def close(self) -> None:
        """Let go, without waiting for the other side."""
        self._socket.shutdown()  # type: ignore[no-untyped-call]


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0][:200]
