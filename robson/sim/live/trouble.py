"""One line of the venue's script, as a plan has it."""

from __future__ import annotations

from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Trouble:
    """The nth request or frame of a role, or each so many; ``after`` a request of another one."""

    kind: str
    role: str
    nth: int = 1
    every: int | None = None
    after: str | None = None

    def __str__(self) -> str:
        after = f" after {self.after}" if self.after else ""
        return f"{self.kind}/{self.role}{after}"

    @property
    def line(self) -> dict[str, Any]:
        """As the script says it."""
        often = {"every": self.every} if self.every else {"nth": self.nth}
        after = {"after": self.after} if self.after else {}
        return {"kind": self.kind, "request": self.role, **often, **after}
