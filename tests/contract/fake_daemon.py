"""A daemon for tests: answers from a script, records what it was asked, and really listens."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import attrs

from robson.api.checked import CheckFact
from robson.api.doors import Doors
from robson.api.facts import (
    DaemonFacts,
    DiskFact,
    FeedFact,
    LeaseFact,
)
from robson.api.published import (
    Armed,
    ArmPreview,
    CommandResult,
    Denial,
    Difference,
    Disarmed,
    GateCheck,
    Governed,
    JournalRow,
    LastPrice,
    Looked,
    PairReading,
    Panicked,
    PositionNote,
    Published,
    RiskNumbers,
    Settled,
)
from robson.api.server import ApiServer
from robson.api.tokens import Token
from robson.api.told import ConfigKey, LogLine
from robson.domain.commands import (
    Arm,
    ClearFrozen,
    Command,
    Disarm,
    HandOver,
    Panic,
    Reconcile,
    ReconcileClose,
    Resolve,
    SetHalt,
    SetRuntimeState,
)
from robson.domain.errors import Refused
from robson.domain.identity import PositionId
from robson.domain.intents import OrderType
from robson.domain.lifecycle import PositionState
from robson.domain.reports import AccountSnapshot, Balance, OrderState, OrderStatus
from robson.domain.standing import Standing
from robson.domain.strategy import NOW
from robson.domain.values import Action, ExchangeNs, Leverage, Price, Quantity, Side
from robson.domain.view import PositionView
from tests.contract import lives

D = Decimal
VIEWER, TRADER, ADMIN = (Token(role, role * 6 + "0" * 16) for role in ("viewer", "trader", "admin"))
TOKENS = (VIEWER, TRADER, ADMIN)

FOREIGN = Difference(
    symbol="BTCUSDT",
    row="R21",
    code="foreign_order",
    message="order 7 (web_7) rests on BTCUSDT and is not of this journal",
    evidence=(("order_id", "7"),),
    follows=False,
    freezes=True,
)

RESTS = OrderState(
    client_id=lives.active().insurance.client_id or "",
    order_id=5612034412,
    status=OrderStatus.NEW,
    action=Action.SELL,
    type=OrderType.STOP_LOSS_LIMIT,
    quantity=Quantity("0.07021"),
    executed=D(0),
    quote_executed=D(0),
    stop_price=Price("117765.44"),
    at_ns=lives.NOON,
)
READ = AccountSnapshot(
    scope=lives.active().scope,
    base=Balance(
        asset="BTC", free=D("0.00000234"), locked=D("0.07021"), borrowed=D(0), interest=D(0)
    ),
    quote=Balance(
        asset="USDT", free=D("1725.16"), locked=D(0), borrowed=D("0.5"), interest=D("0.00012")
    ),
    index_price=Price("119261.13"),
    at_ns=ExchangeNs(lives.NOON - 40_000_000),
    open_orders=(RESTS, attrs.evolve(RESTS, client_id="web_7", order_id=7, stop_price=None)),
)
LOOKED = Looked(
    found=(FOREIGN,),
    pairs=(PairReading(account=READ, position=lives.BTC_ID, ours=frozenset({RESTS.client_id})),),
    report_only=True,
)

CHECKED = (
    CheckFact(name="Clock", answer="pass", said="2 ms apart", incident="F28"),
    CheckFact(
        name="Key",
        answer="fail",
        said="may withdraw",
        means="whoever steals it can empty the account",
        fix="change the key's rights",
        incident="F74",
    ),
    CheckFact(name="Pairs", answer="unchecked", said="could not be checked: no answer"),
)
Answer = Callable[[Command, float], CommandResult]


def published(*views: PositionView, profile: str = "sim", now: int = lives.NOON) -> Published:
    """What a daemon in the middle of a morning shows."""
    shown = views or (
        lives.lost(),
        lives.closed(),
        lives.active(),
        lives.armed(),
        lives.cancelled(),
    )
    return Published(
        positions=shown,
        prices={
            "BTCUSDT": LastPrice(price=Price("119261.13"), at_ns=ExchangeNs(now - 200_000_000)),
            "SOLUSDT": LastPrice(price=Price("161.55"), at_ns=ExchangeNs(now - 1_200_000_000)),
        },
        instruments={str(each.symbol): each for each in (lives.BTC, lives.ETH, lives.SOL)},
        notes={
            lives.BTC_ID: PositionNote(
                exit_fence="asset",
                latent=D("4.40"),
                result_at_stop=D("-4.40"),
                actual_risk=D("99.41"),
                watermark=Price("119300.00"),
            ),
            lives.SOL_ID: PositionNote(waiting_for="9/21 averages to cross on a closed 15m candle"),
        },
        risk=_risk(),
        daemon=_facts(profile),
        now_ns=ExchangeNs(now),
    )


def _risk() -> RiskNumbers:
    return RiskNumbers(
        asset="USDT",
        capital_base=D(10000),
        budget=D(400),
        consumed=D(0),
        latent=D("4.40"),
        remaining=D("395.60"),
        slots=3,
        daily_pnl=D("125.16"),
        daily_limit=D(-300),
        trades_today=2,
        trades_limit=50,
        open_positions=2,
        max_open_positions=3,
        max_leverage=3,
        gates=(
            GateCheck(number="2", code="degraded", ok=None),
            GateCheck(
                number="7",
                code="daily_loss_limit",
                ok=True,
                value="125.16",
                limit="-300",
                resets="2025-07-17T00:00:00.000Z",
            ),
        ),
    )


def _facts(profile: str) -> DaemonFacts:
    return DaemonFacts(
        version="0.1.0",
        instance_id="inst-1",
        profile=profile,
        account="main",
        epoch=1,
        started_ns=lives.DAWN,
        journal_seq=1204,
        feeds=(FeedFact(symbol="BTCUSDT", source="tape", age_ms=200),),
        leases=(LeaseFact(key="main", epoch=1),),
        tape="generated, seed 1, 60x",
        clock_skew_ms=0,
        disk=DiskFact(free_mib=5210, warn_mib=200, entry_mib=64),
    )


def preview(*denials: Denial) -> ArmPreview:
    """The design's dry run."""
    names = ("not_leader", "degraded", "not_running", "monthly_halt", "duplicate_position")
    gates = [GateCheck(number=str(n), code=code, ok=True) for n, code in enumerate(names, 1)]
    gates.append(GateCheck(number="6", code="max_open_positions", ok=True, value="2", limit="3"))
    gates.append(
        GateCheck(number="6b", code="wallet_not_clean", ok=True, value="clean", limit="dust")
    )
    gates.append(
        GateCheck(
            number="16",
            code="risk_budget_insufficient",
            ok=not denials,
            value="99.99",
            limit="395.60",
            resets="2025-08-01T00:00:00.000Z",
        )
    )
    return ArmPreview(
        symbol="BTCUSDT",
        side=Side.LONG,
        strategy=NOW,
        leverage=Leverage(3),
        plan=lives.plan(),
        audit=lives.audit(),
        gates=tuple(gates),
        denials=denials,
        price=Price("117724.29"),
        price_age_ns=200_000_000,
        exit_fence="asset",
    )


@attrs.define
class FakeBackend:
    """Answers from its view; ``answer`` replaces what a command gets."""

    view: Published = attrs.field(factory=published)
    answer: Answer | None = None
    commands: list[Command] = attrs.field(factory=list)
    waits: list[float] = attrs.field(factory=list)
    rows: list[JournalRow] = attrs.field(factory=list)
    lines: list[LogLine] = attrs.field(factory=list)
    keys: tuple[ConfigKey, ...] = ()
    report: str | None = None
    testers: list[str] = attrs.field(factory=list)

    def submit(self, command: Command, timeout_s: float) -> CommandResult:
        self.commands.append(command)
        self.waits.append(timeout_s)
        if self.answer is not None:
            return self.answer(command, timeout_s)
        match command:
            case Arm(dry_run=True):
                return preview()
            case Arm():
                return Armed(position=lives.armed())
            case Disarm():
                return self._disarm(command)
            case Panic():
                return self._panic(command)
            case SetRuntimeState() | SetHalt() | ClearFrozen():
                return Governed(was=Standing(), now=Standing())
            case Reconcile():
                return LOOKED
            case ReconcileClose() | Resolve():
                return Settled(position=lives.closed())
            case HandOver():
                raise Refused("NO_STANDBY", "there is nobody to hand over to")

    def published(self) -> Published:
        return self.view

    def examine(self) -> tuple[CheckFact, ...]:
        return CHECKED

    def test_alert(self, actor: str) -> tuple[CheckFact, ...]:
        self.testers.append(actor)
        return CHECKED[:1]

    def journal_rows(
        self, position: PositionId | None, after_seq: int, limit: int
    ) -> list[JournalRow]:
        fitting = [
            row
            for row in self.rows or journal()
            if row.seq > after_seq and position in (None, row.position)
        ]
        return fitting[:limit]

    def journal_seq(self) -> int:
        return (self.rows or journal())[-1].seq

    def log_lines(self, after: int) -> tuple[LogLine, ...]:
        return tuple(line for line in self.lines if line.number > after)

    def config(self) -> tuple[ConfigKey, ...]:
        return self.keys

    def sim_report(self) -> str | None:
        return self.report

    def _disarm(self, command: Disarm) -> CommandResult:
        view = next(each for each in self.view.positions if each.id == command.position)
        if view.state is not PositionState.ARMED:
            raise Refused(
                "INVALID_STATE_TRANSITION",
                f"Cannot disarm {view.id}: position is {view.state.value}.",
                (("state", view.state.value), ("hint", "robson panic --symbol BTCUSDT")),
            )
        done = attrs.evolve(view, state=PositionState.CANCELLED, cancel_reason="disarmed_by_user")
        self.replace(done)
        return Disarmed(position=done, outcome="cancelled")

    def _panic(self, command: Panic) -> CommandResult:
        actions = []
        for view in self.view.positions:
            if view.state.is_terminal or command.position not in (None, view.id):
                continue
            if view.state is PositionState.ARMED:
                self.replace(
                    attrs.evolve(
                        view, state=PositionState.CANCELLED, cancel_reason="panic_before_entry"
                    )
                )
                actions.append((view.id, "cancel"))
            else:
                self.replace(attrs.evolve(lives.closed(), id=view.id))
                actions.append((view.id, "exit"))
        return Panicked(actions=tuple(actions), started_ns=ExchangeNs(self.view.now_ns - 10**9))

    def replace(self, view: PositionView) -> None:
        """Publish another view of one position."""
        views = tuple(view if each.id == view.id else each for each in self.view.positions)
        self.view = attrs.evolve(self.view, positions=views)


def journal() -> list[JournalRow]:
    """Three rows of one position, and one of the account."""
    return [
        JournalRow(
            seq=1,
            epoch=1,
            at_ns=lives.DAWN,
            kind="startup.v1",
            payload_json='{"epoch": 1, "version": "0.1.0"}',
        ),
        *(
            JournalRow(
                seq=seq,
                epoch=1,
                at_ns=lives.at(2, 0, seq),
                kind=kind,
                payload_json=payload,
                position=lives.BTC_ID,
            )
            for seq, kind, payload in (
                (1044, "position_armed.v1", '{"capital": "10000", "leverage": 3}'),
                (1045, "entry_filled.v1", '{"price": "117727.40", "held": "0.07021"}'),
                (1046, "stop_raised.v1", '{"rung": 1, "stop": "118018.60"}'),
            )
        ),
    ]


@contextmanager
def listening(
    backend: FakeBackend, *, tcp: bool = False, errors: list[str] | None = None
) -> Iterator[tuple[ApiServer, Doors]]:
    """A real server on a short socket path, and on a free port when asked for."""
    told = errors if errors is not None else []
    with tempfile.TemporaryDirectory(prefix="rb") as folder:
        server = ApiServer(
            backend,
            socket_path=str(Path(folder) / "robsond.sock"),
            port=0 if tcp else None,
            tokens=TOKENS if tcp else (),
            on_error=lambda name, error: told.append(f"{name}: {error!r}"),
        )
        doors = server.start()
        server.set_serving(serving=True)
        try:
            yield server, doors
        finally:
            server.stop(0)


def no_thread_left() -> bool:
    """Whether the server's own pools have let go of their threads."""
    names = ("grpc", "panic")
    return not any(each.name.startswith(names) for each in threading.enumerate())
