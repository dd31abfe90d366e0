"""`breachkit group`."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Annotated

import typer

from breachkit.cli import options
from breachkit.cli import output
from breachkit.cli.aside import spell
from breachkit.errors import NoQueueError
from breachkit.progress import bar
from breachkit.reading import gather
from breachkit.reading.again import Reader
from breachkit.reading.where import Asked
from breachkit.reading.where import find_evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.detect.campaigns import Campaigns
    from breachkit.detect.compromise import Accusation
    from breachkit.detect.plain_groups import PlainGroups
    from breachkit.reading.where import Where
    from breachkit.records import Message
    from breachkit.report.inputs import Inputs


def group(
    *,
    root: options.Root = None,
    queue: options.Queue = None,
    logs: options.Logs = None,
    accounts: options.Accounts = None,
    columns: options.Columns = None,
    by: Annotated[options.By, typer.Option("--by", help="What a group shares.")] = options.By.CONTENT,
    min_messages: Annotated[
        int | None,
        typer.Option(
            "--min-messages", min=2, metavar="N", help="The smallest group (default: 5, or 0.1 % of the queue)."
        ),
    ] = None,
    top: Annotated[
        int | None, typer.Option("--top", min=1, metavar="N", help="Show only the N biggest groups.")
    ] = None,
    timezone: options.Timezone = None,
    since: options.Since = None,
    until: options.Until = None,
    server: options.Server = None,
    output_format: options.OutputFormat = options.Format.TEXT,
    output_file: options.OutputFile = None,
    fail_on_findings: options.FailOnFindings = False,
) -> None:
    """Group the queue into spam campaigns, and name the string to purge each one by.

    Example: breachkit group --root /srv/copy-of-icewarp
    """
    where = find_evidence(Asked(root, queue, logs, accounts, columns, timezone, since, until, server))
    output.check(output_file, where)
    books = gather.Books()
    messages = _queued(where, books)
    is_json = output_format is options.Format.JSON
    if by is options.By.CONTENT:
        found, inputs = _campaigns(where, books, messages, min_messages)
        output.write(_told(where, found, inputs, top, is_json=is_json), output_file)
        findings = any(not campaign.bulk for campaign in found.campaigns)
    else:
        groups, inputs = _groups(where, books, messages, by, min_messages)
        output.write(_listed(groups, inputs, top, is_json=is_json), output_file)
        findings = False
    output.finish(books, findings=fail_on_findings and findings)


def find_queue_campaigns(where: Where, books: gather.Books) -> tuple[Campaigns, list[Message]]:
    """Find the campaigns as `group` shows them when it is told nothing, and the messages their members point to."""
    messages = _queued(where, books)
    return _campaigns(where, books, messages, None)[0], messages


def _queued(where: Where, books: gather.Books) -> list[Message]:
    """Read the messages, quarantined ones too. Raises NoQueueError."""
    if not where.layout.queues:
        raise NoQueueError(where.layout.root or ".", where.server.looked_for)
    return gather.read_messages(where, books, quarantined=True)


def _campaigns(
    where: Where, books: gather.Books, messages: Sequence[Message], least: int | None
) -> tuple[Campaigns, Inputs]:
    """Find the campaigns; where there are logs, what they say of the accounts counts too."""
    from breachkit.detect.campaigns import Grouping
    from breachkit.detect.campaigns import find_campaigns

    facts, clear, accused = _verdicts(where, books, messages)
    reader = Reader(books)
    with bar(sys.stderr, "grouping", None, " messages") as progress:
        found = find_campaigns(messages, Grouping(reader, progress, least, clear, accused, each=reader.each))
    return found, gather.inputs_of(where, books, facts)


def _verdicts(
    where: Where, books: gather.Books, messages: Sequence[Message]
) -> tuple[gather.SmtpFacts | None, frozenset[str], frozenset[str]]:
    """Ask the logs which accounts are clear and which are accused; nobody is either without logs."""
    if not gather.smtp_logs(where):
        for skipped in where.layout.skipped:  # else said with the logs that were read
            books.skip(skipped)
        return None, frozenset(), frozenset()
    from breachkit.cli.accusing import judge_accounts

    found, facts = judge_accounts(where, books, messages)
    return facts, *told_apart(found, facts)


def told_apart(found: Accusation, facts: gather.SmtpFacts) -> tuple[frozenset[str], frozenset[str]]:
    """Name the accounts that the logs acquit, and those that they accuse; nobody where AUTH is not to be seen."""
    if not facts.level.startswith("debug"):
        return frozenset(), frozenset()
    clear = frozenset(one.account for one in found.accounts if one.verdict == "clear" and one.auth_successes)
    return clear, frozenset(one.account for one in found.accounts if one.verdict != "clear")


def _groups(
    where: Where, books: gather.Books, messages: Sequence[Message], by: options.By, least: int | None
) -> tuple[PlainGroups, Inputs]:
    """Group by one plain property."""
    from breachkit.detect.plain_groups import find_groups

    queued = [message for message in messages if not message.quarantined]
    groups = find_groups(queued, by.value, Reader(books), least or 1)
    # no log was looked for, so none is missing
    return groups, replace(gather.inputs_of(where, books, None), log_level="not read")


def _told(where: Where, found: Campaigns, inputs: Inputs, top: int | None, *, is_json: bool) -> str:
    from breachkit.report.contract import dump
    from breachkit.report.group import group_json
    from breachkit.report.group import render_group

    if is_json:
        return dump(group_json(found, inputs, top))
    commands = {
        campaign.id: _purge_by(where, campaign.purge_string) for campaign in found.campaigns if not campaign.bulk
    }
    return render_group(found, inputs, commands, top)


def _purge_by(where: Where, text: str) -> str:
    """Spell the command that plans a purge; a string that begins with a dash comes last, so that it is no option."""
    if text.startswith("-"):
        return f"{where.command('purge', '--dry-run')} -- {spell(text)}"
    return where.command("purge", text, "--dry-run")


def _listed(groups: PlainGroups, inputs: Inputs, top: int | None, *, is_json: bool) -> str:
    from breachkit.report.contract import dump
    from breachkit.report.group import groups_json
    from breachkit.report.group import render_groups

    return dump(groups_json(groups, inputs, top)) if is_json else render_groups(groups, inputs, top)
