"""Every gate denies once, as a person meets it: `robson arm`, then its numbers in `robson status`.

Gates before the arming refuse it; gates of the signal refuse the one attempt of strategy `now` (or
the crossing of `all-in`), and status shows the rejection.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from robson.connectors.simulated.books import SqliteBooks
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.rules import instrument_for
from robson.domain.identity import AccountId, Scope, Symbol
from robson.engine.risk import GATES
from tests.e2e import shapes
from tests.e2e.harness import HERE, Robsond, running, until
from tests.e2e.test_commands import robson

GATE, REFUSED = 7, 9
PAIRS = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT", "LTCUSDT")
ELSEWHERE = {
    "risk_per_trade": "no size is above 1 % of the capital base: --capital only lowers it, and"
    " risk_pct ends at 1 (tests/unit/engine/test_risk.py)",
    "observing": "only beside an exchange, with --observe (tests/e2e/test_observe.py)",
}
"""Gates that no arm can be made to meet, why, and what calls the gate itself instead."""
MET: dict[str, str] = {}
"""Which test meets a gate, by its code."""
DENIED: Counter[str] = Counter()


def denies(*codes: str) -> Callable[[Callable[[Path], None]], Callable[..., None]]:
    """The gates that a test meets; it fails when one of them has not denied by its end."""

    def wrap(test: Callable[[Path], None]) -> Callable[..., None]:
        MET.update(dict.fromkeys(codes, test.__name__))

        @functools.wraps(test)
        def meeting(place: Path, record_property: Any) -> None:
            DENIED.clear()
            test(place)
            assert DENIED.keys() == set(codes)
            for code, times in DENIED.items():
                record_property("happened", f"gate denied, {code}: {times}")

        meeting.__signature__ = inspect.signature(_asks_for)  # type: ignore[attr-defined]
        return meeting

    return wrap


def _asks_for(place: Path, record_property: Any) -> None:
    """What pytest has to give to a test that meets gates."""


def tapes(folder: Path, prices: Sequence[int], *pairs: str, past: str = "") -> tuple[str, ...]:
    """The same prices for each pair, one each 4 s so that none is stale, and the past."""
    tape, known = shapes.write_path(folder, prices, bar_s=4), shapes.write_past(folder)
    if past:
        known.write_text(past)
    options: list[str] = []
    for pair in pairs or ("BTCUSDT",):
        options += ["--tape", f"{pair}={tape}", "--history", f"{pair}={known}"]
    return (*options, "--speed", "10")


def configured(folder: Path, **risk: object) -> tuple[str, ...]:
    path = folder / "robsond.toml"
    lines = (f"{key} = {json.dumps(value)}" for key, value in risk.items())
    path.write_text("\n".join(["[risk]", *lines, ""]))
    return ("--config", str(path))


def refused(robsond: Robsond, code: str, *arm: str, exit_code: int = GATE) -> dict[str, Any]:
    """Arm in vain: exit code, code, and its value with its limit; then as status shows the gate."""
    ended, told = robson(robsond.place, "arm", *arm)
    error = told["error"]
    assert (ended, error["code"].lower()) == (exit_code, code), told
    value, limit = error["details"][code], error["details"][f"{code}_limit"]
    DENIED[code] += 1
    return {"value": value, "limit": limit, "gate": gate_of(robsond, code)}


def gate_of(robsond: Robsond, code: str) -> dict[str, Any]:
    """A gate as `robson status --json` shows it now."""
    code_, told = robson(robsond.place, "status")
    assert code_ == 0
    (found,) = [gate for gate in told["risk"]["gates"] if gate["code"] == code]
    return dict(found)


def rejected(robsond: Robsond, code: str, *arm: str) -> dict[str, Any]:
    """Arm, and read from status which gates refused the signal, with their numbers."""
    ended, told = robson(robsond.place, "arm", *arm)
    assert ended == 0, told
    position = told["position"]["id"]

    def last() -> dict[str, Any] | None:
        _, seen = robson(robsond.place, "status", "--state", "cancelled", "--state", "armed")
        mine = [each for each in seen["positions"] if each["id"] == position]
        return mine[0]["last_rejection"] if mine else None

    found = until(last, f"the signal is refused: {code}")
    numbers = found["numbers"]
    assert code in numbers, found
    assert numbers[f"{code}_limit"] is not None
    DENIED[code] += 1
    assert gate_of(robsond, code)["limit"] is not None
    return {"value": numbers[code], "limit": numbers[f"{code}_limit"], "all": numbers}


@pytest.mark.proves("I-04")
@denies(
    "leverage_limit",
    "size_too_small",
    "insufficient_margin",
    "duplicate_position",
    "not_running",
    "not_leader",
)
def test_what_one_daemon_refuses(place: Path) -> None:
    options = tapes(place, shapes.still(600))
    with running(place / "s", *options) as robsond:
        robsond.start()
        found = refused(robsond, "leverage_limit", "BTCUSDT", "--leverage", "5")
        assert (found["value"], found["limit"], found["gate"]["limit"]) == (5, 3, 3)

        asked = ("--strategy", "now", "--capital", "1000000")
        _, much = robson(robsond.place, "arm", "BTCUSDT", *asked, "--dry-run")
        (most,) = [g for g in much["preview"]["gates"] if g["code"] == "risk_per_trade"]
        assert (most["ok"], most["limit"]) == (True, 100), "gate 15: more cannot be asked for"
        assert most["limit"] - Decimal("0.01") < most["value"] <= most["limit"]

        small = rejected(
            robsond, "size_too_small", "BTCUSDT", "--strategy", "now", "--capital", "1"
        )
        assert small["value"] < Decimal("0.0001")
        bare = ("BTCUSDT", "--strategy", "now", "--side", "short", "--leverage", "1")
        assert rejected(robsond, "insufficient_margin", *bare)["value"] < Decimal("0.0001")

        assert robson(place / "s", "arm", "BTCUSDT")[0] == 0
        twice = refused(robsond, "duplicate_position", "BTCUSDT")
        assert (twice["value"], twice["limit"]) == (1, 0)
        assert robson(place / "s", "disarm", "BTCUSDT")[0] == 0

        assert robson(place / "s", "admin", "pause", "--reason", "a test")[0] == 0
        paused = refused(robsond, "not_running", "BTCUSDT", exit_code=REFUSED)
        assert (paused["value"], paused["gate"]["ok"]) == ("PAUSED", False)
        assert robson(place / "s", "admin", "resume", "--reason", "soon")[0] == 6

        (place / "s" / "journal.lock").rename(place / "gone")
        lost = refused(robsond, "not_leader", "BTCUSDT", exit_code=REFUSED)
        assert lost["gate"] == {**lost["gate"], "ok": False, "value": "not leader"}
        _, told = robson(place / "s", "status")
        assert told["daemon"]["leader"] == []


@denies("disk_low")
def test_too_little_room_lets_nothing_begin(place: Path) -> None:
    options = (*tapes(place, shapes.still(60)), "--hold")
    with running(place / "s", *options, ROBSON__STORE__DISK_ENTRY_MIB="1000000") as robsond:
        robsond.start()
        found = refused(robsond, "disk_low", "BTCUSDT")
        assert 0 < found["value"] < found["limit"] == 1_000_000
        assert (found["gate"]["ok"], found["gate"]["limit"]) == (False, 1_000_000)
        _, told = robson(robsond.place, "status")
        (frozen,) = told["daemon"]["degraded"]
        assert (frozen["scope"], frozen["code"], frozen["auto_clear"]) == (
            "account",
            "disk_low",
            True,
        )
        assert told["daemon"]["disk"]["entry_mib"] == 1_000_000
        assert robsond.stop().code == 0
        assert [row.name for row in robsond.rows()] == ["startup", "month_opened", "shutdown"]


@denies("monthly_halt")
def test_a_halt_refuses_and_outlives_the_process(place: Path) -> None:
    with running(place / "s", *tapes(place, shapes.still(600))) as robsond:
        robsond.start()
        code, told = robson(robsond.place, "admin", "halt", "--reason", "enough")
        assert (code, told["risk"]["halt"]["is"]) == (0, True)
        robsond.kill()
        robsond.start()
        halted = refused(robsond, "monthly_halt", "BTCUSDT", exit_code=REFUSED)
        assert (halted["gate"]["ok"], halted["gate"]["resets"][-14:]) == (False, "T00:00:00.000Z")
        assert halted["limit"] == 0
        _, status = robson(robsond.place, "status")
        halt = status["risk"]["halt"]
        assert (halt["is"], halt["reason"]) == (True, "enough")
        assert halt["actor"]
        assert robson(robsond.place, "admin", "clear-halt", "--reason", "agreed")[0] == 0
        assert robson(robsond.place, "arm", "BTCUSDT")[0] == 0


@denies("degraded")
def test_a_frozen_account(place: Path) -> None:
    with running(place / "s", *tapes(place, shapes.still(600))) as robsond:
        robsond.start(str(HERE / "frozen.py"))
        found = refused(robsond, "degraded", "BTCUSDT", exit_code=REFUSED)
        assert (found["value"], found["limit"]) == ("frozen", "not frozen")
        _, status = robson(robsond.place, "status")
        assert [each["scope"] for each in status["daemon"]["degraded"]] == ["account"]
        clear = ("admin", "clear-degraded", "--scope", "account", "--reason", "looked")
        assert robson(robsond.place, *clear)[0] == 0
        assert robson(robsond.place, "arm", "BTCUSDT")[0] == 0


@denies("max_open_positions", "daily_loss_limit", "daily_trade_limit")
def test_a_day_and_the_number_of_positions(place: Path) -> None:
    """The pair of the second arm has the same prices; the first is stopped out at about -1 %."""
    prices = [*shapes.still(40), 59_350, *shapes.still(600, 59_350)]
    limits = configured(place, max_open_positions=1, max_trades_per_day=1, max_daily_loss_pct="0.5")
    with running(place / "s", *tapes(place, prices, *PAIRS[:2]), *limits) as robsond:
        client = robsond.start()
        code, told = robson(robsond.place, "arm", "BTCUSDT", "--strategy", "now")
        assert code == 0
        full = refused(robsond, "max_open_positions", "ETHUSDT")
        assert (full["value"], full["limit"], full["gate"]["ok"]) == (1, 1, False)
        robsond.settles(client, told["position"]["id"])

        loss = refused(robsond, "daily_loss_limit", "ETHUSDT")
        assert loss["value"] < loss["limit"] == -100
        assert loss["gate"]["resets"] == "2025-11-20T00:00:00.000Z"
        trades = gate_of(robsond, "daily_trade_limit")
        assert (trades["ok"], trades["value"], trades["limit"]) == (False, 1, 1)
        _, again = robson(robsond.place, "arm", "ETHUSDT")
        assert again["error"]["details"]["daily_trade_limit"] == 1
        DENIED["daily_trade_limit"] += 1
        _, status = robson(robsond.place, "status")
        daily = status["risk"]["daily"]
        assert (daily["trades"], daily["trades_limit"], daily["limit"]) == (1, 1, -100)


@denies("risk_budget_insufficient")
def test_a_month_without_room(place: Path) -> None:
    limits = configured(
        place,
        max_open_positions=10,
        max_leverage=5,
        default_leverage=5,
        min_ml_entry="1.2",
        min_ml_bound="1.15",
    )
    with running(place / "s", *tapes(place, shapes.still(600), *PAIRS), *limits) as robsond:
        client = robsond.start()
        for pair in PAIRS[:4]:
            code, told = robson(robsond.place, "arm", pair, "--strategy", "now")
            assert code == 0
            robsond.protected(client, told["position"]["id"])
        found = rejected(robsond, "risk_budget_insufficient", PAIRS[4], "--strategy", "now")
        assert found["value"] > found["limit"] > 0
        _, status = robson(robsond.place, "status")
        assert status["risk"]["slots"] == 0
        assert status["risk"]["halt"]["is"] is False, "no room is no halt"
        assert abs(status["risk"]["remaining"] - found["limit"]) < Decimal("0.01")


@denies("stop_gain_net_low")
def test_a_stop_gain_that_earns_too_little(place: Path) -> None:
    with running(place / "s", *tapes(place, shapes.still(600, 59_550))) as robsond:
        robsond.start()
        found = rejected(robsond, "stop_gain_net_low", "BTCUSDT", "--strategy", "now")
        assert 0 < found["value"] < found["limit"]


@denies("liquidation_too_close")
def test_a_margin_level_that_would_be_too_low(place: Path) -> None:
    limits = configured(place, min_ml_entry="100")
    options = (*tapes(place, shapes.still(600, 59_700)), "--balance", "4.6")
    with running(place / "s", *options, *limits) as robsond:
        robsond.start()
        found = rejected(robsond, "liquidation_too_close", "BTCUSDT", "--strategy", "now")
        assert found["value"] < Decimal("0.0001")
        assert gate_of(robsond, "liquidation_too_close")["limit"] == "100, 1.3"


@denies("signal_stale", "stop_invalid")
def test_old_candles_and_an_old_price(place: Path) -> None:
    """The past ends two hours before the tape, whose trades are ten minutes apart."""
    whole = shapes.write_past(place).read_text().splitlines()
    options = list(tapes(place, shapes.still(3), past="\n".join([*whole[:-8], ""])))
    rows = [
        f"{shapes.START_NS // 10**6 + place_ * 600_000},{60_000 + place_ % 2}"
        for place_ in range(90)
    ]
    Path(options[1].partition("=")[2]).write_text("\n".join(["trade_time_ms,price", *rows, ""]))
    options[-1] = "60"
    with running(place / "s", *options) as robsond:
        robsond.start()
        found = until(lambda: _stale(robsond), "the price is old")
        assert found["value"] > found["limit"] == 5
        DENIED["stop_invalid"] += "stop_invalid" in found["all"]
        assert found["all"]["stop_invalid"] in ("stale", "gap")


def _stale(robsond: Robsond) -> dict[str, Any] | None:
    """Armed in the middle between two trades; at a trade itself the price is fresh."""
    code, told = robson(robsond.place, "status")
    assert code == 0
    ages = [feed["age_ms"] for feed in told["daemon"]["feed"]]
    if not ages[0] or ages[0] < 60_000 or ages[0] > 400_000:
        return None
    return rejected(robsond, "signal_stale", "BTCUSDT", "--strategy", "now")


@denies("price_drift")
def test_a_price_that_has_left_its_signal(place: Path) -> None:
    """The averages cross at 12:15; the first price after that is 210 above the candle's close."""
    rows = [(60_000, 60_000)] * 14 + [(60_000, 60_090)] + [(60_300, 60_300)] * 60
    text = ["open_time_ms,open,high,low,close,volume"]
    for number, (near, far) in enumerate(rows):
        at_ms = shapes.START_NS // 10**6 + number * 60_000
        text.append(f"{at_ms},{near},{max(near, far)},{min(near, far)},{far},1")
    options = tapes(place, shapes.still(3))
    Path(options[1].partition("=")[2]).write_text("\n".join([*text, ""]))
    with running(place / "s", *options[:-1], "200", "--hold") as robsond:
        robsond.start()
        found = rejected(robsond, "price_drift", "BTCUSDT", "--side", "long")
        assert found["value"] == 210 > found["limit"]


@pytest.mark.proves("I-23")
@denies("stop_order_unsupported")
def test_a_symbol_that_takes_no_resting_stop(place: Path) -> None:
    rules = place / "info.json"
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.01", "minPrice": "0.01"},
        {"filterType": "LOT_SIZE", "stepSize": "0.00001", "minQty": "0.00001", "maxQty": "9000"},
        {"filterType": "NOTIONAL", "minNotional": "5"},
    ]
    pair = {"symbol": "BTCUSDT", "baseAsset": "BTC", "quoteAsset": "USDT", "filters": filters}
    pair["orderTypes"] = ["LIMIT", "MARKET"]
    rules.write_text(json.dumps({"symbols": [pair]}))
    options = (*tapes(place, shapes.still(600)), "--exchange-info", str(rules))
    with running(place / "s", *options) as robsond:
        robsond.start()
        found = refused(robsond, "stop_order_unsupported", "BTCUSDT")
        assert found["value"] == "none"


@denies("wallet_not_clean")
def test_base_of_ones_own(place: Path) -> None:
    with running(place / "s", *tapes(place, shapes.still(600))) as robsond:
        robsond.start()
        assert robsond.stop().code == 0
        books = SqliteBooks(robsond.place / "exchange" / "books.db")
        symbol = Symbol("BTC", "USDT")
        exchange = SimExchange([instrument_for(symbol)], books=books)
        exchange.deposit(Scope(AccountId("main"), symbol), "BTC", Decimal("0.5"))
        books.close()
        robsond.start()
        # Base that no position explains freezes the pair as well, and that is said first.
        ended, told = robson(robsond.place, "arm", "BTCUSDT")
        error = told["error"]
        assert (ended, error["code"].lower()) == (9, "degraded"), told
        found = [error["details"][f"wallet_not_clean{end}"] for end in ("", "_limit")]
        assert found == [Decimal("0.5"), Decimal("0.00009")]
        DENIED["wallet_not_clean"] += 1


def test_a_withdrawal_lowers_the_base_and_every_limit_with_it(
    place: Path, record_property: Any
) -> None:
    """Somebody takes three tenths out when the account is asked for the second time."""
    script = place / "taken.toml"
    script.write_text(
        '[[fault]]\nkind = "foreign_withdrawal"\nrequest = "question"\nnth = 2\nshare = 0.3\n'
    )
    options = (*tapes(place, shapes.still(600)), "--faults", str(script))
    with running(place / "s", *options) as robsond:
        robsond.start()
        assert robson(robsond.place, "arm", "BTCUSDT", "--strategy", "all-in")[0] == 0

        def lowered() -> dict[str, Any] | None:
            _, told = robson(robsond.place, "risk")
            risk: dict[str, Any] = told["risk"]
            return risk if risk["capital_base"] < 10_000 else None

        risk = until(lowered, "the withdrawal is seen")
        assert risk["capital_base"] == 7_000
        assert (risk["budget"], risk["daily"]["limit"]) == (280, -210)
        assert robson(robsond.place, "disarm", "BTCUSDT")[0] == 0
        _, told = robson(robsond.place, "arm", "BTCUSDT", "--strategy", "now", "--dry-run")
        assert told["preview"]["plan"]["sizing"]["risk_limit"] == 70
    record_property("happened", "withdrawal seen by typing: the base and its limits are lower")


@pytest.mark.proves("I-29")
def test_every_gate_is_met_or_shown_elsewhere(record_property: Any) -> None:
    codes = [code for _, code, _ in GATES]
    assert sorted({*MET, *ELSEWHERE}) == sorted(codes)
    assert not MET.keys() & ELSEWHERE.keys()
    for number, code, _ in GATES:
        record_property("note", f"gate {number:>2} {code}: {MET.get(code) or ELSEWHERE[code]}")


@pytest.mark.proves("I-04")
@denies("insufficient_margin")
def test_what_the_exchange_lends_now(place: Path) -> None:
    """The system's inventory is empty: a short is refused before any order, a long has its own."""
    script = place / "little.toml"
    script.write_text(
        '[[fault]]\nkind = "little_to_lend"\nrequest = "question"\nnth = 1\nseconds = 7200\n'
    )
    options = (*tapes(place, shapes.still(600)), "--faults", str(script))
    with running(place / "s", *options) as robsond:
        robsond.start()
        found = refused(
            robsond, "insufficient_margin", "BTCUSDT", "--strategy", "now", "--side", "short"
        )
        assert found["value"] == 0
        assert found["limit"] > 0
        _, told = robson(robsond.place, "risk")
        lent = {each["asset"]: each["amount"] for each in told["risk"]["credit"]}
        assert lent == {"BTC": 0, "USDT": 0}
        assert robson(robsond.place, "arm", "BTCUSDT", "--leverage", "1")[0] == 0
        _, told = robson(robsond.place, "status")
        assert {each["symbol"] for each in told["risk"]["credit"]} == {"BTCUSDT"}
    symbol = Symbol("BTC", "USDT")
    books = SqliteBooks(place / "s" / "exchange" / "books.db")
    exchange = SimExchange([instrument_for(symbol)], books=books)
    log = exchange.request_log(Scope(AccountId("main"), symbol))
    assert log
    assert all(entry.request != "PlaceOrder" for entry in log), "nothing left for it"
