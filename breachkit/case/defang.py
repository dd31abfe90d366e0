"""Addresses and URLs in prose, spelled so that no program makes a link of them: `203.0.113[.]9`, `hxxp://evil[.]example`.

Only for the eyes: commands, files and the indicators for other tools keep the real spelling.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

_URL = re.compile(r"\b(ht|f)tp(s?)://([^\s/?#<>\"']{1,253})", re.IGNORECASE)
_SCHEMES = {"ht": "hxxp", "f": "fxp"}
_WWW = re.compile(r"\bwww\.(?=[\w-])", re.IGNORECASE)
_IPV4 = re.compile(r"(?<![\w.])(\d{1,3}\.\d{1,3}\.\d{1,3})\.(\d{1,3})(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
_MAIL = re.compile(r"(?<![\w.+%-])([\w.+%=~!#$&'*/?^`{|}-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")


def defang(text: str, own: frozenset[str] = frozenset()) -> str:
    """Spell the addresses and URLs of a text harmlessly.

    Args:
        text: prose.
        own: mail addresses, lower case, that stay as they are: the accounts that the case is about.
    """
    text = _URL.sub(lambda found: f"{_SCHEMES[found[1].lower()]}{found[2].lower()}://{_dotted(found[3])}", text)
    text = _WWW.sub("www[.]", text)
    text = _MAIL.sub(lambda found: found[0] if found[0].lower() in own else f"{found[1]}[@]{_dotted(found[2])}", text)
    text = _IPV4.sub(r"\1[.]\2", text)
    return _IPV6.sub(_colons, text)


def _dotted(host: str) -> str:
    return host.replace("[.]", ".").replace(".", "[.]")


def _colons(found: re.Match[str]) -> str:
    try:
        ip_address(found[0])
    except ValueError:
        return found[0]
    head, _, tail = found[0].rpartition(":")
    return f"{head}[:]{tail}"
