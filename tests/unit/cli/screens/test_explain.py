"""That a story is told from its rows, that every row is evidence, and that sizes multiply out."""

from __future__ import annotations

import json
import re
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from robson.cli.screens import explain, happenings, journal
from robson.cli.screens.line import UNICODE, Page, text_of
from robson.store.codec import decode
from tests.unit.cli.screens import lives, stories
from tests.unit.cli.screens.documents import Doc, changed, numbers

D = Decimal
PAGE = Page(100, UNICODE, full_ids=True)
STORIES = {
    "closed": lives.EXPLAIN,
    "active": lives.EXPLAIN_ACTIVE,
    "stopped": stories.EXPLAIN_STOPPED,
    "refused": stories.EXPLAIN_REFUSED,
    "climb": stories.EXPLAIN_CLIMB,
}
ALL_ROWS = {row["seq"]: row for doc in STORIES.values() for row in doc["rows"]}


@pytest.mark.parametrize("seq", sorted(ALL_ROWS))
def test_the_rows_of_these_tests_are_rows_of_the_store(seq: int) -> None:
    row = ALL_ROWS[seq]

    event = decode(row["kind"], json.dumps(row["payload"]))

    assert row["kind"] == event.KIND


@pytest.mark.parametrize("name", sorted(STORIES))
def test_every_row_is_evidence_once(name: str) -> None:
    document = numbers(STORIES[name])
    text = "\n".join(text_of(line) for line in explain.explain(document, PAGE))

    told: list[int] = []
    for ranges in re.findall(r"journal ([\d, -]+)", text):
        for part in ranges.strip(" ,").split(", "):
            first, _, last = part.strip().partition("-")
            told += range(int(first), int(last or first) + 1)
    assert sorted(told) == [row["seq"] for row in document["rows"]]


@given(st.lists(st.sampled_from(sorted(ALL_ROWS)), min_size=1, max_size=25))
def test_any_rows_can_be_told(seqs: list[int]) -> None:
    """A journal of another Robson may have rows in any order and number."""
    document = numbers(changed(lives.EXPLAIN, rows=[ALL_ROWS[seq] for seq in seqs]))

    lines = explain.explain(document, PAGE)

    assert len(explain.chaptered(document["rows"])) >= 1
    assert all(text_of(line) is not None for line in lines)


def test_a_row_of_an_unknown_kind_is_still_evidence() -> None:
    rows = [*lives.ROWS, lives.row(3000, 50000, "moon_landed", message="soon")]
    text = "\n".join(
        text_of(line) for line in explain.explain(numbers(changed(lives.EXPLAIN, rows=rows)), PAGE)
    )

    assert "3000" in text


def test_what_was_unknown_stands_out() -> None:
    lines = explain.explain(numbers(lives.EXPLAIN), PAGE)

    strong = " ".join(t for line in lines for t, style in line if style == "strong")
    assert "did not answer" in strong
    assert "net +125.16 USDT, +1.25 R" in strong


# --- sizes ---------------------------------------------------------------------------------------

PRICES = st.decimals("0.0001", "100000", places=4)
SHARES = st.decimals("0.001", "0.1", places=5)


@given(PRICES, SHARES, st.decimals("1", "10000", places=2), st.sampled_from([2, 3, 5, 8]))
def test_the_terms_shown_multiply_out_to_the_quantity(
    entry: Decimal, away: Decimal, limit: Decimal, places: int
) -> None:
    """What is printed, computed by hand, gives the quantity that is printed."""
    step = D(1).scaleb(-places)
    sizing: dict[str, Any] = {
        "span": entry * away,
        "fees": entry * D("0.00199"),
        "gap": entry * D("0.000991"),
        "slip": entry * D("0.0005"),
        "interest": D(0),
    }
    unit = sum(sizing.values())
    quantity = (limit / unit / step).quantize(D(1), rounding=ROUND_FLOOR) * step
    assume(quantity > 0)
    sizing |= {"risk_limit": limit, "quantity": quantity, "binding": "risk"}

    shown = journal.terms(sizing, step=step, decimals=2)

    read = [D(text.replace(",", "")) for _, text in shown.named]
    divisor, money = (D(text.replace(",", "")) for text in (shown.unit, shown.limit))
    assert sum(read) == divisor
    assert (money / divisor / step).quantize(D(1), rounding=ROUND_FLOOR) * step == quantity


def test_the_usual_size_needs_no_more_than_cents() -> None:
    shown = journal.terms(journal.sizing_of(lives.ROWS[2]), step="0.00001", decimals=2)

    assert shown.unit == "1,422.57"
    assert dict(shown.named) == {
        "span": "1,012.62",
        "fees": "234.38",
        "gap": "116.71",
        "slip": "58.86",
    }


# --- one line an event ---------------------------------------------------------------------------


def said(row: Doc, rows: list[Doc]) -> str:
    one = happenings.happening(row, numbers(lives.CLOSED_LONG), rows, UNICODE)
    return "" if one is None else f"{one.word}: {one.said}".replace("\u00a0", " ")


def test_what_happened_in_one_line_each() -> None:
    rows = numbers(lives.ROWS)

    told = [line for line in (said(row, rows) for row in rows) if line]

    assert told == [
        "armed: BTCUSDT long, strategy now",
        "signal: technical stop 116,711.67: 2nd support on 15m, 2 touches",
        "sized: 0.07029 BTC: the stop would lose 100.00 USDT with all costs",
        "unknown: an order has no answer (no answer in 2.0 s): asked, not resent",
        "known: the unknown order is found",
        "filled: bought 0.07029 BTC at 117,727.40, found by its client id",
        "guarded: exchange stop 116,458.51 rests, 2.3 s after the fill",
        "stop up: price reached +1 span: stop 116,711.67 → 118,018.60",
        "guarded: exchange stop moved to 117,765.44, 0.6 s without one",
        "exit: a trade at 119,749.53 touched the stop-gain",
        "sold: 0.07021 BTC at 119,747.66",
        "settled: +125.16 USDT, +1.25 R after all costs",
    ]


def test_steps_of_a_continuous_stop_are_no_spans() -> None:
    position = changed(lives.CLOSED_LONG, trailing__mode="continuous")
    raised = journal.of(numbers(lives.ROWS), "stop_raised")[0]

    one = happenings.happening(raised, numbers(position), numbers(lives.ROWS), UNICODE)

    assert one is not None
    assert one.said.startswith("price reached 118,736.91: stop")
    told = explain.explain(numbers(changed(lives.EXPLAIN, position=position)), PAGE)
    assert "Price reached 118,736.91. Stop" in " ".join(map(text_of, told))


LEAVES = {"user_panic": ("root@vm", "41 ms later"), "stop_gain": (None, "19 s later")}


@pytest.mark.parametrize("reason", LEAVES)
def test_a_person_is_not_answered_late_because_the_last_price_is_old(reason: str) -> None:
    """A rule is timed from the trade that met it, a word from when it was said."""
    actor, said = LEAVES[reason]
    filled = next(row for row in lives.ROWS if journal.kind(row) == "exit_filled")
    at_ns = filled["payload"]["fills"][0]["at_ns"]
    rows = [
        {
            **row,
            "payload": {
                **row["payload"],
                "reason": reason,
                "actor": actor,
                "at_ns": at_ns - 41_000_000,
                "tick_ns": at_ns - 19_000_000_000,
            },
        }
        if journal.kind(row) == "exit_triggered"
        else row
        for row in lives.ROWS
    ]

    told = explain.explain(numbers(changed(lives.EXPLAIN, rows=rows)), PAGE)

    assert said in " ".join(" ".join(text_of(line) for line in told).split()).replace("\xa0", " ")
