"""The daemon as the API sees it: commands go into the monitor's inbox, reads are its views."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future
from decimal import Decimal, localcontext
from typing import Any

import attrs

from robson.api.checked import CheckFact, Examiner
from robson.api.facts import (
    DaemonFacts,
    DegradedFact,
    FeedFact,
    LeaseFact,
    RuntimeFact,
)
from robson.api.published import (
    AlertFact,
    CommandResult,
    CreditFact,
    JournalRow,
    LastPrice,
    Living,
    MarginFact,
    PositionNote,
    Published,
    RiskNumbers,
)
from robson.api.told import ConfigKey, LogLine
from robson.daemon import logs
from robson.daemon.config import Config
from robson.daemon.dry_run import account_gates
from robson.daemon.inbox import Inbox
from robson.daemon.keeper import Keeper
from robson.daemon.messages import Asked
from robson.daemon.monitor import Monitor
from robson.daemon.reach import Reach
from robson.domain.commands import Command
from robson.domain.errors import Refused
from robson.domain.identity import PositionId
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountReported
from robson.domain.standing import Standing
from robson.domain.values import MONEY, NS_PER_MS, NS_PER_S, Candle, ExchangeNs
from robson.domain.view import PositionView
from robson.engine.bands import exit_level
from robson.engine.budget import ALERT_LINES_PCT, Budget
from robson.engine.costs import unit_loss
from robson.engine.detectors.choose import detector_for
from robson.engine.exposure import actual_risk, latent_of
from robson.engine.leaving import fence_of
from robson.engine.margin import liquidation_price
from robson.engine.orders import left_to_sell, side_of
from robson.engine.rearm import listens_ns
from robson.store.reader import JournalReader


@attrs.frozen(kw_only=True)
class About:
    """What does not change while the process lives."""

    version: str
    instance_id: str
    profile: str
    account: str
    started_ns: ExchangeNs
    source: str
    tape: str | None = None


class DaemonBackend:
    """The API's backend over a monitor. Called from many threads; waits only in ``submit``."""

    def __init__(
        self,
        monitor: Monitor,
        inbox: Inbox,
        reader: JournalReader,
        about: About,
        *,
        config: Config,
        log: logs.Ring,
        keeper: Keeper,
        reach: Reach,
        hears: Callable[[], bool],
        report: Callable[[], dict[str, Any]],
        on_refused: Callable[[Command, Refused], None],
        examination: Examiner,
    ) -> None:
        self._examination = examination
        self._monitor = monitor
        self._inbox = inbox
        self._reader = reader
        self._about = about
        self._report = report
        self._on_refused = on_refused
        self._config = config
        self._log = log
        self._keeper = keeper
        self._reach = reach
        self._hears = hears

    def submit(self, command: Command, timeout_s: float) -> CommandResult:
        """Hand a command to the monitor and wait for its durable answer."""
        answer: Future[CommandResult] = Future()
        self._inbox.put(Asked(command, answer), outside=True)
        try:
            return answer.result(timeout_s)
        except Refused as refused:
            self._on_refused(command, refused)
            raise

    def journal_rows(
        self, position: PositionId | None, after_seq: int, limit: int
    ) -> list[JournalRow]:
        """Durable rows, from a connection of the caller's own."""
        return [
            JournalRow(
                seq=row.seq,
                epoch=row.epoch,
                at_ns=ExchangeNs(row.at_ns),
                kind=row.kind,
                payload_json=row.payload,
                position=PositionId(row.position) if row.position else None,
            )
            for row in self._reader.rows(position, after_seq, limit)
        ]

    def journal_seq(self) -> int:
        """The newest durable row."""
        return self._monitor.custody.roster.seq

    def log_lines(self, after: int) -> tuple[LogLine, ...]:
        """The lines kept in memory."""
        return self._log.after(after)

    def config(self) -> tuple[ConfigKey, ...]:
        """Every key of the configuration."""
        return self._config.shown()

    def sim_report(self) -> str | None:
        """What a simulated daemon says of its tape and of its invariants."""
        return json.dumps(self._report())

    def examine(self) -> tuple[CheckFact, ...]:
        """Every check of machine and exchange, made now."""
        return self._examination.examine()

    def test_alert(self, actor: str) -> tuple[CheckFact, ...]:
        """Send a test by each way out, once, and say which took it."""
        return self._examination.test_alert(actor)

    # --- views -----------------------------------------------------------------------------------

    def published(self) -> Published:
        """The newest view, built from frozen values only."""
        monitor = self._monitor.custody
        known = monitor.roster.published
        now_ns = monitor.now()
        return Published(
            positions=known.every,
            living=Living(live=known.live, today=known.today),
            prices={
                symbol: LastPrice(price=market.instrument.price_of(last.price), at_ns=last.at_ns)
                for symbol, market in monitor.markets.items()
                if (last := market.board.last) is not None
            },
            instruments={symbol: m.instrument for symbol, m in monitor.markets.items()},
            notes={view.id: self._note(view) for view in known.live},
            risk=self._risk(),
            daemon=self._facts(now_ns),
            now_ns=now_ns,
        )

    def _note(self, view: PositionView) -> PositionNote:
        market = self._monitor.custody.markets[str(view.scope.symbol)]
        gap_bps = self._monitor.custody.settings.gap_bps
        fee = market.instrument.taker_fee
        if view.state is PositionState.ARMED:
            return PositionNote(waiting_for=self._waiting_for(view, list(market.candles)))
        if view.entry is None or view.plan is None:
            return PositionNote(latent=latent_of(view, fee=fee, gap_bps=gap_bps))
        account, band = self._monitor.margins.known(view)
        return PositionNote(
            margin=MarginFact(
                account=account,
                band=band,
                exit_level=exit_level(self._monitor.custody.settings, market.instrument),
                liquidation_ratio=market.instrument.liquidation_ratio,
                liquidation_price=None
                if account is None
                else liquidation_price(account, market.instrument.liquidation_ratio),
            ),
            exit_fence=fence_of(view, self._monitor.custody.context(str(view.scope.symbol))),
            latent=latent_of(view, fee=fee, gap_bps=gap_bps),
            result_at_stop=_result_at(view, view.stop, fee, gap_bps),
            actual_risk=actual_risk(view),
        )

    def _waiting_for(self, view: PositionView, candles: list[Candle]) -> str:
        custody = self._monitor.custody
        waits = detector_for(view.strategy, view.side).waiting_for(candles)
        pause_ns = listens_ns(view, custody.settings) - custody.now()
        if pause_ns <= 0:
            return waits
        many = "a signal was" if view.refusals == 1 else f"{view.refusals} signals in a row were"
        return f"{waits}; {many} refused: listens again in {-(-pause_ns // NS_PER_S)} s"

    def _risk(self) -> RiskNumbers:
        custody = self._monitor.custody
        live, standing = custody.roster.live(), custody.roster.standing
        budget, risk = custody.budget(live), custody.risk(live)
        halt, settings = standing.halt, custody.settings
        return RiskNumbers(
            asset=next(iter(custody.markets.values())).instrument.symbol.quote,
            capital_base=budget.capital_base,
            budget=budget.budget,
            consumed=budget.consumed,
            latent=budget.latent,
            remaining=budget.remaining,
            slots=budget.slots,
            daily_pnl=risk.day_net,
            daily_limit=None if risk.day_loss_limit is None else -risk.day_loss_limit,
            trades_today=risk.day_trades,
            trades_limit=risk.day_trades_limit,
            trades_warn=settings.warn_trades_per_day,
            open_positions=risk.open_positions,
            max_open_positions=risk.max_open,
            max_leverage=settings.max_leverage,
            halted=halt is not None or budget.capital_base <= 0,
            halt_reason=halt.reason if halt is not None else None,
            halt_since_ns=halt.at_ns if halt is not None else None,
            halt_actor=halt.actor if halt is not None else None,
            gates=account_gates(risk),
            alerts=_alerts(budget, standing),
            credit=_credit(list(custody.credit.values())),
        )

    def _facts(self, now_ns: ExchangeNs) -> DaemonFacts:
        monitor, about = self._monitor.custody, self._about
        return DaemonFacts(
            version=about.version,
            instance_id=about.instance_id,
            profile=about.profile,
            account=about.account,
            epoch=monitor.epoch,
            runtime_state=monitor.roster.standing.state.value,
            runtime_change=_change(monitor.roster.standing),
            started_ns=about.started_ns,
            journal_seq=monitor.roster.seq,
            feeds=tuple(
                FeedFact(
                    symbol=symbol,
                    source=about.source if market.board.last and self._hears() else None,
                    age_ms=None
                    if market.board.last is None
                    else (now_ns - market.board.last.at_ns) // NS_PER_MS,
                )
                for symbol, market in monitor.markets.items()
            ),
            leases=tuple(
                LeaseFact(key=f"{about.account}:{symbol}", epoch=monitor.epoch)
                for symbol in monitor.markets
                if monitor.leads()
            ),
            tape=about.tape,
            degraded=self._degraded(now_ns),
            disk=self._keeper.room(),
            silent=self._reach.fact(),
            uninsured=not monitor.settings.insurance.enabled,
            observes=monitor.settings.observes,
        )

    def _degraded(self, now_ns: ExchangeNs) -> tuple[DegradedFact, ...]:
        standing = self._monitor.custody.roster.standing
        frozen = tuple(
            DegradedFact(scope=each.scope, reason=each.reason, since_ns=each.at_ns, code=each.code)
            for each in standing.frozen
        )
        trouble = self._keeper.trouble()
        if not trouble:
            return frozen
        since_ns = self._keeper.since_ns or now_ns
        return (*frozen, self._keeper.degraded(trouble, since_ns))


def _change(standing: Standing) -> RuntimeFact | None:
    last = standing.runtime
    if last is None:
        return None
    return RuntimeFact(reason=last.reason, actor=last.actor, since_ns=last.at_ns)


def _credit(readings: list[AccountReported]) -> tuple[CreditFact, ...]:
    return tuple(
        CreditFact(
            symbol=str(read.account.scope.symbol),
            asset=balance.asset,
            amount=amount,
            read_ns=read.account.at_ns,
        )
        for read in readings
        if read.credit is not None
        for balance, amount in (
            (read.account.base, read.credit.base),
            (read.account.quote, read.credit.quote),
        )
    )


def _alerts(budget: Budget, standing: Standing) -> tuple[AlertFact, ...]:
    reached = {alert.line_pct: alert.at_ns for alert in standing.alerts}
    return tuple(
        AlertFact(line_pct=line, loss=budget.line(line), reached_ns=reached.get(line))
        for line in ALERT_LINES_PCT
    )


def _result_at(view: PositionView, stop: Any, fee: Decimal, gap_bps: Decimal) -> Decimal:
    """Result if a stop is executed now, after all costs, in quote, signed."""
    assert view.entry is not None
    with localcontext(MONEY):
        unit = unit_loss(
            side=side_of(view), entry=view.entry.price, stop=stop, fee=fee, gap_bps=gap_bps
        )
        return -unit.loss_unit * max(left_to_sell(view), Decimal(0))
