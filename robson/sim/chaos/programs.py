"""Starts the two programs: by Python itself, or forked from a process that has loaded their code.

What is forked makes every call that a boundary counts: the code it runs is loaded before, and
loading touches no state directory.
"""

from __future__ import annotations

import atexit
import subprocess
import sys
from pathlib import Path

import attrs

from robson.sim.chaos.trace import MAIN
from robson.sim.template import OURS, Child, Template, environment

Process = subprocess.Popen[bytes] | Child


@attrs.frozen
class Gate:
    """A file that a thread of a program waits for, before it does anything: who watches it from its
    first call is there by then.
    """

    opens: Path
    thread: str = MAIN


def forked(log: Path, *words: str, gate: Gate | None = None) -> Child:
    """``python -m WORDS`` of loaded code."""
    hold = (str(gate.opens), gate.thread) if gate else ()
    return _loaded().start(*words, out=log, err=log, hold=hold)


def fresh(log: Path, *words: str) -> subprocess.Popen[bytes]:
    """``python -m WORDS``, started by Python itself: its time to an answer is a real one."""
    kept = {name: text for name, text in environment().items() if not name.startswith(OURS)}
    with log.open("ab") as out:
        return subprocess.Popen(  # noqa: S603 - our own programs
            [sys.executable, "-m", *words],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=log.parent,
            env=kept,
        )


_made: list[Template] = []


def _loaded() -> Template:
    """The one process of this one: made when it is needed first, ends with it."""
    if not _made:
        _made.append(Template("robson.sim.chaos.loaded").__enter__())
        atexit.register(_made[0].close)
    return _made[0]
