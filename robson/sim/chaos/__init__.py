"""Chaos: a daemon and an exchange as real processes, struck at every system call."""
