"""From a signal to an entry, or to a refusal with its numbers: analyse, plan, size, gates.

One pure pass over one snapshot; the same pass serves a dry run, the arming and the entry.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

import attrs

from robson.domain import events as e
from robson.domain.instrument import Instrument
from robson.domain.intents import OrderType
from robson.domain.lifecycle import PositionState
from robson.domain.plan import EntryPlan, StopAudit, StopPlan
from robson.domain.reports import AccountSnapshot, Credit
from robson.domain.strategy import DetectorKind, StrategyConfig
from robson.domain.values import MONEY, NS_PER_S, ExchangeNs, Leverage, Price, Quantity, Side
from robson.domain.view import PositionView
from robson.engine.context import Context, Decision
from robson.engine.detectors.protocol import DetectorSignal
from robson.engine.exits import be_bps_auto
from robson.engine.margin import BOUND_ABOVE_LIQUIDATION, MarginRules
from robson.engine.orders import entry_order, limit_behind, stop_types
from robson.engine.risk import Denial, entry_gates
from robson.engine.sizing import (
    Purse,
    SizeRefused,
    SizingTerms,
    interest_per_unit,
    net_at_gain,
    size,
)
from robson.engine.snapshot import RiskSnapshot, WalletState
from robson.engine.stop import Chart, NoValidStop, find_stop, insurance_stop


@attrs.frozen(kw_only=True)
class Proposal:
    """What planning a signal came to; ``audit`` says how the chart level was found."""

    plan: EntryPlan | NoValidStop | SizeRefused
    audit: StopAudit | None


def propose(
    *,
    signal: DetectorSignal,
    chart: Chart,
    strategy: StrategyConfig,
    leverage: Leverage,
    capital: Decimal,
    account: AccountSnapshot,
    ctx: Context,
    credit: Credit | None = None,
) -> Proposal:
    """Plan an entry: the stop from the chart, the size from the stop."""
    found = find_stop(
        chart,
        entry_ref=signal.entry_ref,
        side=signal.side,
        strategy=strategy,
        instrument=ctx.instrument,
        now_ns=ctx.now_ns,
    )
    if isinstance(found, NoValidStop):
        return Proposal(plan=found, audit=found.audit)
    stops, audit = found
    plan = sized(
        stops,
        strategy,
        leverage=leverage,
        capital=capital,
        account=account,
        ctx=ctx,
        credit=credit,
    )
    return Proposal(plan=plan, audit=audit)


def sized(
    stops: StopPlan,
    strategy: StrategyConfig,
    *,
    leverage: Leverage,
    capital: Decimal,
    account: AccountSnapshot,
    ctx: Context,
    credit: Credit | None = None,
) -> EntryPlan | SizeRefused:
    """The size from the stop, and what follows from both; ``credit`` None bounds nothing."""
    insurance = insurance_stop(
        stop=stops.stop,
        span=stops.span,
        side=stops.side,
        instrument=ctx.instrument,
        terms=ctx.settings.insurance,
    )
    fee = ctx.instrument.taker_fee
    terms = SizingTerms(
        capital=capital,
        equity=account.equity,
        risk_pct=strategy.risk_pct,
        fee=fee,
        gap_bps=ctx.settings.gap_bps,
        entry_slip_bps=ctx.settings.entry_slip_bps,
        headroom_bps=ctx.settings.headroom_bps,
        leverage=leverage,
    )
    rate = account.hourly_rate_quote if stops.side is Side.LONG else account.hourly_rate_base
    unit = interest_per_unit(stops, terms, hourly_rate=rate, hold_hours=ctx.settings.hold_hours)
    sizing = size(
        stops,
        attrs.evolve(terms, interest_unit=unit),
        ctx.instrument,
        insurance_stop=insurance.stop_price,
        stop_worth=_stop_worth(insurance.stop_price, stops.side, ctx),
        margin=margin_rules(account, hourly_rate=rate, ctx=ctx),
        purse=None if credit is None else purse(account, credit),
    )
    if isinstance(sizing, SizeRefused):
        return sizing
    be_bps = strategy.be_bps
    return EntryPlan(
        stops=stops,
        sizing=sizing,
        insurance=insurance,
        be_bps=be_bps if be_bps is not None else be_bps_auto(fee=fee, gap_bps=ctx.settings.gap_bps),
        net_r_at_gain=net_at_gain(stops, sizing),
        borrows=borrows(stops.side, sizing.quantity, sizing.entry_fill, account),
        decided_ns=ctx.now_ns,
    )


def _stop_worth(stop_price: Price, side: Side, ctx: Context) -> Price:
    """What the exchange values the stop at that will protect: its limit, if it has one."""
    limited = stop_types(ctx)[0] is OrderType.STOP_LOSS_LIMIT
    return limit_behind(stop_price, side, ctx) if limited else stop_price


def margin_rules(account: AccountSnapshot, *, hourly_rate: Decimal, ctx: Context) -> MarginRules:
    """The margin levels that an entry must leave, on the pair's own assets."""
    floor = ctx.instrument.liquidation_ratio + BOUND_ABOVE_LIQUIDATION
    return MarginRules(
        base=account.base.free,
        quote=account.quote.free,
        hourly_rate=hourly_rate,
        at_entry=ctx.settings.min_ml_entry,
        at_bound=max(ctx.settings.min_ml_bound, floor),
    )


def purse(account: AccountSnapshot, credit: Credit) -> Purse:
    """What an entry may spend at most: what is free, and what the exchange lends to it."""
    with localcontext(MONEY):
        return Purse(base=account.base.free + credit.base, quote=account.quote.free + credit.quote)


def borrows(side: Side, quantity: Decimal, price: Decimal, account: AccountSnapshot) -> bool:
    """Whether the pair's own money does not carry the entry."""
    if side is Side.SHORT:
        return account.base.free < quantity
    return account.quote.free < quantity * price


def wallet_of(
    account: AccountSnapshot, instrument: Instrument, side: Side | None = None
) -> WalletState:
    """The pair's account as gate 6b looks at it. Dust is what could not be sold by itself.

    A debt in base of at most one step, left by interest, is dust as well for a short:
    its exit buys it back. No order is small enough to do it alone.
    """
    base = account.base
    residue = side is Side.SHORT and base.debt <= instrument.order_step
    return WalletState(
        base_total=account.base.total,
        debt=(Decimal(0) if residue else base.debt) + account.quote.debt,
        resting_orders=len(account.open_orders),
        dust_limit=smallest_order(account, instrument),
    )


def smallest_order(account: AccountSnapshot, instrument: Instrument) -> Decimal:
    """The smallest quantity that the pair takes at the index price."""
    least = max(instrument.min_qty, instrument.order_step)
    if instrument.min_notional > 0:
        smallest = instrument.min_notional / account.index_price
        least = max(least, instrument.ceil_quantity(smallest))
    return least


def carried(
    account: AccountSnapshot, credit: Credit, side: Side | None, instrument: Instrument
) -> tuple[Decimal, Decimal]:
    """The most base that can be entered with what is lent, and the smallest order; gate 13 at arm.

    ``side`` None: the better of both.
    """
    whole = purse(account, credit)
    with localcontext(MONEY):
        long = instrument.floor_quantity(whole.quote / account.index_price)
        short = instrument.floor_quantity(whole.base)
    most = {Side.LONG: long, Side.SHORT: short, None: max(long, short)}[side]
    return most, smallest_order(account, instrument)


def admit(
    view: PositionView,
    *,
    signal: DetectorSignal,
    signal_id: str,
    observed_ns: ExchangeNs,
    chart: Chart,
    capital: Decimal,
    account: AccountSnapshot,
    risk: RiskSnapshot,
    ctx: Context,
    credit: Credit | None = None,
) -> Decision:
    """All gates on one snapshot; an admitted signal becomes a durable entry intent."""
    proposal = propose(
        signal=signal,
        chart=chart,
        strategy=view.strategy,
        leverage=view.leverage,
        capital=capital,
        account=account,
        ctx=ctx,
        credit=credit,
    )
    plan = proposal.plan
    denials = entry_gates(risk, plan)
    if denials or not isinstance(plan, EntryPlan) or proposal.audit is None:
        return reject(view, signal, signal_id, denials, proposal.audit, ctx)
    received = e.SignalReceived(
        position=view.id,
        at_ns=ctx.now_ns,
        signal_id=signal_id,
        side=signal.side,
        entry_ref=signal.entry_ref,
        valid_until_ns=ExchangeNs(observed_ns + ctx.settings.signal_ttl_s * NS_PER_S),
        audit=proposal.audit,
    )
    sized = e.SizingDecided(
        position=view.id, at_ns=ctx.now_ns, plan=plan, account=account, credit=credit
    )
    order = entry_order(
        attrs.evolve(view, side=signal.side),
        ctx,
        quantity=Quantity(plan.sizing.quantity),
        borrows=plan.borrows,
    )
    attempt = sum(1 for known in view.orders if known.order.purpose is order.purpose)
    requested = e.EntryRequested(position=view.id, at_ns=ctx.now_ns, order=order, attempt=attempt)
    return Decision(events=(received, sized, requested))


def reject(
    view: PositionView,
    signal: DetectorSignal,
    signal_id: str,
    denials: tuple[Denial, ...],
    audit: StopAudit | None,
    ctx: Context,
) -> Decision:
    """The refusal of a signal; an immediate strategy had its one attempt and ends with it."""
    first = denials[0]
    numbers = tuple(
        pair
        for denial in denials
        for pair in ((denial.code, denial.value), (f"{denial.code}_limit", denial.limit))
    )
    rejected = e.SignalRejected(
        position=view.id,
        at_ns=ctx.now_ns,
        signal_id=signal_id,
        side=signal.side,
        entry_ref=signal.entry_ref,
        code=first.code,
        message="; ".join(denial.message for denial in denials),
        numbers=numbers,
        audit=audit,
    )
    if view.strategy.detector is not DetectorKind.IMMEDIATE:
        return Decision(events=(rejected,))
    ended = e.PositionCancelled(position=view.id, at_ns=ctx.now_ns, reason="entry_exhausted")
    return Decision(events=(rejected, ended))


def cut_off(view: PositionView, ctx: Context) -> Decision:
    """After a restart: who enters at arm or not at all was to have entered in a life that is over.

    Nobody waits for it any more, at a price that has gone by: nothing is sent (domain T29, T-D6).
    """
    waits = view.state is PositionState.ARMED and view.strategy.detector is DetectorKind.IMMEDIATE
    if not waits:
        return Decision()
    ended = e.PositionCancelled(position=view.id, at_ns=ctx.now_ns, reason="entry_exhausted")
    return Decision(events=(ended,))


def price_age_s(ctx: Context) -> Decimal | None:
    """Age of the live price in seconds; None while there is none."""
    if ctx.price_ns is None:
        return None
    return Decimal(ctx.now_ns - ctx.price_ns) / NS_PER_S
