"""An exchange stop that nobody has seen is sent again under its own id, before absence is proved.

The exchange refuses an id while an order with it is open, so two of one stop never rest. One that
had filled or ended meanwhile would let it in: that leaves no inventory for a second one, where the
position is asset-fenced. Where it is not, the proof is waited for.
"""

from __future__ import annotations

import attrs

from robson.domain.identity import Purpose
from robson.domain.reports import AccountSnapshot
from robson.domain.values import NS_PER_MS, NS_PER_S
from robson.domain.view import OrderRecord, PositionView
from robson.engine.adopt import JUDGED
from robson.engine.bands import is_missing
from robson.engine.context import NOTHING, Context, Decision
from robson.engine.leaving import fence_of

REPEAT_NS = (0, 2 * NS_PER_S, 5 * NS_PER_S)
"""After the last sending so long has to pass; after as many repeats only the proof counts."""


def decide_repeat(
    view: PositionView, record: OrderRecord, account: AccountSnapshot, ctx: Context
) -> Decision:
    """Send a stop again of which a whole round of questions has found nothing.

    ``account``: as that round read it. It shows all that is held, or the stop may have filled.
    """
    stop = record.order.purpose is Purpose.INSURANCE and record.status == "unknown"
    awaited = view.state in JUDGED and view.insurance.state == "placing"
    ours = view.insurance.client_id == record.client_id
    if not (stop and awaited and ours) or record.repeats >= len(REPEAT_NS):
        return NOTHING
    fence = fence_of(view, attrs.evolve(ctx, account=account))
    if fence != "asset" or is_missing(view, account, ctx):
        return NOTHING
    last_ns = (record.timestamp_ms or 0) * NS_PER_MS
    if ctx.now_ns - last_ns < REPEAT_NS[record.repeats]:
        return NOTHING
    return Decision(intents=(record.order,))
