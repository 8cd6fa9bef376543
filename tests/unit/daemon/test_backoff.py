"""Waits between questions that nobody answers: longer each time, half by chance, 30 s at most."""

from __future__ import annotations

import pytest

from robson.daemon.backoff import wait_ns
from robson.domain.values import NS_PER_S


@pytest.mark.parametrize(
    ("silences", "most_s"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30), (7, 30), (99, 30)]
)
def test_each_silence_waits_longer_up_to_half_a_minute(silences: int, most_s: int) -> None:
    assert wait_ns(silences, 0) == most_s * NS_PER_S // 2
    assert wait_ns(silences, (1 << 16) - 1) == most_s * NS_PER_S
    assert wait_ns(silences, 1 << 16) == wait_ns(silences, 0), "as many bits as there are"
