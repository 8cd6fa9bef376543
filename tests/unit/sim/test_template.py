"""What chaos and live positions fork is what Python would have started, and does not outlive it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from robson.sim.template import KILL, TERMINATE, Child, Template, TemplateLost

BOUND_S = 30.0
SEES = """
import json, os, sys
print(json.dumps([sys.argv, os.getcwd(), dict(os.environ), __name__]))
sys.exit(7)
"""
WAITS = "import signal\nprint('here', flush=True)\nsignal.pause()\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a module that tells what it sees, and one that waits."""
    made = tmp_path_factory.mktemp("forked")
    for name, text in (("sees", SEES), ("waits", WAITS)):
        (made / f"{name}_forked.py").write_text(text)
    return made


@contextmanager
def loaded(place: Path) -> Iterator[Template]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(place))
        patch.setenv("ROBSON_LEFT_BEHIND", "1")
        with Template("robson.sim.live.loaded") as made:
            yield made


@pytest.fixture(scope="module")
def template(place: Path) -> Iterator[Template]:
    with loaded(place) as made:
        yield made


def started(template: Template, place: Path, module: str, said: str = "", **env: str) -> Child:
    """One of the two, whose words go into two files."""
    ends = {"out": place / f"{said}.out", "err": place / f"{said}.err"}
    return template.start(f"{module}_forked", "--one", "2", **ends, **env)


def test_children_are_as_python_would_have_started_them(template: Template, place: Path) -> None:
    sees = started(template, place, "sees", said="seen", ROBSON__OWN="yes")
    waits = [started(template, place, "waits") for _ in range(2)]

    assert sees.ends(BOUND_S) == 7, (place / "seen.err").read_text()
    arguments, folder, environment, name = json.loads((place / "seen.out").read_text())
    assert arguments[1:] == ["--one", "2"]
    assert (folder, name) == (str(place), "__main__")
    assert environment["ROBSON__OWN"] == "yes"
    assert "ROBSON_LEFT_BEHIND" not in environment
    for child, number in zip(waits, (KILL, TERMINATE), strict=True):
        assert child.poll() is None
        child.send_signal(number)
        assert child.ends(BOUND_S) == -number
        child.kill()  # and whoever has its pid now is not struck


def test_answer_that_nobody_waited_for_is_not_the_next_ones(
    template: Template, place: Path
) -> None:
    """Ctrl-C comes between a question and its answer."""
    assert template._process.stdin is not None
    sees = started(template, place, "sees")
    template._asked += 1
    print(json.dumps({"ended": sees.pid, "number": template._asked}), file=template._process.stdin)

    waits = started(template, place, "waits")
    assert waits.pid != sees.pid
    assert Path(f"/proc/{waits.pid}").exists()


def test_children_end_with_it(place: Path) -> None:
    with loaded(place) as template:
        waits = started(template, place, "waits")
        assert Path(f"/proc/{waits.pid}").exists()
    assert not Path(f"/proc/{waits.pid}").exists()
    with pytest.raises(TemplateLost):
        waits.poll()
