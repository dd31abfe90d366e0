"""Decoding of secrets that show nothing."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachkit.sasl import Exchange
from breachkit.sasl import Fingerprints
from breachkit.sasl import Password
from breachkit.sasl import decode_base64
from tests.servers.icewarp.factories import b64

CANARY = "c4n4ry-secret"


def test_a_password_shows_nothing() -> None:
    password = Password(CANARY)
    for text in (repr(password), str(password), f"{password}", f"{password!r}", f"{[password]}", f"{vars}"):
        assert CANARY not in text
    with pytest.raises(TypeError):
        pickle.dumps(password)
    assert password.reveal() == CANARY


def test_credentials_show_no_password_in_a_traceback() -> None:
    exchange = Exchange(b"PLAIN " + b64(f"\0anna\0{CANARY}").encode())
    assert CANARY not in repr(exchange.credentials())
    assert CANARY not in repr(exchange)


def test_fingerprints_compare_within_a_run_only() -> None:
    one, other = Fingerprints(b"key of one run"), Fingerprints(b"key of another")
    assert one.of(CANARY) == one.of_password(Password(CANARY))
    assert one.of(CANARY) != one.of(CANARY + "x")
    assert one.of(CANARY) != other.of(CANARY)
    assert one.of_password(None) is None


@pytest.mark.parametrize("raw", [b"", b"=", b"*", b"***", b"xxxx", b"a", b"not base64", b"YQ==YQ==", b"A" * 20_000])
def test_what_is_no_base64_is_nothing(raw: bytes) -> None:
    assert decode_base64(raw) is None


@given(st.binary(min_size=1, max_size=60))
def test_base64_is_decoded_without_its_padding(raw: bytes) -> None:
    text = b64(raw.decode("latin-1"))
    assert decode_base64(text.rstrip("=").encode()) == raw.decode("latin-1").encode() or set(text) <= set("xX")


@given(st.binary(max_size=80), st.lists(st.binary(max_size=40), max_size=6))
def test_no_exchange_fails(argument: bytes, responses: list[bytes]) -> None:
    exchange = Exchange(argument)
    for response in responses:
        exchange.add(response)
    user, _ = exchange.credentials()
    assert user is None or user.isprintable()


@pytest.mark.parametrize(
    ("plain", "user"),
    [
        ("\0anna\0pw", "anna"),
        ("who\0anna\0pw", "anna"),
        ("anna\0pw", "anna"),
        ("anna", None),
        ("a\0b\0c\0d", None),
        ("\0\0", None),
    ],
)
def test_plain_gives_the_account_that_authenticates(plain: str, user: str | None) -> None:
    assert Exchange(b"PLAIN " + b64(plain).encode()).credentials().user == user
