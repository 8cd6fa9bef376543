"""``robsond check-config``: every problem of a configuration in one run, and what it comes to.

It reads the file and the environment as a start would, and starts nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from robson.api import places
from robson.api.told import ConfigKey
from robson.daemon import logs
from robson.daemon.config import Examined, Wrong, examine
from robson.daemon.exits import CONFIG
from robson.daemon.strategies import shelf
from robson.domain.errors import ConfigError

COMMAND = "check-config"
_EXAMPLES = """examples:
  robsond check-config                           the environment alone
  robsond check-config --config robsond.toml     with a file
  ROBSON__RISK__GAP_BPS=20 robsond check-config  what a variable changes
"""


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the command line of ``robsond``."""
    command = commands.add_parser(
        COMMAND,
        help="every problem of a configuration, with its line; starts nothing",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--config", metavar="FILE", help="TOML; without it the environment alone")
    command.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print what is wrong and what holds; a code that is not 0 when anything is wrong."""
    found = _with_strategies(_examined(args.config, environ), args.config, environ)
    logs.tell(_document(found) if args.json else "\n".join(_lines(found)))
    return CONFIG if found.wrong else 0


def _examined(file: str | None, environ: Mapping[str, str]) -> Examined:
    """What was found; a file that cannot be read is a problem beside those of the environment."""
    try:
        return examine(Path(file) if file else None, environ, {})
    except ConfigError as error:
        found = examine(None, environ, {})
        place, _, what = str(error).partition(": ")
        return found._replace(wrong=(Wrong(place, "", what), *found.wrong))


def _with_strategies(found: Examined, file: str | None, environ: Mapping[str, str]) -> Examined:
    """Also what is wrong with the strategies' defaults and with files of strategies."""
    try:
        known = shelf(found.config, Path(places.strategies_dir(environ, file)))
        said = list(known.broken.values())
    except ConfigError as error:
        said = [str(error)]
    told = (Wrong(place, "", what) for place, _, what in (text.partition(": ") for text in said))
    return found._replace(wrong=(*found.wrong, *told))


def _lines(found: Examined) -> Iterator[str]:
    keys = found.config.shown()
    given = sum(key.source != "default" for key in keys)
    if found.wrong:
        many = "1 problem" if len(found.wrong) == 1 else f"{len(found.wrong)} problems"
        yield f"{many}: robsond does not start; with a wrong strategy alone it starts without it"
        yield from (f"  {wrong}" for wrong in found.wrong)
    else:
        yield f"The configuration can be used: {given} of {len(keys)} keys are given"
    yield ""
    wrong_keys = {wrong.key for wrong in found.wrong}
    rows = [
        (key.key, "?", "see above") if key.key in wrong_keys else (key.key, _shown(key), key.source)
        for key in keys
    ]
    names, values = (max(len(row[at]) for row in rows) for at in (0, 1))
    for name, value, source in rows:
        yield f"  {name:<{names}}  {value:<{values}}  {source}"


def _shown(key: ConfigKey) -> str:
    return "(secret)" if key.secret and key.source != "default" else key.value


def _document(found: Examined) -> str:
    wrong_keys = {wrong.key for wrong in found.wrong}
    return json.dumps(
        {
            "schema": "robson.check-config/1",
            "ok": not found.wrong,
            "problems": [
                {"place": wrong.place, "key": wrong.key or None, "message": wrong.what}
                for wrong in found.wrong
            ],
            "configuration": [
                {
                    "key": key.key,
                    "value": None if key.secret or key.key in wrong_keys else key.value,
                    "default": key.default,
                    "source": key.source,
                    "secret": key.secret,
                }
                for key in found.config.shown()
            ],
        },
        indent=1,
    )
