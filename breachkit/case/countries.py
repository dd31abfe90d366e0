"""The country of an address, from a database that the user gives (`.mmdb`); nothing is ever downloaded."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import maxminddb

from breachkit.errors import BreachkitError
from breachkit.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def open_countries(path: Path | None) -> tuple[Callable[[str], str | None], str | None]:
    """Open a database; returns the look-up and the name of what it rests on. Raises BreachkitError.

    Known shapes: GeoLite2 and its like (`country.iso_code`), ipinfo and DB-IP lite (`country_code`, `country`).
    """
    if path is None:
        return (lambda _ip: None), None
    try:
        open_regular(path).close()
        reader = maxminddb.open_database(path)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        reason = str(error).splitlines()[0] if str(error) else "unknown reason"
        raise BreachkitError(
            f"--geoip {path} is no database of countries ({reason}); give an .mmdb file, or leave it out"
        ) from None

    @lru_cache(65_536)
    def country(ip: str) -> str | None:
        try:
            row = reader.get(ip)
        except (ValueError, maxminddb.InvalidDatabaseError):
            return None
        if not isinstance(row, dict):
            return None
        held = row.get("country") or row.get("registered_country")
        code = held.get("iso_code") if isinstance(held, dict) else row.get("country_code") or held
        return code.upper() if isinstance(code, str) and re.fullmatch("[A-Za-z]{2}", code) else None

    return country, f"{reader.metadata().database_type}, {path.name}"
