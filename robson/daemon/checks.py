"""What a check is, and every check there is, with the incident that it would have spared.

Three answers: pass, fail, and could not check, which is never a pass.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any

import attrs


class Verdict(enum.Enum):
    """Of one check."""

    PASS = "pass"  # noqa: S105 - no password: a check that passed
    FAIL = "fail"
    UNCHECKED = "unchecked"


CHECKS: Mapping[str, tuple[str, str]] = {
    "Config": ("I-44", "behaviour was chosen by a variable that nobody had checked"),
    "Secrets": ("F73", "a secret is read by whoever may read its file"),
    "Disk": ("I-36", "the event log grew to 17 GB"),
    "Lock": ("F09", "two daemons on one account send two orders"),
    "Exchange": ("I-42", "the exchange moved, and the old address stayed silent"),
    "Clock": ("F28", "an order with a time outside of the receive window is refused"),
    "Key": ("F74", "a key that may withdraw empties the account of whoever loses it"),
    "Pairs": ("I-04", "the collateral was in another isolated pair"),
    "Order types": ("I-23", "the first exchange stop was refused"),
    "Fees": ("I-46", "fees were taken otherwise than they were estimated"),
    "Exit": ("I-28", "a stop that a filter refuses leaves the position bare"),
}
"""By name, in the order in which they are told: the incident's number, and what happened."""


@attrs.frozen(kw_only=True)
class Check:
    """One check and its answer.

    Attributes:
        said: what was found, in one sentence.
        means: what that means for the money; beside a pass, what to know.
        fix: what a person can do.
        stops: a start of the profile live ends with it: nothing could be protected.
    """

    name: str
    answer: Verdict
    said: str
    means: str = ""
    fix: str = ""
    stops: bool = False

    @property
    def bars(self) -> bool:
        """Whether no position is to be entered until a person has looked."""
        return self.name == "Key" and self.answer is Verdict.FAIL

    @property
    def incident(self) -> str:
        """Number of the incident."""
        return CHECKS[self.name][0]

    @property
    def happened(self) -> str:
        """What happened then."""
        return CHECKS[self.name][1]


def passed(name: str, said: str, means: str = "", fix: str = "") -> Check:
    """It is as it should be."""
    return Check(name=name, answer=Verdict.PASS, said=said, means=means, fix=fix)


def failed(name: str, said: str, means: str, fix: str, *, stops: bool = False) -> Check:
    """It is not."""
    return Check(name=name, answer=Verdict.FAIL, said=said, means=means, fix=fix, stops=stops)


def unchecked(name: str, why: str) -> Check:
    """Nobody knows."""
    return Check(name=name, answer=Verdict.UNCHECKED, said=f"could not be checked: {why}")


def count(found: Iterable[Check], answer: Verdict) -> int:
    """How many gave an answer."""
    return sum(each.answer is answer for each in found)


def all_passed(found: Iterable[Check]) -> bool:
    """None failed, and none could not be checked."""
    return all(each.answer is Verdict.PASS for each in found)


def document(found: Iterable[Check], profile: str) -> dict[str, Any]:
    """The checks as one JSON document."""
    checks = tuple(found)
    return {
        "schema": "robson.doctor/1",
        "profile": profile,
        "ok": all_passed(checks),
        "checks": [
            {
                "name": each.name,
                "answer": each.answer.value,
                "said": each.said,
                "means": each.means or None,
                "fix": each.fix or None,
                "incident": each.incident,
            }
            for each in checks
        ],
    }
