"""`breachkit find-account`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from breachkit.cli import gather
from breachkit.cli import options
from breachkit.cli import output
from breachkit.cli.accusing import accuse
from breachkit.cli.where import Asked
from breachkit.cli.where import find_evidence
from breachkit.errors import PasswordsOnTerminalOnlyError

if TYPE_CHECKING:
    from breachkit.cli.where import Where
    from breachkit.detect.compromise import Accusation
    from breachkit.report.inputs import Inputs


def find_account(
    *,
    root: options.Root = None,
    queue: options.Queue = None,
    logs: options.Logs = None,
    accounts: options.Accounts = None,
    columns: options.Columns = None,
    timezone: options.Timezone = None,
    since: options.Since = None,
    until: options.Until = None,
    server: options.Server = None,
    jobs: options.Jobs = None,
    output_format: options.OutputFormat = options.Format.TEXT,
    output_file: options.OutputFile = None,
    show_passwords: options.ShowPasswords = False,
    fail_on_findings: options.FailOnFindings = False,
) -> None:
    """Name the account that sends the spam, how it was entered, from where, and what else was touched.

    Example: breachkit find-account --root /srv/copy-of-icewarp
    """
    is_json = output_format is options.Format.JSON
    if show_passwords and (is_json or output_file is not None or not sys.stdout.isatty()):
        raise PasswordsOnTerminalOnlyError
    where = find_evidence(Asked(root, queue, logs, accounts, columns, timezone, since, until, server))
    books = gather.Books()
    found, inputs, facts = _accuse(where, books, jobs)
    from breachkit.report.contract import dump
    from breachkit.report.find_account import find_account_json
    from breachkit.report.find_account import render_find_account

    passwords = _passwords(where, found, facts) if show_passwords else None
    output.write(
        dump(find_account_json(found, inputs))
        if is_json
        else render_find_account(found, inputs, _following(where, found), passwords),
        output_file,
    )
    output.finish(books, findings=fail_on_findings and any(one.verdict != "clear" for one in found.accounts))


def _accuse(where: Where, books: gather.Books, jobs: int | None) -> tuple[Accusation, Inputs, gather.SmtpFacts]:
    found, facts = accuse(where, books, jobs)
    return found, gather.inputs_of(where, books, facts), facts


def _following(where: Where, found: Accusation) -> list[str]:
    """Spell what to run next: the sessions of the worst account, else the queue."""
    worst = found.accounts[0] if found.accounts else None
    if worst is None or worst.verdict == "clear":
        return [where.command("scan")]
    seen = [where.command("trace", worst.account)] if worst.entry is not None else []
    # the guide's order: the password first, then the queue
    return [
        *seen,
        where.command("contain", worst.account),
        where.command("purge", "--account", worst.account, "--dry-run"),
    ]


def _passwords(where: Where, found: Accusation, facts: gather.SmtpFacts) -> dict[str, list[str]]:
    """Decode again the passwords that opened the accused accounts; only for a terminal whose user asked."""
    from breachkit.cli.trace import revealed

    opened = {
        row: account.account for account in found.accounts if account.verdict != "clear" for row in account.entries
    }
    return revealed(
        where, {facts.session_of[row]: account for row, account in opened.items() if row in facts.session_of}
    )
