"""One call's connection to one daemon, and what has to be said before it changes anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from robson.api.client import CallFailed, Client
from robson.api.document.status import daemon as daemon_document
from robson.api.errors import INTERRUPTED
from robson.cli import doors, output
from robson.cli.problem import Problem
from robson.cli.settings import Settings

_Answer = TypeVar("_Answer")
_TRANSPORT = ("UNAVAILABLE", "DEADLINE_EXCEEDED")


class Session:
    """A door, found and opened; nothing is sent before the first call.

    Raises:
        Problem: no door can be told.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self.settings = settings
        self._environ = environ
        self.door = doors.find(settings, environ)
        if settings.verbose:
            fallback = f" ({self.door.fallback})" if self.door.fallback else ""
            output.note(f"door {self.door.url}{fallback}")
        self.client = Client(
            self.door.url,
            token=self.door.token,
            actor=_actor(environ),
            timeout_s=settings.timeout_s,
        )

    def again(self) -> Session:
        """Another connection, to whatever daemon is there now.

        A socket that was taken is kept: another daemon may listen on TCP while this one starts.

        Raises:
            Problem: no door can be told.
        """
        self.client.close()
        kept = self.settings
        if self.url.startswith("unix://"):
            kept = kept._replace(url=self.url)
        return Session(kept, self._environ)

    def hasty(self, timeout_s: float) -> Session:
        """The same with a deadline no longer than this, for looks that are repeated anyway."""
        least = min(timeout_s, self.settings.timeout_s)
        self.client.close()
        return Session(self.settings._replace(timeout_s=least), self._environ)

    @property
    def url(self) -> str:
        """The door's address, as documents say it."""
        return self.door.url

    def ask(self, question: Callable[[], _Answer]) -> _Answer:
        """Make a call that changes nothing, of the daemon that was meant.

        Raises:
            Problem: refused, not answered, or another profile answered.
        """
        try:
            answer = question()
        except CallFailed as failed:
            raise self.problem(failed) from None
        self._check_profile(answer)
        return answer

    def before_change(self) -> dict[str, Any]:
        """Say what has to be said before a change: a fallback, or that this is real money.

        Raises:
            Problem: no answer, or another daemon than the one that was meant.
        """
        answer = self.ask(self.client.daemon)
        who: dict[str, Any] = daemon_document(answer.daemon, self.url)
        name = f"{who['profile']}, account {who['account']}, by {self.url}"
        if self.door.fallback:
            output.note(f"{self.door.fallback}; this is {name}")
        elif who["profile"] == "live":
            real = "it observes, and sends no order" if who["observes"] else "real orders"
            output.note(f"this is {name}: {real}")
        return who

    def change(self, command: Callable[[], _Answer]) -> _Answer:
        """Make a call that may change something, once :meth:`before_change` has been answered.

        Raises:
            Problem: refused; or not answered, and then it may have been taken.
        """
        try:
            return command()
        except CallFailed as failed:
            raise self._maybe_taken(failed) from None
        except KeyboardInterrupt:
            said = f"interrupted. robsond may have taken the command on {self.url}."
            raise Problem("PENDING", said, {"door": self.url}, exit_code=INTERRUPTED) from None

    def change_stream(self, command: Callable[[], Iterator[_Answer]]) -> Iterator[_Answer]:
        """The same for a command that answers more than once."""
        try:
            yield from command()
        except CallFailed as failed:
            raise self._maybe_taken(failed) from None

    def _check_profile(self, answer: Any) -> None:
        wanted, found = self.settings.profile, answer.daemon.profile
        if wanted and wanted != found:
            raise Problem(
                "INVALID_ARGUMENT",
                f"the daemon at {self.url} is {found}; --profile {wanted} refuses it.",
                daemon=daemon_document(answer.daemon, self.url),
            )

    def _maybe_taken(self, failed: CallFailed) -> Problem:
        if failed.answered or failed.code not in _TRANSPORT:
            return self.problem(failed)
        return Problem(
            "PENDING",
            f"robsond took the command on {self.url} and did not answer within"
            f" {self.settings.timeout_s:g} s.",
            {"door": self.url},
        )

    def _who(self) -> dict[str, Any] | None:
        """Who has refused; None when it does not say so to everybody."""
        try:
            answer = self.client.daemon()
        except CallFailed:
            return None
        who: dict[str, Any] = daemon_document(answer.daemon, self.url)
        return who

    def problem(self, failed: CallFailed) -> Problem:
        """What a failed call is to a person."""
        if failed.answered:
            option = failed.details.get("option")
            message = failed.message
            if option and message.startswith(option):
                message = f"--{message}"
            return Problem(failed.code, message, failed.details, daemon=self._who())
        details = {"door": self.url}
        if failed.code == "DEADLINE_EXCEEDED":
            message = (
                f"robsond did not answer on {self.url} within {self.settings.timeout_s:g} s"
                " (--timeout)."
            )
        elif failed.code == "UNAVAILABLE":
            looked = f" ({self.door.fallback})" if self.door.fallback else ""
            message = f"robsond does not answer on {self.url}{looked}."
        elif failed.code == "RESOURCE_EXHAUSTED":
            message = "the request is larger than robsond takes."
        else:
            message = f"robsond could not answer on {self.url}: {failed.message}."
        return Problem(failed.code, message, details)


def _actor(environ: Mapping[str, str]) -> str:
    """Who asks, as the journal will hold it: user and host."""
    user = environ.get("SUDO_USER") or environ.get("USER") or _user_name(os.getuid())
    return f"{user}@{os.uname().nodename}"


def _user_name(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"uid-{number}"
