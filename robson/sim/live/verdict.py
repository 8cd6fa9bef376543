"""What a position has left behind: the venue's books and log against the journal, value by value.

The books are read at the operator's port, of which the daemon knows nothing. They are the truth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from robson.domain.errors import StoreError
from robson.domain.identity import Purpose
from robson.domain.values import NS_PER_S
from robson.sim.chaos.verdict import DUST, purpose, read_rows
from robson.sim.live.bare import LIMIT_S, Bare
from robson.sim.live.beside import Daemon
from robson.sim.live.theirs import Theirs
from robson.store.examine import examine
from robson.store.journal import FILE_NAME

KILLED, ENDED, UNREACHABLE = -9, 0, 69
"""How a process may end: killed, in order, or at a start without an exchange."""
_FILLS = ("entry_filled", "exit_filled", "insurance_filled")
_ORDERS = "/sapi/v1/margin/order"
_SENT = ("entry", "insurance", "exit")

Fill = tuple[str, Decimal, Decimal, Decimal, str, int]
Rows = list[tuple[str, dict[str, Any], int]]
"""Kind, payload and wall time of every row of the journal."""


@attrs.frozen(kw_only=True)
class Verdict:
    """``wrong``: what does not hold, in words.

    Attributes:
        fills: executions, each found on both sides, equal to the last digit.
        entries: entry orders that came in at the venue.
        unknown: requests of which nobody knew what became.
        found, absent: how that was settled, last; an order that is seen to rest is found.
        in_flight: rows of the venue's log that a fault has struck.
        bare: time in which something was held and not covered.
    """

    fills: int = 0
    entries: int = 0
    unknown: int = 0
    found: int = 0
    absent: int = 0
    in_flight: int = 0
    bare: Bare = attrs.field(factory=Bare)
    wrong: tuple[str, ...] = ()


def judge(
    daemon: Daemon,
    books: dict[str, Any],
    log: list[dict[str, Any]],
    armed: Sequence[str],
    bare: Bare,
    theirs: Theirs,
) -> Verdict:
    """Look at everything that one life has left."""
    account = books["accounts"][0]
    try:
        waiting = examine(daemon.state / FILE_NAME).waiting
        rows = read_rows(daemon.state / FILE_NAME)
    except StoreError as error:
        return Verdict(wrong=(f"the journal: {error}",))
    wrong = [f"{waiting} rows still wait in the emergency file"] if waiting else []
    entered = Counter(
        row["target"]
        for row in log
        if (row["method"], row["path"]) == ("POST", _ORDERS)
        and purpose(row["target"]) is Purpose.ENTRY
    )
    unknown, absent = _unknown(rows)
    wrong += _ends(daemon)
    wrong += _left(account, theirs)
    wrong += _fills(account, rows)
    wrong += _money(account, rows, theirs)
    wrong += _entries(entered, armed)
    wrong += _evidence(rows, account)
    wrong += _covered(bare)
    return Verdict(
        fills=len(account["fills"]),
        entries=sum(entered.values()),
        unknown=len(unknown),
        found=len(unknown - absent),
        absent=len(absent),
        in_flight=sum(bool(row["struck"]) for row in log),
        bare=bare,
        wrong=tuple(wrong),
    )


def _ends(daemon: Daemon) -> list[str]:
    """Nothing but what was done to it, and no traceback."""
    allowed = (KILLED, ENDED, UNREACHABLE)
    wrong = [f"robsond has ended with {code}" for code in daemon.ends if code not in allowed]
    if "Traceback" in daemon.log.read_text(errors="replace"):
        wrong.append("a traceback was printed")
    return wrong


def _left(account: dict[str, Any], theirs: Theirs) -> list[str]:
    wrong = []
    if account["open_orders"]:
        wrong.append(f"{len(account['open_orders'])} orders rest at the exchange")
    for row in account["balances"]:
        owed = Decimal(row["borrowed"]) + Decimal(row["interest"])
        if owed:
            wrong.append(f"owed: {owed} {row['asset']}")
    base = _total(account["balances"][0]) - theirs.base
    if base >= DUST:
        wrong.append(f"{base} of the base are left")
    if base < -DUST:
        wrong.append(f"{-base} of a person's base are gone")
    return wrong


def _total(row: dict[str, Any]) -> Decimal:
    return Decimal(row["free"]) + Decimal(row["locked"])


def _covered(bare: Bare) -> list[str]:
    if bare.over_ns <= LIMIT_S * NS_PER_S:
        return []
    over_s = bare.over_ns / NS_PER_S
    return [f"held without a stop for {over_s:.2f} s that no fault excuses, of {bare.told}"]


# --- fills and money -----------------------------------------------------------------------------


def _fills(account: dict[str, Any], rows: Rows) -> list[str]:
    """Every execution on both sides, to the last digit; times as the wire tells them."""
    ours: dict[int, Fill] = {}
    wrong = []
    for kind, payload, _ in rows:
        for fill in payload["fills"] if kind in _FILLS else ():
            told = _fill(fill, int(fill["at_ns"]) // 1_000_000)
            if ours.setdefault(fill["trade_id"], told) != told:
                wrong.append(f"trade {fill['trade_id']} was told twice, and not the same")
    theirs = {
        fill["trade_id"]: _fill(fill, _ms(fill["at"]))
        for fill in account["fills"]
        if purpose(fill["client_id"]) is not None
    }
    wrong += [
        f"trade {number}: journal {ours.get(number)}, books {theirs.get(number)}"
        for number in sorted(ours.keys() | theirs.keys())
        if ours.get(number) != theirs.get(number)
    ]
    if not theirs:
        wrong.append("nothing was ever held")
    return wrong


def _fill(row: dict[str, Any], at_ms: int) -> Fill:
    numbers = (Decimal(row[name]) for name in ("price", "quantity", "commission"))
    price, quantity, commission = numbers
    return (row["client_id"], price, quantity, commission, row["commission_asset"], at_ms)


def _ms(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1_000 + moment.microsecond // 1_000


def _money(account: dict[str, Any], rows: Rows, theirs: Theirs) -> list[str]:
    """The results of all positions are what the account has won, but for the base that is left."""
    base, quote = account["balances"]
    left = (_total(base) - theirs.base) * Decimal(account["last_price"] or 0)
    won = _total(quote) - theirs.quote + left
    net = sum((Decimal(p["net"]) for kind, p, _ in rows if kind == "pnl_settled"), Decimal(0))
    charged = [Decimal(p["interest"]) for kind, p, _ in rows if kind == "loan_charged"]
    net -= sum(charged, Decimal(0))
    worth = DUST * Decimal(account["last_price"] or 0)
    if abs(won - net) > worth:
        return [f"the account has won {won}, the journal says {net}"]
    return []


# --- orders and unknowns -------------------------------------------------------------------------


def _entries(entered: Counter[str], armed: Sequence[str]) -> list[str]:
    """One entry order for each position at most, and never the same twice."""
    wrong = [f"entry {target} came in {many} times" for target, many in entered.items() if many > 1]
    if len(entered) > len(armed):
        wrong.append(f"{len(entered)} entry orders of {len(armed)} positions")
    return wrong


def _unknown(rows: Rows) -> tuple[set[str], set[str]]:
    """Requests of which nobody knew what became, and those that have never happened."""
    unknown = {payload["client_id"] for kind, payload, _ in rows if kind == "order_unknown"}
    outcomes = {p["client_id"]: p["outcome"] for kind, p, _ in rows if kind == "order_resolved"}
    return unknown, {name for name in unknown if outcomes.get(name) == "absent"}


def _evidence(rows: Rows, account: dict[str, Any]) -> list[str]:
    """Each unknown was settled by what came back later; one that was called absent is."""
    wrong: list[str] = []
    unknown: set[str] = set()
    known = {order["client_id"] for order in account["orders"]}
    for kind, payload, _ in rows:
        name = payload.get("client_id", "")
        if kind == "order_unknown":
            unknown.add(name)
        elif kind != "order_sending":
            unknown.discard(name)
        if kind == "order_resolved":
            # A stop may be sent again under its own id, so it may be in the books all the same.
            once = purpose(name) in (Purpose.ENTRY, Purpose.EXIT)
            if not payload["evidence"]:
                wrong.append(f"{name} was settled without evidence")
            if once and payload["outcome"] == "absent" and name in known:
                wrong.append(f"{name} was called absent, and is in the books")
    return [*wrong, *(f"{name} is unknown for ever" for name in sorted(unknown))]
