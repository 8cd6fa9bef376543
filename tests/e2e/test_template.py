"""What is forked from the template is what Python would have started, inside and outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.e2e.harness import ROOT, environment
from tests.e2e.template import Child

LOOKS = """
import json, os, signal, sys
seen = {
    "arguments": sys.argv,
    "name": __name__,
    "folder": os.getcwd(),
    "environment": dict(os.environ),
    "input": os.read(0, 10).decode(),
    "terminal": [os.isatty(end) for end in (0, 1, 2)],
    "open": sorted(int(name) for name in os.listdir("/proc/self/fd"))[:3],
    "many": len(os.listdir("/proc/self/fd")),
    "signals": [str(signal.getsignal(n)) for n in (2, 13, 15, 17)],
    "flags": str(sys.flags),
}
print(json.dumps(seen))
print("said", file=sys.stderr)
sys.exit(7)
"""


def test_forked_process_sees_what_a_started_one_sees(tmp_path: Path) -> None:
    script = tmp_path / "looks.py"
    script.write_text(LOOKS)
    args, env = [str(script), "run", "--one", "2"], environment(ROBSON_OF_ITS_OWN="yes")

    child = Child(args, env=env, cwd=str(ROOT))
    forked = child.communicate(timeout=30)
    started = subprocess.run(
        [sys.executable, *args],
        env=env,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert json.loads(forked[0]) == json.loads(started.stdout)
    assert json.loads(forked[0])["environment"]["ROBSON_OF_ITS_OWN"] == "yes"
    assert forked[1] == started.stderr == "said\n"
    assert child.returncode == started.returncode == 7


def test_forked_process_ends_by_the_signal_that_it_is_sent(tmp_path: Path) -> None:
    script = tmp_path / "waits.py"
    script.write_text("import signal\nprint('here', flush=True)\nsignal.pause()\n")
    children = [Child([str(script)], env=environment(), cwd=str(ROOT)) for _ in range(2)]

    try:
        for child, number in zip(children, (signal.SIGKILL, signal.SIGTERM), strict=True):
            assert child.stdout.readline() == "here\n"
            assert child.poll() is None
            assert Path(f"/proc/{child.pid}").exists()
            child.send_signal(number)
            child.communicate(timeout=30)
            assert child.returncode == -number
    finally:
        for child in children:
            child.kill()
    assert children[0].pid != children[1].pid != os.getpid()
