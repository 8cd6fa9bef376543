"""Alerts of a running daemon: a way out that hangs delays no exit, and no secret reaches a file."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from robson.api.v1 import robson_pb2 as pb
from tests.e2e.harness import HERE, arm, running, state, until
from tests.unit.daemon.test_alerts import CANARY, hooked


def test_a_halt_is_told_and_an_exit_waits_for_nobody(place: Path, record_property: object) -> None:
    """The hook takes the message and never answers; the position is left meanwhile."""
    hang = threading.Event()
    with hooked(hang=hang) as hook, hooked() as beats:
        env = {"ROBSON__ALERTS__URL": hook.url, "ROBSON__ALERTS__BEAT_URL": beats.url}
        with running(place / "s", **env) as robsond:
            client = robsond.start(str(HERE / "enduring.py"))
            position = arm(client)
            robsond.protected(client, position)
            client.trigger_halt(reason="enough")
            until(lambda: hook.got, "the alert has left, and hangs")
            list(client.panic(symbol="BTCUSDT"))
            ended = robsond.settles(client, position)
            assert state(ended) == "closed"
            assert (len(hook.got), hook.answered) == (1, 0), "the alert hangs, and nothing waited"
            shown = [key for key in client.config().keys if key.key == "alerts.url"]
            assert [(key.secret, key.value) for key in shown] == [(True, "")]
            hang.set()
            (tested,) = client.test_alert().checks
            assert (tested.name, tested.answer) == ("alerts.url", pb.CHECK_ANSWER_PASS)
            assert "test" in {each["kind"] for each in hook.got}
            ended_in_order = robsond.stop()
            assert ended_in_order.code == 0
            said = ended_in_order.out + ended_in_order.err
        assert [each["kind"] for each in beats.got] == ["beat"]
    raised = hook.got[0]
    assert (raised["kind"], raised["conditions"][0]["code"]) == ("raised", "halt")
    files = [path for path in place.rglob("*") if path.is_file()]
    assert files
    assert CANARY not in said
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []
    record_property("happened", "an exit beside an alert that hung")  # type: ignore[operator]


def test_an_alert_that_was_decided_survives_a_kill_and_leaves_once(
    place: Path, record_property: object
) -> None:
    """Nobody is there to take it; robsond is killed; the next one finds somebody, and so on."""
    with hooked() as hook:
        port, url = hook.server.server_port, hook.url
    with running(place / "s", ROBSON__ALERTS__URL=url) as robsond:
        client = robsond.start()
        client.trigger_halt(reason="enough")
        written = until(lambda: kept(robsond.place), "the alert is written down")
        assert [(number, kind, waits) for number, kind, waits in written] == [
            (1, "raised", '["alerts.url"]')
        ]
        robsond.kill()
        with hooked(port=port) as hook:
            robsond.start()
            until(lambda: kept(robsond.place)[0][2] == "[]", "it was taken, and that is noted")
            robsond.kill()
            client = robsond.start()
            until(lambda: client.daemon().daemon.journal.seq > 0, "it lives")
            threading.Event().wait(1.5)  # a look and a half, of one a second
            assert robsond.stop().code == 0
            told = [(each["number"], each["kind"]) for each in hook.got]
    assert told == [(1, "raised")], "once, though the halt stands on"
    record_property("happened", "an alert that outlived a kill, sent once")  # type: ignore[operator]


def kept(place: Path) -> list[tuple[int, str, str]]:
    """The alerts in the journal's file, as another process reads them."""
    with closing(sqlite3.connect(f"file:{place}/journal.db?mode=ro", uri=True)) as db:
        return db.execute("SELECT number, kind, waits FROM alerts ORDER BY number").fetchall()
