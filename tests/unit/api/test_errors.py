"""The error table, row by row, from a refusal in the daemon to the exit code of the CLI."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

import grpc
import pytest

from robson.api.errors import ROWS, Row, code_of_status, row_of
from robson.cli.main import run
from robson.domain.commands import Command
from robson.domain.errors import InvalidValue, Refused
from tests.contract.fake_daemon import FakeBackend, listening

# As the design says it, written out once more: exit code, gRPC status, codes.
TABLE = {
    1: {"INTERNAL": ["INTERNAL"], "CANCELLED": ["CANCELLED_BY_USER"]},
    2: {
        "INVALID_ARGUMENT": [
            "INVALID_ARGUMENT",
            "UNKNOWN_SYMBOL",
            "UNKNOWN_STRATEGY",
            "AMBIGUOUS_POSITION",
        ]
    },
    3: {
        "UNAVAILABLE": ["UNAVAILABLE"],
        "DEADLINE_EXCEEDED": ["DEADLINE_EXCEEDED"],
        "RESOURCE_EXHAUSTED": ["RESOURCE_EXHAUSTED"],
    },
    4: {"UNAUTHENTICATED": ["UNAUTHENTICATED"], "PERMISSION_DENIED": ["PERMISSION_DENIED"]},
    5: {"NOT_FOUND": ["POSITION_NOT_FOUND"]},
    6: {
        "FAILED_PRECONDITION": [
            "INVALID_STATE_TRANSITION",
            "STILL_DEGRADED",
            "MANUAL_SIGNALS_OFF",
            "NOT_SIMULATED",
            "NO_STANDBY",
        ]
    },
    7: {
        "ALREADY_EXISTS": ["duplicate_position", "IDEMPOTENCY_CONFLICT"],
        "FAILED_PRECONDITION": [
            "max_open_positions",
            "wallet_not_clean",
            "daily_loss_limit",
            "daily_trade_limit",
            "leverage_limit",
            "stop_invalid",
            "stop_gain_net_low",
            "stop_order_unsupported",
            "signal_stale",
            "price_drift",
            "size_too_small",
            "size_too_large",
            "insufficient_margin",
            "liquidation_too_close",
            "risk_per_trade",
            "risk_budget_insufficient",
            "observing",
        ],
    },
    8: {
        "ABORTED": ["EXCHANGE_REJECTED"],
        "UNAVAILABLE": ["EXCHANGE_UNAVAILABLE", "ORDER_UNKNOWN"],
    },
    9: {"FAILED_PRECONDITION": ["not_leader", "degraded", "HALTED", "monthly_halt", "not_running"]},
    10: {"DEADLINE_EXCEEDED": ["PENDING"]},
}
EXPECTED = [
    Row(code, status, exit_code)
    for exit_code, by_status in TABLE.items()
    for status, codes in by_status.items()
    for code in codes
]


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[FakeBackend, str]]:
    backend = FakeBackend()
    with listening(backend) as (_, doors):
        yield backend, str(doors.socket)


@pytest.mark.parametrize("row", EXPECTED, ids=lambda row: row.code)
def test_a_refusal_becomes_its_status_and_its_exit_code(
    served: tuple[FakeBackend, str], row: Row
) -> None:
    backend, door = served

    def refuse(_command: Command, _timeout_s: float) -> Any:
        raise Refused(row.code, "said so.", (("needs", "1.50"), ("word", "much")))

    backend.answer = refuse
    out = io.StringIO()
    with redirect_stdout(out):
        code = run(["disarm", "SOLUSDT", "--json", "--daemon-url", door], {})
    said = json.loads(out.getvalue())

    assert code == row.exit == said["exit"]
    assert said["error"]["code"] == row.code
    assert said["error"]["details"] == {"needs": 1.5, "word": "much"}
    assert row_of(row.code).status == row.status
    assert grpc.StatusCode[row.status]


def test_the_table_is_the_design_and_nothing_else() -> None:
    assert {row.code for row in ROWS} == {row.code.upper() for row in EXPECTED}


def test_a_refusal_nobody_listed_is_a_gate() -> None:
    assert row_of("something_new") == Row("something_new", "FAILED_PRECONDITION", 7)


def test_a_status_without_a_code_is_never_the_exchange_s_fault() -> None:
    assert code_of_status("UNAVAILABLE") == "UNAVAILABLE"
    assert code_of_status("UNIMPLEMENTED") == "INTERNAL"


def test_a_value_that_breaks_its_own_rule_is_an_invalid_argument(
    served: tuple[FakeBackend, str],
) -> None:
    backend, door = served

    def refuse(_command: Command, _timeout_s: float) -> Any:
        raise InvalidValue("leverage is 11; allowed is 1 to 10")

    backend.answer = refuse
    with redirect_stdout(io.StringIO()):
        assert run(["disarm", "SOLUSDT", "--json", "--daemon-url", door], {}) == 2
