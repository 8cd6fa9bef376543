"""The command line: what it takes, and one sentence for what it does not."""

from __future__ import annotations

import re
import shlex

import pytest

from robson.cli import arguments, parser
from robson.cli.problem import Problem

# As the design fixes them; demo is added by its own list of options.
COMMANDS = (
    *("status", "arm", "disarm", "panic", "history", "explain"),
    *(
        "events",
        "logs",
        "risk",
        "reconcile",
        "doctor",
        "admin",
        "init",
        "config",
        "completion",
        "demo",
    ),
)

DEMO = (
    "--tape a.csv --history b.csv --from 2025 --symbol BTC/USDT --side auto --strategy now"
    " --capital 5 --seed 7 --speed max --keep /k --crash"
)


def test_the_commands_are_there_in_order() -> None:
    assert tuple(arguments.COMMANDS) == COMMANDS


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("status", {"command": "status", "symbol": None, "state": None, "json": None}),
        ("--json status", {"json": True}),
        ("status --json", {"json": True}),
        ("--daemon-url unix:/x status", {"daemon_url": "unix:/x"}),
        ("status --daemon-url unix:/x", {"daemon_url": "unix:/x"}),
        ("--timeout 100 status --timeout 200", {"timeout": 200}),
        ("--profile sim status -v", {"profile": "sim", "verbose": True}),
        ("status --state active --state error", {"state": ["active", "error"]}),
        (
            "arm BTCUSDT --side short --capital 250.50 --leverage 2 --dry-run",
            {"symbol": "BTCUSDT", "side": "short", "capital": "250.50", "leverage": 2},
        ),
        ("arm BTCUSDT", {"strategy": "all-in", "side": None, "wait": None, "dry_run": False}),
        ("arm BTCUSDT --leverage 99", {"leverage": 99}),  # the daemon says what is allowed
        ("disarm 7K3QM4 --force", {"position": "7K3QM4", "force": True}),
        ("panic --no-wait --confirm", {"wait": False, "confirm": True, "symbol": None}),
        ("panic", {"wait": True, "dry_run": False}),
        ("history --days 30", {"days": 30, "symbol": None}),
        ("history --since 1970-01-01T00:01", {"since": 60 * 10**9, "until": None, "csv": False}),
        ("history --until 2025-07-16 --csv", {"until": 1752624000 * 10**9, "csv": True}),
        ("explain 7K3QM4", {"position": "7K3QM4"}),
        ("events --from 7 --follow", {"from_seq": 7, "follow": True, "position_id": None}),
        ("logs --level error --lines 5", {"level": "error", "lines": 5, "follow": False}),
        ("init --defaults", {"defaults": True, "force": False}),
        ("config set output.color false", {"action": "set", "key": "output.color"}),
        ("completion zsh", {"shell": "zsh"}),
        (
            f"demo {DEMO} --json",
            {
                "tape": "a.csv",
                "history": "b.csv",
                "from_time": "2025",
                "side": "auto",
                "seed": 7,
                "speed": "max",
                "keep": "/k",
                "crash": True,
                "json": True,
            },
        ),
    ],
)
def test_a_line_is_read(line: str, expected: dict[str, object]) -> None:
    args = vars(parser.parse(shlex.split(line)))

    assert expected == {key: args[key] for key in expected}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("stats", "stats is not a command. Did you mean status? See robson --help."),
        (
            "--profile sim pnic",
            "pnic is not a command. Did you mean panic or init? See robson --help.",
        ),
        ("sell", "sell is not a command. See robson --help."),
        (
            "status --sybmol X",
            "--sybmol is not an option here. Did you mean --symbol? See robson status --help.",
        ),
        ("status --bogus=1", "--bogus is not an option here. See robson status --help."),
        (
            "status --js",
            "--js is not an option here. Did you mean --json? See robson status --help.",
        ),
        ("status x", "x is one word too many. See robson status --help."),
        (
            "panic BTCUSDT",
            "BTCUSDT is one word too many. Did you mean --symbol BTCUSDT? See robson panic --help.",
        ),
        ("arm", "SYMBOL is missing. See robson arm --help."),
        ("arm A --capital", "--capital needs a value. See robson arm --help."),
        ("arm A --side up", "--side is up; allowed is long, short, auto."),
        ("arm A --side shrt", "--side is shrt; allowed is long, short, auto. Did you mean short?"),
        ("arm A --leverage 0", "--leverage is 0; allowed is 1 to 10."),
        ("arm A --leverage 2.5", "--leverage is 2.5; allowed is 1 to 10."),
        (
            "arm A --capital 1e5",
            "--capital is 1e5; a plain amount above 0 is expected, such as 1000 or 250.50.",
        ),
        (
            "arm A --capital 0.00",
            "--capital is 0.00; a plain amount above 0 is expected, such as 1000 or 250.50.",
        ),
        (
            "arm A --capital -5",
            "--capital is -5; a plain amount above 0 is expected, such as 1000 or 250.50.",
        ),
        ("history --days 0", "--days is 0; allowed is 1 to 36500."),
        (
            "history --since 2025-13-01",
            "--since is 2025-13-01; a UTC time is expected, 2025-07-16 or 2025-07-16T02:00.",
        ),
        (
            "history --until yesterday",
            "--until is yesterday; a UTC time is expected, 2025-07-16 or 2025-07-16T02:00.",
        ),
        (
            "events --from 0",
            "--from is 0; allowed is 1 to 999999999999999999.",
        ),
        ("logs --level warn", "--level is warn; allowed is debug, info, warning, error."),
        ("config shw", "action is shw; allowed is show, set, reset. Did you mean show?"),
        ("completion powershell", "shell is powershell; allowed is bash, zsh, fish."),
        ("status --timeout abc", "--timeout is abc; allowed is 1 to 600000 milliseconds."),
        ("demo --speed fast", "--speed is fast; a number above 0, or max, is expected."),
        ("status --profile prod", "--profile is prod; allowed is sim, paper, live."),
    ],
)
def test_a_line_that_cannot_be_read_says_what_was_meant(line: str, said: str) -> None:
    with pytest.raises(Problem) as refused:
        parser.parse(shlex.split(line))

    assert (refused.value.code, refused.value.message) == ("INVALID_ARGUMENT", said)


def test_the_options_before_a_command_that_take_a_word_are_known() -> None:
    taking = {
        name
        for name, action in parser.build()._option_string_actions.items()
        if action.nargs is None
    }

    assert taking == set(arguments.TAKING)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_examples_that_parse(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser.parse([command, "--help"])
    text = capsys.readouterr().out
    examples = [line.strip() for line in text.splitlines() if line.startswith("  robson ")]

    assert ended.value.code == 0
    assert f"usage: robson {command}" in text
    assert "Examples:" in text
    assert len(examples) >= 2
    for example in examples:
        words = shlex.split(re.split(r"   |[|>]", example)[0])
        assert vars(parser.parse(words[1:]))["command"] == command
    assert max(map(len, text.splitlines())) <= 100


def test_help_before_a_command_is_about_all_of_them() -> None:
    text = parser.build().format_help()

    for command in COMMANDS:
        assert f"\n    {command} " in text
