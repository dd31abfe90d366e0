"""One message of the queue, what its reader sees of it, and what the evidence says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.evidence import gather
from breachkit.evidence.messages import find_message, is_queued, letter_of
from breachkit.files import shown

if TYPE_CHECKING:
    from breachkit.detect.campaigns.campaign import Campaign
    from breachkit.detect.tracing import TracedSession
    from breachkit.evidence.where import Where
    from breachkit.logs.facts import LogFacts
    from breachkit.records import Message
    from breachkit.text.letter import Letter


class ShownMessage(NamedTuple):
    """One message, what its reader sees of it, and what the evidence says of it."""

    message: Message
    files: tuple[str, ...]
    """All its files, as shown."""
    is_evidence: bool
    """It lies in a queue, or the quarantine, of the evidence."""
    letter: Letter
    session: TracedSession | None
    has_logs: bool
    """A session was looked for."""
    campaign: Campaign | None


def read_shown(
    where: Where, wanted: str, books: gather.Books, *, with_campaign: bool
) -> tuple[ShownMessage, LogFacts | None]:
    """Read the message that a word means, and what the evidence says of it. Raises BreachkitError."""
    message = find_message(where, wanted, books)
    letter = letter_of(where, message)
    # a copy that lies elsewhere is not to be mixed with the logs of another server
    is_evidence = is_queued(where, message)
    has_logs = is_evidence and message.queue_id is not None and bool(gather.smtp_logs(where))
    session, facts = None, None
    if has_logs:
        from breachkit.detect.tracing import session_of  # numpy, and many a message is shown without logs

        session, facts = session_of(where, message, books)
    campaign = None
    if is_evidence and with_campaign:
        from breachkit.detect.campaigns.grouping import group_queue

        campaign = group_queue(where, gather.Books()).campaign_of(message)
    files = tuple(shown(path, where.layout.root) for path in message.files)
    return ShownMessage(message, files, is_evidence, letter, session, has_logs, campaign), facts
