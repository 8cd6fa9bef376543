"""Listen tokens: what opens a user's stream, and for how long."""

from __future__ import annotations

import hashlib
from typing import Any

from robson.domain.identity import Scope
from robson.sim.venue.asked import Asked
from robson.sim.venue.endpoints import Budget, Endpoint, Security, Table, params
from robson.sim.venue.refusals import refused
from robson.sim.venue.wire import ms

MAX_VALIDITY_MS = 86_400_000


async def _token(asked: Asked) -> Any:
    """A token for one pair's account."""
    validity = asked.number("validity")
    if validity is not None and not 0 < validity <= MAX_VALIDITY_MS:
        raise refused("illegal", "validity", f"1-{MAX_VALIDITY_MS}")
    if (asked.get("isIsolated") or "false").lower() != "true":
        raise refused("no_account")
    scope = asked.scope()
    asked.market.exchange.account(scope)
    expires = ms(asked.at_ns) + (validity or MAX_VALIDITY_MS)
    tokens: dict[str, tuple[Scope, int]] = asked.market.tokens
    text = hashlib.sha256(f"{scope} {asked.at_ns} {len(tokens)}".encode()).hexdigest()
    tokens[text] = (scope, expires)
    return {"token": text, "expirationTime": expires}


ENDPOINTS: Table = {
    ("POST", "/sapi/v1/userListenToken"): Endpoint(
        handler=_token,
        params=params("symbol isIsolated validity"),
        security=Security.KEY,
        budget=Budget.UID,
    )
}
