"""Weak passwords against John the Ripper's single mode, on the same accounts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.scale.bench import breachkit, program
from tests.scale.passwords import john_line, unique, write_table
from tests.scale.population import populate
from tests.scale.rows import Act, Pair, Row, always

if TYPE_CHECKING:
    from tests.scale.bench import Bench

SEED = 1
WEAK = 0.05
"""Share of the accounts with a password that a class names."""


def _weak_passwords(bench: Bench) -> Pair:
    accounts = unique(populate(SEED, bench.size(10_000), WEAK))
    folder = bench.fresh("accounts")
    table = write_table(accounts, folder)
    shadow = folder / "passwd"
    shadow.write_text("\n".join(map(john_line, range(len(accounts)), accounts)) + "\n")
    pot = folder / ".john" / "john.pot"
    pot.parent.mkdir()

    def check(written: bytes) -> str:
        checked = json.loads(written)["checked"]
        return "" if checked == len(accounts) else f"{checked} checked of {len(accounts)}"

    # John keeps what it found in its user's home, and would find it there again
    single = (str(program("john")), "--single", "--format=dummy", f"--session={folder / 'session'}", str(shadow))
    return Pair(
        always(Act(breachkit("weak-passwords", "--accounts", str(table), "--format", "json"), check)),
        always(Act(("env", f"HOME={folder}", *single), before=lambda: pot.unlink(missing_ok=True))),
    )


ROWS = (Row("weak-passwords", "weak-passwords, 10,000 accounts", "john --single", 1.0, _weak_passwords, ("john",)),)
