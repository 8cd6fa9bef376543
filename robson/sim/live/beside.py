"""The two processes of one position: a venue with its operator's port, and a daemon beside it."""

from __future__ import annotations

import hmac
import json
import urllib.request
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from robson.api.client import CallFailed, Client
from robson.connectors.simulated.books import SqliteBooks
from robson.connectors.simulated.entries import Entry, Filled
from robson.daemon.clock import monotonic_s
from robson.domain.errors import RobsonError
from robson.sim.live.trouble import Trouble
from robson.sim.template import Child, Template
from robson.sim.wait import pause, until

SYMBOL, BASE, QUOTE = "BTCUSDT", "BTC", "USDT"
KEY, SECRET = "test-key", "test-secret"
BALANCE = Decimal(10_000)
MARKET = "1"
"""The venue's seed: a market in which both sides may enter. What strikes is the plan's to say."""
WINDOW_MS, WINDOW_OURS_MS = 1_500, 300
"""A request is to be taken within so many of the exchange's milliseconds, and at least of ours."""
_GLANCE_S = 0.001
_BEGINS_S, _ENDS_S, _ANSWERS_S = 30.0, 30.0, 10.0


class NotBegun(RobsonError):
    """A process has not started, or has gone by itself."""


class Venue:
    """A venue on free ports, whose prices move only here.

    Raises:
        NotBegun: it does not start.
    """

    def __init__(self, template: Template, place: Path, *, speed: str) -> None:
        self.speed = Decimal(speed)
        self._template, self._place = template, place
        self._books = place / "venue" / "exchange" / "books.db"
        self._struck: list[dict[str, Any]] = []
        self._rows: list[dict[str, Any]] = []
        self._planted: list[Trouble] = []
        self._begin("0", "0")

    def _begin(self, port: str, operator_port: str) -> None:
        log, said = self._place / "venue.log", self._place / "venue.json"
        said.unlink(missing_ok=True)
        self._process = self._template.start(
            *("robson.sim", "venue", "--json", "--by-hand", "--port", port),
            *("--operator-port", operator_port, "--speed", str(self.speed)),
            *("--seed", MARKET, "--balance", str(BALANCE)),
            *("--state-dir", str(self._place / "venue")),
            out=said,
            err=log,
        )
        ends_s = monotonic_s() + _BEGINS_S
        until(lambda: _whole(said) or self._process.poll() is not None, ends_s)
        told = json.loads(said.read_text() if _whole(said) else "{}")
        if "rest" not in told:
            self.close()
            raise NotBegun(f"the venue has not started: {last_line(log)}")
        self.rest, self.stream, self._operator = told["rest"], told["ws"], told["operator"]

    def restart(self) -> None:
        """End it and start it again at the same addresses, with its books, its price, and the
        faults that have not struck.
        """
        last, self._struck, self._rows = self.last(), self.struck(), self.rows()
        struck = {(one["kind"], one["role"]) for one in self._struck}
        self.close()
        self._begin(*(url.rpartition(":")[2] for url in (self.rest, self._operator)))
        self.price(last)
        for trouble in self._planted:
            if (trouble.kind, trouble.role) not in struck:
                self.ask("fault", **trouble.line)

    def ask(self, path: str, **said: object) -> Any:
        """The operator's port."""
        data = json.dumps(said).encode() if said else None
        url = f"{self._operator}/{path}"
        with urllib.request.urlopen(url, data, timeout=_ANSWERS_S) as answer:  # noqa: S310
            return json.load(answer)

    def entries(self) -> tuple[Entry, ...]:
        """Everything that its books have, in order."""
        with closing(SqliteBooks(self._books, read_only=True)) as books:
            return tuple(books.entries())

    def fills(self, within_s: float) -> bool:
        """Whether something has traded within so many of our seconds; known when it does."""
        with closing(SqliteBooks(self._books, read_only=True)) as books:
            seen, ends_s = 0, monotonic_s() + within_s
            while monotonic_s() < ends_s:
                more = books.entries(seen)
                if any(isinstance(one, Filled) for one in more):
                    return True
                seen += len(more)
                pause(_GLANCE_S)
        return False

    def plant(self, trouble: Trouble) -> None:
        """One more line of the script."""
        self._planted.append(trouble)
        self.ask("fault", **trouble.line)

    def strikes(self) -> list[tuple[str, str]]:
        """Kind and role of every strike so far."""
        return [(one["kind"], one["role"]) for one in self.struck()]

    def struck(self) -> list[dict[str, Any]]:
        """Every strike, with the exchange's time."""
        return [*self._struck, *self.ask("faults")["strikes"]]

    def rows(self) -> list[dict[str, Any]]:
        """Every request that came in."""
        return [*self._rows, *self.ask("log")["rows"]]

    def now_ns(self) -> int:
        """The exchange's time."""
        return int(self.ask("market")["at_ms"]) * 1_000_000

    def price(self, price: Decimal) -> None:
        """The market is suddenly elsewhere."""
        self.ask("price", symbol=SYMBOL, price=f"{price:.2f}")

    def last(self) -> Decimal:
        """The last price."""
        return Decimal(self.ask("market")["prices"][SYMBOL])

    def bring(self, amount: Decimal) -> None:
        """A person brings quote into the pair's account, by a client of their own."""
        self._signed(
            "/sapi/v1/asset/transfer",
            type="MAIN_ISOLATED_MARGIN",
            asset=QUOTE,
            amount=str(amount),
            toSymbol=SYMBOL,
        )

    def buy(self, quantity: Decimal) -> None:
        """A person buys base for free quote, with an order that has an id of theirs."""
        self._signed(
            "/sapi/v1/margin/order",
            symbol=SYMBOL,
            isIsolated="TRUE",
            side="BUY",
            type="MARKET",
            quantity=str(quantity),
            newClientOrderId="a-person",
        )

    def _signed(self, path: str, **params: str) -> None:
        query = urlencode({**params, "timestamp": self.now_ns() // 1_000_000})
        signature = hmac.new(SECRET.encode(), query.encode(), "sha256").hexdigest()
        asked = urllib.request.Request(  # noqa: S310 - our own venue
            f"{self.rest}{path}?{query}&signature={signature}",
            method="POST",
            headers={"X-MBX-APIKEY": KEY},
        )
        urllib.request.urlopen(asked, timeout=_ANSWERS_S).close()  # noqa: S310

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        if self._process.ends(_ENDS_S) is None:
            self._process.kill()


class Daemon:
    """One state directory, and the processes of ``robsond`` that live in it one after another.

    Attributes:
        ends: how each process has ended, by its exit code.
    """

    def __init__(self, template: Template, place: Path, venue: Venue, *, hints: bool) -> None:
        self._template = template
        self.state = place / "s"
        self.log = place / "robsond.log"
        self.ends: list[int] = []
        self._key = place / "key.toml"
        self._key.touch(0o600)
        self._key.write_text(f'api_key = "{KEY}"\nsecret_key = "{SECRET}"\n')
        self._env = {
            "ROBSON__PROFILE": "live",
            "ROBSON__STORE__ACCEPT_SINGLE_HOST": "true",
            "ROBSON__EXCHANGE__REST_URL": venue.rest,
            "ROBSON__EXCHANGE__STREAM_URL": venue.stream,
            "ROBSON__EXCHANGE__KEY_FILE": str(self._key),
            "ROBSON__EXCHANGE__RECV_WINDOW_MS": str(_window_ms(venue.speed)),
        }
        if hints:
            self._env["ROBSON__EXCHANGE__USER_STREAM_URL"] = venue.stream
        self._process: Child | None = None
        self._client: Client | None = None

    @property
    def lives(self) -> bool:
        """Whether a process runs; the end of one that does not is written down."""
        self._note()
        return self._process is not None

    def _note(self) -> None:
        if self._process is not None and (code := self._process.poll()) is not None:
            self.ends.append(code)
            self._process = None
            self._hang_up()

    def start(self) -> None:
        """Start a process; nobody waits for it."""
        self._process = self._template.start(
            *("robson.daemon", "run", "--state-dir", str(self.state)),
            *("--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"),
            out=self.log,
            err=self.log,
            **self._env,
        )

    def client(self) -> Client | None:
        """A connection that answers; None while there is none."""
        door = self.state / "robsond.sock"
        if not self.lives or not door.exists():
            return None
        if self._client is None:
            self._client = Client(f"unix://{door}", actor="live", timeout_s=_ANSWERS_S)
            try:
                self._client.daemon()
            except CallFailed:
                self._hang_up()
        return self._client

    def kill(self) -> None:
        """Kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.ends(_ENDS_S)
            self._note()

    def ask_to_end(self) -> None:
        """SIGTERM."""
        if self._process is not None:
            self._process.terminate()

    def close(self) -> None:
        """End what still runs."""
        self._hang_up()
        if self._process is not None:
            self.kill()
            self._process = None

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def last_line(log: Path) -> str:
    """What a process has said last."""
    told = log.read_text(errors="replace").splitlines() if log.exists() else []
    return told[-1] if told else "nothing was said"


def _window_ms(speed: Decimal) -> int:
    """The machine is not faster because time is: a request has as long on its way as ever."""
    return max(WINDOW_MS, int(WINDOW_OURS_MS * speed))


def _whole(said: Path) -> bool:
    return said.exists() and said.read_bytes().endswith(b"\n")
