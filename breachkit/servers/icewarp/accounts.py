"""The accounts of IceWarp, from `tool export account` or a spreadsheet made of it.

The export prints `address,value,value,…,` a line: address first, trailing comma, no header, several
aliases in one column joined by `;` (vendor scripts). Which columns stand there is the choice of whoever
ran it, so they are told by a header, by --columns, or by what they hold. Passwords are passed over here.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from breachkit.errors import UnknownColumnsError
from breachkit.files import shown
from breachkit.records import Account
from breachkit.records import Locus
from breachkit.records import Skipped
from breachkit.sasl import decode_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from pathlib import Path

COLUMNS = ("address", "username", "alias", "name", "type", "disabled", "password", "ignored")
"""What a column may hold."""

NO_ADDRESS = "account line without an address"

_HEADERS = {
    "address": {"address", "email", "e-mail", "mail", "indirizzo", "account", "casella", "emailaddress", "posta"},
    "username": {"username", "user", "utente", "nomeutente", "login", "umailbox", "mailbox", "userid"},
    "alias": {"alias", "aliases", "ualias", "uemailalias", "ualiaslist", "aliasemail"},
    "name": {"name", "nome", "fullname", "nomecompleto", "uname", "displayname", "cognome", "descrizione"},
    "type": {"type", "tipo", "utype"},
    "disabled": {"disabled", "uaccountdisabled", "disabilitato", "stato", "status", "state"},
    "password": {"password", "pass", "upassword", "pwd", "passwd", "parolachiave"},
}
_SMALL = re.compile(r"\d?")
_ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+")
_INTERNAL = "@##internalservicedomain.icewarp.com##"


def read_accounts(path: Path, root: Path | None, columns: tuple[str, ...] | None) -> Iterator[Account | Skipped]:
    """Read who has an account and under which names. Raises UnknownColumnsError, OSError."""
    label = shown(path, root)
    rows = list(_rows(path.read_bytes()))
    header = _header(rows[0][1]) if rows and columns is None else None
    if header is not None:
        rows = rows[1:]
    order = columns or header or guess_columns([row for _, row in rows])
    if rows and (order is None or "address" not in order):
        raise UnknownColumnsError(path)
    for source, row in rows:
        yield _account(dict(_named(order or (), row)), Locus(label, *source))


def _named(order: Sequence[str], row: list[str]) -> Iterator[tuple[str, str]]:
    held: dict[str, str] = {}
    for name, value in zip(order, row, strict=False):
        held[name] = f"{held[name]};{value}" if name in held else value
    yield from held.items()


def _account(held: dict[str, str], source: Locus) -> Account | Skipped:
    address = held.get("address", "").strip().lower()
    if not _ADDRESS.fullmatch(address) and _INTERNAL not in address:
        return Skipped(NO_ADDRESS, source)
    is_person = held.get("type", "").strip() in {"", "0"} and _INTERNAL not in address
    return Account(
        address=address,
        usernames=_split(held.get("username", "")) or (address.partition("@")[0],),
        aliases=_split(held.get("alias", "")),
        is_person=is_person,
        source=source,
    )


def _split(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip().lower() for part in text.split(";") if part.strip()))


def _rows(raw: bytes) -> Iterator[tuple[tuple[int, int], list[str]]]:
    """Split the file into rows with their offset and line; the delimiter is the one its lines agree on."""
    lines = raw.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    texts = [decode_text(line.rstrip(b"\r")) for line in lines]
    delimiter = _delimiter([text for text in texts if text.strip()][:200])
    offset = len(raw) - sum(map(len, lines)) - len(lines) + 1
    for number, (line, text) in enumerate(zip(lines, texts, strict=True), 1):
        if text.strip():
            yield (offset, number), _cells(text, delimiter)
        offset += len(line) + 1


def _cells(text: str, delimiter: str) -> list[str]:
    cells = next(csv.reader(io.StringIO(text.replace("\0", "")), delimiter=delimiter), [])
    return cells[:-1] if cells and not cells[-1].strip() and len(cells) > 1 else cells


def _delimiter(texts: list[str]) -> str:
    if any("\t" in text for text in texts):
        return "\t"
    # a `;` also joins aliases, so it separates columns only where no comma does
    commas = sum("," in text for text in texts)
    return "," if commas * 2 >= len(texts) else ";"


def _header(cells: list[str]) -> tuple[str, ...] | None:
    """Read a header row; None when the row is an account."""
    if any(_ADDRESS.fullmatch(cell.strip()) for cell in cells):
        return None
    spelled = [re.sub(r"[^a-z]", "", cell.lower()) for cell in cells]
    return tuple(next((name for name, words in _HEADERS.items() if word in words), "ignored") for word in spelled)


def guess_columns(rows: list[list[str]]) -> tuple[str, ...] | None:
    """Tell the columns of an export without a header by what they hold; None when they cannot be told.

    The address comes first. Columns of one digit are type and disabled, in this order. A column that
    mostly repeats the local part is the user name. The last column that is left is the password, as the
    export should have been asked for; what is left between them are the aliases.
    """
    if not rows:
        return ("address",)
    width = max(map(len, rows))
    if sum(bool(_ADDRESS.fullmatch(row[0].strip())) for row in rows if row) * 2 < len(rows):
        return None
    order = ["address", *[""] * (width - 1)]
    for index in range(1, width):
        values = [row[index].strip().lower() if index < len(row) else "" for row in rows]
        if all(_SMALL.fullmatch(value) for value in values) and any(values):
            order[index] = "disabled" if "type" in order else "type"
        elif "username" not in order and _repeats_local_part(rows, values):
            order[index] = "username"
    left = [index for index, name in enumerate(order) if not name]
    if (left and left[-1] == width - 1 and "username" in order[:-1]) or len(left) > 1:
        order[left.pop()] = "password"
    for index in left:
        order[index] = "alias"
    return tuple(order)


def _repeats_local_part(rows: list[list[str]], values: list[str]) -> bool:
    same = sum(
        value == row[0].strip().lower().partition("@")[0] for row, value in zip(rows, values, strict=True) if row
    )
    return same * 2 > len(rows)
