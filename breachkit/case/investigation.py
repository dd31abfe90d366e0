"""What one investigation found, before it is put into words: the findings of every command, from evidence read once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.findings import first
from breachkit.report.contract import evidence_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from breachkit.detect.accounts.inquiry import Inquiry
    from breachkit.detect.accounts.verdict import Accusation
    from breachkit.detect.campaigns.campaign import Campaign, Campaigns
    from breachkit.detect.findings import Finding
    from breachkit.detect.hardening import JudgedSetting
    from breachkit.detect.incident import Attackers
    from breachkit.detect.inventory import Inventory
    from breachkit.detect.passwords.weak_accounts import WeakPasswords
    from breachkit.evidence.books import Inputs
    from breachkit.purge.quarantine import Stock
    from breachkit.records import Locus, Message
    from breachkit.report.contain import Contained
    from breachkit.report.contract import Json


class Passwords(NamedTuple):
    """The accounts whose password can be guessed, and where the export lists each account."""

    found: WeakPasswords
    sources: Mapping[str, Locus]


class Settings(NamedTuple):
    """The settings against the guides, and where each was read."""

    judged: tuple[JudgedSetting, ...]
    others: int
    advice: Sequence[str]
    sources: Mapping[str, Locus]


class Containing(NamedTuple):
    """The steps for the accused accounts, and the addresses to block."""

    steps: tuple[Contained, ...]
    attackers: Attackers
    minutes: int


@dataclass(frozen=True, slots=True)
class Investigation:
    """All that was found; an ability for which there was no evidence is None."""

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
    settings: Settings | None
    containing: Containing
    runs: Sequence[Stock]
    """Purges of these queues, oldest first."""
    read: Callable[[Message], bytes]
    """Return the bytes of a message, none when it is gone."""
    command: Callable[..., str]
    """Spell a breachkit command on the same evidence."""
    purge: Callable[..., str]
    """Spell the plan of a purge of a campaign, by its id and its string."""
    country: Callable[[str], str | None]
    country_source: str | None = None
    absent: Mapping[str, str] = field(default_factory=dict)
    """Sections that could not be filled, and why."""

    @property
    def attacking_ips(self) -> list[str]:
        """The addresses that attacked the accused accounts."""
        return list(
            dict.fromkeys(place.ip for one in self.found.accused for place in one.client_ips if place.attacking)
        )

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
        self.rows[name] = {"title": title, "count": len(places), "places": evidence_json(first(places))}
        return name
