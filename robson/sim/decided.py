"""Works out again what the journal's rows say was decided: bounds of a size, rungs, who may enter.

Like the oracle it shares nothing with what it judges: texts, exact fractions, and the rules as the
design states them. It reads rows in the order in which they were written, each once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import attrs

from robson.sim.oracle import BPS, SIGN, Verdict, exact
from robson.sim.ruler import Ruler, ruler_of

BOUNDED, RULED, ADMITTED = "M9", "M10", "M11"
HOURS = 24
AT_ENTRY, AT_BOUND, ABOVE_LIQUIDATION = Fraction(3, 2), Fraction(13, 10), Fraction(1, 10)
BEYOND = Fraction(3, 200)
"""The most that may be lost at the exchange's stop, as a share of the capital."""
HEADROOM = Fraction(1, 100)
ROUNDED = Fraction(1, 10**9)
"""Shares and quantities are cut after 8 to 12 digits on the way to a figure."""
FINEST = Fraction(1, 10**12)
"""A charge of a unit is written with twelve decimals, whatever the unit is worth."""
ROBSON = "robson"
"""Who arms a position for an entry that was found filled: it takes over what is there (R25)."""


@attrs.frozen(kw_only=True)
class Pair:
    """Figures of the pair and of the rules, as exact numbers."""

    tick: Fraction
    step: Fraction
    least: Fraction
    notional: Fraction
    fee: Fraction
    gap: Fraction
    liquidation: Fraction


@attrs.define
class Life:
    """What the rows have said of a position so far."""

    symbol: str
    strategy: dict[str, Any]
    leverage: int
    found: bool
    plan: dict[str, Any] | None = None
    fill: Fraction | None = None
    rung: int = 0
    stop: Fraction | None = None


class Decided:
    """Judges rows in the order in which they were written."""

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._lives: dict[str, Life] = {}
        self._frozen: set[str] = set()
        self._halted = False
        self._state = "RUNNING"

    def row(self, kind: str, payload: str) -> Iterator[tuple[str, Verdict]]:
        """Rule and verdict on a row of the journal."""
        name = kind.partition(".")[0]
        if name not in _READ:
            return
        told = json.loads(payload)
        match name:
            case "halt_entered" | "halt_cleared":
                self._halted = name == "halt_entered"
            case "runtime_state_changed":
                self._state = str(told["state"]).upper()
            case "degraded_entered":
                self._frozen.add(told["scope"])
            case "degraded_cleared":
                self._frozen.discard(told["scope"])
            case _:
                yield from self._of_a_life(name, told)

    def _of_a_life(self, name: str, told: dict[str, Any]) -> Iterator[tuple[str, Verdict]]:
        if name == "position_armed":
            symbol = "".join(told["scope"]["symbol"].values())
            self._lives[told["position"]] = Life(
                symbol, told["strategy"], int(told["leverage"]), told["actor"] == ROBSON
            )
            return
        life = self._lives[told["position"]]
        match name:
            case "sizing_decided":
                life.plan, life.fill, life.rung, life.stop = told["plan"], None, 0, None
                if not life.found:
                    yield from ((BOUNDED, said) for said in self._bounded(life, told))
                    yield from ((ADMITTED, said) for said in self._admitted(life, told))
                yield from ((RULED, said) for said in self._planned(life, told["plan"]))
            case "entry_filled" | "entry_partly_filled":
                life.fill = exact(told["price"])
            case "stop_raised":
                yield from ((RULED, said) for said in self._raised(life, told))

    # --- M9: what bounds a size ------------------------------------------------------------------

    def _bounded(self, life: Life, told: dict[str, Any]) -> Iterator[Verdict]:
        plan, sizing, account = told["plan"], told["plan"]["sizing"], told["account"]
        long, sign = plan["stops"]["side"] == "long", SIGN[plan["stops"]["side"]]
        quantity, capital = exact(sizing["quantity"]), exact(sizing["capital"])
        entry, fill = exact(plan["stops"]["entry_ref"]), exact(sizing["entry_fill"])
        interest = exact(sizing["interest_unit"])
        due = self._interest(life, told, entry, fill, long=long)
        near = abs(interest - due) <= entry * ROUNDED + FINEST
        yield near or f"a unit's interest is {float(interest)}, by the rates {float(due)}"
        risked, share = exact(sizing["planned_risk"]), exact(life.strategy["risk_pct"]) / 100
        yield (
            risked <= capital * share or f"{float(risked)} planned, {float(share)} of it is allowed"
        )
        usable = max(Fraction(0), min(capital, _equity(account)))
        most = usable * (life.leverage - (0 if long else 1)) * (1 - HEADROOM) / entry
        yield (
            quantity <= most or f"{float(quantity)} at {life.leverage}x, carried are {float(most)}"
        )
        beyond = exact(plan["insurance"]["stop_price"]) * (1 - sign * self._pair.gap)
        lost = (fill - beyond) * sign + self._pair.fee * (fill + beyond) + interest
        bound = capital * BEYOND
        yield quantity * lost <= bound or f"{float(quantity * lost)} at the exchange stop"
        base, quote = exact(account["base"]["free"]), exact(account["quote"]["free"])
        if told.get("credit"):
            lent = told["credit"]["quote" if long else "base"]
            own, needed = (quote, quantity * fill) if long else (base, quantity)
            yield needed <= own + exact(lent) or f"needs {float(needed)}, there is less, and lent"
        yield from self._levels(told, ((entry, AT_ENTRY), (beyond, self._least())))

    def _least(self) -> Fraction:
        """The least margin level at the exchange stop."""
        return max(AT_BOUND, self._pair.liquidation + ABOVE_LIQUIDATION)

    def _levels(
        self, told: dict[str, Any], looks: tuple[tuple[Fraction, Fraction], ...]
    ) -> Iterator[Verdict]:
        """Assets by debts, with the first hour of interest, at a price and the least there."""
        sizing, account = told["plan"]["sizing"], told["account"]
        long = told["plan"]["stops"]["side"] == "long"
        quantity, fill = exact(sizing["quantity"]), exact(sizing["entry_fill"])
        base, quote = exact(account["base"]["free"]), exact(account["quote"]["free"])
        rate = exact(account[f"hourly_rate_{'quote' if long else 'base'}"])
        owed = (quantity * fill - quote if long else quantity - base) * (1 + rate)
        kept = quantity * (1 - self._pair.fee)
        for price, least in looks if owed > 0 else ():
            worth = (base + kept) * price if long else quote + kept * fill
            level = worth / (owed if long else owed * price)
            said = f"the margin level is {float(level)} at {float(price)}"
            yield level >= least - ROUNDED or said

    def _interest(
        self, life: Life, told: dict[str, Any], entry: Fraction, fill: Fraction, *, long: bool
    ) -> Fraction:
        """Of one unit, for a day: of all of a short, and of what a long's equity does not pay."""
        sizing, account, fee = told["plan"]["sizing"], told["account"], self._pair.fee
        if not long:
            return entry * exact(account["hourly_rate_base"]) * HOURS
        left = exact(told["plan"]["stops"]["stop"]) * (1 - self._pair.gap)
        risked = exact(sizing["capital"]) * exact(life.strategy["risk_pct"]) / 100
        cost = risked / (fill - left + fee * (fill + left)) * entry
        share = max(Fraction(0), 1 - max(Fraction(0), _equity(account)) / cost) if cost else 1
        return entry * exact(account["hourly_rate_quote"]) * HOURS * share

    # --- M10: one ruler --------------------------------------------------------------------------

    def _planned(self, life: Life, plan: dict[str, Any]) -> Iterator[Verdict]:
        """Level, guard and buffer give the stop; a whole number of spans the stop-gain."""
        stops, terms = plan["stops"], life.strategy["stop"]
        sign, entry, stop = SIGN[stops["side"]], exact(stops["entry_ref"]), exact(stops["stop"])
        level, guard, farthest = exact(stops["technical_stop"]), stops["guard"], None
        asked = terms["guard_lookback"] is not None
        yield asked == (guard is not None) or f"the guard is {guard}, asked for: {asked}"
        if guard is not None and (level - exact(guard)) * sign > 0:
            farthest = exact(guard)
        behind = self._behind(terms, entry, level if farthest is None else farthest, stop, sign)
        yield 0 <= behind < self._pair.tick or f"the stop {stops['stop']} is {float(behind)} off"
        if stops["unguarded"] is not None:
            free = self._behind(terms, entry, level, exact(stops["unguarded"]), sign)
            right = farthest is not None and 0 <= free < self._pair.tick
            yield right or f"without its guard the stop is {float(free)} off"
        elif farthest is not None:
            same = self._behind(terms, entry, level, stop, sign) < self._pair.tick
            yield same or f"nothing says where the stop is without its guard {guard}"
        yield from self._ahead(life, plan, entry, abs(entry - stop), sign)

    def _behind(
        self, terms: dict[str, Any], entry: Fraction, level: Fraction, stop: Fraction, sign: int
    ) -> Fraction:
        """How far a stop lies behind where a level and its buffer put it."""
        most = exact(terms["buffer_cap_ratio"]) * abs(entry - level)
        buffer = min(level * exact(terms["buffer_bps"]) / BPS, most)
        return (level - sign * buffer - stop) * sign

    def _ahead(
        self, life: Life, plan: dict[str, Any], entry: Fraction, span: Fraction, sign: int
    ) -> Iterator[Verdict]:
        """The target, the first rung's distance, and the bounds of the span."""
        stops, spans, past = (
            plan["stops"],
            life.strategy["stop_gain_spans"],
            life.strategy["be_bps"],
        )
        if spans is None:
            yield stops["stop_gain"] is None or f"a stop-gain {stops['stop_gain']} for none"
        else:
            ahead = (exact(stops["stop_gain"]) - entry) * sign - exact(spans) * span
            near = 0 <= ahead < self._pair.tick
            yield near or f"the stop-gain is {float(ahead)} off {spans} spans"
        if life.found:
            return
        past = life.strategy["be_bps"]
        costs = 2 * self._pair.fee + self._pair.gap / 2
        due = exact(past) if past is not None else -(-costs * BPS // 1)
        yield exact(plan["be_bps"]) == due or f"first rung {plan['be_bps']} bps, not {float(due)}"
        bounds = life.strategy["stop"]["bounds"]
        within = bounds["min_bps"] * entry <= span * BPS <= bounds["max_bps"] * entry
        yield within or f"a span of {float(span * BPS / entry)} bps is out of bounds"

    def _raised(self, life: Life, told: dict[str, Any]) -> Iterator[Verdict]:
        """The price has reached the rung and not the next one; the stop is the rung's own."""
        if life.plan is None or life.fill is None:
            yield "a stop was raised before anything was held"
            return
        ruler, rung = self._ruler(life), int(told["rung"])
        sign, stride = ruler.sign, ruler.stride
        climbs = ruler.mode in ("handspan", "continuous")
        yield climbs or f"a stop was raised under {ruler.mode}"
        made = (exact(told["price"]) - ruler.entry) * sign
        yield made >= rung * stride or f"rung {rung} at {told['price']}, it is farther"
        past = made >= (rung + 1) * stride + self._pair.tick
        yield not past or f"rung {rung} at {told['price']}, it is past it"
        behind = (ruler.stop(rung) - exact(told["stop"])) * sign
        at_rung = 0 <= behind < self._pair.tick
        yield at_rung or f"rung {rung} moves to {told['stop']}, {float(behind)} off"
        life.rung, life.stop = rung, exact(told["stop"])

    def _ruler(self, life: Life) -> Ruler:
        assert life.plan is not None
        assert life.fill is not None
        return ruler_of(life.plan, life.strategy["trailing"], life.fill, self._pair.tick)

    def ahead(self, position: str) -> tuple[Fraction | None, Fraction | None]:
        """The prices of the next rung and of the target of what is held; None for none."""
        life = self._lives[position]
        if life.plan is None or life.fill is None:
            return None, None
        stops = life.plan["stops"]
        stop, gain = life.stop or exact(stops["stop"]), stops["stop_gain"]
        rung = self._ruler(life).ahead(life.rung, stop)
        return rung, None if gain is None else exact(gain)

    # --- M11: who may enter ----------------------------------------------------------------------

    def _admitted(self, life: Life, told: dict[str, Any]) -> Iterator[Verdict]:
        """Nothing stands in an entry's way: no halt, no freeze, and a pair that is clean."""
        yield not self._halted or "an entry was sized while the month is halted"
        yield self._state == "RUNNING" or f"an entry was sized while {self._state}"
        frozen = self._frozen & {life.symbol, "account"}
        yield not frozen or f"an entry was sized while {', '.join(sorted(frozen))} is frozen"
        account, pair = told["account"], self._pair
        base, quote = account["base"], account["quote"]
        there = exact(base["free"]) + exact(base["locked"])
        worth = pair.notional / exact(account["index_price"])
        dust = max(pair.least, pair.step, -(-worth // pair.step) * pair.step)
        yield there <= dust or f"an entry was sized beside {float(there)} of base"
        residue = 0 if told["plan"]["stops"]["side"] == "long" else pair.step
        debt = exact(base["borrowed"]) + exact(base["interest"])
        yield debt <= residue or f"an entry was sized beside a debt of {float(debt)} of base"
        debt = exact(quote["borrowed"]) + exact(quote["interest"])
        yield debt == 0 or f"an entry was sized beside a debt of {float(debt)} of quote"
        yield not account["open_orders"] or "an entry was sized beside an order that rests"


def _equity(account: dict[str, Any]) -> Fraction:
    """Own money of the pair in quote, at the index price."""
    index = exact(account["index_price"])
    return _net(account["quote"]) + _net(account["base"]) * index


def _net(balance: dict[str, Any]) -> Fraction:
    there = exact(balance["free"]) + exact(balance["locked"])
    return there - exact(balance["borrowed"]) - exact(balance["interest"])


_READ = frozenset(
    (
        "position_armed",
        "sizing_decided",
        "entry_filled",
        "entry_partly_filled",
        "stop_raised",
        "halt_entered",
        "halt_cleared",
        "runtime_state_changed",
        "degraded_entered",
        "degraded_cleared",
    )
)
"""Kinds of rows that it learns from."""
