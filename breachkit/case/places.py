"""The country of an address, from a database that the user gives (`.mmdb`); nothing is ever downloaded."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from breachkit.errors import BreachkitError
from breachkit.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEPT = 65_536


def open_places(path: Path | None) -> tuple[Callable[[str], str | None], str | None]:
    """Open a database; returns the look-up and the name of what it rests on. Raises BreachkitError.

    Known shapes: GeoLite2 and its like (`country.iso_code`), ipinfo and DB-IP lite (`country_code`, `country`).
    """
    if path is None:
        return (lambda _ip: None), None
    import maxminddb  # wanted only with --geoip

    try:
        open_regular(path).close()
        reader = maxminddb.open_database(path)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        reason = str(error).splitlines()[0] if str(error) else "unknown reason"
        raise BreachkitError(
            f"--geoip {path} is no database of countries ({reason}); give an .mmdb file, or leave it out"
        ) from None
    built = f"{reader.metadata().database_type}, {path.name}"

    @lru_cache(KEPT)
    def country(ip: str) -> str | None:
        try:
            return _code(reader.get(ip))
        except (ValueError, maxminddb.InvalidDatabaseError):
            return None

    return country, built


def _code(row: object) -> str | None:
    """Read a two-letter code from a row of a database."""
    if not isinstance(row, dict):
        return None
    held = row.get("country") or row.get("registered_country")
    code = held.get("iso_code") if isinstance(held, dict) else row.get("country_code") or held
    return code.upper() if isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha() else None  # noqa: PLR2004
