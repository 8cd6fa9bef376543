"""What counts as news while somebody watches, and when it is said that nothing can be seen."""

from __future__ import annotations

from typing import Any

import pytest

from robson.cli.screens import watch
from robson.cli.screens.line import QUIET, text_of
from robson.cli.screens.watch import Seen
from tests.unit.cli.screens import documents as docs
from tests.unit.cli.screens.documents import Doc, changed, numbers
from tests.unit.cli.screens.views import PAGES, STATUSES

PAGE = PAGES["80 unicode"]


def seen(document: Doc | None = docs.STATUS, silent_s: float = 0.3, **more: Any) -> Seen:
    return Seen(None if document is None else numbers(document), silent_s, "unix:///s", **more)


def test_prices_and_ages_are_no_news() -> None:
    (first, *rest) = docs.STATUS["positions"]
    later = changed(
        docs.STATUS,
        as_of="2025-11-21T14:03:24.000Z",
        risk__gates=[{"code": "disk_low", "value": "76322"}],
        positions=[{**first, "unrealized_pnl": "1.00", "version": 99}, *rest],
    )

    assert watch.news(seen()) == watch.news(seen(later))


@pytest.mark.parametrize("change", [{"stop_loss": "1.00"}, {"state": "exiting"}, {"frozen": None}])
def test_what_happens_to_a_position_is_news(change: Doc) -> None:
    (first, *rest) = docs.STATUS["positions"]

    assert watch.news(seen()) != watch.news(
        seen({**docs.STATUS, "positions": [first | change, *rest]})
    )


def test_each_status_is_news_to_each_other() -> None:
    told = [str(watch.news(seen(document))) for document in STATUSES.values()]

    assert len(set(told)) == len(STATUSES)


@pytest.mark.parametrize(
    ("view", "blind"),
    [
        (seen(), False),
        (seen(silent_s=4.9), False),
        (seen(silent_s=5.1), True),
        (seen(refused=True), True),
        (seen(None), True),
    ],
)
def test_it_says_when_it_cannot_see(view: Seen, *, blind: bool) -> None:
    first = text_of(watch.watch(view, PAGE, 24)[0])

    assert view.blind is blind
    assert first.startswith(" !! CANNOT SEE") is blind
    assert watch.alarm(view) == ("CANNOT SEE" if blind else None)


def test_what_was_seen_before_fades() -> None:
    lines = watch.watch(seen(silent_s=12.0), PAGE, 40)
    (start,) = (place for place, line in enumerate(lines) if text_of(line) == "Last seen:")

    assert {style for line in lines[start:] for text, style in line if text.strip()} == {QUIET}


@pytest.mark.parametrize("height", range(3, 30))
def test_it_never_is_taller_than_the_terminal_and_the_verdict_stays(height: int) -> None:
    for view in (seen(), seen(docs.FIVE), seen(silent_s=9.0)):
        lines = watch.watch(view, PAGE, height)

        assert len(lines) <= height
        assert lines[0] == watch.everything(view, PAGE)[0]


def test_an_alarm_names_its_pair() -> None:
    assert watch.alarm(seen(docs.UNPROTECTED)) == "ETHUSDT UNPROTECTED"
    assert watch.alarm(seen(docs.SLOW_FEED)) is None
