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

from robson.api.blank import left_empty
from robson.api.nearest import did_you_mean
from robson.cli.arguments import COMMANDS, TAKING, add_commands, add_globals
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

    def command(self, name: str | None) -> Parser:
        """The parser of a command; without one this parser itself."""
        for action in self._actions:
            if name and isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
                chosen: Parser = action.choices[name]
                return chosen
        return self


def _in_our_words(message: str, prog: str) -> str:
    """What argparse found wrong, as one of our sentences."""
    text = re.sub(r"^argument (?:\S+/)?([^\s:]+): ", r"\1 ", message)
    if found := re.fullmatch(r"(\S+) invalid choice: '(.*)' \(choose from (.*)\)", text):
        option, typed, choices = found.groups()
        names = re.findall(r"[\w-]+", choices)
        return f"{option} is {typed}; allowed is {', '.join(names)}.{did_you_mean(typed, names)}"
    if found := re.fullmatch(r"(\S+) ignored explicit argument '(.*)'", text):
        return f"{found[1]} takes no value, and {found[2]} was given. See {prog} --help."
    if found := re.fullmatch(r"(\S+) expected one argument", text):
        return f"{found[1]} needs a value. See {prog} --help."
    if found := re.fullmatch(r"the following arguments are required: (.*)", text):
        return f"{found[1]} is missing. See {prog} --help."
    return f"{text}. See {prog} --help."


def build(only: str | None = None) -> Parser:
    """The whole command line, or as much of it as one command needs."""
    parser = Parser(
        prog="robson",
        description=_folded(
            "Holds isolated-margin positions on Binance with a stop that survives crashes."
        ),
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
    add_commands(functools.partial(_command, commands), only)
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read a command line.

    Raises:
        Problem: something on it is not known or not allowed.
    """
    if empty := left_empty(argv):
        raise Problem("INVALID_ARGUMENT", empty)
    word = _command_word(argv)
    if word is not None and word not in COMMANDS:
        raise Problem(
            "INVALID_ARGUMENT",
            f"{word} is not a command.{did_you_mean(word, COMMANDS)} See robson --help.",
        )
    parser = build(word)
    args, extra = parser.parse_known_args(argv)
    if extra:
        raise _unknown(parser.command(args.command), extra[0])
    return args


def _command_word(argv: Sequence[str]) -> str | None:
    """The first word that is no option and no option's value; None when help comes first."""
    skip = False
    for word in argv:
        if skip:
            skip = False
        elif word in ("-h", "--help"):
            return None
        elif word.startswith("-"):
            skip = word in TAKING
        else:
            return word
    return None


def _unknown(parser: Parser, word: str) -> Problem:
    option = word.partition("=")[0]
    if not word.startswith("-"):
        pair = "--symbol" in parser.options() and len(word) > 1 and word.isalnum()
        hint = f" Did you mean --symbol {word}?" if pair and word.isupper() else ""
        return Problem(
            "INVALID_ARGUMENT", f"{word} is one word too many.{hint} See {parser.prog} --help."
        )
    hint = did_you_mean(option, parser.options())
    return Problem(
        "INVALID_ARGUMENT", f"{option} is not an option here.{hint} See {parser.prog} --help."
    )


def _examples(*lines: tuple[str, str]) -> str:
    """A command is never broken; what it does stands beside it, or below on a narrow page."""
    widest = max(len(command) for command, _ in lines)
    rows = [f"  {command.ljust(widest)}   {what}" for command, what in lines]
    if max(map(len, rows)) > _width():
        rows = [f"  {command}\n      {what}" for command, what in lines]
    return "\n".join(("Examples:", *rows))


def _folded(text: str) -> str:
    """A sentence in lines as wide as the page."""
    words, lines = text.split(), [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > _width():
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def _command(commands: Any, name: str, does: str, *examples: tuple[str, str]) -> Parser:
    parser: Parser = commands.add_parser(
        name,
        prog=f"robson {name}",
        help=does,
        description=_folded(f"{does[0].upper()}{does[1:]}."),
        epilog=_examples(*examples),
        formatter_class=_Help,
        allow_abbrev=False,
        add_help=False,
    )
    add_globals(parser)
    return parser
