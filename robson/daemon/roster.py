"""The positions and their journal, under one owner: nothing is folded that is not durable.

The only place that holds :class:`Position` instances. Readers get ``views``, a mapping that never
changes; it is copied when somebody asks after a change, so a commit costs what it changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

import attrs

from robson.domain.accounts import MonthOpened
from robson.domain.errors import InvariantViolated
from robson.domain.events import AccountEvent, Event, PositionArmed
from robson.domain.identity import PositionId
from robson.domain.lifecycle import Law, TableLaw
from robson.domain.ports import Journal, Recorded
from robson.domain.position import Position
from robson.domain.standing import DAY_NS, Standing, stand
from robson.domain.values import ExchangeNs
from robson.domain.view import PositionView

Views = Mapping[PositionId, PositionView]


@attrs.frozen
class Published:
    """The positions as they were after so many changes; ``every`` and ``live`` oldest first.

    ``today``: those that closed on the last UTC day on which any did.
    """

    changes: int
    views: Views
    every: tuple[PositionView, ...] = ()
    live: tuple[PositionView, ...] = ()
    today: tuple[PositionView, ...] = ()


@attrs.frozen(kw_only=True)
class Folded:
    """What the rows up to ``seq`` come to: all that a roster has of them."""

    seq: int
    last_ns: ExchangeNs
    standing: Standing
    views: tuple[PositionView, ...]


class Roster:
    """Positions by id. ``witness`` sees every recorded event after it is folded."""

    def __init__(
        self,
        journal: Journal,
        law: Callable[[], Law],
        *,
        witness: Callable[[Recorded, PositionView | None], None] | None = None,
    ) -> None:
        self._journal = journal
        self._law = law
        self._born_under = law
        self._witness = witness
        self._positions: dict[PositionId, Position] = {}
        self._owner: int | None = None
        self.standing = Standing()
        self.seq = 0
        self.last_ns = ExchangeNs(0)
        self._folded: dict[PositionId, PositionView] = {}
        self._known: dict[PositionId, PositionView] = {}
        self._live: dict[PositionId, PositionView] = {}
        self._changes = 0
        self._today: dict[PositionId, PositionView] = {}
        self._day = -1
        self._published = Published(0, MappingProxyType({}))

    @property
    def month(self) -> MonthOpened | None:
        """The month that is open; None before the first."""
        return self.standing.month

    @property
    def is_idle(self) -> bool:
        """Whether no position needs the monitor."""
        return not self._live

    def load(self, since: Folded | None = None) -> int:
        """Fold the journal, on the thread that owns it from now; the number of events.

        The whole of it, or what comes after the row at which an earlier fold is taken up.

        Under the table, which says what the machine says in half the time; what comes after is
        under the roster's own law.
        """
        self._owner = threading.get_ident()
        self._born_under = TableLaw
        if since is not None:
            self._take_up(since)
        count = 0
        for recorded in self._journal.read(self.seq):
            self._fold(recorded)
            count += 1
        self._born_under = self._law
        for position in self._positions.values():
            position.law = self._law()
        self._publish()
        return count

    def _take_up(self, folded: Folded) -> None:
        self.seq, self.last_ns, self.standing = folded.seq, folded.last_ns, folded.standing
        self._folded = {view.id: view for view in folded.views}
        self._positions = {view.id: Position(view, TableLaw()) for view in folded.views}

    def folded(self) -> Folded:
        """What every row so far has come to."""
        views = tuple(position.view for position in self._positions.values())
        return Folded(seq=self.seq, last_ns=self.last_ns, standing=self.standing, views=views)

    def commit(self, events: Sequence[Event]) -> None:
        """Make events durable in one transaction, then fold them.

        Raises:
            StoreError: nothing was folded.
            IllegalEvent: an event that could never be folded; the journal does not have it.
        """
        assert threading.get_ident() == self._owner, "positions belong to the monitor's thread"
        if not events:
            return
        self._rehearse(events)
        for recorded in self._journal.append(events):
            self._fold(recorded)
        self._publish()

    def _rehearse(self, events: Sequence[Event]) -> None:
        """A row that cannot be folded would keep every later process from starting."""
        trial: dict[PositionId, Position] = {}
        for event in events:
            if isinstance(event, PositionArmed):
                trial[event.position] = Position.born(event, TableLaw())
            elif not isinstance(event, AccountEvent):
                if event.position not in trial:
                    known = self._of(event.position).view
                    trial[event.position] = Position(known, TableLaw())
                trial[event.position].apply(event)

    def _fold(self, recorded: Recorded) -> None:
        event = recorded.event
        self.seq = recorded.seq
        self.last_ns = max(self.last_ns, event.at_ns)
        match event:
            case PositionArmed():
                self._positions[event.position] = Position.born(event, self._born_under())
            case _ if isinstance(event, AccountEvent):
                pass
            case _:
                self._of(event.position).apply(event)
        self.standing = stand(self.standing, event)
        position = getattr(event, "position", None)
        view = self._positions[position].view if position else None
        if view is not None:
            self._folded[view.id] = view
        if self._witness is not None:
            self._witness(recorded, view)

    def _of(self, position: PositionId) -> Position:
        found = self._positions.get(position)
        if found is None:
            raise InvariantViolated(f"an event names {position}, which was never armed")
        return found

    def _publish(self) -> None:
        """Let readers see what was folded: all of a transaction in one call, or none of it."""
        self._known.update(self._folded)
        for view in self._folded.values():
            if view.is_live:
                self._live[view.id] = view
            else:
                self._live.pop(view.id, None)
            if view.closed is not None:
                self._closed(view, view.closed.at_ns // DAY_NS)
        self._folded = {}
        self._changes += 1

    def _closed(self, view: PositionView, day: int) -> None:
        if day > self._day:
            self._day, self._today = day, {}
        if day == self._day:
            self._today[view.id] = view

    def _now(self) -> Published:
        """What readers of any thread see. The count is read first: a copy may only be newer."""
        changes, published = self._changes, self._published
        if published.changes != changes:
            views = MappingProxyType(self._known.copy())
            live, today = (tuple(x.copy().values()) for x in (self._live, self._today))
            published = Published(changes, views, tuple(views.values()), live, today)
            self._published = published
        return published

    @property
    def views(self) -> Views:
        """Every position there ever was; never changed, any thread may ask."""
        return self._now().views

    def ahead(self, position: PositionId, events: Iterable[Event]) -> PositionView:
        """The view as it will be once ``events`` are durable; nothing is folded."""
        copy = Position(self._of(position).view, self._law())
        for event in events:
            copy.apply(event)  # type: ignore[arg-type]
        return copy.view

    def view(self, position: PositionId) -> PositionView:
        """The view of a position that exists."""
        return self._of(position).view

    @property
    def published(self) -> Published:
        """One instant of all of it; any thread may ask."""
        return self._now()

    def live(self, symbol: str | None = None) -> list[PositionView]:
        """Positions that still need the monitor, oldest first; any thread may ask."""
        return [
            view for view in self._now().live if symbol is None or str(view.scope.symbol) == symbol
        ]
