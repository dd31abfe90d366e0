"""`breachkit weak-passwords`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from breachkit.cli import options, output

MINUTE = 60.0
Users = Annotated[
    Path | None,
    typer.Argument(metavar="USERS", help="Export of the accounts with passwords (else --accounts, else users.csv)."),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option("--policy", metavar="SETTINGS", help="Settings whose password policy passwords are held against."),
]
MinLength = Annotated[int, typer.Option("--min-length", min=0, metavar="N", help="Fewest characters.")]
MinDigits = Annotated[int, typer.Option("--min-digits", min=0, metavar="N", help="Fewest digits.")]
MinSigns = Annotated[int, typer.Option("--min-signs", min=0, metavar="N", help="Fewest neither letter nor digit.")]
MinLetters = Annotated[int, typer.Option("--min-letters", min=0, metavar="N", help="Fewest letters.")]
MinCapitals = Annotated[int, typer.Option("--min-capitals", min=0, metavar="N", help="Fewest capital letters.")]
Hibp = Annotated[
    Path | None,
    typer.Option("--hibp", metavar="DIR|FILE", help="Pwned Passwords, downloaded: range files, or SHA1:COUNT sorted."),
]


@options.grouped(asked=options.evidence("queue", "since", "until"), product=options.FINDINGS)
def weak_passwords(
    users: Users = None,
    *,
    asked: options.Asked,
    product: options.Output,
    policy: PolicyFile = None,
    min_length: MinLength = 0,
    min_digits: MinDigits = 0,
    min_signs: MinSigns = 0,
    min_letters: MinLetters = 0,
    min_capitals: MinCapitals = 0,
    hibp: Hibp = None,
    max_minutes: options.MaxMinutes = 10.0,
) -> None:
    """Find the accounts whose password can be guessed; passwords are compared and never shown.

    Accounts that the attacking addresses tried come first when --root has logs.

    Example: breachkit weak-passwords users.csv --min-length 10
    """
    from breachkit.detect.accounts.accusation import read_targets
    from breachkit.detect.passwords.lists import open_breaches
    from breachkit.detect.passwords.weak_accounts import Criteria, Policy, find_weak_passwords, read_policy
    from breachkit.errors import UsageError
    from breachkit.evidence import gather
    from breachkit.evidence.gather import read_logins
    from breachkit.evidence.where import find_evidence
    from breachkit.report.contract import dump
    from breachkit.report.weak_passwords_report import render_weak_passwords, weak_passwords_json

    asked = replace(asked, accounts=users or asked.accounts)
    where, books = find_evidence(asked, is_optional=True, use_defaults=asked.accounts is None), gather.Books()
    output.check(product.output_file, where, policy, hibp)
    is_breached = None if hibp is None else open_breaches(hibp)
    least = Policy(min_length, min_digits, min_signs, min_letters, min_capitals)
    least = least if policy is None else least.stricter(read_policy(where, policy, books))
    made_by = where.made_by()  # whose export cannot be read is not asked for one
    if where.accounts is None:
        raise UsageError(
            f"no export of accounts found; name it (breachkit weak-passwords users.csv), made by {made_by}"
        )
    tried, facts = read_targets(where, books)
    criteria = Criteria(gather.run_fingerprints().of, least, is_breached, max_minutes * MINUTE)
    found = find_weak_passwords(read_logins(where, where.accounts, books), criteria, tried)
    inputs = gather.inputs_of(where, books, facts)
    following = [where.harden(), *([where.command("find-account")] if where.has_evidence else [])]
    if product.is_json:
        text = dump(weak_passwords_json(found, inputs))
    else:
        text = render_weak_passwords(found, inputs, following)
    output.end(text, product, books, findings=bool(found.accounts))
