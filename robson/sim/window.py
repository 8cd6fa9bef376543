"""What a person who looks is told in a world: the daemon's own status, made by its own parts."""

from __future__ import annotations

from typing import Any, cast

from robson.api.checked import Examiner
from robson.api.document import status as document
from robson.api.facts import DiskFact
from robson.api.published import Published
from robson.api.translate import status as translate
from robson.daemon import logs
from robson.daemon.backend import About, DaemonBackend
from robson.daemon.config import Config
from robson.daemon.inbox import Inbox
from robson.daemon.keeper import Keeper
from robson.daemon.monitor import Monitor
from robson.daemon.reach import Reach
from robson.domain.values import ExchangeNs
from robson.store.reader import JournalReader

ROOM_MIB = 4096


class _Room:
    """The journal's disk in a world: there is always room."""

    since_ns = None

    def room(self) -> DiskFact:
        return DiskFact(free_mib=ROOM_MIB, warn_mib=200, entry_mib=64)

    def trouble(self) -> str:
        return ""


class _Reached:
    """The exchange in a world: whether it answers is what its faults say."""

    def fact(self) -> None:
        return None


def status_of(monitor: Monitor, account: str, started_ns: int) -> dict[str, Any]:
    """The status document of a daemon."""
    seen = published_by(monitor, account, started_ns)
    told = translate.status(seen, symbol=None, states=frozenset())
    return document.status(told, "world")


def published_by(monitor: Monitor, account: str, started_ns: int) -> Published:
    """What a daemon shows to whoever asks."""
    about = About(
        version="world",
        instance_id="world",
        profile="sim",
        account=account,
        started_ns=ExchangeNs(started_ns),
        source="tape",
    )
    backend = DaemonBackend(
        monitor,
        cast("Inbox", None),
        cast("JournalReader", None),
        about,
        config=cast("Config", None),
        log=logs.Ring(),
        keeper=cast("Keeper", _Room()),
        report=dict,
        reach=cast("Reach", _Reached()),
        hears=lambda: True,
        on_refused=_nobody,
        examination=cast("Examiner", None),
    )
    return backend.published()


def _nobody(_command: object, _refused: object) -> None:
    """Nobody hears of a refusal here."""
