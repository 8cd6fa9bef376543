"""The bench tells figures as a table or a document, hides no miss, and measures no disk in memory.

How fast anything is does not appear here: a busy machine is no fault of the code.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parents[3] / "tools"
MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /tmp rw - tmpfs tmpfs rw
24 22 254:1 / /my\040disk rw,noatime master:2 - xfs /dev/vdb rw
25 23 254:1 / /tmp/disk rw - ext4 /dev/vdb rw
"""
TINY = 0.002
ROW_KEYS = {
    "name",
    "what",
    "unit",
    "subject",
    "floor",
    "ratio",
    "spread",
    "goal",
    "binds",
    "more",
    "verdict",
}


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Load the program as if it had been started, on a disk, whatever /tmp is here."""
    monkeypatch.syspath_prepend(TOOLS)
    loaded = import_module("bench")
    monkeypatch.setattr(loaded, "filesystem_here", lambda _path: "ext4")
    return loaded


@pytest.fixture
def kit(bench: Any) -> Any:
    """Give what the program itself has loaded."""
    return sys.modules[bench.Row.__module__]


def told(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    shown = capsys.readouterr()
    return shown.out, shown.err


def plant(bench: Any, monkeypatch: pytest.MonkeyPatch, **measures: Any) -> None:
    """Replace all measurements."""
    planted = {name: bench.Measurement(measure) for name, measure in measures.items()}
    monkeypatch.setattr(bench, "MEASUREMENTS", planted)


# --- what it measures ----------------------------------------------------------------------------


def test_document_of_everything_that_needs_no_daemon(
    bench: Any, capsys: pytest.CaptureFixture[str]
):
    names = ("decision", "tick", "skip", "journal")
    code = bench.main(
        ["--json", *(part for name in names for part in ("--only", name))], scale=TINY
    )
    out, err = told(capsys)
    document = json.loads(out)

    assert err == ""
    assert document["schema"] == "robson.bench/1"
    assert document["machine"].keys() >= {"cores", "load", "python", "sqlite", "filesystem"}
    rows = {row["name"]: row for row in document["rows"]}
    assert list(rows) == [
        "decision.inside",
        "decision.leaving",
        "decision.raising",
        "decision.tape",
        "tick",
        "skip.same",
        "skip.speed",
        "journal",
    ]
    assert all(row.keys() == ROW_KEYS for row in rows.values())
    assert all(row["subject"] is not None for row in rows.values())
    assert rows["journal"]["floor"] > 0
    assert rows["journal"]["goal"] == {"of": "ratio", "must": 2.5, "aim": 1.7}
    assert rows["skip.same"]["verdict"] == "ok"
    assert code == (1 if document["missed"] else 0)


def test_status_is_asked_of_a_daemon_of_its_own(bench: Any, capsys: pytest.CaptureFixture[str]):
    bench.main(["--json", "--only", "status"], scale=TINY)
    bare, grpc = json.loads(told(capsys)[0])["rows"]

    assert (bare["name"], bare["unit"]) == ("status", "ms")
    assert bare["goal"] == {"of": "subject", "must": 150, "aim": 110}
    assert bare["subject"] > bare["floor"] > 0
    assert grpc["goal"] is None
    assert grpc["more"]["rounds"] == 2


def test_memory_of_ten_positions_that_cannot_be_had_is_missing_in_plain_sight(
    bench: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def no_ten(_run: Any, _floor: float) -> None:
        raise bench.CannotMeasure("2 of 10 came to be active")

    monkeypatch.setattr(bench.bench_processes, "_ten", no_ten)
    code = bench.main(["--json", "--only", "memory"])
    document = json.loads(told(capsys)[0])
    idle, ten = document["rows"]

    assert idle["subject"] > idle["floor"] > 1
    assert (ten["subject"], ten["verdict"]) == (None, "NOT MEASURED")
    assert "2 of 10" in ten["what"]
    assert "memory.ten" in document["missed"]
    assert code == 1


@pytest.mark.long
def test_the_way_out_on_the_wire_stands_beside_a_floor_on_the_same_wire(
    bench: Any, capsys: pytest.CaptureFixture[str]
):
    bench.main(["--json", "--only", "live"], scale=TINY)
    rows = {row["name"]: row for row in json.loads(told(capsys)[0])["rows"]}

    assert list(rows) == [
        *("live.cancel", "live.exit", "live.cancel.storm", "live.exit.storm", "live.storm"),
        "live.feed",
    ]
    assert all(row["more"]["rounds"] == 10 for row in rows.values())
    assert all(row["subject"] > 0 and row["floor"] > 0 for row in rows.values())
    assert rows["live.exit"]["floor"] > rows["live.cancel"]["floor"], "the cancel is answered first"
    assert rows["live.cancel"]["goal"] == {"of": "ratio", "must": 4, "aim": 2.2}


# --- how it judges -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figure", "verdict", "failed"),
    [
        (1.7, "ok", False),
        (1.8, "ok, short of aim", False),
        (2.5, "ok, short of aim", False),
        (2.6, "MISSED", True),
        (None, "NOT MEASURED", True),
    ],
)
def test_verdict_of_a_ratio(kit: Any, figure: float | None, verdict: str, failed: object):
    row = kit.Row(
        name="x",
        what="x",
        subject=99.0,
        ratio=figure,
        goal=kit.Goal(of="ratio", must=2.5, aim=1.7),
        binds=True,
    )
    assert (row.verdict, row.failed) == (verdict, failed)


def test_verdict_of_a_figure_without_a_goal(kit: Any):
    row = kit.Row(name="x", what="x", subject=1.0)
    absent = kit.Row(name="x", what="nobody offers it")
    assert (row.verdict, row.failed) == ("-", False)
    assert (absent.verdict, absent.failed) == ("NOT MEASURED", False)


def test_ratio_is_that_of_the_medians_and_turns_alternate(kit: Any):
    order: list[str] = []

    def taking(name: str, seconds: list[float]) -> Any:
        def once() -> float:
            order.append(name)
            return seconds.pop(0)

        return once

    pairs = kit.alternate(
        taking("s", [2.0, 9.0, 4.0]), taking("f", [1.0, 2.0, 8.0]), rounds=3, bound_s=60
    )
    row = pairs.row("x", "x", "ms", kit.Goal(of="ratio", must=2))

    assert order == ["s", "f", "f", "s", "s", "f"]
    assert (row.subject, row.floor, row.ratio) == (4_000, 2_000, 2)
    assert row.spread == (0.5, 4.5)
    assert row.verdict == "ok"


def test_time_is_bounded(kit: Any):
    pairs = kit.alternate(lambda: 1.0, lambda: 1.0, rounds=1_000, bound_s=0)
    assert len(pairs.subject) == len(pairs.floor) == 1


# --- how it speaks -------------------------------------------------------------------------------


def test_table_names_every_miss(
    bench: Any, kit: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def measure(_run: Any) -> list[Any]:
        pairs = kit.Pairs([0.004, 0.004], [0.001, 0.001])
        return [pairs.row("slow", "this against that", "ms", kit.Goal(of="ratio", must=2.5, aim=1))]

    plant(
        bench, monkeypatch, slow=measure, calm=lambda _run: [kit.Row(name="calm", what="nothing")]
    )
    code = bench.main([])
    out, err = told(capsys)
    lines = out.splitlines()

    assert code == 1
    assert err == ""
    assert lines[0].startswith("robson bench   ")
    assert "ext4" not in lines[1]
    assert lines[3].split() == ["slow", "4", "ms", "1", "ms", "4x", "2.50x", "1x", "MISSED"]
    assert lines[4].split() == ["calm", "-", "-", "-", "-", "-", "NOT", "MEASURED"]
    assert "slow      this against that" in lines
    assert lines[-1] == "not reached: slow"


def test_what_cannot_be_measured_is_a_row_and_the_rest_goes_on(
    bench: Any, kit: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def broken(_run: Any) -> None:
        raise kit.CannotMeasure("the daemon\ndid not start")

    plant(
        bench, monkeypatch, one=broken, two=lambda _run: [kit.Row(name="two", what="x", subject=1)]
    )
    code = bench.main(["--json"])
    document = json.loads(told(capsys)[0])

    assert code == 1
    assert [row["verdict"] for row in document["rows"]] == ["NOT MEASURED", "-"]
    assert document["rows"][0]["what"] == "the daemon did not start"
    assert document["missed"] == ["one"]


def test_progress_is_for_terminals(
    bench: Any, kit: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    plant(bench, monkeypatch, calm=lambda _run: [kit.Row(name="calm", what="x", subject=1)])
    monkeypatch.setattr(bench.sys.stderr, "isatty", lambda: True, raising=False)
    assert bench.main([]) == 0
    out, err = told(capsys)

    assert "measuring calm" in err
    assert err.endswith("\x1b[K")
    assert "measuring" not in out
    assert out.splitlines()[-1] == "all that binds is reached"


@pytest.mark.parametrize("arguments", [["--only", "nothing"], ["--fast"], ["decision"]])
def test_wrong_arguments_are_one_line(
    bench: Any, capsys: pytest.CaptureFixture[str], arguments: list[str]
):
    assert bench.main(arguments) == 2
    out, err = told(capsys)
    assert out == ""
    assert err.startswith("bench: ")
    assert len(err.splitlines()) == 1
    assert "--help" in err


def test_help_names_every_measurement():
    done = subprocess.run(
        [sys.executable, str(TOOLS / "bench.py"), "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    for name in (
        "decision",
        "past",
        "tick",
        "skip",
        "journal",
        "status",
        "memory",
        "storm",
        "world",
    ):
        assert name in done.stdout


# --- where it measures ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["tmpfs", "ramfs"])
def test_disk_is_not_measured_in_memory(
    bench: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str
):
    monkeypatch.setattr(bench, "filesystem_here", lambda _path: kind)
    assert bench.main(["--only", "journal"]) == 2
    out, err = told(capsys)
    assert out == ""
    assert len(err.splitlines()) == 1
    assert f"is {kind}" in err
    assert "TMPDIR" in err


def test_what_is_not_about_the_disk_is_measured_anywhere(
    bench: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(bench, "filesystem_here", lambda _path: "tmpfs")
    assert bench.main(["--json", "--only", "tick"], scale=TINY) == 0
    assert json.loads(told(capsys)[0])["rows"][0]["name"] == "tick"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib", "ext4"),
        ("/tmp", "tmpfs"),
        ("/tmp/a/b", "tmpfs"),
        ("/tmpfiles", "ext4"),
        ("/tmp/disk/a", "ext4"),
        ("/my disk/a", "xfs"),
    ],
)
def test_filesystem_is_that_of_the_nearest_mount(kit: Any, path: str, kind: str):
    assert kit.filesystem(Path(path), MOUNTS) == kind


def test_a_program_that_fails_is_told_by_its_last_words(kit: Any):
    program = "import sys; print('one', file=sys.stderr); sys.exit('two')"
    with pytest.raises(kit.CannotMeasure, match="ended with 1: two"):
        kit.output([sys.executable, "-c", program], 60)
    with pytest.raises(kit.CannotMeasure, match="cannot be started"):
        kit.output(["/nowhere/at/all"], 60)


def test_worlds_are_lived(bench: Any, capsys: pytest.CaptureFixture[str]):
    assert bench.main(["--json", "--only", "world"], scale=TINY) == 0
    (row,) = json.loads(told(capsys)[0])["rows"]
    assert (row["unit"], row["goal"], row["verdict"]) == ("/s", None, "-")
    assert "seeds 1..1," in row["what"]


def test_ways_out_are_timed_in_a_storm_and_in_the_calm(
    bench: Any, capsys: pytest.CaptureFixture[str]
):
    bench.main(["--json", "--only", "storm"], scale=TINY)
    (row,) = json.loads(told(capsys)[0])["rows"]

    assert row["name"] == "storm"
    assert row["goal"] == {"of": "ratio", "must": 1.6, "aim": None}
    assert row["subject"] > 0
    assert row["floor"] > 0
