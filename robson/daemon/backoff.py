"""How long a question waits that nobody answered: longer and longer, and never all at once."""

from __future__ import annotations

from robson.domain.values import NS_PER_S

WAITS_NS = tuple(seconds * NS_PER_S for seconds in (1, 2, 4, 8, 16, 30))
"""By the silences in a row; the last one for ever."""
_PARTS = 1 << 16


def wait_ns(silences: int, bits: int) -> int:
    """The next wait, between half of it and all of it by chance (``bits``)."""
    whole = WAITS_NS[min(silences, len(WAITS_NS)) - 1]
    return whole // 2 + whole // 2 * (bits % _PARTS) // (_PARTS - 1)
