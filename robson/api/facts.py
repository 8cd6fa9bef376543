"""Which daemon answers, and how it stands: frozen facts, made anew for each look."""

from __future__ import annotations

import attrs

from robson.domain.values import ExchangeNs


@attrs.frozen(kw_only=True)
class FeedFact:
    """One symbol's price source: ``ws``, ``rest`` or ``tape``; ``age_ms`` since the last price."""

    symbol: str
    source: str | None
    age_ms: int | None


@attrs.frozen(kw_only=True)
class LeaseFact:
    """Leadership over one key; ``expires_in_ns`` is None where it does not run out."""

    key: str
    epoch: int
    expires_in_ns: int | None = None


@attrs.frozen(kw_only=True)
class ReachFact:
    """The exchange has not answered since an instant; ``unanswered`` calls so far.

    ``refused``: or has refused each for its key or address, in these words.
    """

    since_ns: ExchangeNs
    unanswered: int
    refused: str = ""


@attrs.frozen(kw_only=True)
class DiskFact:
    """Room on the journal's disk, where it is told, and where nothing is entered any more; MiB."""

    free_mib: int
    warn_mib: int
    entry_mib: int


@attrs.frozen(kw_only=True)
class DegradedFact:
    """A scope in which only exits are sent until a person decides, or it ends (``auto_clear``)."""

    scope: str
    reason: str
    since_ns: ExchangeNs
    code: str = ""
    auto_clear: bool = False


@attrs.frozen(kw_only=True)
class RuntimeFact:
    """The last change of the runtime state; ``actor`` None when a drain came to its end."""

    reason: str
    actor: str | None
    since_ns: ExchangeNs


@attrs.frozen(kw_only=True)
class DaemonFacts:
    """Which daemon this is and how it stands.

    Attributes:
        runtime_state: ``running``, ``paused``, ``draining`` or ``stopped``.
        runtime_change: how it came to it; None while it never changed.
        journal_seq: last durable row.
        replication: ``off``, ``on`` or ``behind``.
        tape: what a simulated exchange plays, in words; None elsewhere.
        started_ns: when this process took the journal.
        clock_skew_ms: our clock less the exchange's.
        uninsured: what is entered from now on gets no exchange stop.
        observes: everything is read, and no order is sent.
    """

    version: str
    instance_id: str
    profile: str
    account: str
    epoch: int
    started_ns: ExchangeNs
    journal_seq: int
    runtime_state: str = "running"
    runtime_change: RuntimeFact | None = None
    disk: DiskFact | None = None
    silent: ReachFact | None = None
    feeds: tuple[FeedFact, ...] = ()
    leases: tuple[LeaseFact, ...] = ()
    degraded: tuple[DegradedFact, ...] = ()
    blockers: tuple[str, ...] = ()
    replication: str = "off"
    replicated_seq: int | None = None
    lag_ns: int | None = None
    tape: str | None = None
    clock_skew_ms: int | None = None
    uninsured: bool = False
    observes: bool = False
