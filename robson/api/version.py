"""Which version of Robson runs: that of the installed package."""

from __future__ import annotations


def installed(otherwise: str = "0+checkout") -> str:
    """The version of the installed package, or what is said of a checkout that is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - takes 10 ms

    try:
        return version("robson")
    except PackageNotFoundError:
        return otherwise
