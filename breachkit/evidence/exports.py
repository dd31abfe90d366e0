"""What the server's own tool printed: accounts with their passwords, and settings."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from breachkit.errors import BreachkitError, PathUnreadableError
from breachkit.files import reason_of, shown
from breachkit.progress import bar
from breachkit.records import Locus, Skipped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from breachkit.evidence.books import Books
    from breachkit.evidence.where import Where
    from breachkit.records import Setting
    from breachkit.text.sasl import Login

LISTED_TWICE = "account listed twice: the first line counts"


def read_logins(where: Where, path: Path, books: Books) -> Iterator[Login]:
    """Read the accounts with their passwords, each address once. Raises BreachkitError."""
    seen: set[str] = set()
    with _counted(where, path, books), bar(sys.stderr, "accounts", None, " accounts") as progress:
        for row in where.export.read(path, where.layout.root, where.columns, True):
            progress(1)
            if isinstance(row, Skipped):
                books.skip(row)
            elif row.account.address in seen:
                books.skip(Skipped(LISTED_TWICE, row.account.source))
            else:
                seen.add(row.account.address)
                yield row
    if not seen:
        raise BreachkitError(f"{path} holds no account; export the accounts again, or name its columns with --columns")


def read_settings(where: Where, path: Path, books: Books) -> list[Setting]:
    """Read the settings of a file; those that no rule speaks of have no name. Raises BreachkitError."""
    settings: list[Setting] = []
    with _counted(where, path, books):
        for row in where.guide_to(path).read_settings(path, where.layout.root):
            if isinstance(row, Skipped):
                books.skip(row)
            else:
                settings.append(row)
    if not any(setting.name for setting in settings):
        raise BreachkitError(
            f"{path} holds no setting that breachkit knows, in lines as the server's own tool prints them;"
            " make it with the lines that breachkit harden --print-commands prints"
        )
    return settings


@contextmanager
def _counted(where: Where, path: Path, books: Books) -> Iterator[None]:
    """Count a file that is read; one that cannot be read is counted as skipped. Raises PathUnreadableError."""
    try:
        books.bytes += path.stat().st_size
        yield
    except OSError as error:
        books.skip(Skipped(reason_of(error), Locus(shown(path, where.layout.root), 0, 1)))
        raise PathUnreadableError(path, error) from None
    books.files += 1
