"""The metrics: counted where something happens, or read off the published view at each scrape.

A metric stands in ``ROWS`` only when something here feeds it. What belongs to one position goes
with it: labels are made from what is open now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, localcontext
from typing import Any, NamedTuple

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from robson.api.published import Published
from robson.api.translate.positions import margin
from robson.api.translate.results import unrealized
from robson.daemon.clock import monotonic_s
from robson.daemon.custody import Outbox
from robson.domain import events as e
from robson.domain.errors import Refused
from robson.domain.identity import Purpose
from robson.domain.intents import Intent, PlaceOrder
from robson.domain.ports import Exchange, Recorded
from robson.domain.reports import Answer, NotSent, OrderRejected, OrderReported, OutcomeUnknown
from robson.domain.values import MONEY
from robson.engine.risk import GATES

Samples = Iterator[tuple[str, tuple[str, ...], Any]]


class Row(NamedTuple):
    """One metric: its name as it is scraped, its kind, its labels, what it says."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str


ROWS = (
    Row("robson_orders_placed_total", "counter", ("role",), "Orders that the exchange has taken"),
    Row(
        "robson_orders_failed_total",
        "counter",
        ("role", "code"),
        "Orders that the exchange has refused, by its own code",
    ),
    Row(
        "robson_order_unknown_total",
        "counter",
        (),
        "Orders sent without an answer that says what became of them; each is then asked about",
    ),
    Row(
        "robson_risk_denials_total",
        "counter",
        ("check",),
        "Arms and signals that a gate has denied, by the gate's code",
    ),
    Row("robson_ticks_total", "counter", ("source",), "Rows of prices taken in"),
    Row(
        "robson_tick_to_exit_seconds",
        "histogram",
        (),
        "From the decision that binds an exit order to its leaving the process",
    ),
    Row(
        "robson_position_pnl",
        "gauge",
        ("position_id", "symbol"),
        "Result of what is held at the last price, after both fees, in quote",
    ),
    Row(
        "robson_unprotected_seconds",
        "gauge",
        ("symbol",),
        "How long what is held has been without a resting exchange stop; 0 while one rests",
    ),
    Row(
        "robson_margin_level",
        "gauge",
        ("symbol",),
        "Assets to debt of the pair's account as last read; absent without debt",
    ),
    Row(
        "robson_feed_silent_seconds",
        "gauge",
        ("symbol",),
        "Age of the last price, in exchange time",
    ),
    Row(
        "robson_exchange_silent_seconds",
        "gauge",
        (),
        "Since the first call that the exchange has not answered; 0 while it answers",
    ),
    Row("robson_leader", "gauge", ("key",), "1 for each lease that is held"),
    Row("robson_lease_epoch", "gauge", ("key",), "Number of the leadership"),
    Row("robson_journal_seq", "gauge", (), "The newest durable row of the journal"),
    Row(
        "robson_budget_remaining_ratio",
        "gauge",
        (),
        "What is left of the month's budget, 0 to 1; below 0 when more was lost than planned",
    ),
    Row(
        "robson_disk_free_mib",
        "gauge",
        (),
        "Room on the journal's disk; below store.disk_entry_mib nothing is entered",
    ),
    Row("robson_halt", "gauge", (), "1 while the month's budget is used up and nothing is entered"),
    Row("robson_degraded", "gauge", ("scope",), "1 for each scope frozen until a person decides"),
    Row(
        "robson_thread_heartbeat_age_seconds",
        "gauge",
        ("thread",),
        "Since the thread's last sign of life; /health/live bounds it",
    ),
)
_BY_NAME = {row.name: row for row in ROWS}
_ROLES = {Purpose.ENTRY: "entry", Purpose.EXIT: "exit", Purpose.INSURANCE: "insurance"}
_GATES = frozenset(code for _, code, _ in GATES)
disable_created_metrics()  # type: ignore[no-untyped-call] # when a counter began is when the process did
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class Meters:
    """All metrics of one daemon; ``text`` may be called by any thread.

    Args:
        published: the newest view.
        silent_s: seconds since each thread's last sign of life.
        rows_played: rows of prices taken in so far, by source.
    """

    def __init__(
        self,
        published: Callable[[], Published],
        silent_s: Callable[[], Mapping[str, float]],
        rows_played: Callable[[], Mapping[str, int]],
    ) -> None:
        self._known = CollectorRegistry()
        self._placed = _counter("robson_orders_placed_total", self._known)
        self._failed = _counter("robson_orders_failed_total", self._known)
        self._unknown = _counter("robson_order_unknown_total", self._known)
        self._denials = _counter("robson_risk_denials_total", self._known)
        row = _BY_NAME["robson_tick_to_exit_seconds"]
        self._to_exit = Histogram(row.name, row.meaning, registry=self._known, buckets=_BUCKETS)
        self._decided_s: dict[str, float] = {}
        for role in _ROLES.values():
            self._placed.labels(role)  # from zero, so that a first one is an increase
        self._known.register(_Read(published, silent_s, rows_played))
        ProcessCollector(registry=self._known)

    def text(self) -> str:
        """Everything in Prometheus' text format."""
        return generate_latest(self._known).decode()

    # --- what is counted where it happens --------------------------------------------------------

    def heard(self, message: object) -> None:
        """A message reached the monitor: the answers to orders are counted."""
        order = getattr(message, "intent", None)
        if not isinstance(order, PlaceOrder):
            return
        role = _ROLES.get(order.purpose, order.purpose.name.lower())
        match message:
            case OrderReported():
                self._placed.labels(role).inc()
            case OrderRejected():
                self._failed.labels(role, str(message.code)).inc()
            case OutcomeUnknown():
                self._unknown.inc()
            case NotSent():
                self._decided_s.pop(order.client_id, None)

    def witness(self, recorded: Recorded) -> None:
        """A row of this process was folded: denied signals are counted."""
        if isinstance(recorded.event, e.SignalRejected):
            self._denials.labels(recorded.event.code).inc()

    def refused(self, refusal: Refused) -> None:
        """A command was refused: what a gate has denied is counted."""
        code = refusal.code.lower()
        if code in _GATES:
            self._denials.labels(code).inc()

    def watching(self, outbox: Outbox) -> Outbox:
        """The same way out, noting when an exit was decided."""
        return _Decided(outbox, self._decided_s)

    def timing(self, exchange: Exchange) -> Exchange:
        """The same exchange, noting when an exit has left."""
        return _Leaving(exchange, self._decided_s, self._to_exit)


def _counter(name: str, registry: CollectorRegistry) -> Counter:
    row = _BY_NAME[name]
    return Counter(row.name, row.meaning, row.labels, registry=registry)


class _Decided:
    def __init__(self, outbox: Outbox, decided_s: dict[str, float]) -> None:
        self._outbox = outbox
        self._decided_s = decided_s

    def send(self, intent: Intent) -> None:
        if isinstance(intent, PlaceOrder) and intent.purpose is Purpose.EXIT:
            self._decided_s[intent.client_id] = monotonic_s()
        self._outbox.send(intent)

    def has_left(self, intent: Intent) -> None:
        self._outbox.has_left(intent)


class _Leaving:
    def __init__(
        self, exchange: Exchange, decided_s: dict[str, float], histogram: Histogram
    ) -> None:
        self._exchange = exchange
        self._decided_s = decided_s
        self._histogram = histogram

    def call(self, request: Intent) -> Answer:
        if isinstance(request, PlaceOrder):
            decided_s = self._decided_s.pop(request.client_id, None)
            if decided_s is not None:
                self._histogram.observe(monotonic_s() - decided_s)
        return self._exchange.call(request)


# --- what is read at each scrape -----------------------------------------------------------------


class _Read(Collector):
    def __init__(
        self,
        published: Callable[[], Published],
        silent_s: Callable[[], Mapping[str, float]],
        rows_played: Callable[[], Mapping[str, int]],
    ) -> None:
        self._published = published
        self._silent_s = silent_s
        self._rows_played = rows_played

    def describe(self) -> Iterable[Metric]:
        """Nothing: what there is depends on what is open."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """One family for each metric that has a sample now."""
        published = self._published()
        families: dict[str, Any] = {}
        for name, labels, value in (
            *_of_positions(published),
            *_of_the_account(published),
            *(("robson_ticks_total", (name,), rows) for name, rows in self._rows_played().items()),
            *(
                ("robson_thread_heartbeat_age_seconds", (name,), age)
                for name, age in self._silent_s().items()
            ),
        ):
            families.setdefault(name, _family(name)).add_metric(labels, value)
        return families.values()


def _family(name: str) -> Any:
    row = _BY_NAME[name]
    kind = CounterMetricFamily if row.kind == "counter" else GaugeMetricFamily
    return kind(row.name, row.meaning, labels=row.labels)


def _of_positions(published: Published) -> Samples:
    for view in published.live:
        if not view.state.may_hold:
            continue
        symbol = str(view.scope.symbol)
        last = published.prices.get(symbol)
        result = unrealized(view, last.price if last else None, published.instruments.get(symbol))
        if result is not None:
            yield "robson_position_pnl", (view.id, symbol), result
        bare_ns = published.now_ns - view.bare_since_ns if view.bare_since_ns is not None else 0
        yield "robson_unprotected_seconds", (symbol,), _seconds(bare_ns)
        note = published.notes.get(view.id)
        account = margin(view.account, note.margin if note else None)
        if account is not None and account.level:
            yield "robson_margin_level", (symbol,), Decimal(account.level)


def _of_the_account(published: Published) -> Samples:
    daemon, risk = published.daemon, published.risk
    for feed in daemon.feeds:
        if feed.age_ms is not None:
            yield "robson_feed_silent_seconds", (feed.symbol,), _seconds(feed.age_ms * 1_000_000)
    silent_ns = published.now_ns - daemon.silent.since_ns if daemon.silent is not None else 0
    yield "robson_exchange_silent_seconds", (), _seconds(silent_ns)
    for lease in daemon.leases:
        yield "robson_leader", (lease.key,), 1
        yield "robson_lease_epoch", (lease.key,), lease.epoch
    for frozen in daemon.degraded:
        yield "robson_degraded", (frozen.scope,), 1
    yield "robson_journal_seq", (), daemon.journal_seq
    if daemon.disk is not None:
        yield "robson_disk_free_mib", (), daemon.disk.free_mib
    yield "robson_halt", (), int(risk.halted)
    if risk.budget > 0:
        with localcontext(MONEY):
            yield "robson_budget_remaining_ratio", (), risk.remaining / risk.budget


def _seconds(span_ns: int) -> Decimal:
    return Decimal(max(0, span_ns)).scaleb(-9)
