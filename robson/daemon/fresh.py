"""Beginning anew: our own files are laid aside, and thrown away once the start has succeeded."""

from __future__ import annotations

from pathlib import Path

from robson.store.emergency import FILE_NAME as EMERGENCY

OURS = (
    *("journal.db", "journal.db-wal", "journal.db-shm", EMERGENCY, "token"),
    *(f"exchange/{name}" for name in ("books.db", "books.db-wal", "books.db-shm", "tape.clock")),
)
ASIDE = ".discarded"


class Aside:
    """The files of a state directory whose lock is held, and nothing else of it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.thrown_away()  # of a start that died in between
        for name in OURS:
            self._move(directory / name, directory / ASIDE / name)

    def back(self) -> None:
        """The start was refused: everything lies where it was."""
        for name in OURS:
            (self._directory / name).unlink(missing_ok=True)
            self._move(self._directory / ASIDE / name, self._directory / name)
        self.thrown_away()

    def thrown_away(self) -> None:
        """Nothing of it is needed any more."""
        aside = self._directory / ASIDE
        for name in OURS:
            (aside / name).unlink(missing_ok=True)
        for folder in (aside / "exchange", aside):
            if folder.is_dir():
                folder.rmdir()

    def _move(self, here: Path, there: Path) -> None:
        if here.exists():
            there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            here.rename(there)
