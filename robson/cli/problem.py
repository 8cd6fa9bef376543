"""What ends a command early: one code of the error table, one run of sentences, the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Problem(Exception):
    """A command cannot be done, or its outcome is not known.

    Attributes:
        code: as in the error table; the exit code follows from it.
        message: what was wrong, what is expected, what to do.
        details: what was measured.
        daemon: who said so, as in every document; None when nobody did.
        exit_code: where it is not the code's own, such as 130 after Ctrl-C.
    """

    def __init__(
        self,
        code: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        daemon: Mapping[str, Any] | None = None,
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details or {})
        self.daemon = dict(daemon) if daemon else None
        self.exit_code = exit_code
