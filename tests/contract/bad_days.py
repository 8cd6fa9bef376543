"""Every bad situation as the daemon publishes it: what a person then asks about with ``status``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import attrs

from robson.api.document.status import status as document_of
from robson.api.facts import (
    DegradedFact,
    DiskFact,
    FeedFact,
    ReachFact,
)
from robson.api.published import Published
from robson.api.translate.status import status as translated
from robson.cli.screens.facts import Doc
from robson.domain import events as e
from robson.domain.identity import Purpose
from robson.domain.lifecycle import PositionState
from robson.domain.values import Action, ExchangeNs
from robson.domain.view import InsuranceView, OrderRecord, PositionView
from tests.contract import explained, lives
from tests.contract.fake_daemon import D, published
from tests.unit.cli.screens.documents import numbers

DOOR = "unix:///run/robson/robsond.sock"
FEW_MIB = DiskFact(free_mib=180, warn_mib=200, entry_mib=64)
REFUSED = "-2015: Invalid API-key, IP, or permissions for action."
NONE_LEFT = DiskFact(free_mib=41, warn_mib=200, entry_mib=64)


def ago(seconds: float) -> ExchangeNs:
    """An instant before now."""
    return ExchangeNs(lives.NOON - int(seconds * lives.S))


def shown(found: Published) -> Doc:
    """The document of ``robson status``."""
    return numbers(document_of(translated(found, symbol=None, states=frozenset()), DOOR))


# --- one position -------------------------------------------------------------------------------


def bare(state: str, seconds: float, attempts: int, error: str | None = None) -> PositionView:
    """Held, and nothing rests for it."""
    held = lives.active()
    insurance = attrs.evolve(held.insurance, state=state, attempts=attempts, error=error)
    return attrs.evolve(held, insurance=insurance, bare_since_ns=ago(seconds))


def unknown(purpose: Purpose, action: Action, quantity: str, seconds: float) -> OrderRecord:
    """An order that nobody has answered."""
    return OrderRecord(
        order=lives.order(lives.BTC_ID, purpose, action, quantity),
        attempt=0,
        status="unknown",
        timestamp_ms=ago(seconds) // 1_000_000,
    )


def entering() -> PositionView:
    """The entry left, and no answer came."""
    return attrs.evolve(
        lives.active(),
        state=PositionState.ENTERING,
        entry=None,
        rung=0,
        stop=lives.plan().stops.stop,
        insurance=InsuranceView(),
        orders=(unknown(Purpose.ENTRY, Action.BUY, "0.07029", 12),),
    )


def exiting() -> PositionView:
    """The stop is off for the exit, and the exit's answer has not come."""
    view = bare("none", 9.4, 2)
    triggered = e.ExitTriggered(
        position=view.id,
        at_ns=ago(9.5),
        reason="trailing_stop",
        price=view.stop or lives.plan().stops.stop,
        tick_ns=ago(9.5),
        stop=view.stop,
    )
    orders = (*view.orders[:1], unknown(Purpose.EXIT, Action.SELL, "0.07021", 9.2))
    return attrs.evolve(
        view, state=PositionState.EXITING, orders=orders, trigger=triggered, exit_attempts=1
    )


def in_error() -> PositionView:
    """What an order did could not be settled."""
    failed = e.PositionFailed(
        position=lives.BTC_ID,
        at_ns=ago(75),
        code="unknown_order",
        message="the exit is in no list, and the balance has changed",
    )
    return attrs.evolve(lives.active(), state=PositionState.ERROR, error=failed)


# --- the account, the disk, the exchange ---------------------------------------------------------


def held(**changes: object) -> Published:
    """A position whose stop rests, and a daemon with something wrong."""
    found = published(lives.active())
    return attrs.evolve(found, daemon=attrs.evolve(found.daemon, **changes))


def frozen(scope: str, code: str, reason: str, *views: PositionView) -> Published:
    """A scope that takes no entry."""
    fact = DegradedFact(scope=scope, reason=reason, since_ns=ago(180), code=code)
    found = published(*views) if views else attrs.evolve(published(), positions=())
    return attrs.evolve(found, daemon=attrs.evolve(found.daemon, degraded=(fact,)))


def halted() -> Published:
    """The month's limit is used up while a position is held."""
    found = published(lives.active())
    risk = attrs.evolve(
        found.risk,
        consumed=D("397.12"),
        remaining=D("-1.52"),
        slots=0,
        halted=True,
        halt_reason="the month's limit is used up",
        halt_since_ns=ago(3600),
    )
    return attrs.evolve(found, risk=risk)


def no_room() -> Published:
    """The journal's disk is too full for another life."""
    found = frozen(
        "account",
        "disk_low",
        "the journal's disk has 41 MiB left, and an entry needs 64",
        lives.active(),
    )
    return attrs.evolve(found, daemon=attrs.evolve(found.daemon, disk=NONE_LEFT))


class BadDay(NamedTuple):
    """One situation: its heading, when it comes about, and what the daemon then publishes.

    ``silent_s``: how old the answer is where the daemon has stopped answering; ``robsond`` names
    the row of the table of mistakes with what robsond says, where it does not even start;
    ``explained`` is what ``robson explain`` says of such a position when it is over.
    """

    title: str
    when: str
    published: Callable[[], Published] | None = None
    silent_s: float | None = None
    robsond: tuple[str, str] | None = None
    explained: Callable[[], Doc] | None = None


FOREIGN = "order 4419021 (web_8f2c) rests on BTCUSDT and is not of this journal"
GONE = f"{lives.BTC_ID} is active, and the account shows nothing of it"
DAYS = (
    BadDay(
        "A fill without its exchange stop",
        "The entry has filled, and the exchange refuses the stop. For the first 3 s this is the"
        " planned window; then it is an alarm, until one rests.",
        lambda: published(bare("failed", 41, 8, "-1003: too many requests")),
    ),
    BadDay(
        "The exchange stop has vanished",
        "It rested, and is not open any more: cancelled by hand, triggered, or lost. Which of these"
        " is asked before anything is sent.",
        lambda: published(bare("gone", 6.2, 2)),
    ),
    BadDay(
        "The entry has no known outcome",
        "The order left, and no answer came, or one that says nothing.",
        lambda: published(entering()),
        explained=explained.entry_found,
    ),
    BadDay(
        "The exit has no known outcome",
        "The exchange stop was taken off for the exit, and the exit's answer has not come.",
        lambda: published(exiting()),
        explained=explained.exit_repeated,
    ),
    BadDay(
        "The exchange does not answer",
        "Calls run into their deadline, or do not leave at all.",
        partial(held, silent=ReachFact(since_ns=ago(41), unanswered=7)),
    ),
    BadDay(
        "The exchange refuses the key",
        "The key is gone, has lost a right, or this address has left its list; or Binance serves"
        " nobody at this address.",
        partial(held, silent=ReachFact(since_ns=ago(41), unanswered=7, refused=REFUSED)),
    ),
    BadDay(
        "The feed is silent",
        "No prices come, so the software stop judges nothing; the exchange stop needs none.",
        partial(held, feeds=(FeedFact(symbol="BTCUSDT", source=None, age_ms=14_200),)),
    ),
    BadDay(
        "Frozen after a foreign order",
        "An order that Robson did not send rests on the pair.",
        lambda: frozen("BTCUSDT", "foreign_order", FOREIGN, lives.active()),
    ),
    BadDay(
        "Frozen after a liquidation",
        "The margin level fell into danger and the exchange took the position; it is in `robson"
        " history`. Nothing new is entered until somebody has looked.",
        lambda: frozen("account", "frozen", "the margin level of BTCUSDT is 1.05"),
    ),
    BadDay(
        "A position in error",
        "Evidence contradicts itself, and Robson does not guess.",
        lambda: published(in_error()),
        explained=explained.error_resolved,
    ),
    BadDay(
        "A position is gone, and nobody knows how",
        "Two looks a minute apart show nothing of it in the account, and no single order explains"
        " that. A person brings the trades:"
        " [Comparing with the exchange](operations/reconcile.md).",
        lambda: frozen("BTCUSDT", "stale_active", GONE, lives.active()),
        explained=explained.closed_by_evidence,
    ),
    BadDay(
        "The month is halted",
        "What was lost and what is at risk have used up 4 % of the capital base.",
        halted,
    ),
    BadDay(
        "The disk gets low",
        "Below `store.disk_warn_mib`.",
        partial(held, disk=FEW_MIB),
    ),
    BadDay(
        "The disk is too full for an entry",
        "Below `store.disk_entry_mib`.",
        no_room,
    ),
    BadDay(
        "The journal cannot be written",
        "A full disk or an I/O error. What is open is seen through to its end on a file that was"
        " laid aside for it.",
        lambda: frozen(
            "account",
            "journal_failed",
            "the journal cannot be written: SQLITE_FULL: database or disk is full",
            lives.active(),
        ),
    ),
    BadDay(
        "The daemon is dead while a position is open",
        "Nobody answers. What rests at the exchange needs no daemon.",
    ),
    BadDay(
        "The daemon has stopped answering",
        "`robson status --watch`, 41 s after the last answer: everything below the alarm is old.",
        lambda: published(lives.active()),
        silent_s=41,
    ),
    BadDay(
        "The journal is refused at the start",
        "A row is not what its hash says. robsond ends before it sends anything, and there is"
        " nobody to ask.",
        robsond=("a digit in s/journal.db is another", "robsond run"),
    ),
    BadDay(
        "Another robsond holds the state directory",
        "The second one ends at once; the first goes on, and answers as before.",
        lambda: published(lives.active()),
        robsond=("another robsond runs in s", "robsond run"),
    ),
)
