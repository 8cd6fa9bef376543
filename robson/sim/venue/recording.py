"""A raw recording of market streams, replayed frame by frame as its bytes are.

One frame a line: the nanoseconds of the recorder's clock, a blank, and the frame with its stream.
A line whose JSON has no stream is the snapshot of the book that was asked for over REST.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from robson.connectors.simulated.tape_source import open_regular, shown
from robson.domain.errors import ConfigError
from robson.domain.values import NS_PER_MS

_MAX_LINE = 1 << 22
_BEGINS = '{"stream":"'
Publish = Callable[[str, str, str], None]
"""Takes a stream's name, the frame as it was recorded, and the part of it that is the data."""


class Line(NamedTuple):
    """One line; ``stream`` is empty for a snapshot."""

    at_ns: int
    raw: bytes
    stream: str
    text: str

    @property
    def data(self) -> str:
        """The frame without its wrapper, byte for byte."""
        return self.text[self.text.index('"data":') + len('"data":') : -1]


class Recorded(NamedTuple):
    """One trade that was recorded."""

    id: int
    price: Decimal
    quantity: Decimal
    at_ms: int
    buyer_is_maker: bool


class Recording:
    """All lines of a file, in order.

    Attributes:
        symbol: the pair it is of.
        sha256: of what has been replayed so far, as the file has it.
    """

    def __init__(self, path: Path) -> None:
        self.name = shown(path)
        self.lines = list(_lines(path))
        trades = [line for line in self.lines if line.stream.endswith("@trade")]
        if not trades:
            raise ConfigError(f"{self.name}: has no frame of a stream of trades")
        first = json.loads(trades[0].data)
        self.symbol = str(first["s"])
        self._offset_ns = int(first["E"]) * NS_PER_MS - trades[0].at_ns
        self._next = 0
        self._hash = hashlib.sha256()
        self.snapshot: str | None = None
        self.book: dict[str, str] | None = None

    @property
    def replayed(self) -> dict[str, Any]:
        """How far it has come."""
        return {
            "name": self.name,
            "lines": self._next,
            "of": len(self.lines),
            "sha256": self._hash.hexdigest(),
        }

    def tape(self, folder: Path) -> str:
        """Its trades as a tape in a folder, as the option takes one."""
        path = folder / f"{self.symbol}-replayed.csv"
        rows = (
            (data["T"], data["p"], data["t"])
            for data in (
                json.loads(line.data) for line in self.lines if line.stream.endswith("@trade")
            )
        )
        lines = (f"{at},{price},{number}\n" for at, price, number in rows)
        path.write_text("trade_time_ms,price,trade_id\n" + "".join(lines), encoding="utf-8")
        return str(path)

    def play(self, now_ns: int, publish: Publish) -> list[Recorded]:
        """Publish what is due; returns the trades among it."""
        traded = []
        while self._next < len(self.lines):
            line = self.lines[self._next]
            if line.at_ns + self._offset_ns > now_ns:
                break
            self._next += 1
            self._hash.update(line.raw)
            if not line.stream:
                self.snapshot = line.text
                continue
            publish(line.stream, line.text, line.data)
            if line.stream.endswith("@bookTicker"):
                self.book = json.loads(line.data)
            elif line.stream.endswith("@trade"):
                traded.append(_trade(json.loads(line.data)))
        return traded


def _trade(data: dict[str, Any]) -> Recorded:
    return Recorded(
        id=int(data["t"]),
        price=Decimal(data["p"]),
        quantity=Decimal(data["q"]),
        at_ms=int(data["T"]),
        buyer_is_maker=bool(data["m"]),
    )


def _lines(path: Path) -> Iterator[Line]:
    with open_regular(path) as file:
        number = 0
        while raw := file.readline(_MAX_LINE):
            number += 1
            yield _line(raw, f"{shown(path)}, line {number}")


def _line(raw: bytes, where: str) -> Line:
    """One line; of a frame no more is looked at than its stream, for the rest is not ours."""
    at, _, text = raw.decode("utf-8", "replace").rstrip("\r\n").partition(" ")
    if not at.isdecimal() or not text.startswith("{"):
        raise ConfigError(f"{where}: expected nanoseconds, a blank, and a frame in JSON")
    stream, data, _ = text.removeprefix(_BEGINS).partition('","data":')
    framed = text.startswith(_BEGINS) and bool(data) and text.endswith("}")
    return Line(int(at), raw, stream if framed else "", text)
