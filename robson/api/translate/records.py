"""What is shown as it was written: journal rows, log lines, configuration keys."""

from __future__ import annotations

from robson.api.published import JournalRow
from robson.api.told import ConfigKey, LogLine
from robson.api.translate.values import enum_name, stamp
from robson.api.v1 import robson_pb2 as pb


def journal_row(row: JournalRow) -> pb.JournalRow:
    """One row of the journal."""
    return pb.JournalRow(
        seq=row.seq,
        epoch=row.epoch,
        at=stamp(row.at_ns),
        kind=row.kind,
        payload_json=row.payload_json,
        position=row.position or "",
    )


def log_line(line: LogLine) -> pb.LogLine:
    """One line of the log."""
    return pb.LogLine(
        number=line.number,
        at=stamp(line.at_ns),
        level=enum_name("LOG_LEVEL", line.level),
        message=line.message,
        position=line.position or "",
    )


def config_key(key: ConfigKey) -> pb.ConfigKey:
    """One key of the configuration."""
    return pb.ConfigKey(
        key=key.key,
        value=key.value,
        default=key.default,
        source=key.source,
        meaning=key.meaning,
        secret=key.secret,
    )
