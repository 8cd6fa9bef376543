"""What a client asks about itself and the house before it trades: status, fees, wallets, assets.

The venue keeps nothing but isolated accounts: a spot account is empty, a cross account does not
exist.
"""

from __future__ import annotations

from typing import Any

from robson.connectors.simulated.entries import Deposited, Withdrawn
from robson.sim.venue.asked import Asked
from robson.sim.venue.endpoints import Budget, Endpoint, Handler, Security, Table, params
from robson.sim.venue.public import wanted
from robson.sim.venue.refusals import refused
from robson.sim.venue.wire import ms, padded, trimmed

_NOTHING = "0.00000000"


def _assets(asked: Asked) -> list[str]:
    pairs = asked.market.pairs.values()
    symbols = [pair.instrument.symbol for pair in pairs]
    return sorted({asset for symbol in symbols for asset in (symbol.base, symbol.quote)})


# --- the house -----------------------------------------------------------------------------------


async def _system(_asked: Asked) -> Any:
    return {"status": 0, "msg": "normal"}


async def _all_assets(asked: Asked) -> Any:
    return [
        {
            "assetFullName": asset,
            "assetName": asset,
            "isBorrowable": True,
            "isMortgageable": True,
            "userMinBorrow": _NOTHING,
            "userMinRepay": _NOTHING,
            "delistTime": None,
        }
        for asset in _assets(asked)
        if asked.get("asset") in (None, asset)
    ]


async def _coins(asked: Asked) -> Any:
    """Coins of the wallet: none of them moves in or out of the venue, so none has a network."""
    return [
        {
            "coin": asset,
            "depositAllEnable": False,
            "free": "0",
            "freeze": "0",
            "ipoable": "0",
            "ipoing": "0",
            "isLegalMoney": False,
            "locked": "0",
            "name": asset,
            "networkList": [],
            "storage": "0",
            "trading": True,
            "withdrawAllEnable": False,
            "withdrawing": "0",
        }
        for asset in _assets(asked)
    ]


async def _rates(asked: Asked) -> Any:
    """What borrowing an asset costs, which never changes here."""
    asset, terms = asked.need("asset"), asked.market.exchange.terms
    if asset not in _assets(asked):
        raise refused("no_asset")
    quotes = {pair.instrument.symbol.quote for pair in asked.market.pairs.values()}
    daily = terms.daily_rate_quote if asset in quotes else terms.daily_rate_base
    row = {"asset": asset, "dailyInterestRate": trimmed(daily), "vipLevel": 0}
    return [row | {"timestamp": ms(asked.at_ns)}]


async def _inventory(asked: Asked) -> Any:
    if asked.need("type") not in ("MARGIN", "ISOLATED"):
        raise refused("illegal", "type", "MARGIN|ISOLATED")
    lent = dict.fromkeys(_assets(asked), "2100000")
    return {"assets": lent, "updateTime": ms(asked.at_ns)}


async def _none(_asked: Asked) -> Any:
    """There is nothing of that kind."""
    return []


# --- the customer --------------------------------------------------------------------------------


async def _status(_asked: Asked) -> Any:
    return {"data": "Normal"}


async def _trading_status(asked: Asked) -> Any:
    condition = {"GCR": 150, "IFER": 150, "UFR": 300}
    told = {"isLocked": False, "plannedRecoverTime": 0, "triggerCondition": condition}
    return {"data": told | {"updateTime": ms(asked.at_ns)}}


async def _fees(asked: Asked) -> Any:
    return [
        {
            "symbol": pair.symbol,
            "makerCommission": trimmed(pair.instrument.taker_fee),
            "takerCommission": trimmed(pair.instrument.taker_fee),
        }
        for pair in wanted(asked)
    ]


async def _commission(asked: Asked) -> Any:
    rules = asked.listed()
    rates = {"maker": padded(rules.taker_fee), "taker": padded(rules.taker_fee)}
    both, none = {"buyer": _NOTHING, "seller": _NOTHING}, {"maker": _NOTHING, "taker": _NOTHING}
    return {
        "symbol": str(rules.symbol),
        "standardCommission": rates | both,
        "specialCommission": none | both,
        "taxCommission": none | both,
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": "BNB",
            "discount": _NOTHING,
        },
    }


async def _spot(asked: Asked) -> Any:
    fee = next(iter(asked.market.pairs.values())).instrument.taker_fee
    rates = {"maker": padded(fee), "taker": padded(fee), "buyer": _NOTHING, "seller": _NOTHING}
    basis = int(fee * 10_000)
    empty = [{"asset": asset, "free": _NOTHING, "locked": _NOTHING} for asset in _assets(asked)]
    return {
        "makerCommission": basis,
        "takerCommission": basis,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": rates,
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": ms(asked.at_ns),
        "accountType": "SPOT",
        "balances": [] if asked.flag("omitZeroBalances", default=False) else empty,
        "permissions": ["SPOT", "MARGIN"],
        "uid": 1,
    }


async def _no_cross(_asked: Asked) -> Any:
    raise refused("no_account")


async def _set_burn(asked: Asked) -> Any:
    """Whether fees and interest are paid in BNB; there is none here, so nothing ever is."""
    for name in ("spotBNBBurn", "interestBNBBurn"):
        if asked.get(name) is not None:
            asked.market.burn[name] = asked.flag(name, default=False)
    return {"spotBNBBurn": False, "interestBNBBurn": False} | asked.market.burn


async def _transfers(asked: Asked) -> Any:
    """Transfers of one kind, newest first, as the wallet lists them."""
    kind = asked.need("type")
    inward = kind.endswith(("_ISOLATEDMARGIN", "_ISOLATED_MARGIN"))
    sort = Deposited if inward else Withdrawn
    start, end = asked.moment("startTime") or 0, asked.moment("endTime") or ms(asked.at_ns)
    rows = [
        {
            "asset": entry.asset,
            "amount": trimmed(entry.amount),
            "type": kind,
            "status": "CONFIRMED",
            "tranId": number,
            "timestamp": ms(entry.at_ns),
            ("toSymbol" if inward else "fromSymbol"): str(entry.scope.symbol),
        }
        for number, entry in enumerate(asked.market.books.entries(), 1)
        if isinstance(entry, sort)
        and entry.scope.account == asked.account
        and start <= ms(entry.at_ns) <= end
        and "ISOLATED" in kind
    ]
    rows.reverse()
    size, current = min(asked.number("size") or 10, 100), asked.number("current") or 1
    return {"total": len(rows), "rows": rows[(current - 1) * size : current * size]}


# --- spot, where nothing may be traded ----------------------------------------------------------


async def _no_spot(_asked: Asked) -> Any:
    raise refused("no_spot")


async def _no_order(_asked: Asked) -> Any:
    raise refused("order_unknown")


async def _no_cancel(_asked: Asked) -> Any:
    raise refused("cancel_unknown")


async def _spot_counts(_asked: Asked) -> Any:
    rows = (("SECOND", 10, 100), ("DAY", 1, 200_000))
    return [
        {
            "rateLimitType": "ORDERS",
            "interval": unit,
            "intervalNum": many,
            "limit": most,
            "count": 0,
        }
        for unit, many, most in rows
    ]


_S, _M, _V3 = "/sapi/v1", "/sapi/v1/margin", "/api/v3"


def _ip(
    handler: Handler, weight: int, names: str = "", security: Security = Security.SIGNED
) -> Endpoint:
    return Endpoint(handler=handler, params=params(names), weight=weight, security=security)


def _api(handler: Handler, weight: int, names: str | None = "") -> Endpoint:
    known = None if names is None else params(names)
    return Endpoint(handler=handler, params=known, weight=weight, budget=Budget.API)


_SPOT: Table = {
    ("GET", f"{_V3}/account"): _api(_spot, 20, "omitZeroBalances"),
    ("GET", f"{_V3}/account/commission"): _api(_commission, 20, "symbol"),
    ("GET", f"{_V3}/rateLimit/order"): _api(_spot_counts, 40),
    ("GET", f"{_V3}/openOrders"): _api(_none, 6, None),
    ("GET", f"{_V3}/allOrders"): _api(_none, 20, None),
    ("GET", f"{_V3}/myTrades"): _api(_none, 20, None),
    ("GET", f"{_V3}/order"): _api(_no_order, 4, None),
    ("DELETE", f"{_V3}/order"): _api(_no_cancel, 1, None),
    ("POST", f"{_V3}/order"): _api(_no_spot, 1, None),
    ("POST", f"{_V3}/order/test"): _api(_no_spot, 1, None),
    ("POST", f"{_V3}/order/cancelReplace"): _api(_no_spot, 1, None),
}
"""There is an account, and no symbol may be traded on it."""


ENDPOINTS: Table = {
    ("GET", f"{_S}/system/status"): _ip(_system, 1, "", Security.NONE),
    ("GET", f"{_S}/account/status"): _ip(_status, 1),
    ("GET", f"{_S}/account/apiTradingStatus"): _ip(_trading_status, 1),
    ("GET", f"{_S}/asset/tradeFee"): _ip(_fees, 1, "symbol"),
    ("GET", f"{_S}/asset/transfer"): _ip(
        _transfers, 1, "type startTime endTime current size fromSymbol toSymbol"
    ),
    ("GET", f"{_S}/capital/config/getall"): _ip(_coins, 10),
    ("POST", f"{_S}/asset/get-funding-asset"): _ip(_none, 1, "asset needBtcValuation"),
    ("POST", "/sapi/v3/asset/getUserAsset"): _ip(_none, 5, "asset needBtcValuation"),
    ("POST", f"{_S}/bnbBurn"): _ip(_set_burn, 1, "spotBNBBurn interestBNBBurn"),
    ("GET", f"{_M}/allAssets"): _ip(_all_assets, 1, "asset", Security.KEY),
    ("GET", f"{_M}/account"): _ip(_no_cross, 10),
    ("GET", f"{_M}/tradeCoeff"): _ip(_no_cross, 10),
    ("GET", f"{_M}/leverageBracket"): _ip(_none, 1, "", Security.KEY),
    ("GET", f"{_M}/exchange-small-liability"): _ip(_none, 100),
    ("GET", f"{_M}/crossMarginData"): _ip(_none, 5, "vipLevel coin"),
    ("GET", f"{_M}/delist-schedule"): _ip(_none, 100, "", Security.KEY),
    ("GET", f"{_M}/available-inventory"): _ip(_inventory, 50, "type"),
    ("GET", f"{_M}/interestRateHistory"): _ip(_rates, 1, "asset vipLevel startTime endTime limit"),
    **_SPOT,
}
