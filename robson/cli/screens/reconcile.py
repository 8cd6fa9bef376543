"""The screen of reconcile: pair by pair what the journal says, the exchange says, and follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from robson.cli.screens import facts, figures
from robson.cli.screens import finding as f
from robson.cli.screens.facts import Doc, at, listed, num, text
from robson.cli.screens.line import HARD_SPACE, OK, QUIET, STRONG, WARN, Line, Page, spans
from robson.cli.screens.prose import Prose, finish, whole, wrap

Amount = Callable[[object, str], str]
_EVIDENCE = "--evidence-file FILE"


def reconcile(document: Doc, page: Page) -> list[Line]:
    """A ``robson.reconcile/1`` document."""
    lines = _verdict(document, page)
    lines += f.labelled("Daemon", facts.reached(document), page)
    for pair in listed(document, "pairs"):
        lines += [[], *_pair(document, pair, page)]
    if text(document, "next"):
        command = f.apart(text(document, "next"))
        lines += [[], *wrap(spans(("Next", QUIET), "  ", command), page.prose)]
    return finish(lines, page)


def _verdict(document: Doc, page: Page) -> list[Line]:
    pairs = listed(document, "pairs")
    differ = [pair for pair in pairs if listed(pair, "differences")]
    many = figures.count(len(pairs), "pair")
    if not differ:
        word, style, said = "AGREED", OK, f"{many} compared: journal and exchange say the same."
    else:
        names = ", ".join(text(pair, "symbol") for pair in differ)
        word, style, said = "DIFFERS", WARN, f"{many} compared; journal and exchange differ on"
        said = f"{said} {names}."
    if page.plain:
        return wrap(f"Verdict: {word}. {said}", page.prose)
    return f.headline(f.block(word, style, page.symbols), said, page)


def _pair(document: Doc, pair: Doc, page: Page) -> list[Line]:
    read = figures.clock(at(pair, "read_at"), at(document, "as_of"))
    said = f"read at {read}{HARD_SPACE}UTC"
    lines: list[Line] = [spans((text(pair, "symbol"), STRONG), "  ", (said, QUIET))]
    lines += f.labelled("Journal", _journal(pair, page), page)
    lines += f.labelled("Exchange", _exchange(pair, page), page)
    differences = listed(pair, "differences")
    if not differences:
        return [*lines, *f.labelled("Follows", "Nothing.", page)]
    for found in differences:
        lines += f.labelled("Differs", _told(pair, found, page), page)
        lines += f.labelled("Follows", _follows(document, found), page)
        lines += f.labelled("You", _you(pair, found), page)
    return lines


def _journal(pair: Doc, page: Page) -> str:
    position = at(pair, "position")
    if position is None:
        return "No position."
    which = f"{facts.name(position)} {text(position, 'state')} ({facts.id_of(position, page)})"
    if not facts.held(position):
        return f"{which}, nothing held."
    held = facts.quantity_of(position, at(position, "quantity"))
    if at(position, "insurance", "state") != "resting":
        return f"{which} holds {held}; no exchange stop rests."
    stop = facts.price_of(position, at(position, "insurance", "stop_price"))
    rests = facts.quantity_of(position, at(position, "insurance", "quantity"))
    return f"{which} holds {held}; exchange stop {stop} for {rests}."


def _exchange(pair: Doc, page: Page) -> str:
    base = _holding(at(pair, "exchange", "base"), _exact, _exact)
    quote = _holding(at(pair, "exchange", "quote"), figures.free, figures.risk)
    orders = [_order(each, page) for each in listed(pair, "exchange", "orders")]
    return f"{base}; {quote}. Rests: {'; '.join(orders) or 'nothing'}."


def _exact(value: object, unit: str) -> str:
    """A quantity as it is, without the zeros at its end."""
    found = figures.number(value)
    text_ = figures.UNKNOWN if found is None else figures.grouped(found, figures.places(found))
    return figures.with_unit(text_, unit)


def _holding(held: Doc, free: Amount, owed: Amount) -> str:
    asset = text(held, "asset")
    said = f"{free(at(held, 'free'), asset)} free"
    if num(held, "locked"):
        said += f", {free(at(held, 'locked'), '')} locked"
    if num(held, "debt"):
        said += f", {owed(at(held, 'debt'), '')} owed"
    return said


def _order(order: Doc, page: Page) -> str:
    said = f"{text(order, 'action').lower()} {_exact(at(order, 'quantity'), '')}"
    if num(order, "stop_price"):
        said += f" at {_exact(at(order, 'stop_price'), '')}"
    whose = "ours" if at(order, "ours") else whole(page.symbols.clean(text(order, "client_id")))
    return f"{said} ({whose})"


def _told(pair: Doc, found: Doc, page: Page) -> str:
    said = page.symbols.clean(text(found, "message")).rstrip(".")
    position = at(pair, "position")
    if position is not None:
        said = said.replace(text(position, "id"), facts.id_of(position, page))
    return f"{said[:1].upper()}{said[1:]}. [{text(found, 'row')} {text(found, 'code')}]"


def _follows(document: Doc, found: Doc) -> str:
    return " ".join(_consequences(found, applied=bool(at(document, "applied"))))


def _consequences(found: Doc, *, applied: bool) -> Iterator[str]:
    if at(found, "follows"):
        yield (
            "It was followed."
            if applied
            else "Robson follows it by itself at its next look, within a minute."
        )
    if at(found, "freezes"):
        yield "No entry on the pair until a person has looked."
    if not (at(found, "follows") or at(found, "freezes")):
        yield "Robson looks again soon."


def _you(pair: Doc, found: Doc) -> Prose:
    code, symbol = text(found, "code"), text(pair, "symbol")
    position = at(pair, "position")
    if code == "stale_active" and position is not None:
        short = text(position, "id")[-figures.SHORT_ID :]
        close = f'robson admin reconcile-close --position-id {short} {_EVIDENCE} --reason "..."'
        return spans("Bring the trades that closed it: ", f.apart(close))
    if at(found, "freezes"):
        clear = f'robson admin clear-degraded --scope {symbol} --reason "..."'
        return spans("Once it is put right: ", f.apart(clear))
    return "Nothing."
