"""How long it takes before anything is done."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from tests.scale.bench import breachkit
from tests.scale.rows import Act, Pair, Row, always

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.scale.bench import Bench

MOST = 6.5
TURNS = 15
"""A start takes hundredths of a second: more of them are needed to tell them apart."""


def _start(*arguments: str, code: int = 0) -> Callable[[Bench], Pair]:
    ours = Act(breachkit(*arguments), codes=frozenset({code}))
    return lambda _bench: Pair(always(ours), always(Act((sys.executable, "-c", "pass"))))


ROWS = (
    Row("help", "--help", "python -c pass", MOST, _start("--help"), turns=TURNS),
    Row("version", "--version", "python -c pass", MOST, _start("--version"), turns=TURNS),
    Row("wrong-option", "a wrong option", "python -c pass", MOST, _start("scan", "--wrong", code=2), turns=TURNS),
    Row("command-help", "scan --help", "python -c pass", MOST, _start("scan", "--help"), turns=TURNS),
)
