"""What makes a string telling: whom it points at, how long it is, and what of it belongs to many."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from publicsuffixlist import PublicSuffixList

if TYPE_CHECKING:
    from collections.abc import Iterator

STRONG = 20
"""Bytes from which on a string is a phrase rather than a word or two."""
PHRASE = 24
"""Bytes from which on a string makes a line a shared one."""

SPECIFIC = re.compile(
    rb"(?:https?://|www\.)(?!www\.)[\w-]+(?:\.[\w-]+)+|[\w-]{3,}(?:\.[a-z0-9-]{2,})*\.[a-z]{2,}/|[\w.+-]+@[\w-]+\.[\w.-]+"
    rb"|(?:\+|\b0)\d[\d ()./-]{7,}\d|\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b|\b(?:bc1|0x|[13])[A-Za-z0-9]{25,60}\b",
    re.IGNORECASE,
)
"""What points at one party: a host, an address of a person, a telephone number, an account of a bank or a coin."""
_GROUPS = re.compile(rb"\b\d+(?: \d{2,})+\b")
DIGITS = 9
"""Digits from which on groups of them, with a blank between, are a number rather than a date or a price."""
LEAST = 6
"""Letters and digits that a string must have."""
BESIDE = 12
"""Letters and digits that it must have beside what belongs to many: `Visit us at https://bit.ly/` tells nobody."""

_BELOW = """
1drv.ms bing.com bit.do bit.ly box.com buff.ly canva.com cutt.ly discord.gg dropbox.com dropboxusercontent.com
facebook.com fb.me forms.gle forms.office.com github.com gitlab.com goo.gl google.com googleapis.com
googleusercontent.com instagram.com is.gd jotform.com linkedin.com linktr.ee live.com lnkd.in mediafire.com medium.com
mega.nz microsoft.com office.com onedrive.live.com outlook.com ow.ly pastebin.com pinterest.com rb.gy rebrand.ly
reddit.com s.id sharepoint.com shorturl.at t.co t.ly t.me telegra.ph telegram.me tiktok.com tinyurl.com twitter.com
typeform.com v.gd vimeo.com wa.me we.tl wetransfer.com whatsapp.com x.com yahoo.com youtu.be youtube.com
"""
_OWNER_BELOW = frozenset(_BELOW.split())
"""Hosts of many owners, each of whom has a path below them: shared documents, shorteners, networks."""
_BEFORE = """
000webhostapp.com aol.com blogspot.com glitch.me gmail.com gmx.com gmx.de godaddysites.com googlemail.com hotmail.com
hotmail.it icloud.com jimdosite.com libero.it mail.com mail.ru orange.fr outlook.it proton.me protonmail.com site123.me
strikingly.com substack.com t-online.de tiscali.it tumblr.com virgilio.it web.de weebly.com wordpress.com yahoo.it
yandex.ru zendesk.com zohosites.com
"""
_OWNER_BEFORE = frozenset(_BEFORE.split())
"""Hosts of many owners, each of whom has a name before them, and which the list of public suffixes does not have."""
_WAYS = frozenset(
    b"document documents drawings folders formresponse presentation profile search sharing spreadsheets"
    b" viewform".split()
)
"""Words of a path below such a host that name nobody, as long as they are."""
_LINK = re.compile(
    rb"(?:\b(?:https?|ftp)://|(?<![\w@.+-])[.@]?)(?:www\.)?((?:[a-z0-9-]++\.)+[a-z][a-z0-9-]+)\b(?![\w.+-]*@)(?::\d+)?"
    rb"([/?#][^\s\"'<>]*)?|\b(?:https?|ftp|mailto|tel|callto|sms):(?://)?(?:www\b\.?)?|\bwww\.",
    re.IGNORECASE,
)
_SEGMENT = re.compile(rb"[^/?&=#.:]+")
_NO_WORD = re.compile(rb"[^A-Za-z0-9\x80-\xff]+")


def bare(text: bytes, *, is_cut: bool = False) -> bytes:
    """Return what of a string does not belong to many: schemes and hosts with many owners are left out.

    Args:
        text: the string.
        is_cut: it ends where texts begin to differ, so that a path at its end is half a path.
    """
    if b"." not in text and b":" not in text:
        return text

    def kept(link: re.Match[bytes]) -> bytes:
        if link[1] is None:
            return b" "
        host, path = link[1].decode().lower(), link[2] or b""
        labels = host.split(".")
        if any(".".join(labels[at:]) in _OWNER_BELOW for at in range(len(labels) - 1)):
            parts = _SEGMENT.findall(path)
            if is_cut and link.end() == len(text) and not path.endswith(b"/"):
                parts = parts[:-1]
            return link[0] if any(len(part) >= LEAST and part.lower() not in _WAYS for part in parts) else b" "
        return b" " + path if host in _OWNER_BEFORE or _suffixes().is_public(host) else link[0]

    return _LINK.sub(kept, text)


def is_weak(text: bytes, *, is_cut: bool = False) -> bool:
    """Tell whether hardly anything of a string belongs to one party."""
    own = bare(text, is_cut=is_cut)
    return len(_NO_WORD.sub(b"", own)) < (LEAST if own == text else BESIDE)


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=1 << 14)
def house(domain: str) -> str:
    """Shorten a domain to what one party registers: `news.shop.example` → `shop.example`."""
    return _suffixes().privatesuffix(domain) or domain


def rests(text: bytes) -> Iterator[bytes]:
    """Yield the numbers of groups of digits: what a line end leaves of a telephone number, without its `+` or 0."""
    for hit in _GROUPS.finditer(text):
        if sum(map(str.isdigit, hit[0].decode())) >= DIGITS:
            yield hit[0]


def pointers(text: bytes) -> Iterator[bytes]:
    """Yield what in a string points at somebody, with all that is written in one with it."""
    for hit in SPECIFIC.finditer(text):
        yield text[: hit.start()].rpartition(b" ")[2] + hit[0] + text[hit.end() :].partition(b" ")[0]
