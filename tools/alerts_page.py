"""The page about alerts: how they leave, every condition that is told, what a message holds."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pages import made_from, paragraph, table

from robson.daemon.alert_book import WRITE_S
from robson.daemon.alerts import BEAT_S, FIRST_WAIT_S, KEPT, LONGEST_WAIT_S
from robson.daemon.conditions import CONDITIONS, Standing
from robson.daemon.sinks import ANSWER_S, PROGRAM_S
from robson.daemon.tidings import CLEAR_S, DIGEST_S, Tiding, document


def _ways() -> Iterator[str]:
    """Key by key."""
    return table(
        "Key",
        "What happens",
        rows=[
            (
                "`alerts.url`",
                (
                    f"a POST of each message as JSON; taken is 2xx within {ANSWER_S:g} s."
                    " No redirect is followed, no proxy is asked"
                ),
            ),
            (
                "`alerts.command`",
                (
                    "a program, by its full path and without arguments, gets each message"
                    f" on its standard input, and no environment; taken is"
                    f" exit code 0 within {PROGRAM_S:g} s"
                ),
            ),
            (
                "`alerts.beat_url`",
                (
                    f"a POST each {BEAT_S:g} s while every thread that protects has shown a"
                    " sign of life. Whoever listens there alarms when it stops"
                ),
            ),
        ],
    )


def _rows() -> list[tuple[str, ...]]:
    """Condition by condition."""
    return [
        (
            f"`{row.code}`",
            row.when,
            "yes" if row.urgent else "",
            "once" if row.once else "once, each hour, all-clear",
        )
        for row in CONDITIONS
    ]


def _example() -> str:
    """One message."""
    said = "BTCUSDT pos_01K0C3VF00ABCDEFGH017K3QM4: no exchange stop has rested for 10 s"
    about = (Standing(code="unprotected", about="pos_01K0C3VF00ABCDEFGH017K3QM4", said=said),)
    daemon = {"profile": "live", "account": "main", "instance": "3f9a61c2", "version": "0.1.0"}
    at = "2026-01-05T14:03:22.512+00:00"
    tiding = Tiding(kind="raised", urgent=True, about=about)
    return json.dumps(document(tiding, daemon=daemon, number=7, at=at), indent=1)


def alerts_page() -> str:
    """docs/operations/alerts.md."""
    return "\n".join(
        (
            made_from("robson/daemon/conditions.py, robson/daemon/tidings.py"),
            "",
            "# Alerts",
            "",
            paragraph(
                "What needs a person is in `robson status`, the log and the journal. With one",
                "of these keys it leaves the machine, too; without any there is no thread for it.",
            ),
            "",
            *_ways(),
            "",
            paragraph(
                "Addresses are secrets: they are shown nowhere and reach no log, also when they",
                "are away. A message is looked for in the published view, which holds what is",
                "durable, once a second, and is written into the journal's file, in a table of its",
                "own, before it leaves. Each way out has a",
                f"thread of its own; what is not taken is tried again after {FIRST_WAIT_S:g} s to",
                f"{LONGEST_WAIT_S:g} s, in order, for ever. {KEPT} messages wait at most; then the",
                "oldest is let go, and the log says so. A beat is never repeated. No exit waits",
                "for any of this: the journal's thread writes messages after all else, and one",
                f"that it has not come to within {WRITE_S:g} s, or that a failed disk cannot keep,",
                "leaves all the same.",
            ),
            "",
            paragraph(
                "A condition is told once. While any stands, all that stand are told again in one",
                f"digest each {DIGEST_S / 60:g} minutes. When one has been away for {CLEAR_S:g} s,",
                "its all-clear is told: what comes and goes is told once. A restart tells nothing",
                "twice: it goes on with what had been told, and sends what nobody had taken. A",
                "process that dies between the two sends a message again, under the same number.",
            ),
            "",
            *table("Code", "Stands when", "Urgent", "Told", rows=_rows()),
            "",
            "## A message",
            "",
            paragraph(
                "`kind` is `raised`, `cleared`, `digest`, `beat` or `test`, for which a person",
                "asks with `robson admin test-alert`; `number` counts the messages of this",
                "journal, across restarts, so a missing one shows, and one that came twice. Beats",
                "count by themselves, from each start.",
            ),
            "",
            "```json",
            _example(),
            "```",
            "",
        )
    )
