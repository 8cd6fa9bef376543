"""The feed between the market and whoever judges prices: it may fall silent, or show a wrong price.

What does not come through is lost, as on a real stream; the market itself goes on.
"""

from __future__ import annotations

from decimal import Decimal

from robson.connectors.simulated.player import Board
from robson.domain.values import ExchangeNs


class Feed:
    """What is wrong with every symbol's prices at the moment.

    Attributes:
        silent_ns: until when no price comes through.
        off: by how much the next price is wrong; 0 for a right one.
    """

    def __init__(self) -> None:
        self.silent_ns = 0
        self.off = Decimal(0)


class FedBoard:
    """A board behind a feed. ``at_ns`` of the last price is the only clock it knows."""

    def __init__(self, board: Board, feed: Feed) -> None:
        self._board = board
        self._feed = feed
        self._silent = False
        self._last_ns = 0

    @property
    def band(self) -> tuple[int, int] | None:
        """The board's own; None while something is wrong: then no price is passed over."""
        wrong = self._feed.off or self._last_ns < self._feed.silent_ns
        return None if wrong else self._board.band

    def offer(self, price: int, at_ns: ExchangeNs, *, jump: bool) -> bool:
        """Pass a price on, unless it is lost; the first one after a silence is a jump."""
        feed, back = self._feed, self._silent
        self._silent, self._last_ns = at_ns < feed.silent_ns, at_ns
        if self._silent:
            return False
        if feed.off:
            wrong, feed.off = int(price * feed.off), Decimal(0)
            for shown in (price + wrong, max(1, price - wrong)):
                self._board.offer(shown, at_ns, jump=True)
            self._board.offer(price, at_ns, jump=True)
            return True
        return self._board.offer(price, at_ns, jump=jump or back)
