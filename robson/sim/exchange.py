"""``robson-sim exchange``: the simulated exchange as a process of its own, behind a unix socket.

The books are committed before anything is answered, so it may be killed too. SIGTERM and Ctrl-C end
it in order; the daemons that were connected go on without it and say so.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import attrs

from robson.connectors.simulated.line import listen, path_of
from robson.connectors.simulated.server import ExchangeServer, Pair
from robson.daemon.clock import monotonic_s
from robson.daemon.programme import Programme, SimOptions, programme
from robson.daemon.simulated import Theatre
from robson.daemon.ticks import TickBoard
from robson.domain.errors import InvalidValue
from robson.domain.identity import AccountId


@attrs.frozen
class _Shown:
    """A board nobody judges: what was left on it is told to whoever listens."""

    board: TickBoard

    def take(self) -> list[tuple[int, int]]:
        return [(tick.price, tick.at_ns) for tick in self.board.take_or_publish((0, 0))]


def serve(
    options: SimOptions,
    *,
    address: str,
    state_dir: Path,
    account: str,
    by_hand: bool,
    ready: Callable[[str], None],
    ended: Callable[[], bool],
) -> None:
    """Open the books, go to where the market stood, and serve until the end.

    ``ready`` is told in one line what is served, once callers can connect. ``by_hand``: prices
    move only when a caller asks.

    Raises:
        ConfigError: the address is none, or somebody listens there.
    """
    if options.speed is None:
        raise InvalidValue("--speed max has no meaning here: two processes share one clock")
    played: Programme = programme(options)
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    listening = listen(path_of(address))
    theatre = Theatre(played, state_dir, AccountId(account), tuple)
    theatre.resume(0)
    if by_hand:
        theatre.driver.players = ()
    pairs = {
        str(one.instrument.symbol): Pair(
            instrument=one.instrument, candles=one.candles, prices=_Shown(one.board)
        )
        for one in theatre.played
    }
    described = theatre.describe() + (", moved by hand" if by_hand else "")
    server = ExchangeServer(
        theatre.driver,
        pairs,
        listening,
        speed=options.speed,
        by_hand=by_hand,
        described=described,
        monotonic_s=monotonic_s,
        ended=functools.partial(_remembering, theatre, ended),
    )
    ready(f"{described}, speed {options.speed:f}x, at {address}")
    try:
        server.run()
    finally:
        theatre.close()


def _remembering(theatre: Theatre, ended: Callable[[], bool]) -> bool:
    """Keep where time stands, for the next start, each time the end is asked for."""
    theatre.tape_clock.write(theatre.clock.now_ns)
    return ended()
