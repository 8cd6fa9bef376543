"""What is shown as it was written, as documents: journal rows, log lines, the daemon's keys."""

from __future__ import annotations

import json

from robson.api.document.status import daemon
from robson.api.document.text import Document, enum_word, number_or_word, when, word
from robson.api.v1 import robson_pb2 as pb


def event(row: pb.JournalRow) -> Document:
    """``robson.event/1``: a row that stands alone, with the position it belongs to."""
    return {"schema": "robson.event/1", **journal_row(row), "position": word(row.position)}


def journal_row(row: pb.JournalRow) -> Document:
    """One row of the journal; the payload as it is stored."""
    return {
        "seq": row.seq,
        "epoch": row.epoch,
        "at": when(row, "at"),
        "kind": row.kind,
        "payload": json.loads(row.payload_json or "null", parse_float=number_or_word),
    }


def log_line(line: pb.LogLine) -> Document:
    """``robson.log/1``."""
    return {
        "schema": "robson.log/1",
        "number": line.number,
        "at": when(line, "at"),
        "level": enum_word(pb.LogLevel, "LOG_LEVEL", line.level),
        "message": line.message,
        "position": word(line.position),
    }


def daemon_config(message: pb.GetConfigResponse, door: str) -> Document:
    """``robson.daemon_config/1``; the value of a secret key is withheld."""
    return {
        "schema": "robson.daemon_config/1",
        "as_of": when(message, "as_of"),
        "daemon": daemon(message.daemon, door),
        "settings": {
            each.key: {
                "value": None if each.secret else each.value,
                "default": each.default,
                "source": each.source,
                "meaning": each.meaning,
                "secret": each.secret,
            }
            for each in message.keys
        },
    }
