"""How fast the exchange's time runs: as ours does, but for a venue on this machine that says so.

A venue of ours may let its time run faster, so that an hour is lived in minutes. It says so in a
header beside the answer to "what time is it". From anywhere else than this machine it is not read.
"""

from __future__ import annotations

from decimal import Decimal

from robson.connectors.binance.addresses import is_here
from robson.connectors.binance.api import OK, Failed, explained
from robson.connectors.binance.endpoints import TIME
from robson.connectors.binance.http import Broken, Door, NothingLeft
from robson.domain.errors import InvalidValue
from robson.domain.reports import NeverSent, NoAnswer
from robson.domain.values import decimal_of

HEADER = "x-venue-speed"
SLOWEST, FASTEST = Decimal("0.01"), Decimal(1_000)


def speed_of(door: Door) -> Decimal:
    """Seconds of the exchange in one of ours.

    Raises:
        Failed: it is on this machine, and does not say what time it is.
    """
    if not is_here(door.url):
        return Decimal(1)
    try:
        reply = door.send(TIME.method, TIME.path, "", {})
    except NothingLeft as error:
        raise Failed(TIME, NeverSent(reason=str(error))) from None
    except Broken as error:
        raise Failed(TIME, NoAnswer(reason=str(error))) from None
    if reply.status != OK:
        raise Failed(TIME, NoAnswer(reason=explained(reply)[1]))
    return _read(reply.headers.get(HEADER, "1"))


def _read(said: str) -> Decimal:
    """A speed; one that makes no sense is none."""
    try:
        speed = decimal_of(said)
    except InvalidValue:
        return Decimal(1)
    return speed if SLOWEST <= speed <= FASTEST else Decimal(1)
