"""Signatures: the published vectors, an Ed25519 one of our own, encoding before signing."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from robson.connectors.binance.keys import read_key
from robson.connectors.binance.signing import Ed25519Signer, HmacSigner, encoded, signed
from robson.domain.errors import ConfigError

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
TAIL = (
    "&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
    "&timestamp=1499827319559"
)
HMAC = [
    ("symbol=LTCBTC", "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"),
    (
        "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96",
        "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3",
    ),
]
PEM = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
"""
PAYLOAD = (
    "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price=0.2"
    "&timestamp=1668481559918&recvWindow=5000"
)
ED25519 = (
    "m5loLRxgkb9HyW0wkZ4KNrpck881bx5D0OrKNnPklvk4tlGjEJkhiP9DoyC0sc1lXA%2FTWugjVPrMb%2F"
    "bfNdmdBw%3D%3D"
)
_RSA = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(("symbol", "signature"), HMAC)
def test_the_published_hmac_vectors(symbol: str, signature: str) -> None:
    signer = HmacSigner(SECRET)
    for _ in range(2):  # one signer signs every request of a process
        assert signer.sign((symbol + TAIL).encode()) == signature


def test_ed25519_is_plain_and_percent_encoded() -> None:
    assert Ed25519Signer(PEM).sign(PAYLOAD.encode()) == ED25519


def test_it_is_encoded_before_it_is_signed() -> None:
    """What is signed is what is sent: no client in between may encode it again."""
    params = {
        "symbol": "".join(chr(0xFF10 + digit) for digit in range(1, 7)),
        "side": "BUY",
        "type": "LIMIT",
    }
    params |= {"timeInForce": "GTC", "quantity": "1", "price": "0.1"}
    query = signed({**params, "recvWindow": 5000, "timestamp": 1499827319559}, HmacSigner(SECRET))

    assert query == HMAC[1][0] + TAIL + "&signature=" + HMAC[1][1]
    assert encoded({"a": "x y&z"}) == "a=x%20y%26z"


def test_a_secret_is_shown_to_nobody(tmp_path: Path) -> None:
    path = _file(tmp_path, 'api_key = "canaryK"\nsecret_key = "canaryS"\n')
    shown = f"{read_key(path)!r} {HmacSigner('canaryS')!r} {Ed25519Signer(PEM)!r}"

    assert "canary" not in shown


def test_a_key_file_of_each_kind(tmp_path: Path) -> None:
    path = _file(tmp_path, 'api_key = "k"\nsecret_key = "s"\n')
    assert read_key(path).signer.sign(b"x") == HmacSigner("s").sign(b"x")

    _file(tmp_path, PEM.decode(), name="ed.pem")
    path = _file(tmp_path, 'api_key = "k"\nprivate_key_file = "ed.pem"\n')
    assert read_key(path).signer.sign(PAYLOAD.encode()) == ED25519


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("canary", "is not TOML"),
        ('api_key = "canary"', "needs one of secret_key and private_key_file"),
        ('api_key = "canary"\nsecret_key = "a"\nprivate_key_file = "b"', "and not both"),
        ('secret_key = "canary"', "has no api_key"),
        ('api_key = "k"\nsecret_key = "canary"\nmore = 1', "has more than"),
        ('api_key = "k"\nprivate_key_file = "nobody.pem"', "cannot be read"),
        ('api_key = "k"\nprivate_key_file = "bad.pem"', "is no private key in PEM"),
    ],
)
def test_a_key_file_that_cannot_be_used_is_not_quoted(tmp_path: Path, text: str, said: str) -> None:
    _file(tmp_path, _RSA.decode(), name="bad.pem")
    with pytest.raises(ConfigError, match=said) as refused:
        read_key(_file(tmp_path, text))

    assert "canary" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = _file(tmp_path, 'api_key = "k"\nsecret_key = "s"\n')
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(ConfigError, match="others may read it"):
            read_key(path)


def _file(folder: Path, text: str, *, name: str = "key.toml") -> Path:
    path = folder / name
    path.touch(0o600)
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", ["a-b.c_d~9", "a b", "100%", "a+b/c=", "&x=y", "é", "", 0, -5])
def test_parameters_are_encoded_as_the_standard_library_does(text: str | int) -> None:
    params = {"one": text, "two": text}
    assert encoded(params) == urlencode(params, quote_via=quote, safe="")
