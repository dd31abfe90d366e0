"""The bytes of a message → the texts in it.

*Decoded* means the same wherever it is said: each header value unfolded (RFC 5322 §2.2.3) and its encoded words read
(RFC 2047, RFC 2231); each text part after transfer (uuencoded text too) and charset decoding, HTML entities resolved in
HTML, tags and white space left as they are. Attachments that are no text are left out, their names are not. Where a
message is not what the standards ask for, it is read as mail programs do: charsets as `charsets` has them, raw bytes in
a header by the charset of the text, types and encodings that are nearly right.

Written by hand because every queued message passes here: for the sample queues the `email` package takes 1,140 us a
message, this 20; it recurses nowhere, and is bounded whatever a stranger nests.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from breachkit.text.charsets import codec_of, readable, text_in
from breachkit.text.headers import (
    LONGEST_PARAMETERS,
    STRAY,
    charset_of,
    decoded_words,
    field_of,
    parameters_of,
)
from breachkit.text.transfer import text_body, untransferred, way_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_PARTS = 1000
"""MIME parts of one message that are read; what follows is left as raw bytes."""
DEEPEST = 30
"""Levels of nesting that are opened; a deeper multipart is taken for text."""
LONGEST_KNOWN = 1 << 13
"""Bytes of a head up to which what it says of the coding of its body is remembered."""

OF_A_MESSAGE = frozenset({"received", "date", "subject", "mime-version", "message-id", "content-type"})
"""A first block with one of these is the message's own header, not an envelope."""
KNOWN = OF_A_MESSAGE | {"from", "to", "cc", "sender", "reply-to", "return-path", "content-transfer-encoding"}
OF_THE_SERVER = frozenset({"localsender", "msgid"})
_OPENED = frozenset({"message/rfc822", "message/global", "text/rfc822-headers"})
"""Kinds of parts that are messages, or the headers of one."""
_TEXTUAL = ("text/", "multipart/", "message/")
_NEARLY_TEXTUAL = ("/plain", "/html", "/text", "/xhtml+xml")

MAILBOX_LINE = re.compile(rb">?From (?![ \t]*:)[^\n]*\n")
"""The separator line of a mailbox file; `From : a@b.example` is a header."""
_UNUSUAL_STARTS = (b"\xef", b"\r", b"\n", b"F", b">")
_BOM = b"\xef\xbb\xbf"
_WRAPPED = (b"From ", b">From ", _BOM)
_FOLD = "\0"
"""What stands in a head where a line was folded; other zero bytes are left out."""


def _names(names: frozenset[str]) -> re.Pattern[bytes]:
    return re.compile(rb"\n(?:%b)[ \t]*:" % "|".join(sorted(names)).encode(), re.IGNORECASE)


_HAS_OWN = _names(OF_A_MESSAGE)
_HAS_KNOWN = _names(KNOWN)
_HAS_ANY = _names(KNOWN | OF_THE_SERVER)
_FIELD = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_CODING = re.compile(rb"\ncontent-t(?:(ype)|ransfer-encoding)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE)
_COMMENT = r"\([^()]*\)"
_MAIN = re.compile(r"[^\s/;,\"'()<>]*+(?:\s*+/\s*+[^\s/;,\"'()<>]*+)?")

_MAY_ADD = re.compile(
    rb"\n(?:[Cc](?i:ontent-t(?!(?:"
    rb"ype:\s*text/plain(?:;\s*(?:charset=\"?(?:us-ascii|utf-8|iso-8859-\d\d?|windows-125\d)\"?|format=flowed))*"
    rb"|ransfer-encoding:\s*(?:7bit|8bit|binary))[ \t]*\r?\n(?![ \t])))"
    rb"|\n\s{0,20}+[\s<]|\r\n\s{0,20}+[\s<]|begin [0-7]{3})"
)
"""A header that says more than most plain texts say of themselves; what may be HTML by its looks; uuencode."""
_STARRED = re.compile(rb"\*[\d*]{0,4}\s*=")
"""The name of a parameter of RFC 2231."""


class _ContentType(NamedTuple):
    """What a content type says."""

    type: str
    """As it stands there; empty where there is none."""
    main: str
    is_opened: bool
    """It may hold other parts."""
    is_textual: bool
    """It is text, when it cannot be opened."""
    codec: str | None
    """Of its charset."""
    is_html: bool | None
    """None: the text has to say it."""
    is_split: bool
    """Markup, or line ends that are none, may stand within a word of its text."""


HeaderBlock = tuple[bytes, bytes, bytes | None]
"""A header block as `_Entity` has it, the message or part that it is of, and what stands below; None of an envelope."""


_Entity = tuple[bytes, bytes, bytes, _ContentType, str, bool]
"""One header block (each line begins with LF; empty where there is none), the message or part that it is of, what
stands below it, the kind of this, the way of its transfer, and whether it is to be read as text."""


class Added(NamedTuple):
    """What decoding adds to the bytes of a message."""

    texts: list[str]
    is_split: bool
    """Markup, or line ends that are none, may stand within a word of a text."""


def is_plain(raw: bytes) -> bool:
    """Tell cheaply that decoding adds nothing to a message but headers unfolded, if it is ASCII, and nothing is markup.

    Of one that is not ASCII, decoding adds nothing that is ASCII. Its parts are not told apart for this: what would
    count in a header and stands in a text makes it no plain one.
    """
    if raw.startswith(_WRAPPED) or _MAY_ADD.search(b"\n\n" + raw):
        return False
    # one sign is found ten times faster than two
    if (b"?" in raw and b"=?" in raw) or b"\0" in raw or (b"*" in raw and _STARRED.search(raw)):
        return False
    return raw.isascii() or (b"\xff\xfe" not in raw and b"\xfe\xff" not in raw)


def added_by_decoding(raw: bytes, *, unfolds: bool = True) -> Added:
    """Decode the texts that do not stand in the bytes of a message as they are: of most messages there are none.

    Args:
        raw: the message.
        unfolds: False where headers that are only folded do not matter.
    """
    texts = []
    is_split = False
    for head, around, body, kind, way, is_text in _entities(raw):
        is_bare = b"\0" not in head  # these are left out of what is read
        if unfolds or b"?" in head or b"*" in head or not is_bare or not head.isascii():
            for line in _lines(head, around):
                if "=?" in line or "*" in line or (unfolds and _FOLD in line) or not (is_bare and line.isascii()):
                    texts += [value for _, value in _values_of(line)]
        if is_text:
            read = text_body(way, body)
            text = text_in(read, kind.codec, kind.is_html)
            if read is not body or text.encode() != body:
                texts.append(text)
            is_split = is_split or (kind.is_split and (kind.is_html is not None or "<" in text))
    return Added(texts, is_split)


def decoded_texts(raw: bytes) -> Iterator[str]:
    """Yield every header value and every text part of a message, decoded; never raises."""
    return (text for text, _ in typed_texts(raw))


def typed_texts(raw: bytes) -> Iterator[tuple[str, str | None]]:
    """Yield the same, each part with its content type, and header values with None."""
    for head, around, body, kind, way, is_text in _entities(raw):
        for _, value in _values(head, around):
            yield value, None
        if is_text:
            yield text_in(text_body(way, body), kind.codec, kind.is_html), kind.type


def decoded_headers(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield the name (lower case) and decoded value of every header: envelope, message and parts, in order.

    A line of a header block that is no header has the name ""; an RFC 2231 parameter comes once more, decoded.
    """
    for head, around, *_ in _entities(raw):
        yield from _values(head, around)


def decoded_parts(raw: bytes) -> Iterator[str]:
    """Yield every text part of a message, decoded, in order."""
    for _, _, body, kind, way, is_text in _entities(raw):
        if is_text:
            yield text_in(text_body(way, body), kind.codec, kind.is_html)


def own_headers(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield the name (lower case) and decoded value of the headers of envelope and message, not those of its parts."""
    for head, around, _ in blocks_of(raw):
        yield from _values(head, around)


class Leaf(NamedTuple):
    """A part of a message that holds no other part."""

    kind: str
    """Its content type, as it stands there; empty where it has none."""
    name: str
    """Of the file that it is; empty when it has none."""
    is_attached: bool
    """It is no part of the letter: no text, or a file of its own."""
    text: str
    """Decoded; empty for what is no text."""
    size: int
    """Bytes, without the transfer encoding."""


def leaves(raw: bytes) -> Iterator[Leaf]:
    """Yield the parts of a message that hold no others, in order; never raises."""
    for head, around, body, kind, way, is_text in _entities(raw):
        if not is_text and kind.is_textual:
            continue  # a multipart, a message, or the envelope
        placed = next((value for name, value in _fields(head, around) if name == "content-disposition"), "")
        name = decoded_words(parameters_of(placed).get("filename") or parameters_of(kind.type).get("name", ""))
        is_attached = not is_text or bool(name) or placed.lower().startswith("attachment")
        text = text_in(text_body(way, body), kind.codec, kind.is_html) if is_text else ""
        yield Leaf(kind.type, name, is_attached, text, len(untransferred(way, body)))


def _entities(raw: bytes) -> Iterator[_Entity]:
    ahead = [(block, 0) for block in reversed(blocks_of(raw))]
    left = MOST_PARTS
    while ahead:
        (head, around, body), depth = ahead.pop()
        if body is None:
            yield head, around, b"", _NO_KIND, "", False
            continue
        said = tuple(_CODING.findall(head))
        kind, way = _known_coding(said) if len(head) <= LONGEST_KNOWN and head.isascii() else _coding_of(said, around)
        below: list[HeaderBlock] = []
        if kind.is_opened and depth < DEEPEST and left:
            if kind.main in _OPENED:
                below = blocks_of(untransferred(way, body))
                below = below if below[0][0] else []
            else:
                below = [_block(part) for part in _parts_of(kind.type, body, left)]
            left -= len(below)
        yield head, around, body, kind, way, not below and kind.is_textual
        if below:
            ahead += [(part, depth + 1) for part in reversed(below)]


def blocks_of(raw: bytes) -> list[HeaderBlock]:
    """Split a message into its header blocks: mostly one, with the body.

    The first block is an envelope when it has no header of a message proper and a second block of headers
    follows: queue files of IceWarp may come in that shape.
    """
    raw = _unwrapped(raw)
    head, _, body = first = _block(raw, _HAS_ANY)
    if head and body and not _HAS_OWN.search(head):
        second = _block(_unwrapped(body))
        if _HAS_KNOWN.search(second[0]):
            return [(head, raw, None), second]
    return [first]


def _unwrapped(raw: bytes) -> bytes:
    """Leave out what may stand before a header block and is none of it: empty lines, the separator of a mailbox."""
    if not raw.startswith(_UNUSUAL_STARTS):
        return raw
    raw = raw.removeprefix(_BOM).lstrip(b"\r\n")
    mailbox = MAILBOX_LINE.match(raw)
    return raw[mailbox.end() :].lstrip(b"\r\n") if mailbox else raw


def is_cut(raw: bytes) -> bool:
    """Tell whether the header of a message, of which the first bytes are at hand, may go on behind them."""
    *above, (head, _, body) = blocks_of(raw)
    if not head or not body or above or _HAS_OWN.search(head):
        return bool(head) and not body
    body = _unwrapped(body)  # below an envelope
    return not body or (_FIELD.match(body) is not None and not _EMPTY_LINE.search(body))


def _block(raw: bytes, known: re.Pattern[bytes] | None = None) -> HeaderBlock:
    """Split at the first empty line into a head and the rest; a text without a header is all rest.

    Where the first line is no header, one of those below it must be a known one.
    """
    is_head = _FIELD.match(raw) is not None
    if not is_head and raw.startswith((b"\n", b"\r\n")):
        return b"", raw, raw.partition(b"\n")[2]
    if is_head or known is not None:
        # one pattern: looking for either line end goes through all of a message that has the other
        found = _EMPTY_LINE.search(raw)
        end, rest = found.span() if found else (len(raw), len(raw))
        head = b"\n" + raw[:end]
        if is_head or (known is not None and known.search(head)):
            return head, raw, raw[rest:]
    return b"", raw, raw


def _lines(head: bytes, around: bytes) -> list[str]:
    """List the headers of a block, as text; where one goes on in a further line, `_FOLD` stands for the line end."""
    text = readable(head, around)
    if _FOLD in text:
        text = text.replace(_FOLD, "")
    text = text.replace("\r\n", "\n").removesuffix("\r")
    first, *lines = text.replace("\n ", _FOLD + " ").replace("\n\t", _FOLD + "\t").split("\n")
    return [first.removeprefix(_FOLD), *lines] if first else lines  # a first line that goes on from none is one


def _fields(head: bytes, around: bytes) -> Iterator[tuple[str, str]]:
    return (field_of(line.replace(_FOLD, "")) for line in _lines(head, around))


def _values(head: bytes, around: bytes) -> Iterator[tuple[str, str]]:
    for line in _lines(head, around):
        yield from _values_of(line)


def _values_of(line: str) -> Iterator[tuple[str, str]]:
    name, value = field_of(line.replace(_FOLD, ""))
    yield name, decoded_words(value)
    if "*" in value and name.startswith("content-"):
        yield from ((name, text) for text in parameters_of(value, only_coded=True).values())


def _parts_of(kind: str, body: bytes, most: int) -> list[bytes]:
    """Cut a multipart by the boundary of its content type, or by that without stray quotes."""
    boundary = parameters_of(kind).get("boundary", "").rstrip()
    for spelled in dict.fromkeys((boundary, boundary.strip(STRAY))):
        parts = _split(body, spelled.encode("utf-8", "surrogateescape"), most) if spelled else []
        if parts:
            return parts
    return []


def _split(body: bytes, boundary: bytes, most: int) -> list[bytes]:
    """Cut a multipart at its boundary lines (RFC 2046 §5.1.1); preamble and epilogue are seen by nobody."""
    mark = b"\n--" + boundary
    parts: list[bytes] = []
    for piece in (b"\n" + body).split(mark, most)[1:]:
        if piece.startswith(b"--"):
            break
        line, _, rest = piece.partition(b"\n")
        if not line.strip():
            parts.append(rest.removesuffix(b"\r"))
        elif parts:
            parts[-1] += mark + piece  # the boundary of an inner multipart that begins like this one
    return parts


def main_of(kind: str) -> str:
    """Read the main part of a content type, in lower case: comments, quotes, and what follows it, left out."""
    if "(" in kind:
        kind = re.sub(_COMMENT, " ", kind[:LONGEST_PARAMETERS])
    found = _MAIN.match(kind.lstrip(STRAY))
    return "".join(found[0].split()).lower() if found else ""


def _kind_of(value: bytes, around: bytes = b"") -> _ContentType:
    kind = readable(value.replace(b"\r\n", b"\n"), around).replace("\n", "").replace(_FOLD, "").strip()
    main = main_of(kind)
    is_opened = main in _OPENED or main.startswith("multipart")
    is_textual = main.startswith(_TEXTUAL) or "/" not in main or main.endswith(_NEARLY_TEXTUAL)
    is_html = "html" in kind[:40].lower() if kind else None
    return _ContentType(
        kind,
        main,
        is_opened,
        is_textual,
        codec_of(charset_of(kind)),
        is_html,
        is_html is not False or "delsp" in kind.lower(),
    )


def _coding_of(said: Iterable[tuple[bytes, bytes]], around: bytes = b"") -> tuple[_ContentType, str]:
    """Read how a body is coded from what `_CODING` finds; the first of a name counts."""
    kind, way = _NO_KIND, ""
    for is_type, value in reversed([*said]):
        if is_type:
            kind = _kind_of(value, around)
        else:
            way = way_of(value)
    return kind, way


_known_coding = lru_cache(maxsize=512)(_coding_of)
"""The same few lines stand in every message."""
_NO_KIND = _kind_of(b"")
