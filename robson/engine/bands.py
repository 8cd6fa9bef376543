"""What a margin level asks of a position that is held, and how a liquidation is recognised.

A level is read, never worked out from a price: the exchange liquidates by its own index. Without a
debt there is no level, and nothing that could be liquidated.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

from robson.domain import events as e
from robson.domain.instrument import Instrument
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountSnapshot, Fill
from robson.domain.values import MONEY, Price, Side
from robson.domain.view import PositionView
from robson.engine.context import NOTHING, Context, Decision
from robson.engine.decide import release
from robson.engine.margin import level_of
from robson.engine.orders import left_to_sell, side_of
from robson.engine.overtaken import by_order
from robson.engine.settings import Settings
from robson.engine.step import leave

BANDS: tuple[tuple[str, Decimal], ...] = (
    ("safe", Decimal("2.0")),
    ("caution", Decimal("1.5")),
    ("warning", Decimal("1.3")),
    ("critical", Decimal("1.1")),
)
"""Name and least level, best first; below the last is ``danger``."""
DANGER = "danger"
NAMES = (*(name for name, _ in BANDS), DANGER)
ABOVE_LIQUIDATION = Decimal("0.05")
"""The exit level stays so far above the pair's liquidation ratio, at least."""
BETTER_BY = Decimal("0.05")
"""A better band counts from so far above its bound, so that a level on it writes no rows."""


def exit_level(settings: Settings, instrument: Instrument) -> Decimal:
    """The level in force below which a position is left."""
    return max(settings.margin_exit_level, instrument.liquidation_ratio + ABOVE_LIQUIDATION)


def band_of(level: Decimal | None, was: str = "safe") -> str:
    """The band of a level; worse at once, better only once it is clear of the bound."""
    if level is None:
        return "safe"
    found = _plain(level)
    if NAMES.index(found) >= NAMES.index(was):
        return found
    clear = _plain(level - BETTER_BY)
    return clear if NAMES.index(clear) < NAMES.index(was) else was


def _plain(level: Decimal) -> str:
    return next((name for name, least in BANDS if level >= least), DANGER)


def decide_margin(view: PositionView, account: AccountSnapshot, ctx: Context) -> Decision:
    """What a reading of the level changes: the band, and below the exit level the position."""
    if view.state is not PositionState.ACTIVE or view.stop is None:
        return NOTHING
    level, least = level_of(account), exit_level(ctx.settings, ctx.instrument)
    band = band_of(level, view.margin_band)
    events: list[e.PositionEvent] = []
    if band != view.margin_band:
        events.append(
            e.MarginBandChanged(
                position=view.id,
                at_ns=ctx.now_ns,
                was=view.margin_band,
                band=band,
                level=level,
                exit_level=least,
            )
        )
    if level is None or (level >= least and band != DANGER):
        return Decision(events=tuple(events))
    out = leave(view, ctx, "margin_risk", None)
    return Decision(events=(*events, out), intents=release(view))


# --- liquidation ---------------------------------------------------------------------------------


def is_missing(view: PositionView, account: AccountSnapshot, ctx: Context) -> bool:
    """Whether the account holds, or owes, clearly less than our fills say."""
    if view.entry is None:
        return False
    with localcontext(MONEY):
        if side_of(view) is Side.LONG:
            less = left_to_sell(view) - (account.base.total - view.base_before)
        else:
            less = view.entry.held - view.exited - account.base.debt
    return ctx.instrument.exit_quantity(less) is not None


def decide_liquidation(view: PositionView, fills: tuple[Fill, ...], ctx: Context) -> Decision:
    """Fills that the exchange forced are the evidence: the position is leaving, by them."""
    known = {fill.trade_id for fill in (*view.exit_fills, *view.insurance_fills)}
    action = side_of(view).exit_action
    forced = [
        fill
        for fill in fills
        if fill.is_forced and fill.action is action and fill.trade_id not in known
    ]
    if not forced or view.entry is None or view.stop is None:
        return NOTHING
    if view.state not in (PositionState.ACTIVE, PositionState.EXITING, PositionState.ERROR):
        return NOTHING
    events: list[e.PositionEvent] = []
    if view.state is not PositionState.EXITING:
        events.append(
            e.ExitTriggered(
                position=view.id,
                at_ns=ctx.now_ns,
                reason="liquidation",
                price=Price(forced[-1].price),
                tick_ns=forced[-1].at_ns,
                stop=view.stop,
            )
        )
    events.extend(by_order(view, tuple(forced), ctx))
    return Decision(events=tuple(events), intents=release(view))
