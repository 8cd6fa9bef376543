"""One gate, in every document that has gates."""

from __future__ import annotations

from robson.api.document.position import optional
from robson.api.document.text import Document, number_or_word, word
from robson.api.v1 import robson_pb2 as pb


def gate(message: pb.Gate) -> Document:
    """``ok`` is null where it could not be judged yet."""
    return {
        "number": message.number,
        "code": message.code,
        "ok": optional(message, "ok"),
        "value": number_or_word(message.value),
        "limit": number_or_word(message.limit),
        "resets": word(message.resets),
    }
