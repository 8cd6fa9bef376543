"""What a check answers, as the API tells it, and who is asked for checks."""

from __future__ import annotations

from typing import Protocol

import attrs


@attrs.frozen(kw_only=True)
class CheckFact:
    """One check.

    Attributes:
        answer: ``pass``, ``fail`` or ``unchecked``, which is never a pass.
        said: what was found, in one sentence.
        means: what that means for the money; beside a pass, what to know.
        fix: what a person can do.
        incident: number of the incident that it would have spared.
    """

    name: str
    answer: str
    said: str
    means: str = ""
    fix: str = ""
    incident: str = ""


class Examiner(Protocol):
    """Looks at a running daemon from its own side. Called from many threads; waits."""

    def examine(self) -> tuple[CheckFact, ...]:
        """Every check of machine and exchange, made now."""

    def test_alert(self, actor: str) -> tuple[CheckFact, ...]:
        """Send a test by each way out, once, and say which took it."""
