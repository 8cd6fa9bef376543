"""Reads every pair as a whole and follows the exchange: at start, every minute, when asked.

One part of the monitor, on its thread. Reading changes nothing; what was found is decided for each
position by itself, so that one that cannot be explained never keeps another from being protected.
One request a minute for each pair while all agrees, three in a look that has something to explain.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

import attrs

from robson.api.published import Difference, Looked, PairReading
from robson.daemon.backoff import wait_ns
from robson.daemon.custody import Custody
from robson.daemon.governor import Act
from robson.domain.commands import ClearFrozen, Command, Reconcile
from robson.domain.errors import Refused
from robson.domain.identity import PositionId, Scope, position_hash, read_client_order_id
from robson.domain.intents import Intent, ReadAccount, ReadOrders, ReadTrades
from robson.domain.lifecycle import PositionState
from robson.domain.reports import (
    AccountReported,
    AccountSnapshot,
    Fill,
    OrdersReported,
    OrderState,
    Report,
    TradesReported,
)
from robson.domain.standing import DAY_NS
from robson.domain.values import NS_PER_S, ExchangeNs, Numbers
from robson.domain.view import PositionView
from robson.engine.context import NOTHING
from robson.engine.pair import APART_NS, Finding, Pair
from robson.engine.reconcile import agrees, reconcile

TOKENS_FROM = 1_000_000_000
"""Below minus this a token is a question of ours."""
EVERY_NS = 60 * NS_PER_S
AGAIN_NS = (NS_PER_S, 2 * NS_PER_S, 5 * NS_PER_S)
"""Waits after a reading that something moved under; one that failed waits longer and longer."""
TRIES_MAX = 5
"""Readings after which somebody who asked is told that the exchange does not answer."""

Freeze = Callable[[str, str, str, Numbers], None]
Govern = Callable[[Command, Future[Any]], bool]


@attrs.frozen
class Read:
    """One pair as it was read for somebody who asked, and what differed."""

    pair: Pair
    found: tuple[Finding, ...]


Told = Callable[["Read | Refused"], None]


@attrs.frozen
class Question:
    """Somebody who waits for a look; ``follows``: whether what differs is followed at once."""

    told: Told
    follows: bool


@attrs.define
class Look:
    """One pair being read, or about to be.

    Attributes:
        due_ns: when it is read next.
        whole: the lists are read too, not the account alone.
        waiting: tokens of the questions under way.
        versions: positions as they stood when it began, by version; None for one that was busy.
        tries: readings in a row that came to nothing.
        asked: who waits for a look that has not begun.
        told: who is told what the look under way finds.
        follows: whether what it finds is followed; not when it is taken for a report only.
        retry_ns: when an exchange that did not answer is asked again, whoever waits.
        unseen: orders that no list had, and since when.
        read_ns: when the last look was over.
    """

    due_ns: ExchangeNs
    whole: bool = True
    waiting: dict[int, Intent] = attrs.Factory(dict)
    versions: dict[PositionId, int | None] = attrs.Factory(dict)
    account: AccountSnapshot | None = None
    orders: tuple[OrderState, ...] | None = None
    trades: tuple[Fill, ...] | None = None
    tries: int = 0
    asked: list[Question] = attrs.Factory(list)
    told: list[Question] = attrs.Factory(list)
    follows: bool = True
    retry_ns: ExchangeNs = ExchangeNs(0)
    unseen: dict[str, ExchangeNs] = attrs.Factory(dict)
    read_ns: ExchangeNs = ExchangeNs(0)


class Reconciler:
    """What the exchange has of every pair, followed.

    ``freeze`` keeps a scope from entries, ``govern`` lets it take them again.

    Attributes:
        looks: by symbol.
        findings: by symbol, what the last whole look found.
    """

    def __init__(self, custody: Custody, act: Act, freeze: Freeze, govern: Govern) -> None:
        self._govern = govern
        self._custody = custody
        self._act = act
        self._freeze = freeze
        self._tokens = itertools.count(TOKENS_FROM)
        self.looks: dict[str, Look] = {}
        self.findings: dict[str, tuple[Finding, ...]] = {}

    def recover(self) -> None:
        """Look at every pair before anything is entered."""
        now = self._custody.now()
        self.looks = {symbol: Look(due_ns=now) for symbol in self._custody.markets}
        self._custody.unreconciled.update(self.looks)
        self.look()

    def next_due_ns(self) -> ExchangeNs | None:
        """When the next pair has to be read."""
        return min((x.due_ns for x in self.looks.values() if not x.waiting), default=None)

    def look(self) -> None:
        """Read what is due, and soon what there is doubt about."""
        now, doubted = self._custody.now(), self._custody.doubted
        for symbol in sorted(doubted):
            look = self.looks.get(symbol)
            if look is not None and not look.waiting:
                look.whole = True
                look.due_ns = min(look.due_ns, ExchangeNs(max(now, look.read_ns + AGAIN_NS[-1])))
                doubted.discard(symbol)
        for symbol, look in self.looks.items():
            if not look.waiting and (now >= look.due_ns or (look.asked and now >= look.retry_ns)):
                self._ask(symbol, look)

    def soon(self, symbol: str) -> None:
        """Something was unknown, or is gone: look at the whole pair now."""
        look = self.looks.get(symbol)
        if look is not None and not look.waiting:
            look.due_ns, look.whole = self._custody.now(), True

    def ask(self, symbol: str, told: Told, *, follows: bool = True) -> None:
        """Look now; ``told`` gets what was read, or a refusal when the exchange does not answer."""
        self.looks[symbol].asked.append(Question(told, follows))
        self.look()

    # --- who asks --------------------------------------------------------------------------------

    def answer(self, command: Command, answer: Future[Any]) -> bool:
        """Look now, and answer with what was found; False when somebody else has to answer."""
        if isinstance(command, Reconcile):
            symbols = [*self.looks] if command.symbol is None else [command.symbol]
            if command.symbol is not None and command.symbol not in self.looks:
                known = ", ".join(sorted(self.looks))
                unknown = f"{command.symbol} is not traded here; known: {known}"
                answer.set_exception(Refused("UNKNOWN_SYMBOL", unknown))
                return True
            self._told(
                symbols,
                answer,
                lambda read: answer.set_result(_looked(read, report_only=command.report_only)),
                follows=not command.report_only,
            )
            return True
        frozen = self._custody.roster.standing.frozen
        if not isinstance(command, ClearFrozen) or all(x.scope != command.scope for x in frozen):
            return False
        symbols = [symbol for symbol in self.looks if command.scope in (symbol, "account")]
        self._told(symbols, answer, lambda read: self._clear(command, answer, read))
        return True

    def _told(
        self,
        symbols: list[str],
        answer: Future[Any],
        then: Callable[[list[Read]], None],
        *,
        follows: bool = True,
    ) -> None:
        """Ask of every symbol, and go on when the last one is told."""
        reads: dict[str, Read] = {}

        def told(symbol: str, read: Read | Refused) -> None:
            if answer.done():
                return
            if isinstance(read, Refused):
                answer.set_exception(read)
                return
            reads[symbol] = read
            if len(reads) == len(symbols):
                then([reads[each] for each in symbols])

        for symbol in symbols:
            self.ask(symbol, partial(told, symbol), follows=follows)

    def _clear(
        self,
        command: ClearFrozen,
        answer: Future[Any],
        reads: list[Read],
    ) -> None:
        """A scope thaws only when nothing is found any more that would freeze it."""
        still = [each for read in reads for each in read.found if each.freezes]
        if not still:
            self._govern(command, answer)
            return
        said = "; ".join(each.message for each in still)
        numbers = tuple(number for each in still for number in each.evidence)
        answer.set_exception(Refused("STILL_DEGRADED", f"{command.scope}: {said}", numbers))

    # --- reading ---------------------------------------------------------------------------------

    def _ask(self, symbol: str, look: Look) -> None:
        scope = Scope(self._custody.account, self._custody.markets[symbol].instrument.symbol)
        look.told, look.asked = [*look.told, *look.asked], []
        due = self._custody.now() >= look.due_ns
        look.follows = due or any(each.follows for each in look.told)
        look.whole = look.whole or bool(look.told)
        look.versions = {
            view.id: view.version if self._is_still(view) else None
            for view in self._custody.roster.live(symbol)
        }
        look.account = look.orders = look.trades = None
        questions: list[Intent] = [ReadAccount(scope=scope, token=-next(self._tokens))]
        if look.whole:
            since = self._since(symbol)
            questions += (
                ReadOrders(scope=scope, since_ns=since, token=-next(self._tokens)),
                ReadTrades(scope=scope, since_ns=since, token=-next(self._tokens)),
            )
        look.waiting = {-getattr(question, "token", 0): question for question in questions}
        for question in questions:
            self._custody.ask(question)

    def _is_still(self, view: PositionView) -> bool:
        """Whether nothing of a position is under way."""
        pursuit = self._custody.pursuits.get(view.id)
        if pursuit is None:
            return True
        return not (pursuit.sending or pursuit.trigger or pursuit.resolutions or pursuit.awaiting)

    def _since(self, symbol: str) -> ExchangeNs:
        """The beginning of the oldest position that lives; without one, a day ago."""
        live = [view.created_ns for view in self._custody.roster.live(symbol)]
        return min(live, default=ExchangeNs(max(0, self._custody.now() - DAY_NS)))

    def heard(self, report: Report) -> bool:
        """Take an answer in; False when the question was not ours."""
        token = -getattr(report.intent, "token", 0)
        if token < TOKENS_FROM:
            return False
        symbol = str(report.intent.scope.symbol)
        look = self.looks[symbol]
        if look.waiting.pop(token, None) is None:
            return True
        match report:
            case AccountReported():
                look.account = report.account
            case OrdersReported():
                look.orders = report.orders
            case TradesReported():
                look.trades = report.fills
        if not look.waiting:
            self._read(symbol, look)
        return True

    def _read(self, symbol: str, look: Look) -> None:
        lists = look.orders is not None and look.trades is not None
        if look.account is None or (look.whole and not lists):
            self._not_read(symbol, look)
            return
        pair = self._pair(symbol, look, look.account)
        if not look.whole and not agrees(pair):
            look.whole, look.due_ns = True, self._custody.now()
            self.look()
            return
        found = reconcile(pair) if look.whole else ()
        if look.whole:
            self._note_unseen(look, found)
        if look.follows:
            self._later(look, again=bool(found) or not self._was_still(symbol, look))
            self._custody.unreconciled.discard(symbol)
            look.read_ns = self._custody.now()
            self.findings[symbol] = found
            for each in found:
                self._follow(symbol, each)
        else:
            look.whole = bool(found)
        look.retry_ns = ExchangeNs(0)
        told, look.told = look.told, []
        for question in told:
            question.told(Read(pair, found))
        if look.asked:
            self.look()

    def _not_read(self, symbol: str, look: Look) -> None:
        """The exchange did not answer: nothing is changed, and it is asked again."""
        look.tries += 1
        pause_ns = wait_ns(look.tries, self._custody.ids.bits())
        look.due_ns = look.retry_ns = ExchangeNs(self._custody.now() + pause_ns)
        if look.tries >= TRIES_MAX:
            told, look.told, look.asked = [*look.told, *look.asked], [], []
            refused = Refused("EXCHANGE_UNAVAILABLE", f"the account of {symbol} could not be read")
            for question in told:
                question.told(refused)

    def _later(self, look: Look, *, again: bool) -> None:
        """The next look: in a minute, or soon when something is not settled."""
        look.tries = look.tries + 1 if again else 0
        pause_ns = AGAIN_NS[min(look.tries, len(AGAIN_NS)) - 1] if again else EVERY_NS
        if look.tries > len(AGAIN_NS):
            pause_ns = EVERY_NS  # what does not settle is looked at as often as anything else
        look.whole = again
        look.due_ns = ExchangeNs(self._custody.now() + pause_ns)

    def _note_unseen(self, look: Look, found: tuple[Finding, ...]) -> None:
        names = {
            each.view.insurance.client_id
            for each in found
            if each.code in ("stop_not_seen", "stop_missing") and each.view is not None
        }
        now = self._custody.now()
        look.unseen = {name: look.unseen.get(name, now) for name in names if name is not None}

    # --- following -------------------------------------------------------------------------------

    def _pair(self, symbol: str, look: Look, account: AccountSnapshot) -> Pair:
        live = self._custody.roster.live(symbol)
        view = next((each for each in live if not each.state.is_terminal), None)
        now = self._custody.now()
        return Pair(
            account=account,
            ctx=self._custody.context(symbol),
            orders=look.orders,
            trades=look.trades,
            view=view,
            steady=self._was_still(symbol, look),
            settles=any(each.state.is_terminal for each in live),
            owner=self._owner,
            counted=self._counted(symbol),
            new_id=lambda: PositionId.of(self._custody.ids.bits()),
            unseen=lambda name: name in look.unseen and now - look.unseen[name] >= APART_NS,
        )

    def _was_still(self, symbol: str, look: Look) -> bool:
        """Whether nothing happened to the pair's position while it was read."""
        return all(
            look.versions.get(view.id) == view.version and self._is_still(view)
            for view in self._custody.roster.live(symbol)
            if view.state is not PositionState.ARMED
        )

    def _counted(self, symbol: str) -> Callable[[int], bool]:
        """Whether a trade is a fill of some position of the pair's entries; read when asked."""
        known: set[int] = set()

        def counted(trade_id: int) -> bool:
            if not known:
                known.update(
                    fill.trade_id
                    for view in self._custody.roster.views.values()
                    if view.entry is not None and str(view.scope.symbol) == symbol
                    for fill in view.entry.fills
                )
                known.add(-1)
            return trade_id in known

        return counted

    def _owner(self, client_id: str) -> PositionView | None:
        """The position whose order it is, newest first; None for one the journal never had."""
        ours = read_client_order_id(client_id)
        views = reversed([*self._custody.roster.views.values()])
        return next(
            (v for v in views if ours and position_hash(v.scope, v.id) == ours.position_hash), None
        )

    def _follow(self, symbol: str, found: Finding) -> None:
        if found.view is not None and (found.decision.events or found.decision.intents):
            if self._custody.roster.view(found.view.id).version != found.view.version:
                return  # an earlier finding has changed it: the next look says what is left
            if found.born is not None:
                self._custody.pursuit(found.born)  # taken in hand: it is pursued in this turn
                self._custody.roster.commit(found.decision.events)
                self._act(self._custody.roster.view(found.born), NOTHING)
            else:
                self._act(found.view, found.decision)
        if found.freezes:
            self._freeze(symbol, found.message, found.code, found.evidence)


def _looked(reads: list[Read], *, report_only: bool) -> Looked:
    return Looked(
        found=tuple(_difference(read.pair.symbol, each) for read in reads for each in read.found),
        pairs=tuple(_reading(read.pair) for read in reads),
        report_only=report_only,
    )


def _difference(symbol: str, found: Finding) -> Difference:
    return Difference(
        symbol=symbol,
        row=found.row,
        code=found.code,
        message=found.message,
        evidence=found.evidence,
        follows=bool(found.decision.events or found.decision.intents),
        freezes=found.freezes,
    )


def _reading(pair: Pair) -> PairReading:
    ours = {each.client_id for each in pair.account.open_orders if pair.owner(each.client_id)}
    return PairReading(
        account=pair.account,
        position=pair.view.id if pair.view is not None else None,
        ours=frozenset(ours),
    )
