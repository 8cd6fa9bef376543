"""Isolated accounts and pairs: what they hold and owe, what they may borrow, who may use them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from robson.connectors.simulated.account import Account
from robson.domain.identity import Scope
from robson.domain.instrument import Instrument
from robson.domain.intents import ReadAccount
from robson.domain.reports import AccountSnapshot, Balance
from robson.domain.values import MONEY, Price
from robson.sim.venue.asked import Asked
from robson.sim.venue.endpoints import Budget, Endpoint, Handler, Security, Table, params
from robson.sim.venue.margin import usable
from robson.sim.venue.refusals import refused
from robson.sim.venue.wire import ms, padded, trimmed

MAX_SYMBOLS = 5
_ZERO = Decimal(0)
_INFINITE = "999"
_LEVELS = (
    (Decimal("1.05"), "FORCE_LIQUIDATION"),
    (Decimal("1.09"), "MARGIN_CALL"),
    (Decimal("1.25"), "NORMAL"),
)
"""Up to which margin level which word; above all of them it is EXCESSIVE. The words are known, the
levels are ours."""


# --- the account ---------------------------------------------------------------------------------


async def _account(asked: Asked) -> Any:
    text = asked.get("symbols")
    names = text.split(",") if text else list(asked.market.pairs)
    if len(names) > MAX_SYMBOLS and text:
        raise refused("too_many_parameters")
    if any(name not in asked.market.pairs for name in names):
        raise refused("symbol")
    rows = [await _row(asked, name, named=text is not None) for name in names]
    document: dict[str, Any] = {"assets": [row for row in rows if row is not None]}
    if text is None:
        document |= _totals(document["assets"])
    return document


def _totals(rows: list[dict[str, Any]]) -> dict[str, str]:
    """All pairs in bitcoin, as the answer that names no pair has them."""
    sides = [row[side] for row in rows for side in ("baseAsset", "quoteAsset")]
    net = sum((Decimal(side["netAssetOfBtc"]) for side in sides), _ZERO)
    owed = _ZERO
    for side in sides:
        debt = Decimal(side["borrowed"]) + Decimal(side["interest"])
        own = Decimal(side["netAsset"])
        owed += debt * Decimal(side["netAssetOfBtc"]) / own if own else _ZERO
    return {
        "totalAssetOfBtc": _eight(net + owed),
        "totalLiabilityOfBtc": _eight(owed),
        "totalNetAssetOfBtc": _eight(net),
    }


async def _row(asked: Asked, name: str, *, named: bool) -> dict[str, Any] | None:
    """One pair; None for one that was never opened and is not asked for by name."""
    rules = asked.market.pairs[name].instrument
    scope = Scope(asked.account, rules.symbol)
    account = asked.market.exchange.state.accounts.get(scope)
    if account is None:
        return _never_opened(asked, rules) if named else None
    answer = usable(await asked.market.ask(ReadAccount(scope=scope)))
    assert isinstance(answer, AccountSnapshot), answer
    return _opened(asked, answer, account, rules)


def _opened(
    asked: Asked, seen: AccountSnapshot, account: Account, rules: Instrument
) -> dict[str, Any]:
    index = seen.index_price
    debt = seen.base.debt * index + seen.quote.debt
    level = (seen.base.total * index + seen.quote.total) / debt if debt else None
    price = account.liquidate_price(rules.liquidation_ratio) or _ZERO
    rate = (price - index) / index * 100 if price else _ZERO
    enabled = str(seen.scope) not in asked.market.disabled
    return {
        "baseAsset": _side(asked, seen.base),
        "quoteAsset": _side(asked, seen.quote),
        "symbol": str(rules.symbol),
        "isolatedCreated": True,
        "enabled": enabled,
        "marginLevel": _INFINITE if level is None else _eight(level),
        "marginLevelStatus": _word(level),
        "marginRatio": str(asked.market.exchange.terms.max_leverage),
        "indexPrice": trimmed(index),
        "liquidatePrice": _eight(price),
        "liquidateRate": _eight(rate),
        "tradeEnabled": enabled,
    }


def _never_opened(asked: Asked, rules: Instrument) -> dict[str, Any]:
    """A pair without an account looks healthy, but for three flags."""
    empty = (
        Balance(asset=asset, free=_ZERO, locked=_ZERO, borrowed=_ZERO, interest=_ZERO)
        for asset in (rules.symbol.base, rules.symbol.quote)
    )
    base, quote = (_side(asked, balance) for balance in empty)
    return {
        "baseAsset": base,
        "quoteAsset": quote,
        "symbol": str(rules.symbol),
        "isolatedCreated": False,
        "enabled": False,
        "marginLevel": _INFINITE,
        "marginLevelStatus": "EXCESSIVE",
        "marginRatio": str(asked.market.exchange.terms.max_leverage),
        "indexPrice": trimmed(asked.market.exchange.market(rules.symbol).last),
        "liquidatePrice": "0",
        "liquidateRate": "0",
        "tradeEnabled": False,
    }


def _side(asked: Asked, balance: Balance) -> dict[str, Any]:
    return {
        "asset": balance.asset,
        "borrowEnabled": True,
        "borrowed": trimmed(balance.borrowed),
        "free": trimmed(balance.free),
        "interest": trimmed(balance.interest),
        "locked": trimmed(balance.locked),
        "netAsset": trimmed(balance.net),
        "netAssetOfBtc": _eight(_in_bitcoin(asked, balance.asset, balance.net)),
        "repayEnabled": True,
        "totalAsset": trimmed(balance.total),
    }


def _in_bitcoin(asked: Asked, asset: str, amount: Decimal) -> Decimal:
    """In bitcoin, where the venue lists a price for that; else nothing."""
    if asset == "BTC":
        return amount
    bitcoin = asked.market.instrument(f"BTC{asset}")
    if bitcoin is None:
        return _ZERO
    return amount / asked.market.exchange.market(bitcoin.symbol).last


def _eight(value: Decimal) -> str:
    return trimmed(value.quantize(Decimal("0.00000001"), context=MONEY))


def _word(level: Decimal | None) -> str:
    if level is None:
        return "EXCESSIVE"
    return next((word for most, word in _LEVELS if level <= most), "EXCESSIVE")


async def _enable(asked: Asked) -> Any:
    scope = asked.scope()
    asked.market.exchange.account(scope)
    asked.market.disabled.discard(str(scope))
    return {"success": True, "symbol": str(scope.symbol)}


async def _disable(asked: Asked) -> Any:
    scope = asked.scope()
    account = asked.market.exchange.account(scope)
    if account.in_debt() or account.orders.open():
        raise refused("unsupported")
    asked.market.disabled.add(str(scope))
    return {"success": True, "symbol": str(scope.symbol)}


async def _account_limit(asked: Asked) -> Any:
    scopes = asked.market.exchange.state.accounts
    mine = sum(scope.account == asked.account for scope in scopes)
    return {"enabledAccount": mine, "maxAccount": 20}


# --- pairs and limits ----------------------------------------------------------------------------


async def _pairs(asked: Asked) -> Any:
    wanted = asked.get("symbol")
    return [
        {
            "base": pair.instrument.symbol.base,
            "quote": pair.instrument.symbol.quote,
            "symbol": pair.symbol,
            "isMarginTrade": True,
            "isBuyAllowed": True,
            "isSellAllowed": True,
        }
        for pair in asked.market.pairs.values()
        if wanted in (None, pair.symbol)
    ]


async def _no_pairs(_asked: Asked) -> Any:
    """Cross margin, of which the venue has nothing."""
    return []


async def _tier(asked: Asked) -> Any:
    rules = asked.listed()
    leverage = Decimal(asked.market.exchange.terms.max_leverage)
    return [
        {
            "symbol": str(rules.symbol),
            "tier": 1,
            "effectiveMultiple": trimmed(leverage),
            "initialRiskRatio": trimmed((leverage / (leverage - 1)).quantize(Decimal("0.001"))),
            "liquidationRiskRatio": trimmed(rules.liquidation_ratio),
            "baseAssetMaxBorrowable": "270",
            "quoteAssetMaxBorrowable": "2100000",
        }
    ]


async def _margin_data(asked: Asked) -> Any:
    terms, wanted = asked.market.exchange.terms, asked.get("symbol")
    return [
        {
            "vipLevel": 0,
            "symbol": pair.symbol,
            "leverage": str(terms.max_leverage),
            "data": [
                _coin(pair.instrument.symbol.base, terms.daily_rate_base, "270"),
                _coin(pair.instrument.symbol.quote, terms.daily_rate_quote, "2100000"),
            ],
        }
        for pair in asked.market.pairs.values()
        if wanted in (None, pair.symbol)
    ]


def _coin(asset: str, daily: Decimal, limit: str) -> dict[str, str]:
    return {"coin": asset, "dailyInterest": trimmed(daily), "borrowLimit": limit}


async def _max_borrowable(asked: Asked) -> Any:
    scope, asset = asked.scope("isolatedSymbol"), asked.need("asset")
    _of_pair(scope, asset)
    amount = asked.market.exchange.borrowable(scope, asset)
    limit = "270" if asset == scope.symbol.base else "2100000"
    return {"amount": trimmed(min(amount, Decimal(limit))), "borrowLimit": limit}


async def _max_transferable(asked: Asked) -> Any:
    scope, asset = asked.scope("isolatedSymbol"), asked.need("asset")
    _of_pair(scope, asset)
    account = asked.market.exchange.account(scope)
    return {"amount": trimmed(_ZERO if account.in_debt() else account.wallet(asset).free)}


def _of_pair(scope: Scope, asset: str) -> None:
    if asset not in (scope.symbol.base, scope.symbol.quote):
        raise refused("no_asset")


async def _price_index(asked: Asked) -> Any:
    rules = asked.listed()
    price: Price = asked.market.exchange.market(rules.symbol).last
    return {"calcTime": ms(asked.at_ns), "price": padded(price), "symbol": str(rules.symbol)}


async def _next_rate(asked: Asked) -> Any:
    terms = asked.market.exchange.terms
    quotes = {pair.instrument.symbol.quote for pair in asked.market.pairs.values()}
    return [
        {
            "asset": asset,
            "nextHourlyInterestRate": trimmed(
                (terms.daily_rate_quote if asset in quotes else terms.daily_rate_base) / 24
            ),
        }
        for asset in asked.need("assets").split(",")
    ]


async def _rights(asked: Asked) -> Any:
    """What the key may do: trade on margin, from named addresses, and never take money out; and
    what the operator has changed in that.
    """
    return {
        "ipRestrict": True,
        "createTime": ms(asked.at_ns) - 86_400_000,
        "enableReading": True,
        "enableWithdrawals": False,
        "enableInternalTransfer": False,
        "enableMargin": True,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": True,
        "enablePortfolioMarginTrading": False,
    } | asked.market.rights


async def _burn(asked: Asked) -> Any:
    return {"spotBNBBurn": False, "interestBNBBurn": False} | asked.market.burn


_M = "/sapi/v1/margin"


def _ip(
    handler: Handler, weight: int, names: str = "", security: Security = Security.SIGNED
) -> Endpoint:
    return Endpoint(handler=handler, params=params(names), weight=weight, security=security)


def _uid(handler: Handler, weight: int, names: str) -> Endpoint:
    return Endpoint(handler=handler, params=params(names), weight=weight, budget=Budget.UID)


ENDPOINTS: Table = {
    ("GET", f"{_M}/isolated/account"): _ip(_account, 10, "symbols"),
    ("POST", f"{_M}/isolated/account"): _uid(_enable, 300, "symbol"),
    ("DELETE", f"{_M}/isolated/account"): _uid(_disable, 300, "symbol"),
    ("GET", f"{_M}/isolated/accountLimit"): _ip(_account_limit, 1),
    ("GET", f"{_M}/isolated/allPairs"): _ip(_pairs, 10, "symbol", Security.KEY),
    ("GET", f"{_M}/allPairs"): _ip(_no_pairs, 1, "symbol", Security.KEY),
    ("GET", f"{_M}/isolatedMarginTier"): _ip(_tier, 1, "symbol tier"),
    ("GET", f"{_M}/isolatedMarginData"): _ip(_margin_data, 1, "symbol vipLevel"),
    ("GET", f"{_M}/maxBorrowable"): _uid(_max_borrowable, 750, "asset isolatedSymbol"),
    ("GET", f"{_M}/maxTransferable"): _ip(_max_transferable, 50, "asset isolatedSymbol"),
    ("GET", f"{_M}/priceIndex"): _ip(_price_index, 10, "symbol", Security.KEY),
    ("GET", f"{_M}/next-hourly-interest-rate"): _ip(_next_rate, 100, "assets isIsolated"),
    ("GET", "/sapi/v1/account/apiRestrictions"): _ip(_rights, 1),
    ("GET", "/sapi/v1/bnbBurn"): _ip(_burn, 1),
}
