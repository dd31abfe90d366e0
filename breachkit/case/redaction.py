"""A case for a third party: people and addresses under other names, the same one everywhere in it.

Every name is made with a key of this run that is written nowhere, so that no list of likely names can be tried on it.
A local part becomes `u-` and ten letters (its domain stays); an IPv4 address one of 240.0.0.0/4, which is reserved
(RFC 1112 §4), an IPv6 address one of 2001:db8::/32, which is for documentation (RFC 3849): neither can be somebody's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from ipaddress import IPv4Address
from ipaddress import IPv6Address
from ipaddress import ip_address
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from breachkit.report.contract import Json

_MAIL = re.compile(
    r"(?<![\w.+%-])([\w.+=~!#$&'*/?^`{|}-]{1,128}|\"[^\"\r\n]{1,128}\")(@|%40|\[@\])([\w-]{1,63}(?:\.[\w-]{1,63}){0,8})",
    re.IGNORECASE,
)
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}(?![\w:])")
_WORD = re.compile(r"[^\W_](?:[\w.'-]{0,126}\w)?|\w")
"""What may be a bare name: a list of 100,000 names costs one look-up a word."""
_PARTS = re.compile(r"([._'-])")
_CLOCK = re.compile(r"\d{1,2}:\d{2}:\d{2}")

SHORTEST_NAME = 3
"""Letters of a bare name from which on it is looked for inside words of the evidence."""
KEPT_KEYS = frozenset(
    {
        "path",
        "paths",
        "unread",
        "source_file",
        "sha256",
        "prev",
        "schema",
        "name",
        "proof",
        "family",
        "entry",
        "role",
        "verdict",
    }
)
"""Keys whose text is no person's: places, hashes and words of ours."""
CREDENTIALS = "the password of "
WEAK_SIGNAL = "secret-equals-name"
TELLING = frozenset({WEAK_SIGNAL, "The account in the export"})
"""Titles of evidence that say which accounts have a weak password."""


class Redaction:
    """Gives people and addresses other names."""

    def __init__(self, names: Iterable[str], accounts: Iterable[str] = (), key: bytes | None = None) -> None:
        """Make one.

        Args:
            names: what accounts answer to: addresses, user names and aliases, lower case.
            accounts: the accounts as the findings name them; one without a domain is replaced in our sentences too.
            key: only tests give one.
        """
        self._key = os.urandom(32) if key is None else key
        self._given: dict[str, str] = {}
        self._taken: set[str] = set()
        bare = {part for name in names for part in (name, name.partition("@")[0]) if "@" not in part}
        self._bare = frozenset(name for name in bare if len(name) >= SHORTEST_NAME)
        self._whole = frozenset(name.lower() for name in accounts if "@" not in name)

    def text(self, text: str, *, is_ours: bool = False) -> str:
        """Replace addresses; in what is not a sentence of ours bare names too."""
        text = _MAIL.sub(lambda found: self._local(found[1]) + found[2] + found[3], text)
        text = _IPV4.sub(lambda found: self._address(found[0]), text)
        text = _IPV6.sub(lambda found: found[0] if _CLOCK.fullmatch(found[0]) else self._address(found[0]), text)
        known = self._whole if is_ours else self._bare | self._whole
        return _WORD.sub(lambda found: self._words(found[0], known), text)

    def document(self, document: Any, key: str | None = None) -> Any:
        """Replace in every text of a JSON value; keys of objects that are names are replaced too."""
        if isinstance(document, str):
            return document if key in KEPT_KEYS else self.text(document, is_ours=key in OURS)
        if isinstance(document, dict):
            return {self.text(name, is_ours=True): self.document(value, name) for name, value in document.items()}
        if isinstance(document, list | tuple):
            return [self.document(value, key) for value in document]
        return document

    def _words(self, word: str, known: frozenset[str]) -> str:
        """Replace a word that is a name, or the parts of it that are (`anna-marco`)."""
        if word.lower() in known:
            return self._local(word)
        parts = _PARTS.split(word)
        return (
            "".join(self._local(part) if part.lower() in known else part for part in parts) if len(parts) > 1 else word
        )

    def _local(self, local: str) -> str:
        name = local.lower().strip('"')
        if name.startswith("u-") and name in self._taken:
            return local  # already another's name: replacing twice is replacing once
        return self._name("local " + name, lambda digest: "u-" + base64.b32encode(digest)[:10].decode().lower())

    def _address(self, text: str) -> str:
        try:
            address = ip_address(text)
        except ValueError:
            return text
        if text in self._taken:
            return text
        if address.version == 4:  # noqa: PLR2004
            return self._name(
                f"ip {address}", lambda digest: str(IPv4Address(0xF0000000 | int.from_bytes(digest[:4]) >> 4))
            )
        return self._name(
            f"ip {address}", lambda digest: str(IPv6Address(0x20010DB8 << 96 | int.from_bytes(digest[:12])))
        )

    def _name(self, meant: str, spell: Any) -> str:
        known = self._given.get(meant)
        if known is not None:
            return known
        for again in range(256):
            digest = hmac.digest(self._key, f"{again} {meant}".encode("utf-8", "backslashreplace"), hashlib.sha256)
            spelled: str = spell(digest)
            if spelled not in self._taken:
                break
        self._taken.add(spelled)
        self._given[meant] = spelled
        return spelled


OURS = frozenset(
    {
        "detail",
        "why",
        "fix",
        "recommended",
        "title",
        "what",
        "side_effect",
        "undo",
        "check",
        "notes",
        "doubts",
        "reason",
        "timestamp_desc",
        "server",
        "message",
        "commands",
        "command",
        "comment",
        "country_source",
        "timezone",
        "version",
    }
)
"""Keys whose text is a sentence of ours: names in it are whole addresses, and a bare word is a word."""


def without_credentials(findings: Json) -> Json:
    """Leave out what says which accounts have a weak password."""
    judged = findings["find-account"]
    accounts = [
        {
            **account,
            "weak_password": None,
            "signals": [signal for signal in account["signals"] if signal["name"] != WEAK_SIGNAL],
        }
        for account in judged["accounts"]
    ]
    harden = findings["harden"]
    if harden is not None:
        settings = [{**row, "why": _without_passwords(row["why"])} for row in harden["settings"]]
        harden = {**harden, "settings": settings}
    return {
        **findings,
        "find-account": {**judged, "accounts": accounts},
        "signals_proof": {name: at for name, at in findings["signals_proof"].items() if not name.endswith(WEAK_SIGNAL)},
        "weak-passwords": None,
        "weak_proof": {},
        "proof": {name: row for name, row in findings["proof"].items() if row["title"] not in TELLING},
        "harden": harden,
        "absent": {**findings["absent"], "weak-passwords": "left out: --redact"},
    }


def _without_passwords(why: str) -> str:
    return "; ".join(part for part in why.split("; ") if not part.startswith(CREDENTIALS))
