"""Writes the pages that are made from the code, and proves that they are in sync with it.

The lifecycle comes from the state machine's class and from what the journal's events mean to it,
the configuration from the daemon's keys, the interface and the metrics as tools/reference.py says.
Everything else in docs/ is written by hand.
Usage: python tools/docs.py [--check]
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

import attrs
import reference
from alerts_page import alerts_page
from cli_page import cli_page
from conformance_page import conformance_page
from errors_page import errors_page
from faults_page import faults_page
from pages import made_from, paragraph, table
from recovery_page import recovery_page
from venue_page import venue_page

from robson.daemon.config import FILE_KEYS, KEYS, PREFIX, shown
from robson.domain import events, lifecycle, position
from robson.domain.errors import ConfigError
from robson.domain.identity import (
    AccountId,
    PositionId,
    Purpose,
    Scope,
    Symbol,
    client_order_id,
)
from robson.domain.lifecycle import PositionLifecycle, PositionState
from robson.engine.budget import MONTHLY_PCT, RISK_PER_TRADE_PCT

ROOT = Path(__file__).resolve().parent.parent
OTHER = "any other"

STATES = {
    PositionState.ARMED: "waits for one signal; nothing is at risk",
    PositionState.ENTERING: "the entry is durable; its order is prepared, sent or unknown",
    PositionState.ACTIVE: "filled, watched, and insured by a stop at the exchange",
    PositionState.EXITING: "on its way out; nothing but leaving is done any more",
    PositionState.CLOSED: "flat, with the fills that prove it",
    PositionState.CANCELLED: "ended before any fill",
    PositionState.ERROR: "needs a person; the stop is still judged",
}


LAW = (
    "A tick is not an event: what a tick causes is. An event that has no arc from a state is"
    " refused there; that is a defect of whoever made it and ends the process. Of several arcs of"
    " one event the first whose guard holds is taken, in the order of the table."
)
SETTLED = (
    "`closed` means flat. `settled` (debt zero, every charge known) is a fact of a closed position"
    " and no state: see the [glossary](../glossary.md)."
)
VOCABULARY = (
    "The table says what an event means to the machine, not that Robson already writes it: part of"
    " the law is for what is [not done yet](../../README.md#not-done-yet)."
)


# --- which journal event is which machine event --------------------------------------------------


def _words() -> list[str]:
    """Every word that position.py compares something with: all reasons are among them."""
    constants = (
        node.value
        for node in ast.walk(ast.parse(inspect.getsource(position)))
        if isinstance(node, ast.Constant)
    )
    return sorted({value for value in constants if isinstance(value, str) and value.isidentifier()})


def _client_ids() -> dict[str, Any]:
    scope = Scope(AccountId("main"), Symbol("BTC", "USDT"))
    return {
        f"of an {purpose.name.lower()} order": client_order_id(
            purpose, scope, PositionId.of(1), attempt=0, epoch=1
        )
        for purpose in (Purpose.ENTRY, Purpose.EXIT, Purpose.INSURANCE)
    }


def _alternatives() -> dict[str, dict[str, Any]]:
    """Fields that may decide what an event means, with the values to try, by their words."""
    words = {f"`{word}`": word for word in _words()}
    return {
        "reconciled": {"found by asking": True, "by the order's own answer": False},
        "proof": {"proved absent": (("evidence", "1"),), "refused or never sent": ()},
        "final": {"nothing is left": True, "something is left": False},
        "client_id": _client_ids(),
        "reason": {OTHER: OTHER, **words},
        "by": words,
    }


def _bare(kind: type[Any], fields: dict[str, Any]) -> Any:
    """An event with nothing in it but what decides."""
    event = object.__new__(kind)
    for name, value in fields.items():
        object.__setattr__(event, name, value)
    return event


def meanings(kind: type[Any]) -> dict[str | None, list[str]]:
    """Machine events that a journal event can be, each with the words for when it is."""
    deciding = {name: told for name, told in _tried(kind).items() if len({*told.values()}) > 1}
    if not deciding:
        return {machine: [] for machine in _answers(kind, _usual(kind))}
    [(name, told)] = deciding.items()  # were there two, the words would have to be combined
    found: dict[str | None, list[str]] = {}
    for word, answer in told.items():
        if word == OTHER or answer != told.get(OTHER):
            for machine in answer:
                found.setdefault(machine, []).append(f"{word} `{name}`" if word == OTHER else word)
    return found


def _fields(kind: type[Any]) -> dict[str, dict[str, Any]]:
    known = attrs.fields_dict(kind)
    return {name: values for name, values in _alternatives().items() if name in known}


def _usual(kind: type[Any]) -> dict[str, Any]:
    return {name: next(iter(values.values())) for name, values in _fields(kind).items()}


def _tried(kind: type[Any]) -> dict[str, dict[str, tuple[str | None, ...]]]:
    """For each field, what the event is with each of its values, by the words for them."""
    usual = _usual(kind)
    answers = {
        name: {word: _answers(kind, usual | {name: value}) for word, value in values.items()}
        for name, values in _fields(kind).items()
    }
    return {
        name: {word: answer for word, answer in told.items() if answer}
        for name, told in answers.items()
    }


def _answers(kind: type[Any], fields: dict[str, Any]) -> tuple[str | None, ...]:
    """What the event is in the states in which that is legal; nothing where it cannot be."""
    try:
        event = _bare(kind, fields)
        asked = {state: position.machine_event(state, event) for state in PositionState}
    except KeyError:
        return ()
    legal = {name for state, name in asked.items() if (state, name) in lifecycle.TABLE}
    return tuple(sorted(legal, key=str)) or (None,)


def kinds() -> tuple[type[Any], ...]:
    """Journal events of a position, but the one that creates it."""
    return tuple(
        kind for kind in get_args(events.PositionEvent) if kind is not events.PositionArmed
    )


# --- the lifecycle -------------------------------------------------------------------------------


def _label(arc: lifecycle.Arc) -> str:
    _, event, _, guard = arc
    return f"{event} [{guard}]" if guard else event


def _diagram(arcs: list[lifecycle.Arc]) -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield "    direction TB"
    yield "    [*] --> armed: arm"
    pairs = groupby(
        sorted(arcs, key=lambda arc: (_place(arc[0]), _place(arc[2]))),
        key=lambda arc: (arc[0].value, arc[2].value),
    )
    for (source, target), between in pairs:
        yield f"    {source} --> {target}: {'<br/>'.join(_label(arc) for arc in between)}"
    for state in PositionState:
        if state.is_terminal:
            yield f"    {state.value} --> [*]"
    yield "```"


def _place(state: PositionState) -> int:
    return list(PositionState).index(state)


def _guards(arcs: list[lifecycle.Arc]) -> list[tuple[str, ...]]:
    named = dict.fromkeys(guard for *_, guard in arcs if guard is not None)
    return [(f"`{name}`", _guard(name)) for name in named]


def _guard(name: str) -> str:
    said = inspect.getdoc(getattr(PositionLifecycle, name))
    if said:
        return " ".join(said.split())
    return f"the resolution says `{name.removeprefix('targets_')}`"


def _events(arcs: list[lifecycle.Arc]) -> tuple[list[tuple[str, str]], list[str], list[str]]:
    """Rows by machine event, machine events without one, and journal events without a step."""
    by_machine: dict[str, list[str]] = {event: [] for _, event, _, _ in arcs}
    folding: list[str] = []
    for kind in kinds():
        said = f"`{kind.KIND}`"
        for machine, words in meanings(kind).items():
            if machine is not None:
                when = f" ({', '.join(words)})" if words else ""
                by_machine[machine].append(f"{said}{when}")
            elif len(meanings(kind)) == 1:
                folding.append(said)
    rows = [(f"`{event}`", "; ".join(journal) or "none") for event, journal in by_machine.items()]
    return rows, [event for event, journal in by_machine.items() if not journal], folding


def lifecycle_page() -> str:
    """docs/architecture/lifecycle.md."""
    arcs = list(lifecycle.arcs())
    rows, silent, folding = _events(arcs)
    out = Counter(source for source, *_ in arcs)
    states = [
        (f"`{state.value}`", STATES[state], "yes" if state.is_terminal else "no", str(out[state]))
        for state in PositionState
    ]
    moves = [
        (f"`{a.value}`", f"`{event}`", f"`{b.value}`", f"`{guard}`" if guard else "")
        for a, event, b, guard in arcs
    ]
    driving = len(kinds()) - len(folding)
    counted = f"{len(states)} states, {len(rows)} events, {len(arcs)} arcs."
    return "\n".join(
        (
            made_from("robson/domain/lifecycle.py and robson/domain/position.py"),
            "",
            "# The lifecycle of a position",
            "",
            paragraph(counted, LAW),
            "",
            *_diagram(arcs),
            "",
            "## States",
            "",
            *table("State", "Meaning", "Final", "Arcs out", rows=states),
            "",
            paragraph(SETTLED),
            "",
            "## Arcs",
            "",
            *table("From", "Event", "To", "Guard", rows=moves),
            "",
            "## Guards",
            "",
            *table("Guard", "Holds when", rows=_guards(arcs)),
            "",
            "## Which journal event drives which machine event",
            "",
            paragraph(
                f"Of {len(kinds()) + 1} journal events of a position",
                f"`{events.PositionArmed.KIND}` creates it, {driving} drive the machine and",
                f"{len(folding)} only change data.",
                f"{len(silent)} machine events have no journal event at all.",
                VOCABULARY,
            ),
            "",
            *table("Machine event", "Journal event", rows=rows),
            "",
            paragraph(f"Only data: {', '.join(folding)}."),
            "",
        )
    )


# --- the configuration ---------------------------------------------------------------------------

_WRONG = ("", "-1", "wrong", "0777")
_FLAGS = {"profile": "--profile", "api.grpc": "--grpc", "api.http": "--http"}


def _allowed(read: Callable[[str], Any]) -> str:
    """What a key's own refusals say about what it takes."""
    said: dict[str, None] = {}
    for text in _WRONG:
        try:
            read(text)
        except ConfigError as refused:
            said[str(refused).rpartition("; ")[2]] = None
    bounds = [text.removeprefix("allowed is ") for text in said if text.startswith("allowed is ")]
    shapes = [text.removeprefix("expected ") for text in said if text != "is empty"]
    return "; ".join(bounds or shapes or ["a path; in a file it begins beside that file"])


def _is_used(key: str) -> bool:
    """Whether anything but its own definition names a key."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "robson").rglob("*.py"))
    return sum(source.count(f'"{key}"') for source in sources) > 1


def _strategy_keys() -> Iterator[str]:
    """What only a strategy's own file takes."""
    own = [
        (f"`{key}`", f"`{shown(key, row.default)}`", _allowed(row.read), row.meaning)
        for key, row in FILE_KEYS.items()
        if key not in KEYS
    ]
    yield "## Strategies"
    yield ""
    yield paragraph(
        "A strategy's own file, `strategies/NAME.toml`, takes these keys and those above of the",
        "sections `detector`, `stop`, `stop_gain` and `trailing`:",
    )
    yield ""
    yield from table("Key", "Default", "Allowed", "Meaning", rows=own)


def configuration_page() -> str:
    """docs/reference/configuration.md."""
    rows = [
        (
            f"`{key}`",
            f"`{shown(key, row.default)}`",
            _allowed(row.read),
            row.meaning + ("" if _is_used(key) else " (no effect yet)"),
            f"`{_FLAGS[key]}`" if key in _FLAGS else "",
        )
        for key, row in KEYS.items()
    ]
    sample = "risk.gap_bps"
    section, _, name = sample.partition(".")
    default = KEYS[sample].default
    variable = PREFIX + sample.upper().replace(".", "__")
    return "\n".join(
        (
            made_from("robson/daemon/config.py"),
            "",
            "# The daemon's configuration",
            "",
            paragraph(
                f"{len(rows)} keys. An option wins over the environment, the environment over the",
                "file, the file over the default. An unknown key or a value out of range ends the",
                "start with exit code 78 and names the key, the value and what is allowed.",
            ),
            "",
            paragraph(
                "`robsond check-config --config FILE` says everything that is wrong in one run,",
                "each with its line, and prints the value of every key with its source; `--json`",
                "prints the same as one document.",
            ),
            "",
            paragraph(
                "A file is TOML, given by `robsond run --config FILE`. What stands before the dot",
                "of a key is its section:",
            ),
            "",
            "```toml",
            f"[{section}]",
            f"{name} = {default}",
            "```",
            "",
            f"The same in the environment is `{variable}={default}`.",
            "",
            *table("Key", "Default", "Allowed", "Meaning", "Option", rows=rows),
            "",
            *_strategy_keys(),
            "",
            paragraph(
                "Two numbers are not here because they are not configured: a trade may plan to",
                f"lose {RISK_PER_TRADE_PCT} % of the capital base, a month {MONTHLY_PCT} %.",
            ),
            "",
        )
    )


# --- in sync -------------------------------------------------------------------------------------

PAGES: dict[str, Callable[[], str]] = {
    "docs/architecture/lifecycle.md": lifecycle_page,
    "docs/reference/api.md": reference.api_page,
    "docs/reference/cli.md": cli_page,
    "docs/reference/configuration.md": configuration_page,
    "docs/reference/metrics.md": reference.metrics_page,
    "docs/conformance.md": conformance_page,
    "docs/recovery.md": recovery_page,
    "docs/errors.md": errors_page,
    "docs/operations/alerts.md": alerts_page,
    "docs/operations/faults.md": faults_page,
    "docs/operations/venue.md": venue_page,
}


def stale() -> list[str]:
    """Pages that are not what the code says."""
    return [
        page
        for page, made in PAGES.items()
        if not (ROOT / page).is_file() or (ROOT / page).read_text(encoding="utf-8") != made()
    ]


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        behind = stale()
        if behind:
            print(f"out of sync with the code: {', '.join(behind)}; run: python tools/docs.py")
            return 1
        print(f"{len(PAGES)} pages in sync")
        return 0
    if arguments:
        print("usage: python tools/docs.py [--check]", file=sys.stderr)
        return 64
    for page, made in PAGES.items():
        (ROOT / page).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / page).write_text(made(), encoding="utf-8")
    arcs = list(lifecycle.arcs())
    events_ = len({event for _, event, *_ in arcs})
    print(f"{len(PAGES)} pages; {len(STATES)} states, {events_} events, {len(arcs)} arcs")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
