"""What one investigation found, before it is put into words: the findings of every command, from evidence read once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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


@dataclass(frozen=True, slots=True)
class Passwords:
    """The accounts whose password can be guessed, and where the export lists each account."""

    found: WeakPasswords
    sources: Mapping[str, Locus]


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings against the guides, and where each was read."""

    judged: tuple[JudgedSetting, ...]
    others: int
    advice: Sequence[str]
    sources: Mapping[str, Locus]


@dataclass(frozen=True, slots=True)
class Containing:
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

    def queued(self, campaign: Campaign) -> int:
        """Count the messages of a campaign that lie in the queue now."""
        return sum(not self.messages[at].quarantined for at in campaign.members)
