"""The steps of weak-passwords: read what passwords are held against, read the accounts, judge, tell."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from breachkit.cli import exports, options, output
from breachkit.cli.accusing import has_evidence, read_evidence
from breachkit.detect.breached import open_breaches
from breachkit.detect.hardening import number_of
from breachkit.detect.passwords import Criteria, find_weak_passwords
from breachkit.detect.policy import Policy
from breachkit.errors import PathUnreadableError, UsageError
from breachkit.evidence import gather
from breachkit.evidence.where import check_file, find_evidence
from breachkit.report.contract import dump
from breachkit.report.weak_passwords import render_weak_passwords, weak_passwords_json

if TYPE_CHECKING:
    from breachkit.detect.passwords import WeakPasswords
    from breachkit.evidence.where import Asked, Where

MINUTE = 60.0


class Held(NamedTuple):
    """What passwords are held against, as typed."""

    policy: Path | None
    least: Policy
    hibp: Path | None
    max_minutes: float


def judge(asked: Asked, held: Held, product: options.Product) -> None:
    """Do it. Raises BreachkitErrors; ends with the exit code that the books and the findings call for."""
    where = find_evidence(asked, is_optional=True, use_defaults=asked.accounts is None)
    output.check(product.output_file, where, held.policy, held.hibp)
    books = gather.Books()
    found, facts = _judge(where, books, _criteria(where, books, held))
    inputs = gather.inputs_of(where, books, facts)
    following = _following(where)
    text = (
        dump(weak_passwords_json(found, inputs)) if product.is_json else render_weak_passwords(found, inputs, following)
    )
    output.write(text, product.output_file)
    output.finish(books, findings=product.fail_on_findings and bool(found.accounts))


def _criteria(
    where: Where,
    books: gather.Books,
    held: Held,
) -> Criteria:
    path, least, hibp, max_minutes = held
    fingerprints = gather.run_fingerprints()
    if hibp is not None and not os.path.isdir(hibp):  # noqa: PTH112  False for what may not be asked
        check_file("--hibp", hibp)
    try:
        is_breached = None if hibp is None else open_breaches(hibp)
    except OSError as error:
        raise PathUnreadableError(hibp or "", error.strerror or "unknown reason") from None
    policy = least if path is None else least.stricter(_policy(where, path, books))
    return Criteria(fingerprints.of, policy, is_breached, max_minutes * MINUTE)


def _policy(where: Where, path: Path, books: gather.Books) -> Policy:
    """Read the policy of a file of settings; where a rule is given twice, the stricter."""
    check_file("--policy", path)
    policy = Policy()
    for setting in exports.read_settings(where, path, books):
        rule = where.guide.policy.get(setting.name.lower())
        number = None if rule is None else number_of(setting.value)
        if rule is not None and number is not None:
            policy = policy.stricter(policy._replace(**{rule: int(number)}))
    return policy


def _judge(where: Where, books: gather.Books, criteria: Criteria) -> tuple[WeakPasswords, gather.SmtpFacts]:
    _ = where.export  # whose export cannot be read is not asked for one
    if where.accounts is None:
        raise UsageError(
            "no export of accounts found; name it (breachkit weak-passwords users.csv), made by"
            ' tool export account "*@*" u_type u_accountdisabled u_mailbox u_alias u_password'
        )
    tried, facts = _targets(where, books)
    try:
        return find_weak_passwords(exports.read_logins(where, where.accounts, books), criteria, tried), facts
    except OSError as error:  # a range file of the list of breached passwords
        raise PathUnreadableError(error.filename or "--hibp", error.strerror or "unknown reason") from None


def _targets(where: Where, books: gather.Books) -> tuple[frozenset[str], gather.SmtpFacts]:
    """Find whom the attacking addresses tried; nobody when there are no logs."""
    if not has_evidence(where) or not where.logs:
        return frozenset(), gather.SmtpFacts()
    from breachkit.detect.incident import find_targets

    messages = gather.read_messages(where, books, quarantined=True)
    evidence, facts = read_evidence(where, books, messages, counts_accounts=False)
    return find_targets(evidence), facts


def _following(where: Where) -> list[str]:
    return [where.harden(), *([where.command("find-account")] if has_evidence(where) else [])]
