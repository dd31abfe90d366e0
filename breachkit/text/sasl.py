"""An AUTH exchange → user, mechanism, outcome, and a password that shows nothing.

Sources: RFC 4954 (SMTP AUTH), RFC 4616 (PLAIN), RFC 2195 (CRAM-MD5), RFC 2831 (DIGEST-MD5), RFC 5802 (SCRAM),
RFC 4422 (EXTERNAL), RFC 7628 (OAUTHBEARER), MS-NLMP 2.2.1.3 (NTLM), Google's XOAUTH2 page, and the seed guide for
LOGIN (the 2nd and 4th line after `AUTH LOGIN`). Missing base64 padding is supplied; UTF-16 is read as such, what is
not UTF-8 as cp1252; a slot that is masked, empty or no base64 yields None and the exchange goes on.
"""

from __future__ import annotations

import binascii
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from breachkit.text.charsets import decode_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.records import Account

AuthMode = Literal["standard", "directory", "any"]
"""Who knows the password: the mail server, a directory (NT, Active Directory), or nobody because any one will do."""

MECHANISMS = frozenset(
    {
        "LOGIN",
        "PLAIN",
        "CRAM-MD5",
        "DIGEST-MD5",
        "XOAUTH2",
        "OAUTHBEARER",
        "NTLM",
        "GSSAPI",
        "EXTERNAL",
        "ANONYMOUS",
        "SCRAM-SHA-1",
        "SCRAM-SHA-1-PLUS",
        "SCRAM-SHA-256",
        "SCRAM-SHA-256-PLUS",
        "KERBEROS_V4",
        "OTP",
    },
)
"""What may stand after AUTH and be shown; any other word there may be a password."""

OTHER = "other"

_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_MASK = re.compile(rb"[xX]{3,}")
"""A slot that the server itself has blanked out with letters; stars and dots are no base64 anyway."""
_EMPTY = frozenset({b"", b"="})
"""No initial response, or one that RFC 4954 §4 spells as empty."""
_LONGEST = 12_288
"""RFC 4954 §4: the longest line of an exchange a server must take."""


class Password:
    """A decoded secret; it shows nothing and compares only by fingerprint."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Password(***)"

    __str__ = __repr__

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a password is not pickled")

    def reveal(self) -> str:
        """Return the secret itself; only for a terminal whose user asked for it."""
        return self._text


class Fingerprints:
    """Keyed digests of secrets: good for telling equal from unlike within one run, for nothing else."""

    __slots__ = ("_key", "_keyed")

    def __init__(self, key: bytes) -> None:
        self._key = key
        # to key a digest anew takes as long as all the rest, and a password is held against 50,000 words
        import hashlib  # OpenSSL takes 3 to 8 ms, and a purge compares no secrets

        self._keyed = hashlib.blake2b(key=key, digest_size=8)

    def __reduce__(self) -> tuple[object, ...]:
        return Fingerprints, (self._key,)

    def of(self, text: str) -> bytes:
        """Digest one secret, 8 bytes."""
        digest = self._keyed.copy()
        digest.update(text.encode("utf-8", "surrogatepass"))
        return digest.digest()

    def of_password(self, password: Password | None) -> bytes | None:
        """Digest a decoded password; None when it is not visible."""
        return None if password is None else self.of(password.reveal())


class Credentials(NamedTuple):
    """What an exchange gave away."""

    user: str | None
    password: Password | None


NOTHING = Credentials(None, None)


def decode_base64(raw: bytes) -> bytes | None:
    """Decode one response, padding supplied; None for what is masked, empty (`=`), `*` or no base64."""
    raw = raw.strip()
    if len(raw) > _LONGEST or not _BASE64.fullmatch(raw) or _MASK.fullmatch(raw):
        return None
    bare = raw.rstrip(b"=")
    try:
        return binascii.a2b_base64(bare + b"=" * (-len(bare) % 4), strict_mode=True)
    except binascii.Error:
        return None


_RESPONSES = {"LOGIN": 2, "PLAIN": 1, "CRAM-MD5": 1, "XOAUTH2": 1, "OAUTHBEARER": 1}
"""How many responses complete an exchange, where that is known."""
MOST_RESPONSES = 4
"""Responses of an exchange that are kept: no mechanism that we read has more, and a flood is not kept."""


def split_auth(argument: bytes) -> tuple[str, list[bytes]]:
    """Split what stands behind `AUTH `: the mechanism, and the response that came with it, if there is one."""
    word, _, initial = argument.strip().partition(b" ")
    name = word.decode("ascii", "replace").upper()
    initial = initial.strip()
    return name if name in MECHANISMS else OTHER, [] if initial in _EMPTY else [initial]


def is_complete(mechanism: str, responses: Sequence[bytes]) -> bool:
    """Tell whether the client has nothing more to say in a mechanism that we know."""
    wanted = _RESPONSES.get(mechanism)
    return wanted is not None and len(responses) >= wanted


def read_exchange(mechanism: str, responses: Sequence[bytes]) -> Credentials:
    """Decode what the client gave in an exchange, of all its responses."""
    if mechanism == "LOGIN" and len(responses) == 2:  # the usual one, at a third of the time
        return Credentials(_known_user(responses[0]), _password(decode_base64(responses[1])))
    decoder = _DECODERS.get(mechanism)
    return decoder([decode_base64(response) for response in responses]) if decoder and responses else NOTHING


@lru_cache(maxsize=1 << 14)
def _known_user(response: bytes) -> str | None:
    """Decode a user name: few come again and again."""
    return _user(decode_base64(response))


def _user(raw: bytes | None) -> str | None:
    if raw is None:
        return None
    text = (_utf16(raw) or decode_text(raw)).strip().strip("\0")
    # a colon joins user and password in a login that somebody spelled wrongly
    return text if text and text.isprintable() and ":" not in text else None


def _utf16(raw: bytes) -> str | None:
    """Read what a script has encoded as UTF-16, with or without a mark; None when it is no such text."""
    for mark, codec in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        little = codec.endswith("le")
        body = raw.removeprefix(mark)
        is_marked = body != raw
        if len(body) < 2 or len(body) % 2 or not (is_marked or not any(body[1::2] if little else body[::2])):
            continue
        try:
            return body.decode(codec)
        except UnicodeDecodeError:
            continue
    return None


def _password(raw: bytes | None) -> Password | None:
    return None if raw is None else Password((_utf16(raw) or decode_text(raw)).rstrip("\r\n\0"))


def _login(slots: list[bytes | None]) -> Credentials:
    return Credentials(_user(slots[0]), _password(slots[1]) if len(slots) > 1 else None)


def _plain(slots: list[bytes | None]) -> Credentials:
    if slots[0] is None:
        return NOTHING
    parts = slots[0].split(b"\0")
    if len(parts) > 3 and (text := _utf16(slots[0])):
        parts = text.encode("utf-8").split(b"\0")
    if len(parts) not in (2, 3):  # [authzid] NUL authcid NUL password (RFC 4616 §2); some leave the first NUL out
        return NOTHING
    *authorised, authenticated, password = parts
    return Credentials(_user(authenticated) or _user(b"".join(authorised)), _password(password))


def _cram_md5(slots: list[bytes | None]) -> Credentials:
    if slots[0] is None or b" " not in slots[0]:
        return NOTHING
    return Credentials(_user(slots[0].rpartition(b" ")[0]), None)


def _oauth(slots: list[bytes | None]) -> Credentials:
    found = re.search(rb"(?:^|\x01|,)(?:user|a)=([^\x01,]+)", slots[0] or b"")
    return Credentials(_user(found[1]) if found else None, None)


def _digest_md5(slots: list[bytes | None]) -> Credentials:
    found = re.search(rb'(?:^|,)\s*username\s*=\s*"((?:[^"\\]|\\.)*)"', slots[0] or b"", re.IGNORECASE)
    return Credentials(_user(re.sub(rb"\\(.)", rb"\1", found[1])) if found else None, None)


def _scram(slots: list[bytes | None]) -> Credentials:
    found = re.search(rb"(?:^|,)n=([^,]+)", slots[0] or b"")
    return Credentials(_user(found[1].replace(b"=2C", b",").replace(b"=3D", b"=")) if found else None, None)


def _external(slots: list[bytes | None]) -> Credentials:
    return Credentials(_user(slots[0]), None)


def _ntlm(slots: list[bytes | None]) -> Credentials:
    """Read domain and user name of the third message; all else in it is made of the password."""
    for raw in slots:
        if raw is None or raw[:12] != b"NTLMSSP\0\x03\0\0\0" or len(raw) < _NTLM_HEAD:
            continue
        is_unicode = raw[60] & 1
        domain, user = (_ntlm_field(raw, at, is_unicode=bool(is_unicode)) for at in (28, 36))
        return Credentials(_user(f"{domain}\\{user}".encode() if domain else user.encode()) if user else None, None)
    return NOTHING


_NTLM_HEAD = 64


def _ntlm_field(raw: bytes, at: int, *, is_unicode: bool) -> str:
    size, begin = int.from_bytes(raw[at : at + 2], "little"), int.from_bytes(raw[at + 4 : at + 8], "little")
    field = raw[begin : begin + size]
    return field.decode("utf-16-le", "replace") if is_unicode else decode_text(field)


_DECODERS = {
    "DIGEST-MD5": _digest_md5,
    "EXTERNAL": _external,
    "NTLM": _ntlm,
    **dict.fromkeys(("SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"), _scram),
    "LOGIN": _login,
    "PLAIN": _plain,
    "CRAM-MD5": _cram_md5,
    "XOAUTH2": _oauth,
    "OAUTHBEARER": _oauth,
}


class Login(NamedTuple):
    """One account of an export with the password it has; what the export does not say is None."""

    account: Account
    usernames: tuple[str, ...]
    """As spelled in the export, for `equal but for case` is not equal."""
    aliases: tuple[str, ...]
    full_name: str
    password: Password | None
    """None when the export masks it or holds no passwords at all."""
    is_admin: bool | None
    is_disabled: bool | None
    auth_mode: AuthMode | None
    left_behind: tuple[str, ...] | None
    """What keeps mail flowing to a thief when the password is changed: `forward`, `copy`, `responder` …"""
