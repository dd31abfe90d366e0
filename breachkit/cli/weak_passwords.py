"""`breachkit weak-passwords`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Annotated

import typer

from breachkit.cli import exports
from breachkit.cli import options
from breachkit.cli import output
from breachkit.cli.accusing import has_evidence
from breachkit.cli.accusing import read_evidence
from breachkit.errors import NoAccountsFileError
from breachkit.errors import PathMissingError
from breachkit.errors import PathUnreadableError
from breachkit.reading import gather
from breachkit.reading.where import Asked
from breachkit.reading.where import find_evidence

if TYPE_CHECKING:
    from breachkit.detect.passwords import Criteria
    from breachkit.detect.passwords import WeakPasswords
    from breachkit.detect.policy import Policy
    from breachkit.reading.where import Where

MINUTE = 60.0

Users = Annotated[
    Path | None,
    typer.Argument(metavar="USERS", help="Export of the accounts with passwords (else --accounts, else users.csv)."),
]


def weak_passwords(
    users: Users = None,
    *,
    columns: options.Columns = None,
    policy: options.Policy = None,
    min_length: options.MinLength = 0,
    min_digits: options.MinDigits = 0,
    min_signs: options.MinSigns = 0,
    min_letters: options.MinLetters = 0,
    min_capitals: options.MinCapitals = 0,
    hibp: options.Hibp = None,
    max_minutes: options.MaxMinutes = 10.0,
    root: options.Root = None,
    logs: options.Logs = None,
    accounts: options.Accounts = None,
    timezone: options.Timezone = None,
    server: options.Server = None,
    output_format: options.OutputFormat = options.Format.TEXT,
    output_file: options.OutputFile = None,
    fail_on_findings: options.FailOnFindings = False,
) -> None:
    """Find the accounts whose password can be guessed; passwords are compared and never shown.

    Accounts that the attacking addresses tried come first when --root has logs.

    Example: breachkit weak-passwords users.csv --min-length 10
    """
    from breachkit.detect.policy import Policy
    from breachkit.report.contract import dump
    from breachkit.report.weak_passwords import render_weak_passwords
    from breachkit.report.weak_passwords import weak_passwords_json

    asked = Asked(root, None, logs, users or accounts, columns, timezone, server=server)
    where = find_evidence(asked, is_optional=True, use_defaults=asked.accounts is None)
    books = gather.Books()
    least = Policy(min_length, min_digits, min_signs, min_letters, min_capitals)
    found, facts = _judge(where, books, _criteria(where, books, (policy, least), hibp, max_minutes))
    inputs = gather.inputs_of(where, books, facts)
    is_json = output_format is options.Format.JSON
    following = _following(where)
    text = dump(weak_passwords_json(found, inputs)) if is_json else render_weak_passwords(found, inputs, following)
    output.write(text, output_file)
    output.finish(books, findings=fail_on_findings and bool(found.accounts))


def _criteria(
    where: Where,
    books: gather.Books,
    policies: tuple[Path | None, Policy],
    hibp: Path | None,
    max_minutes: float,
) -> Criteria:
    from breachkit.detect.breached import open_breaches
    from breachkit.detect.passwords import Criteria

    path, least = policies
    fingerprints = gather.run_fingerprints()
    if hibp is not None and not hibp.exists():
        raise PathMissingError("--hibp", hibp)
    try:
        is_breached = None if hibp is None else open_breaches(hibp)
    except OSError as error:
        raise PathUnreadableError(hibp or "", error.strerror or "unknown reason") from None
    policy = least if path is None else least.stricter(_policy(where, path, books))
    return Criteria(fingerprints.of, policy, is_breached, max_minutes * MINUTE)


def _policy(where: Where, path: Path, books: gather.Books) -> Policy:
    """Read the policy of a file of settings; where a rule is given twice, the stricter."""
    from breachkit.detect.hardening import number_of
    from breachkit.detect.policy import Policy

    if not path.is_file():
        raise PathMissingError("--policy", path)
    policy = Policy()
    for setting in exports.read_settings(where, path, books):
        rule = where.server.policy_settings.get(setting.name.lower())
        number = None if rule is None else number_of(setting.value)
        if rule is not None and number is not None:
            policy = policy.stricter(policy._replace(**{rule: int(number)}))
    return policy


def _judge(where: Where, books: gather.Books, criteria: Criteria) -> tuple[WeakPasswords, gather.SmtpFacts]:
    from breachkit.detect.passwords import find_weak_passwords

    if where.accounts is None:
        raise NoAccountsFileError
    tried, facts = _targets(where, books)
    try:
        return find_weak_passwords(exports.read_logins(where, where.accounts, books), criteria, tried), facts
    except OSError as error:  # a range file of the list of breached passwords
        raise PathUnreadableError(error.filename or "--hibp", error.strerror or "unknown reason") from None


def _targets(where: Where, books: gather.Books) -> tuple[frozenset[str], gather.SmtpFacts]:
    """Find whom the attacking addresses tried; nobody when there are no logs."""
    if not has_evidence(where) or not where.layout.logs:
        return frozenset(), gather.SmtpFacts()
    from breachkit.detect.incident import find_targets

    messages = gather.read_messages(where, books, quarantined=True)
    evidence, facts = read_evidence(where, books, messages, counts_accounts=False)
    return find_targets(evidence), facts


def _following(where: Where) -> list[str]:
    if has_evidence(where):
        return [where.command("harden"), where.command("contain")]
    return ["breachkit harden --print-commands"]
