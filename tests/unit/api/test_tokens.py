"""The token file: what is a line, who may read it, and that no message holds a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from robson.api.tokens import Token, TokenFileError, parse_tokens, read_token_file, strongest

SECRET = "s3cr3t" * 8


def test_lines_are_role_and_token() -> None:
    text = f"# made at the first start\n\nviewer:{SECRET}\n  admin:{SECRET}x  \n"

    assert parse_tokens(text) == (Token("viewer", SECRET), Token("admin", SECRET + "x"))
    assert strongest(parse_tokens(text)).role == "admin"


@pytest.mark.parametrize(
    "text",
    ["", "# nothing", f"root:{SECRET}", SECRET, "admin:short", f"admin:{SECRET}é", "admin:"],
)
def test_a_file_that_cannot_be_used_says_where_and_keeps_the_secret(text: str) -> None:
    with pytest.raises(TokenFileError) as wrong:
        parse_tokens(text)

    assert SECRET not in str(wrong.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "token"
    file.write_text(f"admin:{SECRET}\n")
    file.chmod(mode)

    with pytest.raises(TokenFileError, match=r"open to others .* chmod 600"):
        read_token_file(str(file))


def test_a_file_of_its_owner_is_read(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"admin:{SECRET}\n")
    file.chmod(0o600)

    assert read_token_file(str(file)) == (Token("admin", SECRET),)


def test_a_missing_or_binary_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(TokenFileError, match="cannot be read: No such file"):
        read_token_file(str(tmp_path / "none"))
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    binary.chmod(0o600)
    with pytest.raises(TokenFileError, match="is not a token file"):
        read_token_file(str(binary))
