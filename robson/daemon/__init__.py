"""The process: composition and threads; the only place with Thread, Queue and signal."""
