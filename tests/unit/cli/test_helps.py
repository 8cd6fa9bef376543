"""What ``--help`` says in each of the three programs: every option means something, and a default
that somebody would have to guess is named.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import pytest

from robson.cli import parser as ours
from robson.daemon import __main__ as daemon
from robson.sim import __main__ as sim

PROGRAMS = {"robson": ours.build, "robsond": daemon.parser, "robson-sim": sim._parser}


def commands(top: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its commands."""
    yield top
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in dict.fromkeys(action.choices.values()):
                yield from commands(each)


def options(command: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    skip = (argparse._SubParsersAction, argparse._HelpAction)
    yield from (each for each in command._actions if not isinstance(each, skip))


def says(action: argparse.Action) -> str:
    return (action.help or "") % {**vars(action), "prog": ""}


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_option_means_something(program: str, record_property: Any) -> None:
    seen = [(c, o) for c in commands(PROGRAMS[program]()) for o in options(c)]

    without = [f"{c.prog} {o.option_strings or o.dest}" for c, o in seen if not says(o).strip()]

    assert without == []
    assert len(seen) > 20
    record_property("note", f"help: {len(seen)} options of {program} mean something")


@pytest.mark.parametrize("program", ["robsond", "robson-sim"])
def test_a_default_is_named(program: str, record_property: Any) -> None:
    usual = [
        (command, option)
        for command in commands(PROGRAMS[program]())
        for option in options(command)
        if option.default not in (None, [], False, "", argparse.SUPPRESS)
    ]

    unsaid = [f"{c.prog} {o.dest}" for c, o in usual if str(o.default) not in says(o)]

    assert unsaid == []
    assert usual
    record_property("note", f"help: {len(usual)} defaults of {program} are named")


@pytest.mark.parametrize("program", ["robsond", "robson-sim"])
def test_every_command_has_examples(program: str) -> None:
    ends = [each for each in commands(PROGRAMS[program]()) if each.prog != program]

    assert [each.prog for each in ends if f"\n  {program} " not in (each.epilog or "")] == []
    assert len(ends) > 5
