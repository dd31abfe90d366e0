"""The bytes of a message → the texts a reader sees.

*Decoded* means the same wherever it is said: each header value unfolded (RFC 5322 §2.2.3) and its encoded
words read (RFC 2047, RFC 2231); each text part after transfer (uuencoded text too) and charset decoding, HTML entities
resolved in HTML, tags and white space left as they are. Attachments that are no text are left out, their names are not.
Where a message is not what the standards ask for, it is read as mail programs do: charsets as `charsets` has them, raw
bytes in a header by the charset of the text, types and encodings that are nearly right.

Written by hand because every queued message passes here: for the sample queues the `email` package takes
1,140 us a message, this 44; it recurses nowhere, and is bounded whatever a stranger nests.
"""

from __future__ import annotations

import binascii
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from breachkit.text.charsets import codec_of, decoded
from breachkit.text.transfer import CODED, read_base64, text_body, untransferred, way_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_PARTS = 1000
"""MIME parts of one message that are read; what follows is left as raw bytes."""
DEEPEST = 30
"""Levels of nesting that are opened; a deeper multipart is taken for text."""
LONGEST_KNOWN_NAME = 60
LONGEST_PARAMETERS = 1 << 16
"""Characters of a header that are searched for parameters."""
FIRST_SAID = 1 << 16
"""Bytes of a message that are searched for the charset of its raw headers."""
FIRST_OF_HTML = 4096
"""Bytes of an HTML text that are searched for a `meta` element."""

_BOM = b"\xef\xbb\xbf"
OF_A_MESSAGE = frozenset({"received", "date", "subject", "mime-version", "message-id", "content-type"})
"""A first block with one of these is the message's own header, not an envelope."""
KNOWN = OF_A_MESSAGE | {"from", "to", "cc", "sender", "reply-to", "return-path", "content-transfer-encoding"}

TEXTUAL = ("text/", "multipart/", "message/")
"""Kinds of parts that are text, when they cannot be opened."""
_NEARLY_TEXTUAL = ("/plain", "/html", "/text")
_OF_THE_SERVER = frozenset({"localsender", "msgid"})
OPENED = frozenset({"message/rfc822", "message/global", "text/rfc822-headers"})
"""Kinds of parts that are messages, or the headers of one."""

MAILBOX_LINE = re.compile(rb">?From (?![ \t]*:)[^\n]*\n")
"""The separator line of a mailbox file; `From : a@b.example` is a header."""

_FOLD = re.compile(r"\n(?=[ \t])")
_CONTINUED = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*?)")
LOOKS_LIKE_HTML = re.compile(
    r"\s*(?:<!--.{0,200}?-->\s*)?<(?:!doctype\s+html|html|head|body|div|table|p)\b", re.IGNORECASE
)
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_FIELD = re.compile(r"[!-9;-~]+[ \t]*:")
_WORD = re.compile(r"=\?([^?*\s]*)(?:\*[^?\s]*)?\?([bq])\?([^?]*)\?=", re.IGNORECASE)
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t]+(?==\?)")
_PARAMETER = re.compile(r'(?:\A|[;,\s])([^\s=;,"]++)\s*+=\s*+("(?:[^"\\]|\\.)*"|[^;\s]*)', re.DOTALL)
"""A parameter; the semicolon before it may be missing."""
_COMMENT = r"\([^()]*\)"
_MAIN = re.compile(r"[^\s/;,\"'()<>]*+(?:\s*+/\s*+[^\s/;,\"'()<>]*+)?")
_STRAY = " \t\"'<>,;"
_SAID = rb"(?i)charset\s*+=\s*+[\"']?([\w.:+-]++)"
_NEARLY_SAID = r"(?i)charset\s*+[:=]?\s*+[\"']?([\w.:+-]++)"
META = re.compile(rb"<meta\b[^<>]*?\bcharset\s*+=\s*+[\"']?([\w.:+-]++)", re.IGNORECASE)

_ADDS = {
    b"&": re.compile(rb"&[#a-z]"),
    b"*": re.compile(rb"\*\d*\*?\s*="),
    b"transfer-encoding": CODED,
    b"charset": re.compile(rb"charset(?!\s*=\s*\"?(?:us-ascii|utf-8|iso-8859-1)\b)"),
    b"begin ": re.compile(rb"begin [0-7]{3}"),
}
"""What makes a decoded text differ from the bytes of an ASCII message in lower case, folds left aside.

Each pattern begins with its key: to look for that first, and only from there for the pattern, takes a third of the time
of one pattern for all.
"""


class _Entity(NamedTuple):
    """One header block and what stands below it."""

    fields: list[tuple[str, str]]
    body: bytes
    text: bool
    """The body is to be read as text, by the fields."""


def decoded_texts(raw: bytes) -> Iterator[str]:
    """Yield every header value and every text part of a message, decoded; never raises."""
    return (text for text, _ in typed_texts(raw))


def typed_texts(raw: bytes) -> Iterator[tuple[str, str | None]]:
    """Yield the same, each part with its content type, and header values with None."""
    for entity in _entities(raw):
        for _, value in _values(entity):
            yield value, None
        if entity.text:
            yield _text_of(entity), _first(entity.fields, "content-type")


def decoded_headers(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield the name (lower case) and decoded value of every header: envelope, message and parts, in order.

    A line of a header block that is no header has the name ""; an RFC 2231 parameter comes once more, decoded.
    """
    for entity in _entities(raw):
        yield from _values(entity)


def decoded_parts(raw: bytes) -> Iterator[str]:
    """Yield every text part of a message, decoded, in order."""
    return (_text_of(entity) for entity in _entities(raw) if entity.text)


def own_headers(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield the name (lower case) and decoded value of the headers of envelope and message, not those of its parts."""
    envelope, fields, _ = _open(raw)
    return ((name, decoded_words(value)) for name, value in (*envelope, *fields))


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
    for entity in _entities(raw):
        kind = _first(entity.fields, "content-type")
        if not entity.text and is_textual(main_of(kind)):
            continue  # a multipart, a message, or the envelope
        placed = _first(entity.fields, "content-disposition")
        name = decoded_words(parameters_of(placed).get("filename") or parameters_of(kind).get("name", ""))
        is_attached = not entity.text or bool(name) or placed.lower().startswith("attachment")
        body = _untransferred(entity.fields, entity.body)
        yield Leaf(kind, name, is_attached, _text_of(entity) if entity.text else "", len(body))


def needs_decoding(raw: bytes, *, blanks: bool = True) -> bool:
    """Tell, in one search, whether a line of a decoded text may not stand in the raw bytes.

    Args:
        raw: the bytes of a message.
        blanks: False when what is sought holds no blank: folded headers then add nothing.
    """
    if not raw.isascii() or b"=?" in raw or (blanks and (b"\n " in raw or b"\n\t" in raw)):
        return True
    lower = raw.lower()
    return any((place := lower.find(mark)) >= 0 and adds.search(lower, place) for mark, adds in _ADDS.items())


def _entities(raw: bytes) -> Iterator[_Entity]:
    envelope, fields, body = _open(raw)
    if envelope:
        yield _Entity(envelope, b"", text=False)
    ahead = [(fields, body, 0)]
    left = MOST_PARTS
    while ahead:
        fields, body, depth = ahead.pop()
        kind = _first(fields, "content-type")
        main = main_of(kind)
        below = _below(kind, main, fields, body, min(left, MOST_PARTS)) if depth < DEEPEST and left else []
        left -= len(below)
        yield _Entity(fields, body, text=not below and is_textual(main))
        ahead.extend((*part, depth + 1) for part in reversed(below))


def _below(
    kind: str, main: str, fields: list[tuple[str, str]], body: bytes, most: int
) -> list[tuple[list[tuple[str, str]], bytes]]:
    """Open a multipart or an attached message; nothing for a leaf."""
    if main.startswith("multipart"):
        return [_block(part) for part in parts_of(kind, body, most)]
    if main in OPENED:
        envelope, own, inner = _open(_untransferred(fields, body))
        return [(envelope + own, inner)] if envelope or own else []
    return []


def _open(raw: bytes) -> tuple[list[tuple[str, str]], list[tuple[str, str]], bytes]:
    """Split a message into envelope block (mostly none), header block and body.

    The first block is an envelope when it has no header of a message proper and a second block of headers
    follows: queue files of IceWarp may come in that shape.
    """
    raw = raw.removeprefix(_BOM).lstrip(b"\r\n")
    if mailbox := MAILBOX_LINE.match(raw):
        raw = raw[mailbox.end() :]
    fields, body = _block(raw, KNOWN | _OF_THE_SERVER)
    names = {name for name, _ in fields}
    if fields and not OF_A_MESSAGE & names and _FIELD.match(body[:200].decode("latin-1")):
        inner, rest = _block(body)
        if not KNOWN.isdisjoint(name for name, _ in inner):
            return fields, inner, rest
    return [], fields, body


def _block(raw: bytes, known: frozenset[str] = frozenset()) -> tuple[list[tuple[str, str]], bytes]:
    """Split at the first empty line into unfolded headers and the rest; a text without a header is all rest.

    Where the first line is no header, one of those below it must be a known one.
    """
    if raw.startswith((b"\n", b"\r\n")):
        return [], raw.partition(b"\n")[2]
    is_head = _FIELD.match(raw[:200].decode("latin-1")) is not None
    if not is_head and not known:
        return [], raw
    end, rest = end_of_block(raw)
    lines = _FOLD.sub("", readable(raw[:end], raw).replace("\r\n", "\n").removesuffix("\r")).split("\n")
    fields = [field_of(line) for line in lines]
    return (fields, raw[rest:]) if is_head or any(name in known for name, _ in fields) else ([], raw)


def end_of_block(raw: bytes, start: int = 0) -> tuple[int, int]:
    """Find where a header block ends, and where what follows its empty line begins."""
    # one pattern: looking for either line end goes through all of a message that has the other
    found = _EMPTY_LINE.search(raw, start)
    return found.span() if found else (len(raw), len(raw))


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


def _first(fields: list[tuple[str, str]], name: str) -> str:
    return next((value for known, value in fields if known == name), "")


def _values(entity: _Entity) -> Iterator[tuple[str, str]]:
    for name, value in entity.fields:
        yield name, decoded_words(value)
        if "*" in value and name.startswith("content-"):
            yield from ((name, text) for text in parameters_of(value, only_coded=True).values())


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
    found: dict[str, list[tuple[int, bool, str]]] = {}
    for name, text in _PARAMETER.findall(value[:LONGEST_PARAMETERS]):
        split = _CONTINUED.fullmatch(name.lower())
        if split and (not only_coded or "*" in name):
            plain = re.sub(r"\\(.)", r"\1", text[1:-1]) if text[:1] == text[-1:] == '"' and len(text) > 1 else text
            found.setdefault(split[1], []).append((int(split[2] or 0), bool(split[3]), plain))
    return {name: _continued(pieces) for name, pieces in found.items()}


def _continued(pieces: list[tuple[int, bool, str]]) -> str:
    if len(pieces) == 1 and not pieces[0][1]:
        return pieces[0][2]
    charset = ""
    read = b""
    for number, is_coded, text in sorted(pieces):
        if is_coded and number == 0 and text.count("'") > 1:
            charset, _, text = text.split("'", 2)  # noqa: PLW2901  the value without its charset and language
        coded = text.encode("utf-8", "surrogateescape")
        read += unquote_to_bytes(coded) if is_coded else coded
    return charset_text(read, charset or "utf-8")


def parts_of(kind: str, body: bytes, most: int) -> list[bytes]:
    """Cut a multipart by the boundary of its content type, or by that without stray quotes."""
    boundary = parameters_of(kind).get("boundary", "").rstrip()
    spelled = boundary.encode("utf-8", "surrogateescape")
    parts = split_parts(body, spelled, most) if boundary else []
    bare = boundary.strip(_STRAY)
    if parts or not bare or bare == boundary:
        return parts
    return split_parts(body, bare.encode("utf-8", "surrogateescape"), most)


def split_parts(body: bytes, boundary: bytes, most: int) -> list[bytes]:
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


def _text_of(entity: _Entity) -> str:
    kind = _first(entity.fields, "content-type")
    is_html = "html" in kind[:40].lower() if kind else None
    way = way_of(_first(entity.fields, "content-transfer-encoding"))
    return text_in(text_body(way, entity.body), charset_of(kind), is_html)


def text_in(body: bytes, charset: str, is_html: bool | None) -> str:
    """Read a text by its charset, else by that of its `meta` element; entities are resolved in HTML.

    Args:
        body: without the transfer encoding.
        charset: as declared, or empty.
        is_html: None where nothing says it; then by its looks.
    """
    said = charset if charset and codec_of(charset) else ""
    if not said and is_html is not False and b"<" in body[:FIRST_OF_HTML]:
        meta = META.search(body, 0, FIRST_OF_HTML)
        if meta and (is_html or LOOKS_LIKE_HTML.match(body[:1000].decode("latin-1"))):
            said = meta[1].decode("latin-1")
            said = "utf-8" if (codec_of(said) or "").startswith("utf-16") else said  # it was read as ASCII
    text = charset_text(body, said)
    if "&" not in text or not (is_html or (is_html is None and LOOKS_LIKE_HTML.match(text[:1000]))):
        return text
    from html import unescape  # noqa: PLC0415  2 ms, and most messages have no entities

    return unescape(text)


def main_of(kind: str) -> str:
    """Read the main part of a content type, in lower case: comments, quotes, and what follows it, left out."""
    if "(" in kind:
        kind = re.sub(_COMMENT, " ", kind[:LONGEST_PARAMETERS])
    found = _MAIN.match(kind.lstrip(_STRAY))
    return "".join(found[0].split()).lower() if found else ""


def is_textual(main: str) -> bool:
    """Tell whether a part of this kind is text, when it cannot be opened."""
    return main.startswith(TEXTUAL) or "/" not in main or main.endswith(_NEARLY_TEXTUAL)


def charset_of(kind: str) -> str:
    """Read the charset that a content type declares, empty when it declares none."""
    if "charset" not in kind.lower():
        return ""
    charset = parameters_of(kind).get("charset", "")
    if charset.strip(_STRAY):
        return charset
    found = re.search(_NEARLY_SAID, kind[:LONGEST_PARAMETERS])
    return found[1] if found else ""


def _untransferred(fields: list[tuple[str, str]], body: bytes) -> bytes:
    return untransferred(way_of(_first(fields, "content-transfer-encoding")), body)


def charset_text(body: bytes, charset: str) -> str:
    """Decode by the declared charset; by UTF-8, then Windows-1252, where there is none or it does not fit."""
    codec = codec_of(charset) if charset else None
    if codec is None and body.startswith((b"\xff\xfe", b"\xfe\xff")):
        codec = "utf-16-le"
    for name in (codec, "utf-8") if codec and codec != "utf-8" and not body.startswith(_BOM) else ("utf-8",):
        try:
            return _sound(decoded(body, name), name)
        except UnicodeError:
            continue
    name = codec if codec and codec != "ascii" else "cp1252"
    return _sound(decoded(body, name, is_strict=False), name)


def _sound(text: str, codec: str) -> str:
    """Make sure that a text can be written as UTF-8: UTF-7 alone spells halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode() if codec == "utf-7" else text


def readable(block: bytes, raw: bytes) -> str:
    """Decode lines of a header, each that is not UTF-8 by the charset that the message gives its text.

    Args:
        block: the lines.
        raw: the message, or the part, that they stand in.
    """
    try:
        return block.decode()
    except UnicodeDecodeError:
        said = (name.decode("latin-1") for name in re.findall(_SAID, raw[:FIRST_SAID]))
        charset = next((name for name in said if codec_of(name) not in {None, "utf-8", "ascii"}), "")
        return "\n".join(charset_text(line, charset) for line in block.split(b"\n"))
