"""Which column of a table of accounts holds what: by its header, or by what stands in it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = (
    *("address", "username", "alias", "name", "type", "disabled", "enabled", "password", "admin", "auth"),
    *("forward", "copy", "responder", "rules", "remote", "ignored"),
)
"""What a column may hold."""

ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+")

_HEADERS = {
    "address": (
        "address email mail indirizzo account casella emailaddress posta indirizzoemail indirizzomail"
        " indirizzodiposta indirizzopostaelettronica postaelettronica emailprincipale primaryemail uemail"
        " accountemail useremail mailaddress indirizzodipostaelettronica casellaemail casellapostale"
    ),
    "username": (
        "username user utente nomeutente login umailbox mailbox userid loginname utenza uid accountname"
        " nomeaccount nomecasella nomelogin idutente"
    ),
    "alias": (
        "alias aliases ualias uemailalias ualiaslist aliasemail aliaslist elencoalias altriindirizzi emailalias"
        " otheraddresses altreemail"
    ),
    "name": (
        "name nome fullname nomecompleto uname displayname cognome descrizione nomecognome nomeecognome"
        " cognomenome cognomeenome nominativo firstname lastname surname realname description givenname"
        " nomevisualizzato intestatario"
    ),
    "type": "type tipo utype accounttype tipoaccount tipologia",
    "disabled": "disabled uaccountdisabled disabilitato disattivato stato status state accountdisabled bloccato",
    "enabled": "enabled abilitato attivo active attivato",
    "password": (
        "password pass upassword pwd passwd parolachiave psw pw parolasegreta parolaordine chiave hash"
        " passwordhash userpassword hashpassword cleartextpassword passworddiposta"
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
_SMALL = re.compile(r"\d?")


def read_header(cells: Sequence[str]) -> tuple[str, ...] | None:
    """Read a header row; None when the row is an account."""
    if any(ADDRESS.fullmatch(cell.strip()) for cell in cells):
        return None
    return tuple(_COLUMN_OF.get(_spelled(cell), "ignored") for cell in cells)


def _spelled(cell: str) -> str:
    plain = unicodedata.normalize("NFKD", cell.lower())
    return re.sub(r"[^a-z]", "", plain)


def is_header(header: Sequence[str] | None) -> bool:
    """Tell a header from a row that merely lacks an address."""
    return header is not None and bool({"address", "username"} & set(header)) and len(set(header)) > 1


def guess_columns(rows: list[list[str]]) -> tuple[str, ...] | None:
    """Tell the columns of an export without a header by what they hold; None when they cannot be told.

    The address comes first. Columns of one digit are type and disabled, in this order. The first column that
    mostly repeats the local part is the user name, the second the alias. The last column is the password, as
    the export should have been asked for, unless it holds names; what is left between them are aliases.
    """
    if not rows:
        return ("address",)
    width = _usual_width(rows)
    if width == 0 or sum(bool(ADDRESS.fullmatch(row[0].strip())) for row in rows if row) * 2 < len(rows):
        return None
    order = ["address", *[""] * (width - 1)]
    for index in range(1, width):
        values = [row[index].strip().lower() if index < len(row) else "" for row in rows]
        order[index] = _column_of(rows, values, order, is_last=index == width - 1)
    return tuple(order)


def _usual_width(rows: list[list[str]]) -> int:
    """Count the columns: the fewest that more than a few rows have, since a password with commas only adds to a row.

    To take too many would make an alias of a piece of a password.
    """
    widths = Counter(map(len, rows))
    return min(width for width, number in widths.items() if number * 10 >= len(rows))


def _column_of(rows: list[list[str]], values: list[str], order: list[str], *, is_last: bool) -> str:
    if any(values) and all(_SMALL.fullmatch(value) for value in values):
        return "type" if "type" not in order else "disabled" if "disabled" not in order else "ignored"
    repeats = _repeats_local_part(rows, values)
    if repeats and "username" not in order:
        return "username" if not is_last or len(order) == 2 else "alias"  # noqa: PLR2004  address,username
    if is_last and "alias" not in order and repeats and any(";" in value for value in values):
        return "alias"
    return "password" if is_last else "alias"


def _repeats_local_part(rows: list[list[str]], values: list[str]) -> bool:
    pairs = [(row[0].strip().lower(), value.split(";")) for row, value in zip(rows, values, strict=True) if row]
    same = sum(address.partition("@")[0] in parts or address in parts for address, parts in pairs)
    return same * 2 > len(rows)
