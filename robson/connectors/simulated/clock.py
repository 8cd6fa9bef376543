"""Virtual time: one clock that serves monotonic and exchange time, moved by the driver alone."""

from __future__ import annotations

from robson.domain.values import ExchangeNs, MonotonicNs


class VirtualClock:
    """Stands still until it is moved; never runs back."""

    def __init__(self, now_ns: int = 0) -> None:
        self.now_ns = now_ns

    def monotonic_ns(self) -> MonotonicNs:
        """The one time, as a monotonic one."""
        return MonotonicNs(self.now_ns)

    def exchange_ns(self) -> ExchangeNs:
        """The one time, as the exchange's."""
        return ExchangeNs(self.now_ns)

    def signing_ns(self) -> ExchangeNs:
        """The one time, to sign by."""
        return ExchangeNs(self.now_ns)

    def move_to(self, at_ns: int) -> None:
        """Let time pass."""
        assert at_ns >= self.now_ns, "virtual time runs forward"
        self.now_ns = at_ns
