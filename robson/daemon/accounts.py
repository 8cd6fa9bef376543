"""The thread that listens to the accounts: it tells the monitor where a look is worth its while.

Everything that it says is found out without it, a little later. So nothing waits for it, and when
it breaks, it is made again at leisure.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from robson.connectors.binance.api import Failed
from robson.connectors.binance.messages import BadMessage
from robson.connectors.binance.user_stream import OrderMoved, UserStream
from robson.daemon import logs
from robson.daemon.clock import monotonic_s
from robson.daemon.inbox import Inbox
from robson.daemon.messages import Hint
from robson.daemon.worker import Fatal, guarded
from robson.domain.identity import Purpose, read_client_order_id
from robson.domain.reports import OrderStatus

AGAIN_S = 10.0
LOOK_S = 0.2
_QUIET = frozenset({OrderStatus.NEW.value, OrderStatus.CANCELED.value})

Open = Callable[[str], UserStream | None]


class Accounts:
    """One stream for each pair, all on one thread.

    Args:
        open_stream: makes the stream of a pair; None where none is wanted.
        now_s: monotonic seconds of the exchange's.
    """

    def __init__(
        self,
        symbols: Sequence[str],
        open_stream: Open,
        inbox: Inbox,
        fatal: Fatal,
        *,
        now_s: Callable[[], float] = monotonic_s,
    ) -> None:
        self._now_s = now_s
        self._open = open_stream
        self._inbox = inbox
        self._streams: dict[str, UserStream] = {}
        self._due_s = dict.fromkeys(symbols, 0.0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            name="orders", target=guarded("orders", self._run, fatal), daemon=True
        )

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.look(self._now_s())
        for stream in self._streams.values():
            stream.close()

    def look(self, now_s: float) -> None:
        """Make what is missing, and take in what each has to say."""
        for symbol, due_s in self._due_s.items():
            stream = self._streams.get(symbol)
            try:
                if stream is not None:
                    self._hear(stream.receive(LOOK_S))
                elif now_s >= due_s:
                    self._due_s[symbol] = now_s + AGAIN_S
                    made = self._open(symbol)
                    if made is None:
                        self._stopping.set()
                        return
                    self._streams[symbol] = made
            except (Failed, BadMessage, OSError) as error:
                logs.note(f"hints of {symbol} have broken off: {error}", "warning")
                if (broken := self._streams.pop(symbol, None)) is not None:
                    broken.close()
        if not self._streams:
            self._stopping.wait(LOOK_S)

    def _hear(self, moved: OrderMoved | None) -> None:
        """What our own requests do, their answers say; a stop that executes, nobody else."""
        if moved is None or moved.symbol not in self._due_s:
            return
        ours = read_client_order_id(moved.client_id)
        if ours is None or (ours.purpose is Purpose.INSURANCE and moved.status not in _QUIET):
            self._inbox.put(Hint(moved.symbol))
