"""The composition root: wires every part of a daemon, starts it in order, stops it in order.

Start is recovery: lock, journal, exchange, what is open, then prices, then the doors.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from robson.api.doors import Doors
from robson.api.http import METRICS, STATUS, Check, HealthServer, status_text
from robson.api.places import OBSERVED
from robson.api.published import Published
from robson.api.server import ApiServer, check_free, clear_stale
from robson.api.version import installed
from robson.daemon import logs
from robson.daemon.alert_book import JournalBook
from robson.daemon.alerts import Alerts
from robson.daemon.audited import Auditor
from robson.daemon.backend import About, DaemonBackend
from robson.daemon.clock import monotonic_s, new_journal_id, new_secret, wall_ns
from robson.daemon.config import Config
from robson.daemon.custody import Custody
from robson.daemon.diary import Diary
from robson.daemon.examination import Examination
from robson.daemon.farewell import unfinished
from robson.daemon.fresh import Aside
from robson.daemon.inbox import Inbox
from robson.daemon.keeper import DiskLimits, Keeper
from robson.daemon.lane import Ahead, LaneOutbox, LaneStep, lane_worker
from robson.daemon.messages import Asked
from robson.daemon.meters import Meters
from robson.daemon.monitor import Monitor
from robson.daemon.outside import Beside, Outside, not_followed, stage_of, theatre_of
from robson.daemon.programme import Programme
from robson.daemon.reach import Reach
from robson.daemon.roster import Roster
from robson.daemon.shared import Shared
from robson.daemon.simulated import Theatre
from robson.daemon.snapshots import Snapshots
from robson.daemon.stage import Stage
from robson.daemon.stillness import Stillness
from robson.daemon.tokens import tokens
from robson.daemon.where import Places
from robson.daemon.worker import Fatal, Worker, guarded
from robson.domain.accounts import Started, Stopped
from robson.domain.commands import Command, Panic
from robson.domain.errors import Refused
from robson.domain.identity import AccountId
from robson.domain.lifecycle import MachineLaw, PositionState
from robson.domain.ports import Recorded
from robson.domain.view import PositionView
from robson.exec.executor import Fence
from robson.exec.lanes import Lane
from robson.store.disk import DiskWatch
from robson.store.emergency import EmergencyFile
from robson.store.journal import JournalIdentity, SqliteJournal
from robson.store.lock import JournalLock
from robson.store.reader import JournalReader

LIVE_S = 10.0
"""A thread silent for longer is not alive."""
STOPPING_S = 15.0
CALL_S = 6.0
"""A little longer than a call may take."""


class Daemon:
    """A whole daemon, whatever its exchange."""

    def __init__(
        self,
        config: Config,
        programme: Programme,
        places: Places,
        fatal: Fatal,
        *,
        fresh: bool = False,
    ) -> None:
        self.config = config
        self.options = programme.options
        self.places = places
        self._fatal = fatal
        self.stillness = Stillness()
        self.account = AccountId(config["instance.account"])
        self.observes = config["exchange.observe"]
        self.serving = False
        self._following = False
        self.diary = Diary()
        self.meters = Meters(self._published, self._silent_s, self._rows_played)
        self.lock = JournalLock(places.directory)
        # Whatever can refuse this start does so before journal and books are changed.
        with ExitStack() as undo:
            undo.callback(self.lock.undo)
            self._check_doors()
            aside = Aside(places.directory) if fresh else None
            if aside is not None:
                undo.callback(aside.back)
            token = Path(places.token)
            if not token.exists():
                undo.callback(token.unlink, missing_ok=True)
            self.tokens = tokens(token)
            self._build(programme)
            undo.pop_all()
        if aside is not None:
            aside.thrown_away()

    # --- start -----------------------------------------------------------------------------------

    def _check_doors(self) -> None:
        clear_stale(self.places.socket)
        check_free("127.0.0.1", self.places.grpc_port, "--grpc")
        check_free(self.places.http_host, self.places.http_port, "--http")

    def _build(self, programme: Programme) -> None:
        inbox = Inbox("monitor", self.stillness)
        self.inbox = inbox
        self.monitor_thread = Worker("monitor", inbox, self._step, self._fatal)
        self.monitor_thread.start()
        with ExitStack() as undo:
            undo.callback(inbox.close)
            self.journal = self.monitor_thread.call(self._open_journal)
            undo.callback(self.monitor_thread.call, self.journal.close)
            self._assemble(programme)
            undo.pop_all()

    def _assemble(self, programme: Programme) -> None:
        owner = self.monitor_thread
        self.theatre = self._theatre(programme)
        self._played = {str(each.instrument.symbol) for each in self.theatre.played}
        self.auditor = Auditor(
            self.theatre.exchange,
            {str(played.instrument.symbol): played.instrument for played in self.theatre.played},
            self.theatre.clock,
            self.journal,
        )
        self.roster = Roster(self.journal, MachineLaw, witness=self._witness)
        self.snapshots = Snapshots(self.journal, self.roster, self.auditor.memory)
        owner.call(self._load)
        owner.call(self.journal.begin)  # nothing refuses from here on
        self._following = True  # what is folded from now on has happened in this process
        self.recovered = sum(view.is_live for view in self.roster.views.values())
        self.unseen_s = self.theatre.resume(self.roster.last_ns)
        self.auditor.follow((self.roster.last_ns, self.theatre.clock.now_ns))
        self.keeper = self._keeper()
        epoch = self.journal.epoch
        lanes = {lane: Inbox(lane.value, self.stillness) for lane in Lane}
        custody = self._custody(LaneOutbox(lanes), epoch)
        self.monitor = Monitor(custody)
        self.stage = self._stage()
        self.reach = Reach(self.stage, self.theatre.clock)
        exchange = self.meters.timing(self.reach)
        fence = Fence(epoch=epoch, observes=self.observes)
        step = LaneStep(exchange, fence, self.theatre.clock, self.inbox, custody.patience)
        if not isinstance(self.theatre, Theatre):
            # On a tape time waits for the monitor, and nothing is won by being quicker.
            custody.ahead = Ahead(step, self.reach.begin, lanes[Lane.URGENT]).send
        self.lanes = [lane_worker(lane, lanes[lane], step, self._fatal) for lane in Lane]
        self.feed = threading.Thread(
            name="feed", target=guarded("feed", self.stage.run, self._fatal)
        )
        self.backend = DaemonBackend(
            self.monitor,
            self.inbox,
            JournalReader(self.places.directory, self.account),
            self._about(),
            config=self.config,
            log=logs.ring,
            keeper=self.keeper,
            reach=self.reach,
            hears=lambda: self.theatre.hears,
            report=self.report,
            on_refused=self._refused,
            examination=Examination(self.config, self.places.directory),
        )
        book = JournalBook(self.journal, self.monitor_thread)
        self.alerts = Alerts(self.config, self._published, self._alive, self._fatal, book=book)

    def _custody(self, outbox: LaneOutbox, epoch: int) -> Custody:
        return Custody(
            account=self.account,
            roster=self.roster,
            clock=self.theatre.clock,
            ids=self.theatre.ids(epoch),
            outbox=self.meters.watching(self.auditor.watching(outbox)),
            markets=self.theatre.markets(),
            settings=self.config.settings(),
            epoch=epoch,
            strategies=self.places.strategies,
            leads=self.lock.is_held,
            disk=self.keeper.state,
        )

    def _theatre(self, programme: Programme) -> Outside:
        """The exchange of the profile. One of our own writes its pairs down as soon as it is made,
        so what the journal needs of it is asked before.
        """
        if self.config["profile"] == "sim" and self.options.exchange is None:
            played = {str(item.instrument.symbol) for item in programme.items}
            self._needs_tapes(played, self.monitor_thread.call(self.journal.pairs))
        return theatre_of(self.config, programme, self.places.directory, self.account, self._views)

    def _open_journal(self) -> SqliteJournal:
        return SqliteJournal(
            self.places.directory,
            JournalIdentity(
                profile=OBSERVED if self.observes else self.config["profile"], account=self.account
            ),
            wall_ns=wall_ns,
            new_id=new_journal_id,
            emergency=EmergencyFile(self.places.directory),
            begins=False,
        )

    def _keeper(self) -> Keeper:
        return Keeper(
            self.journal,
            DiskWatch(self.places.directory),
            DiskLimits(
                warn_mib=self.config["store.disk_warn_mib"],
                least_mib=self.config["store.disk_entry_mib"],
            ),
            inbox=self.inbox,
            clock=self.theatre.clock,
            flat=lambda: all(v.state is PositionState.ARMED for v in self.roster.live()),
            fatal=self._fatal,
        )

    def _stage(self) -> Stage | Beside:
        if not isinstance(self.theatre, Theatre):
            return stage_of(
                self.theatre, self.inbox, self.monitor.next_due_ns, self._unfinished, self._fatal
            )
        return Stage(
            driver=self.theatre.driver,
            wire=self.theatre.wire,
            stillness=self.stillness,
            monitor_inbox=self.inbox,
            timer_due_ns=self.monitor.next_due_ns,
            tape_clock=self.theatre.tape_clock,
            speed=self.options.speed,
            hold=self.options.hold,
            released=self._every_pair_has_one,
            alive=lambda: any(view.is_live for view in self._views()),
            at_end=self._at_end,
            unfinished=self._unfinished,
        )

    def _unfinished(self) -> bool:
        return unfinished(self.roster.live())

    def _every_pair_has_one(self) -> bool:
        return {str(view.scope.symbol) for view in self._views()} >= self.monitor.markets.keys()

    def _about(self) -> About:
        return About(
            version=installed(),
            instance_id=new_secret(4),
            profile=self.config["profile"],
            account=self.account,
            started_ns=self.theatre.clock.exchange_ns(),
            source="tape" if self.config["profile"] == "sim" else "ws",
            tape=self.theatre.describe(),
        )

    def start(self) -> Doors:
        """Recover, play, open the doors; ready when this returns."""
        for lane in self.lanes:
            lane.start()
        self.monitor_thread.call(self._recover)
        self.feed.start()
        self.keeper_thread = threading.Thread(
            name="keeper", target=guarded("keeper", self.keeper.run, self._fatal), daemon=True
        )
        self.keeper_thread.start()
        self.api = ApiServer(
            self.backend,
            socket_path=self.places.socket,
            port=self.places.grpc_port,
            tokens=self.tokens,
            socket_mode=self.config["api.socket_mode"],
            on_error=logs.failure,
            port_option="--grpc",
            share=Shared(monotonic_s, threading.Event().wait).answer,
        )
        self.http = HealthServer(
            self.places.http_host,
            self.places.http_port,
            self,
            pages={METRICS: self.meters.text, STATUS: self._status},
            port_option="--http",
        )
        doors = self.api.start()
        self.http_thread = threading.Thread(
            name="health", target=self.http.serve_forever, daemon=True
        )
        self.http_thread.start()
        self.alerts.start()
        self.serving = True
        self.api.set_serving(serving=True)
        return doors

    def _recover(self) -> None:
        if self.snapshots.told:  # there was no log yet when the journal was read
            logs.note(self.snapshots.told)
        self.roster.commit(
            (
                Started(
                    at_ns=self.theatre.clock.exchange_ns(),
                    epoch=self.journal.epoch,
                    version=installed(),
                    instance=self.config["profile"],
                ),
            )
        )
        for bar in self.theatre.bars:
            self.monitor.governor.freeze("account", bar, "key_rights")
        self.monitor.recover(self.theatre.unseen())
        self.stage.stepped()
        self.diary.write()

    # --- threads ---------------------------------------------------------------------------------

    def _step(self, message: Any) -> None:
        self.monitor.step(message)
        self.stage.stepped()
        self.meters.heard(message)
        self.diary.write()
        self.snapshots.keep_if_due()

    def _load(self) -> None:
        """Fold the journal, or what a snapshot spares of it, and see that every pair is played."""
        self.snapshots.load()
        self._needs_tapes(
            self._played, (str(view.scope.symbol) for view in self.roster.views.values())
        )

    def _needs_tapes(self, played: set[str], pairs: Iterable[str]) -> None:
        for pair in pairs:
            if pair not in played:
                raise not_followed(self.config["profile"], pair)

    def _witness(self, recorded: Recorded, view: PositionView | None) -> None:
        if view is not None:
            self._needs_tapes(self._played, (str(view.scope.symbol),))
            if self.theatre.lowest is not None:
                self.theatre.lowest.witness(view)
        self.auditor.witness(recorded, view)
        if self._following:
            self.diary.witness(recorded, view)
            self.meters.witness(recorded)

    def _refused(self, command: Command, refusal: Refused) -> None:
        """Told by the caller's thread."""
        self.meters.refused(refusal)
        asked = f"{type(command).__name__.lower()} by {command.actor}"
        logs.note(f"{asked} refused, {refusal.code}: {refusal.message}")

    def _views(self) -> list[Any]:
        return list(self.roster.views.values())

    def _at_end(self) -> bool:
        """The tape is over: what can still leave, leaves at the last price."""
        waits = (PositionState.ARMED, PositionState.ACTIVE)
        open_ = [view for view in self._views() if view.state in waits]
        if not open_ or all(view.trigger for view in open_):
            return False
        self.waiting = [
            note.waiting_for
            for note in self.backend.published().notes.values()
            if note.waiting_for is not None
        ]
        answer: Any = _Unheard()
        self.inbox.put(Asked(Panic(actor="tape", reason="tape_end"), answer))
        return True

    # --- what it says of itself ------------------------------------------------------------------

    waiting: list[str] = []  # noqa: RUF012 - replaced whole, never changed

    def report(self) -> dict[str, Any]:
        """Tape, invariants and what was still waited for."""
        return {
            "tape": self.theatre.told(),
            "invariants": self.auditor.report(),
            "at_end": self.stage.ended,
            "waiting": self.waiting,
            "lowest": self.theatre.lowest.results() if self.theatre.lowest else {},
        }

    def live(self) -> tuple[Check, ...]:
        """Every critical thread has shown a sign of life."""
        return tuple(
            Check(name, seconds < LIVE_S, f"{seconds:.1f} s")
            for name, seconds in self._silent_s().items()
        )

    def _alive(self) -> bool:
        return all(check.ok for check in self.live())

    def _published(self) -> Published:
        return self.backend.published()

    def _silent_s(self) -> dict[str, float]:
        silent = {worker.name: worker.silent_s() for worker in (self.monitor_thread, *self.lanes)}
        silent["feed"] = monotonic_s() - self.stage.beat_s
        return silent

    def _rows_played(self) -> dict[str, int]:
        return {"tape": self.theatre.rows_played()}

    def _status(self) -> str:
        door = f"http://{self.places.http_host}:{self.http.server_port}"
        return status_text(self._published(), door)

    def ready(self) -> tuple[Check, ...]:
        """It may trade: journal open, the exchange in reach, prices seen, month open."""
        seen = all(market.board.last is not None for market in self.monitor.markets.values())
        return (
            Check("serving", self.serving),
            Check("exchange", self.reach.within()),
            Check("prices", seen),
            Check("month", self.roster.month is not None),
            Check("disk", not self.keeper.trouble()),
        )

    # --- stop ------------------------------------------------------------------------------------

    def stop(self) -> None:
        """In order: doors, tape, what is under way, the monitor, the lanes, the lock last.

        Exchange stops stay where they are.
        """
        self.serving = False
        self.keeper.stop()
        self.alerts.stop()
        self.api.set_serving(serving=False)
        self.api.stop(0.5)
        self.http.shutdown()
        self.stage.stop()
        self.feed.join(STOPPING_S)
        self.stillness.wait_still(CALL_S)  # answers of an exchange next door
        self.monitor_thread.call(self._say_goodbye)
        self.inbox.close()
        self.monitor_thread.join(STOPPING_S)
        for lane in self.lanes:
            lane.inbox.close()
        for lane in self.lanes:
            lane.join(STOPPING_S)
        self.theatre.close()
        self.lock.release()

    def abandon(self) -> None:
        """Let go of what a start that failed had taken; the process ends after this."""
        self.keeper.stop()
        self.stage.stop()
        if self.feed.is_alive():
            self.feed.join(STOPPING_S)
        self.inbox.close()
        for lane in self.lanes:
            if lane.is_alive():
                lane.inbox.close()

    def _say_goodbye(self) -> None:
        now = self.theatre.clock.exchange_ns()
        self.roster.commit((Stopped(at_ns=now, epoch=self.journal.epoch),))
        self.diary.write()
        self.snapshots.keep()
        self.journal.close()


class _Unheard:
    """Where an answer goes that nobody waits for."""

    def set_result(self, _result: Any) -> None:
        """Nobody listens."""

    def set_exception(self, _error: BaseException) -> None:
        """Nobody listens."""
