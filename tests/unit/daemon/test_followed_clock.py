"""The exchange's clock, followed: what is told never runs back, what is signed by it may."""

from __future__ import annotations

from typing import Any

import pytest

from robson.daemon import remote
from robson.domain.values import NS_PER_S


def test_a_clock_that_was_set_back_is_signed_by_at_once(
    monkeypatch: pytest.MonkeyPatch, record_property: Any
) -> None:
    machine = [100.0]
    monkeypatch.setattr(remote, "monotonic_s", lambda: machine[0])
    clock = remote.FollowedClock(1_000 * NS_PER_S, speed=2.0)
    machine[0] += 3
    assert clock.exchange_ns() == clock.signing_ns() == 1_006 * NS_PER_S

    clock.heard(990 * NS_PER_S)
    machine[0] += 1
    assert clock.signing_ns() == 992 * NS_PER_S
    assert clock.exchange_ns() == 1_008 * NS_PER_S, "what was told has been told"

    clock.heard(1_020 * NS_PER_S)
    assert clock.signing_ns() == clock.exchange_ns() == 1_020 * NS_PER_S
    record_property("happened", "set back and caught up")
