"""What is said of a call that came to no answer, and who is said to have made it."""

from __future__ import annotations

from typing import Any

import pytest

from robson.api.client import CallFailed
from robson.cli.problem import Problem
from robson.cli.session import Session, _actor
from tests.unit.cli.test_finding_doors import said

DOOR = "unix:///tmp/rb-nobody.sock"


def session(**environ: str) -> Session:
    """To nobody; nothing is sent before the first call."""
    return Session(said(url=DOOR), environ)


def failing(error: BaseException) -> Any:
    def call() -> Any:
        raise error

    return call


@pytest.mark.parametrize("code", ["UNAVAILABLE", "DEADLINE_EXCEEDED"])
def test_a_change_that_was_lost_on_the_way_may_have_been_taken(code: str) -> None:
    """A question that was lost has changed nothing, and says what it is."""
    lost = CallFailed(code, "", {}, answered=False)
    with pytest.raises(Problem) as change:
        session().change(failing(lost))
    assert change.value.code == "PENDING"
    with pytest.raises(Problem) as question:
        session().ask(failing(lost))
    assert question.value.code == code


def test_a_change_that_was_refused_is_no_riddle() -> None:
    refused = CallFailed("HALTED", "entries are halted", {}, answered=True)
    with pytest.raises(Problem, match="entries are halted") as problem:
        session().change(failing(refused))
    assert problem.value.code == "HALTED"


def test_ctrl_c_during_a_change_is_130_and_may_have_been_taken() -> None:
    with pytest.raises(Problem, match="may have taken the command") as problem:
        session().change(failing(KeyboardInterrupt()))
    assert (problem.value.code, problem.value.exit_code) == ("PENDING", 130)


def test_the_journal_holds_the_person_and_not_root() -> None:
    """With sudo, USER is whoever one has become."""
    for environ, who in (({"USER": "root", "SUDO_USER": "ann"}, "ann@"), ({"USER": "bob"}, "bob@")):
        assert _actor(environ).startswith(who)
