"""``robsond`` beside a running daemon or a dead one: explain, verify-journal, backup; read-only.

The chapters of ``robson explain`` need a running daemon; this is the way in for a dead one.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from robson.api import places
from robson.daemon import logs
from robson.daemon.config import KEYS

COMMANDS = ("explain", "verify-journal", "backup")


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """Add these commands to the command line of ``robsond``."""
    told = _added(commands, "explain", "a position's journal, without a running daemon")
    told.add_argument("position", metavar="ID", help="full id, its last 4 or more, or the symbol")
    usual = KEYS["instance.account"].default
    told.add_argument("--account", default=usual, metavar="NAME", help="default: %(default)s")
    checked = _added(
        commands, "verify-journal", "check every page, row and projection; changes nothing"
    )
    copied = _added(commands, "backup", "copy the journal while a daemon runs, and verify the copy")
    copied.add_argument("file", metavar="FILE", help="a name that is free")
    for command in (told, checked, copied):
        command.add_argument("--state-dir", metavar="DIR", help="where the journal is")
        command.add_argument("--json", action="store_true", help="one JSON document")


_EXAMPLES = {
    "explain": """examples:
  robsond explain BTCUSDT                        of the default state directory
  robsond explain 7K3QM4 --state-dir DIR --json
""",
    "verify-journal": """examples:
  robsond verify-journal
  robsond verify-journal --state-dir DIR --json
""",
    "backup": """examples:
  robsond backup /backup/journal-monday.db
  robsond backup copy.db --state-dir DIR
""",
}


def _added(
    commands: argparse._SubParsersAction[Any], name: str, does: str
) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = commands.add_parser(
        name,
        help=does,
        description=f"{does[0].upper()}{does[1:]}.",
        epilog=_EXAMPLES[name],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return added


def run(args: argparse.Namespace, environ: dict[str, str]) -> int:
    """Do what one of ``COMMANDS`` asks; what is wrong is raised."""
    from robson.daemon import papers
    from robson.store.examine import back_up, examine
    from robson.store.journal import FILE_NAME

    directory = Path(places.state_dir(environ, "sim", args.state_dir))
    if args.command == "explain":
        rows = papers.explain(directory, args.account, args.position)
        logs.tell(papers.document(rows) if args.json else "\n".join(papers.lines(rows)))
    elif args.command == "verify-journal":
        found = examine(directory / FILE_NAME)
        logs.tell(
            papers.json_of(found) if args.json else f"{found.path} is whole: {papers.told(found)}"
        )
    else:
        found = back_up(directory, Path(args.file))
        logs.tell(
            papers.json_of(found)
            if args.json
            else f"{found.path} is a whole copy: {papers.told(found)}"
        )
    return 0


def problem(message: str, code: str, exit_code: int) -> str:
    """What was refused, as one JSON document."""
    told = {"code": code, "message": message, "exit_code": exit_code}
    return json.dumps({"error": told}, indent=1)
