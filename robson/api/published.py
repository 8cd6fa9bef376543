"""What the daemon shows to readers, and what it takes from them: the seam behind the API.

Readers get frozen values, replaced whole by one reference store; nothing here is ever changed in
place, and nothing here knows gRPC.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

import attrs

from robson.api.checked import Examiner
from robson.api.facts import DaemonFacts
from robson.api.told import ConfigKey, LogLine
from robson.domain.commands import Command
from robson.domain.identity import PositionId
from robson.domain.instrument import Instrument
from robson.domain.plan import EntryPlan, StopAudit
from robson.domain.reports import AccountSnapshot
from robson.domain.standing import Standing
from robson.domain.strategy import StrategyConfig
from robson.domain.values import ExchangeNs, Leverage, Numbers, Price, Side
from robson.domain.view import PositionView

# --- what readers see ----------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class LastPrice:
    """The last accepted price of a symbol and its time."""

    price: Price
    at_ns: ExchangeNs


@attrs.frozen(kw_only=True)
class MarginFact:
    """The margin level of a held position's pair: as last read, its band, the level it leaves at.

    ``liquidation_ratio`` is the level at which the exchange closes the pair by force, and
    ``liquidation_price`` the index price there, None where none is. ``band`` is ``unknown`` when it
    is watched and could not be read for a minute.
    """

    account: AccountSnapshot | None
    band: str
    exit_level: Decimal
    liquidation_ratio: Decimal | None = None
    liquidation_price: Price | None = None


@attrs.frozen(kw_only=True)
class PositionNote:
    """What the daemon knows of a position beside its view; each may be unknown (None).

    Attributes:
        waiting_for: what an armed position waits for, in words.
        exit_fence: ``asset`` or ``settle``.
        latent: reserved in the monthly budget now, in quote.
        result_at_stop: result if the stop is hit now, after all costs, in quote, signed.
        actual_risk: loss at the first stop from the real fill, in quote.
        watermark: best price since the entry.
        margin: the pair's margin level, while something is held.
    """

    waiting_for: str | None = None
    exit_fence: str | None = None
    latent: Decimal | None = None
    result_at_stop: Decimal | None = None
    actual_risk: Decimal | None = None
    watermark: Price | None = None
    margin: MarginFact | None = None


@attrs.frozen(kw_only=True)
class AlertFact:
    """A loss of the month that is told when it is reached: where it lies, and when it was."""

    line_pct: Decimal
    loss: Decimal
    reached_ns: ExchangeNs | None = None


@attrs.frozen(kw_only=True)
class CreditFact:
    """What the exchange said that it would lend a pair of an asset, and when."""

    symbol: str
    asset: str
    amount: Decimal
    read_ns: ExchangeNs


@attrs.frozen(kw_only=True)
class RiskNumbers:
    """Budget, and every limit that can deny an entry. Amounts in ``asset``.

    Attributes:
        daily_limit: the (negative) result of a UTC day at which entries stop; None when off.
        trades_limit: entries of a UTC day after which no more are taken; None when off.
        trades_warn: entries of a UTC day from which on people are told.
        open_positions: positions that count in the gate, armed ones included.
        halt_actor: who asked for the halt; None when the month's limit did.
        alerts: the losses of the month that are told, least first.
        credit: what the exchange would lend, when it was last asked.
        gates: every gate as it stands for the account; ``ok`` None: a pair or a signal decides.
    """

    asset: str
    capital_base: Decimal
    budget: Decimal
    consumed: Decimal
    latent: Decimal
    remaining: Decimal
    slots: int
    daily_pnl: Decimal
    daily_limit: Decimal | None
    trades_today: int
    trades_limit: int | None
    open_positions: int
    max_open_positions: int
    max_leverage: int
    trades_warn: int | None = None
    halted: bool = False
    halt_reason: str | None = None
    halt_since_ns: ExchangeNs | None = None
    halt_actor: str | None = None
    gates: tuple[GateCheck, ...] = ()
    alerts: tuple[AlertFact, ...] = ()
    credit: tuple[CreditFact, ...] = ()


@attrs.frozen(kw_only=True)
class Living:
    """What a status is about: positions that need the monitor (``live``), and those that closed on
    the last UTC day on which any did (``today``).
    """

    live: tuple[PositionView, ...]
    today: tuple[PositionView, ...]


@attrs.frozen(kw_only=True)
class Published:
    """One instant of everything that readers may see.

    Attributes:
        positions: every position the journal knows, terminal ones included, oldest first.
        living: some of them; None where nobody has counted, then all are looked at.
        prices, instruments: by symbol as one word (``BTCUSDT``).
        now_ns: exchange time of this instant; simulated time on a simulated exchange.
    """

    positions: tuple[PositionView, ...]
    prices: Mapping[str, LastPrice]
    instruments: Mapping[str, Instrument]
    notes: Mapping[PositionId, PositionNote]
    risk: RiskNumbers
    daemon: DaemonFacts
    now_ns: ExchangeNs
    living: Living | None = None

    @property
    def live(self) -> tuple[PositionView, ...]:
        """Positions that still need the monitor, oldest first."""
        if self.living is not None:
            return self.living.live
        return tuple(view for view in self.positions if view.is_live)

    def closed_since(self, at_ns: int) -> list[PositionView]:
        """Positions that closed since the beginning of a UTC day that is not over."""
        views = self.positions if self.living is None else self.living.today
        return [view for view in views if view.closed and view.closed.at_ns >= at_ns]


@attrs.frozen(kw_only=True)
class JournalRow:
    """A journal row for people: the payload is the event as JSON text, decimals as text."""

    seq: int
    epoch: int
    at_ns: ExchangeNs
    kind: str
    payload_json: str
    position: PositionId | None = None


# --- what commands answer ------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class GateCheck:
    """One rule that can deny an entry. ``ok`` is None while it cannot be judged yet.

    ``value`` and ``limit`` are decimal text, else words; ``resets`` is the ISO time at which
    a denial ends.
    """

    number: str
    code: str
    ok: bool | None
    value: str | None = None
    limit: str | None = None
    resets: str | None = None


@attrs.frozen(kw_only=True)
class Denial:
    """Why an arm would be refused."""

    code: str
    message: str
    numbers: Numbers = ()


@attrs.frozen(kw_only=True)
class ArmPreview:
    """What arm would do now; nothing was stored and nothing was sent.

    Attributes:
        plan: the entry as it would be planned at ``price``; None without a valid stop.
        audit: how the stop was looked for; None without candles.
        gates: all of them, in order.
        denials: why it would be refused; empty when it would be accepted.
        price_age_ns: age of ``price``; both None before the first price.
        waiting_for: what the detector would wait for, in words; None when it enters at once.
    """

    symbol: str
    side: Side | None
    strategy: StrategyConfig
    leverage: Leverage
    plan: EntryPlan | None
    audit: StopAudit | None
    gates: tuple[GateCheck, ...]
    denials: tuple[Denial, ...]
    price: Price | None
    price_age_ns: int | None
    exit_fence: str | None = None
    waiting_for: str | None = None


@attrs.frozen(kw_only=True)
class Armed:
    """Answer to ``Arm``. ``repeated``: the key was known, this is the first answer again."""

    position: PositionView
    repeated: bool = False


@attrs.frozen(kw_only=True)
class Disarmed:
    """Answer to ``Disarm``: ``cancelled``, ``noop`` or ``cancel_requested``."""

    position: PositionView
    outcome: str


@attrs.frozen(kw_only=True)
class Injected:
    """Answer to ``InjectSignal``: what the gates made of it, now or when it was first told.

    ``code`` of the refusal, empty when it was taken; ``message`` and ``numbers`` of a refusal are
    known only of a position's last one.
    """

    position: PositionView
    signal_id: str
    code: str
    message: str = ""
    numbers: Numbers = ()
    repeated: bool = False


@attrs.frozen(kw_only=True)
class Panicked:
    """Answer to ``Panic``: the decisions are durable.

    ``actions`` says for each position concerned what is done: ``exit``, ``cancel``,
    ``exit_on_fill`` or ``already_exiting``.
    """

    actions: tuple[tuple[PositionId, str], ...]
    started_ns: ExchangeNs


@attrs.frozen(kw_only=True)
class Governed:
    """Answer to an operator's command: where the account stood, and where it stands."""

    was: Standing
    now: Standing


@attrs.frozen(kw_only=True)
class Difference:
    """The exchange's side of a pair differs from the journal's.

    ``row`` of the recovery table, ``code`` what it is; ``follows`` whether it was followed at once,
    ``freezes`` whether the symbol takes no entry until a person has looked.
    """

    symbol: str
    row: str
    code: str
    message: str
    evidence: Numbers
    follows: bool
    freezes: bool


@attrs.frozen(kw_only=True)
class PairReading:
    """One pair as it was read: its account, the position it was held against, if there is one,
    and which of the orders that rest there belong to positions of this journal.
    """

    account: AccountSnapshot
    position: PositionId | None = None
    ours: frozenset[str] = frozenset()


@attrs.frozen
class Looked:
    """Answer to ``Reconcile``: what was found, nothing when journal and exchange agree."""

    found: tuple[Difference, ...]
    pairs: tuple[PairReading, ...] = ()
    report_only: bool = False


@attrs.frozen
class Settled:
    """Answer to ``ReconcileClose`` and ``Resolve``: what the position is now."""

    position: PositionView


CommandResult = Armed | ArmPreview | Disarmed | Panicked | Governed | Looked | Settled | Injected
"""``Arm`` answers Armed, or ArmPreview for a dry run; ``Governed`` answers every operator."""


class Backend(Examiner, Protocol):
    """The daemon, as the API sees it. Called from many threads at once."""

    def submit(self, command: Command, timeout_s: float) -> CommandResult:
        """Hand a command to the single writer and wait for its durable answer.

        What it did is in :meth:`published` before this returns.

        Raises:
            Refused: it cannot be honoured, and nothing was changed.
            TimeoutError: it was taken, and the answer did not come within ``timeout_s``.
        """

    def published(self) -> Published:
        """The newest view; never waits."""

    def journal_rows(
        self, position: PositionId | None, after_seq: int, limit: int
    ) -> list[JournalRow]:
        """Durable rows after ``after_seq`` in order, at most ``limit``; None for all positions."""

    def journal_seq(self) -> int:
        """The newest durable row; never waits."""

    def log_lines(self, after: int) -> tuple[LogLine, ...]:
        """The lines kept in memory after number ``after``, oldest first; never waits."""

    def config(self) -> tuple[ConfigKey, ...]:
        """Every key of the configuration."""

    def sim_report(self) -> str | None:
        """Tape and invariants as JSON text; None where the exchange is not simulated."""
