"""A table as people have it → rows: the tool's own export, or a spreadsheet saved as text.

Read line by line, so that two million rows cost no more memory than two hundred. The tool ends each line
with a comma and quotes nothing that we know of (vendor scripts); a console writes in its OEM code page, a
spreadsheet in cp1252, UTF-8 with a BOM or UTF-16.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING
from typing import NamedTuple

from breachkit.errors import NotATableError
from breachkit.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

SAMPLE_ROWS = 2000
"""Rows from which encoding, delimiter and columns are told."""

_SAMPLE_BYTES = 1 << 20
_LONGEST = 1 << 16
"""Bytes of a line that are read; what is longer is no row of accounts."""
_OEM_SHARE = 0.5
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_MAGIC = {
    b"PK\x03\x04": "a workbook or archive",
    b"\xd0\xcf\x11\xe0": "a workbook of old",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a compressed file",
    b"SQLite format": "a database",
}


class Row(NamedTuple):
    """One row of a table, and where it stands."""

    offset: int
    line: int
    cells: list[str]

    @property
    def is_torn(self) -> bool:
        """Whether a NUL byte stands in it: no export has one, so what it says was damaged or is a trick."""
        return any("\0" in cell for cell in self.cells)


class Sheet(NamedTuple):
    """How a table is written."""

    path: Path
    encoding: str
    """`utf-8` or `utf-16-…` when the file says so, else `guess`."""
    start: int
    """Bytes of the mark at its beginning."""
    legacy: str
    """What bytes that are no UTF-8 are read as."""
    delimiter: str
    is_ended: bool
    """True when each line ends with the delimiter, as the tool writes it."""


def read_sheet(path: Path) -> Sheet:
    """Tell how a table is written. Raises NotATableError, OSError."""
    with open_regular(path) as stream:
        head = stream.read(_SAMPLE_BYTES)
    for magic, what in _MAGIC.items():
        if head.startswith(magic):
            raise NotATableError(path, what)
    encoding, start = _encoding(head, path)
    sheet = Sheet(path, encoding, start, _legacy(head), ",", is_ended=False)
    sample = itertools.islice(read_lines(sheet), SAMPLE_ROWS)
    texts = [text for _, _, text in sample if text.strip() and "\0" not in text]
    delimiter = _delimiter(texts)
    ended = sum(text.endswith(delimiter) for text in texts)
    return sheet._replace(delimiter=delimiter, is_ended=bool(texts) and ended * 10 >= len(texts) * 9)


def _encoding(head: bytes, path: Path) -> tuple[str, int]:
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name, len(mark)
    pairs = head[: len(head) // 2 * 2]
    odd, even = pairs[1::2].count(0), pairs[::2].count(0)
    if len(pairs) > 1 and max(odd, even) * 10 >= len(pairs) * 4 and min(odd, even) * 10 <= len(pairs):
        return ("utf-16-le", 0) if odd > even else ("utf-16-be", 0)
    lines = [line for line in head.split(b"\n") if line.strip()]
    if sum(b"\0" in line for line in lines) * 2 > len(lines):
        raise NotATableError(path, "a binary file")
    return "guess", 0


def _legacy(head: bytes) -> str:
    """Tell a console's code page from a spreadsheet's: Western letters of cp850 lie below 0xA0, of cp1252 above."""
    high = [byte for byte in head if byte >= 0x80]  # noqa: PLR2004
    low = sum(byte < 0xA0 for byte in high)  # noqa: PLR2004
    return "cp850" if high and low > _OEM_SHARE * len(high) else "cp1252"


def read_lines(sheet: Sheet) -> Iterator[tuple[int, int, str]]:
    """Yield offset, number and text of each line."""
    offset = sheet.start
    with open_regular(sheet.path) as stream:
        stream.seek(sheet.start)
        lines = _wide_lines(stream, sheet.encoding) if sheet.encoding.startswith("utf-16") else iter(stream)
        for number, line in enumerate(lines, 1):
            yield offset, number, _decode(line, sheet)
            offset += len(line)


def _wide_lines(stream: IO[bytes], encoding: str) -> Iterator[bytes]:
    """Split lines whose end is two bytes long; one byte of it alone may be half of another letter."""
    rest = b""
    end = "\n".encode(encoding)
    while block := stream.read(_SAMPLE_BYTES):
        rest += block
        begin = 0
        for place in range(0, len(rest) - 1, 2):
            if rest[place : place + 2] == end:
                yield rest[begin : place + 2]
                begin = place + 2
        rest = rest[begin:]
    if rest:
        yield rest


def _decode(line: bytes, sheet: Sheet) -> str:
    line = line[:_LONGEST]
    if sheet.encoding.startswith("utf-16"):
        text = line.decode(sheet.encoding, "replace")
    else:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            text = line.decode(sheet.legacy, "replace")
    return text.rstrip("\r\n")


def _delimiter(texts: list[str]) -> str:
    if sum("\t" in text for text in texts) * 2 > len(texts):
        return "\t"
    # a `;` also joins aliases, so it separates columns only where no comma does
    commas = sum("," in text for text in texts)
    semicolons = sum(";" in text for text in texts)
    first = texts[0] if texts else ""
    if ";" in first and "," not in first and semicolons >= commas:
        return ";"
    return "," if commas * 2 >= len(texts) else ";"


def read_rows(sheet: Sheet, width: int | None = None, last: int | None = None) -> Iterator[Row]:
    """Yield the rows that hold anything.

    Args:
        sheet: how the table is written.
        width: how many columns it has; None when that is not known yet.
        last: the column whose cells may hold unquoted delimiters, if it is the last one (a password).
    """
    for offset, line, text in read_lines(sheet):
        if text.strip():
            yield Row(offset, line, _cells(text, sheet, width, last))


def _cells(text: str, sheet: Sheet, width: int | None, last: int | None) -> list[str]:
    delimiter = sheet.delimiter
    if sheet.is_ended:
        text = text.removesuffix(delimiter)
    cells = _quoted(text, delimiter) if '"' in text else text.split(delimiter)
    if width is None or last != width - 1 or len(cells) <= width:
        return cells
    return text.split(delimiter, width - 1)


def _quoted(text: str, delimiter: str) -> list[str]:
    """Split a line with quotes; one too many is a letter of a password, and never swallows the lines below."""
    import csv  # noqa: PLC0415  4 ms, and most sheets quote nothing

    if text.count('"') % 2 or len(text) > csv.field_size_limit():
        return text.split(delimiter)
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:  # a lone CR within the line
        return text.split(delimiter)
