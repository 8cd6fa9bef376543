"""Nothing may be known of anything: a value that is null never breaks a screen, nor flatters it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from robson.cli.screens import arm, errors, explain, history, panic, status
from robson.cli.screens.line import UNICODE, Page, text_of
from tests.unit.cli.screens import arm_documents as arms
from tests.unit.cli.screens import documents as docs
from tests.unit.cli.screens import lives, stories
from tests.unit.cli.screens import other_documents as others
from tests.unit.cli.screens import panic_documents as panics
from tests.unit.cli.screens.documents import Doc, changed, numbers
from tests.unit.cli.screens.views import a_life, life, summary

Path = tuple[Any, ...]
SHOWN = {
    "status": (status.status, docs.FIVE),
    "arm": (arm.arm, arms.DRY_RUN),
    "denied": (arm.arm, arms.DENIED),
    "armed": (arm.arm, arms.ARMED_NOW),
    "preview": (panic.preview, panics.PANIC_PREVIEW),
    "progress": (panic.progress, panics.PANIC_PENDING),
    "disarm": (panic.disarm, panics.DISARMED),
    "history": (history.history, others.HISTORY),
    "explain": (explain.explain, lives.EXPLAIN),
    "stopped": (explain.explain, stories.EXPLAIN_STOPPED),
    "error": (errors.error, others.AMBIGUOUS),
}
STRUCTURE = {"seq", "kind"}
"""A row without these is no row of a journal."""


def paths(document: Any, here: Path = ()) -> Iterator[Path]:
    """The way to every value and every inner document."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key not in STRUCTURE:
                yield (*here, key)
                yield from paths(value, (*here, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from paths(value, (*here, index))


def without(document: Doc, taken: list[Path]) -> Doc:
    """The document with null at these places."""
    made = copy.deepcopy(numbers(document))
    for *way, last in taken:
        inner: Any = made
        for step in way:
            inner = inner[step] if inner is not None else None
        if inner is not None:
            inner[last] = None
    return made  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", SHOWN)
@given(data=st.data(), width=st.sampled_from([60, 80, 120]), plain=st.booleans())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_values_may_be_missing(
    name: str, data: st.DataObject, width: int, *, plain: bool
) -> None:
    view, document = SHOWN[name]
    places = list(paths(document))
    taken = data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=8))

    lines = view(without(document, taken), Page(width, UNICODE, plain=plain))

    assert lines
    assert "None" not in "".join(text_of(line) for line in lines)


@pytest.mark.parametrize("name", SHOWN)
def test_each_single_value_may_be_missing(name: str) -> None:
    view, document = SHOWN[name]

    for place in paths(document):
        text = "".join(text_of(line) for line in view(without(document, [place]), Page(80)))

        assert "None" not in text, place


@given(st.data())
@settings(max_examples=100)
def test_the_live_view_and_the_summary_bear_it_too(data: st.DataObject) -> None:
    places = list(paths(lives.ACTIVE))
    taken = data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=8))
    broken = without(lives.ACTIVE, taken)
    position = (broken.get("positions") or [None])[0] or {}
    whole = a_life(lives.ACTIVE)

    lines = life.live(whole._replace(status=broken, position=position), Page(80))
    ended = summary.closed(summary.Ending(position, numbers(lives.ROWS)), Page(80))

    assert len(lines) == 24
    assert ended


HELD = ("entry_price", "stop_loss", "unrealized_pnl")


@pytest.mark.parametrize("key", HELD)
def test_what_must_be_there_and_is_not_known_is_a_question_mark(key: str) -> None:
    document = docs.with_positions(changed(docs.BTC_LONG, **{key: None}))

    row = next(
        text_of(line)
        for line in status.status(numbers(document), Page(80))
        if "7K3QM4" in text_of(line)
    )

    assert row.split().count("?") == 1
    assert "0.00 " not in row.replace(",000.00", "")


def test_a_result_that_is_not_known_is_not_added_up() -> None:
    document = docs.with_positions(docs.BTC_LONG, changed(docs.ETH_SHORT, result_at_stop=None))

    text = "\n".join(text_of(line) for line in status.status(numbers(document), Page(80)))

    assert "If every stop is hit now: ?" in text


@pytest.mark.parametrize("state", [None, "", "unheard_of"])
def test_a_stop_whose_state_is_not_known_does_not_protect(state: str | None) -> None:
    document = docs.with_positions(changed(docs.BTC_LONG, insurance__state=state))

    first = text_of(status.status(numbers(document), Page(80))[0])

    assert "PROTECTED" not in first
