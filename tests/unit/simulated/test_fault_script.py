"""Scripts of faults: what they say is what strikes, and what means nothing has its line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from robson.connectors.simulated.driver import SteadyWire
from robson.connectors.simulated.fault_script import Fault, read_faults
from robson.connectors.simulated.feed import Feed
from robson.connectors.simulated.kinds import KINDS, SCRIPTED
from robson.connectors.simulated.roles import REQUESTS
from robson.connectors.simulated.scripted import Script, ScriptedExchange, ScriptedWire
from robson.domain.errors import ConfigError
from robson.domain.identity import Purpose, client_order_id
from robson.domain.intents import ReadAccount
from robson.domain.values import NS_PER_S
from tests.unit.simulated.exchange_kit import BUY, NONE, POSITION, SCOPE, Bench

ROOT = Path(__file__).resolve().parents[3]
DOC = ROOT / "docs" / "operations" / "faults.md"
ENTRY = client_order_id(Purpose.ENTRY, SCOPE, POSITION, attempt=0, epoch=1)


def read(tmp_path: Path, text: str) -> tuple[Fault, ...]:
    path = tmp_path / "faults.toml"
    path.write_text(text)
    return read_faults(path)


def script(tmp_path: Path, text: str) -> Script:
    return Script(read(tmp_path, text), seed=1)


def test_the_page_shows_a_script_that_is_read_and_every_kind(tmp_path: Path) -> None:
    page = DOC.read_text()
    shown = page.split("```toml\n")[1].split("```")[0]
    faults = read(tmp_path, shown)

    assert [fault.kind for fault in faults] == ["slow_matching", "lost_answer", "rate_limit"]
    assert (faults[0].share, faults[0].seconds, faults[1].every) == (Decimal("0.4"), 3, 2)
    named = [row.split("`")[1] for row in page.splitlines() if row.startswith("| `")]
    assert sorted(named[8:]) == sorted(KINDS)


def test_what_waits_for_a_request_counts_from_it_on(tmp_path: Path) -> None:
    text = '[[fault]]\nkind = "lost_answer"\nrequest = "question"\nafter = "exit"\nnth = 2'
    late = script(tmp_path, text)

    def struck(role: str) -> bool:
        late.came(role)
        return late.strikes("lost_answer", role) is not None

    came = ("question", "question", "entry", "question", "exit", "question", "question", "question")
    assert [struck(role) for role in came] == [False] * 6 + [True, False]
    assert late.told() == ["lost_answer of question after exit (line 1) struck 1 of 3 times"]


def test_a_script_in_json_is_the_same_script(tmp_path: Path) -> None:
    toml = """
[[fault]]
kind = "outage"
request = "question"
nth = 5
seconds = 600
[[fault]]
kind = "thin_book"
probability = 0.25
share = 0.125
"""
    json = """
{"fault": [
  {"kind": "outage", "request": "question", "nth": 5, "seconds": 600},

  {"kind": "thin_book", "probability": 0.25, "share": 0.125}]}
"""
    one, two = read(tmp_path, toml), read(tmp_path, json)

    assert [fault.line for fault in two] == [3, 5]
    assert [attrs.evolve(fault, line=1) for fault in one] == [
        attrs.evolve(fault, line=1) for fault in two
    ]


@pytest.mark.parametrize("kind", SCRIPTED)
def test_every_kind_strikes_by_count_and_by_chance(kind: str, tmp_path: Path) -> None:
    role = KINDS[kind].requests[0]
    for often, times in (("nth = 3", 1), ("every = 3", 3), ("probability = 1", 9)):
        played = script(tmp_path, f'[[fault]]\nkind = "{kind}"\nrequest = "{role}"\n{often}\n')
        struck = [played.strikes(kind, role) is not None for _ in range(9)]
        assert sum(struck) == times
        others = [other for other in REQUESTS if other != role]
        assert not any(played.strikes(kind, other) for other in others)
        assert played.told() == [f"{kind} of {role} (line 1) struck {times} of 9 times"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected tables [[fault]]"),
        ('[[fault]]\nkind = "lost_request"\n', "1: say once how often"),
        ('\n\n[[fault]]\nkind = "lost"\nnth = 1\n', "3: kind is 'lost'; known are lost_request,"),
        ('[[fault]]\nkind = "clock"\nrequest = "question"\nnth = 1\n', "clock can meet entry,"),
        ('[[fault]]\nkind = "clock"\nnth = 0\n', "1: nth is 0; expected a whole number from 1"),
        ('[[fault]]\nkind = "clock"\nnth = 1\nevery = 2\n', "1: say once how often"),
        ('[[fault]]\nkind = "clock"\nnth = 1\nseconds = 3\n', "seconds says nothing about clock"),
        ('[[fault]]\nkind = "clock"\nprobability = 1.5\n', "allowed is 0 to 1"),
        ('[[fault]]\nkind = "clock"\nchance = 1\n', "unknown key chance; known are kind,"),
        ('[[fault]]\nkind = "thin_book"\nnth = 1\nshare = "x"\n', "share is x; allowed is 0 to 1"),
        ('[[fault]]\nkind = "clock"\nnth = 1\n\n[[fault]]\nkind = 7\nnth = 1\n', ":5: kind is '7'"),
        ("[[fault]\n", "is not TOML"),
        ("more = 1\n[[fault]]\n", "and nothing else"),
        ('{"fault": 1}', 'expected one object {"fault": [...]} and nothing else'),
        ('{"fault": [1]}', "expected a table"),
        ('{"fault": [}', "is not JSON"),
        ('{"fault": [\n{"kind": "clock", "nth": 1},\n{"kind": "clock"}]}', ":3: say once how"),
        ('{"fault": [{"kind": "thin_book", "nth": 1, "share": NaN}]}', "share is nan; allowed"),
        ('[[fault]]\nkind = "crash"\nnth = 1\n', "kind is 'crash'; known are"),
    ],
)
def test_what_means_nothing_is_refused_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)

    assert said in str(caught.value)
    assert "faults.toml" in str(caught.value)


def test_the_wire_does_what_the_script_says(tmp_path: Path) -> None:
    text = "\n".join(
        f'[[fault]]\nkind = "{kind}"\nnth = {n}'
        for n, kind in enumerate(("lost_request", "lost_answer", "late_answer", "held_request"), 1)
    )
    wire = ScriptedWire(script(tmp_path, text), SteadyWire(latency_ns=7), Feed())
    trips = [wire.trip(ReadAccount(scope=SCOPE), 0) for _ in range(5)]

    assert [(trip.out_ns, trip.back_ns, trip.held_ns) for trip in trips] == [
        (None, 7, 0),
        (7, None, 0),
        (7, 7 + 3 * NS_PER_S, 0),
        (7, 7, 3 * NS_PER_S),
        (7, 7, 0),
    ]


def test_the_exchange_does_what_the_script_says(tmp_path: Path) -> None:
    text = """
[[fault]]
kind = "slow_matching"
request = "entry"
nth = 1
share = 0.25
seconds = 2
[[fault]]
kind = "rate_limit"
request = "entry"
nth = 2
"""
    played = script(tmp_path, text)
    bench = Bench(faults=ScriptedExchange(played))
    first = bench.buy("0.004", NONE, client_id=ENTRY)
    assert (first.status.value, first.executed) == ("PARTIALLY_FILLED", Decimal("0.001"))  # type: ignore[union-attr]
    bench.wait(2 * NS_PER_S)
    assert bench.account().base.free == Decimal("0.004") * Decimal("0.999")
    refused = bench.send(bench.order(BUY, "0.001", NONE))
    assert refused.code == -1003  # type: ignore[union-attr]
    assert [told.split(" struck ")[1] for told in played.told()] == ["1 of 1 times", "1 of 2 times"]
