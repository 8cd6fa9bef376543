"""Requests from outside as commands, each value checked before anything is asked of the monitor."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

from robson.api.lookup import find_position, known_symbol, symbol_of
from robson.api.published import Published
from robson.api.told import LOG_LEVELS, LogLine
from robson.api.v1 import robson_pb2 as pb
from robson.domain.commands import Arm, Disarm, InjectSignal
from robson.domain.errors import InvalidValue, Refused
from robson.domain.identity import PositionId
from robson.domain.lifecycle import PositionState
from robson.domain.values import Leverage, Price, Side, decimal_of
from robson.domain.view import PositionView

DEFAULT_STRATEGY = "all-in"

_LONGEST_KEY = 128
_LONGEST_REASON = 200
_LONGEST_ID = 64
_FIELDS = {"POSITION_STATE": "state", "LOG_LEVEL": "level"}


def arm(request: pb.ArmRequest, published: Published, actor: str) -> Arm:
    """The command of an arm request.

    Raises:
        Refused: ``UNKNOWN_SYMBOL`` or ``INVALID_ARGUMENT``.
    """
    key = request.idempotency_key
    if not key and not request.dry_run:
        raise Refused("INVALID_ARGUMENT", "idempotency_key is needed; 128 random bits will do.")
    if len(key) > _LONGEST_KEY or not (key.isascii() and (key.isprintable() or not key)):
        raise Refused(
            "INVALID_ARGUMENT",
            f"idempotency_key has at most {_LONGEST_KEY} printable ASCII characters.",
        )
    symbol = known_symbol(published, request.symbol)
    return Arm(
        symbol=symbol,
        strategy=request.strategy or DEFAULT_STRATEGY,
        idempotency_key=key,
        actor=actor,
        side=_side(request.side),
        auto=request.side == pb.SIDE_AUTO,
        capital=_capital(request.capital),
        leverage=_leverage(request.leverage, published.risk.max_leverage),
        dry_run=request.dry_run,
    )


def disarm(request: pb.DisarmRequest, published: Published, actor: str) -> Disarm:
    """The command of a disarm request.

    Raises:
        Refused: no position is meant, or more than one.
    """
    view = find_position(published, request.position, live_only=True)
    return Disarm(position=view.id, actor=actor, force=request.force)


def inject(request: pb.InjectSignalRequest, published: Published, actor: str) -> InjectSignal:
    """The command of a signal from outside.

    Raises:
        Refused: no position is meant, or a value that cannot be.
    """
    signal_id = request.signal_id
    if not 0 < len(signal_id) <= _LONGEST_ID or not (
        signal_id.isascii() and signal_id.isprintable()
    ):
        raise Refused(
            "INVALID_ARGUMENT",
            f"signal_id is needed: 1 to {_LONGEST_ID} printable ASCII characters.",
        )
    stop = _price("stop", request.stop)
    if stop is None:
        raise Refused("INVALID_ARGUMENT", "stop is needed: a price above 0.")
    if request.side == pb.SIDE_AUTO:
        raise Refused("INVALID_ARGUMENT", "side is auto; a signal has long, short, or none.")
    return InjectSignal(
        position=find_position(published, request.position).id,
        signal_id=signal_id,
        stop=stop,
        actor=actor,
        side=_side(request.side),
        entry_ref=_price("entry_ref", request.entry_ref),
    )


def _price(name: str, text: str) -> Price | None:
    if not text:
        return None
    try:
        return Price(decimal_of(text))
    except InvalidValue as error:
        raise Refused("INVALID_ARGUMENT", f"{name} is {text}; a price above 0 is.") from error


def panic_targets(
    request: pb.PanicRequest, published: Published
) -> tuple[tuple[PositionView, ...], str | None]:
    """Positions that panic concerns, oldest first, and the pair it was asked for.

    Raises:
        Refused: ``UNKNOWN_SYMBOL``, or a reason that is too long.
    """
    if len(request.reason) > _LONGEST_REASON or not (request.reason + "x").isprintable():
        raise Refused(
            "INVALID_ARGUMENT", f"reason has at most {_LONGEST_REASON} printable characters."
        )
    live = tuple(view for view in published.live if not view.state.is_terminal)
    if not request.symbol:
        return live, None
    wanted = symbol_of(request.symbol)
    mine = tuple(view for view in live if str(view.scope.symbol) == wanted)
    return mine, wanted if mine else known_symbol(published, request.symbol)


def states(numbers: Iterable[int]) -> frozenset[PositionState]:
    """The states of a filter.

    Raises:
        Refused: a number that is no state.
    """
    return frozenset(
        PositionState(_word("POSITION_STATE", pb.PositionState, number)) for number in numbers
    )


def log_filter(level: int, position: PositionId | None) -> Callable[[LogLine], bool]:
    """Whether a log line is wanted: as serious as asked for, and about the position.

    Raises:
        Refused: a number that is no level.
    """
    least = _word("LOG_LEVEL", pb.LogLevel, level) if level else "info"
    serious = LOG_LEVELS[LOG_LEVELS.index(least) :]
    return lambda line: line.level in serious and position in (None, line.position)


def count(name: str, asked: int, *, default: int, most: int) -> int:
    """How many of something; 0 takes the default.

    Raises:
        Refused: below zero or more than there can be.
    """
    if not 0 <= asked <= most:
        raise Refused("INVALID_ARGUMENT", f"{name} is {asked}; allowed is 1 to {most}.")
    return asked or default


def symbol_filter(request_symbol: str, published: Published) -> str | None:
    """The pair of a filter, or None for all.

    Raises:
        Refused: ``UNKNOWN_SYMBOL``.
    """
    return known_symbol(published, request_symbol) if request_symbol else None


def _word(prefix: str, wire: EnumTypeWrapper, number: int) -> str:
    """The word of an enum's number; enums on the wire may hold any number."""
    field = _FIELDS.get(prefix, prefix.lower())
    if number == 0 or number not in wire.values():
        allowed = ", ".join(
            name.removeprefix(f"{prefix}_").lower() for name, value in wire.items() if value
        )
        raise Refused("INVALID_ARGUMENT", f"{field} is {number}; allowed is {allowed}.")
    return wire.Name(number).removeprefix(f"{prefix}_").lower()


def _side(number: int) -> Side | None:
    if number in (pb.SIDE_UNSPECIFIED, pb.SIDE_AUTO):
        return None
    return Side(_word("SIDE", pb.Side, number))


def _capital(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        capital = decimal_of(text)
    except InvalidValue as error:
        raise Refused("INVALID_ARGUMENT", f"capital is {text}; a decimal above 0 is.") from error
    if capital <= 0:
        raise Refused("INVALID_ARGUMENT", f"capital is {text}; allowed is any amount above 0.")
    return capital


def _leverage(number: int, allowed: int) -> Leverage | None:
    if number == 0:
        return None
    try:
        return Leverage(number)
    except InvalidValue as error:
        raise Refused(
            "INVALID_ARGUMENT",
            f"leverage is {number}; allowed is 1 to 10, and {allowed} here (risk.max_leverage).",
            (("option", "leverage"),),
        ) from error
