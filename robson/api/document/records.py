"""One line of a stream as a document: a journal row, a line of the log."""

from __future__ import annotations

import json

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
