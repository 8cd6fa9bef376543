"""What leads a screen, and that every finding says all four things."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robson.cli import parser
from robson.cli.screens import errors, finding, leaving, status
from robson.cli.screens.finding import TAGS, Finding
from robson.cli.screens.line import ALARM, OK, UNICODE, Page, text_of
from tests.unit.cli.screens import documents as docs
from tests.unit.cli.screens import other_documents as others
from tests.unit.cli.screens import panic_documents as panics
from tests.unit.cli.screens.documents import Doc, changed, numbers
from tests.unit.cli.screens.golden import rendered
from tests.unit.cli.screens.views import STATUSES, VIEWS, found_in

PAGE = Page(80, UNICODE)
SILENT_S = 12.0

# Each trouble by itself: what it does to a document.
TROUBLES: dict[str, Doc] = {
    "UNPROTECTED": {"positions": [docs.UNPROTECTED_ETH]},
    "NEEDS YOU": {"daemon__degraded": docs.DEGRADED["daemon"]["degraded"]},
    "ORDER UNKNOWN": {"positions": [docs.ENTERING_ETH]},
    "SLOW FEED": {"daemon__feed": docs.SLOW_FEED["daemon"]["feed"]},
    "NOT LEADER": {"daemon__leader": []},
    "MONTHLY HALT": {"risk__halt": docs.HALTED["risk"]["halt"]},
    "PAUSED": {"daemon__runtime_state": "draining"},
    "NO EXCHANGE": {"daemon__exchange": docs.NO_EXCHANGE["daemon"]["exchange"]},
    "DISK LOW": {"daemon__disk": docs.DISK_LOW["daemon"]["disk"]},
    "REPLICA BEHIND": {"daemon__journal": docs.BEHIND["daemon"]["journal"]},
}


def troubled(names: list[str]) -> Doc:
    """A document with these troubles at once."""
    document = changed(docs.STATUS, positions=[docs.BTC_LONG])
    for name in names:
        for key, value in TROUBLES[name].items():
            if key == "positions":
                document = changed(document, positions=[*document["positions"], *value])
            else:
                document = changed(document, **{key: value})
    return document


def lead(document: Doc, silent_s: float | None = None) -> str:
    """The first line of the status screen."""
    return text_of(status.status(numbers(document), PAGE, silent_s=silent_s)[0])


def all_findings() -> list[Finding]:
    found = [each for document in STATUSES.values() for each in found_in(document)]
    found += [each for name in TROUBLES for each in found_in(troubled([name]))]
    for document in others.__dict__.values():
        if isinstance(document, dict) and document.get("schema") == "robson.error/1":
            read = numbers(document)
            one = errors.finding_of(read, PAGE)
            found += [one] if one else []
    found += [leaving.unsettled(numbers(panics.PANIC_PENDING), numbers(step))
              for step in panics.PANIC_PENDING["steps"][:2]]  # fmt: skip
    return found


def test_every_tag_is_reached() -> None:
    reached = {lead(document).strip(" ✓!").split("  ")[0] for document in STATUSES.values()}
    reached.add(lead(docs.STATUS, silent_s=SILENT_S).strip(" ✓!").split("  ")[0])

    assert {tag.word for tag in TAGS} <= {word.strip() for word in reached}


@pytest.mark.parametrize("one", all_findings(), ids=range(len(all_findings())))
def test_a_finding_has_all_four_parts(one: Finding) -> None:
    lines = [text_of(line) for line in finding.finding_lines(one, PAGE)]
    text = "\n".join(lines)

    assert one.tag.style != OK
    assert [len(re.findall(rf"^   {label} +\S", text, re.MULTILINE)) for label in (
        "Position", "Robson", "You")] == [1, 1, 1]  # fmt: skip
    assert one.tag.word in lines[0]


@pytest.mark.parametrize("size", range(1, len(TROUBLES) + 1))
def test_alarms_outrank_warnings_in_all_combinations(size: int) -> None:
    ranks = {tag.word: tag.rank for tag in TAGS}
    for names in itertools.combinations(TROUBLES, size):
        worst = min(names, key=lambda name: ranks[name])

        found = found_in(troubled(list(names)))

        assert found[0].tag.word == worst
        assert {each.tag.word for each in found} == set(names)
        loud = [each.tag.style == ALARM for each in found]
        assert loud == sorted(loud, reverse=True)


@given(st.permutations(list(TROUBLES)), st.booleans())
def test_no_answer_outranks_all_but_unprotected(names: list[str], silent: bool) -> None:  # noqa: FBT001
    document = troubled([name for name in names if name != "UNPROTECTED"])

    first = lead(document, silent_s=SILENT_S if silent else 1.0)

    assert ("CANNOT SEE" in first) == silent


def test_three_are_told_and_the_rest_is_named() -> None:
    text = [text_of(line) for line in status.status(numbers(docs.FIVE), PAGE)]

    assert sum(line.startswith((" !! ", " ! ")) for line in text) == 3
    assert [line for line in text if "and 2 more" in line] == [
        "   and 2 more: robson status --json"
    ]


def test_a_row_carries_the_mark_of_its_worst_finding() -> None:
    text = [text_of(line) for line in status.status(numbers(docs.FIVE), PAGE)]

    assert [line[:2] for line in text if re.match(r"(!!|! |  ) [0-9A-Z]{6} ", line)] == [
        "!!",
        "!!",
        "! ",
    ]


def test_within_the_planned_window_nothing_is_claimed() -> None:
    for document in (docs.PLACING, docs.EXITING):
        first = lead(document)

        assert "PROTECTED" not in first
        assert not found_in(document)


@given(st.decimals("3.1", "900", places=1), st.sampled_from(["active", "exiting", "error"]))
def test_nothing_naked_is_ever_called_protected(seconds: object, state: str) -> None:
    position = changed(docs.UNPROTECTED_ETH, state=state, protection__unprotected_s=seconds)

    assert lead(docs.with_positions(docs.BTC_LONG, position)).startswith(" !! UNPROTECTED")


def test_a_stop_for_too_little_is_an_alarm() -> None:
    position = changed(docs.BTC_LONG, insurance__quantity=docs.D("0.03"))

    assert lead(docs.with_positions(position)).startswith(" !! UNPROTECTED")


def test_hostile_text_stays_text() -> None:
    position = changed(docs.UNPROTECTED_ETH, insurance__error="\x1b[2J\u202e\nrm -rf\x07")
    lines = status.status(numbers(docs.with_positions(position)), PAGE)

    text = "".join(text_of(line) for line in lines)
    assert not re.search(r"[\x00-\x1f\x7f\u202e]", text)


# --- commands ------------------------------------------------------------------------------------

COMMAND = re.compile(r"(robson (?:status|arm|disarm|panic|history|explain|demo)\b[^\n.,]*)")


def printed_commands() -> set[str]:
    """Every command that a line tells a person to type, as it stands on a wide page."""
    found: set[str] = set()
    for name in VIEWS:
        wide = rendered(name).split("===== 120 unicode\n")[1].split("=====")[0]
        for line in wide.splitlines():
            if re.match(r" +(You|Next|Note|and \d+ more)|Next| {12,}| +All of it", line):
                for text in COMMAND.findall(line):
                    found.add(re.split(r" {2,}|   |\. | on | as ", text)[0].strip())
    return found


def test_each_printed_command_is_understood() -> None:
    commands = printed_commands()

    assert {command.split()[1] for command in commands} >= {"status", "panic", "explain", "arm"}
    for command in commands:
        args = parser.parse(command.split()[1:])
        assert args.command == command.split()[1]


@pytest.mark.parametrize(
    ("place", "starts"),
    [
        ("/var/lib/u/robson/sim", "robsond run"),
        ("/var/lib/u/robson/paper", "robsond run --profile paper"),
        ("/var/lib/u/robson/live", "robsond run --profile live"),
        ("/var/lib/u/robson/observe", "robsond run --profile live --observe"),
        ("/run/robson", "robsond run"),
        ("/srv/elsewhere", "robsond run"),
    ],
)
def test_a_daemon_that_is_dead_is_started_again_in_its_own_profile(place: str, starts: str) -> None:
    said = f"robsond does not answer on grpc://127.0.0.1:1 (no socket at {place}/robsond.sock)."
    error = {"error": {"code": "UNAVAILABLE", "message": said, "details": {}}, "exit": 3}
    refused = errors.finding_of(error, PAGE)
    assert refused is not None

    for lines in (
        status.cannot_see(f"unix://{place}/robsond.sock", PAGE),
        finding.findings_lines([refused], PAGE),
    ):
        text = " ".join(text_of(line).strip() for line in lines).replace("\xa0", " ")
        assert re.search(rf"had: +{starts}(?! --)", text)
