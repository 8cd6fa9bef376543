"""The world's own oracle of size and over-exit: the standard library, texts, exact fractions.

It shares nothing with what it judges: it reads the journal's rows and the exchange's books as they
are written, and was made from the rules and not from the code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

SIGN = {"long": 1, "short": -1}
OURS, PURPOSE, HASH = "rb", slice(2, 3), slice(3, 23)
ENTRY, WAYS_OUT, GIVES_BACK, FOREIGN = "e", ("x", "s"), "u", ""
BPS = 10_000
RISK = Fraction(1, 100)
SHORT_INTEREST = Fraction(1, 1000)
"""A short buys back what it sold, what its debt has grown by, and what the grid rounds up."""
LEAST_ORDERS = 2

Verdict = bool | str


def exact(text: str) -> Fraction:
    """A number of a row, without a rounding; never a float."""
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is not a number written as text")
    return Fraction(text)


class Oracle:
    """Judges rows and entries in the order in which they were written.

    Args:
        base: the asset that is held.
        fee, gap_bps, slip_bps, step, least, notional: of the pair and of the rules, as texts:
            the taker's fee, the gap behind a stop, the slip of an entry, the quantity grid, the
            smallest quantity, and the smallest worth of an order.
    """

    def __init__(
        self,
        base: str,
        *,
        fee: str,
        gap_bps: str,
        slip_bps: str,
        step: str,
        least: str,
        notional: str,
    ) -> None:
        self._base = base
        self._fee, self._gap, self._slip = exact(fee), exact(gap_bps) / BPS, exact(slip_bps) / BPS
        self._step, self._least, self._notional = exact(step), exact(least), exact(notional)
        self._capital = Fraction(0)
        self._orders: dict[int, tuple[str, str, bool]] = {}
        self._sides: dict[str, bool] = {}
        self._moved: dict[tuple[str, bool], Fraction] = {}
        self._spare: dict[str, Fraction] = {}
        self._asked: dict[int, Fraction] = {}
        self._back: dict[str, dict[int, Fraction]] = {}
        self._net = self._foreign = self._taken = self._between = Fraction(0)

    # --- S6: the journal's rows ------------------------------------------------------------------

    def row(self, kind: str, payload: str) -> Iterator[Verdict]:
        """Verdicts on a row of the journal."""
        name = kind.partition(".")[0]
        if name == "month_opened":
            self._capital = exact(json.loads(payload)["capital_base"])
        elif name == "sizing_decided":
            plan = json.loads(payload)["plan"]
            yield from self._sized(plan["stops"], plan["sizing"])

    def _sized(self, stops: dict[str, Any], sizing: dict[str, Any]) -> Iterator[Verdict]:
        sign, stop = SIGN[stops["side"]], exact(stops["stop"])
        entered = exact(stops["entry_ref"]) * (1 + sign * self._slip)
        left = stop * (1 - sign * self._gap)
        unit = (entered - left) * sign + self._fee * (entered + left)
        quantity, capital = exact(sizing["quantity"]), exact(sizing["capital"])
        loss = quantity * (unit + exact(sizing["interest_unit"]))
        planned = exact(sizing["planned_risk"])
        most = capital * RISK
        yield loss <= most or f"by the oracle {float(loss)} may be lost of {float(capital)}"
        yield loss == planned or f"by the oracle {loss} may be lost, planned were {planned}"
        yield capital <= self._capital or f"sized from {capital}, the month has {self._capital}"
        yield quantity % self._step == 0 or f"{quantity} is off the step {self._step}"

    # --- S1: the exchange's books ----------------------------------------------------------------

    def entry(self, name: str, body: str) -> Iterator[Verdict]:
        """Verdicts on an entry of the exchange's books."""
        entry = json.loads(body)
        match name:
            case "order_accepted":
                self._accepted(entry)
            case "filled":
                yield from self._filled(entry)
            case "deposited" if entry["asset"] == self._base:
                self._net += exact(entry["amount"])
            case "withdrawn" | "interest_charged" if entry["asset"] == self._base:
                self._net -= exact(entry["amount"])

    def _accepted(self, entry: dict[str, Any]) -> None:
        name, buys = str(entry["client_id"]), str(entry["action"]).upper() == "BUY"
        ours = name.startswith(OURS)
        whose = (name[PURPOSE], name[HASH]) if ours else (FOREIGN, "")
        self._orders[entry["order_id"]] = (*whose, buys)
        self._asked[entry["order_id"]] = exact(entry["quantity"])

    def _filled(self, entry: dict[str, Any]) -> Iterator[Verdict]:
        purpose, position, buys = self._orders[entry["order_id"]]
        fee = entry["commission"] if entry["commission_asset"] == self._base else "0"
        moved = exact(entry["quantity"]) - (exact(fee) if buys else 0)
        before, self._net = self._net, self._net + (moved if buys else -moved)
        if purpose == FOREIGN:
            self._foreign += moved if buys else 0
            self._between += moved if buys else 0
            self._taken += 0 if buys else moved
            return
        if purpose == GIVES_BACK:
            yield from self._given_back(position, entry["order_id"], moved)
            return
        if purpose == ENTRY:
            self._sides.setdefault(position, buys)
            self._spare.setdefault(position, max(Fraction(0), before))
            self._foreign = self._taken = Fraction(0)
        if purpose in WAYS_OUT and (position, True) not in self._moved:
            self._between = Fraction(0)
        leaves = purpose in WAYS_OUT
        key = (position, leaves)
        self._moved[key] = self._moved.get(key, Fraction(0)) + moved
        if leaves:
            yield self._within(position, exact(entry["price"]))

    def _given_back(self, position: str, order_id: int, moved: Fraction) -> Iterator[Verdict]:
        """An excess is what was bought back since the entry, by whomever, beyond what was sold."""
        for earlier, sold in self._back.setdefault(position, {}).items():
            whole = earlier != order_id and sold == self._asked[earlier]
            yield not whole or f"orders {earlier} and {order_id} both gave back"
        back = self._back[position]
        back[order_id] = back.get(order_id, Fraction(0)) + moved
        bought = self._moved.get((position, True), Fraction(0)) + self._foreign
        least, most = sum(back.values()), bought - self._moved[position, False]
        yield least <= most or f"by the oracle {float(least)} given back, {float(most)} too much"

    def _within(self, position: str, price: Fraction) -> Verdict:
        """Whether what left is at most what came in, with the dust that lay there before."""
        out, came = self._moved[position, True], self._moved.get((position, False), Fraction(0))
        # A sale matched after its repeat may find what a person bought since the first one.
        most = came + self._spare.get(position, Fraction(0)) + self._between
        if not self._sides.get(position, True):
            least = max(self._least, self._step, self._notional / price)
            # What a person sold of the base that was borrowed is owed all the same.
            came += self._taken
            most = came * (1 + SHORT_INTEREST) + LEAST_ORDERS * -(-least // self._step) * self._step
        return out <= most or f"by the oracle {float(out)} left of {float(most)}"
