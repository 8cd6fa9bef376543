"""Writes docs/reference/cli.md: every command with its options and examples, and the CLI's keys."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from pages import made_from, paragraph, table

from robson.cli import parser
from robson.cli.arguments import COMMANDS
from robson.cli.settings import KEYS, USUAL_FILE

_EVERYWHERE = "everywhere"


def cli_page() -> str:
    """docs/reference/cli.md."""
    whole = parser.build()
    return "\n".join(
        (
            made_from("robson/cli/arguments.py and robson/cli/settings.py"),
            "",
            "# The command line",
            "",
            paragraph(
                f"{len(COMMANDS)} commands. Each explains itself with `--help`. Results are on",
                "stdout, everything else on stderr. What it ends with stands in",
                "[mistakes and errors](../errors.md), what `--json` prints in",
                "[JSON documents](json.md).",
            ),
            "",
            "## Everywhere",
            "",
            *table("Option", "Does", rows=list(_options(whole, everywhere=True))),
            "",
            *(line for name in COMMANDS for line in _command(name, whole.command(name))),
            *_configuration(),
        )
    )


def _command(name: str, known: parser.Parser) -> Iterator[str]:
    yield f"## `robson {name}`"
    yield ""
    yield paragraph(known.description or "")
    yield ""
    rows = list(_options(known, everywhere=False))
    if rows:
        yield from table("Argument", "Does", rows=rows)
        yield ""
    yield "```text"
    examples = (known.epilog or "").splitlines()[1:]
    yield from (line.strip() for line in examples if line.startswith("  "))
    yield "```"
    yield ""


def _options(known: parser.Parser, *, everywhere: bool) -> Iterator[tuple[str, str]]:
    for group in known._action_groups:  # noqa: SLF001
        if (group.title == _EVERYWHERE) is everywhere:
            for action in group._group_actions:  # noqa: SLF001
                if not isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
                    yield _row(action)


def _row(action: argparse.Action) -> tuple[str, str]:
    choices = ", ".join(map(str, action.choices or ()))
    said = [f"`{name}`" for name in action.option_strings]
    if not said:
        said = [f"`{action.metavar or action.dest.upper()}`"]
    elif action.nargs != 0:
        said[-1] = f"{said[-1][:-1]} {action.metavar or 'WORD'}`"
    does = action.help or ""
    if choices and choices not in does:
        does += f": {choices}"
    return ", ".join(said).replace("|", r"\|"), does.replace("|", r"\|")


def _configuration() -> Iterator[str]:
    yield "## Configuration of the CLI"
    yield ""
    yield paragraph(
        f"`{USUAL_FILE}`, or what `--config` or `ROBSON_CONFIG` names; `robson init` writes it,",
        "with every key explained. An option goes before the environment, that before the",
        "file, the file before the default. The daemon has [its own keys](configuration.md).",
    )
    yield ""
    rows = [
        (
            f"`{name}`",
            "" if key.default is None else f"`{str(key.default).lower()}`",
            f"`{key.env}`" if key.env else "",
            f"`{key.flag[0]}`" if key.flag[0] else "",
            key.meaning,
        )
        for name, key in KEYS.items()
    ]
    yield from table("Key", "Default", "Environment", "Option", "Meaning", rows=rows)
    yield ""
    yield paragraph(
        "Besides, `NO_COLOR` (not empty) takes the colour away, `ROBSON_ASCII=1` every symbol that",
        "is not ASCII, and `ROBSON_PLAIN=1` speaks in sentences, for screen readers; `TERM=dumb`",
        "does the same. `ROBSON_STATE_DIR` says where the daemon keeps its state.",
    )
    yield ""
