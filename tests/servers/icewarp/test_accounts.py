"""Exports of accounts, as the tool prints them and as people keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breachkit.errors import BreachkitError
from breachkit.records import Account, Skipped
from tests.servers.icewarp.factories import read_accounts

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, text: str | bytes, columns: tuple[str, ...] | None = None) -> list[Account | Skipped]:
    path = folder / "users.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read_accounts(path, folder, columns))


def names(rows: list[Account | Skipped]) -> list[tuple[str, tuple[str, ...], tuple[str, ...], bool]]:
    return [(row.address, row.usernames, row.aliases, row.is_person) for row in rows if isinstance(row, Account)]


EXPECTED = [
    ("anna@example.it", ("anna",), ("info", "sales"), True),
    ("marco@example.it", ("marco",), (), True),
    ("list@example.it", ("list",), (), False),
]


def test_the_tools_own_export(tmp_path: Path) -> None:
    text = (
        "anna@example.it,0,0,anna,info;sales,pw,\r\nmarco@example.it,0,1,marco,,p,w,\r\nlist@example.it,1,0,list,,,\r\n"
    )
    assert names(read(tmp_path, text)) == EXPECTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_spreadsheets_with_a_header_in_any_order(sign: str, encoding: str, tmp_path: Path) -> None:
    rows = [
        ["Password", "Alias", "E-mail", "Nome utente", "Tipo", "Città"],
        ["x", "info|sales" if sign == ";" else "info;sales", "Anna@Example.it", "anna", "0", "Lodi"],
        ["y", "", "marco@example.it", "marco", "0", ""],
        ["", "", "list@example.it", "list", "1", ""],
    ]
    text = "\n".join(sign.join(f'"{cell}"' for cell in row) for row in rows)
    found = names(read(tmp_path, text.encode(encoding)))
    assert [one[0] for one in found] == ["anna@example.it", "marco@example.it", "list@example.it"]
    if sign != ";":
        assert found == EXPECTED


def test_columns_may_be_named(tmp_path: Path) -> None:
    found = names(read(tmp_path, "anna;x;anna@example.it\n", ("username", "password", "address")))
    assert found == [("anna@example.it", ("anna",), (), True)]


def test_internal_accounts_are_no_persons(tmp_path: Path) -> None:
    text = "a@example.it,0,a,pw,\nsvc@##internalservicedomain.icewarp.com##,0,svc,pw,\n"
    assert [row[3] for row in names(read(tmp_path, text))] == [True, False]


def test_a_line_without_an_address_is_skipped_with_its_place(tmp_path: Path) -> None:
    rows = read(tmp_path, "anna@example.it,0,anna,pw,\n\nnobody,0,x,pw,\nmarco@example.it,0,marco,pw,\n")
    (skipped,) = [row for row in rows if isinstance(row, Skipped)]
    assert (skipped.source.line, skipped.source.offset) == (3, 28)


def test_columns_that_cannot_be_told(tmp_path: Path) -> None:
    with pytest.raises(BreachkitError, match="cannot be told"):
        read(tmp_path, "one,two\nthree,four\n")
    assert read(tmp_path, "") == []


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(raw: bytes) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        try:
            read(Path(folder), raw)
        except BreachkitError:
            return
