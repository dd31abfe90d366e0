"""Tables of accounts as spreadsheets and people write them, and columns that are told or asked for, never guessed."""

from __future__ import annotations

from itertools import permutations
from random import Random
from typing import TYPE_CHECKING

import pytest

from breachkit.errors import BreachkitError
from breachkit.files import OVERLONG
from breachkit.records import Skipped
from breachkit.servers import UNTOLD_COLUMN
from breachkit.servers.icewarp.export import TOO_WIDE, read_logins
from breachkit.text.sasl import Login
from tests.servers.icewarp.factories import read_accounts

if TYPE_CHECKING:
    from pathlib import Path

Read = list[tuple[str, tuple[str, ...], tuple[str, ...], str | None]]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "users.csv"


def rows_of(path: Path, raw: bytes | str, columns: tuple[str, ...] | None = None) -> list[Login | Skipped]:
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return list(read_logins(path, None, columns, True))


def read(path: Path, raw: bytes | str, columns: tuple[str, ...] | None = None) -> Read:
    """Read address, user names, aliases and password of each account."""
    return [
        (row.account.address, row.usernames, row.aliases, None if row.password is None else row.password.reveal())
        for row in rows_of(path, raw, columns)
        if isinstance(row, Login)
    ]


TWO: Read = [
    ("rosa@example.net", ("rosa",), ("rosa.verdi",), "Kp2-!xx"),
    ("lars@example.net", ("lars",), ("l.berg",), "lars"),
]


@pytest.mark.parametrize(
    ("said", "sign"),
    [("sep=;", ";"), ('"sep=,"', ","), ("SEP=\t", "\t"), ("sep=|", "|"), ("sep=;;;;", ";"), ("sep=:", ":")],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_excels_first_line_says_what_separates_the_columns(table: Path, said: str, sign: str, encoding: str) -> None:
    lines = [said, "email,username,alias,password", "rosa@example.net,rosa,rosa.verdi,Kp2-!xx"]
    lines += ["lars@example.net,lars,l.berg,lars"]
    text = "\r\n".join([lines[0], *(line.replace(",", sign) for line in lines[1:])]) + "\r\n"
    assert read(table, text.encode(encoding)) == TWO


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_empty_rows_below_a_table_are_no_accounts(table: Path, sign: str) -> None:
    text = "email,username,alias,password\nrosa@example.net,rosa,rosa.verdi,Kp2-!xx\nlars@example.net,lars,l.berg,lars\n,,,\n, ,,\n"
    assert read(table, text.replace(",", sign)) == TWO
    assert len(rows_of(table, text.replace(",", sign))) == len(TWO)


def test_texts_that_are_spelled_as_formulas_are_texts(table: Path) -> None:
    lines = [
        "email;username;alias;password",
        "rosa@example.net;rosa;rosa.verdi;Kp2-!xx",
        "lars@example.net;lars;l.berg;lars",
    ]
    coded = [";".join(f'="{cell}"' for cell in line.split(";")) for line in lines]
    assert read(table, "\n".join(coded)) == TWO
    assert read(table, "\n".join([lines[0], 'rosa@example.net;rosa;x;="Kp2"']))[0][3] == '="Kp2"'


@pytest.mark.parametrize(
    "header",
    [
        "Courriel;Identifiant;Alias;Mot de passe",
        "Correo electrónico;Usuario;Alias;Contraseña",
        "Adres e-mail;Użytkownik;Aliasy;Hasło",
        "電子メール;ユーザー;別名;パスワード",
        "Почта;Логин;Псевдоним;Пароль",
        "E-mail;Felhasználó;Álnév;Jelszó",
    ],
)
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
def test_a_header_in_any_language_is_told_by_what_stands_below(
    table: Path, header: str, order: tuple[int, ...]
) -> None:
    rows = [header, "rosa@example.net;rosa;rosa.verdi;Kp2-!xx", "lars@example.net;lars;l.berg;lars"]
    text = "\n".join(";".join(row.split(";")[at] for at in order) for row in rows)
    assert read(table, text + "\n") == TWO


def test_a_header_names_what_its_words_name_and_other_columns_stay_unread(table: Path) -> None:
    text = "Abteilung;E-Mail;Passwort\nVertrieb;rosa@example.net;hello1\nEinkauf;lars@example.net;hello2\n"
    assert read(table, text) == [
        ("rosa@example.net", ("rosa",), (), "hello1"),
        ("lars@example.net", ("lars",), (), "hello2"),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_end_of_line_is_one(table: Path, end: str) -> None:
    lines = ["email;username;alias;password", "rosa@example.net;rosa;rosa.verdi;Kp2-!xx"]
    lines += ["lars@example.net;lars;l.berg;lars", ""]
    assert read(table, end.join(lines)) == TWO


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("alias,email,password", ['"rosa.verdi{}r.verdi"', "rosa@example.net", "Kp2"]),
        ("email,alias,password", ["rosa@example.net", '"rosa.verdi{}r.verdi"', "Kp2"]),
        ("email,password,alias", ["rosa@example.net", '"Kp2"', '"rosa.verdi{}r.verdi"']),
        ("email,password,alias", ['"rosa@example.net"', "Kp2", '"rosa.verdi,{}r.verdi"']),
    ],
)
def test_a_quoted_cell_may_go_on_in_the_lines_below(table: Path, header: str, cells: list[str], end: str) -> None:
    row = ",".join(cells).format(end)
    plain = {"alias": "", "email": "lars@example.net", "password": "other"}
    text = end.join([header, row, ",".join(plain[name] for name in header.split(",")), ""])
    rows = rows_of(table, text)
    assert read(table, text) == [
        ("rosa@example.net", ("rosa",), ("rosa.verdi", "r.verdi"), "Kp2"),
        ("lars@example.net", ("lars",), (), "other"),
    ]
    assert [row.account.source.line for row in rows if isinstance(row, Login)] == [2, 4]


def test_a_cell_of_many_lines_stays_one_cell(table: Path) -> None:
    aliases = "\n".join(f"rosa{number}" for number in range(300))
    text = f'email,alias,password\nrosa@example.net,"{aliases}",Kp2\nlars@example.net,,other\n'
    first, second = read(table, text)
    assert (len(first[2]), first[3], second[3]) == (300, "Kp2", "other")


@pytest.mark.parametrize(
    "secrets",
    [
        ['"open', "fine", "other"],
        ["fine", 'a"b', 'c"d'],
        ['"begins', "fine", 'ends"'],
        ['"', '"', '"'],
        ['""a', "b", "c"],
    ],
)
def test_quotes_in_passwords_never_swallow_the_lines_below(table: Path, secrets: list[str]) -> None:
    names = ["rosa", "lars", "inge"]
    text = "".join(
        f"{name}@example.net,0,0,{name},{name};x.{name},{secret},\n"
        for name, secret in zip(names, secrets, strict=True)
    )
    assert [row[3] for row in read(table, text)] == secrets


@pytest.mark.parametrize(
    "cell",
    [
        "mailto:Rosa@example.net",
        "MAILTO:rosa@example.net?subject=hello",
        "Rosa Verdi <rosa@example.net>",
        "rosa@example.net<mailto:rosa@example.net>",
        "SMTP:rosa@example.net",
        "[rosa@example.net](mailto:rosa@example.net)",
        "'rosa@example.net",
        " rosa@example.net\u200b",
    ],
)
def test_an_address_is_read_however_it_was_pasted(table: Path, cell: str) -> None:
    text = f"{cell};rosa;rosa.verdi;Kp2-!xx\nlars@example.net;lars;l.berg;lars\n"
    assert read(table, text) == TWO
    assert [row[0] for row in read(table, f"password;email\nKp2-!xx;{cell}\n")] == ["rosa@example.net"]


@pytest.mark.parametrize("between", [";", ",", ", ", " ", "\n", " | "])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_several_aliases_stand_in_one_cell_however_they_are_separated(table: Path, between: str, sign: str) -> None:
    cells = ["rosa@example.net", "rosa", f'"rosa.verdi{between}smtp:r.verdi@example.net{between}info"', '"Kp2"']
    text = sign.join(["email", "username", "alias", "password"]) + "\n" + sign.join(cells) + "\n"
    aliases = ("rosa.verdi", "r.verdi@example.net", "info")
    assert read(table, text) == [("rosa@example.net", ("rosa",), aliases, "Kp2")]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("Größe Jürgen", "cp850"),
        ("José Núñez García", "cp850"),
        ("François Lefèvre", "cp850"),
        ("Größe Jürgen", "cp1252"),
        ("D\u2019Angelo Niccolò", "cp1252"),
        ("José Núñez García", "cp1252"),
    ],
)
def test_the_code_page_is_told_by_the_letters(table: Path, name: str, encoding: str) -> None:
    (row,) = rows_of(table, f"email;name;password\nrosa@example.net;{name};x\n".encode(encoding))
    assert isinstance(row, Login)
    assert row.full_name == name


EXPORT = {
    "u_type": ["0", "0", "0", "1"],
    "u_accountdisabled": ["0", "1", "0", "0"],
    "u_mailbox": ["rosa", "lars", "inge", "all"],
    "u_alias": ["rosa.verdi", "l.berg", "inge", "everybody"],
    "u_password": ["rosa", "Kp2-!xx", "Zt7-r9", ""],
}
ADDRESSES = ["rosa@example.net", "lars@example.net", "inge@example.net", "all@example.net"]


@pytest.mark.parametrize("order", list(permutations(EXPORT)), ids="-".join)
def test_an_export_in_any_order_is_read_rightly(table: Path, order: tuple[str, ...]) -> None:
    rows = zip(ADDRESSES, *(EXPORT[name] for name in order), strict=True)
    found = rows_of(table, "".join(",".join(row) + ",\n" for row in rows))
    logins = [row for row in found if isinstance(row, Login)]
    assert [row.password.reveal() if row.password else None for row in logins] == EXPORT["u_password"]
    assert [row.account.is_person for row in logins] == [True, True, True, False]
    assert [row.is_disabled for row in logins] == [False, True, False, False]
    assert {*logins[0].usernames, *logins[0].aliases} == {"rosa", "rosa.verdi"}


def test_names_that_are_but_the_user_names_are_told_from_passwords_by_their_number(table: Path) -> None:
    names, secrets = ["rosa", "lars", "inge", "olaf"], ["hunter2", "tiger9", "blue4", "olaf"]
    rows = zip(names, secrets, strict=True)
    text = "".join(f"{name}@example.net,0,0,{name},{name},{secret},\n" for name, secret in rows)
    assert [row[3] for row in read(table, text)] == secrets


def test_a_column_that_is_mostly_empty_holds_no_passwords(table: Path) -> None:
    text = "rosa@example.net,0,0,rosa,info,hunter2,\nlars@example.net,0,0,lars,,tiger9,\ninge@example.net,0,0,inge,,blue4,\n"
    assert [row[3] for row in read(table, text)] == ["hunter2", "tiger9", "blue4"]
    with pytest.raises(BreachkitError, match="cannot be told"):
        read(table, text.replace("lars,,tiger9", "lars,l.berg,tiger9"))


def test_a_header_above_an_export_has_no_trailing_comma(table: Path) -> None:
    text = "адрес,имя,псевдоним,пароль\nrosa@example.net,rosa,rosa;r.verdi,rosa12,\nlars@example.net,lars,lars,lars7,\n"
    assert [row[3] for row in read(table, text)] == ["rosa12", "lars7"]


@pytest.mark.parametrize(
    "raw",
    [
        "rosa@example.net,0,0,rosa,rosa.verdi,hunter2,\nlars@example.net,0,0,lars,l.berg,tiger9,\n",
        "rosa@example.net,hunter2,0,0,rosa,rosa.verdi,\nlars@example.net,tiger9,0,0,lars,l.berg,\n",
        "rosa@example.net;rosa;hunter2\nlars@example.net;lars;tiger9\n",
        "rosa@example.net;Kp2-!xx;Nice guy!\nlars@example.net;Zt7_r9!;(left)\n",
        "Почта;Имя;Пароль\nrosa@example.net;hunter2;blue\nlars@example.net;tiger9;green\n",
        "rosa@example.net;rosa;rosa\nlars@example.net;lars;lars\n",
        "rosa@example.net,0,0,rosa,rosa,hunter2,\nlars@example.net,0,0,lars,lars,tiger9,\n",
        "rosa@example.net,0,0,rosa,,hunter2,\nlars@example.net,0,0,lars,,tiger9,\n",
        "Почта;Имя;Пароль;Псевдоним\nrosa@example.net;rosa;rosa;r.verdi\nlars@example.net;lars;lars;l.berg\n",
    ],
)
def test_where_two_columns_may_be_the_password_breachkit_asks(table: Path, raw: str) -> None:
    with pytest.raises(BreachkitError, match="name them in order with --columns") as caught:
        rows_of(table, raw)
    said = str(caught.value).replace(str(table), "")
    assert "its first row holds: address, " in said
    assert not any(cell in said for line in raw.splitlines() for cell in line.split(",") if len(cell) > 1)


def test_the_question_shows_each_cell_of_the_first_row_by_its_kind_only(table: Path) -> None:
    with pytest.raises(BreachkitError, match="cannot be told") as caught:
        rows_of(table, "rosa@example.net,4711,,rosa.verdi,c4n4ry\nlars@example.net,4712,,l.berg,c4n4rie\n")
    assert "(its first row holds: address, number, empty, text, text)" in str(caught.value)
    with pytest.raises(BreachkitError, match="cannot be told") as caught:
        rows_of(table, ",".join(["c4n4ry"] * 5000) + "\n")
    assert f"(its first row holds: {'text, ' * 30}…)" in str(caught.value)


def test_who_needs_no_password_reads_what_is_certain_and_is_told_what_was_left_out(table: Path) -> None:
    table.write_text("rosa@example.net;rosa;hunter2\nlars@example.net;lars;tiger9\n")
    first, *rows = read_accounts(table, None, None)
    assert isinstance(first, Skipped)
    assert (first.reason, first.source.line) == (UNTOLD_COLUMN, 1)
    assert [(row.address, row.aliases) for row in rows if not isinstance(row, Skipped)] == [
        ("rosa@example.net", ()),
        ("lars@example.net", ()),
    ]
    assert "hunter2" not in repr(rows)


def test_columns_that_were_named_are_taken_as_they_are(table: Path) -> None:
    raw = "rosa@example.net;hunter2;rosa\nlars@example.net;tiger9;lars\n"
    columns = ("address", "password", "alias")
    assert read(table, raw, columns) == [
        ("rosa@example.net", ("rosa",), ("rosa",), "hunter2"),
        ("lars@example.net", ("lars",), ("lars",), "tiger9"),
    ]
    assert read(table, "Mail;P;A\n" + raw, columns) == read(table, raw, columns)
    assert read(table, "Почта;Пароль;Имя\n" + raw, columns) == read(table, raw, columns)
    assert not [row for row in rows_of(table, "Почта;Пароль;Имя\n" + raw, columns) if isinstance(row, Skipped)]


def test_a_column_without_a_name_moves_no_other(table: Path) -> None:
    with pytest.raises(BreachkitError, match="cannot be told"):
        rows_of(table, "email,password\n1,rosa@example.net,Kp2\n2,lars@example.net,Zt7\n")


def test_a_row_with_more_cells_than_columns_is_not_guessed_at(table: Path) -> None:
    rows = rows_of(table, "email,alias,password,name\nrosa@example.net,a,b,Kp2,Rosa\nlars@example.net,x,y,Lars,,\n")
    assert [row.reason for row in rows if isinstance(row, Skipped)] == [TOO_WIDE]
    assert [row[3] for row in read(table, table.read_bytes())] == ["y"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_without_an_end_is_counted_and_not_kept(table: Path, encoding: str) -> None:
    long = "x" * 3_000_000
    text = f"email;password\nrosa@example.net;{long}\nlars@example.net;other\n"
    rows = rows_of(table, text.encode(encoding))
    assert [(row.reason, row.source.line) for row in rows if isinstance(row, Skipped)] == [(OVERLONG, 2)]
    assert [row[3] for row in read(table, text.encode(encoding))] == ["other"]
    assert "x" * 100 not in repr(rows)


NAMES = ("rosa", "lars", "inge", "olaf", "pia", "kurt", "anna", "marco")
HEADER = {
    "address": "адрес",
    "username": "имя",
    "alias": "псевдоним",
    "password": "пароль",
    "type": "тип",
    "disabled": "откл",
    "name": "фио",
}


def drawn(dice: Random) -> tuple[str, list[str]]:
    """Draw a table with its columns in any order, and the passwords in it."""
    people = dice.sample(NAMES, dice.randint(2, len(NAMES)))
    secret = (
        lambda name: name,
        lambda name: f"{name}{dice.randint(10, 99)}",
        lambda _: "".join(dice.choices("abcdefghjkmnpqrstuvwxyz23456789", k=9)),
        lambda _: "".join(dice.choices("abcXYZ239!_-.#$%", k=10)),
    )
    alias = (
        lambda name: name,
        lambda name: f"{name};{name}.x",
        lambda name: f"{name[0]}.{name}y",
    )
    columns = {
        "address": [f"{name}@example.net" for name in people],
        "username": people,
        "alias": [dice.choice(alias)(name) for name in people],
        "password": [dice.choice(secret)(name) for name in people],
        "type": ["0"] * len(people),
        "disabled": [dice.choice("0001") for _ in people],
        "name": [f"{name.title()} Rossi" for name in people],
    }
    others = [name for name in columns if name == "password" or (name != "address" and dice.random() < 0.7)]
    order = ["address", *dice.sample(others, len(others))]
    rows = [[columns[name][at] for name in order] for at in range(len(people))]
    if dice.random() < 0.4:
        shuffled = dice.sample(range(len(order)), len(order))
        rows = [[row[at] for at in shuffled] for row in ([HEADER[name] for name in order], *rows)]
    sign, end = dice.choice(",;\t"), dice.choice(["", "end"])
    quoted = ([f'"{cell}"' if sign in cell else cell for cell in row] for row in rows)
    return "".join(sign.join(row) + end.replace("end", sign) + "\n" for row in quoted), columns["password"]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_order_passwords_are_read_rightly_or_asked_for(table: Path, seed: int) -> None:
    dice = Random(seed)
    told = 0
    for _ in range(40):
        text, secrets = drawn(dice)
        try:
            found = [row[3] for row in read(table, text)]
        except BreachkitError:
            continue
        assert found == secrets, text
        told += 1
    assert told > 25
