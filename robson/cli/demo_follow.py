"""Follows one position through a running daemon: status, journal rows by sequence, prices."""

from __future__ import annotations

import json
import re
import time
from decimal import Decimal
from typing import Any

from robson.api.client import CallFailed, Client
from robson.api.document.answers import get_position
from robson.api.document.records import journal_row
from robson.api.document.status import status
from robson.api.document.text import number_or_word
from robson.cli.screens import facts, journal
from robson.cli.screens.facts import at, listed, num, text
from robson.cli.screens.moment import Life, Sample

Document = dict[str, Any]
_FOLDERS = re.compile(r"\S*/")
_ROWS_S = 5.0
_PRICED = ("entry_filled", "stop_raised", "exit_triggered", "exit_filled")
"""Rows that carry a price of their moment, so that no chart misses what mattered."""
ENDED = ("closed", "cancelled", "error")


def sim_report(client: Client) -> Document | None:
    """What a simulated daemon says of its tape and of its invariants; None where it says nothing.

    Keys: ``tape``, ``invariants`` (``checked``, ``violated``), ``at_end``, ``waiting``,
    ``lowest`` (of each position).
    """
    asking = getattr(client, "sim_report", None)
    if asking is None:
        return None
    found: Document = json.loads(asking(), parse_float=number_or_word)
    return found


class Follower:
    """All that is known of the position so far; :meth:`poll` asks for more."""

    def __init__(self, client: Client, door: str, speed: str = "") -> None:
        """Follow by this client; ``speed`` is only told."""
        self.client = client
        self.door = door
        self._speed = speed
        self.status: Document = {}
        self.position: Document = {}
        self.rows: list[Document] = []
        self.report: Document | None = None
        self._before: Document | None = None
        self._id = ""
        self._samples: dict[str, Decimal] = {}
        self._answered = time.monotonic()

    # --- asking ----------------------------------------------------------------------------------

    def poll(self) -> bool:
        """Ask for everything once; False when the daemon does not answer."""
        try:
            self._ask()
        except CallFailed:
            return False
        self._answered = time.monotonic()
        return True

    def _ask(self) -> None:
        self.status = status(self.client.status(), self.door)
        if self._id:
            self.position = self._find()
            self._take_price()
        self._take_rows()
        # Last: what was checked is then never older than the end that was seen.
        self.report = sim_report(self.client) or self.report

    def armed(self, position: str) -> None:
        """Follow this position from now on."""
        self._id = position

    def again(self, client: Client) -> None:
        """Go on with another process of the same daemon; what was counted before stays counted."""
        self.client = client
        self._before = self.checks()
        self.report = None

    def _find(self) -> Document:
        for position in listed(self.status, "positions"):
            if position["id"] == self._id:
                found: Document = position
                return found
        answer: Document = get_position(self.client.position(self._id), self.door)["position"]
        return answer

    def _take_price(self) -> None:
        when, price = at(self.position, "price", "at"), num(self.position, "price", "value")
        if when and price is not None:
            self._samples[when] = price

    def _take_rows(self) -> None:
        """Journal rows after the last known one, up to what the status has seen."""
        last = int(num(self.status, "daemon", "journal", "seq") or 0)
        known = int(self.rows[-1]["seq"]) if self.rows else 0
        if last <= known:
            return
        for answer in self.client.watch(after_seq=known, timeout_s=_ROWS_S):
            row = journal_row(answer)
            self.rows.append(row)
            if journal.kind(row) in _PRICED and self._is_ours(row):
                price = num(row, "payload", "price")
                if price is not None and row["at"]:
                    self._samples.setdefault(row["at"], price)
            if int(row["seq"]) >= last:
                return

    def _is_ours(self, row: Document) -> bool:
        return bool(self._id) and at(row, "payload", "position") == self._id

    # --- what is known ---------------------------------------------------------------------------

    @property
    def own_rows(self) -> tuple[Document, ...]:
        """The rows of the position that is followed."""
        return tuple(row for row in self.rows if self._is_ours(row))

    @property
    def silent_s(self) -> float:
        """Seconds since the last answer."""
        return time.monotonic() - self._answered

    @property
    def entered(self) -> bool:
        """Whether anything was bought or sold."""
        return at(self.position, "entry_price") is not None

    @property
    def protected(self) -> bool:
        """Active, and the exchange stop rests for all of it."""
        return text(self.position, "state") == "active" and facts.covered(self.position)

    @property
    def ended(self) -> bool:
        """Nothing more will happen to it without a person."""
        state = text(self.position, "state")
        return state in ENDED and (state != "closed" or bool(self.position.get("settled")))

    @property
    def lowest(self) -> Decimal | None:
        """The worst result on the way; None after a crash: nobody saw all of it."""
        return None if self._before else num(self.report, "lowest", self._id)

    @property
    def at_end(self) -> bool:
        """The tape has no more rows."""
        return bool(at(self.report, "at_end"))

    def life(self, *, patient: bool = False) -> Life:
        """What the live view shows; ``patient`` while nobody expects an answer."""
        until = self.position.get("exited_at")  # the tape plays on for a while
        path = tuple(
            Sample(when, price)
            for when, price in sorted(self._samples.items())
            if not until or when <= until
        )
        silent = 0.0 if patient else self.silent_s
        return Life(self.status, self.position, path, self.own_rows, silent, self.tape)

    @property
    def tape(self) -> str:
        """What is played and how fast, in words; the symbol stands elsewhere."""
        words = text(self.status, "daemon", "tape")
        symbol = text(self.position, "symbol")
        if symbol:
            words = words.removeprefix(symbol).strip()
        words = _FOLDERS.sub("", words)
        speed = "as fast as it goes" if self._speed == "max" else f"{self._speed}x"
        return f"{words}, {speed}" if self._speed else words

    def checks(self) -> Document | None:
        """The report, with what an earlier process of the same run had checked."""
        if self._before is None or self.report is None:
            return self.report or self._before
        checked = dict(at(self._before, "invariants", "checked") or {})
        for name, many in (at(self.report, "invariants", "checked") or {}).items():
            checked[name] = int(checked.get(name, 0)) + int(many)
        violated = [
            *listed(self._before, "invariants", "violated"),
            *listed(self.report, "invariants", "violated"),
        ]
        return {**self.report, "invariants": {"checked": checked, "violated": violated}}
