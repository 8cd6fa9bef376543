"""Where a message leaves this machine: one POST of JSON, or one program fed on its standard input.

Neither says its address or its program's words: they may hold secrets, and others read the log.
"""

from __future__ import annotations

import os
import subprocess
from typing import Protocol

import requests
from requests.adapters import HTTPAdapter

CONNECT_S, ANSWER_S, PROGRAM_S = 2.0, 5.0, 10.0
TAKEN = range(200, 300)
_HEADERS = {"Content-Type": "application/json", "User-Agent": "robson"}


class Sink(Protocol):
    """One way out. ``name`` is safe to be said."""

    name: str

    def deliver(self, body: bytes) -> str:
        """Deliver once; empty when it was taken, else what is wrong, in words safe to be said."""


class Post:
    """HTTP POST. No redirect is followed, nothing is repeated, no proxy is asked for."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=0))

    def deliver(self, body: bytes) -> str:
        """See :class:`Sink`."""
        try:
            with self._session.post(
                self._url,
                data=body,
                headers=_HEADERS,
                timeout=(CONNECT_S, ANSWER_S),
                allow_redirects=False,
                stream=True,
            ) as found:
                status = found.status_code
        except (requests.RequestException, OSError, ValueError) as error:
            return type(error).__name__  # never its text: it holds the address
        return "" if status in TAKEN else f"HTTP {status}"


class Program:
    """A program, without arguments and without this process's environment."""

    def __init__(self, name: str, path: str) -> None:
        self.name = name
        self._path = path

    def deliver(self, body: bytes) -> str:
        """See :class:`Sink`."""
        try:
            ended = subprocess.run(  # noqa: S603 - the owner's own program, by its full path
                [self._path],
                input=body,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=PROGRAM_S,
                env={"PATH": os.defpath},
                check=False,
            )
        except (OSError, subprocess.SubprocessError) as error:
            return type(error).__name__
        return "" if ended.returncode == 0 else f"exit code {ended.returncode}"
