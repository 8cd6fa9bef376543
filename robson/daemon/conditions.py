"""Every condition that is told outside of this machine: one table, judged on the published view.

What stands in that view is durable already, so nothing is told that the journal, or for feeds, disk
and exchange the daemon's own state, does not say first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import attrs

from robson.api.published import Published
from robson.domain.lifecycle import PositionState
from robson.domain.values import NS_PER_MS, NS_PER_S, ExchangeNs, plain
from robson.domain.view import PositionView

FEED_DEAD_MS = 15_000
EXCHANGE_SILENT_S = 60
EXIT_LONG_S = 60


@attrs.frozen(kw_only=True)
class Standing:
    """A condition that stands: which, about what, in words, and since when where that is known."""

    code: str
    about: str
    said: str
    since_ns: ExchangeNs | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same condition at another look."""
        return (self.code, self.about)


Judge = Callable[[Published], Iterator[Standing]]


class Condition(NamedTuple):
    """A row of the table.

    ``urgent``: money may be at stake now. ``once``: it is told when it is reached, and is in no
    digest: a month's loss does not go away.
    """

    code: str
    when: str
    judge: Judge
    urgent: bool
    once: bool = False


def _named(view: PositionView) -> str:
    return f"{view.scope.symbol} {view.id}"


def _unprotected(seen: Published) -> Iterator[Standing]:
    for view in seen.live:
        if view.alerted_ns is not None:
            said = f"{_named(view)}: no exchange stop has rested for 10 s"
            yield Standing(code="unprotected", about=view.id, said=said, since_ns=view.alerted_ns)


def _error(seen: Published) -> Iterator[Standing]:
    for view in seen.live:
        if view.state is PositionState.ERROR:
            yield Standing(code="error", about=view.id, said=f"{_named(view)}: state error")


def _missed(seen: Published) -> Iterator[Standing]:
    for view in seen.live:
        if view.missed_ns is not None:
            said = f"{_named(view)}: what is held is not in the account"
            yield Standing(code="holding_missed", about=view.id, said=said, since_ns=view.missed_ns)


def _leaving(seen: Published) -> Iterator[Standing]:
    for view in seen.live:
        trigger = view.trigger
        if view.state is not PositionState.EXITING or trigger is None:
            continue
        if seen.now_ns - trigger.at_ns > EXIT_LONG_S * NS_PER_S:
            said = f"{_named(view)}: on its way out for more than {EXIT_LONG_S} s"
            yield Standing(code="exit_long", about=view.id, said=said, since_ns=trigger.at_ns)


def _degraded(seen: Published) -> Iterator[Standing]:
    for fact in seen.daemon.degraded:
        yield Standing(
            code="degraded",
            about=f"{fact.scope} {fact.code}",
            said=f"{fact.scope} takes no entry: {fact.reason}",
            since_ns=fact.since_ns,
        )


def _disk(seen: Published) -> Iterator[Standing]:
    disk = seen.daemon.disk
    if disk is not None and disk.free_mib < disk.warn_mib:
        said = f"the journal's disk has {disk.free_mib} MiB left"
        yield Standing(code="disk", about="disk", said=said)


def _silent(seen: Published) -> Iterator[Standing]:
    silent = seen.daemon.silent
    if silent is not None and seen.now_ns - silent.since_ns > EXCHANGE_SILENT_S * NS_PER_S:
        said = f"the exchange has answered none of {silent.unanswered} requests"
        if silent.refused:
            said = f"the exchange refuses this key or this address: {silent.refused}"
        yield Standing(
            code="exchange_silent", about="exchange", said=said, since_ns=silent.since_ns
        )


def _feed(seen: Published) -> Iterator[Standing]:
    """Where something could depend on the price; a tape's silence is its own."""
    if seen.daemon.profile == "sim":
        return
    waited_for = {str(view.scope.symbol) for view in seen.live}
    for feed in seen.daemon.feeds:
        age_ms = feed.age_ms
        if feed.symbol in waited_for and (age_ms is None or age_ms > FEED_DEAD_MS):
            since = None if age_ms is None else ExchangeNs(seen.now_ns - age_ms * NS_PER_MS)
            said = f"{feed.symbol}: no price for more than {FEED_DEAD_MS // 1_000} s"
            yield Standing(code="feed_silent", about=feed.symbol, said=said, since_ns=since)


def _halt(seen: Published) -> Iterator[Standing]:
    risk = seen.risk
    if risk.halted:
        said = f"entries are halted: {risk.halt_reason or 'there is no capital'}"
        yield Standing(code="halt", about="account", said=said, since_ns=risk.halt_since_ns)


def _month(seen: Published) -> Iterator[Standing]:
    for line in seen.risk.alerts:
        if line.reached_ns is not None:
            yield Standing(
                code="month",
                about=f"{plain(line.line_pct)} {line.reached_ns}",
                said=f"the month has lost {plain(line.line_pct)} % of the capital base",
                since_ns=line.reached_ns,
            )


CONDITIONS: tuple[Condition, ...] = (
    Condition(
        "unprotected",
        "no exchange stop has rested for what is held for 10 s",
        _unprotected,
        urgent=True,
    ),
    Condition("error", "a position is in state `error`: a person decides", _error, urgent=True),
    Condition(
        "holding_missed",
        "two readings of the account lack what a position holds",
        _missed,
        urgent=True,
    ),
    Condition(
        "exit_long",
        f"an exit has not ended {EXIT_LONG_S} s after its trigger",
        _leaving,
        urgent=True,
    ),
    Condition(
        "exchange_silent",
        f"the exchange has answered nothing, or refused this key or address, for"
        f" {EXCHANGE_SILENT_S} s",
        _silent,
        urgent=True,
    ),
    Condition(
        "feed_silent",
        f"no price for {FEED_DEAD_MS // 1_000} s on a pair with a position; not in `sim`",
        _feed,
        urgent=True,
    ),
    Condition(
        "degraded",
        "a pair or the account takes no entry until a person or the disk decides",
        _degraded,
        urgent=True,
    ),
    Condition("disk", "less than `store.disk_warn_mib` is free", _disk, urgent=False),
    Condition("halt", "entries are halted", _halt, urgent=False),
    Condition(
        "month",
        "the month has lost 2 %, then 3 %, of the capital base",
        _month,
        urgent=False,
        once=True,
    ),
)
"""In the order in which they are told."""
BY_CODE = {row.code: row for row in CONDITIONS}


def standing(seen: Published) -> dict[tuple[str, str], Standing]:
    """Everything that stands now."""
    return {found.key: found for row in CONDITIONS for found in row.judge(seen)}
