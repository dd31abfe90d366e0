"""Decoding of secrets that show nothing."""

from __future__ import annotations

import base64
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachkit.text.sasl import Credentials, Fingerprints, Password, decode_base64, read_exchange, split_auth
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
    gave = read_exchange(*split_auth(b"PLAIN " + b64(f"\0anna\0{CANARY}").encode()))
    assert gave.password is not None
    assert CANARY not in repr(gave)


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
    mechanism, initial = split_auth(argument)
    user, _ = read_exchange(mechanism, [*initial, *responses])
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
    assert read_exchange(*split_auth(b"PLAIN " + b64(plain).encode())).user == user


def ntlm(user: str, domain: str, *, is_unicode: bool = True) -> bytes:
    """Make a third message of NTLM (MS-NLMP 2.2.1.3) with a response that must show nowhere."""
    codec = "utf-16-le" if is_unicode else "ascii"
    fields = [b"R" * 24, b"S" * 24, domain.encode(codec), user.encode(codec), b"PC".ljust(4), b""]
    head, payload = b"NTLMSSP\0\x03\0\0\0", b""
    for field in fields:
        size = len(field).to_bytes(2, "little")
        head += size + size + (64 + len(payload)).to_bytes(4, "little")
        payload += field
    return base64.b64encode(head + (1 if is_unicode else 2).to_bytes(4, "little") + payload)


@pytest.mark.parametrize(
    ("mechanism", "responses", "user"),
    [
        ("DIGEST-MD5", [b'realm="x",username="anna@example.it",nonce="n",response=deadbeef'], "anna@example.it"),
        ("DIGEST-MD5", [b'username="an\\"na",response=1'], 'an"na'),
        ("SCRAM-SHA-1", [b"n,,n=anna,r=fyko", b"c=biws,r=fyko3,p=v0X8"], "anna"),
        ("SCRAM-SHA-256", [b"y,a=boss,n=an=2Cna=3D,r=x"], "an,na="),
        ("EXTERNAL", [b"anna@example.it"], "anna@example.it"),
        ("PLAIN", ["\0anna\0secret".encode("utf-16-le")], "anna"),
        ("LOGIN", ["anna@example.it".encode("utf-16-be"), "secret".encode("utf-16")], "anna@example.it"),
    ],
)
def test_the_user_name_is_read_whatever_the_mechanism(mechanism: str, responses: list[bytes], user: str) -> None:
    gave = read_exchange(mechanism, [base64.b64encode(one) for one in responses])
    assert gave.user == user
    assert gave.password is None or gave.password.reveal() == "secret"


@pytest.mark.parametrize("is_unicode", [True, False])
def test_ntlm_gives_domain_and_user_and_nothing_of_the_response(is_unicode: bool) -> None:
    first = base64.b64encode(b"NTLMSSP\0\x01\0\0\0\x07\x82\x08\xa2")
    gave = read_exchange("NTLM", [first, ntlm("anna", "EXAMPLE", is_unicode=is_unicode)])
    assert gave == Credentials("EXAMPLE\\anna", None)


@pytest.mark.parametrize(
    "raw", [b"NTLMSSP\0\x03\0\0\0", b"NTLMSSP\0\x03\0\0\0" + b"\xff" * 60, b"n,,r=x", b"username=", b""]
)
def test_a_torn_exchange_names_nobody(raw: bytes) -> None:
    for mechanism in ("NTLM", "DIGEST-MD5", "SCRAM-SHA-1"):
        assert read_exchange(mechanism, [base64.b64encode(raw)]).password is None
