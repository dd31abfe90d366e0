"""`breachkit weak-passwords`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachkit.cli import options, output

if TYPE_CHECKING:
    from collections.abc import Callable

    from breachkit.detect.passwords.weak_accounts import Policy
    from breachkit.evidence import gather
    from breachkit.evidence.where import Where
    from breachkit.logs.facts import LogFacts

MINUTE = 60.0
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
    from breachkit.cli import exports
    from breachkit.cli.accusing import has_evidence
    from breachkit.detect.passwords.weak_accounts import Criteria, Policy, find_weak_passwords
    from breachkit.errors import PathUnreadableError, UsageError
    from breachkit.evidence import gather
    from breachkit.evidence.where import find_evidence
    from breachkit.report.contract import dump
    from breachkit.report.weak_passwords import render_weak_passwords, weak_passwords_json

    asked = replace(asked, accounts=users or asked.accounts)
    where = find_evidence(asked, is_optional=True, use_defaults=asked.accounts is None)
    output.check(product.output_file, where, policy, hibp)
    books = gather.Books()
    fingerprint = gather.run_fingerprints().of
    is_breached = None if hibp is None else _breaches(hibp)
    least = Policy(min_length, min_digits, min_signs, min_letters, min_capitals)
    least = least if policy is None else least.stricter(_policy(where, policy, books))
    criteria = Criteria(fingerprint, least, is_breached, max_minutes * MINUTE)
    made_by = where.export.made_by  # whose export cannot be read is not asked for one
    if where.accounts is None:
        raise UsageError(
            f"no export of accounts found; name it (breachkit weak-passwords users.csv), made by {made_by}"
        )
    tried, facts = _targets(where, books)
    try:
        found = find_weak_passwords(exports.read_logins(where, where.accounts, books), criteria, tried)
    except OSError as error:  # a range file of the list of breached passwords
        raise PathUnreadableError(error.filename or "--hibp", error.strerror or "unknown reason") from None
    inputs = gather.inputs_of(where, books, facts)
    following = [where.harden(), *([where.command("find-account")] if has_evidence(where) else [])]
    report = (
        dump(weak_passwords_json(found, inputs)) if product.is_json else render_weak_passwords(found, inputs, following)
    )
    output.write(report, product.output_file)
    output.finish(books, findings=product.fail_on_findings and bool(found.accounts))


def _breaches(path: Path) -> Callable[[str], bool]:
    """Open the list of breached passwords. Raises HibpError, PathUnreadableError."""
    from breachkit.detect.passwords.lists import open_breaches
    from breachkit.errors import PathUnreadableError
    from breachkit.evidence.where import check_file

    if not os.path.isdir(path):  # noqa: PTH112  False for what may not be asked
        check_file("--hibp", path)
    try:
        return open_breaches(path)
    except OSError as error:
        raise PathUnreadableError(path, error.strerror or "unknown reason") from None


def _policy(where: Where, path: Path, books: gather.Books) -> Policy:
    """Read the policy of a file of settings; where a rule is given twice, the stricter."""
    from breachkit.cli import exports
    from breachkit.detect.hardening import number_of
    from breachkit.detect.passwords.weak_accounts import Policy
    from breachkit.evidence.where import check_file

    check_file("--policy", path)
    policy = Policy()
    for setting in exports.read_settings(where, path, books):
        rule = where.guide.policy.get(setting.name.lower())
        number = None if rule is None else number_of(setting.value)
        if rule is not None and number is not None:
            policy = policy.stricter(policy._replace(**{rule: int(number)}))
    return policy


def _targets(where: Where, books: gather.Books) -> tuple[frozenset[str], LogFacts]:
    """Find whom the attacking addresses tried; nobody when there are no logs."""
    from breachkit.cli.accusing import has_evidence, read_evidence
    from breachkit.evidence import gather
    from breachkit.logs.facts import LogFacts

    if not has_evidence(where) or not where.logs:
        return frozenset(), LogFacts()
    from breachkit.detect.incident import find_targets

    messages = gather.read_messages(where, books, quarantined=True)
    evidence, facts = read_evidence(where, books, messages, counts_accounts=False)
    return find_targets(evidence), facts
