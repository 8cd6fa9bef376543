"""What a decision may know besides the position: the instant, the rules, the prices, the epoch."""

from __future__ import annotations

import attrs

from robson.domain.events import PositionEvent
from robson.domain.instrument import Instrument
from robson.domain.intents import Intent
from robson.domain.reports import AccountSnapshot
from robson.domain.values import ExchangeNs, Price
from robson.engine.settings import USUAL_SETTINGS, Settings


@attrs.frozen(kw_only=True)
class Context:
    """The world at the instant of a decision.

    Attributes:
        price, price_ns: last trade seen and its exchange time; None before the first.
        account: the account as last read, None while unknown.
    """

    now_ns: ExchangeNs
    epoch: int
    instrument: Instrument
    settings: Settings = USUAL_SETTINGS
    price: Price | None = None
    price_ns: ExchangeNs | None = None
    account: AccountSnapshot | None = None


@attrs.frozen(kw_only=True)
class Decision:
    """What happens: events to journal, then intents to carry out.

    ``first`` intents were journaled long ago (pre-armed): they leave before the events commit.
    """

    events: tuple[PositionEvent, ...] = ()
    intents: tuple[Intent, ...] = ()
    first: tuple[Intent, ...] = ()


NOTHING = Decision()
