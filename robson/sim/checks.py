"""Watches a world: every law after every event, the exchange's books, and what its clock measured.

It can look at the exchange directly, which the daemon cannot: so what the daemon believes is
compared with what is there.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from robson.connectors.simulated.account import Account
from robson.connectors.simulated.codec import encode
from robson.connectors.simulated.conservation import Conservation
from robson.connectors.simulated.entries import (
    Deposited,
    Entry,
    InterestCharged,
    LoanTaken,
    Withdrawn,
)
from robson.connectors.simulated.ledger import Terms
from robson.connectors.simulated.questions import account_snapshot
from robson.domain.identity import Scope
from robson.domain.intents import Intent
from robson.domain.lifecycle import MachineLaw
from robson.domain.ports import Recorded
from robson.domain.reports import InterestCharge
from robson.domain.values import NS_PER_S, plain
from robson.domain.view import PositionView
from robson.engine.invariants import Audit, Truth
from robson.engine.invariants.life import BARE_NS, MOVED_NS
from robson.engine.invariants.terms import Transfer, Verdict, least_order, seconds
from robson.engine.leaving import EXIT_UNEXPLAINED
from robson.sim.cover import Cover
from robson.sim.decided import Decided, Pair
from robson.sim.faults import REBORN_NS, Span
from robson.sim.observer import Enough, Observer
from robson.sim.oracle import BPS, Oracle, exact
from robson.sim.others import EXCESS_NS
from robson.sim.unheard import SIGNED, UNANSWERED
from robson.sim.watch import LOOK_NS, Watch
from robson.sim.world import World

WORLD_RULES = {
    "B1": ("Books", "the exchange's balances are what its books explain, counted twice"),
    "B2": ("Unbroken", "no step of the daemon raises what it should not"),
    "S11": ("NoSecret", "no row, request or status says a secret that the process was given"),
    "L5": ("Settled", "with the faults over, everything is settled within 60 s"),
    "L6": ("Stop", "an orderly stop is over within 25 s and leaves the exchange stop at rest"),
    "M9": ("Bounds", "a size keeps to margin, credit, levels and the loss at the exchange's stop"),
    "M10": ("Ruler", "stop, stop-gain and rungs stand where level and span put them"),
    "M11": ("Admitted", "nothing is entered while halted or frozen, or beside what is not clean"),
    "L7": (
        "Status",
        "status answers whenever it is asked, names what is held, and is honest about stops",
    ),
}
"""Rules that only a world can ask about. S1, S6 and L2 it asks once more, in its own way."""
STOPPED_NS = 25 * NS_PER_S
HEALED_NS = 30 * NS_PER_S
AFTERMATH = 2_000
"""Rows and requests that a world lives on after its first violation; a fault may never end."""
DUST_ORDERS = 4
"""Dust of several positions may lie in one wallet, each less than a least order."""
UNKNOWN_ORDER = "unknown_order"
INTEREST = Decimal("0.001")
"""A short's stop buys a day's interest beside the debt; what was not due stays in the wallet."""


class Excuses:
    """How much of a span of time faults explain. Spans may overlap; time counts once."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._taken = 0
        self._merged: list[tuple[int, int]] = []

    def __call__(self, since_ns: int, until_ns: int) -> int:
        """Nanoseconds of the span in which a fault, or what it led to, was under way."""
        self._take()
        first = bisect_left(self._merged, since_ns, key=lambda span: span[1])
        covered = 0
        for begin, end in self._merged[first:]:
            if begin >= until_ns:
                break
            covered += min(end, until_ns) - max(begin, since_ns)
        return covered

    def _take(self) -> None:
        for span in self._spans[self._taken :]:
            begin, end = span.since_ns, span.until_ns
            first = bisect_left(self._merged, begin, key=lambda known: known[1])
            last = first
            while last < len(self._merged) and self._merged[last][0] <= end:
                begin = min(begin, self._merged[last][0])
                end = max(end, self._merged[last][1])
                last += 1
            del self._merged[first:last]
            insort(self._merged, (begin, end))
        self._taken = len(self._spans)


def _oracle(world: World) -> Oracle:
    rules, settings = world.instrument, world.settings
    return Oracle(
        rules.symbol.base,
        fee=plain(rules.taker_fee),
        gap_bps=plain(settings.gap_bps),
        slip_bps=plain(settings.entry_slip_bps),
        step=plain(rules.order_step),
        least=plain(rules.min_qty),
        notional=plain(rules.min_notional),
    )


def _decided(world: World) -> Decided:
    rules = world.instrument
    pair = Pair(
        tick=exact(plain(rules.tick)),
        step=exact(plain(rules.order_step)),
        least=exact(plain(rules.min_qty)),
        notional=exact(plain(rules.min_notional)),
        fee=exact(plain(rules.taker_fee)),
        gap=exact(plain(world.settings.gap_bps)) / BPS,
        liquidation=exact(plain(rules.liquidation_ratio)),
    )
    return Decided(pair)


def _is_honest(view: PositionView, told: dict[str, Any]) -> Verdict:
    """Whether what holds is told as protected only while the journal has its stop at rest."""
    state = told["insurance"]["state"]
    if state == "resting" and view.insurance.state != "resting":
        return f"status has a stop of {view.id.short} at rest, it is {view.insurance.state}"
    since_ns, bare_s = view.bare_since_ns, told["protection"]["unprotected_s"]
    silent = view.state.may_hold and since_ns is not None and bare_s is None
    return not silent or f"status does not say since when {view.id.short} has no stop"


class Checks(Observer):
    """The observer of a world that must hold every law.

    Attributes:
        audit: evaluations and violations.
        cover: what was held and what rested, by the exchange's books.
        bare_ns: time without a stop that nothing excuses, by position hash.
        excused_ns: time without a stop that faults explain, by the kind of the latest.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._excuses = Excuses(world.faults.spans)
        self.audit = Audit(
            {world.symbol: world.instrument}, truth=self.truth, excused=self._excuses
        )
        self.audit.evaluated.update(dict.fromkeys(WORLD_RULES, 0))
        self._conservation = Conservation(world.exchange.books, world.exchange.state)
        self.cover = Cover(world.instrument)
        self.bare_ns: Counter[str] = Counter()
        self.excused_ns: Counter[str] = Counter()
        self._counted_ns: Counter[str] = Counter()
        self._oracle = _oracle(world)
        self._decided = _decided(world)
        self._watch = Watch(world, self.audit, self.cover, self._decided)
        self._read = self._charged = 0
        self._charges: list[InterestCharge] = []
        self._transfers: list[Transfer] = []
        self._turned_ns: int | None = None
        self._over = False
        self._lent_ns = self._aftermath = 0
        self._held_back_ns: int | None = None

    # --- the observer ----------------------------------------------------------------------------

    def witness(self, recorded: Recorded, view: PositionView | None) -> None:
        """Ask every law about an event."""
        new = recorded.seq > self.audit.memory.seq
        self._suffer()
        self.audit.witness(recorded, view)
        if new:
            _, kind, payload = self._world.journal.rows.rows[recorded.seq - 1]
            self._note("S6", self._oracle.row(kind, payload))
            for rule, verdict in self._decided.row(kind, payload):
                self._note(rule, (verdict,))
            self._secret(payload)
            if view is not None:
                self._watch.witness(view)

    def offered(self, price: int) -> None:
        """See a price with the daemon."""
        self._watch.offered(price)

    def died(self, point: str) -> None:
        """See nobody look on."""
        super().died(point)
        self._watch.died()

    def leaves(self, intent: Intent) -> None:
        """Ask about a request."""
        self._suffer()
        self.audit.leaves(intent, self._world.clock.now_ns)
        self._secret(repr(intent))

    def _suffer(self) -> None:
        """A world that is broken lives on for a while, so that more laws may speak.

        Raises:
            Enough: they had their time.
        """
        if not self.audit.violations:
            return
        self._aftermath += 1
        if self._aftermath > AFTERMATH:
            raise Enough

    def looked(self, status: dict[str, Any] | Exception) -> None:
        """Somebody has asked for the status: it has to answer, and to name what is held."""
        if isinstance(status, Exception):
            self._note("L7", [f"status raised {type(status).__name__}: {status}"])
            return
        live = self._world.monitor.roster.live()
        text = repr(status)
        missing = [view.id.short for view in live if str(view.id) not in text]
        self._note("L7", [not missing or f"status does not name {', '.join(missing)}"])
        told = {each["id"]: each for each in status["positions"]}
        self._note("L7", (_is_honest(view, told[str(view.id)]) for view in live if not missing))
        self._secret(text)

    def stopped(self, took_ns: int, rested: Sequence[str]) -> None:
        """The process has ended in order; ``rested`` are the stops from before."""
        self._watch.died()
        self._note("L6", [took_ns <= STOPPED_NS or f"the stop took {seconds(took_ns)}"])
        stops = self._world.exchange.market(self._world.instrument.symbol).stops.values()
        gone = set(rested) - {order.client_id for order in stops}
        self._note("L6", [not gone or f"the stop took {', '.join(gone)} away"])

    def moved(self) -> None:
        """Look at what the exchange has written down since the last time."""
        self._watch.look()
        self._held_back()
        entries = self._world.exchange.books.entries(self._read)
        if not entries:
            return
        self._read += len(entries)
        self._measure(entries)
        self._flips()
        for entry in entries:
            self._note("S1", self._oracle.entry(*encode(entry)))

    # --- the exchange ----------------------------------------------------------------------------

    def truth(self, scope: Scope) -> Truth:
        """The pair as the exchange itself has it."""
        exchange = self._world.exchange
        account = exchange.state.accounts[scope]
        price = exchange.market(scope.symbol).last
        self._look_back()
        return Truth(
            account=account_snapshot(account, price, Terms(), exchange.now_ns),
            orders=tuple(order.state(with_fills=True) for order in account.orders.all),
            charges=tuple(self._charges),
            transfers=tuple(self._transfers),
            lent_ns=self._lent_ns,
        )

    def _look_back(self) -> None:
        """All interest that the pair was ever charged, and all money that was moved by hand."""
        entries = self._world.exchange.books.entries(self._charged)
        self._charged += len(entries)
        for entry in entries:
            match entry:
                case InterestCharged():
                    charge = InterestCharge(
                        asset=entry.asset, amount=entry.amount, at_ns=entry.at_ns
                    )
                    self._charges.append(charge)
                case LoanTaken(order_id=None):
                    self._lent_ns = entry.at_ns
                case Deposited() | Withdrawn():
                    amount = entry.amount if isinstance(entry, Deposited) else -entry.amount
                    moved = Transfer(asset=entry.asset, amount=amount, at_ns=entry.at_ns)
                    self._transfers.append(moved)
                case _:
                    pass

    def _note(self, rule: str, verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            self.audit.note(rule, verdict=verdict, at_ns=self._world.clock.now_ns)

    def _secret(self, text: str) -> None:
        """Only what tells of a lost request could say more than it may; only that counts."""
        if self._world.secret in text or SIGNED in text:
            self._note("S11", ["a secret of the process is in it"])
        elif UNANSWERED in text:
            self._note("S11", [True])

    def _account(self) -> Account:
        return self._world.exchange.state.accounts[self._world.scope]

    def _flips(self) -> None:
        """A long's wallet never owes base; a short's, or a flat one, holds no more than dust.

        What a person owns beside it is the person's. What a forced close has doubled is sold.
        """
        base, rules, now = self._account().base, self._world.instrument, self._world.clock.now_ns
        price = self._world.exchange.market(rules.symbol).price
        if price is None:
            return
        net, dust = base.total - base.debt, DUST_ORDERS * least_order(rules, price)
        dust += self.cover.largest * INTEREST
        verdict: Verdict
        if self.cover.holds is not None and self.cover.holds[1]:
            verdict = net >= 0 or f"the wallet owes {-net} {base.asset} on a long"
        else:
            verdict = self._holds_too_much(net, dust)
        self.audit.note("S1", verdict=verdict, at_ns=now)

    def _holds_too_much(self, net: Decimal, dust: Decimal) -> Verdict:
        others, now = self.cover.others, self._world.clock.now_ns
        ours = net - others.own
        if ours <= dust:
            self._turned_ns = None
            return True
        wrong = f"the wallet holds {ours} {self._account().base.asset} that it should not"
        if others.forced_ns is None:
            return wrong
        self._turned_ns = self._turned_ns or now
        took = self.audit.memory.counted(self._turned_ns, now)
        return (took <= EXCESS_NS and not self._over) or f"{wrong}, for {seconds(took)}"

    def _held_back(self) -> None:
        """Base that a person's order holds back cannot be sold, so no stop of ours can rest on it.

        Covered is what is sellable: only where too little is free for any stop is it an excuse.
        """
        others, now = self.cover.others, self._world.clock.now_ns
        holds = self.cover.holds is not None and self.cover.holds[1]
        rules = self._world.instrument
        price = self._world.exchange.market(rules.symbol).price
        free = rules.exit_quantity(self._account().base.free, price) is not None
        if not (others.rest and holds) or self.cover.rests or free:
            self._held_back_ns = None
        elif self._held_back_ns is None or now - self._held_back_ns > LOOK_NS:
            since = now if self._held_back_ns is None else self._held_back_ns
            self._world.faults.excuse("foreign_stop", now + REBORN_NS, since_ns=since)
            self._held_back_ns = now

    def _measure(self, entries: Sequence[Entry]) -> None:
        for bare in self.cover.read(entries):
            excused = self._excuses(bare.since_ns, bare.until_ns)
            self.bare_ns[bare.position] += bare.until_ns - bare.since_ns - excused
            if excused:
                spans = self._world.faults.spans
                kinds = [s.kind for s in spans if s.since_ns < bare.until_ns]
                self.excused_ns[kinds[-1]] += excused
            moved_ns = MOVED_NS if bare.moved else 0
            self._counted_ns[bare.position] += max(
                0, bare.until_ns - bare.since_ns - excused - moved_ns
            )
            counted = self._counted_ns[bare.position]
            verdict = counted <= BARE_NS or f"by the exchange no stop rested {seconds(counted)}"
            self.audit.note("S10", verdict=verdict, at_ns=bare.until_ns)

    # --- the end ---------------------------------------------------------------------------------

    def healed(self, ceased_ns: int, healed_ns: int | None) -> None:
        """When, after the last fault had begun, nothing was unknown or bare any more."""
        verdict = healed_ns is not None
        if healed_ns is not None:
            took_ns = healed_ns - ceased_ns - self._excuses(ceased_ns, healed_ns)
            verdict = took_ns <= HEALED_NS
        late = "30 s after the last fault something is unknown or bare"
        self._note("L2", [verdict or late])

    def finish(self, settled_in_ns: int | None) -> None:
        """What can only be said when all is quiet: books, replay, the exchange's side of it."""
        world, now_ns = self._world, self._world.clock.now_ns
        self.moved()
        self._over = True
        self._flips()
        outcome = self._conservation.check()
        self.audit.evaluated["B1"] += outcome.compared
        for difference in outcome.differences:
            self.audit.note("B1", verdict=difference, at_ns=now_ns)
        self.audit.final(self.truth(world.scope))
        self.audit.replay(world.journal.read(), MachineLaw)
        live = [f"{v.id.short} is {v.state.value}" for v in world.monitor.roster.live()]
        if settled_in_ns is None and self._is_handed_over():
            settled_in_ns = 0
        verdict = settled_in_ns is not None or f"not settled: {', '.join(live) or 'nothing'}"
        self.audit.note("L5", verdict=verdict, at_ns=now_ns)

    def _is_handed_over(self) -> bool:
        """A person's trades or money made it ambiguous, and a person has been told."""
        live = self._world.monitor.roster.live()
        codes = {v.error.code if v.error and v.state.value == "error" else "" for v in live}
        truth = self.truth(self._world.scope)
        meddled = any(truth.by_others(self._world.began_ns, ()))
        return meddled and bool(codes) and codes <= {EXIT_UNEXPLAINED, UNKNOWN_ORDER}
