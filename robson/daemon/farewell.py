"""What robsond says of every position on its way out: what stays open, and what protects it then.

Only reads frozen views; whatever is not known is said as not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from robson.domain.identity import Purpose
from robson.domain.lifecycle import PositionState
from robson.domain.values import plain
from robson.domain.view import PositionView
from robson.engine.orders import left_to_sell
from robson.engine.settle import stranded

_WHOLE = Decimal("0.99")
"""Dust is not sold, and a short's stop buys for its interest too: so little is no gap."""
_ASKS = "robsond asks what became of it when it starts again"
SILENT = "The exchange does not answer: all of this is as it was known last."
SETTLES = "Nothing is held. What is missing of the results is read after the next start."
AGAIN = (
    "Robson's own stops are judged only while robsond runs. Start it again with the same options."
)


def farewell(views: Iterable[PositionView], *, silent: bool = False) -> list[str]:
    """A line for each position that is not over, and what to do when something is held.

    ``silent``: the exchange did not answer at the end, so this is what was known before.
    """
    live = [view for view in views if view.is_live]
    lines = [line for view in live for line in _of(view)]
    states = {view.state for view in live} - {PositionState.ARMED}
    if not states:
        return lines
    nothing_held = all(state.is_terminal for state in states)
    return [*lines, *([SILENT] if silent else []), SETTLES if nothing_held else AGAIN]


def unfinished(live: Iterable[PositionView]) -> bool:
    """Whether an orderly end still waits: something is sent and not known, held with no exchange
    stop at rest, or sold and not settled though its charges can be read.
    """
    return any(
        view.state is PositionState.EXITING
        or (view.state is PositionState.CLOSED and not view.is_settled and stranded(view) is None)
        or (view.state.may_hold and view.insurance.state != "resting")
        for view in live
    )


def _of(view: PositionView) -> Iterator[str]:
    symbol = str(view.scope.symbol)
    match view.state:
        case PositionState.ARMED:
            yield f"{symbol} stays armed: nothing is at risk, and it waits on after the next start"
        case PositionState.ENTERING if view.entry is None:
            yield from _entering(view, symbol)
        case PositionState.CLOSED:
            yield f"{symbol} is closed; its last charges are read after the next start"
        case PositionState.CANCELLED:
            yield f"{symbol} was never filled; what was lent for it is paid back later"
        case _:
            yield from _held(view, symbol)


def _entering(view: PositionView, symbol: str) -> Iterator[str]:
    entry = view.latest(Purpose.ENTRY)
    if entry is None or entry.status == "prepared":
        yield f"{symbol} has not entered: its order was not sent"
        return
    yield (
        f"{symbol}: what became of the entry order is not known; {_ASKS}."
        " If it has filled, no exchange stop rests for it"
    )


def _held(view: PositionView, symbol: str) -> Iterator[str]:
    if view.entry is not None and view.exited >= view.entry.held * _WHOLE:
        yield f"{symbol} is out; that nothing is left is proved after the next start"
        return
    held, base, stop = left_to_sell(view), view.scope.symbol.base, view.insurance
    what = f"{symbol} {view.side.value if view.side else ''} {plain(held)} {base}"
    if stop.state == "resting" and stop.stop_price is not None and stop.quantity is not None:
        whole = stop.quantity >= held * _WHOLE
        of = "" if whole else f"; UNPROTECTED is all but that of {plain(held)} {base}"
        rests = f"exchange stop {plain(stop.stop_price)} rests for {plain(stop.quantity)} {base}"
        yield f"{symbol} stays protected: {rests}{of}"
    elif stop.state in ("placing", "cancelling", "gone"):
        yield f"{what} stays open; whether an exchange stop rests is not known; {_ASKS}"
    else:
        yield f"UNPROTECTED: {what} stays open, and no exchange stop rests. Start robsond now"
    leave = view.latest(Purpose.EXIT)
    if view.state is PositionState.EXITING and leave is not None and leave.is_open:
        yield f"{symbol}: what became of the exit order is not known; {_ASKS}"
    if view.state is PositionState.ERROR and view.error is not None:
        yield f"{symbol} needs a person: {view.error.code}: {view.error.message}"
