"""What goes wrong with the frames of a stream, as the script says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal

from robson.sim.venue.kinds import WIRE
from robson.sim.venue.script import VenueScript
from robson.sim.venue.sockets import Connection

HUGE_BYTES = 10_000_000
_OF_STREAMS = tuple(name for name, kind in WIRE.items() if kind.where == "stream")


class Frames:
    """The frames of one connection, on their way to it.

    Args:
        shutdown: what ``serverShutdown`` looks like on this connection, from the time in ms.
    """

    def __init__(
        self,
        connection: Connection,
        script: VenueScript,
        *,
        speed: float,
        shutdown: Callable[[int], dict[str, object]],
    ) -> None:
        self._connection = connection
        self._script = script
        self._speed = speed
        self._shutdown = shutdown
        self._held: list[str] = []
        self._silent_ms = 0
        self.ended = False

    def tell(self, text: str, role: str) -> None:
        """Send a frame, unless something happens to it."""
        for kind in _OF_STREAMS:
            fault = self._script.strikes(kind, role)
            if fault is not None:
                if self._strike(kind, fault.seconds, text):
                    return
                break
        if self._script.now_ms() < self._silent_ms or self.ended:
            return
        self._connection.send_text(text)
        for held in self._held:
            self._connection.send_text(held)
        self._held.clear()

    def _strike(self, kind: str, seconds: Decimal, text: str) -> bool:
        """Do it; True when the frame itself does not come any more."""
        connection, now_ms = self._connection, self._script.now_ms()
        match kind:
            case "frame_lost":
                return True
            case "frames_swapped":
                self._held.append(text)
                return True
            case "frame_twice":
                connection.send_text(text)
            case "frame_torn":
                connection.tear(text)
                return True
            case "frame_huge":
                connection.send_text('{"e":"huge","x":"' + "x" * HUGE_BYTES + '"}')
            case "frame_garbled":
                connection.send_text("<html>502 Bad Gateway</html>")
            case "stream_silent":
                self._silent_ms = now_ms + int(seconds * 1000)
            case "stream_half_open":
                connection.freeze(float(seconds))
            case "stream_cut":
                connection.cut()
                return True
            case "stream_day":
                connection.end()
            case "stream_shutdown":
                connection.send(self._shutdown(now_ms))
                loop = asyncio.get_running_loop()
                loop.call_later(float(seconds) / self._speed, connection.end)
            case "token_ended":
                connection.send(
                    {"subscriptionId": 0, "event": {"e": "eventStreamTerminated", "E": now_ms}}
                )
                self.ended = True
        return False


def raw_shutdown(now_ms: int) -> dict[str, object]:
    """On a connection of one stream."""
    return {"e": "serverShutdown", "E": now_ms}


def combined_shutdown(now_ms: int) -> dict[str, object]:
    """On a connection of several."""
    return {"stream": "!serverShutdown", "data": raw_shutdown(now_ms)}


def user_shutdown(now_ms: int) -> dict[str, object]:
    """On the WebSocket API."""
    return {"event": raw_shutdown(now_ms)}
