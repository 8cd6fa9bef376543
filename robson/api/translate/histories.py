"""Closed positions and what they earned together, as wire messages."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, localcontext

from robson.api.published import Published
from robson.api.translate import positions
from robson.api.translate.status import daemon
from robson.api.translate.values import day_ns, floored, raised, stamp
from robson.api.v1 import robson_pb2 as pb
from robson.domain.errors import Refused
from robson.domain.lifecycle import PositionState
from robson.domain.values import MONEY, NS_PER_S
from robson.domain.view import PositionView


def history(
    published: Published,
    *,
    days: int,
    symbol: str | None,
    limit: int,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> pb.ListHistoryResponse:
    """Positions closed within ``days``, or from one instant on, newest first, and their sums."""
    end = published.now_ns + 1 if until_ns is None else until_ns
    since = max(0, end - day_ns(days)) if since_ns is None else since_ns
    closed = [
        view
        for view in published.positions
        if view.state is PositionState.CLOSED
        and view.closed is not None
        and since <= view.closed.at_ns < end
        and symbol in (None, str(view.scope.symbol))
    ]
    closed.sort(key=_closed_ns, reverse=True)
    return pb.ListHistoryResponse(
        as_of=stamp(published.now_ns),
        daemon=daemon(published.daemon),
        since=stamp(since),
        positions=[positions.position(view, published) for view in closed[:limit]],
        stats=stats(closed),
        truncated=len(closed) > limit,
        days=0 if since_ns is not None else days,
        symbol=symbol or "",
        until=stamp(until_ns),
    )


def check_range(since_ns: int, until_ns: int | None, now_ns: int, *, days: int) -> None:
    """Refuse a range that holds no instant, or is given twice.

    Raises:
        Refused: ``INVALID_ARGUMENT``, with what was given.
    """
    if days:
        raise Refused("INVALID_ARGUMENT", f"since and days ({days}) are both given; one is.")
    end = now_ns if until_ns is None else until_ns
    if since_ns >= end:
        word = "now, which is" if until_ns is None else "until, which is"
        raise Refused(
            "INVALID_ARGUMENT",
            f"since is {_when(since_ns)}; expected is a time before {word} {_when(end)}.",
            (("option", "since"),),
        )


def _when(at_ns: int) -> str:
    whole = datetime.fromtimestamp(at_ns // NS_PER_S, UTC)
    return f"{whole:%Y-%m-%d %H:%M:%S} UTC"


def _closed_ns(view: PositionView) -> int:
    return view.closed.at_ns if view.closed else 0


def stats(closed: list[PositionView]) -> pb.HistoryStats:
    """Sums over settled positions; the others are only counted."""
    settled = [view for view in closed if view.settled is not None]
    results = [view.settled for view in settled if view.settled is not None]
    with localcontext(MONEY):
        total_r = _sum([result.r_multiple for result in results])
        message = pb.HistoryStats(
            closed=len(results),
            won=sum(1 for result in results if result.net > 0),
            net=floored(_sum([result.net for result in results])),
            fees=raised(_sum([result.fees for result in results])),
            interest=raised(_sum([result.interest for result in results])),
            r_total=floored(total_r),
            r_average=floored(total_r / len(results)) if results else "",
            over_plan=[view.id for view in settled if _lost_more_than_planned(view)],
            unsettled=len(closed) - len(results),
        )
    message.MergeFrom(_largest_loss(settled))
    return message


def _largest_loss(settled: list[PositionView]) -> pb.HistoryStats:
    losses = [(view.settled.net, view) for view in settled if view.settled and view.settled.net < 0]
    if not losses:
        return pb.HistoryStats()
    net, worst = min(losses, key=lambda pair: pair[0])
    return pb.HistoryStats(
        largest_loss=floored(net),
        largest_loss_r=floored(worst.settled.r_multiple if worst.settled else None),
        largest_loss_id=worst.id,
    )


def _lost_more_than_planned(view: PositionView) -> bool:
    result = view.settled
    return result is not None and result.net < -result.planned_risk


def _sum(values: list[Decimal]) -> Decimal:
    return sum(values, Decimal(0))
