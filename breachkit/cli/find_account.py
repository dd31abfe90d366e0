"""`breachkit find-account`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from breachkit.cli import options, output
from breachkit.cli.accusing import accuse, accuse_together, accused_names
from breachkit.cli.several import Several, read_together
from breachkit.errors import NodeOptionsError, PasswordsOnTerminalOnlyError
from breachkit.evidence import gather
from breachkit.evidence.where import Asked, find_evidence

if TYPE_CHECKING:
    from pathlib import Path

    from breachkit.detect.compromise import Accusation
    from breachkit.evidence.where import Where
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
    node: options.Node = None,
    partial: options.Partial = None,
    key: options.Key = None,
    scheduler: options.Scheduler = None,
    certs: options.Certs = None,
    wait: options.Wait = options.PATIENCE,
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
    asked = Asked(root, queue, logs, accounts, columns, timezone, since, until, server)
    several = Several(node, partial, key, scheduler, certs, wait)
    if several.is_asked and show_passwords:
        raise NodeOptionsError("--show-passwords", "several nodes", "no password leaves its node; run it there")
    judged = (
        _judge_together(asked, several, jobs, output_file)
        if several.is_asked
        else _judge(asked, jobs, output_file, show_passwords=show_passwords)
    )
    from breachkit.report.find_account import dump_find_account, render_find_account

    found, inputs, books, following, passwords = judged
    output.write(
        dump_find_account(found, inputs) if is_json else render_find_account(found, inputs, following, passwords),
        output_file,
    )
    output.finish(books, findings=fail_on_findings and bool(found.accused or found.accused_relays))


class _Judged(NamedTuple):
    """The verdicts, what they rest on, and what to run next."""

    found: Accusation
    inputs: Inputs
    books: gather.Books
    following: list[str]
    passwords: dict[str, list[str]] | None


def _judge(asked: Asked, jobs: int | None, output_file: Path | None, *, show_passwords: bool) -> _Judged:
    where, books = find_evidence(asked), gather.Books()
    output.check(output_file, where)
    found, facts = accuse(where, books, jobs)
    passwords = _passwords(where, found, facts) if show_passwords else None
    return _Judged(found, gather.inputs_of(where, books, facts), books, _following(where, found), passwords)


def _judge_together(asked: Asked, several: Several, jobs: int | None, output_file: Path | None) -> _Judged:
    several.check(output_file)
    together = read_together(asked, several, jobs)
    found = accuse_together(together)
    inputs, books = together.inputs()
    worst = found.accounts[0] if found.accounts else None
    if worst is None or worst.verdict == "clear":
        return _Judged(found, inputs, books, list(together.following((), ["scan"])), None)
    nodes = {source.node for signal in worst.signals for source in signal.evidence}
    commands = ["trace", worst.account], ["contain", *accused_names(found)], ["group"]
    return _Judged(found, inputs, books, list(together.following(nodes, *commands)), None)


def _following(where: Where, found: Accusation) -> list[str]:
    """Spell what to run next: the sessions of the worst account, the steps for all accused, the queue by campaign."""
    accused = accused_names(found)
    if not accused and not found.attackers:
        return [where.command("scan")]
    seen = [where.command("trace", accused[0])] if accused and found.accounts[0].entry is not None else []
    # the guide's order: the passwords first, then the queue
    queue = where.command("group") if where.layout.queues and (accused or found.accused_relays) else None
    return [*seen, where.command("contain", *accused), queue or where.command("scan")]


def _passwords(where: Where, found: Accusation, facts: gather.SmtpFacts) -> dict[str, list[str]]:
    """Decode again the passwords that opened the accused accounts; only for a terminal whose user asked."""
    from breachkit.cli.trace import revealed

    opened = {
        row: account.account for account in found.accounts if account.verdict != "clear" for row in account.entries
    }
    session_of = facts.attempts.session_of()
    return revealed(where, {session_of[row]: account for row, account in opened.items() if row in session_of})
