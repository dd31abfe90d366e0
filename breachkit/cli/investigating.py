"""The investigation itself: evidence read once, every detector asked, the answers in one value."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from breachkit.case.investigation import Containing, Investigation, Passwords, Settings
from breachkit.cli import exports, logged
from breachkit.cli.accusing import read_evidence
from breachkit.cli.contain import contained
from breachkit.cli.group import judged_by_logs
from breachkit.cli.reach import reach_of
from breachkit.detect.accounts.inquiry import Inquiry
from breachkit.detect.accounts.judgement import judge_accounts
from breachkit.detect.campaigns.grouping import find_campaigns
from breachkit.detect.hardening import judge_settings
from breachkit.detect.incident import attackers_of, incident_of, targets_of
from breachkit.detect.inventory import take_inventory
from breachkit.detect.passwords.weak_accounts import Criteria, find_weak_passwords
from breachkit.detect.survey import survey_of
from breachkit.detect.symptoms import find_symptoms
from breachkit.errors import BreachkitError
from breachkit.evidence import gather
from breachkit.evidence.again import Reader
from breachkit.evidence.products import LacksError
from breachkit.progress import bar
from breachkit.purge.quarantine import take_stock
from breachkit.sends import Sends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from os import PathLike
    from pathlib import Path

    from breachkit.detect.accounts.verdict import Accusation
    from breachkit.detect.campaigns.campaign import Campaigns
    from breachkit.detect.findings import Finding
    from breachkit.detect.inventory import Inventory
    from breachkit.evidence.where import Where
    from breachkit.logs.facts import LogFacts
    from breachkit.purge.quarantine import Stock
    from breachkit.records import Locus, Message
    from breachkit.text.sasl import Login

BLOCK_MINUTES = 30
MINUTE = 60.0


def look_into(
    where: Where,
    books: gather.Books,
    places: tuple[Callable[[str], str | None], str | None],
    max_minutes: float,
    quarantine: Path | None,
) -> Investigation:
    """Read queue, logs, accounts and settings once, and ask every detector."""
    messages = gather.read_messages(where, books, quarantined=True)
    evidence, facts = read_evidence(where, books, messages, counts_accounts=False, by_hour=True)
    inquiry = Inquiry(evidence)
    found = judge_accounts(inquiry)
    absent: dict[str, str] = {}
    campaigns = _campaigns(Reader(where, books), messages, found, facts, absent)
    inventory, symptoms = _queue(where, messages, facts)
    passwords = _passwords(where, books, inquiry, max_minutes, absent)
    settings = _settings(where, books, found, absent)
    country, country_source = places
    return Investigation(
        inputs=gather.inputs_of(where, books, facts),
        messages=messages,
        inquiry=inquiry,
        found=found,
        inventory=inventory,
        symptoms=symptoms,
        campaigns=campaigns,
        passwords=passwords,
        settings=settings,
        containing=_containing(where, found, absent),
        runs=_runs(where, quarantine, books),
        read=Reader(where, books),
        command=where.command,
        purge=where.purge,
        country=country,
        country_source=country_source,
        absent=absent,
    )


def _campaigns(
    reader: Reader,
    messages: Sequence[Message],
    found: Accusation,
    facts: LogFacts,
    absent: dict[str, str],
) -> Campaigns | None:
    """Find the campaigns of the case: what was purged is of it, so it counts as what is queued does."""
    if not messages:
        absent["group"] = "there is no message to group"
        return None
    whole = [message._replace(quarantined=False) for message in messages]
    with bar(sys.stderr, "grouping", None, " messages") as progress:
        return find_campaigns(whole, reader, progress=progress, judged=judged_by_logs(found, facts))


def _queue(where: Where, messages: Sequence[Message], facts: LogFacts) -> tuple[Inventory, Sequence[Finding]]:
    """Take the inventory of the queue as it is, and the symptoms of the case as a whole."""
    queued = survey_of(message for message in messages if not message.quarantined)
    hours = logged.hours_of(facts)
    inventory = take_inventory(queued, gather.queue_labels(where), hours and hours.sessions, where.zone)
    # `scan` counts recipients of mail that somebody logged in for
    authenticated = replace(facts, sends=Sends(sent for sent in facts.sends if sent[2] is not None))
    return inventory, find_symptoms(survey_of(messages), hours, logged.fates_of(authenticated))


def _passwords(
    where: Where, books: gather.Books, inquiry: Inquiry, max_minutes: float, absent: dict[str, str]
) -> Passwords | None:
    try:
        _ = where.export
    except BreachkitError as error:
        absent["weak-passwords"] = str(error)
        return None
    if where.accounts is None:
        absent["weak-passwords"] = "there is no export of the accounts (users.csv, or --accounts)"
        return None
    sources: dict[str, Locus] = {}

    def noted(logins: Iterator[Login]) -> Iterator[Login]:
        for login in logins:
            sources[login.account.address] = login.account.source
            yield login

    criteria = Criteria(gather.run_fingerprints().of, seconds=max_minutes * MINUTE)
    try:
        logins = noted(exports.read_logins(where, where.accounts, books))
        return Passwords(find_weak_passwords(logins, criteria, targets_of(inquiry)), sources)
    except BreachkitError as error:
        if where.is_accounts_asked:
            raise
        # nobody named the file: it must not stand between the user and the account
        absent["weak-passwords"] = str(error)
        return None


def _settings(where: Where, books: gather.Books, found: Accusation, absent: dict[str, str]) -> Settings | None:
    path = where.layout.settings
    try:
        guide = where.guide
    except BreachkitError as error:
        absent["harden"] = str(error)
        return None
    if path is None:
        absent["harden"] = "there is no file of settings (settings.txt; see: breachkit harden --print-commands)"
        return None
    try:
        settings = exports.read_settings(where, path, books)
    except BreachkitError as error:
        absent["harden"] = str(error)
        return None
    known = [setting for setting in settings if setting.name]
    judged = judge_settings(known, guide.rules, incident_of(found))
    sources = {setting.name: setting.source for setting in known}
    return Settings(judged, len(settings) - len(known), guide.advice, sources)


def _containing(where: Where, found: Accusation, absent: dict[str, str]) -> Containing:
    accused = [account.account for account in found.accounts if account.verdict == "compromised"]
    attackers = attackers_of(found)
    try:
        steps = [contained(where, account, found, len(attackers.ips)) for account in accused]
    except LacksError as error:
        absent["contain"], steps = str(error), []
    return Containing(tuple(steps), attackers, BLOCK_MINUTES)


def _runs(where: Where, quarantine: Path | None, books: gather.Books) -> list[Stock]:
    """Read the journals of the purges of these queues."""
    if not any(not queue.is_quarantine for queue in where.layout.queues):
        return []
    try:
        queues = reach_of(where, quarantine).queues
        return [take_stock(queues.disk, run) for run in queues.runs()]
    except BreachkitError as error:
        books.notes.append(f"the journals of purges were not read: {error}")
    except OSError as error:
        books.notes.append(f"the journals of purges were not read: {error.strerror or 'unknown reason'}")
    return []


def evidence_paths(where: Where, runs: Sequence[Stock]) -> Iterator[PathLike[str] | str]:
    """List the input files beside the messages."""
    for log in where.logs:
        if log.form.spool is None or log.path.is_file():  # of what was piped in nothing is left to hash
            yield log.path
    for path in (where.accounts, where.layout.settings):
        if path is not None:
            yield path
    for custody in runs:
        yield custody.run.journal
