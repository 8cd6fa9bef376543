"""A raw recording leaves the venue byte for byte as it was recorded, whatever is in its frames."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from robson.domain.errors import ConfigError
from robson.sim.venue.recording import Recording
from tests.contract.venue.caller import Caller, Operator
from tests.contract.venue.harness import venue

Note = Callable[[str, object], None]
BEGAN_MS = 1_790_000_000_000
SNAPSHOT = '{"lastUpdateId":7,"bids":[["150.00000000","1.0"]],"asks":[["150.01000000","2.0"]]}'


def trade(number: int) -> str:
    """A frame with a key that nobody knows, and blanks that a second writing would lose."""
    at, maker = BEGAN_MS + 100 * number, "true" if number % 2 else "false"
    return (
        f'{{"stream":"solusdt@trade","data":{{"e":"trade","E":{at},"s":"SOLUSDT",'
        f'"t":{9000 + number},"p":"{150 + number % 7}.25","q":"0.50000000","T":{at - 1},'
        f'"m":{maker}, "M" : true,"new":"\u00e9 \\u00e9"}}}}'
    )


def book(number: int) -> str:
    return (
        f'{{"stream":"solusdt@bookTicker","data":{{"u":{number},"s":"SOLUSDT","b":"150.00000000",'
        f'"B":"1.50000000","a":"150.01000000","A":"{number}.00000000"}}}}'
    )


def recording(path: Path, count: int) -> list[str]:
    """A file in the form of a recorder's, and its frames."""
    frames: list[str] = []
    with gzip.open(path, "wt", encoding="utf-8", newline="\n") as file:
        for number in range(count):
            for place, frame in enumerate((book(number), trade(number))):
                frames.append(frame)
                at_ns = (BEGAN_MS + 100 * number + 10 * place) * 1_000_000 - 1_272_000_000
                file.write(f"{at_ns} {frame}\n")
            if number == count // 2:
                file.write(f"{at_ns + 1} {SNAPSHOT}\n")
    return frames


async def listen(url: str, count: int) -> list[str]:
    """Exactly so many frames, as text."""
    heard: list[str] = []
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        while len(heard) < count:
            message = await asyncio.wait_for(socket.receive(), 60)
            assert message.type is aiohttp.WSMsgType.TEXT, message
            heard.append(message.data)
    return heard


def listened(url: str, count: int) -> list[str]:
    """Likewise, for who has nothing else to do."""
    return asyncio.run(listen(url, count))


async def both(door: str, frames: list[str]) -> list[list[str]]:
    """What a connection to several streams hears, and one to one of them beside it."""
    several = "stream?streams=solusdt@trade/solusdt@bookTicker"
    wanted = ((several, len(frames)), ("ws/solusdt@trade", len(frames) // 2))
    return await asyncio.gather(*(listen(f"{door}/{path}", count) for path, count in wanted))


def replayed(operator: Operator) -> dict[str, Any]:
    """What the venue says of it, once the last line has been replayed."""
    while (told := operator.get("/market")["replayed"])["lines"] < told["of"]:
        pass
    found: dict[str, Any] = told
    return found


def test_any_recording_of_the_form(tmp_path: Path, record_property: Note) -> None:
    path = tmp_path / "SOLUSDT-raw.txt.gz"
    frames = recording(path, 150)

    with venue("--replay", str(path), "--speed", "20") as started:
        heard, alone = asyncio.run(both(started.ws, frames))
        told = replayed(Operator(started.told["operator"]))
        caller = Caller(started.rest)
        prints = caller.public("aggTrades", symbol="SOLUSDT", fromId=9000, limit=1000).json
        depth = caller.public("depth", symbol="SOLUSDT").text
        best = caller.public("ticker/bookTicker", symbol="SOLUSDT").json
        last = caller.public("ticker/price", symbol="SOLUSDT").json

    wrapper = len('{"stream":"solusdt@trade","data":')
    assert heard == frames
    assert alone == [frame[wrapper:-1] for frame in frames[1::2]]
    assert told["sha256"] == hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()
    assert [row["a"] for row in prints] == list(range(9000, 9150))
    assert {row["q"] for row in prints} == {"0.50000000"}
    assert [row["m"] for row in prints[:2]] == [False, True]
    assert depth.replace(" ", "") == SNAPSHOT
    assert best["askQty"] == "149.00000000"
    assert last["price"] == f"{150 + 149 % 7}.25000000"
    record_property("note", f"venue: {len(heard)} frames replayed byte for byte")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("12 {}\nnothing\n", "line 2: expected nanoseconds, a blank, and a frame in JSON"),
        ("12 {}\n", "has no frame of a stream of trades"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, text: str, wrong: str) -> None:
    path = tmp_path / "raw.txt"
    path.write_text(text)

    with pytest.raises(ConfigError, match=wrong):
        Recording(path)


@pytest.mark.long
@pytest.mark.parametrize("pair", ["BTCUSDT", "ETHUSDT"])
def test_recorded_hours(pair: str, tapes: Path | None, tmp_path: Path) -> None:
    name = f"{pair}-spot-ws-20240808.txt.gz"
    path = tmp_path / name if tapes is None else tapes / "ws" / name
    if tapes is None:
        recording(path, 2_000)
    raw = gzip.decompress(path.read_bytes())
    texts = [line.partition(b" ")[2].decode() for line in raw.splitlines()]
    frames = [text for text in texts if text.startswith('{"stream"')]
    names = sorted({frame.split('"')[3] for frame in frames})

    with venue("--replay", str(path), "--speed", "200") as started:
        heard = listened(f"{started.ws}/stream?streams={'/'.join(names)}", len(frames))
        told = replayed(Operator(started.told["operator"]))

    assert heard == frames
    assert told["sha256"] == hashlib.sha256(raw).hexdigest()
