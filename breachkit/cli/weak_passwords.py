"""`breachkit weak-passwords`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from breachkit.cli import options

Users = Annotated[
    Path | None,
    typer.Argument(metavar="USERS", help="Export of the accounts with passwords (else --accounts, else users.csv)."),
]


@options.grouped(asked=options.evidence("queue", "since", "until"), product=options.FINDINGS)
def weak_passwords(
    users: Users = None,
    *,
    asked: options.Asked,
    product: options.Product,
    policy: options.Policy = None,
    min_length: options.MinLength = 0,
    min_digits: options.MinDigits = 0,
    min_signs: options.MinSigns = 0,
    min_letters: options.MinLetters = 0,
    min_capitals: options.MinCapitals = 0,
    hibp: options.Hibp = None,
    max_minutes: options.MaxMinutes = 10.0,
) -> None:
    """Find the accounts whose password can be guessed; passwords are compared and never shown.

    Accounts that the attacking addresses tried come first when --root has logs.

    Example: breachkit weak-passwords users.csv --min-length 10
    """
    from breachkit.cli import judging
    from breachkit.detect.policy import Policy

    asked = replace(asked, accounts=users or asked.accounts)
    least = Policy(min_length, min_digits, min_signs, min_letters, min_capitals)
    held = judging.Held(policy, least, hibp, max_minutes)
    judging.judge(asked, held, product)
