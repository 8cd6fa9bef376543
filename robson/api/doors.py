"""What opening the doors comes to: where the daemon can be reached, or why it cannot."""

from __future__ import annotations

import attrs

from robson.domain.errors import RobsonError


class DoorError(RobsonError):
    """A door cannot be opened: the message says why, and which option changes it."""


@attrs.frozen(kw_only=True)
class Doors:
    """Where the daemon can be reached: URLs that ``--daemon-url`` takes."""

    socket: str | None
    tcp: str | None
    port: int | None
