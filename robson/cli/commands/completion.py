"""``robson completion``: a script for a shell, made from the same list as the help."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from robson.api.document.text import dumps
from robson.cli import output, parser
from robson.cli.arguments import COMMANDS

SCHEMA = "robson.completion/1"


class Option(NamedTuple):
    """One option of a command: what it is called, whether a word follows, which words fit."""

    name: str
    takes: bool
    choices: tuple[str, ...]
    is_path: bool
    says: str


class Command(NamedTuple):
    """One command: its options, and what may stand as its first plain word."""

    name: str
    says: str
    options: tuple[Option, ...]
    words: tuple[str, ...]


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the script; returns the exit code."""
    del environ
    makers = {"bash": _bash, "zsh": _zsh, "fish": _fish}
    text = "\n".join(makers[args.shell](commands())) + "\n"
    if getattr(args, "json", False):
        text = f"{dumps({'schema': SCHEMA, 'shell': args.shell, 'script': text})}\n"
    output.write(sys.stdout, text)
    return 0


def commands() -> list[Command]:
    """Every command as the parser knows it."""
    whole = parser.build()
    said = {each.dest: each.help or "" for each in _subparsers(whole)._choices_actions}  # noqa: SLF001
    return [_command(name, said[name], whole.command(name)) for name in COMMANDS]


def _subparsers(whole: parser.Parser) -> argparse._SubParsersAction[parser.Parser]:
    [found] = [a for a in whole._actions if isinstance(a, argparse._SubParsersAction)]  # noqa: SLF001
    return found


def _command(name: str, says: str, known: parser.Parser) -> Command:
    options: list[Option] = []
    words: tuple[str, ...] = ()
    for action in known._actions:  # noqa: SLF001
        choices = tuple(map(str, action.choices or ()))
        if not action.option_strings:
            words = words or choices
            continue
        long = next(each for each in action.option_strings if each.startswith("--"))
        paths = action.metavar in ("PATH", "DIR")
        options.append(Option(long, action.nargs != 0, choices, paths, action.help or ""))
    return Command(name, says, tuple(options), words)


_HEAD = "# Completion of the robson command for {0}; made by: robson completion {0}"


def _bash(known: list[Command]) -> Iterator[str]:
    yield _HEAD.format("bash")
    yield "_robson() {"
    yield '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"'
    yield '  local command="" words="" each'
    yield '  for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do'
    yield f'    case "$each" in {"|".join(c.name for c in known)}) command="$each"; break;; esac'
    yield "  done"
    yield '  case "$command $before" in'
    for command, option in _taking(known):
        match = f"    '{command.name} {option.name}')"
        if option.choices:
            yield f"{match} words='{' '.join(option.choices)}';;"
        elif option.is_path:
            yield f'{match} COMPREPLY=($(compgen -f -- "$word")); return;;'
        else:
            yield f"{match} return;;"
    yield '    *) case "$command" in'
    for command in known:
        listed = " ".join([*command.words, *(o.name for o in command.options)])
        yield f"      {command.name}) words='{listed}';;"
    yield f"      *) words='{' '.join(c.name for c in known)} --help --version';;"
    yield "    esac;;"
    yield "  esac"
    yield '  COMPREPLY=($(compgen -W "$words" -- "$word"))'
    yield "}"
    yield "complete -F _robson robson"


def _zsh(known: list[Command]) -> Iterator[str]:
    yield "#compdef robson"
    yield _HEAD.format("zsh")
    yield "_robson() {"
    yield '  local command=""'
    yield '  for each in "${words[@]:1:$((CURRENT-2))}"; do'
    yield f'    case "$each" in {"|".join(c.name for c in known)}) command="$each"; break;; esac'
    yield "  done"
    yield '  case "$command $words[CURRENT-1]" in'
    for command, option in _taking(known):
        match = f"    '{command.name} {option.name}')"
        if option.choices:
            yield f"{match} compadd -- {' '.join(option.choices)}; return;;"
        else:
            yield f"{match} {'_files' if option.is_path else ''}; return;;".replace(" ; ", " ")
    yield "  esac"
    yield '  case "$command" in'
    for command in known:
        listed = " ".join([*command.words, *(o.name for o in command.options)])
        yield f"    {command.name}) compadd -- {listed};;"
    yield f"    *) compadd -- {' '.join(c.name for c in known)} --help --version;;"
    yield "  esac"
    yield "}"
    yield 'if [ "$funcstack[1]" = "_robson" ]; then _robson "$@"; else compdef _robson robson; fi'


def _fish(known: list[Command]) -> Iterator[str]:
    yield _HEAD.format("fish")
    yield "complete -c robson -f"
    for command in known:
        says = f"-d {_quoted(command.says)}"
        yield f"complete -c robson -n __fish_use_subcommand -a {command.name} {says}"
    for command in known:
        inside = f"complete -c robson -n '__fish_seen_subcommand_from {command.name}'"
        if command.words:
            yield f"{inside} -a '{' '.join(command.words)}'"
        for option in command.options:
            takes = " -x" if option.takes and not option.is_path else ""
            takes = " -r -F" if option.is_path else takes
            choices = f" -a '{' '.join(option.choices)}'" if option.choices else ""
            name = option.name.removeprefix("--")
            yield f"{inside} -l {name}{takes}{choices} -d {_quoted(option.says)}"


def _taking(known: list[Command]) -> Iterator[tuple[Command, Option]]:
    for command in known:
        for option in command.options:
            if option.takes:
                yield command, option


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
