"""``robsond doctor``: every check of a configuration, its machine and its exchange.

It changes nothing. A start of the profile live makes the checks at the exchange, too.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from robson.api import places
from robson.daemon import logs
from robson.daemon.banner import folded, width_of_stdout
from robson.daemon.checks import Check, Verdict, all_passed, count, document, failed, passed
from robson.daemon.checks import unchecked as could_not
from robson.daemon.config import Config, Examined, Wrong, examine
from robson.domain.errors import ConfigError

COMMAND = "doctor"
SICK = 1
"""Exit code when a check has failed, or could not be made."""
_MARKS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.UNCHECKED: "!"}


_EXAMPLES = """examples:
  robsond doctor --profile paper                 are Binance's public prices within reach?
  robsond doctor --config robsond.toml --json
"""


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command to the command line of ``robsond``."""
    command = commands.add_parser(
        COMMAND,
        help="check configuration, machine and exchange; changes nothing, starts nothing",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--config", metavar="FILE", help="TOML; without it the environment alone")
    command.add_argument("--profile", choices=("sim", "paper", "live"), help="default: sim")
    command.add_argument("--state-dir", metavar="DIR", help="where the journal is, or is to be")
    command.add_argument("--json", action="store_true", help="one JSON document")


def run(args: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Make every check and tell it; a code that is not 0 when one has failed or was not made."""
    found = _examined(args, environ)
    profile = found.config["profile"]
    directory = Path(places.state_dir(dict(environ), profile, args.state_dir))
    checks = []
    for check in offline(found, args.config, directory):
        checks.append(check)
        if not args.json:
            for line in lines(check, width_of_stdout()):
                logs.tell(line)
    if args.json:
        logs.tell(json.dumps(document(checks, profile), indent=1))
    else:
        logs.tell(f"\n{verdict(checks)}")
    return 0 if all_passed(checks) else SICK


def _examined(args: argparse.Namespace, environ: Mapping[str, str]) -> Examined:
    """The configuration; a file that cannot be read is a problem beside those of the rest."""
    flags = {"profile": args.profile}
    try:
        return examine(Path(args.config) if args.config else None, environ, flags)
    except ConfigError as error:
        found = examine(None, environ, flags)
        return found._replace(wrong=(Wrong(args.config, "", str(error)), *found.wrong))


def offline(found: Examined, file: str | None, directory: Path) -> Iterator[Check]:
    """Configuration, machine, exchange."""
    yield configuration(found, file)
    from robson.daemon.machine import machine  # what reads keys is slow to load

    yield from machine(found.config, directory)
    yield from exchange(found.config)


def configuration(found: Examined, file: str | None) -> Check:
    """Whether a start could use it."""
    if not found.wrong:
        return in_use(found.config, file or "the environment")
    told = "; ".join(each.what for each in found.wrong)
    return failed("Config", told, "robsond does not start with it", "robsond check-config")


def in_use(config: Config, where: str) -> Check:
    """A configuration with nothing wrong in it; that it only observes is said."""
    means = "it observes: everything is read, and no order is sent (exchange.observe)"
    return passed("Config", f"{where}, every key known", means * config["exchange.observe"])


def exchange(config: Config) -> Iterator[Check]:
    """What there is to ask of the exchange of the profile; a simulated one is not asked."""
    if config["profile"] == "sim":
        return
    # The profile sim starts without requests, urllib3 and websocket-client.
    from robson.daemon.binance import access_of
    from robson.daemon.counter import KEYED, PUBLIC, Counter

    names = PUBLIC if config["profile"] == "paper" else (*PUBLIC, *KEYED)
    if not config["exchange.rest_url"]:
        yield from (could_not(name, "exchange.rest_url is not given") for name in names)
        return
    try:
        access = access_of(config)
    except ConfigError:  # what is wrong with it, the check of the secrets has said
        without = attrs.evolve(config, values={**config.values, "exchange.key_file": ""})
        yield from Counter(access_of(without), config).look()
        yield from (could_not(name, "the key's file cannot be used") for name in KEYED)
        return
    yield from Counter(access, config).look()


def lines(check: Check, width: int | None = None) -> Iterator[str]:
    """A check for people: the mark, what was found, what it means, what to do, what it spares.

    ``width`` None, where no terminal reads it, folds nothing.
    """
    noted = check.answer is Verdict.PASS and check.means
    mark = "!" if noted else _MARKS[check.answer]
    yield from folded(f" {mark} {check.name:<11} ", check.said, width)
    below = [("means", check.means), ("fix", check.fix)]
    if check.answer is not Verdict.PASS:
        below.append((check.incident, check.happened))
    for label, text in below:
        if text:
            yield from folded(f"{'':15}{label:<5} ", text, width)


def verdict(checks: list[Check]) -> str:
    """The sum of it: a check that could not be made is never a pass."""
    bad, unknown = count(checks, Verdict.FAIL), count(checks, Verdict.UNCHECKED)
    said = f"{count(checks, Verdict.PASS)} of {len(checks)} passed, nothing was changed."
    if bad:
        also = f", {unknown} could not be checked" if unknown else ""
        return f" !! {bad} FAILED   {said.removesuffix(', nothing was changed.')}{also}."
    if unknown:
        return f" ! {unknown} COULD NOT BE CHECKED   {said}"
    return f"✓ PASSED   {said}"
