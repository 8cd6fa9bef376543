"""Reaches the simulated exchange in another process: one request, one answer, one deadline.

Nothing is ever sent twice. A connection that breaks after the request was handed over leaves the
outcome unknown, and the executor's questions settle it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs

from robson.connectors.simulated.driver import TOTAL_NS
from robson.connectors.simulated.frames import VERSION, BadFrame, read, tagged, untagged
from robson.connectors.simulated.line import Line, NothingLeft
from robson.domain.instrument import Instrument
from robson.domain.intents import Intent
from robson.domain.reports import Answer, NeverSent, NoAnswer
from robson.domain.values import NS_PER_S, Candle

GREETING_S = 5.0


@attrs.frozen(kw_only=True)
class Told:
    """A pair as the exchange told it. ``missed``: lowest and highest price nobody was shown."""

    instrument: Instrument
    candles: list[Candle]
    ticks: int | None
    missed: tuple[int, int] | None


@attrs.frozen(kw_only=True)
class Welcome:
    """What the exchange says of itself. ``speed``: its seconds for each of ours."""

    now_ns: int
    speed: Decimal
    described: str
    pairs: tuple[Told, ...]


def greet(line: Line, *, watches: bool, since_ns: int | None = None) -> Welcome:
    """Say hello on a new connection; who watches is told every price from here on.

    Raises:
        OSError: the connection broke, or nothing was heard in time.
        BadFrame: it is no exchange of this version.
    """
    line.send("hello", VERSION, watches, since_ns, within_s=GREETING_S)
    heard = line.receive(within_s=GREETING_S)
    match heard:
        case None:
            raise TimeoutError("the exchange does not say hello")
        case ["welcome", int(), int(now_ns), str(speed), str(described), list(pairs)]:
            return Welcome(
                now_ns=now_ns,
                speed=Decimal(speed),
                described=described,
                pairs=tuple(read(each, Told) for each in pairs),
            )
        case ["refused", str(why)]:
            raise BadFrame(why)
        case _:
            raise BadFrame(f"{heard[0]!r} is no greeting")


class Caller:
    """One lane's connection, made when it is first needed and again after it broke.

    Args:
        heard: told the exchange's time with each answer.
    """

    def __init__(
        self,
        path: str,
        *,
        speed: Decimal,
        monotonic_s: Callable[[], float],
        heard: Callable[[int], None],
    ) -> None:
        self._path = path
        self._within_s = TOTAL_NS / NS_PER_S / float(speed)
        self._monotonic_s = monotonic_s
        self._heard = heard
        self._line: Line | None = None
        self._number = 0

    def call(self, request: Intent) -> Answer:
        """Send and wait, bounded; transport trouble is an answer."""
        try:
            line = self._line = self._line or Line(self._path, self._monotonic_s)
        except OSError as error:
            return NeverSent(reason=f"the exchange cannot be reached: {error}")
        self._number += 1
        try:
            line.send("request", self._number, tagged(request), within_s=self._within_s)
            answer = self._awaited(line)
        except NothingLeft as error:
            answer = NeverSent(reason=f"the line was broken: {error}")
        except (OSError, BadFrame) as error:
            answer = NoAnswer(reason=f"the line broke: {error}")
        if isinstance(answer, (NoAnswer, NeverSent)):
            self.hang_up()
        return answer

    def _awaited(self, line: Line) -> Answer:
        """The answer to the last request; whatever else is heard is not."""
        ends_s = self._monotonic_s() + self._within_s
        while (left_s := ends_s - self._monotonic_s()) > 0:
            items: list[Any] | None = line.receive(within_s=left_s)
            match items:
                case ["answer", int(number), int(now_ns), raw] if number == self._number:
                    self._heard(now_ns)
                    found: Answer = untagged(raw)
                    return found
                case ["refused", str(why)]:
                    raise BadFrame(why)
                case _:
                    continue
        return NoAnswer(reason="no answer within 5 s")

    def hang_up(self) -> None:
        """Let the connection go."""
        if self._line is not None:
            self._line.close()
            self._line = None
