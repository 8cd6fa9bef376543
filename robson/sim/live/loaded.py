"""Has loaded what a live position starts, the daemon and the venue, and forks them."""

from __future__ import annotations

from robson.sim.template import serve

if __name__ == "__main__":
    import robson.daemon.binance
    import robson.daemon.serving
    import robson.sim.venue.command  # noqa: F401 - what the two start with

    serve()
