"""A process that has loaded the daemon and the venue, and forks one for each that is started.

Half a second of processor is what either costs until it answers, nearly all of it the loading of
its code, and a hundred positions start three hundred. What is forked is a process of its own and
runs what ``python -m MODULE ARGUMENTS`` would. One line of JSON asks, one answers.
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
from robson.sim.chaos.wait import until

_LOST = "the process that starts the others has ended"
KILL, TERMINATE = 9, 15
"""Signals, by number: whoever catches one lives in the daemon."""
_ROOT = Path(robson.__file__).parents[1]


class TemplateLost(RobsonError):
    """The process that forks has ended by itself."""


class Template:
    """The process, from the side of whoever starts others by it; they end with it."""

    def __init__(self) -> None:
        self._asked = 0
        paths = (str(_ROOT), os.environ.get("PYTHONPATH", ""))
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )

    def start(self, *arguments: str, out: Path, err: Path, **env: str) -> Child:
        """Run a module; what it says is added to two files. Of our environment it has all but
        Robson's own variables.

        Raises:
            TemplateLost: there is nothing to fork from any more.
        """
        kept = {name: text for name, text in os.environ.items() if not name.startswith("ROBSON_")}
        said = {"arguments": arguments, "out": str(out), "err": str(err), "env": kept | env}
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
        """End it, and whatever of it still runs."""
        self._process.communicate()


class Child:
    """What ``subprocess.Popen`` is for a process that Python started, for one that was forked.

    Attributes:
        code: its exit code, negative for a signal; None while it is not known to have ended.
    """

    def __init__(self, ask: Callable[[dict[str, Any]], Any], pid: int) -> None:
        self.pid, self.code = pid, None
        self._ask = ask

    def poll(self) -> int | None:
        """Its exit code, if it has ended. Until then its pid is nobody else's."""
        if self.code is None:
            self.code = self._ask({"ended": self.pid})
        return self.code

    def wait(self, longest_s: float) -> int | None:
        """Its exit code, if it ends in time."""
        until(lambda: self.poll() is not None, monotonic_s() + longest_s)
        return self.code

    def send(self, number: int) -> None:
        """A signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)


# --- in the process that forks -------------------------------------------------------------------


def _serve() -> list[str]:
    """Answer until nobody asks any more; returns in a child, with what it is to run."""
    running: set[int] = set()
    try:
        _answer(0, "loaded")
        for line in sys.stdin:
            said = json.loads(line)
            if "ended" in said:
                answer = _ended(said["ended"])
                if answer is not None:
                    running.discard(said["ended"])
            else:
                answer = os.fork()
                if answer == 0:
                    return _become(said)
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


def _become(said: Mapping[str, Any]) -> list[str]:
    os.chdir(said["folder"])
    ends = (os.devnull, os.O_RDONLY), (said["out"], _ADD), (said["err"], _ADD)
    for number, (path, mode) in enumerate(ends):
        opened = os.open(path, mode, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(said["env"])
    return list(said["arguments"])


_ADD = os.O_WRONLY | os.O_APPEND | os.O_CREAT


def _run(module: str, *arguments: str) -> None:
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    # What the two start with.
    import robson.daemon.binance
    import robson.daemon.serving
    import robson.sim.venue.command

    gc.freeze()
    _run(*_serve())
