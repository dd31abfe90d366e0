"""The accounts of IceWarp, from `tool export account` or a spreadsheet made of it.

The export prints `address,value,value,…,` a line: address first, trailing comma, no header, several
aliases in one column joined by `;` (vendor scripts); people separate them otherwise. Which columns stand there is the
choice of whoever ran it, so a header names them, or --columns, or what they hold (`exportcolumns`). One reader serves
both who needs the names and who judges the passwords; a password leaves it only as a Password, which shows nothing.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, NamedTuple

from breachkit.errors import BreachkitError
from breachkit.files import OVERLONG, shown
from breachkit.records import Account, Locus, Skipped
from breachkit.servers import UNTOLD_COLUMN
from breachkit.servers.icewarp.exportcolumns import kinds_of, pieces_of, read_columns
from breachkit.spelling import ADDRESS, plain_address
from breachkit.text.sasl import Login, Password
from breachkit.text.sheets import SAMPLE_ROWS, is_address, read_rows, read_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from breachkit.servers.icewarp.exportcolumns import TableColumns
    from breachkit.text.sasl import AuthMode
    from breachkit.text.sheets import Sheet

NO_ADDRESS = "account line without an address"
TOO_WIDE = "account line with more cells than the table has columns"
TORN = "account line with a NUL byte in it"
SHORTEST_MASK = 3

_INTERNAL = "@##internalservicedomain.icewarp.com##"
_PERSONS = {"", "0", "user", "utente", "utenti", "person", "persona", "benutzer", "utilisateur", "usuario"}
_NO = {"", "0", "no", "n", "false", "falso", "off", "nein", "non", "nee", "ne", "nie"}
_WORKING = {*_NO, "enabled", "abilitato", "attivo", "active", "attivato", "ok", "on"}
_MODES: dict[str, AuthMode] = {"0": "standard", "1": "directory", "2": "directory", "3": "any"}
_MODES |= {"standard": "standard", "ad": "directory", "nt": "directory", "ldap": "directory"}
_MASKED = re.compile(
    r"[*•●∙·\u25cf\u2022]{3,}|<?\(?\[?(?:hidden|masked|encrypted|nascost[ao]|n/?a)\]?\)?>?", re.IGNORECASE
)
_LEFT_BEHIND = ("forward", "copy", "responder", "rules", "remote")


_NAMES = re.compile(r"[;,|\r\n]+")
"""What stands between several user names: unlike an alias, one may have a blank in it."""


class _AccountTable(NamedTuple):
    sheet: Sheet
    columns: TableColumns
    mask: str | None
    """One sign of which every password seen is made: the export has blanked them out."""


def read_logins(
    path: Path,
    root: Path | None,
    columns: tuple[str, ...] | None,
    needs_password: bool,
) -> Iterator[Login | Skipped]:
    """Read the accounts with all that is said of them. Raises BreachkitError, OSError."""
    label = shown(path, root)
    table = _table(path, columns, needs_password)
    order, has_header, is_sure = table.columns
    if not is_sure:
        yield Skipped(UNTOLD_COLUMN, Locus(label, 0, 1))
    last = order.index("password") if "password" in order else None
    is_header_ahead = has_header
    for row in read_rows(table.sheet, len(order), last):
        source = Locus(label, row.offset, row.line)
        if row.cells is None:
            yield Skipped(OVERLONG, source)
        elif row.is_torn:
            yield Skipped(TORN, source)
        elif is_header_ahead:
            is_header_ahead = False
        elif len(row.cells) > len(order) and any(cell.strip() for cell in row.cells[len(order) :]):
            yield Skipped(TOO_WIDE, source)
        else:
            yield _login(_named(order, row.cells), table, source)


def _table(path: Path, columns: tuple[str, ...] | None, needs_password: bool) -> _AccountTable:
    """Find how the table is written and what its columns hold. Raises BreachkitError."""
    sheet = read_sheet(path)
    rows = itertools.islice(read_rows(sheet), SAMPLE_ROWS)
    sample = [row.cells for row in rows if row.cells is not None and not row.is_torn]
    found = read_columns(sample, columns)
    order = found.order if found is not None else ()
    is_known = bool({"address", "username"} & set(order)) and (not needs_password or "password" in order)
    if found is None or (sample and not is_known):
        is_header = found is not None and found.has_header and len(sample) > 1
        kinds = ", ".join(kinds_of(sample[is_header]))
        raise BreachkitError(
            f"the columns of {path} cannot be told; name them in order with --columns, for example"
            " --columns address,type,disabled,username,alias,password"
            + (f" (its first row holds: {kinds})" if kinds else "")
        )
    return _AccountTable(sheet, found, _mask(sample[found.has_header :], order))


def _mask(sample: list[list[str]], order: Sequence[str]) -> str | None:
    """Find whether the export has blanked the passwords out with one sign: two unlike accounts never all do."""
    if "password" not in order:
        return None
    place = order.index("password")
    values = {row[place].strip() for row in sample if place < len(row) and row[place].strip()}
    signs = set("".join(values))
    is_mask = len(signs) == 1 and len(sample) > 1 and all(len(value) >= SHORTEST_MASK for value in values)
    return signs.pop() if is_mask and not signs & set("0123456789") else None


def _named(order: Sequence[str], cells: list[str]) -> dict[str, list[str]]:
    held: dict[str, list[str]] = {}
    for name, value in zip(order, cells, strict=False):
        held.setdefault(name, []).append(value)
    return held


def _login(held: dict[str, list[str]], table: _AccountTable, source: Locus) -> Login | Skipped:
    typed, *others = _addresses(_first(held, "address"))
    usernames, aliases = _split(held.get("username", []), _NAMES.split), _split(held.get("alias", []), pieces_of)
    is_named = "address" in table.columns.order
    typed = typed if is_named else "".join(usernames[:1])
    address = typed.lower()
    if not address or (is_named and not ADDRESS.fullmatch(address) and _INTERNAL not in address):
        return Skipped(NO_ADDRESS, source)
    aliases = (*others, *aliases)
    is_person = _first(held, "type").lower() in _PERSONS and _INTERNAL not in address
    usernames = usernames or (typed.partition("@")[0],)
    account = Account(address, _lower(usernames), _lower(aliases), is_person, source)
    return Login(
        account=account,
        usernames=usernames,
        aliases=aliases,
        full_name=" ".join(part.strip() for part in held.get("name", []) if part.strip()),
        password=_password(held.get("password"), table),
        is_admin=_is_any(held.get("admin")),
        is_disabled=_is_disabled(held),
        auth_mode=_MODES.get(_first(held, "auth").lower()),
        left_behind=_left_behind(held),
    )


def _addresses(cell: str) -> list[str]:
    """Read the address of a cell; further ones in it are aliases."""
    plain = plain_address(cell)
    if ADDRESS.fullmatch(plain) or not cell:
        return [plain]
    found = [plain_address(piece) for piece in pieces_of(cell) if is_address(piece)]
    return found or [plain]


def _password(cells: list[str] | None, table: _AccountTable) -> Password | None:
    text = cells[0] if cells else ""
    is_masked = _MASKED.fullmatch(text.strip()) or (table.mask is not None and set(text.strip()) == {table.mask})
    return None if is_masked else Password(text)


def _first(held: dict[str, list[str]], name: str) -> str:
    for value in held.get(name, ()):
        if plain := value.strip():
            return plain
    return ""


def _is_any(cells: list[str] | None) -> bool | None:
    return None if cells is None else any(cell.strip().lower() not in _NO for cell in cells)


def _is_disabled(held: dict[str, list[str]]) -> bool | None:
    if "disabled" in held:
        return _first(held, "disabled").lower() not in _WORKING
    if "enabled" in held:
        return _first(held, "enabled").lower() in _NO
    return None


def _left_behind(held: dict[str, list[str]]) -> tuple[str, ...] | None:
    listed = [name for name in _LEFT_BEHIND if name in held]
    return tuple(name for name in listed if _is_any(held[name])) if listed else None


def _split(cells: list[str], split: Callable[[str], list[str]]) -> tuple[str, ...]:
    parts = [plain_address(part) for cell in cells for part in split(cell)]
    return tuple(dict.fromkeys(filter(None, parts)))


def _lower(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([name.lower() for name in names]))
