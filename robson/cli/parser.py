"""The command line as a person types it: commands, options, help with examples.

A wrong option is a :class:`Problem` with what was meant, never a page of usage.
"""

from __future__ import annotations

import argparse
import functools
import os
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from robson.api.nearest import did_you_mean
from robson.cli.arguments import add_all, add_globals
from robson.cli.problem import Problem

_WIDTH = 100
_NARROW = 40


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        # A width of our own: argparse would import shutil to ask, at every start.
        super().__init__(prog, max_help_position=28, width=_width())


def _width() -> int:
    try:
        return max(_NARROW, min(_WIDTH, os.get_terminal_size().columns))
    except OSError:
        return _WIDTH


class Parser(argparse.ArgumentParser):
    """argparse, with our errors."""

    def error(self, message: str) -> NoReturn:
        """A refused command line, in one sentence run.

        Raises:
            Problem: always.
        """
        raise Problem("INVALID_ARGUMENT", _in_our_words(message, self.prog))

    def options(self) -> tuple[str, ...]:
        """Every option this parser takes."""
        return tuple(name for name in self._option_string_actions if name.startswith("--"))


def _in_our_words(message: str, prog: str) -> str:
    """What argparse found wrong, as one of our sentences."""
    text = re.sub(r"^argument (?:\S+/)?([^\s:]+): ", r"\1 ", message)
    if found := re.fullmatch(r"(\S+) invalid choice: '(.*)' \(choose from (.*)\)", text):
        option, typed, choices = found.groups()
        names = re.findall(r"[\w-]+", choices)
        return f"{option} is {typed}; allowed is {', '.join(names)}.{did_you_mean(typed, names)}"
    if found := re.fullmatch(r"(\S+) expected one argument", text):
        return f"{found[1]} needs a value. See {prog} --help."
    if found := re.fullmatch(r"the following arguments are required: (.*)", text):
        return f"{found[1]} is missing. See {prog} --help."
    return f"{text}. See {prog} --help."


def build() -> Parser:
    """The whole command line."""
    parser = Parser(
        prog="robson",
        description="Holds isolated-margin positions on Binance with a stop that survives crashes.",
        epilog=_examples(
            ("robson demo", "a whole life on the simulated exchange, no keys, no money"),
            ("robson status", "is my money protected?"),
            ("robson arm BTCUSDT --dry-run", "what would be traded, with every number"),
            ("robson panic", "leave everything at market, now"),
        )
        + "\nEvery command explains itself: robson COMMAND --help",
        formatter_class=_Help,
        allow_abbrev=False,
        add_help=False,
    )
    add_globals(parser, None)
    parser.add_argument("--version", action="store_true", help="print the version and end")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", prog="robson", parser_class=Parser
    )
    add_all(functools.partial(_command, commands))
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read a command line.

    Raises:
        Problem: something on it is not known or not allowed.
    """
    parser = build()
    _known_command(parser, argv)
    args, extra = parser.parse_known_args(argv)
    if extra:
        command = _subparser(parser, args.command) if args.command else parser
        raise _unknown(command, extra[0])
    return args


def _subparsers(parser: Parser) -> dict[str, Parser]:
    for action in parser._actions:  # noqa: SLF001 - argparse offers no other way to its commands
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            return dict(action.choices)
    return {}


def _subparser(parser: Parser, command: str) -> Parser:
    return _subparsers(parser)[command]


def command_names() -> tuple[str, ...]:
    """Every command."""
    return tuple(_subparsers(build()))


def _known_command(parser: Parser, argv: Sequence[str]) -> None:
    """Refuse a misspelt command before argparse does, with what was meant."""
    takes = {name for name, action in parser._option_string_actions.items() if action.nargs is None}  # noqa: SLF001
    skip = False
    for word in argv:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in takes
        else:
            names = _subparsers(parser)
            if word not in names:
                raise Problem(
                    "INVALID_ARGUMENT",
                    f"{word} is not a command.{did_you_mean(word, names)} See robson --help.",
                )
            return


def _unknown(parser: Parser, word: str) -> Problem:
    option = word.partition("=")[0]
    if not word.startswith("-"):
        return Problem(
            "INVALID_ARGUMENT", f"{word} is one word too many. See {parser.prog} --help."
        )
    hint = did_you_mean(option, parser.options())
    return Problem(
        "INVALID_ARGUMENT", f"{option} is not an option here.{hint} See {parser.prog} --help."
    )


def _examples(*lines: tuple[str, str]) -> str:
    widest = max(len(command) for command, _ in lines)
    rows = (f"  {command.ljust(widest)}   {what}" for command, what in lines)
    return "\n".join(("Examples:", *rows))


def _command(commands: Any, name: str, does: str, *examples: tuple[str, str]) -> Parser:
    parser: Parser = commands.add_parser(
        name,
        prog=f"robson {name}",
        help=does,
        description=f"{does[0].upper()}{does[1:]}.",
        epilog=_examples(*examples),
        formatter_class=_Help,
        allow_abbrev=False,
        add_help=False,
    )
    add_globals(parser)
    return parser
