"""The rules by id, each with its name and what it says, for people and for reports."""

from __future__ import annotations

RULES: dict[str, tuple[str, str]] = {
    "S1": ("NoOverExit", "exits never move more than was held; no wallet changes its side"),
    "S2": ("OneEntry", "an entry leaves once; another only after a rejection by code"),
    "S3": ("EpochOrder", "an entry leaves only under the epoch that holds the journal"),
    "S4": ("WriteAhead", "a trading request leaves only after the journal holds it"),
    "S5": ("Chain", "rows follow without a gap, and a position's time never runs back"),
    "S6": ("Size", "the planned loss, worked out again, is at most 1 % of the capital"),
    "S7": ("Ratchet", "neither stop ever loosens"),
    "S8": ("ExchangeWins", "a settled position agrees with the exchange to the last digit"),
    "S9": ("NoForgetting", "an order under way ends by evidence, never by a count or a timer"),
    "S10": ("Covered", "a filled quantity lacks a resting stop for at most 3 s in all"),
    "S12": ("NotMine", "only the position's own orders are ever cancelled"),
    "S13": ("FreshTrigger", "an exit cites a fresh price that crossed its level"),
    "S14": ("UnknownCancel", "gone is not taken for cancelled; on the way out the stop is let go"),
    "S16": ("Replay", "the journal folds to the live state, event by event"),
    "M1": ("Filters", "every order fits the exchange's grids and smallest sizes"),
    "M2": ("NoBorrowingExit", "an exit and a stop repay and never borrow"),
    "M3": ("LossSide", "level, stop and exchange stop lie behind each other, on the loss side"),
    "M4": ("OnePosition", "one position for a key; one that is not over for an account and symbol"),
    "M5": ("Budget", "losses and planned losses fit into 4 % of the month's capital"),
    "M6": ("Held", "what can be sold or is owed follows from the fills, net of fees"),
    "M7": ("Flat", "closed means flat, by the fills and by the account, with no exit under way"),
    "M8": ("Result", "the net result is its parts, and the wallet moved by it"),
    "L1": ("Exit", "a triggered exit has executed within 1 s"),
    "L2": ("Resolve", "an unknown outcome is known within 30 s"),
}
"""Id, name and meaning. S and L are the reliability design's, M the laws of money."""
