"""One idempotency key: however often and however much at once it is used, there is one position."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from robson.api.client import CallFailed, Client
from tests.e2e import shapes
from tests.e2e.harness import Robsond, running

AT_ONCE = 20
BODY = {"symbol": "BTCUSDT", "strategy": "all-in", "side": "long", "capital": "5000"}
OTHER_BODIES = [
    {"strategy": "now"},
    {"capital": "4000"},
    {"side": "short"},
    {"leverage": 2},
]


@pytest.fixture
def robsond(place: Path) -> Iterator[Robsond]:
    past, tape = shapes.write_past(place), shapes.write_path(place, shapes.still(600))
    options = ("--tape", str(tape), "--history", str(past), "--speed", "1")
    with running(place / "s", *options) as made:
        yield made


def test_arms_at_once_with_one_key(robsond: Robsond, record_property: Any) -> None:
    robsond.start()

    def one(_number: int) -> str:
        with_own_channel = Client(robsond.door, actor="test", timeout_s=30)
        try:
            return with_own_channel.arm(**BODY, idempotency_key="k").position.id
        finally:
            with_own_channel.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ids = list(pool.map(one, range(AT_ONCE)))

    assert len(ids) == AT_ONCE
    assert len(set(ids)) == 1
    assert [row.name for row in robsond.rows()].count("position_armed") == 1
    record_property("happened", f"one key: {AT_ONCE} arms at once, one position")


@pytest.mark.parametrize("other", OTHER_BODIES, ids=str)
def test_key_is_not_used_for_something_else(
    robsond: Robsond, other: dict[str, Any], record_property: Any
) -> None:
    client = robsond.start()
    first = client.arm(**BODY, idempotency_key="k").position.id
    with pytest.raises(CallFailed) as refused:
        client.arm(**(BODY | other), idempotency_key="k")
    assert refused.value.code == "IDEMPOTENCY_CONFLICT"
    assert first in refused.value.message

    robsond.kill()
    again = robsond.start().arm(**BODY, idempotency_key="k")
    assert again.position.id == first, "a key outlives the process"
    assert [row.name for row in robsond.rows()].count("position_armed") == 1
    record_property("happened", "one key: another body refused")
