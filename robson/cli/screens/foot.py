"""The foot of the status screen: counts of today, the month's budget, and who answered."""

from __future__ import annotations

from decimal import Decimal

from robson.cli.screens import facts, figures
from robson.cli.screens.facts import Doc, at, listed, num, text
from robson.cli.screens.line import HARD_SPACE, PLAIN, QUIET, STRONG, Line, Page, Symbols, pad
from robson.cli.screens.prose import wrap

BAR = 20
LABEL = 9


def foot(document: Doc, page: Page) -> list[Line]:
    """All three lines."""
    return [*_summary(document, page), *month(document, page), *_daemon(document, page)]


def _summary(document: Doc, page: Page) -> list[Line]:
    counted = (
        ("Entering", "entering_count", False),
        ("Active", "active_count", True),
        ("Exiting", "exiting_count", False),
        ("Error", "error_count", False),
        ("Armed", "armed_count", True),
        ("Closed today", "closed_today_count", True),
    )
    parts = []
    for label, key, always in counted:
        many = num(document, "summary", key)
        if always or many:
            parts.append(f"{label} {figures.UNKNOWN if many is None else int(many)}")
    total = figures.pnl(at(document, "summary", "total_pnl_today"), text(document, "risk", "asset"))
    parts.append(f"Total PnL today {total}")
    return _facts("SUMMARY", STRONG, parts, "   ", page, LABEL + 1)


def _facts(
    label: str, style: str, parts: list[str], between: str, page: Page, indent: int
) -> list[Line]:
    """A label and short facts, none of which is broken."""
    if page.plain:
        whole = ". ".join(part.replace(" ", "\u00a0") for part in parts)
        return wrap(f"{label.capitalize()}: {whole}.", page.prose)
    lines: list[Line] = []
    row: Line = pad([(label, style)], indent)
    fresh = True
    for part in parts:
        gap = "" if fresh else between
        if not fresh and sum(len(t) for t, _ in row) + len(gap) + len(part) > page.width:
            lines.append(row)
            row, gap = [(" " * indent, PLAIN)], ""
        row = [*row, (gap + part, PLAIN)]
        fresh = False
    return [*lines, row]


def month(document: Doc, page: Page) -> list[Line]:
    """What the month has lost, has at risk, and has left."""
    risk = at(document, "risk")
    if risk is None:
        return []
    lost, latent, budget = (num(risk, key) for key in ("consumed", "latent", "budget"))
    slots = num(risk, "slots")
    said = f"lost {figures.risk(lost)} + at risk {figures.risk(latent)} of {figures.money(budget)}:"
    if slots:
        said += f" {figures.count(int(slots), 'slot')}"
    else:
        until = figures.deadline(at(risk, "month_resets_at"), at(document, "as_of"))
        said += f" no room for another planned loss until {until}"
    reached = [each for each in listed(risk, "alerts") if each.get("reached_at") is not None]
    if reached:
        line = figures.share(reached[-1].get("line_pct"))
        when = figures.clock(reached[-1].get("reached_at"), at(document, "as_of"))
        said += f"; {line} of the capital lost since {when}{HARD_SPACE}UTC"
    if page.plain:
        return wrap(f"Month: {said}.", page.prose)
    first: Line = pad([("Month", QUIET)], LABEL)
    if lost is not None and latent is not None and budget:
        first += [*_bar(lost, latent, budget, page.symbols), ("  ", PLAIN)]
    return wrap(said, page.prose, first=first, indent=LABEL)


def _bar(lost: Decimal, latent: Decimal, budget: Decimal, symbols: Symbols) -> Line:
    """Lost, at risk, free; whatever is not zero shows at least one cell."""

    def cells(part: Decimal, room: int) -> int:
        many = int((part * BAR / budget).to_integral_value())
        return min(room, max(many, 1 if part > 0 else 0))

    first = cells(lost, BAR)
    second = cells(latent, BAR - first)
    return [
        (symbols.lost * first, PLAIN),
        (symbols.risk * second, PLAIN),
        (symbols.free * (BAR - first - second), QUIET),
    ]


def _daemon(document: Doc, page: Page) -> list[Line]:
    daemon = at(document, "daemon")
    if daemon is None:
        return []
    parts = []
    profile = facts.profile(document)
    if at(daemon, "observes"):
        parts.append("OBSERVE, sends no order")
    if profile != "live":
        parts.append(f"{profile}, no real money")
    leader = next(iter(listed(daemon, "leader")), None)
    parts.append(f"leader (epoch {text(leader, 'epoch')})" if leader else "not leader")
    parts.extend(_feed(daemon))
    replica = {"on": "replica current", "behind": "replica behind", "off": "no replica"}
    if profile == "live":
        parts.append(replica.get(text(daemon, "journal", "replication"), "replica ?"))
    now = figures.instant(at(document, "as_of"))
    if now is not None:
        parts.append(f"{now:{'%H:%M:%S' if profile == 'live' else '%m-%d %H:%M'}} UTC")
    between = f" {page.symbols.dot} "
    return _facts("Daemon", QUIET, parts, between, page, LABEL)


def _feed(daemon: Doc) -> list[str]:
    """The oldest price of all feeds."""
    feeds = listed(daemon, "feed")
    if not feeds:
        return []
    ages = [num(feed, "age_ms") for feed in feeds]
    known = [each for each in ages if each is not None]
    if all(text(feed, "source") == "tape" for feed in feeds):
        return ["feed tape"]
    sources = "/".join(dict.fromkeys(text(feed, "source") or figures.UNKNOWN for feed in feeds))
    oldest = figures.age(max(known) / 1000) if len(known) == len(ages) else figures.UNKNOWN
    return [f"feed {sources} {oldest}".replace("\u00a0", " ")]
