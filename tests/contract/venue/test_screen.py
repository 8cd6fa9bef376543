"""What the venue says of itself on a terminal: where it is, with which key, and how it ended."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

FAULT = '[[fault]]\nkind = "throttled"\nrequest = "market"\nnth = 1\n'
LABELS = ("prices", "note", "rest", "streams", "key", "operator", "books", "fault", "try", "stop")


def test_its_first_and_its_last_lines(tmp_path: Path, record_property: Any) -> None:
    (tmp_path / "faults.toml").write_text(FAULT)
    words = ("venue", "--port", "0", "--faults", str(tmp_path / "faults.toml"))
    with subprocess.Popen(
        [sys.executable, "-m", "robson.sim", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as venue:
        assert venue.stdout is not None
        title = venue.stdout.readline()
        said = {}
        while "stop" not in said:
            label, _, text = venue.stdout.readline().strip().partition(" ")
            said[label] = text.strip()
        command, _, url = said["try"].partition(" ")
        for wanted in (429, 200):  # the first request is struck
            assert status_of(url) == wanted
        asked = json.load(urllib.request.urlopen(said["operator"].partition("/books")[0] + "/log"))
        venue.send_signal(signal.SIGINT)
        rest, err = venue.communicate(timeout=30)

    assert title.startswith("SIMULATED, no real money")
    assert tuple(said) == LABELS
    assert (command, said["key"]) == ("curl", "test-key, secret test-secret")
    assert len(asked["rows"]) == 2
    assert rest.splitlines()[-1] == "the venue has ended after 2 requests"
    assert rest.startswith("fault throttled of market")
    assert (venue.returncode, err) == (0, "")
    assert not Path(said["books"].partition(",")[0]).exists()
    record_property("happened", "a venue's first and last lines read")


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
