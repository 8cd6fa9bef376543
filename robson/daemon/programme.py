"""What a simulated daemon was asked to play: tapes, rules and histories, read before anything else.

Nothing here makes, changes or locks a file. So a tape that cannot be played, a history without its
tape or a time that is none ends a start that has left no trace.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import attrs

from robson.connectors.simulated.fault_script import Fault, read_faults
from robson.connectors.simulated.generator import generate, generate_history
from robson.connectors.simulated.line import path_of
from robson.connectors.simulated.rules import rules_for
from robson.connectors.simulated.tape import Tape
from robson.connectors.simulated.tape_reader import read_tape
from robson.domain.errors import InvalidValue, TapeError
from robson.domain.instrument import Instrument
from robson.domain.values import NS_PER_MS, NS_PER_S

_FIRST_YEAR = 2000


@attrs.frozen(kw_only=True)
class SimOptions:
    """What ``robsond run --profile sim`` was asked for.

    Attributes:
        tapes, histories: ``[SYMBOL=]PATH``; none generates them from the seed.
        speed: tape seconds a second; None for as fast as the work allows.
        hold: the tape waits until each pair has had a position.
        exchange: ``unix:PATH`` of an exchange in a process of its own, which plays the tapes then.
        dead_for_s: tape seconds the market goes on before a restarted daemon sees it.
    """

    tapes: tuple[str, ...] = ()
    histories: tuple[str, ...] = ()
    symbol: str | None = None
    from_time: str | None = None
    seed: int = 1
    speed: Decimal | None = Decimal(60)
    balance: Decimal = Decimal(10_000)
    exchange_info: Path | None = None
    faults: Path | None = None
    dead_for_s: int = 60
    hold: bool = False
    exchange: str | None = None


@attrs.frozen(kw_only=True)
class Item:
    """One symbol to play: what comes, what was before, under which rules."""

    tape: Tape
    history: Tape
    instrument: Instrument


@attrs.frozen(kw_only=True)
class Programme:
    """All symbols of one run; ``warnings`` are sentences that a person should read once."""

    options: SimOptions
    items: tuple[Item, ...]
    warnings: tuple[str, ...]
    faults: tuple[Fault, ...] = ()


def programme(options: SimOptions) -> Programme:
    """Read everything that was named.

    Raises:
        TapeError: a tape or history cannot be played, or they do not belong together.
        ConfigError: the file of symbol rules, or the one of faults, cannot be used.
        InvalidValue: ``--from`` is no time.
    """
    if options.exchange is not None:
        path_of(options.exchange)  # refuses what is no address
        return Programme(options=options, items=(), warnings=())
    warnings: list[str] = []
    whole = list(_tapes(options, warnings))
    told = _histories(options, [str(tape.symbol) for tape in whole], warnings)
    items = []
    for each in whole:
        past, tape = _split(options, each)
        rules = rules_for(tape.symbol, tape=tape, exchange_info=options.exchange_info)
        warnings += rules.warnings
        before = told.get(str(tape.symbol), past)
        if before is None:
            before = _made_up(options, tape, rules.instrument, warnings)
        before.in_ticks(rules.instrument)  # refuses prices that these rules do not allow
        items.append(Item(tape=tape, history=before, instrument=rules.instrument))
    return Programme(
        options=options,
        items=tuple(items),
        warnings=tuple(warnings),
        faults=read_faults(options.faults) if options.faults is not None else (),
    )


def _tapes(options: SimOptions, warnings: list[str]) -> Iterator[Tape]:
    tapes = [_read(options, given, warnings) for given in options.tapes]
    if not tapes:
        tapes = [generate(options.seed)]
    symbols = [str(tape.symbol) for tape in tapes]
    if twice := next((name for name in symbols if symbols.count(name) > 1), None):
        raise TapeError(f"{twice} has more than one tape; give one for each pair")
    quotes = sorted({tape.symbol.quote for tape in tapes})
    if len(quotes) > 1:
        raise TapeError(
            f"{', '.join(symbols)} are priced in {' and '.join(quotes)}; the month's budget is in"
            " one asset, so the pairs of one run have the same quote asset"
        )
    if max(t.first_ns for t in tapes) > min(t.end_ns for t in tapes):
        names = " and ".join(tape.name for tape in tapes)
        raise TapeError(f"{names} do not overlap in time; tapes of one run must")
    yield from tapes


def _read(options: SimOptions, given: str, warnings: list[str]) -> Tape:
    symbol, _, path = given.rpartition("=")
    tape = read_tape(Path(path), symbol=symbol or options.symbol)
    warnings += tape.warnings
    return tape


def _histories(options: SimOptions, played: list[str], warnings: list[str]) -> dict[str, Tape]:
    """The histories by pair; one that nobody plays is a mistake and not a preference."""
    found: dict[str, Tape] = {}
    for given in options.histories:
        tape = _read(options, given, warnings)
        pair = str(tape.symbol)
        if pair in found:
            raise TapeError(f"{pair} has more than one history; give one for each pair")
        if pair not in played:
            raise TapeError(
                f"{tape.name}: is a history of {pair}, and no tape of it is played;"
                f" played is {', '.join(played)}"
            )
        found[pair] = tape
    return found


def _split(options: SimOptions, tape: Tape) -> tuple[Tape | None, Tape]:
    """Its rows before ``--from``, and the rest."""
    if options.from_time is None:
        return None, tape
    return tape.split(_instant(options.from_time))


def _made_up(options: SimOptions, tape: Tape, instrument: Instrument, warnings: list[str]) -> Tape:
    warnings.append(f"{tape.symbol}: 26 h of history are generated (seed {options.seed})")
    return generate_history(
        options.seed, instrument=instrument, before_ns=tape.first_ns, price=tape.first_price
    )


def _instant(text: str) -> int:
    """Milliseconds, or an ISO time in UTC, in nanoseconds."""
    try:
        if text.isdecimal():
            found = datetime.fromtimestamp(int(text) // 1000, UTC)
        else:
            found = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError) as error:
        raise _no_time(text) from error
    if found.year < _FIRST_YEAR:
        raise _no_time(text)
    if text.isdecimal():
        return int(text) * NS_PER_MS
    stamped = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return int(stamped.timestamp()) * NS_PER_S


def _no_time(text: str) -> InvalidValue:
    return InvalidValue(
        f"--from {text} is no time; expected 2025-07-16T02:00 (UTC), or milliseconds since 1970"
    )
