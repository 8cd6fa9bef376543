"""The status while somebody watches it: what was last seen, how old that is, what is news in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from robson.cli.screens import finding as f
from robson.cli.screens import status, verdicts
from robson.cli.screens.facts import Doc
from robson.cli.screens.line import ALARM, QUIET, UNICODE, Line, Page, text_of
from robson.cli.screens.prose import finish, wrap

SILENT_S = 5
"""Without an answer for so long, the view says that it cannot see."""
HINT = "A look every 2 s. q quits."
_PASSING = (
    *("as_of", "price", "age_s", "age_ms", "read_at", "clock_skew_ms", "expires_in_s", "lag_s"),
    *("gates", "seq", "replicated_seq", "version", "unprotected_s", "watermark", "level"),
    *("free_mib", "unanswered"),
    *(
        "unrealized_pnl",
        "pnl_provisional",
        "result_at_stop",
        "at_risk",
        "latent",
        "remaining",
    ),
)
"""Keys that change while nothing happens."""


class Seen(NamedTuple):
    """The last answer; None when there was none yet. ``refused``: the last look got no answer."""

    document: Doc | None
    silent_s: float
    door: str
    refused: bool = False

    @property
    def blind(self) -> bool:
        """Whether what was seen says nothing about now."""
        return self.document is None or self.refused or self.silent_s > SILENT_S


def watch(seen: Seen, page: Page, height: int) -> list[Line]:
    """The screen: the status, cut from below to the terminal's height."""
    lines = everything(seen, page)
    room = max(1, height - 2)
    hint = [[], [(HINT, QUIET)]]
    if len(lines) <= room:
        return [*lines, *hint]
    cut = f"{page.symbols.ellipsis} {len(lines) - height + 1} more lines: robson status"
    return [*lines[: height - 1], [(cut, QUIET)]]


def everything(seen: Seen, page: Page) -> list[Line]:
    """All of it, whatever the height."""
    if not seen.blind and seen.document is not None:
        return status.status(seen.document, page)
    silent_s = None if seen.document is None else seen.silent_s
    finding = verdicts.cannot_see(seen.door, silent_s=silent_s)
    lines = f.findings_lines([finding._replace(robson="This command looks again every 2 s.")], page)
    if seen.document is None:
        return lines
    old = wrap([("Last seen:", QUIET)], page.prose)
    return finish([*lines, [], *old, *map(faded, status.status(seen.document, page))], page)


def faded(line: Line) -> Line:
    """The line as what it is: old."""
    return [(text_of(line), QUIET)]


def alarm(seen: Seen) -> str | None:
    """What has to be heard, in a few words; None when nothing has."""
    if seen.blind or seen.document is None:
        return f.CANNOT_SEE.word
    for each in verdicts.findings(seen.document, UNICODE):
        if each.tag.style == ALARM:
            return f"{each.symbol} {each.tag.word}".strip()
    return None


def news(seen: Seen) -> object:
    """Equal for two looks between which nothing happened; prices and ages alone are nothing."""
    if seen.blind or seen.document is None:
        return f.CANNOT_SEE.word
    found = verdicts.findings(seen.document, UNICODE)
    return [(each.tag.word, each.symbol) for each in found], list(_lasting(seen.document))


def _lasting(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, part in value.items():
            if key not in _PASSING:
                yield from _lasting(part, f"{path}.{key}")
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _lasting(part, f"{path}.{place}")
    else:
        yield path, str(value)
