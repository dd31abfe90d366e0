"""How a typed command ended."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed


def balanced(product: dict[str, Any]) -> bool:
    """Tell whether the books of a purge balance."""
    outcomes = ("purged", "vanished", "changed", "in_use", "failed")
    return bool(product["planned"] == sum(product[name] for name in outcomes))
