"""Drives the simulated exchange at random and finds its balances again from its books alone.

The oracle is given deposits, fills, loans, interest and repayments as they were written down; where
an amount of its own follows from a rule (commission, interest), the rule is applied again too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from robson.connectors.simulated.entries import (
    DebtRepaid,
    Deposited,
    Filled,
    InterestCharged,
    LoanTaken,
)
from robson.connectors.simulated.exchange import SimExchange
from robson.connectors.simulated.faults import ExchangeFaults, Piece
from robson.connectors.simulated.ledger import Terms
from robson.domain.identity import AccountId, ClientOrderId, PositionId, Purpose, Scope, Symbol
from robson.domain.instrument import Instrument
from robson.domain.intents import CancelOrder, OrderType, PlaceOrder, ReadAccount, Repay, SideEffect
from robson.domain.reports import AccountSnapshot, Fill
from robson.domain.values import NS_PER_MS, NS_PER_S, Action, ExchangeNs, Price, Quantity
from robson.engine.orders import buy_back, net_base
from tests.oracle import books_oracle
from tests.oracle.grounds import GRIDS, QUOTES, floor_to, most_ticks
from tests.oracle.mix import BYTES, Mix
from tests.oracle.tally import Tally

# Without shrinking: a case is a whole story, and a shorter one is another.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
WIDE = settings(max_examples=max(350, settings().max_examples), phases=PHASES)
FAST = settings(max_examples=max(800, settings().max_examples), phases=PHASES)
ATOM = Fraction(1, 10**8)
BEGIN = 1_795_269_300 * NS_PER_S  # five minutes before a full hour
POSITION = PositionId.of(7)
Recorder = Callable[[str, object], None]
NEXT_TO_NOTHING = bytes.fromhex(
    "e2d611a5df4126d2796502f8a6058f3b50c7978162b40947597658aa55285cd3e215e999d6b2"
    "d5bafb26f611eaa65a20"
)
"""An account whose liquidation price lies below the first price there is."""
supplies = st.binary(min_size=BYTES, max_size=BYTES)


def up(value: Fraction) -> Fraction:
    """To the next atom: what an account pays."""
    return -(-value // ATOM) * ATOM


class Rough(ExchangeFaults):
    """A thin book for some orders, and repayments that are silently left out."""

    def skips_repay(self, client_id: str) -> bool:
        return client_id.endswith("7")

    def book(self, client_id: str, quantity: Decimal) -> tuple[Piece, ...] | None:
        part = floor_to(quantity / 3, self.step)
        return (Piece(quantity=part),) if client_id.endswith("5") else None

    step = Decimal(1)


class Trader:
    """Somebody who sends whatever passes the filters, to an exchange with one account."""

    def __init__(self, mix: Mix) -> None:
        quote, tick, step = mix.pick(QUOTES), mix.pick(GRIDS), mix.pick(GRIDS)
        self.rules = Instrument(
            symbol=Symbol("COIN", quote.asset),
            tick=tick,
            step=step,
            min_qty=step,
            min_notional=mix.pick((Decimal("0.000001"), quote.min_notional)),
            taker_fee=Decimal(mix.pick(("0.001", "0.001", "0.00075", "0"))),
        )
        self.lots = mix.magnitude(10, 10**4)
        self.at = mix.magnitude(100, most_ticks(tick) // 4)
        self.terms = Terms(
            slippage_bps=Decimal(mix.pick(("0", "2"))),
            max_leverage=mix.pick((10, 3)),
            daily_rate_base=Decimal(mix.pick(("0.00026125", "0.02", "0"))),
        )
        faults = Rough()
        faults.step = step
        self.exchange = SimExchange([self.rules], terms=self.terms, faults=faults)
        self.scope = Scope(AccountId("main"), self.rules.symbol)
        self.chance: Random = mix.chance()
        self.now = ExchangeNs(BEGIN)
        self.orders = 0
        self.resting: list[ClientOrderId] = []
        deposit = floor_to(self.lots * step * self.at * tick, Decimal("1E-8"))
        self.deposit = max(deposit, Decimal("0.00001"))
        self.exchange.deposit(self.scope, quote.asset, self.deposit, at_ns=self.now)
        self.move(jump=True)

    @property
    def signed(self) -> dict[str, Any]:
        """What every request that changes something carries."""
        return {
            "scope": self.scope,
            "position": POSITION,
            "timestamp_ms": self.now // NS_PER_MS,
        }

    def act(self) -> None:
        """One thing out of many; time goes on by up to hours."""
        chance = self.chance
        self.now = ExchangeNs(
            self.now + chance.choice((1, 1000, 61_000, 300_000, 5_000_000, 7_200_000)) * NS_PER_MS
        )
        acts = (self.take, self.take, self.take, self.rest, self.move, self.cancel, self.repay)
        chance.choice(acts)()

    def take(self) -> None:
        effect, action = self.chance.choice(tuple(SideEffect)), self.chance.choice(tuple(Action))
        self.place(OrderType.MARKET, effect, None, action)

    def rest(self) -> None:
        """A stop beside the price; now and then with everything that is free."""
        beside, action = self.rules.price_of(self.near(0.03)), self.chance.choice(tuple(Action))
        lots = None
        if self.chance.random() < 0.5:
            account = self.exchange.state.accounts[self.scope]
            free = account.base.free if action is Action.SELL else account.quote.free / beside
            lots = max(1, int(free / self.rules.step))
        self.place(OrderType.STOP_LOSS, SideEffect.REPAY, beside, action, lots)

    def place(
        self,
        kind: OrderType,
        effect: SideEffect,
        stop: Price | None,
        action: Action,
        lots: int | None = None,
    ) -> None:
        lots = lots or self.chance.randint(1, self.chance.choice((1, 3)) * self.lots)
        self.orders += 1
        name = ClientOrderId(f"order{self.orders}")
        order = PlaceOrder(
            **self.signed,
            purpose=Purpose.ENTRY,
            client_id=name,
            action=action,
            type=kind,
            quantity=Quantity(lots * self.rules.step),
            side_effect=effect,
            stop_price=stop,
        )
        self.exchange.handle(order, at_ns=self.now)
        if stop is not None:
            self.resting.append(name)

    def near(self, share: float) -> int:
        """A price around the present one."""
        most = max(1, int(self.at * share))
        return min(most_ticks(self.rules.tick), max(2, self.at + self.chance.randint(-most, most)))

    def move(self, *, jump: bool | None = None) -> None:
        self.at = self.near(0.05)
        jumps = self.chance.random() < 0.5 if jump is None else jump
        self.exchange.on_price(self.rules.symbol, self.at, at_ns=self.now, jump=jumps)

    def cancel(self) -> None:
        if self.resting:
            target = self.chance.choice(self.resting)
            request = CancelOrder(**self.signed, target=target, cancel_id=ClientOrderId("c"))
            self.exchange.handle(request, at_ns=self.now)

    def repay(self) -> None:
        account = self.exchange.state.accounts[self.scope]
        wallet = self.chance.choice((account.base, account.quote))
        most = min(wallet.debt, wallet.free)
        part = floor_to(most * self.chance.choice((1, 1, 3)) / 3, Decimal("1E-8"))
        if part > 0:
            request = Repay(**self.signed, asset=wallet.asset, amount=part, attempt=1)
            self.exchange.handle(request, at_ns=self.now)


class Reader:
    """Reads the books entry by entry and keeps what the oracle wants to know."""

    def __init__(self, trader: Trader) -> None:
        self.trader = trader
        self.rules = trader.rules
        self.fills: list[books_oracle.Fill] = []
        self.loans: list[books_oracle.Movement] = []
        self.interest: list[books_oracle.Movement] = []
        self.repayments: list[books_oracle.Movement] = []
        self.deposits: Counter[str] = Counter()
        self.principal: Counter[str] = Counter()
        self.episode: dict[str, tuple[int, int, bool]] = {}
        self.told: Counter[str] = Counter()

    def read(self) -> dict[str, Fraction]:
        """Every balance by the oracle."""
        for place, entry in enumerate(self.trader.exchange.books.entries()):
            match entry:
                case Deposited():
                    self.deposits[self.side(entry.asset)] += entry.amount
                case Filled():
                    self.fills.append(self.fill(place, entry))
                case LoanTaken():
                    self.loan(place, entry)
                case InterestCharged():
                    self.charge(place, entry)
                case DebtRepaid():
                    self.repaid(place, entry)
                case _:
                    pass
        return books_oracle.books(
            dict(self.deposits), self.fills, self.loans, self.interest, self.repayments
        )

    def side(self, asset: str) -> str:
        return "base" if asset == self.rules.symbol.base else "quote"

    def fill(self, place: int, entry: Filled) -> books_oracle.Fill:
        """A fill at what it moved: quote is rounded to an atom, never in the account's favour."""
        buys = self.trader.exchange.state.orders[entry.order_id].action is Action.BUY
        cost = Fraction(entry.price) * Fraction(entry.quantity)
        moved = Fraction(entry.quote_amount)
        assert 0 <= (moved - cost if buys else cost - moved) < ATOM
        gained = Fraction(entry.quantity) if buys else moved
        assert entry.commission == up(gained * Fraction(self.rules.taker_fee))
        assert self.side(entry.commission_asset) == ("base" if buys else "quote")
        self.told["bought" if buys else "sold"] += 1
        self.told["whole quote" if moved == cost else "rounded quote"] += 1
        return books_oracle.Fill(
            place,
            "buy" if buys else "sell",
            moved / Fraction(entry.quantity),
            entry.quantity,
            entry.commission,
            self.side(entry.commission_asset),
        )

    def loan(self, place: int, entry: LoanTaken) -> None:
        side = self.side(entry.asset)
        alone = self.principal[side] == 0
        self.episode[side] = (entry.at_ns // NS_PER_MS, 0, alone)
        self.principal[side] += Fraction(entry.amount)
        self.loans.append(books_oracle.Movement(place, side, entry.amount))
        self.told[f"{side} borrowed"] += 1

    def charge(self, place: int, entry: InterestCharged) -> None:
        """At once on the loan, then each full hour on all that is borrowed, up to an atom."""
        side, terms = self.side(entry.asset), self.trader.terms
        rate = terms.daily_rate_base if side == "base" else terms.daily_rate_quote
        owed = self.principal[side] if entry.hourly else Fraction(self.loans[-1].amount)
        assert entry.amount == up(books_oracle.hourly_interest(owed, rate))
        begun, charges, alone = self.episode[side]
        self.episode[side] = (begun, charges + 1, alone)
        self.interest.append(books_oracle.Movement(place, side, entry.amount))
        self.told["hourly interest" if entry.hourly else "interest at once"] += 1

    def repaid(self, place: int, entry: DebtRepaid) -> None:
        side = self.side(entry.asset)
        paid = books_oracle.Movement(place, side, entry.interest + entry.principal, entry.interest)
        self.repayments.append(paid)
        self.principal[side] -= Fraction(entry.principal)
        begun, charges, alone = self.episode[side]
        kind = "by hand" if entry.order_id is None else "by an order"
        self.told.update((f"{side} repaid", kind))
        if entry.principal and self.principal[side] == 0 and alone and charges:
            hours = books_oracle.interest_charges(begun, entry.at_ns // NS_PER_MS)
            assert charges == hours
            self.told["loan paid back after an hour" if hours > 1 else "within the hour"] += 1


def test_balances_are_the_oracles(record_property: Recorder) -> None:
    """Every balance, debt and interest; the equity that the exchange reports; charges by rule."""
    sides = ("base", "quote")
    tally = Tally(
        "books",
        (
            *(quote.asset for quote in QUOTES),
            *(f"{side} {what}" for side in sides for what in ("borrowed", "repaid", "still owed")),
            *("bought", "sold", "whole quote", "rounded quote", "interest at once"),
            *("hourly interest", "by hand", "by an order", "within the hour"),
            *("loan paid back after an hour", "stop_met_on_the_way", "stop_met_by_jump"),
            *("stop_expired_unfunded", "cancelled", "insufficient_balance", "borrow_too_much"),
            *("fault_fills_only", "fault_skips_repay", "auto_repay_residue"),
        ),
    )

    @WIDE
    @example(supply=NEXT_TO_NOTHING)
    @given(supply=supplies)
    def compare(supply: bytes) -> None:
        trader = Trader(Mix(supply))
        for _ in range(30):
            trader.act()
        told = trader.exchange.handle(ReadAccount(scope=trader.scope), at_ns=trader.now)
        reader = Reader(trader)
        found = reader.read()
        account = trader.exchange.state.accounts[trader.scope]
        assert found == {
            "base_total": account.base.free + account.base.locked,
            "quote_total": account.quote.free + account.quote.locked,
            "base_debt": account.base.borrowed,
            "quote_debt": account.quote.borrowed,
            "base_interest": account.base.interest,
            "quote_interest": account.quote.interest,
        }
        assert isinstance(told, AccountSnapshot)
        assert told.equity == books_oracle.equity(found, told.index_price)
        tally.see(trader.rules.symbol.quote)
        tally.seen.update(reader.told)
        tally.seen.update({name: n for name, n in trader.exchange.counts().items() if n})
        tally.seen.update(f"{side} still owed" for side in sides if found[f"{side}_debt"])

    compare()
    tally.settle(record_property)


# --------------------------------------------------------------------------- what can be sold back


def some_fills(mix: Mix, rules: Instrument) -> list[Fill]:
    """Buys with their commission, in base, in quote or in a third asset."""
    chance, most = mix.chance(), mix.magnitude(1, 10**5)
    fills = []
    for number in range(mix.number(1, 3)):
        quantity = Quantity(chance.randint(1, most) * rules.step)
        fills.append(
            Fill(
                trade_id=number,
                order_id=1,
                client_id="order1",
                action=Action.BUY,
                price=rules.price_of(chance.randint(100, 10**6)),
                quantity=quantity,
                commission=quantity * rules.taker_fee,
                commission_asset=mix.pick((rules.symbol.base, rules.symbol.quote, "BNB")),
                at_ns=ExchangeNs(0),
            )
        )
    return fills


def oracle_fills(fills: Sequence[Fill], base: str) -> list[books_oracle.Fill]:
    return [
        books_oracle.Fill(
            fill.trade_id,
            "buy",
            fill.price,
            fill.quantity,
            fill.commission,
            "base" if fill.commission_asset == base else fill.commission_asset,
        )
        for fill in fills
    ]


def test_what_can_be_sold_and_what_has_to_be_bought_back_are_the_oracles(
    record_property: Recorder,
) -> None:
    """Sold: down to the step. Bought back: grossed up by the fee, up to the step or least order."""
    tally = Tally(
        "ways out",
        (*("sold net of the fee", "sold whole", "dust", "bought", "nothing owed", "least order"),),
    )

    @FAST
    @given(supply=supplies)
    def compare(supply: bytes) -> None:
        mix = Mix(supply)
        step, quote = mix.pick(GRIDS), mix.pick(QUOTES)
        rules = Instrument(
            symbol=Symbol("COIN", quote.asset),
            tick=mix.pick(GRIDS),
            step=step,
            min_qty=mix.pick((step, 20 * step)),
            min_notional=mix.pick((Decimal(0), quote.min_notional)),
            taker_fee=Decimal(mix.pick(("0.001", "0.00075", "0"))),
        )
        fills = some_fills(mix, rules)
        sellable = books_oracle.sellable(oracle_fills(fills, "COIN"), step)
        net = net_base(tuple(fills), "COIN")
        assert rules.floor_quantity(net) == sellable
        exit_ = rules.exit_quantity(net)
        assert exit_ == (sellable if sellable >= max(step, rules.min_qty) else None)
        whole = sum(fill.quantity for fill in fills)
        told = [
            "dust" if exit_ is None else f"sold {'whole' if net == whole else 'net of the fee'}"
        ]

        debt = (mix.magnitude(1, 10**9) - 1) * Decimal("0.0001") * step
        interest = debt * mix.number(0, 9) / 10_000
        free = debt * mix.pick((0, 0, 1, 4)) / 2
        price = fills[0].price
        owed = max(Decimal(0), debt + interest - free)
        exact = books_oracle.buy_back(debt, interest, free, rules.taker_fee, step)
        least = max(Fraction(rules.min_qty), Fraction(rules.min_notional) / Fraction(price))
        least = -(-least // Fraction(step)) * Fraction(step)
        assert buy_back(owed, rules, price) == (max(exact, least) if owed else 0)
        told.append("nothing owed" if not owed else "least order" if least > exact else "bought")
        tally.see(*told)

    compare()
    tally.settle(record_property)
