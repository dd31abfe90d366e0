"""A case for a third party: people and addresses under other names, the same one everywhere in it.

Every name is made with a key of this run that is written nowhere, so that no list of likely names can be tried on it.
A local part becomes `u-` and ten letters (its domain stays); an IPv4 address one of 240.0.0.0/4, which is reserved
(RFC 1112 §4), an IPv6 address one of 2001:db8::/32, which is for documentation (RFC 3849): neither can be somebody's.

Where a value stands decides what is replaced (`RULES`): a value that is a name is replaced whole, in a sentence of ours
what stands in its holes, and only the evidence's own texts are searched. Keys of objects are never touched.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from bisect import bisect_left
from enum import Enum, auto
from ipaddress import IPv4Address, IPv6Address
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from breachkit.case.people import CHAINS, People, read_through
from breachkit.case.phrases import holes_of
from breachkit.records import NULL_SENDER
from breachkit.spelling import ip_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from breachkit.report.contract import Json


class Replaced(NamedTuple):
    """Where a text is replaced, and by what."""

    begin: int
    end: int
    said: str
    is_known: bool
    """It is the name of an account, or leaves no doubt otherwise."""

    def holds(self, other: Replaced) -> bool:
        """Tell whether another is a part of this one."""
        return self.begin <= other.begin and other.end <= self.end


_MAIL = re.compile(
    r"(?<![\w.+%-])([\w.+=~!#$&'*/?^`{|}-]{1,128}|\"[^\"\r\n]{1,128}\")(@|\[@\]|\[at\]|\(at\))([\w-]{1,63}(?:\.[\w-]{1,63}){0,8})",
    re.IGNORECASE,
)
_PLACE = re.compile(r".*[/?&#]", re.DOTALL)
"""What of a run of letters before an `@` is an address of a page: `evil.example/?u=anna@example.it`."""
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}(?![\w:])")
_CLOCK = re.compile(r"\d{1,2}:\d{2}:\d{2}")
_LISTED = re.compile(r"(?:(?!, ).)+", re.DOTALL)
_HOST = re.compile(r"[\w.-]{1,253}")


class Rule(Enum):
    """How the texts under a key are redacted."""

    KEPT = auto()
    """Words of ours, moments, hashes, domains: no person's."""
    NAME = auto()
    """One name: an account, a sender, a client address."""
    PLACE = auto()
    """A path: only whole addresses of people in it."""
    SENTENCE = auto()
    """A sentence of ours: a name stands in its holes; a bare word is a word."""
    WORDS = auto()
    """The words of a command, as typed."""
    TEXT = auto()
    """What the evidence says: searched for addresses and names in every spelling."""


_KEYS = {
    Rule.NAME: """
        account accounts_entered address addresses also_entered auth_user block candidates client_ip declared
        email entered entry_ip header_from ip ips mail_from rcpt_to reply_to shared_with source_ip tried
        user user.name""",
    Rule.PLACE: "path paths unread source_file",
    Rule.SENTENCE: """
        absent.* check command commands country_source detail doubts fix notes reason recommended
        side_effect title undo what why""",
    Rule.WORDS: "wanted",
    Rule.KEPT: """
        @timestamp action began busiest_hour by category classes confidence countries country
        country_iso_code created dataset datetime day domain doors entry entry_country entry_ts
        family first_seen from how id journal_sha256 kind last_seen last_ts log_first log_last
        log_level mechanism mechanisms message messages_proof module mtime name newest node
        not_blocked_why oldest outcome proof proof.* protocol provider purge_run queue_id role run
        schema server service services settings_proof.* severity sha256 signals_proof.* status step
        timestamp_desc timezone to type verdict version weak_password""",
    Rule.TEXT: "after before purge_string shared subject subjects text host url urls value",
}
RULES = {key: rule for rule, keys in _KEYS.items() for key in keys.split()}
"""By key, or by the key of the object around it and the key (`user.name`, `absent.*`), which goes before."""
CUT = ("before", "shared", "after")
"""Texts that are one text in three pieces: a name may be cut by their ends."""
NAMED_HOLES = frozenset({"name", "names", "sender", "account"})
OPTIONS_OF_NAMES = frozenset({"--account", "--from"})
CREDENTIALS = "the password of "
WEAK_SIGNAL = "secret-equals-name"
TELLING = frozenset({WEAK_SIGNAL, "The account in the export"})
"""Titles of evidence that say which accounts have a weak password."""


class Redaction:
    """Gives people and addresses other names."""

    def __init__(self, names: Iterable[str], key: bytes | None = None) -> None:
        """Make one.

        Args:
            names: what accounts answer to: addresses, user names and aliases.
            key: only tests give one.
        """
        self._key = os.urandom(32) if key is None else key
        self._given: dict[str, str] = {}
        self._taken: set[str] = set()
        self._people = People(names)

    def document(self, document: Any, key: str = "", under: str = "") -> Any:
        """Replace in the texts of a JSON value, each by the rule of its key; the keys of objects stay."""
        if isinstance(document, str):
            return self._value(document, RULES.get(f"{under}.{key}") or RULES.get(f"{under}.*") or RULES.get(key))
        if isinstance(document, dict):
            held = {name: self.document(value, name, key) for name, value in document.items()}
            if all(isinstance(document.get(name), str) for name in CUT):
                held |= zip(CUT, self._pieces([document[name] for name in CUT]), strict=True)
            return held
        if isinstance(document, list | tuple):
            if RULES.get(key) is Rule.WORDS:
                return self._command(document)
            return [self.document(value, key, under) for value in document]
        return document

    def _value(self, value: str, rule: Rule | None) -> str:
        match rule:
            case Rule.KEPT:
                return value
            case Rule.NAME:
                return self.name(value)
            case Rule.PLACE:
                return _spliced(value, _apart(self._addresses(value)))[0]
            case Rule.SENTENCE:
                return self.sentence(value)
            case _:
                return self.text(value)

    def name(self, value: str) -> str:
        r"""Replace a value that is one name: `anna@example.it`, `anna`, `EXAMPLE\anna`, `anna%example.it`, an IP."""
        if not value or value == NULL_SENDER:
            return value
        if ip_of(value) is not None:
            return self._address(value)
        for sign in "@%/":
            local, found, domain = value.rpartition(sign)
            if found and _HOST.fullmatch(domain) and (sign == "@" or "." in domain):
                return self._local(local) + sign + domain
        domain, found, local = value.partition("\\")
        return f"{domain}\\{self._local(local)}" if found and _HOST.fullmatch(domain) else self._local(value)

    def sentence(self, text: str) -> str:
        """Replace in a sentence of ours, or several: names in its holes, elsewhere whole addresses."""
        return "; ".join(self._filled(part) for part in text.split("; "))

    def text(self, text: str) -> str:
        """Replace addresses and names in a text of the evidence, in every spelling."""
        return self._searched(text, [])[0]

    def _searched(self, text: str, cuts: list[int]) -> tuple[str, list[int]]:
        """Replace in a text; returns where its cuts are then.

        Escapes are ambiguous (`?u=dave` is a query, and `=da` a letter in quoted-printable): the text as it stands
        counts before what it may mean, unless that shows a name that is known.
        """
        found = [(0, span) for span in self._found(text)]
        for order, chain in enumerate(CHAINS, 1):
            read = read_through(text, chain)
            if read is not None:
                seen, starts = read
                found += [
                    (order, span._replace(begin=starts[span.begin], end=starts[span.end])) for span in self._found(seen)
                ]
        spans = [span for _, span in sorted(found, key=_precedence)]
        return _spliced(text, _apart(spans), cuts)

    def _filled(self, text: str) -> str:
        spans: list[Replaced] = []
        for hole, (begin, end) in (holes_of(text) or {}).items():
            listed = _LISTED.finditer(text, begin, end) if hole in NAMED_HOLES else ()
            spans += [Replaced(*one.span(), self.name(one[0]), True) for one in listed if self._people.is_known(one[0])]
        return _spliced(text, _apart([*spans, *self._addresses(text), *self._ips(text)]))[0]

    def _command(self, words: Sequence[Any]) -> list[Any]:
        options = ["", *words]
        return [
            self.name(word) if option in OPTIONS_OF_NAMES else word if word.startswith("--") else self.text(word)
            for option, word in zip(options, words, strict=False)
        ]

    def _pieces(self, pieces: Sequence[str]) -> list[str]:
        """Replace in a text that was cut in pieces: a name that a cut goes through stands where it begins."""
        text, cuts = self._searched("".join(pieces), list(accumulate(map(len, pieces[:-1]))))
        return [text[begin:end] for begin, end in pairwise([0, *cuts, len(text)])]

    def _found(self, text: str) -> list[Replaced]:
        """Find what is to be replaced in a text as it is read; of an address its whole local part."""
        hosts = [found.span(3) for found in _MAIL.finditer(text)]
        named = [
            Replaced(begin, end, self._local(text[begin:end]), True) for begin, end in self._people.find(text, hosts)
        ]
        spans = [*self._addresses(text), *self._ips(text)]
        known = [span._replace(is_known=span.is_known or any(map(span.holds, named))) for span in spans]
        return _apart([*known, *named])

    def _addresses(self, text: str) -> Iterator[Replaced]:
        for found in _MAIL.finditer(text):
            begin, end = found.span(1)
            place = _PLACE.match(found[1]) if found[1][:1] != '"' else None
            if place is not None:
                begin += place.end()
                if "=" in text[begin:end]:
                    begin = text.rindex("=", begin, end) + 1
            if begin < end:
                local = text[begin:end]
                yield Replaced(begin, end, self._local(local), self._people.is_known(local) or self._is_given(local))

    def _ips(self, text: str) -> Iterator[Replaced]:
        for pattern in (_IPV4, _IPV6):
            for found in pattern.finditer(text):
                if not _CLOCK.fullmatch(found[0]):
                    yield Replaced(*found.span(), self._address(found[0]), True)

    def _local(self, local: str) -> str:
        name = local.lower().strip('"')
        if not name or self._is_given(name):
            return local  # already another's name: replacing twice is replacing once
        return self._name("local " + name, lambda digest: "u-" + base64.b32encode(digest)[:10].decode().lower())

    def _is_given(self, local: str) -> bool:
        return local.startswith("u-") and local in self._taken

    def _address(self, text: str) -> str:
        address = ip_of(text)
        # what every machine calls itself names nobody, and settings are hard to read without it
        if address is None or text in self._taken or address.is_loopback or address.is_unspecified:
            return text
        if isinstance(address, IPv4Address):
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


def _precedence(found: tuple[int, Replaced]) -> tuple[bool, int, int]:
    """Put names that are known before others, the longest first; of others those that stand as they are read."""
    order, span = found
    length = span.begin - span.end
    return (False, length, order) if span.is_known else (True, order, length)


def _apart(spans: Iterable[Replaced]) -> list[Replaced]:
    """Leave out what overlaps one before it; returns them in order."""
    taken: list[Replaced] = []
    for span in spans:
        at = bisect_left(taken, span)
        is_free = (at == 0 or taken[at - 1].end <= span.begin) and (at == len(taken) or taken[at].begin >= span.end)
        if is_free and span.begin < span.end:
            taken.insert(at, span)
    return taken


def _spliced(text: str, spans: Iterable[Replaced], cuts: Sequence[int] = ()) -> tuple[str, list[int]]:
    """Put other texts in their places, which are in order and apart.

    Returns:
        The text, and where the cuts are then: one that went through a replaced place stands behind it.
    """
    pieces: list[str] = []
    moved = list(cuts)
    at = grown = 0
    for begin, end, said, _ in spans:
        pieces += [text[at:begin], said]
        at = end
        grown += len(said) - (end - begin)
        moved = [
            end + grown if begin < cut < end else cut + grown if cut >= end else new
            for cut, new in zip(cuts, moved, strict=True)
        ]
    pieces.append(text[at:])
    return "".join(pieces), moved


def without_credentials(findings: Json) -> Json:
    """Leave out what says which accounts have a weak password."""
    judged, harden = findings["find-account"], findings["harden"]
    accounts = [
        {**one, "weak_password": None, "signals": [row for row in one["signals"] if row["name"] != WEAK_SIGNAL]}
        for one in judged["accounts"]
    ]
    accused = [
        {**one, "signals_proof": {name: at for name, at in one["signals_proof"].items() if name != WEAK_SIGNAL}}
        for one in findings["accused"]
    ]
    if harden is not None:
        whys = (
            [part for part in row["why"].split("; ") if not part.startswith(CREDENTIALS)] for row in harden["settings"]
        )
        settings = [{**row, "why": "; ".join(why)} for row, why in zip(harden["settings"], whys, strict=True)]
        harden = {**harden, "settings": settings}
    return {
        **findings,
        "accused": accused,
        "find-account": {**judged, "accounts": accounts},
        "weak-passwords": None,
        "weak_proof": [],
        "proof": {name: row for name, row in findings["proof"].items() if row["title"] not in TELLING},
        "harden": harden,
        "absent": {**findings["absent"], "weak-passwords": "left out: --redact"},
    }
