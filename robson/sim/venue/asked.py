"""One request as it came in: its parameters, whose it is, and whether it may be answered at all."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_plus

import attrs

from robson.domain.identity import AccountId, Scope
from robson.domain.instrument import Instrument
from robson.domain.values import ExchangeNs
from robson.sim.venue.keys import Key, Keys
from robson.sim.venue.market import Market
from robson.sim.venue.refusals import refused
from robson.sim.venue.wire import ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_AHEAD_MS = 1000
WINDOW_MS, MAX_WINDOW_MS = 5000, 60_000
_SIGNING = ("signature", "timestamp", "recvWindow")
_NUMBER = "^[0-9]{1,20}$"
_AMOUNT = "^([0-9]{1,20})(\\.[0-9]{1,20})?$"
_WINDOW = "^([0-9]{1,20})(\\.[0-9]{1,3})?$"
_MICROSECONDS = 10**14
"""A time as large as this counts microseconds, a smaller one milliseconds."""


class Received(NamedTuple):
    """Parameters as they came: the bytes that were signed, what they say, what is said twice."""

    payload: bytes
    values: Mapping[str, str]
    twice: str | None = None


def received(query: bytes, body: bytes) -> Received:
    """Query and body of a request; where both name a parameter, the query's holds."""
    below, above = list(_pairs(body)), list(_pairs(query))
    return Received(
        _unsigned(query) + _unsigned(body), dict(below) | dict(above), _twice(above, below)
    )


def _twice(*places: list[tuple[str, str]]) -> str | None:
    """A parameter that one place names more than once; None for none."""
    counts = (Counter(name for name, _ in pairs) for pairs in places)
    return next((name for count in counts for name in count if count[name] > 1), None)


def _pairs(text: bytes) -> Iterable[tuple[str, str]]:
    for part in text.split(b"&"):
        name, given, value = part.partition(b"=")
        if name or given:
            yield unquote_plus(name.decode("latin-1")), unquote_plus(value.decode("latin-1"))


def _unsigned(text: bytes) -> bytes:
    """What a signature is over: everything but itself, as received."""
    return b"&".join(part for part in text.split(b"&") if not part.startswith(b"signature="))


@attrs.frozen(kw_only=True)
class Asked:
    """A request that may be answered: known, signed, in time."""

    market: Market
    values: Mapping[str, str]
    at_ns: ExchangeNs
    key: Key | None
    recv_window_ms: int = WINDOW_MS

    # --- parameters ------------------------------------------------------------------------------

    def get(self, name: str) -> str | None:
        """A parameter that may be left out, but not empty."""
        value = self.values.get(name)
        if value == "":
            raise refused("empty", name)
        return value

    def need(self, name: str) -> str:
        """A parameter that has to be there."""
        value = self.values.get(name)
        if not value:
            raise refused("missing", name)
        return value

    def number(self, name: str) -> int | None:
        """A whole number, zero or more."""
        text = self.get(name)
        if text is None:
            return None
        if not text.isascii() or not text.isdecimal() or len(text) > 18:  # noqa: PLR2004
            raise refused("illegal", name, _NUMBER)
        return int(text)

    def moment(self, name: str) -> int | None:
        """A time in milliseconds, said in those or in microseconds."""
        number = self.number(name)
        return None if number is None else _milliseconds(number)

    def amount(self, name: str) -> Decimal | None:
        """A decimal number, zero or more; no exponent."""
        text = self.get(name)
        if text is None:
            return None
        if re.fullmatch(_AMOUNT, text) is None:
            raise refused("illegal", name, _AMOUNT)
        return Decimal(text)

    def flag(self, name: str, *, default: bool) -> bool:
        """Yes or no, in letters of any size."""
        text = (self.get(name) or str(default)).upper()
        if text not in ("TRUE", "FALSE"):
            raise refused("illegal", name, "TRUE|FALSE")
        return text == "TRUE"

    def limit(self, default: int, most: int) -> int:
        """How many rows are wanted."""
        wanted = self.number("limit")
        return default if not wanted else min(wanted, most)

    # --- what it is about ------------------------------------------------------------------------

    def listed(self, name: str = "symbol") -> Instrument:
        """The pair it names."""
        found = self.market.instrument(self.need(name))
        if found is None:
            raise refused("symbol")
        return found

    @property
    def account(self) -> AccountId:
        """Whose account it acts on."""
        assert self.key is not None, "the endpoint wants a key"
        return self.key.account

    def scope(self, name: str = "symbol") -> Scope:
        """The isolated account of the pair it names, which need not exist."""
        return Scope(self.account, self.listed(name).symbol)

    def isolated(self) -> Scope:
        """The same, where a request without ``isIsolated`` would go to the cross account."""
        scope = self.scope()
        if not self.flag("isIsolated", default=False):
            raise refused("no_account")  # no cross account was ever opened here
        return scope

    @property
    def timestamp_ms(self) -> int:
        """When it was signed."""
        return _milliseconds(int(self.values["timestamp"]))


def known_key(keys: Keys, header: str | None) -> Key:
    """The key a request shows.

    Raises:
        Refused: none, no possible one, or an unknown one.
    """
    if not header or not header.isascii() or not header.replace("-", "").isalnum():
        raise refused("key_format")
    key = keys.get(header)
    if key is None:
        raise refused("key_refused")
    return key


def check_signed(key: Key, got: Received, now_ns: ExchangeNs) -> int:
    """Check time and signature of a request; return its window in milliseconds.

    Raises:
        Refused: not signed, not in time, or signed over something else.
    """
    values = got.values
    for name in ("timestamp", "signature"):
        if not values.get(name):
            raise refused("missing", name)
    window = _window_ms(values.get("recvWindow"))
    if not key.signed(got.payload, values["signature"]):
        raise refused("signature")
    age = ms(now_ns) - _timestamp_ms(values["timestamp"])
    if age <= -MAX_AHEAD_MS:
        raise refused("ahead")
    if age > window:
        raise refused("old")
    return window


def _window_ms(text: str | None) -> int:
    """How old a request may be, in whole milliseconds: ages have no fraction either."""
    if text is None:
        return WINDOW_MS
    if not text:
        raise refused("empty", "recvWindow")
    if re.fullmatch(_WINDOW, text) is None:
        raise refused("illegal", "recvWindow", _WINDOW)
    if Decimal(text) > MAX_WINDOW_MS:
        raise refused("recv_window")
    return int(Decimal(text))


def _timestamp_ms(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 18:  # noqa: PLR2004
        raise refused("illegal", "timestamp", _NUMBER)
    return _milliseconds(int(text))


def _milliseconds(moment: int) -> int:
    return moment // 1000 if moment >= _MICROSECONDS else moment


def check_read(known: frozenset[str] | None, values: Mapping[str, str]) -> None:
    """Refuse what no part of the endpoint reads."""
    if known is None:
        return
    read = sum(name in known or name in _SIGNING for name in values)
    if read != len(values):
        raise refused("unread", read, len(values))
