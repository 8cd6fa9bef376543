"""Every document of the CLI, byte for byte, over a real server.

Run with ROBSON_GOLDEN=write to renew the files in golden/ after a change that was meant.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robson.api.client import Client
from robson.api.document import answers, records
from robson.api.document.admin import admin
from robson.api.document.arm import arm
from robson.api.document.doctor import doctor
from robson.api.document.reconcile import reconcile
from robson.api.document.status import risk, status
from robson.api.document.text import Document, dumps
from robson.api.told import ConfigKey, LogLine
from robson.cli import parser
from robson.cli.commands import config
from robson.domain.commands import Command
from tests.contract import lives
from tests.contract.fake_daemon import Denial, FakeBackend, listening, preview

GOLDEN = Path(__file__).with_name("golden")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "json.md"
DOOR = "unix:///run/robson/robsond.sock"
ASKED = {
    "symbol": "BTCUSDT",
    "strategy": "now",
    "side": "long",
    "capital": "10000",
    "leverage": 3,
    "dry_run": True,
    "idempotency_key": "",
}


def _denied(_command: Command, _timeout_s: float) -> Any:
    return preview(
        Denial(
            code="risk_budget_insufficient",
            message="The month has too little left.",
            numbers=(("needs", "99.99"), ("remaining", "61.40")),
        )
    )


def _armed(client: Client) -> Document:
    asked = {**ASKED, "symbol": "SOLUSDT", "dry_run": False, "idempotency_key": "00ff"}
    return arm(asked, client.arm(**asked), DOOR, then="robson status --symbol SOLUSDT")


MAKERS = {
    "status": lambda client: status(client.status(), DOOR),
    "status-closed": lambda client: status(client.status(states=("closed", "cancelled")), DOOR),
    "arm": _armed,
    "arm-dry-run": lambda client: arm(ASKED, client.arm(**ASKED), DOOR, then="robson arm BTCUSDT"),
    "arm-denied": lambda client: arm(ASKED, client.arm(**ASKED), DOOR, then="robson arm BTCUSDT"),
    "disarm": lambda client: answers.disarm(
        client.disarm("SOLUSDT"), DOOR, then="robson status --symbol SOLUSDT"
    ),
    "panic-dry-run": lambda client: answers.panic(
        next(client.panic(dry_run=True)), DOOR, then="robson panic --confirm"
    ),
    "panic": lambda client: answers.panic(list(client.panic())[-1], DOOR, then="robson status"),
    "risk": lambda client: risk(client.risk(), DOOR),
    "admin": lambda client: admin(
        {"action": "pause", "reason": "an upgrade", "scope": None},
        client.set_runtime_state("paused", reason="an upgrade"),
        DOOR,
        then="robson risk",
    ),
    "admin-halt": lambda client: admin(
        {"action": "halt", "reason": "enough", "scope": None},
        client.trigger_halt(reason="enough"),
        DOOR,
        then="robson risk",
    ),
    "admin-clear-degraded": lambda client: admin(
        {"action": "clear-degraded", "reason": "checked", "scope": "BTCUSDT"},
        client.clear_degraded("BTCUSDT", reason="checked"),
        DOOR,
        then="robson risk",
    ),
    "admin-resolve": lambda client: admin(
        {"action": "resolve", "reason": "checked", "scope": None},
        client.resolve("BTCUSDT", "closed", reason="checked"),
        DOOR,
        then="robson reconcile --symbol BTCUSDT",
    ),
    "reconcile": lambda client: reconcile(
        client.reconcile(report_only=True), DOOR, then="robson status"
    ),
    "doctor": lambda client: doctor(client.doctor(), DOOR),
    "doctor-alerts": lambda client: doctor(client.test_alert(), DOOR),
    "history": lambda client: answers.history(client.history(days=7), DOOR),
    "explain": lambda client: answers.explain(client.explain("BTCUSDT"), DOOR),
    "event": lambda client: records.event(next(client.watch(after_seq=1044, until_now=True))),
    "log": lambda client: records.log_line(next(client.logs())),
    "config": lambda _client: config.document(
        parser.parse(["config", "show", "--config", "/none", "--timeout", "700"]),
        {"NO_COLOR": "1"},
        {},
    ),
    "daemon_config": lambda client: records.daemon_config(client.config(), DOOR),
    "error": lambda _client: answers.error(
        answers.error_block(
            "AMBIGUOUS_POSITION", "3QM4 fits 2 positions.", {"candidates": "pos_A pos_B"}
        ),
        2,
    ),
}


@pytest.fixture
def client() -> Iterator[Client]:
    with listening(FakeBackend()) as (_, doors):
        yield Client(str(doors.socket), actor="ops@edge-1")


@pytest.mark.parametrize("name", MAKERS)
def test_the_document_is_as_it_was(name: str) -> None:
    backend = FakeBackend(answer=_denied if name == "arm-denied" else None)
    backend.lines.append(
        LogLine(number=7, at_ns=lives.NOON, level="info", message="heard", position=lives.BTC_ID)
    )
    backend.keys = (
        ConfigKey(key="risk.max_leverage", value="3", default="3", source="default", meaning="m"),
        ConfigKey(key="pg.dsn", value="", default="", source="f", meaning="m", secret=True),
    )
    with listening(backend) as (_, doors):
        text = dumps(MAKERS[name](Client(str(doors.socket), actor="ops@edge-1"))) + "\n"
    file = GOLDEN / f"{name}.json"
    if os.environ.get("ROBSON_GOLDEN") == "write":
        file.write_text(text)

    assert text == file.read_text()


@pytest.mark.parametrize("name", MAKERS)
def test_the_document_is_json_whose_numbers_are_exact(name: str) -> None:
    text = (GOLDEN / f"{name}.json").read_text()
    document = json.loads(text, parse_float=Decimal)

    assert document["schema"] == f"robson.{name.partition('-')[0]}/1"
    for number in _numbers(document):
        assert format(number, "f") in text, "no number is rounded on its way"


def test_what_a_look_finds_is_told_as_it_was_found(client: Client) -> None:
    (found,) = client.reconcile("BTCUSDT").differences

    assert (found.symbol, found.row, found.code) == ("BTCUSDT", "R21", "foreign_order")
    assert {each.name: each.value for each in found.evidence} == {"order_id": "7"}
    assert (found.follows, found.freezes) == (False, True)


def _numbers(value: Any) -> Iterator[Decimal]:
    if isinstance(value, Decimal):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _numbers(part)
    elif isinstance(value, list):
        for part in value:
            yield from _numbers(part)


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield key
            if key not in ("payload", "numbers", "details", "settings"):
                yield from _keys(part)
    elif isinstance(value, list):
        for part in value:
            yield from _keys(part)


def test_every_key_is_explained() -> None:
    page = PAGE.read_text()
    known = set(re.findall(r'"([a-z_0-9]+)"', page))
    used = {
        key for name in MAKERS for key in _keys(json.loads((GOLDEN / f"{name}.json").read_text()))
    }

    assert len(used) > 100, "the golden files hold documents"
    assert used <= known, sorted(used - known)


def test_every_exit_code_and_code_stands_on_the_page() -> None:
    from robson.api.errors import ROWS

    page = PAGE.read_text()
    for row in ROWS:
        listed = re.search(rf"^\| {row.exit} \| .*$", page, re.MULTILINE)
        assert listed, row
        if row.exit != 7:  # gates are listed by example
            assert f"`{row.code}`" in listed[0], row


def test_unknown_is_null_and_never_zero(client: Client) -> None:
    (waiting,) = (
        each for each in status(client.status(), DOOR)["positions"] if each["state"] == "armed"
    )

    for key in ("entry_price", "stop_loss", "quantity", "unrealized_pnl", "realized_pnl", "fees"):
        assert waiting[key] is None, key
