"""Reads a status document and says what is wrong with it, as findings with all four parts.

What each kind of trouble means for the money, what Robson does and what a person can do is here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from robson.cli.screens import facts, figures
from robson.cli.screens import finding as f
from robson.cli.screens.facts import Doc, at, listed, num, text
from robson.cli.screens.finding import Finding, apart
from robson.cli.screens.line import HARD_SPACE, PLAIN, Line, Symbols

STALE_S = 10
"""An answer older than this says nothing about now."""
SLOW_MS = 5000
_PURPOSES = {"entry": "entry order", "exit": "exit order", "insurance": "exchange stop"}


def findings(document: Doc, symbols: Symbols, *, silent_s: float | None = None) -> list[Finding]:
    """Everything that is wrong, worst first; empty when nothing is.

    ``silent_s`` is how old the document is, where the caller knows.
    """
    found: list[Finding] = []
    if silent_s is not None and silent_s > STALE_S:
        found.append(cannot_see(text(document, "daemon", "door"), silent_s=silent_s))
    for position in listed(document, "positions"):
        found.extend(_of_position(document, position, symbols))
    found.extend(_of_scopes(document, symbols, found))
    found.extend(_of_feeds(document))
    found.extend(_of_daemon(document, symbols))
    return f.ordered(found)


def cannot_see(door: str, *, silent_s: float | None = None, reason: str = "") -> Finding:
    """No answer, or only an old one."""
    happened = f"robsond does not answer on {door}."
    if silent_s is not None:
        happened = f"No answer from robsond on {door} for {figures.age(silent_s)}."
    return Finding(
        f.CANNOT_SEE,
        happened,
        "Exchange stops that rest go on protecting. Robson's own stop is judged only while"
        " robsond runs.",
        f"This command only asked.{' ' + reason if reason else ''}",
        _you("See whether it runs, and why not:", "systemctl status robsond"),
    )


def _you(*said: str) -> Line:
    """Words and commands in turn."""
    line: Line = []
    for index, (before, command) in enumerate(zip(said[::2], said[1::2], strict=True)):
        between = f" {HARD_SPACE}{HARD_SPACE}" if index else ""
        line += [(f"{between}{before} ", PLAIN), apart(command)]
    return line


def _panic(position: Doc) -> str:
    return f"robson panic --symbol {text(position, 'symbol')}"


def _explain(position: Doc) -> str:
    return f"robson explain {text(position, 'id')[-figures.SHORT_ID :]}"


def _of_position(document: Doc, position: Doc, symbols: Symbols) -> Iterator[Finding]:
    naked = facts.naked_s(position)
    partly = facts.held(position) and at(position, "insurance", "state") == "resting"
    if naked is not None and (naked > facts.WINDOW_S or (partly and not facts.covered(position))):
        yield _unprotected(document, position, symbols)
    if at(position, "frozen", "is") or text(position, "state") == "error":
        yield _needs_you(document, position, symbols)
    for order in listed(position, "orders"):
        if order.get("status") == "unknown":
            yield _order_unknown(document, position, order)


# --- a position ----------------------------------------------------------------------------------


def _unprotected(document: Doc, position: Doc, symbols: Symbols) -> Finding:
    where = facts.venue(document)
    since = figures.age(facts.naked_s(position))
    quantity = facts.quantity_of(position, position.get("quantity"), unit=False)
    exiting = text(position, "state") == "exiting"
    later = _still_at(document)
    you = (
        _you(f"Look at {where} yourself if this is still red at {later}:", _explain(position))
        if exiting
        else _you(f"If this is still red at {later}:", _panic(position))
    )
    return Finding(
        f.UNPROTECTED,
        f"{facts.name(position)} {quantity}: no stop rests at {where} for {since}.",
        _while_naked(document, position),
        _about_stop(document, position, symbols),
        you,
        text(position, "symbol"),
        frozenset({text(position, "id")}),
    )


def _still_at(document: Doc) -> str:
    now = figures.instant(at(document, "as_of"))
    if now is None:
        return "the next look"
    return f"{(now + timedelta(minutes=2)).replace(second=0):%H:%M}\u00a0UTC"


def _while_naked(document: Doc, position: Doc) -> str:
    if not listed(document, "daemon", "leader"):
        return "This node does not lead, so it does not exit either. Nothing here limits the loss."
    if text(position, "state") == "exiting":
        return "It is being closed at market. Until that is confirmed nothing limits the loss."
    stop = facts.price_of(position, position.get("stop_loss"))
    return (
        f"Robson still watches {stop} and would exit. If this host dies now, nothing limits"
        " the loss."
    )


def _about_stop(document: Doc, position: Doc, symbols: Symbols) -> str:
    where = facts.venue(document)
    state, tries = text(position, "insurance", "state"), text(position, "insurance", "attempts")
    error = symbols.clean(text(position, "insurance", "error")).rstrip(".")
    if text(position, "state") == "exiting":
        return "Took the exchange stop off for the exit and follows the exit until it is flat."
    if state == "resting":
        rests = facts.quantity_of(position, at(position, "insurance", "quantity"))
        return f"Rests a stop for only {rests} and places one for the whole quantity."
    if state == "gone":
        return f"The exchange stop is not open any more. Robson asks {where} what became of it."
    said = f" {where[0].upper()}{where[1:]} answers {error}." if error else ""
    if state == "failed":
        return f"Tries to place it again, at least every 30\u00a0s (try {tries}).{said}"
    return f"Asked for it (try {tries}) and waits for the answer.{said}"


def _needs_you(document: Doc, position: Doc, symbols: Symbols) -> Finding:
    reason = symbols.clean(text(position, "frozen", "reason")) or "no reason was given"
    word = "in state error" if text(position, "state") == "error" else "frozen"
    return Finding(
        f.NEEDS_YOU,
        f"{text(position, 'symbol')} is {word}: {reason.rstrip('.')}.",
        _guarded(document, position),
        "Sends nothing but exits for it until a person decides.",
        _you("Read what happened:", _explain(position), "To leave:", _panic(position)),
        text(position, "symbol"),
        frozenset({text(position, "id")}),
    )


def _guarded(document: Doc, position: Doc) -> str:
    """What still stands between the position and a loss."""
    where = facts.venue(document)
    if not facts.held(position):
        return "Nothing of it is known to be filled."
    stop = facts.price_of(position, position.get("stop_loss"))
    if not facts.covered(position):
        return f"Robson still judges its stop {stop}. No exchange stop rests for all of it."
    rests = facts.price_of(position, at(position, "insurance", "stop_price"))
    return f"Robson still judges its stop {stop}; the exchange stop {rests} rests at {where}."


def _order_unknown(document: Doc, position: Doc, order: Doc) -> Finding:
    where, purpose = facts.venue(document), text(order, "purpose")
    since = figures.seconds_between(order.get("sent_at"), at(document, "as_of"))
    what = _PURPOSES.get(purpose, f"{purpose} order")
    means = {
        "entry": "It may have filled or not. If it did, no exchange stop rests for it yet.",
        "exit": "It may be closed or not. Robson goes on as if it were still open.",
    }
    return Finding(
        f.ORDER_UNKNOWN,
        f"{facts.name(position)}: no answer to the {what} for {figures.age(since)}.",
        means.get(purpose) or _guarded(document, position),
        f"Does not send it again: asks {where} for it by its client id until it is found or"
        " proved absent.",
        _you("Nothing. To follow it:", _explain(position)),
        text(position, "symbol"),
        frozenset({text(position, "id")}),
    )


# --- what is not about one position --------------------------------------------------------------


def _of_scopes(document: Doc, symbols: Symbols, found: list[Finding]) -> Iterator[Finding]:
    told = {each.symbol for each in found if each.tag == f.NEEDS_YOU}
    for scope in listed(document, "daemon", "degraded"):
        where = symbols.clean(text(scope, "scope"))
        if where in told:
            continue
        everything = listed(document, "positions")
        inside = [p for p in everything if where in (p.get("symbol"), p.get("id"))]
        about = inside or everything
        since = figures.clock(scope.get("since"), at(document, "as_of"))
        reason = symbols.clean(text(scope, "reason")).rstrip(".")
        symbol = text(about[0], "symbol") if inside else ""
        yield Finding(
            f.NEEDS_YOU,
            f"{'The account' if where == 'account' else where} is frozen since {since}\u00a0UTC: {reason}.",
            "Stops are still judged and exchange stops stay. No new position is entered in it.",
            "Sends nothing but exits until a person decides.",
            _you("Read what happened:", _explain(about[0]) if about else "robson history"),
            symbol,
            frozenset(text(p, "id") for p in about),
        )


def _of_feeds(document: Doc) -> Iterator[Finding]:
    for feed in listed(document, "daemon", "feed"):
        symbol, source, age = text(feed, "symbol"), text(feed, "source"), num(feed, "age_ms")
        inside = [p for p in listed(document, "positions") if p.get("symbol") == symbol]
        slow = source == "rest" or (age is not None and age > SLOW_MS) or (not source and inside)
        if source == "tape" or not slow:
            continue
        last = None if age is None else figures.age(age / 1000)
        old = "and there was none yet" if last is None else f"the last is {last} old"
        holding = any(map(facts.held, inside))
        how = "are polled, not streamed" if source == "rest" else "have stopped coming"
        yield Finding(
            f.SLOW_FEED,
            f"{symbol} prices {how}; {old}.",
            _guarded(document, inside[0]) if holding else "Nothing is at risk on it.",
            "Judges stops on every price it gets, enters nothing on an old one, and looks for the"
            " stream again.",
            _you("Nothing. To follow it:", f"robson status --symbol {symbol}"),
            symbol,
            frozenset(text(p, "id") for p in inside),
        )


def _of_daemon(document: Doc, symbols: Symbols) -> Iterator[Finding]:
    daemon = at(document, "daemon")
    if daemon is None:
        return
    if not listed(daemon, "leader"):
        yield _not_leader()
    if at(document, "risk", "halt", "is"):
        yield _halted(document, symbols)
    if text(daemon, "runtime_state") not in ("running", ""):
        yield _paused(text(daemon, "runtime_state"))
    if text(daemon, "journal", "replication") == "behind":
        yield _behind(daemon)


def _not_leader() -> Finding:
    return Finding(
        f.NOT_LEADER,
        "This node watches; another one leads, or none.",
        "The exchange stops that rest go on protecting. The rest is the leader's to say.",
        "Sends nothing and takes no command until it leads.",
        _you("Ask the node that leads:", "robson status --daemon-url ADDRESS"),
    )


def _halted(document: Doc, symbols: Symbols) -> Finding:
    now = figures.instant(at(document, "as_of"))
    month = f"{now:%B}" if now else "this month"
    budget, base = num(document, "risk", "budget"), num(document, "risk", "capital_base")
    limit = f"{figures.share(budget / base * 100)} limit" if budget and base else "limit"
    used = figures.risk(at(document, "risk", "consumed"))
    reason = symbols.clean(text(document, "risk", "halt", "reason"))
    until = figures.deadline(at(document, "risk", "month_resets_at"), at(document, "as_of"))
    return Finding(
        f.MONTHLY_HALT,
        f"The {limit} for {month} is used up: {used} of"
        f" {figures.money(budget, text(document, 'risk', 'asset'))} lost.",
        "Open positions keep their stops. No new one is entered.",
        f"Refuses entries until {until}.{f' {reason}.' if reason else ''}",
        _you("Nothing. To see what was lost:", "robson history --days 31"),
    )


def _paused(state: str) -> Finding:
    return Finding(
        f.PAUSED,
        f"Robson takes no entries: its runtime state is {state}.",
        "Open positions keep their stops and exit as planned.",
        "Refuses to arm and to enter until it is resumed.",
        "Nothing for what is open.",
    )


def _behind(daemon: Doc) -> Finding:
    lag = num(daemon, "journal", "lag_s")
    seq, known = num(daemon, "journal", "seq"), num(daemon, "journal", "replicated_seq")
    rows = ""
    if seq is not None and known is not None:
        rows = f", {figures.count(int(seq - known), 'row')}"
    return Finding(
        f.REPLICA_BEHIND,
        f"The replica is {figures.age(lag)} behind{rows}.",
        "Stops and exits need only the local journal. If this host is lost, its last rows are"
        " learned again from the exchange.",
        "Takes no entry without the replica's acknowledgement, and goes on copying.",
        "Nothing, if the database is coming back.",
    )
