"""Findings that are about no single position: a frozen scope, a slow feed, the daemon itself."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from robson.cli.screens import facts, figures
from robson.cli.screens import finding as f
from robson.cli.screens.advice import explaining, guarded, unseen, you
from robson.cli.screens.facts import Doc, at, listed, num, text
from robson.cli.screens.finding import Finding
from robson.cli.screens.line import HARD_SPACE, Symbols, spans
from robson.cli.screens.prose import Prose

SLOW_MS = 5000


def scopes(document: Doc, symbols: Symbols, found: list[Finding]) -> Iterator[Finding]:
    """All of them; ``found`` are those that are about a position."""
    yield from _of_scopes(document, symbols, found)
    yield from _of_feeds(document)
    yield from _of_daemon(document, symbols)


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
        who = "The account" if where == "account" else where
        symbol = text(about[0], "symbol") if inside else ""
        code = text(scope, "code")
        yield Finding(
            f.NEEDS_YOU,
            f"{who} is frozen since {since}{HARD_SPACE}UTC: {reason}.",
            _stands(document, about),
            _DOES.get(code, "Enters nothing there until a person decides; exits go out."),
            _way_out(code, where, about),
            symbol,
            frozenset(text(p, "id") for p in about),
        )


_DISK, _JOURNAL, _STALE = "disk_low", "journal_failed", "stale_active"
_DOES = {
    _DISK: "Enters nothing. Exits go out: they have a file of their own. Goes on by itself"
    " once there is room.",
    _JOURNAL: "Sends exits and exchange stops, noted in journal.emergency. Ends with exit 74 when"
    " nothing is open.",
}


def _stands(document: Doc, about: list[Doc]) -> str:
    """What guards what is held there; several are told one by one in the table below."""
    held = [p for p in about if facts.held(p)]
    if not held:
        return "Nothing is held there."
    if len(held) == 1:
        return guarded(document, held[0])
    return "Stops are still judged and exchange stops stay."


def _way_out(code: str, scope: str, about: list[Doc]) -> Prose:
    if code == _DISK:
        return "Make room on the disk that holds the state directory."
    if code == _JOURNAL:
        return you("Make room or mend the disk; once it has ended, start it again:", "robsond run")
    if code == _STALE and about:
        short = text(about[0], "id")[-figures.SHORT_ID :]
        close = f"robson admin reconcile-close --position-id {short} --evidence-file FILE"
        return you(
            "See what differs:", "robson reconcile", "Bring its trades:", f'{close} --reason "..."'
        )
    read = explaining(about[0]) if about else "robson history"
    clear = f'robson admin clear-degraded --scope {scope} --reason "..."'
    then = f" {HARD_SPACE}{HARD_SPACE}Once it is put right: "
    return spans("Read what happened: ", f.apart(read), then, f.apart(clear))


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
        guards = guarded if source == "rest" else unseen
        how = "are polled, not streamed" if source == "rest" else "have stopped coming"
        yield Finding(
            f.SLOW_FEED,
            f"{symbol} prices {how}; {old}.",
            guards(document, inside[0]) if holding else "Nothing is at risk on it.",
            "Judges stops on every price it gets, enters nothing on an old one, and looks for the"
            " stream again.",
            you("Nothing. To follow it:", f"robson status --symbol {symbol}"),
            symbol,
            frozenset(text(p, "id") for p in inside),
        )


def _of_daemon(document: Doc, symbols: Symbols) -> Iterator[Finding]:
    daemon = at(document, "daemon")
    if daemon is None:
        return
    if not listed(daemon, "leader"):
        yield _not_leader()
    if at(daemon, "exchange", "silent_since") is not None:
        yield _no_exchange(document)
    if at(document, "risk", "halt", "is"):
        latched = at(document, "risk", "halt", "since") is not None
        yield _halted(document, symbols) if latched else _no_capital(document)
    if text(daemon, "runtime_state") not in ("running", ""):
        yield _paused(document, symbols)
    if text(daemon, "journal", "replication") == "behind":
        yield _behind(daemon)
    free, warn, least = (num(daemon, "disk", f"{key}_mib") for key in ("free", "warn", "entry"))
    if free is not None and warn is not None and least is not None and least <= free < warn:
        yield _low(free, least)


def _not_leader() -> Finding:
    return Finding(
        f.NOT_LEADER,
        "This node watches; another one leads, or none.",
        "The exchange stops that rest go on protecting. The rest is the leader's to say.",
        "Sends nothing and takes no command until it leads.",
        you("Ask the node that leads:", "robson status --daemon-url ADDRESS"),
    )


def _no_exchange(document: Doc) -> Finding:
    silent = at(document, "daemon", "exchange")
    since = figures.age(figures.seconds_between(at(silent, "silent_since"), document.get("as_of")))
    calls = figures.count(int(num(silent, "unanswered") or 0), "call")
    held = [p for p in listed(document, "positions") if facts.held(p)]
    rests = [p for p in held if facts.covered(p)]
    where = facts.venue(document)
    its_name = f"{where[0].upper()}{where[1:]}"
    stays = f"What rests at {where} goes on protecting there."
    if len(rests) < len(held):
        stays = f"Not everything held has a stop resting at {where}."
    happened = f"{its_name} has not answered for {since} ({calls})."
    does = (
        "Judges every price that comes, asks again, and sends what is due as soon as it is"
        " answered. Nothing is sent twice."
    )
    look = "Look whether this host reaches it."
    if refused := text(silent, "refused").rstrip("."):
        happened = f"{its_name} has refused this key or this address for {since} ({calls})."
        does = f"{does} {its_name} says {refused}."
        look = "Look at the key, its rights and its list of addresses there."
    return Finding(
        f.NO_EXCHANGE,
        happened,
        f"{stays} No exit reaches it from here now." if held else "Nothing is held.",
        does,
        f"{look} If it does not come back, close at the exchange yourself.",
        "",
        frozenset(text(p, "id") for p in held),
    )


def _halted(document: Doc, symbols: Symbols) -> Finding:
    now = figures.instant(at(document, "as_of"))
    month = f"{now:%B}" if now else "this month"
    budget, base = num(document, "risk", "budget"), num(document, "risk", "capital_base")
    limit = f"{figures.share(budget / base * 100)} limit" if budget and base else "limit"
    used = figures.risk(at(document, "risk", "consumed"))
    asset = text(document, "risk", "asset")
    latent = num(document, "risk", "latent")
    reason = symbols.clean(text(document, "risk", "halt", "reason")).rstrip(".")
    actor = symbols.clean(text(document, "risk", "halt", "actor"))
    until = figures.deadline(at(document, "risk", "month_resets_at"), at(document, "as_of"))
    happened = f"The {limit} for {month} is used up: {used} of {figures.money(budget, asset)} lost"
    happened += f", {figures.risk(latent)} at risk." if latent else "."
    if actor:
        happened = f"{actor} halted entries for {month}: {reason}."
    why = f" Reason: {reason}." if reason and not actor else ""
    return Finding(
        f.MONTHLY_HALT,
        happened,
        "Open positions keep their stops. No new one is entered.",
        f"Refuses entries until {until}.{why}",
        you("Nothing. To see what was lost:", "robson history --days 31"),
    )


def _no_capital(document: Doc) -> Finding:
    """No loss has used a month up: there was no capital to open it with."""
    asset = text(document, "risk", "asset")
    return Finding(
        f.PAUSED,
        f"No capital is known: the account could not be read, or owns no {asset}.",
        "Open positions keep their stops. No new one is entered.",
        "Reads the account again, and refuses entries until it owns something.",
        you("To see what the exchange answers:", "robson doctor"),
    )


_RESUMED = {
    "paused": ("is paused", "until it is resumed"),
    "draining": ("drains", "until it is resumed; stops when nothing is open"),
    "stopped": ("is stopped", "until it is resumed"),
}


def _paused(document: Doc, symbols: Symbols) -> Finding:
    state, change = (
        text(document, "daemon", "runtime_state"),
        at(document, "daemon", "runtime_change"),
    )
    word, until = _RESUMED.get(state, (f"is {state}", "until it is resumed"))
    reason = symbols.clean(text(change, "reason")).rstrip(".")
    actor = symbols.clean(text(change, "actor"))
    since = figures.clock(at(change, "since"), at(document, "as_of")) if change else ""
    happened = f"Robson {word} and takes no entries"
    happened += f", since {since}{HARD_SPACE}UTC" if since else ""
    happened += f", by {actor}" if actor else ""
    happened += f": {reason}." if reason else "."
    advice: Prose = you("To take entries again:", 'robson admin resume --reason "..."')
    if state == "draining":
        advice = you("Nothing. Once it is stopped:", 'robson admin resume --reason "..."')
    return Finding(
        f.PAUSED,
        happened,
        "Open positions keep their stops and exit as planned.",
        f"Refuses to arm and to enter {until}.",
        advice,
    )


def _low(free: Decimal, least: Decimal) -> Finding:
    """Told while there is time: with less than ``least`` the account is frozen for entries."""
    left, needs = (f"{each}{HARD_SPACE}MiB" for each in (free, least))
    return Finding(
        f.DISK_LOW,
        f"The journal's disk has {left} left.",
        "Stops are judged and exchange stops stay. Exits need no room: they have a file of their"
        " own.",
        f"Goes on as before; takes no entry below {needs}.",
        "Make room on the disk that holds the state directory.",
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
