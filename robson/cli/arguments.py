"""What each command takes, with examples: the list that help and errors are made from."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from robson.cli import values
from robson.cli.values import LONGEST_TIMEOUT_MS, PROFILES, SIDES, STATES

TAKING = ("--daemon-url", "--profile", "--state-dir", "--timeout", "--config")
"""Options before the command that take the next word."""

Command = Callable[..., argparse.ArgumentParser]
"""Makes the parser of one command: name, what it does, examples."""


def add_commands(command: Command, only: str | None) -> None:
    """Add every command in the order in which help lists them, or the one that is needed."""
    for name, add in COMMANDS.items():
        if only in (None, name):
            add(command)


def add_globals(parser: argparse.ArgumentParser, default: Any = argparse.SUPPRESS) -> None:
    """Options that every command takes, before its name or after it."""
    group = parser.add_argument_group("everywhere")
    flag: dict[str, Any] = {"action": "store_true", "default": default}
    value: dict[str, Any] = {"default": default}
    group.add_argument("--json", help="one JSON document on stdout, nothing else", **flag)
    group.add_argument(
        "--daemon-url", metavar="URL", help="unix:///path or grpc://127.0.0.1:PORT", **value
    )
    group.add_argument("--profile", choices=PROFILES, help="refuse any other daemon", **value)
    group.add_argument(
        "--state-dir", metavar="DIR", help="where the daemon keeps its state", **value
    )
    group.add_argument(
        "--timeout",
        metavar="MS",
        type=values.between("--timeout", 1, LONGEST_TIMEOUT_MS, "milliseconds"),
        help="deadline of a call, 5000",
        **value,
    )
    group.add_argument("--config", metavar="PATH", help="~/.robson/config.toml", **value)
    group.add_argument("--no-color", help="same text without colour", **flag)
    group.add_argument("--plain", help="sentences only: for screen readers", **flag)
    group.add_argument("-v", "--verbose", help="say which door was taken", **flag)
    group.add_argument("-h", "--help", action="help", help="show this and end")


def _capital(parser: argparse.ArgumentParser) -> None:
    """Of ``arm``, and of ``demo``, which arms."""
    parser.add_argument(
        "--capital",
        metavar="AMT",
        type=values.amount("--capital"),
        help="cap the capital it is sized from",
    )


def _arm(command: Command) -> None:
    parser = command(
        "arm",
        "wait for one signal on a pair, and trade it with a stop",
        ("robson arm BTCUSDT --dry-run", "every number, nothing sent, nothing stored"),
        ("robson arm BTCUSDT --strategy now", "enter at once"),
        ("robson arm ETHUSDT --side short --capital 500", "size it from 500 at most"),
        ("robson arm BTCUSDT --wait active", "come back when it is filled"),
    )
    parser.add_argument("symbol", metavar="SYMBOL", help="the pair, such as BTCUSDT")
    parser.add_argument(
        "--strategy",
        metavar="NAME",
        default="all-in",
        help="all-in, now, trend, iron-exit or your own (all-in)",
    )
    parser.add_argument("--side", choices=SIDES, help="the strategy's own bias")
    _capital(parser)
    parser.add_argument(
        "--leverage",
        metavar="N",
        type=values.leverage,
        help="1 to 10: most assets to own capital",
    )
    parser.add_argument("--dry-run", action="store_true", help="show the plan and every gate")
    parser.add_argument("--idempotency-key", metavar="K", help="the same key arms only once")
    parser.add_argument("--account", metavar="A", help="refuse a daemon of another account")
    parser.add_argument(
        "--wait",
        metavar="STATE",
        choices=STATES,
        help="come back when it is there (within --timeout)",
    )


def _disarm(command: Command) -> None:
    parser = command(
        "disarm",
        "stop waiting; never closes a position",
        ("robson disarm BTCUSDT", "the one that waits on this pair"),
        ("robson disarm 7K3QM4", "by the end of its id"),
        ("robson disarm 7K3QM4 --force", "also take back an entry that has not filled"),
    )
    parser.add_argument("position", metavar="ID|SYMBOL", help="id, the end of it, or the pair")
    parser.add_argument("--force", action="store_true", help="take back an unfilled entry")


def _status(command: Command) -> None:
    parser = command(
        "status",
        "is my money protected: positions, budget, daemon",
        ("robson status", "everything"),
        ("robson status --symbol BTCUSDT", "one pair"),
        ("robson status --watch", "look every 2 s until q"),
        ("robson status --state closed", "ended ones too"),
        ("robson status --json | jq '.positions[].unrealized_pnl'", "for programs"),
    )
    parser.add_argument("--symbol", metavar="S", help="one pair")
    parser.add_argument(
        "--state",
        metavar="STATE",
        action="append",
        choices=STATES,
        help="one state; may be given more than once",
    )
    parser.add_argument(
        "--watch", action="store_true", help="every 2 s: a live screen; with --json a line a look"
    )


def _panic(command: Command) -> None:
    parser = command(
        "panic",
        "exit at market now, and cancel what waits",
        ("robson panic", "shows what it will do, and asks once"),
        ("robson panic --symbol ETHUSDT --confirm", "one pair, without asking"),
        ("robson panic --dry-run", "only show"),
    )
    parser.add_argument("--symbol", metavar="S", help="one pair")
    parser.add_argument("--confirm", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="show what it would do")
    parser.add_argument(
        "--wait",
        dest="wait",
        action="store_true",
        default=True,
        help="up to 60 s until everything is flat and settled (default)",
    )
    parser.add_argument(
        "--no-wait", dest="wait", action="store_false", help="come back when it is decided"
    )


def _history(command: Command) -> None:
    parser = command(
        "history",
        "closed positions and what they earned",
        ("robson history", "7 days"),
        ("robson history --days 30 --symbol BTCUSDT", "a month of one pair"),
        ("robson history --since 2025-07-01 --until 2025-08-01", "one July, in UTC"),
        ("robson history --days 365 --csv", "for a spreadsheet"),
    )
    parser.add_argument(
        "--days",
        metavar="N",
        type=values.between("--days", 1, 36_500),
        help="back from now, 7",
    )
    parser.add_argument("--symbol", metavar="S", help="one pair")
    parser.add_argument(
        "--since", metavar="TIME", type=values.instant("--since"), help="from this UTC time on"
    )
    parser.add_argument(
        "--until", metavar="TIME", type=values.instant("--until"), help="closed before this"
    )
    parser.add_argument("--csv", action="store_true", help="one row a position, with a header")


def _explain(command: Command) -> None:
    parser = command(
        "explain",
        "why a position did what it did, from the journal",
        ("robson explain 7K3QM4", "by the end of its id"),
        ("robson explain BTCUSDT", "the newest on this pair"),
        ("robson explain 7K3QM4 --json", "every journal row"),
    )
    parser.add_argument(
        "position",
        metavar="POSITION|INTENT",
        help="id, the end of it, a client order id, or the pair",
    )


def _events(command: Command) -> None:
    parser = command(
        "events",
        "journal rows: everything that was decided and everything that was heard",
        ("robson events", "all of them"),
        ("robson events --from 1200 --follow", "go on where you were, and stay"),
        ("robson events --position-id 7K3QM4", "of one position"),
        ("robson events --follow --json", "a line of JSON a row"),
    )
    parser.add_argument(
        "--from",
        metavar="SEQ",
        dest="from_seq",
        type=values.between("--from", 1, 10**18 - 1),
        default=1,
        help="first row to show, 1",
    )
    parser.add_argument("--follow", action="store_true", help="and each new one, until Ctrl-C")
    parser.add_argument("--position-id", metavar="ID", help="of this position only")


def _logs(command: Command) -> None:
    parser = command(
        "logs",
        "the daemon's log: the newest lines of it",
        ("robson logs", "the last 200"),
        ("robson logs --follow --level warning", "stay, and show what is out of the ordinary"),
        ("robson logs --position-id 7K3QM4", "about one position"),
    )
    parser.add_argument("--follow", action="store_true", help="and each new one, until Ctrl-C")
    parser.add_argument("--level", choices=values.LEVELS, help="this one and worse; info")
    parser.add_argument("--position-id", metavar="ID", help="about this position only")
    parser.add_argument(
        "--lines",
        metavar="N",
        type=values.between("--lines", 1, 2_000),
        default=200,
        help="at most so many of the ones there are, 200",
    )


def _init(command: Command) -> None:
    parser = command(
        "init",
        "write a commented configuration for this command",
        ("robson init", "asks three questions"),
        ("robson init --defaults", "asks nothing"),
        ("robson init --defaults --force", "replaces the one that is there"),
    )
    parser.add_argument("--defaults", action="store_true", help="ask nothing")
    parser.add_argument("--force", action="store_true", help="replace an existing file")


def _config(command: Command) -> None:
    parser = command(
        "config",
        "show and change the configuration of this command; the daemon's is its own",
        ("robson config show", "every key, its value, and who said it"),
        ("robson config set daemon.timeout_ms 10000", "change one key, keep the comments"),
        ("robson config reset daemon.timeout_ms", "back to its default"),
        ("robson config reset", "all of them; the old file is kept beside"),
    )
    parser.add_argument("action", choices=("show", "set", "reset"), help="show, set or reset")
    parser.add_argument("key", metavar="KEY", nargs="?", help="section.key")
    parser.add_argument("value", metavar="VALUE", nargs="?", help="the new value")


def _completion(command: Command) -> None:
    parser = command(
        "completion",
        "print a script that completes commands and options in a shell",
        ("robson completion bash > ~/.robson/completion.sh", "then source it in ~/.bashrc"),
        ("robson completion zsh > ~/.zfunc/_robson", "with ~/.zfunc in fpath"),
        ("robson completion fish > ~/.config/fish/completions/robson.fish", "nothing more"),
    )
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="bash, zsh or fish")


def _risk(command: Command) -> None:
    command(
        "risk",
        "what the month has left, and every limit that can refuse an entry",
        ("robson risk", "budget, slots, limits and when they free up"),
        ("robson risk --json | jq .risk.remaining", "for programs"),
    )


def _reconcile(command: Command) -> None:
    parser = command(
        "reconcile",
        "compare journal and exchange now: what both say of each pair, and what follows",
        ("robson reconcile", "every pair; changes nothing"),
        ("robson reconcile --symbol BTCUSDT --apply", "follow the exchange at once"),
        ("robson reconcile --json | jq .agrees", "for programs"),
    )
    parser.add_argument("--symbol", metavar="S", help="one pair")
    parser.add_argument("--position-id", metavar="ID", help="the pair of this position")
    parser.add_argument("--all", action="store_true", help="every pair, as without it")
    parser.add_argument(
        "--apply",
        "--yes",
        dest="apply",
        action="store_true",
        help="follow now what Robson would follow by itself within a minute",
    )


def _doctor(command: Command) -> None:
    command(
        "doctor",
        "have the daemon check its machine and its exchange; changes nothing",
        ("robson doctor", "every check; exit 1 when one has not passed"),
        ("robson doctor --json | jq .ok", "for programs"),
    )


ADMIN = (
    *("halt", "clear-halt", "pause", "resume", "drain", "clear-degraded"),
    *("resolve", "reconcile-close", "hand-over", "test-alert", "show-config"),
)


TARGETS = ("active", "exiting", "closed", "cancelled")
"""What a position in ``error`` may be said to be."""


def _admin(command: Command) -> None:
    parser = command(
        "admin",
        "stop taking entries, or take them again; what is open is managed all the time",
        ('robson admin pause --reason "exchange maintenance"', "no entries until resume"),
        ('robson admin resume --reason "done"', "entries again"),
        ('robson admin drain --reason "upgrade"', "no entries; ends when flat"),
        ('robson admin halt --reason "enough"', "none until the month ends"),
        ('robson admin clear-halt --reason "agreed"', "if the month has room"),
        ('robson admin clear-degraded --scope BTCUSDT --reason "checked"', "thaw it"),
        ('robson admin resolve --position-id 3QM4 --as active --reason "ok"', "of an error"),
        ("robson admin test-alert", "whether alerts reach anybody"),
        ("robson admin show-config", "the daemon's own keys"),
    )
    parser.add_argument("action", metavar="ACTION", choices=ADMIN, help=", ".join(ADMIN))
    parser.add_argument("--reason", metavar="TEXT", help="why; journaled with who asked")
    parser.add_argument("--scope", metavar="S", help="of clear-degraded: a symbol, or account")
    parser.add_argument(
        "--position-id", metavar="ID", help="of resolve and reconcile-close: which position"
    )
    parser.add_argument(
        "--as",
        dest="target",
        metavar="STATE",
        choices=TARGETS,
        help=f"of resolve: what it really is, {', '.join(TARGETS)}",
    )
    parser.add_argument(
        "--evidence-file",
        metavar="FILE",
        help="of reconcile-close and resolve: the trades that closed it, as JSON",
    )


def _demo(command: Command) -> None:
    parser = command(
        "demo",
        "one life on the simulated exchange, from arm to settled; no keys, no money",
        ("robson demo", "a generated tape"),
        ("robson demo --side short --speed max", "a short, as fast as it goes"),
        ("robson demo --tape btcusdt-15m.csv.gz --from 2025-07-16", "recorded prices"),
        ("robson demo --crash", "kill the daemon in the middle and watch"),
    )
    parser.add_argument("--tape", metavar="PATH", help="prices to play: bars or trades as CSV")
    parser.add_argument("--history", metavar="PATH", help="candles before the tape")
    parser.add_argument(
        "--from",
        metavar="TIME",
        dest="from_time",
        help="begin inside the tape; its earlier rows are the history",
    )
    parser.add_argument("--symbol", metavar="S", help="the pair, where the tape does not say it")
    parser.add_argument("--side", choices=SIDES, help="direction")
    parser.add_argument("--strategy", metavar="NAME", help="how it enters and exits")
    _capital(parser)
    parser.add_argument(
        "--seed",
        metavar="N",
        type=values.between("--seed", 0, 999_999_999),
        help="the same seed plays the same life",
    )
    parser.add_argument(
        "--speed", metavar="X|max", type=values.speed, help="times as fast as it was"
    )
    parser.add_argument("--keep", metavar="DIR", help="leave the state directory there")
    parser.add_argument("--crash", action="store_true", help="kill the daemon while it holds")


COMMANDS: dict[str, Callable[[Command], None]] = {
    "status": _status,
    "arm": _arm,
    "disarm": _disarm,
    "panic": _panic,
    "history": _history,
    "explain": _explain,
    "events": _events,
    "logs": _logs,
    "risk": _risk,
    "reconcile": _reconcile,
    "doctor": _doctor,
    "admin": _admin,
    "init": _init,
    "config": _config,
    "completion": _completion,
    "demo": _demo,
}
