"""The parts that many findings share: what guards a position, and what a person may type."""

from __future__ import annotations

from robson.cli.screens import facts, figures
from robson.cli.screens.facts import Doc, at, text
from robson.cli.screens.finding import apart
from robson.cli.screens.line import HARD_SPACE, PLAIN, Line
from robson.cli.screens.prose import whole

_ONE_LINE = 60
"""Words and a command that are longer than this together may stand on two lines."""


def you(*said: str) -> Line:
    """Words and commands in turn."""
    line: Line = []
    for index, (before, command) in enumerate(zip(said[::2], said[1::2], strict=True)):
        if index:
            short = len(before) + len(command) <= _ONE_LINE
            gap = HARD_SPACE if short else " "
            line.append((f" {HARD_SPACE}{HARD_SPACE}{whole(before)}{gap}", PLAIN))
        else:
            line.append((f"{before} ", PLAIN))
        line.append(apart(command))
    return line


def panicking(position: Doc) -> str:
    """The command that leaves this pair."""
    return f"robson panic --symbol {text(position, 'symbol')}"


def explaining(position: Doc) -> str:
    """The command that tells how it came to this."""
    return f"robson explain {text(position, 'id')[-figures.SHORT_ID :]}"


def guarded(document: Doc, position: Doc) -> str:
    """What still stands between the position and a loss."""
    where = facts.venue(document)
    if not facts.held(position):
        return "Nothing of it is known to be filled."
    stop = facts.price_of(position, position.get("stop_loss"))
    if not facts.covered(position):
        return f"Robson still judges its stop {stop}. No exchange stop rests for all of it."
    rests = facts.price_of(position, at(position, "insurance", "stop_price"))
    return f"Robson still judges its stop {stop}; the exchange stop {rests} rests at {where}."


def unseen(document: Doc, position: Doc) -> str:
    """The same while no price comes: a stop that nobody sees crossed is no stop."""
    where = facts.venue(document)
    stop = facts.price_of(position, position.get("stop_loss"))
    judged = f"Robson's stop {stop} is judged only when a price comes."
    if not facts.covered(position):
        return f"{judged} No exchange stop rests for all of it: nothing else limits the loss."
    rests = facts.price_of(position, at(position, "insurance", "stop_price"))
    return f"{judged} The exchange stop {rests} rests at {where} and needs none."
