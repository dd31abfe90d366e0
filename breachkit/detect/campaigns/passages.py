"""What of a message may tell a spam run: the lines a reader sees, without what every mail program writes.

Taken: subject, reply address, names of attachments, text lines, and the addresses in links. Left out: other
headers (they are the server's and the mail program's), tags, styles, quoted lines and forwarded originals.
Every line here occurs literally, on one line, in the decoded message, so that a string found in it can be
purged by.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from breachkit.text.message import KNOWN, decoded_headers, decoded_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FIRST_KEPT = 4000
LAST_KEPT = 1500
"""Characters of a part that are looked at: its beginning and its end."""
MOST_PARTS = 6
LONGEST_LINE = 600
LONGEST_SYNTAX = 200
"""Characters of a line of MIME syntax; a longer one is looked at as text."""

_OF_A_LIST = frozenset(
    {"list-id", "list-post", "list-unsubscribe", "mailing-list", "x-mailing-list", "x-mailman-version"}
)
_OF_AN_ANSWER = frozenset({"in-reply-to", "references"})

_ANSWER = re.compile(
    r"\s*(?:(?:re|r|fw|fwd|i|aw|wg|tr|sv|antw)(?:\[\d+\])?\s*:\s*|\[[^\]\n]{0,40}\]\s*)+", re.IGNORECASE
)
_HIDDEN = re.compile(r"<(style|script|title|head)\b[^>]{0,500}>.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[a-z/!?][^<>]{0,2000}>", re.IGNORECASE)
_LINK = re.compile(r"(?:href|src|action|background)\s*=\s*[\"']?([^\"'\s>]{6,500})", re.IGNORECASE)
_ORIGINAL = re.compile(
    r"^(?:-{2,}\s*(?:original message|messaggio originale|forwarded message|messaggio inoltrato|forwarded by|"
    r"ursprüngliche nachricht|message d'origine|mensaje original)\b.*|_{20,}\s*)$",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED = re.compile(r"\s{0,3}(?:[\w.-]{0,6}>|\|)")
_MIME_LINE = re.compile(
    r"\s*(?:(?:content-[a-z-]+|mime-version)\s*:.*"
    r"|(?:boundary|charset|format|delsp|(?:file)?name|micalg|protocol|reply-type|report-type|smime-type|type)"
    r"\*?\d*\*?\s*=\s*(?:\"[^\"]*\"|\S+?)\s*;?\s*(?:\w+=\S*\s*)?"
    r"|--[^\s-]\S*|--+[\w'()+,./:=?]{6,70}(?:--)?|.*\bin mime format\b.*)",
    re.IGNORECASE,
)
"""A line of MIME syntax, which a reader sees where the multipart could not be opened: a header of a part, the rest of
one, a boundary, the sentence for programs that know no MIME."""
_FIELD = re.compile(r"([A-Za-z][\w-]{0,60})[ \t]*:(?=\s|\Z)")
FEWEST_FIELDS = 2
"""Lines like headers, one after the other, from which on they are a header block if one of them is known."""
_FILE_NAME = re.compile(r"\bname\*?\d?\*?\s*=\s*\"?([^\";]{4,200})", re.IGNORECASE)


class Passage(NamedTuple):
    """The lines of one message, and where in them its parts begin."""

    text: bytes
    """UTF-8; each line ends with LF."""
    parts: tuple[int, ...]
    """Where each text part begins; what stands before the first is of the headers."""
    is_list: bool
    """It says of itself that a mailing list sent it (RFC 2919, RFC 2369)."""
    is_answer: bool = False
    """It names or quotes the message that it answers (RFC 5322 §3.6.4); anybody can write `Re:`."""


def passage_of(raw: bytes) -> Passage:
    """Take from a message what may tell a spam run."""
    headers = list(decoded_headers(raw))
    is_list = is_of_list(headers)
    is_answer = any(name in _OF_AN_ANSWER for name, _ in headers)
    text = bytearray()
    seen: set[str] = set()
    _add(text, _of_headers(headers, is_list=is_list), seen)
    parts = []
    for part in islice(decoded_parts(raw), MOST_PARTS):
        parts.append(len(text))
        lines, quotes = _of_part(part)
        is_answer |= quotes
        _add(text, lines, seen)
    return Passage(bytes(text), tuple(parts), is_list, is_answer)


def is_of_list(headers: Iterable[tuple[str, str]]) -> bool:
    """Tell whether a message says of itself that a mailing list sent it."""
    return any(
        name in _OF_A_LIST or (name == "precedence" and value.lower() in {"list", "bulk"}) for name, value in headers
    )


def _add(text: bytearray, lines: Iterable[str], seen: set[str]) -> None:
    for line in lines:
        stripped = line.strip()[:LONGEST_LINE]
        # an HTML twin repeats the lines of the plain part: once is enough
        if stripped and stripped not in seen:
            seen.add(stripped)
            text += stripped.encode() + b"\n"


def _of_headers(headers: Iterable[tuple[str, str]], *, is_list: bool) -> Iterator[str]:
    for name, value in headers:
        if name == "subject":
            yield _ANSWER.sub("", value, count=1)
        elif name == "reply-to" and not is_list:
            yield value
        elif name in {"content-type", "content-disposition"}:
            yield from _FILE_NAME.findall(value)


def _of_part(part: str) -> tuple[list[str], bool]:
    """Return the lines that the sender wrote, and whether he quotes others beside."""
    if len(part) > FIRST_KEPT + LAST_KEPT:
        part = part[:FIRST_KEPT] + "\n" + part[-LAST_KEPT:]
    links: list[str] = []
    if "<" in part and _TAG.search(part):
        part = _HIDDEN.sub("\n", part)
        links = _LINK.findall(part)
        part = _TAG.sub("\n", part)
    part = part.replace("\0", "\n").replace("\r", "\n")
    original = _ORIGINAL.search(part)
    is_cut = original is not None and bool(part[: original.start()].strip())
    if original and is_cut:
        part = part[: original.start()]
    own = list(_without_syntax(part.split("\n")))
    unquoted = [line for line in own if not _QUOTED.match(line)]
    # a text that is all "quotation" hides behind the sign
    if sum(map(len, unquoted)) * 5 <= sum(map(len, own)):
        return links + own, is_cut
    return links + unquoted, is_cut or len(unquoted) < len(own)


def _without_syntax(lines: Iterable[str]) -> Iterator[str]:
    """Leave out what mail programs and servers write where it stands among the text: MIME syntax and header blocks.

    Of header blocks the subject is kept, and of both the names of files: they are the sender's word.
    """
    block: list[str] = []
    names: list[str] = []
    for line in (*lines, ""):
        field = _FIELD.match(line)
        if field or (block and line[:1] in {" ", "\t"} and line.strip()):
            block.append(line)
            names += [field[1].lower()] if field else []
            continue
        is_head = len(names) >= FEWEST_FIELDS and not KNOWN.isdisjoint(names)
        for one in (*block, line):
            if is_head and one is not line:
                yield from [one[8:]] if one[:8].lower() == "subject:" else _FILE_NAME.findall(one)
            elif len(one) <= LONGEST_SYNTAX and _MIME_LINE.fullmatch(one):
                yield from _FILE_NAME.findall(one)
            else:
                yield one
        block, names = [], []
