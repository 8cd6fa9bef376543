"""Every view with every document that it has to show, by name: the catalogue of all screens."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from robson.cli.screens import (
    arm,
    config,
    doctor,
    errors,
    explain,
    finding,
    history,
    life,
    panic,
    reconcile,
    records,
    risk,
    status,
    summary,
    verdicts,
    watch,
)
from robson.cli.screens.line import ASCII, UNICODE, Line, Page
from robson.cli.screens.moment import Life, Sample
from tests.unit.cli.screens import arm_documents as arms
from tests.unit.cli.screens import documents as docs
from tests.unit.cli.screens import lives, stories
from tests.unit.cli.screens import other_documents as others
from tests.unit.cli.screens import panic_documents as panics
from tests.unit.cli.screens import reconcile_documents as looks
from tests.unit.cli.screens import risk_documents as risks
from tests.unit.cli.screens.doctor_documents import DOCTORS
from tests.unit.cli.screens.documents import Doc, changed, numbers

View = Callable[[Page], list[Line]]
WIDTHS = (60, 80, 120)
PAGES = {
    **{f"{width} unicode": Page(width, UNICODE) for width in WIDTHS},
    **{f"{width} ascii": Page(width, ASCII) for width in WIDTHS},
    "80 plain": Page(80, ASCII, plain=True),
    "120 piped": Page(120, UNICODE, full_ids=True),
}

STATUSES = {
    "calm": docs.STATUS,
    "empty": docs.EMPTY,
    "idle": docs.IDLE,
    "unprotected": docs.UNPROTECTED,
    "paid-in-bnb": docs.PAID_IN_BNB,
    "uninsured": docs.UNINSURED,
    "observing": docs.OBSERVING,
    "order-unknown": docs.ORDER_UNKNOWN,
    "frozen": docs.FROZEN,
    "error": docs.ERROR,
    "degraded": docs.DEGRADED,
    "slow-feed": docs.SLOW_FEED,
    "not-leader": docs.NOT_LEADER,
    "halted": docs.HALTED,
    "no-capital": docs.NO_CAPITAL,
    "paused": docs.PAUSED,
    "replica-behind": docs.BEHIND,
    "no-exchange": docs.NO_EXCHANGE,
    "key-refused": docs.KEY_REFUSED,
    "disk-low": docs.DISK_LOW,
    "no-room": docs.NO_ROOM,
    "placing": docs.PLACING,
    "exiting": docs.EXITING,
    "simulated": docs.SIMULATED,
    "five-findings": docs.FIVE,
}
DRY_RUNS = {
    "dry-run": arms.DRY_RUN,
    "denied": arms.DENIED,
    "no-stop": arms.NO_STOP,
    "atr-stop": arms.ATR_STOP,
    "by-margin": arms.BY_MARGIN,
    "armed": arms.ARMED_NOW,
    "asked-for-more": arms.ASKED_FOR_MORE,
    "no-exchange-stop": arms.NO_EXCHANGE_STOP,
    "armed-bare": arms.ARMED_BARE,
    "armed-observing": arms.ARMED_IN_VAIN,
}
ERRORS = {
    "bad-symbol": others.BAD_SYMBOL,
    "bad-leverage": others.BAD_LEVERAGE,
    "ambiguous": others.AMBIGUOUS,
    "not-armed": others.NOT_ARMED,
    "no-daemon": others.NO_DAEMON,
    "pending": others.PENDING,
    "internal": others.INTERNAL,
}
RISKS = {
    "room": risks.ROOM,
    "no-room": risks.NO_ROOM,
    "met": risks.MET,
    "halted": risks.HALTED,
}
OPERATORS = {
    "pause": risks.ADMIN,
    "drain": risks.DRAINING,
    "halt": risks.HALTING,
    "clear-halt": risks.CLEARED,
    "clear-degraded": risks.THAWED,
    "resolve": risks.RESOLVED,
}
LOOKS = {
    "agreed": looks.AGREED,
    "vanished": looks.VANISHED,
    "followed": looks.FOLLOWED,
    "unexplained": looks.UNEXPLAINED,
}
HISTORIES = {
    "week": others.HISTORY,
    "nothing": others.NO_HISTORY,
    "unsettled": others.UNSETTLED_HISTORY,
    "paid-in-bnb": others.HISTORY_IN_BNB,
}
EXPLAINED = {
    "closed": lives.EXPLAIN,
    "active": lives.EXPLAIN_ACTIVE,
    "uninsured": stories.EXPLAIN_UNINSURED,
    "paid-in-bnb": stories.EXPLAIN_PAID_IN_BNB,
    "stopped": stories.EXPLAIN_STOPPED,
    "refused": stories.EXPLAIN_REFUSED,
    "climb": stories.EXPLAIN_CLIMB,
}
REPORT: Doc = {
    "tape": {"description": "recorded"},
    "invariants": {"checked": {f"S{n}": 1204 for n in range(1, 15)}, "violated": []},
    "at_end": False,
    "waiting": [],
}
THEN = (
    ("./tools/demo --crash", "kills the daemon on the way"),
    ("./tools/demo --side short --speed max", "the other side, at once"),
)


def _silent(silent_s: float, page: Page) -> list[Line]:
    return status.status(numbers(docs.STATUS), page, silent_s=silent_s)


def _watched(page: Page, height: int = 24, **more: object) -> list[Line]:
    seen = watch.Seen(numbers(docs.STATUS), 0.3, "unix:///run/robson/robsond.sock")
    return watch.watch(seen._replace(**more), page, height)  # type: ignore[arg-type]


def _life(document: Doc, page: Page, rows: int = 2000, **more: object) -> list[Line]:
    return life.live(a_life(document, rows, **more), page)


def a_life(document: Doc, rows: int = 2000, **more: object) -> Life:
    """A life in the middle, with its price path so far."""
    read = numbers(document)
    now = read["as_of"]
    path = [Sample(lives.iso(at), Decimal(price)) for at, price in lives.PATH]
    known = tuple(row for row in numbers(lives.ROWS) if row["seq"] < rows and row["at"] <= now)
    made = Life(read, read["positions"][0], tuple(each for each in path if each.at <= now), known)
    return made._replace(**more)  # type: ignore[arg-type]


def ending(position: Doc = lives.CLOSED_LONG, rows: list[Doc] = lives.ROWS) -> summary.Ending:
    """A demo that is over."""
    return summary.Ending(
        numbers(position), numbers(rows), Decimal("-66.35"), numbers(REPORT), then=THEN
    )


def _refused(page: Page) -> list[Line]:
    rejection = {
        "code": "stop_gain_net_low",
        "message": "the stop-gain nets 0.31 R after costs",
        "numbers": {"net_r": "0.31", "limit": "0.5"},
        "at": lives.iso(5),
    }
    position = changed(lives.SIM_LONG, state="cancelled", entry_price=None)
    return summary.nothing_opened([rejection], [], ending(position, []), page)


def _waited(page: Page) -> list[Line]:
    waiting = [{"detector": "ma_crossover", "fast": "117,001.20", "slow": "117,404.85"}]
    position = changed(lives.SIM_LONG, state="armed", entry_price=None)
    return summary.nothing_opened([], waiting, ending(position, []), page)


def _violated(page: Page) -> list[Line]:
    report = changed(REPORT, invariants__violated=["S10 Covered: naked for 3.42 s, budget 3.00"])
    return summary.closed(ending()._replace(report=report), page)


def _crashed(page: Page) -> list[Line]:
    told = (
        "robsond was killed while it held 0.07021 BTC. The exchange stop rests all the while.",
        "The exchange's log holds 1\u00a0entry\u00a0order among 23\u00a0requests.",
    )
    return summary.closed(ending()._replace(crash=told), page)


def _cannot_see(page: Page) -> list[Line]:
    return status.cannot_see("unix:///run/robson/robsond.sock", page)


def _banner(page: Page) -> list[Line]:
    tag = finding.tag_segment(finding.CANNOT_SEE, page.symbols)
    said = "robsond was killed. By the exchange's own books the exchange stop 117,765.44 rests."
    return _life(lives.ACTIVE, page, banner=(tag, said))


def of(view: Callable[[Doc, Page], list[Line]], document: Doc) -> View:
    """A view of one document."""
    return partial(view, numbers(document))


VIEWS: dict[str, View] = {
    **{f"status-{name}": of(status.status, doc) for name, doc in STATUSES.items()},
    "status-stale": partial(_silent, 12.0),
    "status-cannot-see": _cannot_see,
    **{f"arm-{name}": of(arm.arm, doc) for name, doc in DRY_RUNS.items()},
    "panic-preview": of(panic.preview, panics.PANIC_PREVIEW),
    "panic-bare": of(panic.preview, panics.PANIC_BARE),
    "panic-nothing": of(panic.preview, panics.PANIC_NOTHING),
    "panic-going": of(panic.progress, panics.PANIC_GOING),
    "panic-pending": of(panic.progress, panics.PANIC_PENDING),
    "panic-done": of(panic.progress, panics.PANIC_DONE),
    "panic-interrupted": panic.interrupted,
    **{f"risk-{name}": of(risk.risk, doc) for name, doc in RISKS.items()},
    **{f"admin-{name}": of(risk.admin, doc) for name, doc in OPERATORS.items()},
    **{f"reconcile-{name}": of(reconcile.reconcile, doc) for name, doc in LOOKS.items()},
    **{f"doctor-{name}": of(doctor.doctor, doc) for name, doc in DOCTORS.items()},
    "disarm-cancelled": of(panic.disarm, panics.DISARMED),
    "disarm-noop": of(panic.disarm, panics.DISARM_NOOP),
    "disarm-asked": of(panic.disarm, panics.DISARM_ASKED),
    **{f"history-{name}": of(history.history, doc) for name, doc in HISTORIES.items()},
    **{f"explain-{name}": of(explain.explain, doc) for name, doc in EXPLAINED.items()},
    **{f"error-{name}": of(errors.error, doc) for name, doc in ERRORS.items()},
    "watch-calm": _watched,
    "watch-low": partial(_watched, height=6),
    "watch-silent": partial(_watched, silent_s=64.0),
    "watch-refused": partial(_watched, silent_s=1.9, refused=True),
    "watch-never": partial(_watched, silent_s=3.1, document=None, refused=True),
    "event-filled": of(records.event, others.EVENT),
    "event-account": of(records.event, others.ACCOUNT_EVENT),
    "log-warning": of(records.log, others.LOG_LINE),
    "config-shown": of(config.config, others.CONFIG),
    "config-none": of(config.config, others.NO_CONFIG),
    "config-daemon": of(config.daemon, others.DAEMON_CONFIG),
    "config-written": of(config.written, others.CONFIG),
    "demo-armed": partial(_life, stories.ARMED_STATUS, rows=1041),
    "demo-placing": partial(_life, stories.PLACING, rows=1050),
    "demo-active": partial(_life, lives.ACTIVE),
    "demo-silent": partial(_life, lives.ACTIVE, silent_s=7.4),
    "demo-killed": _banner,
    "demo-closed": lambda page: summary.closed(ending(), page),
    "demo-paid-in-bnb": lambda page: summary.closed(
        ending(changed(lives.CLOSED_LONG, other_fees=docs.IN_BNB)), page
    ),
    "demo-stopped": lambda page: summary.closed(
        ending(stories.STOPPED_LONG, stories.STOPPED_ROWS), page
    ),
    "demo-crashed": _crashed,
    "demo-violated": _violated,
    "demo-refused": _refused,
    "demo-waited": _waited,
}


def found_in(document: Doc) -> list[finding.Finding]:
    """The findings of a status document."""
    return verdicts.findings(numbers(document), UNICODE)
