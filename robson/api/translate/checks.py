"""Turns checks into messages: each answer by its name, nothing left out."""

from __future__ import annotations

from robson.api.checked import CheckFact
from robson.api.translate.values import enum_name
from robson.api.v1 import robson_pb2 as pb


def check(fact: CheckFact) -> pb.Check:
    """One of them."""
    return pb.Check(
        name=fact.name,
        answer=enum_name("CHECK_ANSWER", fact.answer),
        said=fact.said,
        means=fact.means,
        fix=fact.fix,
        incident=fact.incident,
    )
