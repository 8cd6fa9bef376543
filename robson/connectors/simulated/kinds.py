"""Every fault there is, in one table: what it does, where it strikes, and what Robson does then.

A script of faults (``--faults``) and the seeded worlds take their kinds from here, and the page
about them is made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from robson.connectors.simulated.roles import REQUESTS

ORDERS = ("entry", "insurance", "exit")
TRADING = (*ORDERS, "cancel", "repay")
QUESTION = ("question",)


class Strike(NamedTuple):
    """A fault that strikes now: for how many seconds, and how much, where its kind says so."""

    seconds: Decimal
    share: Decimal


class Kind(NamedTuple):
    """One kind of fault.

    Attributes:
        meaning: what happens.
        where: it strikes there; one of ``PLACES``.
        source: what the reference or a recorded incident says of it.
        robson: what Robson does about it.
        requests: which requests it can meet.
        seconds: what ``seconds`` says of it, with what it is when not given; None takes none.
        share: likewise for ``share``.
        scripted: whether a script can ask for it; the death of a process it cannot.
    """

    meaning: str
    where: str
    source: str
    robson: str
    requests: tuple[str, ...] = REQUESTS
    seconds: Decimal | None = None
    share: Decimal | None = None
    scripted: bool = True


PLACES: Mapping[str, str] = {
    "wire": "between Robson and the exchange",
    "gateway": "where the exchange takes requests in",
    "engine": "where orders are matched",
    "answer": "in what the exchange says when asked",
    "account": "somebody else acts on the pair",
    "feed": "on the way of prices",
    "process": "Robson's own process",
}
"""Where a fault strikes."""

_ASKS = "asks what became of it; nothing is sent again before it is known"
_WAITS = "keeps what it owes, and tries again after a pause"
_HALF = Decimal("0.5")


def _s(seconds: int) -> Decimal:
    return Decimal(seconds)


KINDS: Mapping[str, Kind] = {
    # --- wire ------------------------------------------------------------------------------------
    "lost_request": Kind(
        "the request never arrives; after 5 s its outcome is unknown",
        "wire",
        "no answer after the request has left: execution unknown",
        _ASKS,
    ),
    "lost_answer": Kind(
        "the request is carried out, its answer is lost",
        "wire",
        "no answer after the request has left: execution unknown",
        _ASKS,
    ),
    "late_answer": Kind(
        "the answer takes `seconds` more",
        "wire",
        "answers may be slow, and be overtaken by newer ones",
        "waits up to 5 s; an answer older than 1 s proves no absence",
        seconds=_s(3),
    ),
    "stalled_answer": Kind(
        "the answer takes `seconds` more, longer than anybody waits",
        "wire",
        "a stalled body once hung a detector for ever",
        _ASKS,
        seconds=_s(7),
    ),
    "held_request": Kind(
        "the gateway holds the request for `seconds` before it looks at it",
        "wire",
        "the receive window is checked again just before matching",
        "takes the refusal of an old request as a definite no",
        seconds=_s(3),
    ),
    "answer_twice": Kind(
        "the answer comes a second time, `seconds` later",
        "wire",
        "reports may be duplicated",
        "takes an answer in once; the second changes nothing",
        seconds=_s(1),
    ),
    "answers_swapped": Kind(
        "the answer comes after the one to a later request",
        "wire",
        "reports may come out of order",
        "judges each answer by its own request, not by its turn",
    ),
    "outage": Kind(
        "nothing reaches the exchange for `seconds`: every connection is refused at once",
        "wire",
        "the exchange was down for 2 h, more than once",
        "asks once a second, after five silences each 5 s; the resting stop protects meanwhile",
        seconds=_s(60),
    ),
    # --- gateway ---------------------------------------------------------------------------------
    "rate_limit": Kind(
        "429, code -1003, told to wait `seconds`: nothing is done",
        "gateway",
        "stop, honour Retry-After, without one until the next minute",
        "sends nothing more so long but the way out; asks what became of orders once a second",
        seconds=_s(0),
    ),
    "banned": Kind(
        "418, code -1003, for `seconds` to everything",
        "gateway",
        "an address that goes on after 429 is banned, 2 minutes to 3 days",
        "sends nothing more so long but the way out; asks what became of orders each 5 s",
        seconds=_s(30),
    ),
    "overloaded": Kind(
        "503, code -1001: nothing is done, which the answer does not say",
        "gateway",
        "HTTP 5xx is unknown, always",
        _ASKS,
    ),
    "maintenance": Kind(
        "503 to everything for `seconds`",
        "gateway",
        "HTTP 5xx is unknown, always",
        "asks once a second, after five silences each 5 s",
        seconds=_s(60),
    ),
    "bus_error": Kind(
        "503, code -1006, although the request was carried out",
        "gateway",
        "execution status unknown",
        _ASKS,
    ),
    "backend_timeout": Kind(
        "504, code -1007, although the request was carried out",
        "gateway",
        "send status unknown; execution status unknown",
        _ASKS,
    ),
    "html_page": Kind(
        "502 with a page instead of an answer, although the request was carried out",
        "gateway",
        "a body that is no JSON, after the request has left, is unknown",
        _ASKS,
    ),
    "clock": Kind(
        "400, code -1021: outside of the receive window",
        "gateway",
        "a definite no: both checks of the time come before matching",
        _WAITS,
        TRADING,
    ),
    "clock_stepped": Kind(
        "the exchange's clock is elsewhere for `seconds`: code -1021 to everything signed by time",
        "gateway",
        "a definite no; the clock has to be asked for again",
        _WAITS,
        TRADING,
        seconds=_s(10),
    ),
    "key_revoked": Kind(
        "401, code -2015, to everything for `seconds`",
        "gateway",
        "a key loses its right, or the address its place in the list",
        "no order is possible: the resting stop is the only protection",
        seconds=_s(30),
    ),
    "busy_debt": Kind(
        "400, code -3007: a loan or repayment is under way",
        "gateway",
        "a definite no for a direct request; space calls by 100 ms",
        _WAITS,
        ("entry", "repay"),
    ),
    "nothing_to_lend": Kind(
        "400, code -3045: the exchange has not enough of the asset",
        "gateway",
        "a definite no, also for orders that borrow by themselves",
        "the entry has failed; nothing is sent again",
        ("entry",),
    ),
    "little_to_lend": Kind(
        "for `seconds` the exchange lends only `share` of what it would: it says so when asked, and"
        " refuses more with code -3045",
        "gateway",
        "what may be borrowed is bounded by the system's inventory as well",
        "sizes the entry by what is lent, and enters nothing where that is too little",
        ("question", "entry"),
        seconds=_s(60),
        share=Decimal(0),
    ),
    "halted": Kind(
        "400, code -2010, Market is closed, to every order for `seconds`",
        "gateway",
        "a definite no for this request",
        "keeps what it owes, and tries again after a pause",
        ORDERS,
        seconds=_s(20),
    ),
    "filters_grown": Kind(
        "for `seconds` step and least notional are ten times what they were",
        "gateway",
        "filters may change at any time: code -1013",
        "keeps what it owes, and tries again after a pause",
        ORDERS,
        seconds=_s(20),
    ),
    "price_band": Kind(
        "400, code -1013, PERCENT_PRICE_BY_SIDE",
        "gateway",
        "a limit price outside of the band is refused",
        _WAITS,
        ORDERS,
    ),
    # --- engine ----------------------------------------------------------------------------------
    "late_matching": Kind(
        "the order waits `seconds` to be matched, unseen; the answer before is 504, code -1007",
        "engine",
        "the backend may take 10 s; the answer does not wait for it",
        "asks until it is found, or until its absence is proved after 17 s",
        (*ORDERS, "cancel"),
        seconds=_s(8),
    ),
    "skipped_repay": Kind(
        "the order fills, its debt is left alone",
        "engine",
        "an automatic repayment can fail silently while another is in flight",
        "reads the debt after every exit and repays the rest",
        ("insurance", "exit"),
    ),
    "dropped_stop": Kind(
        "the exchange ends the stop `seconds` after it took it, when the price moves",
        "engine",
        "resting stops were cancelled by an exchange in 2023",
        "asks after its stop each 30 s, and places it again",
        ("insurance",),
        seconds=_s(10),
    ),
    "dead_stop": Kind(
        "the stop is met by the market and expires with nothing done",
        "engine",
        "a stop can expire or be rejected when it triggers",
        "leaves at market",
        ("insurance",),
    ),
    "thin_book": Kind(
        "the book gives `share` of the order, the rest expires",
        "engine",
        "a market order can end EXPIRED with a part executed",
        "takes what has filled as what it is",
        ORDERS,
        share=_HALF,
    ),
    "several_trades": Kind(
        "the book gives the order in three trades, each dearer than the last",
        "engine",
        "a market order takes what the book holds",
        "adds the trades up; prices are averages",
        ORDERS,
    ),
    "slow_matching": Kind(
        "`share` of the order trades at once, the rest `seconds` later",
        "engine",
        "an order can be open in part for a while",
        "protects what is there within a second; what comes later joins it",
        ORDERS,
        seconds=_s(3),
        share=_HALF,
    ),
    # --- answers ---------------------------------------------------------------------------------
    "hidden_order": Kind(
        "asked for, the order does not exist for `seconds` after it was accepted",
        "answer",
        "code -2013 was answered for live orders 10 s after their acceptance",
        "takes it for no proof; absence is proved by four things that agree",
        ORDERS,
        seconds=_s(8),
    ),
    "stale_answer": Kind(
        "asked for an order, the exchange says how it was `seconds` ago",
        "answer",
        "an order is answered from a store that may lag",
        "an end that is known stays known; what is open is asked for again",
        QUESTION,
        seconds=_s(3),
    ),
    "account_lag": Kind(
        "asked for the account, the exchange says what it held `seconds` ago",
        "answer",
        "figures of the account may lag the order's answer",
        "reads again until the account shows the trades",
        QUESTION,
        seconds=_s(2),
    ),
    "trades_missing": Kind(
        "the newest row of a list of trades is missing",
        "answer",
        "the list of trades may lag the order",
        "asks again until the fills add up to what the order says",
        QUESTION,
    ),
    "trades_doubled": Kind(
        "every row of a list of trades is there twice",
        "answer",
        "rows may overlap between pages",
        "counts a trade by its id",
        QUESTION,
    ),
    # --- others on the account -------------------------------------------------------------------
    "foreign_order": Kind(
        "somebody sells `share` of what is free on the pair, or buys for it, at market",
        "account",
        "an order with an id that is not ours is foreign",
        "the exchange's books count",
        share=Decimal("0.1"),
    ),
    "foreign_stop": Kind(
        "somebody lets a stop over `share` of the free base rest on the pair",
        "account",
        "an order with an id that is not ours is foreign",
        "it is never touched",
        share=Decimal("0.1"),
    ),
    "foreign_cancel": Kind(
        "somebody cancels everything that rests on the pair",
        "account",
        "a person can cancel a stop of ours",
        "asks after its stop each 30 s, and places it again",
    ),
    "foreign_loan": Kind(
        "somebody borrows quote, `share` of what is free",
        "account",
        "a loan can be taken by hand",
        "the exchange's books count",
        share=Decimal("0.1"),
    ),
    "foreign_deposit": Kind(
        "somebody brings quote in, `share` of what is free",
        "account",
        "a transfer moves the capital",
        "the exchange's books count",
        share=Decimal("0.1"),
    ),
    "foreign_withdrawal": Kind(
        "somebody takes quote out, `share` of what is free",
        "account",
        "a transfer moves the capital",
        "the exchange's books count",
        share=Decimal("0.1"),
    ),
    "liquidated": Kind(
        "the exchange closes what is held, as below the liquidation ratio",
        "account",
        "the index can fall between two of our prices",
        "finds the forced trades and closes with that reason",
    ),
    # --- feed ------------------------------------------------------------------------------------
    "feed_silence": Kind(
        "no price comes for `seconds`; the market goes on",
        "feed",
        "half-open sockets and silent streams",
        "judges the first price that comes; the resting stop protects meanwhile",
        seconds=_s(5),
    ),
    "bad_tick": Kind(
        "one price is `share` too high and one as much too low; the next is right again",
        "feed",
        "crossed or absurd prices",
        "judges every price; a stop that one reaches is left at market",
        share=Decimal("0.05"),
    ),
    # --- process ---------------------------------------------------------------------------------
    "crash": Kind(
        "the process dies at a point between two effects",
        "process",
        "kill -9 at any boundary",
        "starts again on its journal and asks the exchange",
        scripted=False,
    ),
    "power_cut": Kind(
        "the process dies at any time and is away for minutes",
        "process",
        "the stop at the exchange outlives the daemon",
        "starts again on its journal; what the stop did meanwhile is taken over",
        scripted=False,
    ),
}
"""Everything that can go wrong, by name."""
SCRIPTED: Mapping[str, Kind] = {name: kind for name, kind in KINDS.items() if kind.scripted}
"""What a script can ask for."""
