"""The accounts of IceWarp, from `tool export account` or a spreadsheet made of it.

The export prints `address,value,value,…,` a line: address first, trailing comma, no header, several aliases in one
column joined by `;` (vendor scripts); people separate them otherwise. Which columns stand there is the choice of
whoever ran it: a header names them by words of several languages, or --columns does; what neither names is told by what
the columns hold, never by chance. One reader serves both who needs the names and who judges the passwords; a password
leaves it only as a Password, which shows nothing.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from breachkit.errors import BreachkitError
from breachkit.files import OVERLONG, shown
from breachkit.records import Account, Locus, Skipped
from breachkit.servers import UNTOLD_COLUMN
from breachkit.spelling import ADDRESS, plain_address
from breachkit.text.sasl import Login, Password
from breachkit.text.sheets import SAMPLE_ROWS, is_address, read_rows, read_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

    from breachkit.text.sasl import AuthMode
    from breachkit.text.sheets import Sheet

COLUMNS = (
    *("address", "username", "alias", "name", "type", "disabled", "enabled", "password", "admin", "auth"),
    *("forward", "copy", "responder", "rules", "remote", "ignored"),
)
"""What a column may hold."""

MOST_KINDS = 30
"""Cells of a row whose kind is shown."""

ENOUGH = 4
"""Accounts of which not all have their user name for a password."""

_HEADERS = {
    "address": (
        "address email mail indirizzo account casella emailaddress posta indirizzoemail indirizzomail"
        " indirizzodiposta indirizzopostaelettronica postaelettronica emailprincipale primaryemail uemail"
        " accountemail useremail mailaddress indirizzodipostaelettronica casellaemail casellapostale"
        " emailadresse mailadresse adresseemail adressemail courriel correo correoelectronico emailadres adresemail"
    ),
    "username": (
        "username user utente nomeutente login umailbox mailbox userid loginname utenza uid accountname"
        " nomeaccount nomecasella nomelogin idutente benutzer benutzername anmeldename utilisateur nomdutilisateur"
        " identifiant usuario nombredeusuario utilizador gebruiker gebruikersnaam uzivatel uzivatelskejmeno uzytkownik"
        " nazwauzytkownika"
    ),
    "alias": (
        "alias aliases ualias uemailalias ualiaslist aliasemail aliaslist elencoalias altriindirizzi emailalias"
        " otheraddresses altreemail aliasse aliase aliasy"
    ),
    "name": (
        "name nome fullname nomecompleto uname displayname cognome descrizione nomecognome nomeecognome"
        " cognomenome cognomeenome nominativo firstname lastname surname realname description givenname"
        " nomevisualizzato intestatario vorname nachname nom prenom nombre apellidos voornaam achternaam jmeno prijmeni"
        " imie nazwisko"
    ),
    "type": "type tipo utype accounttype tipoaccount tipologia typ",
    "disabled": (
        "disabled uaccountdisabled disabilitato disattivato stato status state accountdisabled bloccato gesperrt"
    ),
    "enabled": "enabled abilitato attivo active attivato aktiv actif activo",
    "password": (
        "password pass upassword pwd passwd parolachiave psw pw parolasegreta parolaordine chiave hash"
        " passwordhash userpassword hashpassword cleartextpassword passworddiposta passwort kennwort motdepasse mdp"
        " contrasena clave senha wachtwoord heslo haslo"
    ),
    "admin": "admin uadmin udomainadmin uwebadmin ugatewayadmin isadmin amministratore administrator domainadmin",
    "auth": "auth uauthmode authmode authentication autenticazione modalitaautenticazione",
    "forward": "uforwardto forwardto forward inoltro inoltroa inoltraa uforwardolderto",
    "copy": "umailin umailout ualternateemail mailin mailout copia copy alternateemail",
    "responder": "urespond respond responder risponditore autoresponder rispostaautomatica",
    "rules": "urulescontentxml urulessieve rules regole rulessieve rulescontentxml",
    "remote": "uremoteaddress uuseremoteaddress remoteaddress indirizzoremoto useremoteaddress",
}
_COLUMN_OF = {word: name for name, words in _HEADERS.items() for word in words.split()}
_UNKNOWN = ""
_SMALL = re.compile(r"\d?")
_ALIAS = re.compile(r"[\w.+'-]+(?:@[\w.-]+)?")
_BETWEEN = re.compile(r"[\s,;|]+")
_PROSE = re.compile(r"[^\W\d_a-z][\w.'\u2019-]*(?:[ ,]+[^\W\d_][\w.'\u2019-]*)+")
"""Several words of which the first is spelled with a capital, as a full name is and aliases are not."""


class TableColumns(NamedTuple):
    """What is known of the columns of a table."""

    order: tuple[str, ...]
    has_header: bool
    is_sure: bool
    """False where a column may hold aliases or passwords: it is left out of `order` as ignored."""


def kinds_of(cells: Sequence[str]) -> Iterator[str]:
    """Name the kind of each cell of a row, the only thing that may be shown of it: any of them may be a password."""
    for cell in islice(cells, MOST_KINDS):
        text = cell.strip()
        yield "empty" if not text else "address" if is_address(text) else "number" if text.isdigit() else "text"
    if len(cells) > MOST_KINDS:
        yield "…"


def pieces_of(cell: str) -> list[str]:
    """Split a cell of aliases, whatever stands between them."""
    return [piece for piece in _BETWEEN.split(cell) if piece]


def read_columns(rows: Sequence[Sequence[str]], columns: tuple[str, ...] | None = None) -> TableColumns | None:
    """Name the columns of a table by its first rows; None when no column of addresses or user names is found.

    Args:
        rows: the first rows of the table.
        columns: what the user says that they hold.
    """
    if columns is not None:
        return TableColumns(columns, bool(rows) and _read_header(rows) is not None, is_sure=True)
    if not rows:
        return TableColumns(("address",), has_header=False, is_sure=True)
    named = _read_header(rows)
    if named is None:
        return _ColumnReader(rows, [_UNKNOWN] * _usual_width(rows), has_header=False).read()
    body = rows[1:]
    if sum(any(cell.strip() for cell in row[len(named) :]) for row in body) * 2 > len(body):
        return None  # a column without a name, the first or the last
    if {"address", "username"} & set(named) and "password" in named:
        return TableColumns(tuple(name or "ignored" for name in named), has_header=True, is_sure=True)
    return _ColumnReader(body, named, has_header=True).read()


def _read_header(rows: Sequence[Sequence[str]]) -> list[str] | None:
    """Read the first row as a header; None when it is an account. What its words do not name is `_UNKNOWN`."""
    first, rest = rows[0], rows[1:]
    texts = [cell.strip() for cell in first if cell.strip()]
    if any(is_address(text) for text in texts):
        return None
    named = [_COLUMN_OF.get(_spelled(cell), _UNKNOWN) for cell in first]
    if {"address", "username"} & set(named) and len(set(named)) > 1:
        return named
    is_like_one = len(texts) > 1 and len(set(texts)) == len(texts) and not any(text.isdigit() for text in texts)
    return named if is_like_one and _address_columns(rest, range(len(first))) else None


def _spelled(cell: str) -> str:
    plain = unicodedata.normalize("NFKD", cell.lower().replace("ł", "l"))
    return re.sub(r"[^a-z]", "", plain)


def _address_columns(rows: Sequence[Sequence[str]], columns: Collection[int]) -> list[int]:
    """List the columns in which most rows have an address."""
    return [at for at in columns if sum(at < len(row) and is_address(row[at]) for row in rows) * 2 > len(rows)]


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    """Count the columns: the fewest that more than a few rows have, since a password with commas only adds to a row.

    To take too many would make an alias of a piece of a password.
    """
    widths = Counter(map(len, rows))
    return min((width for width, number in widths.items() if number * 10 >= len(rows)), default=0)


class _ColumnReader:
    """Reads what the columns of a table hold from their values."""

    def __init__(self, rows: Sequence[Sequence[str]], order: list[str], *, has_header: bool) -> None:
        self._rows = rows
        self._order = order
        self._has_header = has_header
        self._values = [[row[at].strip() if at < len(row) else "" for row in rows] for at in range(len(order))]
        self._owns: list[str] = [""] * len(rows)
        """The address of each account, or its user name where there is no column of addresses."""

    def read(self) -> TableColumns | None:
        """Name them, the surest first."""
        self._find_address()
        at = next((self._order.index(name) for name in ("address", "username") if name in self._order), None)
        if at is None:
            return None
        self._owns = [plain_address(value).lower() for value in self._values[at]]
        self._find_small()
        self._find_names()
        self._find_others()
        is_sure = self._find_password()
        return TableColumns(tuple(name or "ignored" for name in self._order), self._has_header, is_sure)

    def _unknown(self) -> list[int]:
        return [at for at, name in enumerate(self._order) if name == _UNKNOWN]

    def _find_address(self) -> None:
        """Find the column of addresses; of several only the first of a row, where the tool prints the account's own."""
        if "address" in self._order:
            return
        found = _address_columns(self._rows, self._unknown())
        if len(found) == 1 or (found[:1] == [0] and not self._has_header):
            self._order[found[0]] = "address"

    def _find_small(self) -> None:
        """Find type and disabled, in the order in which breachkit asks for them.

        A list has no password, an account that is disabled may have one: a column that marks rows with a cell in each
        of the other columns does not hold the type.
        """
        small = [at for at in self._unknown() if any(self._values[at]) and all(map(_SMALL.fullmatch, self._values[at]))]
        for at in small:
            self._order[at] = "ignored"
        if self._has_header:
            return
        others = [column for at, column in enumerate(self._values) if at not in small]
        for name in ("type", "disabled"):
            fitting = [at for at in small if self._order[at] == "ignored"]
            if name == "type":
                fitting = [at for at in fitting if not _marks_accounts(self._values[at], others)]
            if fitting:
                self._order[fitting[0]] = name

    def _find_names(self) -> None:
        """Find user name and aliases: they mostly repeat the local part of the address, and are names.

        Several names in a cell, the local part among them, are aliases. Of a column too many, the one that repeats the
        local part least is full of passwords that equal it. Where there is none too many, the last may hold passwords
        as well as aliases.
        """
        owns = [{own, own.partition("@")[0]} - {""} for own in self._owns]
        repeats: dict[int, int] = {}
        for at in self._unknown():
            if self._is_prose(at):
                continue
            cells = [{piece.lower() for piece in pieces_of(value)} for value in self._values[at]]
            same = [cell for own, cell in zip(owns, cells, strict=True) if not own.isdisjoint(cell)]
            if any(len(cell) > 1 for cell in same):
                self._order[at] = "alias"
            elif len(same) * 2 > len(self._rows) and not self._is_no_alias(at):
                repeats[at] = len(same)
        free = [name for name in ("username", "alias") if name not in self._order]
        left = list(repeats) if "password" in self._order else self._without_secrets(repeats, free)
        for at, name in zip(left, free, strict=False):
            self._order[at] = name

    def _without_secrets(self, repeats: dict[int, int], free: list[str]) -> list[int]:
        """Leave out of the columns that repeat the local part the one that may hold passwords."""
        left = list(repeats)
        others = self._may_be_secrets(left)
        if not others and len(left) > len(free):
            least = [at for at in left if repeats[at] == min(repeats.values())]
            if len({tuple(self._values[at]) for at in least}) > 1:
                return left[:1]
            self._order[least[-1]] = "password"
            return [at for at in left if at != least[-1]]
        if len(left) == len(free) and free[-1:] == ["alias"] and not any(map(self._is_no_alias, others)):
            # that every password of some accounts equals the user name is as likely as that every alias does
            is_sure = others and not self._has_header and min(repeats.values()) == len(self._rows) >= ENOUGH
            return left if is_sure else left[:-1]
        return left

    def _find_others(self) -> None:
        """Find full names, and addresses beside the account's own: aliases where they are of its domain."""
        for at in self._unknown():
            if self._is_prose(at):
                self._order[at] = "ignored" if self._has_header or "name" in self._order else "name"
        for at in _address_columns(self._rows, self._unknown()):
            others = (plain_address(value).lower() for value in self._values[at])
            same = sum(_domain(own) == _domain(other) for own, other in zip(self._owns, others, strict=True))
            self._order[at] = "alias" if same * 2 > len(self._rows) else "ignored"

    def _find_password(self) -> bool:
        """Find the password among the columns that are left.

        It is the only one, or the only one that can be no alias, or is never empty where the others mostly are. False
        where several columns can be either, or one and nothing else is the alias: to judge an alias as a password, or
        to show a password as an alias, would be worse than to ask.
        """
        left = self._may_be_secrets()
        odd = [at for at in left if self._is_no_alias(at)]
        if "password" not in self._order:
            chosen = odd if len(odd) == 1 else left if len(left) == 1 and "alias" in self._order else self._filled(left)
            if left and not chosen:
                return False
            chosen = chosen or [at for at in self._unknown() if not any(self._values[at])][-1:]
            for at in chosen:
                self._order[at] = "password"
            left = [at for at in left if at not in chosen]
        if not self._has_header or ("alias" not in self._order and len(left) == 1):
            for at in left:
                self._order[at] = "ignored" if at in odd else "alias"
        return True

    def _filled(self, columns: Sequence[int]) -> list[int]:
        """Find the one column that is never empty, if the others mostly are: an account has a password, if no alias."""
        filled = [[bool(self._values[at][row]) for at in columns] for row in range(len(self._rows))]
        filled = [row for row in filled if any(row)]
        always = [at for place, at in enumerate(columns) if all(row[place] for row in filled)]
        seldom = [at for place, at in enumerate(columns) if sum(row[place] for row in filled) * 2 < len(filled)]
        return always if len(always) == 1 <= len(seldom) == len(columns) - 1 else []

    def _may_be_secrets(self, besides: Collection[int] = ()) -> list[int]:
        """List the unnamed columns that may hold passwords or aliases."""
        return [at for at in self._unknown() if at not in besides and any(self._values[at]) and not self._is_prose(at)]

    def _is_prose(self, at: int) -> bool:
        texts = [value for value in self._values[at] if value]
        return sum(bool(_PROSE.fullmatch(text)) for text in texts) * 2 > len(texts) > 0

    def _is_no_alias(self, at: int) -> bool:
        """Tell whether a column cannot hold aliases: two accounts of a domain never share one, and they are names."""
        if at == len(self._order) - 1 and any(any(row[at + 1 :]) for row in self._rows):
            return True  # a cell goes on behind the last column, as a password with commas does
        owner_of: dict[tuple[str, str], str] = {}
        for own, value in zip(self._owns, self._values[at], strict=True):
            for piece in pieces_of(value):
                owner = owner_of.setdefault((_domain(own), piece.lower()), own)
                if owner != own or not _ALIAS.fullmatch(piece):
                    return True
        return False


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _marks_accounts(column: list[str], others: Sequence[list[str]]) -> bool:
    """Tell whether most of the rows that a column marks have a cell in every other column, as accounts have."""
    marked = [row for row, value in enumerate(column) if value not in {"", "0"}]
    return sum(all(other[row] for other in others) for row in marked) * 2 > len(marked)


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
