"""Chooses what stands for the exchange: tapes in this process, one next door, or Binance.

The rest of the daemon knows none of them by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from robson.connectors.simulated.line import path_of
from robson.daemon.config import Config
from robson.daemon.doctor import exchange
from robson.daemon.inbox import Inbox
from robson.daemon.programme import Programme
from robson.daemon.remote import RemoteStage, RemoteTheatre
from robson.daemon.simulated import Theatre
from robson.daemon.worker import Fatal
from robson.domain.errors import ConfigError, RobsonError, TapeError
from robson.domain.identity import AccountId
from robson.domain.values import ExchangeNs
from robson.domain.view import PositionView

if TYPE_CHECKING:  # the simulated profile starts without requests, urllib3 and websocket-client
    from robson.daemon.binance import BinanceTheatre
    from robson.daemon.listening import Listening

Outside: TypeAlias = "Theatre | RemoteTheatre | BinanceTheatre"
Beside: TypeAlias = "RemoteStage | Listening"


def theatre_of(
    config: Config,
    programme: Programme,
    directory: Path,
    account: AccountId,
    views: Callable[[], Sequence[PositionView]],
) -> Outside:
    """Pairs, prices and time of the profile.

    Raises:
        ExchangeUnreachable: nobody answers there.
        ConfigError: a pair cannot be traded there, or the key cannot be used.
    """
    if config["profile"] == "paper":
        from robson.daemon.paper import PaperTheatre

        return PaperTheatre(config, directory, account)
    if config["profile"] == "live":
        from robson.daemon.binance import BinanceTheatre, access_of

        theatre = BinanceTheatre(access_of(config))
        theatre.checked(tuple(exchange(config)))
        return theatre
    if programme.options.exchange is not None:
        return RemoteTheatre(path_of(programme.options.exchange))
    return Theatre(programme, directory, account, views)


def stage_of(
    theatre: RemoteTheatre | BinanceTheatre,
    inbox: Inbox,
    timer_due_ns: Callable[[int | None], ExchangeNs | None],
    unfinished: Callable[[], bool],
    fatal: Fatal,
) -> Beside:
    """The feed's thread and the lanes' ways, where the exchange is not in this process."""
    if isinstance(theatre, RemoteTheatre):
        return RemoteStage(theatre, inbox, timer_due_ns, unfinished)
    from robson.daemon.listening import Listening

    return Listening(theatre, inbox, timer_due_ns, unfinished, fatal)


def not_followed(profile: str, symbol: str) -> RobsonError:
    """The journal has a position on a pair whose prices nobody would hear."""
    if profile == "sim":
        return TapeError(
            f"the journal has a position on {symbol}, and no tape of it is played; add"
            f" --tape {symbol}=PATH, or begin anew with --fresh or another --state-dir."
        )
    return ConfigError(
        f"the journal has a position on {symbol}, and exchange.symbols does not name it;"
        f" add {symbol} there"
    )
