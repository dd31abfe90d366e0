"""The field's words, used in one way: names that say nothing are absent, a column has one type everywhere."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from breachkit import records, tables

PACKAGE = Path(records.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
EMPTY_WORDS = {"data", "info", "item", "process", "manager", "utils", "helpers", "common"}


def names_in(tree: ast.AST) -> set[str]:
    """List every name that a module gives to something."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


@pytest.mark.parametrize("path", MODULES, ids=[path.relative_to(PACKAGE).as_posix() for path in MODULES])
def test_no_name_says_nothing(path: Path) -> None:
    assert path.stem not in EMPTY_WORDS
    given = names_in(ast.parse(path.read_text("utf-8"))) - {"unused_data"}  # zlib's, bz2's and lzma's own name
    assert not {name for name in given if set(name.lower().strip("_").split("_")) & EMPTY_WORDS}


def test_no_two_modules_share_a_name() -> None:
    """The folders of servers are alike on purpose."""
    stems = [path.stem for path in MODULES if path.stem != "__init__" and "servers" not in path.parts]
    assert {stem for stem in stems if stems.count(stem) > 1} == set()


def test_a_column_has_one_type_in_every_table() -> None:
    schemas = [value for name, value in vars(tables).items() if name.isupper() and isinstance(value, dict)]
    assert len(schemas) >= 4
    types: dict[str, set[str]] = {}
    for schema in schemas:
        for column, dtype in schema.items():
            types.setdefault(column, set()).add(dtype)
    assert {column: found for column, found in types.items() if len(found) > 1} == {}


def test_every_record_ends_with_where_it_stands() -> None:
    kinds = [value for value in vars(records).values() if isinstance(value, type) and hasattr(value, "_fields")]
    assert len(kinds) >= 8
    for kind in kinds:
        if kind is not records.Locus:
            assert kind._fields[-1] == "source", kind.__name__
