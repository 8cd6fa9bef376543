"""Every fault that only a wire can have: what it does, and which requests or streams it can meet.

They stand in a script beside those of the exchange itself, in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from robson.connectors.simulated.kinds import SCRIPTED, Kind
from robson.connectors.simulated.roles import REQUESTS

MARKET, TOKEN = "market", "token"
ON_REST = (*REQUESTS, MARKET, TOKEN)
"""Roles of requests: those of the exchange, public questions, and asking for a listen token."""
STREAMS = ("trade", "aggTrade", "bookTicker", "kline", "user")
"""Roles of frames."""
_UNKNOWN = "asks what became of it; nothing is sent again before it is known"
_AGAIN = "asks again after a pause"
_JOINED = "closes the gap by asking; the other sources protect meanwhile"


def _rest(meaning: str, source: str, robson: str, seconds: int | None = None) -> Kind:
    after = None if seconds is None else Decimal(seconds)
    return Kind(meaning, "wire", source, robson, ON_REST, after)


def _stream(
    meaning: str, source: str, seconds: int | None = None, roles: tuple[str, ...] = STREAMS
) -> Kind:
    after = None if seconds is None else Decimal(seconds)
    return Kind(meaning, "stream", source, _JOINED, roles, after)


WIRE: Mapping[str, Kind] = {
    "cut_before": _rest(
        "the connection is cut when the request has come in; nothing is done",
        "a connection that drops after the bytes left is unknown",
        _UNKNOWN,
    ),
    "cut_after": _rest(
        "the request is carried out, then the connection is cut",
        "a connection that drops after the bytes left is unknown",
        _UNKNOWN,
    ),
    "body_cut": _rest(
        "carried out; half of the answer comes, then the connection is cut",
        "a body that is no JSON, after the request has left, is unknown",
        _UNKNOWN,
    ),
    "body_slow": _rest(
        "carried out; the answer comes a byte a second",
        "neither requests nor urllib3 has a total deadline",
        _UNKNOWN,
    ),
    "blocked": _rest(
        "403 with a page of the firewall; nothing is done",
        "403 is the firewall: too many requests of a shape it dislikes",
        "takes it as refused before processing, and tries again after a pause",
    ),
    "wrong_country": _rest(
        "451: no service from here; nothing is done",
        "the exchange refuses service by place",
        "says so and stops trying to trade",
    ),
    "throttled": _rest(
        "429 with Retry-After of `seconds`; nothing is done, for market data and tokens too",
        "429: stop, honour Retry-After",
        _AGAIN,
        1,
    ),
    "page": _rest(
        "503 with a page instead of JSON; nothing is done, which the answer does not say",
        "HTTP 5xx is unknown, always",
        _UNKNOWN,
    ),
    "clock_jumps": _rest(
        "the exchange's clock jumps `seconds` ahead, and stays there",
        "-1021: resync the clock once, then fail",
        "measures the clock again",
        5,
    ),
    "frame_lost": _stream("one frame does not come", "trade ids rise by 1: a hole is a gap"),
    "frame_twice": _stream("one frame comes twice", "events may be duplicated"),
    "frames_swapped": _stream("one frame comes after the next one", "events may be reordered"),
    "frame_torn": _stream(
        "half of a frame's bytes come, then the connection is cut", "frames break on the way"
    ),
    "frame_huge": _stream("a frame of 10 MB comes before it", "a reader sets a bound to a frame"),
    "frame_garbled": _stream("a frame comes that is no JSON", "proxies answer in pages"),
    "stream_silent": _stream(
        "no frame comes for `seconds`; pings go on", "silent stalls on a living connection", 10
    ),
    "stream_half_open": _stream(
        "nothing comes for `seconds`, no ping and no pong either", "half-open sockets", 30
    ),
    "stream_cut": _stream("the connection is cut without a word", "connections drop"),
    "stream_day": _stream("the connection is closed, as after 24 h", "24 h for each connection"),
    "stream_shutdown": _stream(
        "`serverShutdown`, and `seconds` later the end", "sent since 2026-05: reconnect at once", 2
    ),
    "token_ended": _stream(
        "`eventStreamTerminated`, and no event any more", "a token is not renewed", None, ("user",)
    ),
}
"""By name."""
KINDS: Mapping[str, Kind] = {**SCRIPTED, **WIRE}
"""What a script of the venue can ask for."""
