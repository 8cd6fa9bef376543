"""Which client id an order number has: Binance's lists of trades tell the number alone."""

from __future__ import annotations

KEPT = 10_000


class Names:
    """Client ids by order number, the oldest forgotten; of one lane."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}

    def learn(self, order_id: int, client_id: str) -> None:
        """An answer has told both."""
        self._names[order_id] = client_id
        if len(self._names) > KEPT:
            self._names.pop(next(iter(self._names)), None)

    def of(self, order_id: int) -> str | None:
        """The client id; None where no answer has told it yet."""
        return self._names.get(order_id)
