"""Serves the simulated exchange to another process: answers requests, tells prices, keeps the time.

One thread owns everything. Its clock is the exchange's: real time from where the books or the tape
stood, a number of times as fast. It does not stop while nobody is connected.
"""

from __future__ import annotations

import selectors
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

import attrs

from robson.connectors.simulated.driver import Answered, Driver
from robson.connectors.simulated.frames import VERSION, BadFrame, Frames, frame, tagged, told
from robson.connectors.simulated.frames import untagged as request_of
from robson.connectors.simulated.line import Socket
from robson.domain.instrument import Instrument
from robson.domain.reports import Answer, CandleClosed, NoAnswer
from robson.domain.values import NS_PER_S, Candle, ExchangeNs, Price

QUOTE_S = 0.5
"""A price is told this often although it has not moved: silence means that the line is dead."""
_CHUNK = 1 << 16
_LOOK_S = 0.05
_PATIENCE_S = 1.0


class Prices(Protocol):
    """Where the players leave what they have shown: ticks with their times, taken once."""

    def take(self) -> Sequence[tuple[int, int]]:
        """Everything since the last time, oldest first."""


@attrs.define(kw_only=True)
class Pair:
    """One pair as it is told: its rules, the candles so far, every price of this process."""

    instrument: Instrument
    candles: list[Candle]
    prices: Prices
    shown: list[tuple[int, int]] = attrs.Factory(list)


@attrs.define(eq=False)
class _Caller:
    """One connection, and what has come in of its next frame."""

    socket: Socket
    frames: Frames = attrs.Factory(Frames)
    watches: bool = False


class ExchangeServer:
    """Plays and answers until told to end.

    Args:
        by_hand: prices move only when a caller asks for it.
        ended: whether it is to end; asked between two things.
    """

    def __init__(
        self,
        driver: Driver,
        pairs: Mapping[str, Pair],
        listening: Socket,
        *,
        speed: Decimal,
        by_hand: bool,
        described: str,
        monotonic_s: Callable[[], float],
        ended: Callable[[], bool],
    ) -> None:
        self._driver = driver
        self._pairs = pairs
        self._listening = listening
        self._speed = speed
        self._by_hand = by_hand
        self._described = described
        self._monotonic_s = monotonic_s
        self._ended = ended
        self._anchor = (monotonic_s(), driver.clock.now_ns)
        for pair in pairs.values():
            pair.shown.extend(pair.prices.take())  # of before anybody could listen
        self._quoted_s = 0.0
        self._callers: dict[int, _Caller] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(listening, selectors.EVENT_READ)
        self.requests = 0

    def run(self) -> None:
        """Until the end; connections are hung up, the books are the caller's to close."""
        while not self._ended():
            self._play()
            for key, _ in self._selector.select(self._wait_s()):
                if key.fileobj is self._listening:
                    self._accept()
                elif (caller := self._callers.get(key.fd)) is not None:
                    self._hear(caller)  # none: another one's turn has found that it has gone
        for caller in list(self._callers.values()):
            self._drop(caller)
        self._selector.close()
        self._listening.close()

    # --- time and prices -------------------------------------------------------------------------

    def _now_ns(self) -> int:
        began_s, began_ns = self._anchor
        return began_ns + int((self._monotonic_s() - began_s) * float(self._speed) * NS_PER_S)

    def _wait_s(self) -> float:
        due_ns = self._driver.next_ns(tape=not self._by_hand)
        if due_ns is None:
            return _LOOK_S
        early_s = (due_ns - self._now_ns()) / NS_PER_S / float(self._speed)
        return min(max(early_s, 0.0), _LOOK_S)

    def _play(self) -> None:
        """Let everything happen that is due, and bring the exchange to this instant."""
        driver, now_ns = self._driver, self._now_ns()
        while (due_ns := driver.next_ns(tape=not self._by_hand)) is not None and due_ns <= now_ns:
            for happened in driver.advance(max(due_ns, driver.clock.now_ns)):
                if isinstance(happened, Answered):
                    happened.deliver(happened.answer, happened.sent_ns)
                elif isinstance(happened, CandleClosed):
                    self._closed(happened)
            self._tell_prices()
        driver.clock.move_to(max(now_ns, driver.clock.now_ns))
        driver.exchange.advance_to(ExchangeNs(driver.clock.now_ns))
        if self._monotonic_s() - self._quoted_s >= QUOTE_S:
            self._quote()

    def _closed(self, happened: CandleClosed) -> None:
        self._pairs[happened.symbol].candles.append(happened.candle)
        self._tell("candle", happened.symbol, told(happened.candle))

    def _tell_prices(self) -> None:
        for symbol, pair in self._pairs.items():
            for ticks, at_ns in pair.prices.take():
                self._show(symbol, ticks, at_ns)

    def _show(self, symbol: str, ticks: int, at_ns: int) -> None:
        self._pairs[symbol].shown.append((ticks, at_ns))
        self._tell("price", symbol, ticks, at_ns)

    def _quote(self) -> None:
        """Say each price again as it stands now."""
        self._quoted_s = self._monotonic_s()
        for symbol, pair in self._pairs.items():
            ticks = self._driver.exchange.market(pair.instrument.symbol).ticks
            if ticks is not None:
                self._tell("price", symbol, ticks, self._driver.clock.now_ns)

    def _tell(self, *items: Any) -> None:
        for caller in list(self._callers.values()):
            if caller.watches:
                self._send(caller, *items)

    # --- callers ---------------------------------------------------------------------------------

    def _accept(self) -> None:
        made, _ = self._listening.accept()
        made.setblocking(False)  # noqa: FBT003 - the library's own signature
        self._callers[made.fileno()] = _Caller(made)
        self._selector.register(made, selectors.EVENT_READ)

    def _drop(self, caller: _Caller) -> None:
        if self._callers.pop(caller.socket.fileno(), None) is not None:
            self._selector.unregister(caller.socket)
            caller.socket.close()

    def _hear(self, caller: _Caller) -> None:
        try:
            data = caller.socket.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(caller)
            return
        caller.frames.feed(data)
        try:
            while (items := caller.frames.take()) is not None:
                self._do(caller, items)
        except (BadFrame, ValueError, LookupError) as error:
            self._send(caller, "refused", str(error))
            self._drop(caller)

    def _send(self, caller: _Caller, *items: Any) -> None:
        """Send all of it; a caller that does not read is hung up on."""
        try:
            caller.socket.settimeout(_PATIENCE_S)
            caller.socket.sendall(frame(*items))
            caller.socket.setblocking(False)  # noqa: FBT003 - the library's own signature
        except OSError:
            self._drop(caller)

    def _do(self, caller: _Caller, items: list[Any]) -> None:
        match items:
            case ["hello", int(version), bool(watches), since_ns]:
                self._greet(caller, version, since_ns, watches=watches)
            case ["request", int(number), raw]:
                self._request(caller, number, raw)
            case ["move", str(symbol), str(price)] if self._by_hand:
                self._move(symbol, Price(price))
                self._send(caller, "moved", self._driver.clock.now_ns)
            case _:
                raise BadFrame(f"{items[0]!r} is nothing this exchange does")

    def _greet(self, caller: _Caller, version: int, since_ns: int | None, *, watches: bool) -> None:
        if version != VERSION:
            raise BadFrame(f"you speak version {version}, this exchange {VERSION}")
        self._play()
        caller.watches = watches
        pairs = [self._told(pair, since_ns) for pair in self._pairs.values()]
        now_ns = self._driver.clock.now_ns
        self._send(caller, "welcome", VERSION, now_ns, str(self._speed), self._described, pairs)

    def _told(self, pair: Pair, since_ns: int | None) -> dict[str, Any]:
        """A pair for one who has looked up to an instant, with what was missed since."""
        missed = [ticks for ticks, at_ns in pair.shown if since_ns and at_ns > since_ns]
        ticks = self._driver.exchange.market(pair.instrument.symbol).ticks
        return {
            "instrument": told(pair.instrument),
            "candles": told(pair.candles),
            "ticks": ticks,
            "missed": [min(missed), max(missed)] if missed else None,
        }

    def _request(self, caller: _Caller, number: int, raw: Any) -> None:
        request = request_of(raw)
        self._play()
        self.requests += 1

        def deliver(answer: Answer, _sent: ExchangeNs) -> None:
            if not isinstance(
                answer, NoAnswer
            ):  # a lost answer is not sent: whoever waits gives up
                self._send(caller, "answer", number, self._driver.clock.now_ns, tagged(answer))

        self._driver.submit(request, deliver)

    def _move(self, symbol: str, price: Price) -> None:
        self._play()
        pair, at_ns = self._pairs[symbol], ExchangeNs(self._driver.clock.now_ns)
        ticks = pair.instrument.ticks(price)
        self._driver.exchange.on_price(pair.instrument.symbol, ticks, at_ns=at_ns, jump=True)
        self._show(symbol, ticks, at_ns)
