"""The checks at the exchange: it answers, the clocks agree, the key may trade and nothing more.

Reads only. Each question has two seconds; what is not answered is not passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal

from robson.connectors.binance import endpoints
from robson.connectors.binance import messages as m
from robson.connectors.binance.api import Api, Failed
from robson.connectors.binance.http import SessionDoor
from robson.connectors.binance.limits import Limits
from robson.connectors.binance.market import Market
from robson.connectors.binance.venue_speed import speed_of
from robson.daemon.binance import Access, clock_of
from robson.daemon.checks import CHECKS, Check, failed, passed, unchecked
from robson.daemon.clock import Pace, monotonic_s, wall_ns
from robson.daemon.config import Config
from robson.daemon.reach import KEY_REFUSED, NO_PAIR
from robson.domain.errors import ConfigError
from robson.domain.instrument import Instrument
from robson.domain.values import NS_PER_MS, NS_PER_S, Price, Side, plain
from robson.engine.costs import quotient_down, unit_loss

QUESTION_S = 2.0
SKEW_SAID_MS, SKEW_FAILS_MS = 250, 1_000
EXPIRES_S = 7 * 86_400
"""A key that ends sooner is not one to hold positions with."""
PUBLIC = ("Exchange", "Clock", "Order types")
KEYED = ("Key", "Pairs", "Fees", "Exit")
_FEW = 5
"""Accounts that one question may name."""

_NEW_KEY = "change the key's rights at Binance, or make a new key; then ask again"
_OTHER_KEY = {
    -1022: "compare secret_key with the one that belongs to this api_key, or make a new key",
    -2014: "compare api_key with the one at Binance: this is none",
}
"""What is to be mended where it is no right that is missing, by the exchange's code."""

Asked = Callable[[], Check]


class Counter:
    """One look at an exchange, with a connection of its own."""

    def __init__(self, access: Access, config: Config) -> None:
        self._access = access
        self._config = config
        door = SessionDoor(access.rest_url, monotonic_s, total_s=QUESTION_S)
        self._pace = Pace()
        with suppress(Failed):  # the first check finds out that nobody answers
            self._pace = Pace(speed_of(door))
        self.clock = clock_of(self._pace)
        limits = Limits(lambda: self.clock.exchange_ns() // NS_PER_MS)
        self._api = Api(door, access.key, limits, self.clock)
        self._market = Market(self._api)
        self._instruments: tuple[Instrument, ...] = ()

    def look(self) -> Iterator[Check]:
        """Every check that there is something to ask for, in order."""
        names = PUBLIC if self._access.key is None else (*PUBLIC, *KEYED)
        reach = self.exchange()
        yield reach
        asks: dict[str, Asked] = {
            "Clock": self.skew,
            "Key": self.key,
            "Pairs": self.pairs,
            "Order types": self.order_types,
            "Fees": self.fees,
            "Exit": self.exits,
        }
        for name in (each for each in CHECKS if each in asks and each in names):
            if reach.answer is not reach.answer.PASS:
                yield unchecked(name, "the exchange does not answer")
                continue
            try:
                yield asks[name]()
            except Failed as error:
                yield unchecked(name, str(error))

    # --- public ----------------------------------------------------------------------------------

    def exchange(self) -> Check:
        """Whether it answers, and how fast."""
        began_s = monotonic_s()
        try:
            self._api.tell_time()
        except Failed as error:
            return failed(
                "Exchange",
                f"{self._access.rest_url} does not serve this machine: {error}",
                "no order leaves and none is answered; exchange stops stay where they are",
                "look at exchange.rest_url, the network and https://www.binance.com/en/support",
            )
        took_ms = int((monotonic_s() - began_s) * 1_000)
        return passed("Exchange", f"{self._access.rest_url} answers in {took_ms} ms")

    def skew(self) -> Check:
        """How far this machine's clock is from the exchange's."""
        if self._pace.rate != 1:
            return unchecked("Clock", f"this exchange's clock runs {self._pace.rate} times ours")
        skew_ms = (wall_ns() - self.clock.exchange_ns()) // NS_PER_MS
        error_ms = (self.clock.error_ns or 0) // NS_PER_MS
        side = "behind" if skew_ms < 0 else "ahead of"
        said = f"this machine is {abs(skew_ms)} ms {side} the exchange, known to {error_ms} ms"
        means = "orders carry the exchange's own time; logs and other programs carry this one's"
        fix = "timedatectl set-ntp true"
        if abs(skew_ms) >= SKEW_FAILS_MS or error_ms >= SKEW_SAID_MS:
            return failed("Clock", said, means, fix)
        if abs(skew_ms) >= SKEW_SAID_MS:
            return passed("Clock", said, means, fix)
        return passed("Clock", said)

    def order_types(self) -> Check:
        """Whether each pair takes a resting stop."""
        without = []
        limited = []
        symbols = " or ".join(self._access.symbols)
        try:
            found = self._rules()
        except ConfigError as error:
            return failed("Order types", str(error), "it cannot be traded", "mend exchange.symbols")
        except Failed as error:
            if getattr(error.answer, "code", 0) != NO_PAIR:
                raise
            said = f"{symbols} is no pair of this exchange"
            return failed("Order types", said, "it cannot be traded", "mend exchange.symbols")
        for instrument in found:
            types = instrument.stop_order_types()
            if not types or "MARKET" not in instrument.order_types:
                without.append(str(instrument.symbol))
            elif "STOP_LOSS" not in types:
                limited.append(str(instrument.symbol))
        if without:
            return failed(
                "Order types",
                f"{', '.join(without)} takes no resting stop, or no market order",
                "nothing would limit the loss while robsond is dead",
                "take it out of exchange.symbols",
            )
        if limited:
            return passed(
                "Order types",
                f"{', '.join(limited)} has no STOP_LOSS; Robson rests STOP_LOSS_LIMIT there",
                "a price falling past its floor leaves that order unfilled",
            )
        return passed("Order types", "STOP_LOSS rests on each pair")

    def _rules(self) -> tuple[Instrument, ...]:
        if not self._instruments:
            self._instruments = tuple(self._market.instruments(self._access.symbols))
        return self._instruments

    # --- with the key ----------------------------------------------------------------------------

    def key(self) -> Check:
        """Whether the key may trade on margin, and nothing else."""
        try:
            rights = self._api.ask(endpoints.RIGHTS, {}, m.Rights)
        except Failed as error:
            code = getattr(error.answer, "code", 0)
            if code not in KEY_REFUSED:
                raise
            means = "no order is taken, and exchange stops are the only protection"
            fix = _OTHER_KEY.get(code, _NEW_KEY)
            return failed("Key", f"is refused: {error}", means, fix, stops=True)
        observes = self._config["exchange.observe"]
        now_ms = self.clock.exchange_ns() // NS_PER_MS
        wrong = tuple(too_much(rights, now_ms, observes=observes))
        if observes and not wrong:
            may = "may trade, which is not needed" if may_trade(rights) else "may only read"
            return passed("Key", f"{may}, from named addresses, and move nothing out")
        if not wrong:
            return passed("Key", "may trade on margin, from named addresses, and move nothing out")
        said = "; ".join(each for each, _ in wrong)
        means = "; ".join(dict.fromkeys(why for _, why in wrong))
        return failed("Key", said, means, _NEW_KEY, stops=not (may_trade(rights) or observes))

    def pairs(self) -> Check:
        """Whether the isolated account of each pair is there and may trade."""
        off = [
            each.symbol
            for each in self._accounts()
            if not (each.isolatedCreated and each.enabled and each.tradeEnabled)
        ]
        if off:
            return failed(
                "Pairs",
                f"the isolated account of {', '.join(off)} is not open",
                "every order there is refused; money in another pair does not help it",
                "open it at Binance and move money in",
            )
        return passed("Pairs", f"isolated accounts of {', '.join(self._access.symbols)} are open")

    def _accounts(self) -> Iterator[m.Pair]:
        symbols = self._access.symbols
        for first in range(0, len(symbols), _FEW):
            named = {"symbols": ",".join(symbols[first : first + _FEW])}
            yield from self._api.ask(endpoints.ACCOUNT, named, m.Account).assets

    def fees(self) -> Check:
        """Whether fees and interest are paid in what is traded."""
        burn = self._api.ask(endpoints.BNB_BURN, {}, m.Burn)
        paid = (("fees", burn.spotBNBBurn), ("interest", burn.interestBNBBurn))
        told = [what for what, on in paid if on]
        if told:
            return failed(
                "Fees",
                f"{' and '.join(told)} are paid in BNB",
                "sizes and results are worked out with costs in the asset that is received",
                "switch BNB for fees and interest off at Binance",
            )
        return passed("Fees", "fees and interest are paid in what is traded")

    def exits(self) -> Check:
        """Whether the smallest position that is planned could be sold, and its stop rest."""
        fails = []
        by_name = {each.symbol: each for each in self._accounts()}
        for instrument in self._rules():
            account = by_name[str(instrument.symbol)]
            price = self._market.price(str(instrument.symbol))
            refused = self._unsellable(instrument, price, capital_of(account, price))
            if refused:
                fails.append(refused)
        if fails:
            return failed(
                "Exit",
                "; ".join(fails),
                "what is bought there might not be sold again, so it is not bought",
                "move more into that isolated pair, or take it out of exchange.symbols",
            )
        return passed(
            "Exit", "the smallest planned position and its exchange stop pass each filter"
        )

    def _unsellable(self, rules: Instrument, price: Price, capital: Decimal) -> str | None:
        """Why a filter would not let the smallest planned position out; None when all would.

        The smallest is that of the farthest stop that is allowed: it risks as much by more.
        """
        config = self._config
        share = Decimal(config["stop.max_bps"]) / 10_000
        farthest = price * (1 - share)
        loss = unit_loss(
            side=Side.LONG,
            entry=price,
            stop=farthest,
            fee=rules.taker_fee,
            gap_bps=config["risk.gap_bps"],
            entry_slip_bps=config["risk.entry_slip_bps"],
        )
        bought = rules.floor_quantity(quotient_down(capital / 100, loss.loss_unit, 12))
        held = rules.floor_quantity(bought * (1 - rules.taker_fee))
        behind = config["insurance.buffer_pct"] + config["insurance.limit_offset_pct"]
        lowest = farthest * (1 - behind / 100)
        for what, quantity, at in (("bought", bought, price), ("sold", held, lowest)):
            name = rules.refuses(quantity, at)
            if name is not None:
                return (
                    f"{rules.symbol}: with {plain(capital.quantize(Decimal('0.01')))}"
                    f" {rules.symbol.quote}, {plain(quantity)} could not be {what} ({name})"
                )
        return None


def capital_of(account: m.Pair, price: Price) -> Decimal:
    """What the pair is worth after its debts, in quote."""
    base, quote = account.baseAsset, account.quoteAsset
    own = [each.free + each.locked - each.borrowed - each.interest for each in (base, quote)]
    return max(Decimal(0), own[0] * price + own[1])


def may_trade(rights: m.Rights) -> bool:
    """Whether it may do what it is for."""
    return rights.enableMargin and rights.enableSpotAndMarginTrading


def too_much(rights: m.Rights, now_ms: int, *, observes: bool = False) -> Iterator[tuple[str, str]]:
    """What is wrong with a key, and what it means; one that only reads is right to observe with."""
    if rights.enableWithdrawals:
        yield "may withdraw", "whoever steals it can empty the account"
    if rights.enableInternalTransfer or rights.permitsUniversalTransfer:
        yield "may transfer", "whoever steals it can move money away from where it protects"
    if not rights.ipRestrict:
        yield "is good from any address", "whoever steals it can trade, and Binance lets it expire"
    if not (may_trade(rights) or observes):
        yield "may not trade on margin", "no order of Robson's is taken"
    ends_ms = rights.tradingAuthorityExpirationTime
    if ends_ms is not None and ends_ms - now_ms < EXPIRES_S * 1_000:
        days = max(0, ends_ms - now_ms) * NS_PER_MS // (86_400 * NS_PER_S)
        yield f"stops trading in {days} days", "a position held past that cannot be left"
