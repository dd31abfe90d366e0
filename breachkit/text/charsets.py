"""The name of a charset → text, as mail readers take it: by the names and tables of the WHATWG Encoding Standard.

Senders write `gb2312` and send GBK, `iso-8859-1` and send Windows-1252, `iso-2022-jp` and send what Windows calls
CP50220; every reader takes the larger set. `webencodings` has the standard's names. What Python's codecs lack of its
tables stands here, with the names that mail uses beside the standard's, and what Python has beyond it (UTF-7, HZ).
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST_NAME = 40
FIRST_SAID = 1 << 16
"""Bytes of a message that are searched for the charset of its raw headers."""
FIRST_OF_HTML = 4096
"""Bytes of an HTML text that are searched for a `meta` element."""

LOOKS_LIKE_HTML = re.compile(
    r"\s*(?:<!--.{0,200}?-->\s*)?<(?:!doctype\s+html|html|head|body|div|table|p)\b", re.IGNORECASE
)
_META = re.compile(rb"<(?:meta\b[^<>]*?\bcharset|\?xml\b[^<>]*?\bencoding)\s*+=\s*+[\"']?([\w.:+-]++)", re.IGNORECASE)
_COMMENT = rb"(?s)<!--.*?-->"
_SAID = rb"(?i)charset\s*+=\s*+[\"']?([\w.:+-]++)"
_BOM = b"\xef\xbb\xbf"

_MOST = {"utf-8": "utf-8", "us-ascii": "ascii", "iso-8859-1": "cp1252", "windows-1252": "cp1252"}
"""What most mail says: told without the standard's names, which take 2 ms to load."""

_STRAY = " \t\r\n\"'`<>()[],;"
"""Signs around a name that are none of it."""
_NO_CHARSET = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})
"""Codecs of Python that no mail uses: slow on purpose-made bytes, or not the same on every machine."""
_ASCII = frozenset({"ascii", "us-ascii", "us_ascii", "usascii", "ansi_x3.4-1968", "iso-ir-6", "iso646-us", "646"})
_NOT_READ = frozenset({"replacement", "x-user-defined"})
"""Names that a browser refuses, or reads as no text: Python may know better."""
_CODECS = {
    "big5-hkscs": "big5",
    "big5hkscs": "big5",
    "cp1250": "cp1250",
    "cp949": "cp949",
    "cp950": "big5",
    "euc-jp": "euc_jp",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso2022-jp": "iso2022_jp",
    "iso2022-jp-1": "iso2022_jp",
    "iso2022-jp-ext": "iso2022_jp",
    "iso-2022-jp": "iso2022_jp",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "macintosh": "mac-roman",
    "shift-jis": "cp932",
    "tis-620": "cp874",
    "utf-16": "utf-16-le",
    "utf-16be": "utf-16-be",
    "utf-16le": "utf-16-le",
    "utf-8-sig": "utf-8",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac-cyrillic",
}
"""Names of the standard or of Python's codecs, with `-` for `_`: the codec whose table has all that is sent so."""
_PAGES = {
    **{number: f"cp{number}" for number in range(1250, 1259)},
    **{28590 + part: f"iso-8859-{part}" for part in (*range(1, 12), 13, 14, 15, 16)},
    **dict.fromkeys((936, 51936, 54936, 20936), "gb18030"),
    **dict.fromkeys((950, 951, 10002), "big5"),
    **dict.fromkeys((932, 943, 10001), "cp932"),
    **dict.fromkeys((949, 51949, 1363), "cp949"),
    **dict.fromkeys((50220, 50221, 50222), "iso-2022-jp"),
    20127: "us-ascii",
    20866: "koi8-r",
    21866: "koi8-u",
    20932: "euc-jp",
    51932: "euc-jp",
    874: "windows-874",
    1200: "utf-16le",
    1201: "utf-16be",
    12000: "utf-32-le",
    12001: "utf-32-be",
    65000: "utf-7",
    65001: "utf-8",
    10000: "macintosh",
    10006: "mac-greek",
    10007: "x-mac-cyrillic",
    10029: "mac-latin2",
    10079: "mac-iceland",
    10081: "mac-turkish",
    50225: "iso2022_kr",
    52936: "hz",
}
"""Code pages of Windows and IBM; other numbers are known to Python, or to nobody."""
# patterns are compiled where they are first needed: few messages need any
_PAGE = r"(?:mscp|cp|ms|win|windows|ibm|dos|oem|codepage)(\d{3,5})"
_OTHER_NAMES = {
    "big5eten": "big5",
    "cngb": "gb18030",
    "eucgb2312cn": "gb18030",
    "eucjpms": "euc-jp",
    "eucjpwin": "euc-jp",
    "iso2022jpms": "iso-2022-jp",
    "ksc56011992": "euc-kr",
    "ksx1001": "euc-kr",
    "latin9": "iso-8859-15",
    "macce": "mac-latin2",
    "maccentraleurroman": "mac-latin2",
    "maccentraleurope": "mac-latin2",
    "macchinesesimp": "gb18030",
    "macchinesetrad": "big5",
    "macicelandic": "mac-iceland",
    "macjapanese": "shift_jis",
    "mackorean": "euc-kr",
    "unicode20utf7": "utf-7",
    "utf8mb4": "utf-8",
}
"""Names in use that neither has, without their blanks and hyphens and the `x-` before them."""

_UNDEFINED = "breachkit-undefined-byte"
_HALFWIDTH = 0xFF61 - 0x21
_ESCAPE = rb"\x1b(?:\(([BJI])|(\$\(?[@B])|(\$\(D))|([\x0e\x0f])"
_PAIRS = rb"(?s)([\x21-\x7e]{2})|([\0-\x20\x7f])|(.)"
_EUC = rb"(?s)([\0-\x7f]+)|\x8e([\xa1-\xdf])|(\x8f[\xa1-\xfe]{2})|([\xa1-\xfe]{2})|(.)"


def codec_of(label: str) -> str | None:
    """Find the codec for a name of a charset, to be given to `decoded`; None when the name is of none."""
    if not 0 < len(label) <= LONGEST_NAME:
        return None
    name = label.strip(_STRAY).lower()
    return _MOST.get(name) or _codec(name)


def decoded(body: bytes, codec: str, *, is_strict: bool = True) -> str:
    """Decode by a codec that `codec_of` found. Raises UnicodeError when strict."""
    own = _OWN.get(codec)
    if own is not None:
        return own(body, is_strict=is_strict)
    if codec.startswith("utf-16") and body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codec = "utf-16"
    if codec.startswith("cp125") or codec == "cp874":
        return body.decode(codec, _UNDEFINED)
    if is_strict:
        return body.decode(codec)
    return body.decode(codec, _UNDEFINED if codec == "gb18030" else "replace")


def text_in(body: bytes, codec: str | None, is_html: bool | None) -> str:
    """Read a text by its charset, else by that of its `meta` element; entities are resolved in HTML.

    Args:
        body: without the transfer encoding.
        codec: of the charset that is declared.
        is_html: None where nothing says it; then by its looks.
    """
    if codec is None and is_html is not False and b"<" in body[:FIRST_OF_HTML]:
        meta = _META.search(re.sub(_COMMENT, b"", body[:FIRST_OF_HTML]))
        if meta and (is_html or LOOKS_LIKE_HTML.match(body[:1000].decode("latin-1"))):
            codec = codec_of(meta[1].decode("latin-1"))
            codec = "utf-8" if codec and codec.startswith("utf-16") else codec  # it was read as ASCII
    text = _read(body, codec)
    if "&" not in text or not (is_html or (is_html is None and LOOKS_LIKE_HTML.match(text[:1000]))):
        return text
    from html import unescape  # 2 ms, and most messages have no entities

    return unescape(text)


def charset_text(body: bytes, charset: str) -> str:
    """Decode by the declared charset; by UTF-8, then Windows-1252, where there is none or it does not fit."""
    return _read(body, codec_of(charset))


def _read(body: bytes, codec: str | None) -> str:
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


def decode_text(raw: bytes) -> str:
    """Read bytes as UTF-8, else cp1252, never failing."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


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


@lru_cache(maxsize=512)
def _codec(name: str) -> str | None:
    from webencodings.labels import LABELS  # see `_MOST`

    if name in _ASCII:
        return "ascii"
    standard = LABELS.get(name)
    if standard is None:
        bare = _bare(name)
        page = re.fullmatch(_PAGE, bare)
        known = _bare_labels()
        spelled = (bare, "iso" + bare, bare.removeprefix("cs"))
        standard = (
            _PAGES.get(int(page[1]), f"cp{page[1]}")
            if page
            else next((known[one] for one in spelled if one in known), None)
        )
    return _python_codec(name if standard is None or standard in _NOT_READ else standard)


def _bare(name: str) -> str:
    return re.sub(r"[\s_.-]", "", name.partition(":")[0]).removeprefix("x")  # `ISO_8859-15:1998`


@lru_cache(maxsize=1)
def _bare_labels() -> dict[str, str]:
    from webencodings.labels import LABELS  # see `_MOST`

    return {_bare(label): name for label, name in LABELS.items()} | _OTHER_NAMES


def _python_codec(name: str) -> str | None:
    known = _CODECS.get(name.replace("_", "-"))
    if known is not None:
        return known
    for spelled in (name, name.removeprefix("x-"), re.sub(r"^(?:x-)?(cp|ibm)[-_ ]", r"\1", name)):
        try:
            codec = codecs.lookup(spelled).name
            if codec.replace("_", "-") in _NO_CHARSET:
                return None
            b"a".decode(codec, "replace")  # "rot13" and "zlib" are codecs too, but not from bytes to text
        except (LookupError, ValueError):
            continue
        return _CODECS.get(codec.replace("_", "-"), codec)
    return None


def _undefined(error: UnicodeError) -> tuple[str, int]:
    """Read a byte that a code page leaves undefined as the standard does: as the control character of its number."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    byte = error.object[error.start]
    if error.encoding.startswith("gb"):
        return ("€" if byte == 0x80 else "\ufffd"), error.start + 1  # as Windows has it
    return chr(byte), error.start + 1


codecs.register_error(_UNDEFINED, _undefined)


def _big5(body: bytes, *, is_strict: bool) -> str:
    """Read Big5: what Windows has of it, else with Hong Kong's signs."""
    try:
        return body.decode("cp950")
    except UnicodeDecodeError:
        return body.decode("big5hkscs", "strict" if is_strict else "replace")


def _iso_2022_jp(body: bytes, *, is_strict: bool) -> str:
    """Read CP50220: JIS X 0208 with the signs of NEC and IBM, JIS X 0212, and halfwidth katakana."""
    if not body.isascii() and is_strict:
        raise UnicodeError
    texts: list[str] = []
    mode, place = b"B", 0
    for escape in re.finditer(_ESCAPE, body):
        texts.append("".join(_in_mode(body[place : escape.start()], mode)))
        shift = {b"\x0e": b"I", b"\x0f": b"B"}.get(escape[4] or b"")
        mode = shift or escape[1] or (b"$" if escape[2] else b"D")
        place = escape.end()
    texts.append("".join(_in_mode(body[place:], mode)))
    return "".join(texts)


def _in_mode(run: bytes, mode: bytes) -> Iterator[str]:
    if mode == b"B":
        yield run.decode("ascii", "replace")
    elif mode == b"J":
        yield run.decode("ascii", "replace").replace("\\", "¥").replace("~", "\u203e")
    elif mode == b"I":
        yield "".join(chr(byte + _HALFWIDTH) if 0x21 <= byte <= 0x5F else chr(byte) for byte in run)
    else:
        for found in re.finditer(_PAIRS, run):
            pair, control, _ = found.groups()
            if pair is not None:
                yield _jis()[pair] if mode == b"$" else _jis_0212(bytes(byte | 0x80 for byte in pair))
            else:
                yield "\ufffd" if control is None else control.decode("ascii")


def _euc_jp(body: bytes, *, is_strict: bool) -> str:
    """Read EUC-JP with the signs of NEC and IBM."""
    texts: list[str] = []
    for found in re.finditer(_EUC, body):
        plain, kana, third, pair, bad = found.groups()
        if bad is not None and is_strict:
            raise UnicodeError
        if plain is not None:
            texts.append(plain.decode("ascii"))
        elif kana is not None:
            texts.append(chr(kana[0] - 0x80 + _HALFWIDTH))
        elif pair is not None:
            texts.append(_jis()[bytes(byte & 0x7F for byte in pair)])
        else:
            texts.append("\ufffd" if third is None else _jis_0212(third[1:]))
    return "".join(texts)


@lru_cache(maxsize=1)
def _jis() -> dict[bytes, str]:
    """Make the table of JIS X 0208 as Windows has it, from its Shift JIS: rows of 94, two rows to a lead byte."""
    table = {}
    for row in range(94):
        lead = row // 2 + (0x81 if row < 62 else 0xC1)
        for cell in range(94):
            trail = cell + (0x9F if row % 2 else 0x40 + (cell >= 63))
            table[bytes((row + 0x21, cell + 0x21))] = bytes((lead, trail)).decode("cp932", "replace")[:1]
    return table


def _jis_0212(pair: bytes) -> str:
    return (b"\x8f" + pair).decode("euc_jp", "replace")[:1]


_OWN: dict[str, Callable[..., str]] = {"big5": _big5, "euc_jp": _euc_jp, "iso2022_jp": _iso_2022_jp}
