"""What the daemon tells of itself: the lines of its log and the keys of its configuration.

Apart from what it publishes of positions, because a start that is refused needs no more than this.
"""

from __future__ import annotations

import attrs

from robson.domain.identity import PositionId

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
"""From least to most serious."""
LOG_LINES_KEPT = 2_000
"""Lines of the log that can be asked for."""


@attrs.frozen(kw_only=True)
class LogLine:
    """A line of the daemon's log. ``number`` grows by one; ``at_ns`` is the machine's time."""

    number: int
    at_ns: int
    level: str
    message: str
    position: PositionId | None = None


@attrs.frozen(kw_only=True)
class ConfigKey:
    """One key of the daemon's configuration, as text; a secret's value is not in it.

    ``source`` says who set it: ``default``, the file's path, the environment or the command line.
    """

    key: str
    value: str
    default: str
    source: str
    meaning: str
    secret: bool = False
