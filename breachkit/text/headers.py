"""The header of a message: names, encoded words (RFC 2047), parameters (RFC 2231); what is nearly right is read too."""

from __future__ import annotations

import binascii
import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from breachkit.text.charsets import charset_text
from breachkit.text.transfer import read_base64

LONGEST_KNOWN_NAME = 60
LONGEST_PARAMETERS = 1 << 16
"""Characters of a header that are searched for parameters."""
STRAY = " \t\"'<>,;="
"""Signs around a type or boundary that are none of it."""

_WORD = re.compile(r"=\?([^?*\s]*)(?:\*[^?\s]*)?\?([bq])\?([^?]*)\?=", re.IGNORECASE)
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t]+(?==\?)")
_CONTINUED = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*?)")
_PARAMETER = re.compile(r'(?:\A|[;,\s])([^\s=;,"]++)\s*+=\s*+("(?:[^"\\]|\\.)*"|[^;\s]*)', re.DOTALL)
"""A parameter; the semicolon before it may be missing."""
_NEARLY_SAID = r"(?i)charset\s*+[:=]?\s*+[\"']?([\w.:+-]++)"


def field_of(line: str) -> tuple[str, str]:
    """Split an unfolded header into its name, in lower case, and its value; what is no header has the name ""."""
    name, colon, value = line.partition(":")
    known = (_known_name(name) if len(name) <= LONGEST_KNOWN_NAME else _name(name)) if colon else ""
    return (known, value.strip()) if known else ("", line.strip())


def _name(text: str) -> str:
    """Spell the name of a header; empty when it is none."""
    name = text.rstrip(" \t")
    return name.lower() if name.isascii() and name.isprintable() and " " not in name else ""


_known_name = lru_cache(maxsize=1024)(_name)
"""The same few names stand in every message."""


def decoded_words(value: str) -> str:
    """Read the encoded words of a header value (RFC 2047); blanks between two of them are no text."""
    if "=?" not in value:
        return value
    if "?= " in value or "?=\t" in value:
        value = _BETWEEN_WORDS.sub(r"\1", value)
    plain, *words = _WORD.split(value)
    if not words:
        return plain
    texts = [plain]
    charset, run = "", bytearray()
    for named, way, coded, after in zip(*[iter(words)] * 4, strict=True):
        if run and (named.lower() or "utf-8") != charset:
            texts.append(charset_text(bytes(run), charset))
            run.clear()
        charset = named.lower() or "utf-8"
        # words side by side are joined as bytes: senders cut them within a letter
        run += _word_bytes(way, coded)
        if after:
            texts += [charset_text(bytes(run), charset), after]
            run.clear()
    return "".join([*texts, charset_text(bytes(run), charset)])


def _word_bytes(way: str, text: str) -> bytes:
    coded = text.encode("utf-8", "surrogateescape")
    if way in "bB":
        return read_base64(coded)
    return binascii.a2b_qp(coded, header=True)


def parameters_of(value: str, *, only_coded: bool = False) -> dict[str, str]:
    """Read the parameters of a header, continued and charset-coded ones too (RFC 2231); the first of a name counts."""
    found: dict[str, dict[int, tuple[bool, str]]] = {}
    for name, text in _PARAMETER.findall(value[:LONGEST_PARAMETERS]):
        split = _CONTINUED.fullmatch(name.lower())
        if split and (not only_coded or "*" in name):
            plain = re.sub(r"\\(.)", r"\1", text[1:-1]) if text[:1] == text[-1:] == '"' and len(text) > 1 else text
            found.setdefault(split[1], {}).setdefault(int(split[2] or 0), (bool(split[3]), plain))
    return {name: _continued(pieces) for name, pieces in found.items()}


def _continued(pieces: dict[int, tuple[bool, str]]) -> str:
    if len(pieces) == 1 and not any(is_coded for is_coded, _ in pieces.values()):
        return next(text for _, text in pieces.values())
    charset, read = "", b""
    for number, (is_coded, text) in sorted(pieces.items()):
        has_charset = is_coded and number == 0 and text.count("'") > 1
        said, _, value = text.split("'", 2) if has_charset else ("", "", text)
        charset = charset or said
        coded = value.encode("utf-8", "surrogateescape")
        read += unquote_to_bytes(coded) if is_coded else coded
    return charset_text(read, charset or "utf-8")


def charset_of(kind: str) -> str:
    """Read the charset that a content type declares, empty when it declares none."""
    if "charset" not in kind.lower():
        return ""
    # a list of them, or a quoted-printable `=`, stands there now and then
    charset = parameters_of(kind).get("charset", "").partition(",")[0].removeprefix("3D")
    if charset.strip(STRAY):
        return charset
    found = re.search(_NEARLY_SAID, kind[:LONGEST_PARAMETERS])
    return found[1] if found else ""
