"""Who and which: accounts, symbols, positions, and the client order ids derived from them.

A client order id is for finding an order, never for fencing one: the exchange accepts the id of a
filled order again as a new order.
"""

from __future__ import annotations

import enum
import hashlib
import re
from base64 import b32encode
from typing import NewType, Self

import attrs

from robson.domain.errors import InvalidValue

AccountId = NewType("AccountId", str)

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_POSITION = re.compile(rf"pos_[{_CROCKFORD}]{{26}}")
_CLIENT_ID = re.compile(r"[a-zA-Z0-9-_]{1,36}")
_OURS = re.compile(r"rb([excsu])([a-z2-7]{20})([0-9a-z]{2,4})-([0-9a-z]{1,8})")


@attrs.frozen
class Symbol:
    """A traded pair, from the exchange's own base and quote, never split by suffix."""

    base: str
    quote: str

    def __attrs_post_init__(self) -> None:
        if not self.base or not self.quote:
            raise InvalidValue("a symbol needs a base and a quote asset")

    def __str__(self) -> str:
        return f"{self.base}{self.quote}"


@attrs.frozen
class Scope:
    """What a position, a lease and a journal row are keyed by."""

    account: AccountId
    symbol: Symbol

    def __str__(self) -> str:
        return f"{self.account}:{self.symbol}"


class PositionId(str):
    """``pos_`` and 26 characters Crockford base32 of 128 time-ordered bits."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not _POSITION.fullmatch(text):
            raise InvalidValue(f"{text!r} is not a position id")
        return super().__new__(cls, text)

    @classmethod
    def of(cls, bits: int) -> PositionId:
        """The id of 128 bits."""
        text = "".join(_CROCKFORD[(bits >> shift) & 31] for shift in range(125, -1, -5))
        return cls(f"pos_{text}")

    @property
    def short(self) -> str:
        """Last six characters: what a person reads and types."""
        return self[-6:]


class ClientOrderId(str):
    """An order's id as we gave it to the exchange."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not _CLIENT_ID.fullmatch(text):
            raise InvalidValue(f"{text!r} is not a client order id")
        return super().__new__(cls, text)


class Purpose(enum.Enum):
    """Why an order exists; the third letter of its client id."""

    ENTRY = "e"
    EXIT = "x"
    INSURANCE = "s"
    CANCEL = "c"
    UNTRACKED = "u"


def _base36(number: int, width: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _BASE36[rest] + digits
    return digits.rjust(width, "0")


ATTEMPTS_MAX = 36**4
"""At most 36 characters, the most that the exchange takes."""


def position_hash(scope: Scope, position: PositionId) -> str:
    """The 20 characters that every order of one position carries."""
    material = f"{scope.account}\0{scope.symbol}\0{position}".encode()
    return b32encode(hashlib.sha256(material).digest()).decode().lower()[:20]


def client_order_id(
    purpose: Purpose, scope: Scope, position: PositionId, *, attempt: int, epoch: int
) -> ClientOrderId:
    """The one id an attempt may use: ``rb`` purpose, position hash, attempt, ``-`` epoch.

    An exit is never given up (domain T21), so attempts beyond two digits take a third and a fourth.

    Raises:
        InvalidValue: attempt or epoch do not fit their places.
    """
    if not (0 <= attempt < ATTEMPTS_MAX and 0 <= epoch < 36**8):
        raise InvalidValue(f"attempt {attempt} or epoch {epoch} does not fit a client order id")
    digest = position_hash(scope, position)
    return ClientOrderId(f"rb{purpose.value}{digest}{_base36(attempt, 2)}-{_base36(epoch, 1)}")


@attrs.frozen(kw_only=True)
class OurOrder:
    """What one of our own client ids says."""

    purpose: Purpose
    position_hash: str
    attempt: int
    epoch: int


def read_client_order_id(text: str) -> OurOrder | None:
    """Take one of our ids apart; None for anybody else's order."""
    found = _OURS.fullmatch(text)
    if found is None:
        return None
    purpose, digest, attempt, epoch = found.groups()
    return OurOrder(
        purpose=Purpose(purpose),
        position_hash=digest,
        attempt=int(attempt, 36),
        epoch=int(epoch, 36),
    )
