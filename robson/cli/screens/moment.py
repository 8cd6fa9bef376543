"""Owns what the live view knows at one moment of a simulated life."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from robson.cli.screens.facts import Doc
from robson.cli.screens.line import Segment
from robson.cli.screens.prose import Prose


class Sample(NamedTuple):
    """A price of the tape and its instant."""

    at: str
    price: Decimal


class Life(NamedTuple):
    """All that the live view shows. ``silent_s`` is how old the status is."""

    status: Doc
    position: Doc
    path: tuple[Sample, ...] = ()
    rows: tuple[Doc, ...] = ()
    silent_s: float = 0
    tape: str = ""
    """What is played and how fast, in words."""
    banner: tuple[Segment, Prose] | None = None
    """What leads instead of the verdict while the daemon was killed on purpose."""
