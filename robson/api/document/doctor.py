"""The documents of ``robson doctor`` and ``robson admin test-alert``: checks and their answers."""

from __future__ import annotations

from robson.api.document.status import daemon
from robson.api.document.text import Document, enum_word, when, word
from robson.api.v1 import robson_pb2 as pb


def doctor(message: pb.DoctorResponse | pb.TestAlertResponse, door: str) -> Document:
    """``robson.doctor/1``, and the same for a test of the alerts; ``ok`` when all passed."""
    checks = [_check(each) for each in message.checks]
    return {
        "schema": "robson.doctor/1",
        "as_of": when(message, "as_of"),
        "daemon": daemon(message.daemon, door),
        "ok": all(each["answer"] == "pass" for each in checks),
        "checks": checks,
    }


def _check(message: pb.Check) -> Document:
    return {
        "name": message.name,
        "answer": enum_word(pb.CheckAnswer, "CHECK_ANSWER", message.answer),
        "said": message.said,
        "means": word(message.means),
        "fix": word(message.fix),
        "incident": word(message.incident),
    }
