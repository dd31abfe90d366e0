from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from breachkit.errors import BreachkitError
from breachkit.records import Account, Skipped
from breachkit.servers.icewarp.export import read_logins
from breachkit.text.sasl import Login
from tests.servers.icewarp.factories import read_accounts

if TYPE_CHECKING:
    from pathlib import Path


def logins(path: Path, raw: bytes | str, columns: tuple[str, ...] | None = None) -> list[Login]:
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return [row for row in read_logins(path, None, columns, True) if isinstance(row, Login)]


def secrets(rows: list[Login]) -> list[str | None]:
    return [None if row.password is None else row.password.reveal() for row in rows]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "users.csv"


EXPORT = """\
anna@example.it,0,0,anna,anna;info,Secret-1,
bruno@example.it,0,1,bruno,bruno,with,commas,in,it,
carla@example.it,0,0,carla,carla,,
lista@example.it,1,0,lista,lista,,
x@##internalservicedomain.icewarp.com##,0,0,x,x,zzz,
"""


def test_the_tools_own_export_is_split_from_the_left_so_that_a_password_keeps_its_commas(table: Path) -> None:
    rows = logins(table, EXPORT)
    assert secrets(rows) == ["Secret-1", "with,commas,in,it", "", "", "zzz"]
    assert [row.account.is_person for row in rows] == [True, True, True, False, False]
    assert [row.is_disabled for row in rows] == [False, True, False, False, False]
    assert rows[0].aliases == ("anna", "info")
    assert rows[0].is_admin is None


def test_one_reader_gives_accounts_and_logins_the_same_names(table: Path) -> None:
    rows = logins(table, EXPORT)
    accounts = [row for row in read_accounts(table, None, None) if isinstance(row, Account)]
    assert accounts == [row.account for row in rows]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("email,username,alias,password", 'Anna@Example.it,Anna,"info;a.b",Se"cret'),
        ("Password;Alias;Nome utente;Indirizzo e-mail", 'Se"cret;info;Anna;anna@example.it'),
        ("Parola chiave\tIndirizzo\tUtente\tNome completo", 'Se"cret\tanna@example.it\tAnna\tAnna Rossi'),
        ("u_mailbox,E-Mail,u_password,Note", 'Anna,anna@example.it,Se"cret,niente'),
    ],
)
def test_a_spreadsheet_may_have_its_columns_in_any_order_and_language(table: Path, header: str, row: str) -> None:
    rows = logins(table, f"{header}\n{row}\n")
    assert [(one.account.address, one.usernames, secrets([one])) for one in rows] == [
        ("anna@example.it", ("Anna",), ['Se"cret']),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "cp850", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_that_windows_writes_is_read(table: Path, encoding: str) -> None:
    text = "Indirizzo;Nome;Password\r\nanna@example.it;Nicolò Però;perché-così\r\nb@example.it;B;x\r\n"
    rows = logins(table, text.encode(encoding))
    assert secrets(rows) == ["perché-così", "x"]
    assert rows[0].full_name == "Nicolò Però"


def test_commas_in_a_password_of_a_small_table_never_become_an_alias(table: Path) -> None:
    rows = logins(table, "a@example.it,0,0,a,a,c4n4ry,c4n4ry,\nb@example.it,0,0,b,b,x,\n")
    assert secrets(rows) == ["c4n4ry,c4n4ry", "x"]
    assert "c4n4ry" not in repr(rows)


def test_quotes_around_every_cell_are_no_part_of_a_password(table: Path) -> None:
    assert secrets(logins(table, 'email,password\n"a@example.it","pa,""ss"\n"b@example.it","ok"\n')) == ['pa,"ss', "ok"]


def test_a_lone_quote_in_a_password_does_not_swallow_the_lines_below(table: Path) -> None:
    raw = 'a@example.it,0,0,a,a,"open,\nb@example.it,0,0,b,b,fine,\nc@example.it,0,0,c,c,other,\n'
    assert secrets(logins(table, raw)) == ['"open', "fine", "other"]


def test_a_carriage_return_within_a_line_is_text(table: Path) -> None:
    assert secrets(logins(table, 'email,password\na@example.it,"x\ry"z\nb@example.it,ok\n'))[1] == "ok"


@pytest.mark.parametrize("masked", ["*****", "••••••", "(hidden)"])
def test_a_masked_password_is_not_a_password(table: Path, masked: str) -> None:
    assert secrets(logins(table, f"email,password\na@example.it,{masked}\nb@example.it,real\n")) == [None, "real"]


def test_a_column_of_one_letter_is_a_mask(table: Path) -> None:
    assert secrets(logins(table, "email,password\na@example.it,xxxxxx\nb@example.it,xxxxxxxx\n")) == [None, None]


def test_columns_named_on_the_command_line_win(table: Path) -> None:
    rows = logins(table, "hunter2,anna@example.it\nother,b@example.it\n", ("password", "address"))
    assert secrets(rows) == ["hunter2", "other"]


@pytest.mark.parametrize(
    "raw",
    ["just some words\nand more\n", "one,two\nthree,four\n", "anna@example.it,0,0,anna,anna;info\n" * 2],
)
def test_columns_that_cannot_be_told_are_an_error_that_names_the_option(table: Path, raw: str) -> None:
    with pytest.raises(BreachkitError, match="--columns"):
        logins(table, raw)


@pytest.mark.parametrize("raw", [b"PK\x03\x04rest", b"\x00\x01\x02\x03binary" * 9, b"%PDF-1.7"])
def test_what_is_no_table_is_said_in_one_sentence(table: Path, raw: bytes) -> None:
    with pytest.raises(BreachkitError, match="save it as CSV"):
        logins(table, raw)


def test_a_line_without_an_address_is_counted_and_its_text_is_nowhere(table: Path) -> None:
    table.write_text("email,password\na@example.it,x\nc4n4ry,c4n4ry\n")
    skipped = [row for row in read_logins(table, None, None, True) if isinstance(row, Skipped)]
    assert [row.source.line for row in skipped] == [3]
    assert "c4n4ry" not in repr(skipped)


def test_marks_and_what_persists_are_read_where_their_columns_are(table: Path) -> None:
    header = "email,password,u_admin,u_authmode,u_forwardto,u_respond,abilitato"
    rows = logins(table, f"{header}\na@example.it,x,1,2,thief@example.net,0,no\nb@example.it,y,0,3,,0,si\n")
    assert [(row.is_admin, row.auth_mode, row.left_behind, row.is_disabled) for row in rows] == [
        (True, "directory", ("forward",), True),
        (False, "any", (), False),
    ]


@given(raw=st.binary(max_size=400))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_reader_raises_nothing_but_sentences_on_any_bytes(table: Path, raw: bytes) -> None:
    try:
        rows = logins(table, raw)
    except BreachkitError:
        return
    assert all(row.account.address for row in rows)


@given(secret=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_password_never_shows(table: Path, secret: str) -> None:
    marked = f"c4n4ry{secret}c4n4ry"
    rows = logins(table, f"a@example.it,0,0,a,a;b,{marked},\nb@example.it,0,0,b,b,x,\n")
    assert "c4n4ry" not in repr(rows)
    assert "c4n4ry" not in str(rows)
