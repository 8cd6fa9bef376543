"""What chaos reads off strace, how it chooses, and that it cannot pass by having struck nothing."""

from __future__ import annotations

import io
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from robson.connectors.simulated.entries import Filled, OrderAccepted, OrderClosed
from robson.domain.identity import AccountId, PositionId, Purpose, Scope, Symbol, client_order_id
from robson.domain.intents import OrderType, SideEffect
from robson.domain.reports import OrderStatus
from robson.domain.values import NS_PER_S, Action, ExchangeNs, Price, Quantity
from robson.sim.__main__ import run
from robson.sim.chaos.strikes import LIVES, Listing, Result, phase_of, plan, share, struck
from robson.sim.chaos.table import Report, document, rows, show
from robson.sim.chaos.trace import Boundary, Call, Strike, Tracer, places, read_calls, unsynced
from robson.sim.chaos.verdict import naked_ns
from robson.sim.paper import Paper

PLACE = Path("/tmp/rbc1/s")
SOCKET = "/tmp/rbc1/x.sock"
TOLD = """\
70 1795320000.000001 connect(8<UNIX-STREAM:[1]>, {sun_path="/tmp/rbc1/x.sock"}, 26) = 0
70 1795320000.000002 connect(9<UNIX-STREAM:[4]>, {sun_path="/run/other.sock"}, 26) = -1
71 1795320000.100000 pwrite64(6</tmp/rbc1/s/journal.db-wal>, "7\\177"..., 24, 0) = 24
71 1795320000.100500 pwrite64(7</tmp/rbc1/s/journal.db>, "SQLite"..., 4096, 0) = 4096
71 1795320000.200000 pwrite64(6</tmp/rbc1/s/journal.db-wal>, "7\\177"... <unfinished ...>
72 1795320000.200100 sendto(9<UNIX-STREAM:[2->3]>, "{}"..., 90, 0, NULL, 0) = 90
71 1795320000.200200 <... pwrite64 resumed>) = 24
71 1795320000.200300 fdatasync(6</tmp/rbc1/s/journal.db-wal>) = -1 EIO (INJECTED)
73 1795320000.200400 sendto(12<TCP:[1->2]>, "HTTP"..., 90, 0, NULL, 0) = 90
71 1795320000.300000 rename("/tmp/rbc1/s/token.new", "/tmp/rbc1/s/token") = 0
71 1795320000.300001 write(3</tmp/rbc1/elsewhere>, "x", 1) = 1
71 1795320000.400000 +++ exited with 0 +++
"""
NAMES = {70: "main", 71: "monitor", 72: "urgent", 73: "health"}


def test_calls_are_counted_by_file_and_by_thread() -> None:
    found = places(list(read_calls(TOLD.splitlines())), NAMES, PLACE, SOCKET)
    assert [(where, name, nth) for _, where, name, nth in found] == [
        ("main", "connect", 1),
        ("journal.db-wal", "pwrite64", 1),
        ("journal.db", "pwrite64", 1),
        ("journal.db-wal", "pwrite64", 2),
        ("urgent", "sendto", 1),
        ("journal.db-wal", "fdatasync", 1),
        ("token.new", "rename", 1),
    ]
    assert found[0][0].at_ns == 1_795_320_000_000_001_000


def test_an_order_that_leaves_before_the_sync_is_found() -> None:
    calls, log = list(read_calls(TOLD.splitlines())), PLACE / "journal.db-wal"
    assert unsynced(calls, NAMES, log) == (1, [call for call in calls if call.tid == 72])

    late = sorted(calls, key=lambda call: (call.name == "sendto", call.at_ns))
    assert unsynced(late, NAMES, log) == (1, [])

    answer = Call(late[-2].at_ns, 74, "recvfrom", "UNIX-STREAM:[5->6]")
    between = [*late[:-2], answer, *late[-2:]]
    named = NAMES | {74: "normal"}
    assert unsynced(between, named, log) == (1, [between[-2]]), "nothing was synced since the cause"


def test_calls_of_one_thread_alone_are_read_too() -> None:
    alone = [line.partition(" ")[2] for line in TOLD.splitlines()]
    assert len(list(read_calls(alone))) == len(list(read_calls(TOLD.splitlines()))) == 10


@pytest.mark.parametrize(
    ("error", "text", "struck"),
    [
        ("EIO", TOLD, True),
        ("EIO", TOLD.replace(" (INJECTED)", ""), False),
        ("KILL", TOLD, False),
        ("KILL", TOLD + "71 1795320001.0 +++ killed by SIGKILL +++\n", True),
        ("KILL", "71 1795320001.0 +++ killed by SIGKILL +++\n", False),
        ("STOP", TOLD, False),
        ("STOP", TOLD + "71 1795320001.0 --- stopped by SIGSTOP ---\n", True),
        ("EIO", "", False),
    ],
)
def test_only_strace_says_that_it_struck(
    tmp_path: Path, error: str, text: str, *, struck: bool
) -> None:
    boundary = Boundary("long", "arm", "journal.db-wal", "pwrite64", 2, "arm")
    (tmp_path / "log").write_text(text)
    assert Tracer(tmp_path / "log", Strike(boundary, error), PLACE).struck() is struck


# --- choosing -------------------------------------------------------------------------------------

MANY = tuple(
    Boundary("long", "arm", where, call, nth, phase)
    for where, call, phase in (
        ("journal.db-wal", "pwrite64", "arm"),
        ("journal.db-wal", "fdatasync", "entry"),
        ("urgent", "sendto", "protect"),
    )
    for nth in range(1, 40 if call == "pwrite64" else 4)
)
LISTING = Listing(boundaries=MANY, unsteady=())


def test_without_a_limit_every_boundary_meets_every_error() -> None:
    strikes = plan(LISTING, ("KILL", "STOP"), 1, None)
    assert len(strikes) == len(set(strikes)) == 2 * len(MANY)


def test_a_limit_is_spread_and_a_seed_says_the_same_again() -> None:
    some = plan(LISTING, ("KILL", "EIO"), 7, 12)
    kinds = Counter((one.boundary.call, one.error) for one in some)

    assert kinds == dict.fromkeys(kinds, 2)
    assert len(kinds) == 6
    assert some == plan(LISTING, ("KILL", "EIO"), 7, 12)
    assert some != plan(LISTING, ("KILL", "EIO"), 8, 12)


def test_shares_are_the_whole_and_do_not_depend_on_who_else_is_there() -> None:
    strikes = plan(LISTING, ("KILL", "STOP"), 1, None)
    shares = [share(strikes, number, 3) for number in (1, 2, 3)]

    assert all(shares)
    assert sorted(str(one) for part in shares for one in part) == sorted(map(str, strikes))
    assert share(strikes[::2], 2, 3) == [one for one in shares[1] if one in strikes[::2]]


def test_a_socket_has_no_disk_that_is_full() -> None:
    file, socket = MANY[0], MANY[-1]
    assert Strike(file, "ENOSPC").errno == "ENOSPC"
    assert Strike(socket, "ENOSPC").errno == "ECONNRESET"


@pytest.mark.parametrize(
    ("segment", "rows", "phase"),
    [
        ("start", [], "start"),
        ("arm", ["startup", "month_opened", "position_armed"], "arm"),
        ("arm", ["position_armed", "signal_received"], "entry"),
        ("arm", ["entry_requested", "order_sending"], "entry"),
        ("arm", ["order_sending", "entry_filled", "order_sending"], "protect"),
        ("trail", ["entry_filled", "stop_raised"], "trail"),
        ("exit", ["entry_filled", "exit_triggered"], "exit"),
        ("exit", ["exit_filled", "position_closed"], "settle"),
        ("stop", ["pnl_settled"], "stop"),
    ],
)
def test_phases_follow_the_journal(segment: str, rows: list[str], phase: str) -> None:
    assert phase_of(segment, rows) == phase


# --- judging --------------------------------------------------------------------------------------

SCOPE = Scope(AccountId("main"), Symbol("BTC", "USDT"))
POSITION = PositionId("pos_" + "0" * 26)


def order(number: int, purpose: Purpose, at_s: int) -> OrderAccepted:
    return OrderAccepted(
        at_ns=ExchangeNs(at_s * NS_PER_S),
        scope=SCOPE,
        order_id=number,
        client_id=client_order_id(purpose, SCOPE, POSITION, attempt=number, epoch=1),
        action=Action.BUY,
        type=OrderType.MARKET,
        quantity=Quantity(1),
        side_effect=SideEffect.NONE,
        stop_price=None,
        price=None,
    )


def filled(number: int, quantity: str, at_s: int) -> Filled:
    return Filled(
        at_ns=ExchangeNs(at_s * NS_PER_S),
        scope=SCOPE,
        order_id=number,
        trade_id=number,
        price=Price(1),
        quantity=Quantity(quantity),
        quote_amount=Decimal(1),
        commission=Decimal(0),
        commission_asset="BTC",
    )


def closed(number: int, at_s: int) -> OrderClosed:
    at_ns = ExchangeNs(at_s * NS_PER_S)
    return OrderClosed(at_ns=at_ns, scope=SCOPE, order_id=number, status=OrderStatus.CANCELED)


def test_time_without_a_stop_is_added_up() -> None:
    life = [
        order(1, Purpose.ENTRY, 0),
        filled(1, "1", 1),
        order(2, Purpose.INSURANCE, 3),  # bare for 2 s
        closed(2, 10),
        order(3, Purpose.INSURANCE, 11),  # and for 1 s
        closed(3, 20),
        order(4, Purpose.EXIT, 21),
        filled(4, "0.999", 24),  # and for 4 s; what fees have left needs no stop
        closed(4, 50),
    ]
    assert naked_ns(life) == 7 * NS_PER_S
    assert naked_ns(life[:2] + life[3:4]) == 9 * NS_PER_S


def result(boundary: Boundary, error: str = "KILL", **more: Any) -> Result:
    given: dict[str, Any] = {"struck": True, "wrong": (), "deaths": 1, "again_s": 1.0, "fills": 2}
    return Result(strike=Strike(boundary, error), **(given | more))


GOOD = Report(
    listing=LISTING,
    results=tuple(result(one) for one in MANY),
    asked=len(MANY),
    elapsed_s=1.0,
)


@pytest.mark.parametrize(
    "results",
    [
        (),
        (*GOOD.results, result(MANY[0], struck=False)),
        (*GOOD.results, result(MANY[0], wrong=("two entries were sent",))),
        tuple(result(one, again_s=6.0) for one in MANY),
    ],
    ids=["nothing", "not struck", "not survived", "late"],
)
def test_nothing_passes_that_has_not_been_struck_and_survived(results: tuple[Result, ...]) -> None:
    assert GOOD.passed
    assert not attrs.evolve(GOOD, results=results, asked=len(results)).passed


def test_what_was_ended_early_has_not_passed_and_says_so() -> None:
    report = attrs.evolve(GOOD, asked=len(MANY) + 1)
    out = io.StringIO()
    show(report, Paper(out, {}))

    assert not report.passed
    assert f"after {len(MANY)} of {len(MANY) + 1} strikes" in out.getvalue()


def test_the_table_adds_up_and_says_how_to_do_it_again() -> None:
    bad = result(MANY[0], wrong=("two entries were sent",), again_s=2.0)
    late = result(MANY[1], struck=False)
    report = attrs.evolve(GOOD, results=(*GOOD.results, bad, late), asked=len(MANY) + 2)
    table, told = rows(report), document(report)
    out = io.StringIO()
    show(report, Paper(out, {}))

    assert sum(row["boundaries"] for row in table) == len(MANY)
    assert sum(row["survived"] for row in table) == told["survived"] == len(MANY)
    assert [row["strikes"] - row["struck"] for row in table].count(1) == 1
    assert told["failed"][0]["again"] == f"robson-sim chaos --only {bad.strike}"
    assert told["errors"]["KILL"] == {
        "strikes": len(MANY) + 2,
        "struck": len(MANY) + 1,
        "survived": len(MANY),
    }
    assert f"max 2.00 s of {len(MANY) + 2}, at {bad.strike}" in " ".join(out.getvalue().split())
    assert "two entries were sent" in out.getvalue()
    assert "NOT STRUCK" in out.getvalue()
    assert out.getvalue().rstrip().endswith("NOT PASSED")


@pytest.mark.parametrize(
    ("lives", "took", "good"),
    [
        ([{}], 1, True),
        ([{"struck": False}, {}], 2, True),
        ([{"struck": False}] * 9, LIVES, False),
        ([{"struck": False, "wrong": ("no answer",)}, {}], 1, False),
        ([{"wrong": ("two entries were sent",)}, {}], 1, False),
    ],
    ids=["at once", "the second", "never", "ended badly", "not survived"],
)
def test_only_a_life_that_went_well_past_its_boundary_is_lived_again(
    lives: list[dict[str, Any]], took: int, *, good: bool
) -> None:
    coming = iter([result(MANY[0], **one) for one in lives])
    found = struck(result(MANY[0]).strike, once=lambda _strike, _keep: next(coming))
    assert (found.lives, found.survived) == (took, good)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--errors", "EPERM"], "--errors has 'EPERM'"),
        (["--calls", "open"], "--calls has 'open'"),
        (["--limit", "0"], "--limit is 0; expected 1 or more"),
        (["--jobs", "99"], "--jobs is 99; expected 1 to 16"),
        (["--part", "3/2"], "--part is '3/2'; expected K/N with K from 1 to N"),
        (["--only", "long/arm"], "--only is 'long/arm'"),
    ],
)
def test_bad_options_are_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert run(["chaos", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_without_strace_it_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(["chaos", "--limit", "1"]) == 69
    assert "apt install strace" in capsys.readouterr().err
