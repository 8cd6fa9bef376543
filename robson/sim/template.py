"""A process that has loaded the code of some programs, and forks one for each that is started.

Half a second of processor is what robsond or a venue costs until it answers, nearly all of it the
loading of its code, and a run of chaos or of live positions starts hundreds. What is forked is a
process of its own, with its own pid, files and signals, and runs what ``python -m WORDS`` would.
One line of JSON asks, one answers. It starts no thread, so a fork of it is whole.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import robson
from robson.daemon.clock import monotonic_s
from robson.domain.errors import RobsonError
from robson.sim.wait import LOOK_S, until

OURS = "ROBSON_"
"""Variables that would configure a program; here its arguments do."""
KILL, TERMINATE = 9, 15
"""Signals, by number: whoever catches one lives in the daemon."""
_LOST = "the process that starts the others has ended"
_ROOT = Path(robson.__file__).parents[1]


class TemplateLost(RobsonError):
    """The process that forks has ended by itself."""


class Template:
    """The process, from the side of whoever starts others by it; they end with it.

    It has a process group of its own: a terminal's Ctrl-C is for whoever made it.

    Args:
        module: whose main part loads what the programs need, and calls :func:`serve`.
    """

    def __init__(self, module: str) -> None:
        self._asked = 0
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            process_group=0,
        )

    def start(
        self, *words: str, out: Path, err: Path, hold: tuple[str, ...] = (), **env: str
    ) -> Child:
        """Run a module with its arguments; what it says is added to two files.

        Of our environment it has all but Robson's own variables. ``hold`` is for ``serve``.

        Raises:
            TemplateLost: there is nothing to fork from any more.
        """
        kept = {name: text for name, text in os.environ.items() if not name.startswith(OURS)}
        said = {"words": words, "out": str(out), "err": str(err), "env": kept | env, "hold": hold}
        return Child(self.ask, self.ask(said | {"folder": str(err.parent)}))

    def ask(self, said: dict[str, Any]) -> Any:
        """One question and its answer."""
        assert self._process.stdin is not None
        self._asked += 1
        try:
            print(json.dumps(said | {"number": self._asked}), file=self._process.stdin, flush=True)
        except (BrokenPipeError, ValueError) as error:
            raise TemplateLost(_LOST) from error
        return self._answer_of(self._asked)

    def _answer_of(self, asked: int) -> Any:
        """An answer for which an interrupt has not let anybody wait is not the next one's."""
        assert self._process.stdout is not None
        try:
            number = None
            while number != asked:
                number, answer = json.loads(self._process.stdout.readline())
            return answer
        except ValueError as error:
            raise TemplateLost(_LOST) from error

    def __enter__(self) -> Self:
        """As soon as it has loaded."""
        self._answer_of(0)
        return self

    def __exit__(self, *_: object) -> None:
        """Done with it."""
        self.close()

    def close(self) -> None:
        """End it, and whatever of it still runs."""
        self._process.communicate()


class Child:
    """What ``subprocess.Popen`` is for a process that Python started, for one that was forked.

    Attributes:
        returncode: its exit code, negative for a signal; None while it is not known to have ended.
    """

    def __init__(self, ask: Callable[[dict[str, Any]], Any], pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ask = ask

    def poll(self) -> int | None:
        """Its exit code, if it has ended. Until then its pid is nobody else's."""
        if self.returncode is None:
            self.returncode = self._ask({"ended": self.pid})
        return self.returncode

    def ends(self, longest_s: float) -> int | None:
        """Its exit code, if it ends in time."""
        until(lambda: self.poll() is not None, monotonic_s() + longest_s)
        return self.returncode

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        while (code := self.ends(LOOK_S)) is None:
            pass
        return code

    def send_signal(self, sig: int, /) -> None:
        """Nothing is sent to a process that has ended: its pid may be another's."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(TERMINATE)

    def kill(self) -> None:
        """End it without a word."""
        self.send_signal(KILL)


def environment() -> dict[str, str]:
    """Ours, with the place of this code."""
    paths = (str(_ROOT), os.environ.get("PYTHONPATH", ""))
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


# --- in the process that forks -------------------------------------------------------------------


def serve(hold: Callable[..., None] | None = None) -> None:
    """Answer until nobody asks any more; in a child, run what it was forked for.

    ``hold``: called in a child with what ``Template.start`` was given, before it runs.
    """
    gc.freeze()
    said = _asked()
    if hold is not None and said["hold"]:
        hold(*said["hold"])
    sys.argv = list(said["words"])
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _asked() -> Mapping[str, Any]:
    """Returns in a child, with what it is to run."""
    running: set[int] = set()
    try:
        _answer(0, "loaded")
        for line in sys.stdin:
            said: dict[str, Any] = json.loads(line)
            if "ended" in said:
                answer = _ended(said["ended"])
                if answer is not None:
                    running.discard(said["ended"])
            else:
                answer = os.fork()
                if answer == 0:
                    _become(said)
                    return said
                running.add(answer)
            _answer(said["number"], answer)
    except BrokenPipeError:
        pass  # whoever asked has gone without a word
    for pid in running:
        os.kill(pid, KILL)
        os.waitpid(pid, 0)
    os._exit(0)


def _answer(number: int, answer: object) -> None:
    print(json.dumps([number, answer]), flush=True)


def _ended(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _become(said: Mapping[str, Any]) -> None:
    os.chdir(said["folder"])
    ends = (os.devnull, os.O_RDONLY), (said["out"], _ADD), (said["err"], _ADD)
    for number, (path, mode) in enumerate(ends):
        opened = os.open(path, mode, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(said["env"])


_ADD = os.O_WRONLY | os.O_APPEND | os.O_CREAT
