"""The page about the venue: how to use it, every address it answers, every fault of its wire."""

from __future__ import annotations

from pages import made_from, paragraph, table

from robson.connectors.simulated.kinds import Kind
from robson.sim.venue.endpoints import Budget, Endpoint
from robson.sim.venue.kinds import KINDS, ON_REST, STREAMS, WIRE
from robson.sim.venue.server import ENDPOINTS

_START = """\
```sh
./tools/robson-sim venue --port 9443
./tools/robson-sim venue --tape BTCUSDT-1m.csv.gz --state-dir /tmp/venue
```"""
_KEYS = """\
```toml
[[key]]
api_key = "first"
secret = "of-the-first"
account = "main"            # the account of the first key begins with --balance on every pair

[[key]]
api_key = "second"
account = "other"
public_key = \"\"\"
-----BEGIN PUBLIC KEY-----
(Ed25519)
-----END PUBLIC KEY-----
\"\"\"
```"""
_CLIENTS = (
    (
        "binance-connector",
        '`Spot("test-key", "test-secret", base_url="http://127.0.0.1:9443")`',
    ),
    (
        "python-binance",
        (
            "subclasses of `Client` and `AsyncClient` whose `API_URL` and `MARGIN_API_URL` end in"
            " `/api` and `/sapi`, and whose `WS_API_URL` is `ws://127.0.0.1:9443/ws-api/v3`"
        ),
    ),
    (
        "ccxt",
        (
            '`urls["api"]["public"]`, `["private"]` and `["sapi"]` ending in `/api/v3`,'
            " `/api/v3` and `/sapi/v1`"
        ),
    ),
    (
        "binance-sdk-margin-trading",
        (
            "Binance's own: `ConfigurationRestAPI(...,"
            ' base_path="http://127.0.0.1:9443", timeout=10_000)`; a loan with decimals comes as'
            " it is, because its model takes whole ones only. 8.8.0, because 8.9.0 asks for a"
            " version of certifi that cannot be had"
        ),
    ),
)
_ADDRESSES = (
    ("`/ws/NAME`, `/ws`", "one market stream, or those subscribed to"),
    ("`/stream?streams=A/B`", "several, each frame wrapped with its stream"),
    ("`/ws-api/v3`", "the WebSocket API: public questions, and user streams by listen token"),
)
_OPERATOR = (
    ("GET `/books`", "every account, order, fill and request, as `robson-sim books --json`"),
    (
        "GET `/log?after=N`",
        (
            "every request that came in: role, weight, status, and the faults that struck it on its"
            " way; status 0 is an answer that never left"
        ),
    ),
    ("GET `/faults`", "how often each fault struck, of how many it could have, and every strike"),
    ("GET `/market`", "time, prices, listeners, what was replayed"),
    ("POST `/price`", '`{"symbol": "BTCUSDT", "price": "61000"}` moves it at once'),
    ("POST `/fault`", "adds one fault, as a table of the script says it, in JSON"),
    ("POST `/calm`", "no fault strikes any more"),
    (
        "POST `/standing`",
        '`{"rights": {"enableWithdrawals": true}}` is told of a key; so `burn`, `order_types`',
    ),
    ("POST `/revoke`", '`{"api_key": "first"}`: from now on it is unknown'),
    (
        "POST `/outage`",
        """`{"mode": "mute", "seconds": 7200}`: nothing is served for so long; `refused` (nobody
        listens), `cut` (each connection as it comes), `mute` (nothing is answered) or `page`
        (503 to all)""".replace("\n       ", ""),
    ),
    ("POST `/clock`", '`{"ahead_ms": 5000}` lets the exchange\'s clock jump'),
)
_BUDGETS = {Budget.API: "one for `/api`", Budget.IP: "its own, address", Budget.UID: "its own, key"}


def _weight(endpoint: Endpoint) -> str:
    told = {endpoint.weight_of(values) for values in ({}, {"symbol": "x"}, _BORROWS)}
    return " or ".join(str(weight) for weight in sorted(told))


_BORROWS = {"sideEffectType": "MARGIN_BUY", "symbol": "x"}


def _endpoints() -> list[tuple[str, ...]]:
    return [
        (
            f"{method} `{path}`",
            endpoint.security.value,
            _weight(endpoint),
            _BUDGETS[endpoint.budget],
        )
        for (method, path), endpoint in sorted(
            ENDPOINTS.items(), key=lambda row: (row[0][1], row[0][0])
        )
    ]


def _meets(kind: Kind) -> str:
    named = {ON_REST: "all requests", STREAMS: "all streams"}
    return named.get(kind.requests) or ", ".join(f"`{role}`" for role in kind.requests)


def _kinds() -> list[tuple[str, ...]]:
    return [
        (
            f"`{name}`",
            kind.meaning,
            kind.source,
            kind.robson,
            _meets(kind),
            "" if kind.seconds is None else f"seconds {kind.seconds}",
        )
        for name, kind in WIRE.items()
    ]


def venue_page() -> str:
    """docs/operations/venue.md."""
    return "\n".join((*_use(), "", *_time(), "", *_reach(), "", *_faults(), "", *_lacks(), ""))


def _use() -> tuple[str, ...]:
    return (
        made_from("tools/venue_page.py and robson/sim/venue"),
        "",
        "# The venue: a Binance on your machine",
        "",
        paragraph(
            "`robson-sim venue` puts the simulated exchange behind Binance's own REST and",
            "WebSocket",
            "formats, on loopback. Any client of Binance can use it, and no order leaves the",
            "machine. There is no testnet for margin: this is the rehearsal.",
        ),
        "",
        _START,
        "",
        paragraph(
            "The key is `test-key`, the secret `test-secret`, unless `--credentials` names a file",
            "with others, for HMAC or Ed25519:",
        ),
        "",
        _KEYS,
        "",
        paragraph(
            "These clients of other people live whole lives on it in the tests (pinned in",
            "`requirements/clients.txt`), and each of them also with a wrong secret, a flipped",
            "byte,",
            "an old timestamp and a missing parameter:",
        ),
        "",
        *table("Client", "Pointed at it by", rows=_CLIENTS),
    )


def _time() -> tuple[str, ...]:
    return (
        "## Time and prices",
        "",
        "- "
        + paragraph(
            "The tape happens **now**: it is moved so that it begins when the venue starts,",
            "because clients sign by their own clocks. `--tape-time` leaves it its own time;",
            "`--speed 60` lets the exchange's time run sixty times as fast, and whoever signs has",
            "to ask for it (`GET /api/v3/time`). Answers then say so (`X-Venue-Speed: 60`), and",
            "`robsond` beside it counts every deadline and pause in the venue's seconds.",
        ).replace("\n", "\n  "),
        "- "
        + paragraph(
            "Bid and ask are what a market order is filled at. One trade is one aggregate; a tape",
            "tells no sizes, so they are made from the trades' numbers.",
        ).replace("\n", "\n  "),
        "- "
        + paragraph(
            "With `--state-dir` the books survive, and the market has gone on when the venue",
            "starts",
            "again. `robson-sim books --state-dir DIR` reads them meanwhile.",
        ).replace("\n", "\n  "),
        "- "
        + paragraph(
            "An id of an open order is refused, one of a filled order taken as a new order. About",
            "one that was cancelled or expired the documents disagree: it is taken, or with",
            "`--refuse-ended-ids` refused. Asked for, an id means its newest order.",
        ).replace("\n", "\n  "),
        "- "
        + paragraph(
            "Orders are of all seven types, `GTC`, `IOC` or `FOK`, with any `sideEffectType`.",
            "A limit takes at once what crosses the book, at the book's price, and rests for",
            "what is left, with that locked; the market that reaches it fills it whole, at the",
            "limit. What it has borrowed is repaid when it is cancelled, unless",
            "`autoRepayAtCancel=FALSE`.",
        ).replace("\n", "\n  "),
        "- "
        + paragraph(
            "An OCO (`POST /sapi/v1/margin/order/oco`) is a limit that only makes and a stop.",
            "What either would spend is held back once; the market that meets one ends the other",
            "first, and a cancel of one, of the list, or of everything ends both.",
        ).replace("\n", "\n  "),
        "- "
        + paragraph(
            "Times are in milliseconds or microseconds, `recvWindow` has up to three decimals,",
            "parameters are in the query or the body; one named twice there is -1101. Answers of",
            "`/api` and frames tell microseconds to whoever asks (`X-MBX-TIME-UNIT`, `timeUnit`).",
        ).replace("\n", "\n  "),
        "- With `--by-hand` prices move only by the operator.",
        "- "
        + paragraph(
            "`--replay FILE` replays a raw recording of streams (lines of a recorder's",
            "nanoseconds, a blank, and a frame with its stream), byte for byte, in its own time,",
            "which begins when somebody listens. Prices, trades and the book over REST are those",
            "of the recording, and the operator's port says the SHA-256 of what was replayed.",
        ).replace("\n", "\n  "),
    )


def _reach() -> tuple[str, ...]:
    return (
        "## What it answers",
        "",
        paragraph(
            "A weight is taken from a budget a minute of the exchange's time: 6,000 for all of",
            "`/api`, 12,000 an address or 180,000 a key for each endpoint of `/sapi`. Beyond it:",
            "429",
            "with `Retry-After`, and for whoever goes on, 418 for two minutes.",
        ),
        "",
        *table("Endpoint", "Shows", "Weight", "Budget", rows=_endpoints()),
        "",
        *table("WebSocket", "Is", rows=_ADDRESSES),
        "",
        paragraph(
            "Streams of a pair: `trade`, `aggTrade`, `bookTicker`, `kline_*`, `ticker`,",
            "`miniTicker`, `avgPrice`, `depth` and `depth5`, `10`, `20`, with `@100ms` or without;",
            "of all pairs `!ticker@arr` and `!miniTicker@arr`. The book has one level a side. A",
            "minute without a trade is a flat bar, over REST and in the stream.",
        ),
        "",
        paragraph(
            "Pings come every 20 s and want a pong within 60 s; a connection lives 24 h; more than",
            "five messages a second end it. All of that is the exchange's time.",
        ),
        "",
        "## The operator's port",
        "",
        paragraph(
            "A port of its own (`--operator-port`, else a free one, printed), of which no client",
            "is",
            "to know:",
        ),
        "",
        *table("Ask", "Answer", rows=_OPERATOR),
    )


def _faults() -> tuple[str, ...]:
    return (
        "## Faults",
        "",
        paragraph(
            "`--faults FILE` plays a script as [Faults on purpose](faults.md) has it. The",
            f"{len(KINDS) - len(WIRE)} kinds there that a script can ask for strike here too, and",
            f"{len(WIRE)} more that only a wire can have. `request` names whom: a role of a",
            "request",
            f"({', '.join(f'`{role}`' for role in ON_REST)}) or of a frame",
            f"({', '.join(f'`{role}`' for role in STREAMS)}). An order's role is in its client id",
            "where Robson made it, else in its shape: a market or limit order that repays is an",
            "exit, another one an entry, and what waits for a trigger insurance.",
        ),
        "",
        *table(
            "Kind",
            "What happens",
            "What is known",
            "What a client should do",
            "Can meet",
            "Unless given",
            rows=_kinds(),
        ),
    )


def _lacks() -> tuple[str, ...]:
    return (
        "## What it does not do",
        "",
        paragraph(
            "A spot account is there and empty, and takes no order (-2010).",
            "Lists that begin with an order of their own (OTO, OTOCO), icebergs and trailing stops",
            "are refused in Binance's words for a symbol that takes none; cross margin with code",
            "-3003; what waits for a trigger and is to borrow with -1014.",
            "Wallets beside the isolated accounts are not kept: a transfer in always succeeds.",
            "Listen keys are gone (410), as at Binance since 2026-02-20; a user stream is opened",
            "by listen token. The WebSocket API takes no orders and no `session.logon` (-1020).",
            "There",
            "is one margin tier, no BNB, and no bar of a second or a month. Where Binance's own",
            "documents contradict each other or say nothing, it does what",
            "`robson/sim/venue` says.",
        ),
    )
