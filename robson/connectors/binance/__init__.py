"""Robson's own connector to Binance isolated margin: about fifteen endpoints and two streams."""
