"""A venue that died before its first price was in its books comes back with that of its tape."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path

from robson.daemon.programme import SimOptions, programme
from robson.domain.identity import AccountId
from robson.sim.venue.market import Market


def begun(place: Path) -> Market:
    """A venue's market by hand, from now on."""
    return Market(
        programme(SimOptions()),
        place,
        accounts=(AccountId("main"),),
        speed=Decimal(1),
        wall_ns=time.time_ns(),
        by_hand=True,
        monotonic_s=time.monotonic,
    )


def test_a_clock_without_books_is_enough_to_know_the_price(tmp_path: Path) -> None:
    begun(tmp_path).close()
    for left in (tmp_path / "exchange").glob("books.db*"):
        left.unlink()

    again = begun(tmp_path)
    [pair] = again.pairs.values()
    assert pair.player.price is not None
    stands = pair.instrument.price_of(pair.player.price)
    assert again.exchange.market(pair.instrument.symbol).last == stands > 0
    again.close()
