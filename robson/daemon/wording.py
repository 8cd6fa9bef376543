"""argparse for ``robsond``, with errors in our words: what was said, what is allowed, one line."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from robson.api.blank import left_empty
from robson.api.nearest import did_you_mean
from robson.daemon.exits import USAGE


class Parser(argparse.ArgumentParser):
    """A command line whose refusals are one line and exit code 64; no option may be shortened."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_abbrev=False, **kwargs)

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Read what is known of a command line; nothing on it is empty.

        Raises:
            SystemExit: it is refused.
        """
        given = sys.argv[1:] if args is None else list(args)
        if empty := left_empty(given):
            raise SystemExit(say(empty, "INVALID_ARGUMENT", USAGE))
        return super().parse_known_args(given, namespace)

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        Raises:
            SystemExit: always.
        """
        say(_in_our_words(message, tuple(_options(self)), self.prog), "INVALID_ARGUMENT", USAGE)
        raise SystemExit(USAGE)


def say(message: str, code: str, number: int) -> int:
    """One line on stderr for whoever started the daemon; gives the exit code back."""
    text = message.rstrip(".")
    end = "" if text.endswith("?") else "."
    sys.stderr.write(f"error: {text}{end} Nothing was changed. [{code}, exit {number}]\n")
    return number


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Every option of a parser and of its commands."""
    yield from (name for name in parser._option_string_actions if name.startswith("--"))  # noqa: SLF001
    for action in parser._actions:  # noqa: SLF001
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for command in action.choices.values():
                yield from _options(command)


def _in_our_words(message: str, options: tuple[str, ...], program: str) -> str:
    text = re.sub(r"^argument (?:\S+/)?([^\s:]+): ", r"\1 ", message)
    help_ = f"See {program} --help"
    if found := re.fullmatch(r"(\S+) invalid choice: '(.*)' \(choose from (.*)\)", text, re.DOTALL):
        option, typed, choices = found.groups()
        names = re.findall(r"[\w-]+", choices)
        return f"{option} is {typed}; allowed is {', '.join(names)}.{did_you_mean(typed, names)}"
    if found := re.fullmatch(r"(\S+) invalid (\w+) value: '(.*)'", text, re.DOTALL):
        wanted = {"int": "a whole number"}.get(found[2], found[2])
        return f"{found[1]} is {found[3]}; expected {wanted}"
    if found := re.fullmatch(r"(\S+) ignored explicit argument '(.*)'", text, re.DOTALL):
        return f"{found[1]} takes no value, and {found[2]} was given. {help_}"
    if found := re.fullmatch(r"(\S+) expected one argument", text):
        return f"{found[1]} needs a value. {help_}"
    if found := re.fullmatch(r"unrecognized arguments: (\S+).*", text, re.DOTALL):
        word = found[1].partition("=")[0]
        return f"{word} is not an option here.{did_you_mean(word, set(options))} {help_}"
    if found := re.fullmatch(r"the following arguments are required: (.*)", text):
        return f"{found[1]} is missing. {help_}"
    return f"{text}. {help_}"
