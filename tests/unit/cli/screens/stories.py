"""Other lives: just armed, not yet protected, stopped out, refused, and one that climbs far."""

from __future__ import annotations

from tests.unit.cli.screens.documents import IN_BNB, NOTHING_RESTS, D, Doc, changed
from tests.unit.cli.screens.lives import (
    ACCOUNT,
    ACTIVE,
    CLOSED_LONG,
    EXPLAIN,
    ROWS,
    SIM_LONG,
    client_id,
    fill,
    iso,
    ns,
    row,
)

ARMED_STATUS = changed(
    ACTIVE,
    as_of=iso(0.2),
    positions=[
        changed(
            SIM_LONG,
            state="armed",
            entry_price=None,
            stop_loss=None,
            stop_gain=None,
            first_stop=None,
            entry_ref=None,
            unrealized_pnl=None,
            insurance=NOTHING_RESTS,
            result_at_stop=None,
            waiting_for="the first price",
            price={"value": D("117724.29"), "at": iso(0), "age_s": D("0.2")},
        )
    ],
)
PLACING = changed(
    ACTIVE,
    as_of=iso(2.4),
    positions=[
        changed(
            SIM_LONG,
            stop_loss=D("116711.67"),
            unrealized_pnl=D("-16.99"),
            result_at_stop=D("-100.21"),
            insurance__state="placing",
            protection__unprotected_s=D("0.2"),
            price={"value": D("117724.29"), "at": iso(2.4), "age_s": D("0.0")},
        )
    ],
)

STOPPED_ROWS: list[Doc] = [
    *ROWS[:3],
    *(row_ for row_ in ROWS[3:12] if row_["kind"] not in ("order_unknown.v1", "order_resolved.v1")),
    row(
        1100,
        900.0,
        "insurance_failed",
        client_id=client_id("s", 1),
        code=-1003,
        message="too many requests",
    ),
    row(
        1200,
        5400.2,
        "exit_triggered",
        reason="stop_loss",
        price="116710.02",
        tick_ns=ns(5400.19),
        stop="116711.67",
        jumped_from="116880.40",
        actor=None,
    ),
    row(1201, 5400.3, "order_unknown", client_id=client_id("x", 0), reason="connection lost"),
    row(
        1202,
        5401.3,
        "exit_retry",
        client_id=client_id("x", 0),
        code=-2010,
        message="balance is locked",
        proof=[],
    ),
    row(
        1203,
        5402.4,
        "exit_filled",
        client_id=client_id("x", 1),
        order_id=5612911900,
        fills=[fill(13, 5402.3, "116688.00", "0.07021", "8.1926", "USDT")],
        quantity="0.07021",
        price="116688.00",
    ),
    row(
        1204,
        5402.5,
        "position_closed",
        reason="stop_loss",
        by="exit",
        price="116688.00",
        quantity="0.07021",
        gross="-72.98",
        dust="0",
        account=ACCOUNT,
    ),
]
STOPPED_LONG = changed(
    CLOSED_LONG,
    exit_reason="stop_loss",
    stop_loss=D("116711.67"),
    exit_price=D("116688.00"),
    exited_at=iso(5402.3),
    closed_at=iso(5402.5),
    realized_pnl=None,
    r_multiple=None,
    settled=False,
    fees=None,
    interest=None,
    pnl_provisional=D("-89.40"),
    trigger={**CLOSED_LONG["trigger"], "reason": "stop_loss", "at": iso(5400.19)},
)
EXPLAIN_STOPPED = changed(EXPLAIN, position=STOPPED_LONG, rows=STOPPED_ROWS)
REFUSED_ROWS: list[Doc] = [
    ROWS[0],
    *(
        row(
            1041 + n,
            900.0 * n,
            "signal_rejected",
            signal_id=f"sig-{n}",
            side="long",
            entry_ref="117724.29",
            code="price_drift",
            message="the price 118,200.10 is 475.81 from the reference",
            numbers=[["drift", "475.81"], ["limit", "253.15"]],
            audit=None,
        )
        for n in (1, 2)
    ),
    row(1050, 2000.0, "position_cancelled", reason="disarmed_by_user", actor="ops@edge-1"),
]
EXPLAIN_REFUSED = changed(
    EXPLAIN,
    position=changed(
        SIM_LONG,
        state="cancelled",
        exit_reason="disarmed_by_user",
        entry_price=None,
        entry_filled_at=None,
        closed_at=iso(2000),
    ),
    rows=REFUSED_ROWS,
)
CLIMB_ROWS = [
    *ROWS[:12],
    *(
        row(
            1300 + n,
            3600.0 * n,
            "stop_raised",
            rung=n,
            stop=str(D("117724.29") + n * D("1012.62")),
            was=str(D("116711.67") + n * D("1012.62")),
            price=str(D("118736.91") + n * D("1012.62")),
        )
        for n in range(1, 12)
    ),
]
EXPLAIN_CLIMB = changed(EXPLAIN, position=SIM_LONG, rows=CLIMB_ROWS)

EXPLAIN_PAID_IN_BNB = changed(EXPLAIN, position__other_fees=IN_BNB)
EXPLAIN_UNINSURED = changed(
    EXPLAIN,
    position=changed(SIM_LONG, insurance={**NOTHING_RESTS, "enabled": False}),
    rows=[each for each in ROWS if each["seq"] < 1048 and "insurance" not in each["kind"]],
    as_of=iso(30000),
)
