"""What one investigation finds: evidence read once, every detector asked, the answers in one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.accounts.accusation import read_inquiry
from breachkit.detect.accounts.judgement import judge_accounts
from breachkit.detect.campaigns.grouping import find_judged
from breachkit.detect.containment import attackers_of, contain_accounts, targets_of
from breachkit.detect.findings import first
from breachkit.detect.hardening import hardening_of
from breachkit.detect.inventory import take_inventory
from breachkit.detect.passwords.weak_accounts import Criteria, find_weak_passwords
from breachkit.detect.survey import survey_of
from breachkit.detect.symptoms import find_symptoms
from breachkit.errors import BreachkitError
from breachkit.evidence import gather
from breachkit.evidence.again import MessageReader
from breachkit.evidence.products import LacksError
from breachkit.purge.reach import reach_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from os import PathLike
    from pathlib import Path

    from breachkit.detect.accounts.accusation import Accusation
    from breachkit.detect.accounts.inquiry import Inquiry
    from breachkit.detect.campaigns.campaign import Campaign, Campaigns
    from breachkit.detect.containment import Attackers, Contained
    from breachkit.detect.findings import Finding
    from breachkit.detect.hardening import Hardening
    from breachkit.detect.inventory import Inventory
    from breachkit.detect.passwords.weak_accounts import WeakPasswords
    from breachkit.evidence.gather import Inputs
    from breachkit.evidence.where import Where
    from breachkit.purge.stock import Stock
    from breachkit.records import Locus, Message
    from breachkit.report.contract import Json
    from breachkit.text.sasl import Login

BLOCK_MINUTES = 30
MINUTE = 60.0


class Passwords(NamedTuple):
    """The accounts whose password can be guessed, and where the export lists each account."""

    found: WeakPasswords
    sources: Mapping[str, Locus]


@dataclass(frozen=True, slots=True)
class Investigation:
    """All that was found; an ability for which there was no evidence is None."""

    where: Where
    inputs: Inputs
    messages: Sequence[Message]
    """Queued and quarantined: a purge does not take a message out of the case."""
    inquiry: Inquiry
    found: Accusation
    inventory: Inventory
    """Of the queue as it is now."""
    symptoms: Sequence[Finding]
    """Of the whole case, what was purged included."""
    campaigns: Campaigns | None
    passwords: Passwords | None
    settings: Hardening | None
    steps: Sequence[Contained]
    """What contains the compromised accounts."""
    attackers: Attackers
    runs: Sequence[Stock]
    """Purges of these queues, oldest first."""
    read: Callable[[Message], bytes]
    """Return the bytes of a message, none when it is gone."""
    country: Callable[[str], str | None]
    country_source: str | None = None
    absent: Mapping[str, str] = field(default_factory=dict)
    """Sections that could not be filled, and why."""

    @property
    def attacking_ips(self) -> list[str]:
        """The addresses that attacked the accused accounts."""
        return list(dict.fromkeys(ip for one in self.found.accused for ip in one.attacking_ips))

    def queued(self, campaign: Campaign) -> int:
        """Count the messages of a campaign that lie in the queue now."""
        return sum(not self.messages[at].quarantined for at in campaign.members)


class ProofRegister:
    """For each number of a report, how many facts bear it out and where the first ones stand.

    The names are short and safe as an anchor: `p1`, `p2` ….
    """

    def __init__(self) -> None:
        self.rows: dict[str, Json] = {}

    def of(self, title: str, places: Collection[Locus]) -> str | None:
        """Register a fact under a title, a sentence that translations know; None when there is no place to look."""
        if len(places) == 0:  # a column of a table has no truth
            return None
        name = f"p{len(self.rows) + 1}"
        self.rows[name] = {"title": title, "count": len(places), "places": first(places)}
        return name


def look_into(
    where: Where,
    books: gather.Books,
    places: tuple[Callable[[str], str | None], str | None],
    max_minutes: float,
    quarantine: Path | None,
) -> Investigation:
    """Read queue, logs, accounts and settings once, and ask every detector."""
    messages = gather.read_messages(where, books, quarantined=True)
    inquiry, facts = read_inquiry(where, books, messages, counts_accounts=False, by_hour=True)
    found = judge_accounts(inquiry)
    absent: dict[str, str] = {}
    queued = survey_of(message for message in messages if not message.quarantined)
    campaigns = None
    if messages:
        # what was purged is of the case, so it counts as what is queued does
        whole = [message._replace(quarantined=False) for message in messages]
        campaigns = find_judged(where, books, whole, found, facts)
    else:
        absent["group"] = "there is no message to group"
    passwords = _passwords(where, books, inquiry, max_minutes, absent)
    settings = _settings(where, books, found, absent)
    country, country_source = places
    return Investigation(
        where=where,
        inputs=gather.inputs_of(where, books, facts),
        messages=messages,
        inquiry=inquiry,
        found=found,
        inventory=take_inventory(queued, gather.queue_labels(where), facts.sessions, where.zone),
        symptoms=find_symptoms(survey_of(messages), facts),
        campaigns=campaigns,
        passwords=passwords,
        settings=settings,
        steps=_steps(where, found, absent),
        attackers=attackers_of(found),
        runs=_runs(where, quarantine, books),
        read=MessageReader(where, books),
        country=country,
        country_source=country_source,
        absent=absent,
    )


def _passwords(
    where: Where, books: gather.Books, inquiry: Inquiry, max_minutes: float, absent: dict[str, str]
) -> Passwords | None:
    sources: dict[str, Locus] = {}

    def noted(logins: Iterator[Login]) -> Iterator[Login]:
        for login in logins:
            sources[login.account.address] = login.account.source
            yield login

    criteria = Criteria(gather.run_fingerprints().of, seconds=max_minutes * MINUTE)
    is_asked = False
    try:
        _ = where.export
        if where.accounts is not None:
            is_asked = where.is_accounts_asked  # if not, the file must not stand between the user and the account
            logins = noted(gather.read_logins(where, where.accounts, books))
            return Passwords(find_weak_passwords(logins, criteria, targets_of(inquiry)), sources)
        absent["weak-passwords"] = "there is no export of the accounts (users.csv, or --accounts)"
    except BreachkitError as error:
        if is_asked:
            raise
        absent["weak-passwords"] = str(error)
    return None


def _settings(where: Where, books: gather.Books, found: Accusation, absent: dict[str, str]) -> Hardening | None:
    try:
        _, path = where.guide, where.layout.settings
        if path is not None:
            return hardening_of(gather.read_settings(where, path, books), where.guide_to(path), found)
        absent["harden"] = "there is no file of settings (settings.txt; see: breachkit harden --print-commands)"
    except BreachkitError as error:
        absent["harden"] = str(error)
    return None


def _steps(where: Where, found: Accusation, absent: dict[str, str]) -> list[Contained]:
    accused = [account.account for account in found.accounts if account.verdict == "compromised"]
    try:
        return contain_accounts(where, accused, found)
    except LacksError as error:
        absent["contain"] = str(error)
    return []


def _runs(where: Where, quarantine: Path | None, books: gather.Books) -> list[Stock]:
    """Read the journals of the purges of these queues."""
    if not any(not queue.is_quarantine for queue in where.layout.queues):
        return []
    try:
        return reach_of(where, quarantine).stocks()
    except BreachkitError as error:
        books.notes.append(f"the journals of purges were not read: {error}")
    return []


def evidence_paths(case: Investigation) -> Iterator[PathLike[str] | str]:
    """List the input files beside the messages."""
    where = case.where
    for log in where.logs:
        if log.form.spool is None or log.path.is_file():  # of what was piped in nothing is left to hash
            yield log.path
    for path in (where.accounts, where.layout.settings):
        if path is not None:
            yield path
    for stock in case.runs:
        yield stock.run.journal
