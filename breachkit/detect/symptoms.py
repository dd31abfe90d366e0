"""Is this server under attack, by the symptoms that the guides name?

"Do the SMTP sessions multiply before your eyes? Does the outgoing queue grow out of measure?" and: many
messages in the queues, to improbable recipients, typically very small (Tecniche di messa in sicurezza di
un server violato).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.findings import Finding, Severity, first
from breachkit.detect.survey import FOREIGN, RANDOM, TINY, TINY_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from breachkit.detect.survey import Survey
    from breachkit.logs.facts import LogFacts
    from breachkit.records import Locus

ENOUGH = 20
"""Messages, recipients or sessions below which a share says nothing."""

DOMINANT_SHARE = 0.5
TINY_SHARE = 0.5
RANDOM_SHARE = 0.3
FAILING_SHARE = 0.2
RETRY_SHARE = 0.5
FOREIGN_SHARE = 0.2
WINDOW = 6
"""Hours over which growth is measured."""
GROWTH = 2
"""How many times the busiest six hours of the days before is out of measure. One hour would do for a quiet server,
but a newsletter fills one as well."""

HOUR_SECONDS = 3600
DAY_HOURS = 24


def find_symptoms(survey: Survey, facts: LogFacts) -> list[Finding]:
    """Look for each symptom in a queue, and in what the logs count when there are logs."""
    found = [
        *_one_sender_dominates(survey),
        *_tiny_messages(survey),
        *_random_recipients(survey),
        *_failing_recipients(survey, facts),
        *_sender_not_account(survey),
        *_queue_growing(survey, facts),
        *_sessions_multiplying(facts),
    ]
    return sorted(found, key=lambda finding: finding.name)


def _one_sender_dominates(survey: Survey) -> Iterator[Finding]:
    account, number = _busiest(survey.accounts)
    if account is not None and number >= max(ENOUGH, DOMINANT_SHARE * survey.messages):
        detail = f"{account} sent {number:,} of {survey.messages:,} queued messages"
        yield Finding("one-sender-dominates", detail, survey.places((False, account), (True, account)), Severity.HIGH)


def _busiest(accounts: Mapping[str | None, int]) -> tuple[str | None, int]:
    """Return the account with most messages; None when nobody authenticated."""
    named = [(-number, account) for account, number in accounts.items() if account is not None]
    number, account = min(named, default=(0, None))
    return account, -number


def _tiny_messages(survey: Survey) -> Iterator[Finding]:
    number = survey.signs[TINY]
    if number >= max(ENOUGH, TINY_SHARE * survey.messages):
        detail = f"{number:,} of {survey.messages:,} messages are smaller than {TINY_BYTES:,} bytes"
        yield Finding("tiny-messages", detail, survey.places(TINY), Severity.LOW)


def _random_recipients(survey: Survey) -> Iterator[Finding]:
    number = survey.signs[RANDOM]
    if number >= max(ENOUGH, RANDOM_SHARE * survey.recipients):
        detail = f"{number:,} of {survey.recipients:,} recipients look made up at random"
        yield Finding("random-recipients", detail, survey.places(RANDOM), Severity.MEDIUM)


def _failing_recipients(survey: Survey, facts: LogFacts) -> Iterator[Finding]:
    known, unknown, evidence = _fates(facts)
    if known:
        if unknown >= max(ENOUGH, FAILING_SHARE * known):
            detail = f"{unknown:,} of {known:,} recipients do not exist (no MX record, unknown user)"
            yield Finding("failing-recipients", detail, evidence, Severity.HIGH)
        return
    account, number = _busiest(survey.retried)
    if account is not None and number >= max(ENOUGH, RETRY_SHARE * survey.messages):
        detail = f"{number:,} messages of {account} wait in the retry queue"
        yield Finding("failing-recipients", detail, survey.places((True, account)), Severity.MEDIUM)


def _fates(facts: LogFacts) -> tuple[int, int, tuple[Locus, ...]]:
    """Count the recipients of mail that somebody logged in for, as far as the logs tell their end.

    Returns how many there are, how many of them do not exist, and where that is said.
    """
    fates: dict[tuple[str | None, str | None, str | None], bool] = {}
    places = []
    for delivery in facts.deliveries:
        if delivery.outcome != "deferred":
            path = (delivery.queue_id, delivery.mail_from, delivery.rcpt_to)
            fates[path] = fates.get(path, False) or delivery.is_unknown
            if delivery.is_unknown:
                places.append(delivery.source)
    refused = [sent for _, _, auth, *_, sent in facts.sends if auth is not None and sent.rcpt_unknown]
    number = sum(sent.rcpt_unknown for sent in refused)
    places += [sent.source for sent in refused]
    return len(fates) + number, sum(fates.values()) + number, first(places)


def _sender_not_account(survey: Survey) -> Iterator[Finding]:
    number = survey.signs[FOREIGN]
    if number >= max(ENOUGH / 2, FOREIGN_SHARE * survey.messages):
        detail = f"{number:,} of {survey.messages:,} messages declare a sender that is not the account"
        yield Finding("sender-not-account", detail, survey.places(FOREIGN), Severity.HIGH)


def _queue_growing(survey: Survey, facts: LogFacts) -> Iterator[Finding]:
    grown = _growth(_counted(facts.accepted) if facts.sessions and facts.accepted else survey.hours)
    if grown is None:
        return
    evidence = survey.places(*range(grown.until - WINDOW + 1, grown.until + 1)) or _places(facts, grown)
    if evidence:
        detail = f"{grown.now:,} messages came in within six hours; in the days before at most {grown.before:,}"
        yield Finding("queue-growing", detail, evidence, Severity.HIGH)


def _sessions_multiplying(facts: LogFacts) -> Iterator[Finding]:
    grown = _growth(_counted(facts.sessions))
    if grown is not None:
        detail = f"{grown.now:,} SMTP sessions within six hours; in the days before at most {grown.before:,}"
        yield Finding("sessions-multiplying", detail, _places(facts, grown), Severity.HIGH)


def _counted(by_second: Mapping[int, int]) -> dict[int, int]:
    """Count by the number of the hour what is counted by its first second."""
    return {second // HOUR_SECONDS: number for second, number in by_second.items()}


class Growth(NamedTuple):
    """The busiest six hours of the last day against the busiest before."""

    until: int
    """The last of the six hours, counted from the epoch."""
    now: int
    before: int


def _places(facts: LogFacts, grown: Growth) -> tuple[Locus, ...]:
    return first(
        source for second, source in facts.sources.items() if 0 <= grown.until - second // HOUR_SECONDS < WINDOW
    )


def _growth(counts: Mapping[int, int]) -> Growth | None:
    """Compare the last day with the days before; None when it is in measure, or nothing is known before."""
    if not counts:
        return None
    sums = {hour: sum(counts.get(hour - back, 0) for back in range(WINDOW)) for hour in sorted(counts)}
    since = max(sums) - DAY_HOURS
    if min(sums) > since:
        return None
    before = max(number for hour, number in sums.items() if hour <= since)
    until, now = max(((hour, number) for hour, number in sums.items() if hour > since), key=lambda pair: pair[1])
    return Growth(until, now, before) if now >= max(ENOUGH, GROWTH * before) else None
