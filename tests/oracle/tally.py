"""Counts what a comparison really met, so that none passes by meeting nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable


class Tally:
    """How often each class of case occurred; one that never did is a failure.

    Args:
        title: what was compared, for the note.
        wanted: every class that has to occur.
    """

    def __init__(self, title: str, wanted: Iterable[str]) -> None:
        self.title = title
        self.wanted = tuple(wanted)
        self.seen: Counter[str] = Counter()
        self.compared = 0

    def see(self, *classes: str) -> None:
        """One comparison, and the classes that it belongs to."""
        self.compared += 1
        self.seen.update(classes)

    def settle(self, record_property: Callable[[str, object], None]) -> None:
        """Fail on a class that never occurred; note the counts of all others."""
        missing = [name for name in self.wanted if not self.seen[name]]
        assert self.compared, f"{self.title}: nothing was compared"
        assert not missing, f"{self.title}: never occurred in {self.compared}: {missing}"
        counts = ", ".join(f"{name} {self.seen[name]}" for name in self.wanted)
        record_property("note", f"oracle, {self.title}: {self.compared} compared; {counts}")
