"""The token file of a state directory: read, and made at the first start."""

from __future__ import annotations

import os
from pathlib import Path

from robson.api.tokens import ROLES, Token, TokenFileError, read_token_file
from robson.daemon.clock import new_secret
from robson.domain.errors import ConfigError


def tokens(path: Path) -> tuple[Token, ...]:
    """The tokens; new ones where there is no file.

    Raises:
        ConfigError: the file cannot be used.
    """
    if not path.exists():
        text = "".join(f"{role}:{new_secret(32)}\n" for role in ROLES)
        # Under its name only when it is whole: half a file would keep the next start out.
        half = path.with_name(f"{path.name}.new")
        half.unlink(missing_ok=True)
        fd = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w", encoding="ascii") as file:
            file.write(text)
        half.rename(path)
    try:
        return read_token_file(str(path))
    except TokenFileError as error:
        raise ConfigError(str(error)) from error
