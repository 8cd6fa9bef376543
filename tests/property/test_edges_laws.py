"""The index of edges against looking at every position, after any sequence of changes."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from robson.domain.identity import PositionId
from robson.domain.values import Ticks
from robson.engine.band import EVERYTHING, NOTHING, Band
from robson.engine.edges import Edges

POSITIONS = [PositionId.of(number) for number in range(8)]
PRICES = st.integers(-3, 23)
BANDS = st.one_of(
    st.builds(
        lambda low, width: Band(Ticks(low), Ticks(low + width)),
        st.integers(0, 20),
        st.integers(1, 20),
    ),
    st.sampled_from([EVERYTHING, NOTHING]),
)
CHANGES = st.lists(st.tuples(st.sampled_from(POSITIONS), BANDS | st.none()), max_size=40)


def at_all(bands: dict[PositionId, Band]) -> Band:
    """The prices quiet for each, by looking at each."""
    low = max((band.low for band in bands.values()), default=EVERYTHING.low)
    high = min((band.high for band in bands.values()), default=EVERYTHING.high)
    return Band(low, high)


def test_every_position_is_found_as_by_looking_at_all(
    record_property: Callable[[str, object], None],
) -> None:
    crossed = spared = 0

    @settings(max_examples=400, deadline=None)
    @given(changes=CHANGES, prices=st.lists(PRICES, min_size=1, max_size=6))
    def law(changes: list[tuple[PositionId, Band | None]], prices: list[int]) -> None:
        nonlocal crossed, spared
        edges, bands = Edges(), dict[PositionId, Band]()
        for position, band in changes:
            if band is None:
                edges.drop(position)
                bands.pop(position, None)
            else:
                edges.put(position, band)
                bands[position] = band
            assert edges.band == at_all(bands)
            for price in prices:
                wanted = [name for name in sorted(bands) if price not in bands[name]]
                assert edges.crossed(price) == wanted
                crossed += len(wanted)
                spared += len(bands) - len(wanted)

    law()
    assert crossed > 1_000
    assert spared > 1_000
    record_property("note", f"index of edges: {crossed} positions crossed, {spared} spared")
