"""When the fold is kept beside the journal, and what a start takes of it.

The audit's notes are kept with it: a law that looks back has to know what it would have seen.
"""

from __future__ import annotations

import attrs

from robson.daemon.roster import Folded, Roster
from robson.domain.errors import JournalCorrupt
from robson.domain.identity import PositionId
from robson.domain.lifecycle import PositionState
from robson.domain.view import PositionView
from robson.engine.invariants import Memory, Notes
from robson.store.codec import pack, unpack
from robson.store.journal import SqliteJournal
from robson.store.snapshots import Doubted

EVERY = 1_000
"""Rows between two snapshots, at least."""


@attrs.frozen(kw_only=True)
class Kept:
    """What a snapshot holds. ``views`` are those of ``folded``, each as text of its own: most have
    not changed since the last snapshot, and the monitor's thread does not write them again.
    """

    folded: Folded
    views: tuple[str, ...]
    notes: Notes


class Texts:
    """Views as text, each made once."""

    def __init__(self) -> None:
        self._made: dict[PositionId, tuple[PositionView, str]] = {}

    def of(self, view: PositionView) -> str:
        """The text of a view."""
        known = self._made.get(view.id)
        if known is None or known[0] is not view:
            known = self._made[view.id] = (view, pack(view))
        return known[1]

    def read(self, text: str) -> PositionView:
        """The view of a text."""
        view = unpack(text, PositionView)
        self._made[view.id] = (view, text)
        return view


def packed(folded: Folded, notes: Notes, texts: Texts) -> str:
    """A snapshot as text."""
    views = tuple(map(texts.of, folded.views))
    return pack(Kept(folded=attrs.evolve(folded, views=()), views=views, notes=notes))


def unpacked(text: str, texts: Texts) -> Kept:
    """The snapshot of a text, its views in their place.

    Raises:
        JournalCorrupt: it does not have the fields.
    """
    kept = unpack(text, Kept)
    views = tuple(map(texts.read, kept.views))
    return attrs.evolve(kept, folded=attrs.evolve(kept.folded, views=views))


class Snapshots:
    """Loads a roster and its audit from the newest snapshot, and keeps the next ones.

    Attributes:
        taken_seq: the row after which the newest was taken; 0 before the first.
        told: what ``load`` made of the snapshot that there was, for the log; empty without one.
    """

    def __init__(self, journal: SqliteJournal, roster: Roster, memory: Memory) -> None:
        self._journal = journal
        self._roster = roster
        self._memory = memory
        self._texts = Texts()
        self.taken_seq = 0
        self.told = ""

    def load(self) -> int:
        """Fold what has to be folded, on the journal's thread; the number of rows."""
        kept = self._believed()
        if kept is None:
            return self._roster.load()
        self.taken_seq = kept.folded.seq
        self._memory.recall(kept.notes, kept.folded.views)
        count = self._roster.load(kept.folded)
        self.told = f"started from the snapshot after row {kept.folded.seq}, rows folded: {count}"
        return count

    def _believed(self) -> Kept | None:
        found = self._journal.kept()
        try:
            if found is not None and not isinstance(found, Doubted):
                return unpacked(found.payload, self._texts)
        except JournalCorrupt as error:
            found = Doubted(str(error))
        if found is not None:
            self.told = f"snapshot not used, every row is folded: {found.why}"
        return None

    def keep_if_due(self) -> None:
        """Keep one after so many rows, once nothing is held: no exit ever waits for one."""
        if self._roster.seq < self.taken_seq + EVERY:
            return
        if all(view.state is PositionState.ARMED for view in self._roster.live()):
            self.keep()

    def keep(self) -> None:
        """Keep what the rows have come to by now.

        Raises:
            StoreError: the journal cannot be written, and there is no emergency file.
        """
        self.taken_seq = self._roster.seq
        self._journal.keep(packed(self._roster.folded(), self._memory.noted(), self._texts))
