"""What robsond says at its start fits the terminal, and can be copied out of it."""

from __future__ import annotations

import pytest

from robson.daemon.banner import LABELS, banner

TITLE = "SIMULATED, no real money    robsond 0.1.0  profile sim"
DOORS = (
    "unix:///data/anybody/.local/state/robson/sim/robsond.sock, grpc://127.0.0.1:50051"
    " (token in /data/anybody/.local/state/robson/sim/token)"
)
ROWS = (
    ("tape", "BTCUSDT synthetic, generated (seed 1)  speed 60x"),
    ("note", "BTCUSDT: 26 h of history are generated (seed 1), because there is none before it"),
    ("state", "/data/anybody/.local/state/robson/sim"),
    ("doors", DOORS),
    ("recovered", "1 position; the market went on 60 s"),
    ("stop", "Ctrl-C; exchange stops stay where they are"),
)
AT_80 = """\
SIMULATED, no real money    robsond 0.1.0  profile sim
  tape       BTCUSDT synthetic, generated (seed 1)  speed 60x
  note       BTCUSDT: 26 h of history are generated (seed 1), because there is
             none before it
  state      /data/anybody/.local/state/robson/sim
  doors      unix:///data/anybody/.local/state/robson/sim/robsond.sock,
             grpc://127.0.0.1:50051 (token in
             /data/anybody/.local/state/robson/sim/token)
  recovered  1 position; the market went on 60 s
  stop       Ctrl-C; exchange stops stay where they are
"""
AT_60 = """\
SIMULATED, no real money    robsond 0.1.0  profile sim
  tape       BTCUSDT synthetic, generated (seed 1)  speed
             60x
  note       BTCUSDT: 26 h of history are generated (seed
             1), because there is none before it
  state      /data/anybody/.local/state/robson/sim
  doors      unix:///data/anybody/.local/state/robson/sim/robsond.sock,
             grpc://127.0.0.1:50051 (token in
             /data/anybody/.local/state/robson/sim/token)
  recovered  1 position; the market went on 60 s
  stop       Ctrl-C; exchange stops stay where they are
"""
AT_120 = """\
SIMULATED, no real money    robsond 0.1.0  profile sim
  tape       BTCUSDT synthetic, generated (seed 1)  speed 60x
  note       BTCUSDT: 26 h of history are generated (seed 1), because there is none before it
  state      /data/anybody/.local/state/robson/sim
  doors      unix:///data/anybody/.local/state/robson/sim/robsond.sock, grpc://127.0.0.1:50051 (token in
             /data/anybody/.local/state/robson/sim/token)
  recovered  1 position; the market went on 60 s
  stop       Ctrl-C; exchange stops stay where they are
"""  # noqa: E501


@pytest.mark.parametrize(("width", "text"), [(60, AT_60), (80, AT_80), (120, AT_120)])
def test_it_reads_as_approved(width: int, text: str) -> None:
    lines = banner(TITLE, ROWS, width)

    assert "\n".join([*lines, ""]) == text
    for line in lines:
        whole = len(line.split()) <= 2 and line.startswith(" " * 2)
        assert len(line) <= width or whole, "only what cannot be broken is wider"


def test_a_pipe_gets_one_line_for_each() -> None:
    lines = banner(TITLE, ROWS, None)

    assert lines == [TITLE, *(f"  {label}".ljust(LABELS) + text for label, text in ROWS)]
