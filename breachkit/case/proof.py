"""The register of evidence: for each number of a report, how many facts bear it out and where the first ones stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.detect.findings import first

if TYPE_CHECKING:
    from collections.abc import Collection

    from breachkit.records import Locus
    from breachkit.report.contract import Json


class Proof:
    """Collects places under short names that are safe as an anchor: `p1`, `p2` …."""

    def __init__(self) -> None:
        self.register: dict[str, Json] = {}

    def of(self, title: str, places: Collection[Locus], total: int | None = None) -> str | None:
        """Register the first places of a fact; None when there is no place to look it up.

        Args:
            title: what the places show, a sentence of ours that translations know.
            places: all of them, or the first.
            total: how many there are, when `places` are only the first.
        """
        kept = first(places)
        if not kept:
            return None
        name = f"p{len(self.register) + 1}"
        count = len(places) if total is None else total
        self.register[name] = {"title": title, "count": count, "places": kept}
        return name
