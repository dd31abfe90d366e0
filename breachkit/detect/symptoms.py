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


class Hours(NamedTuple):
    """What the SMTP logs count by the hour (seconds since the epoch), and a place to look."""

    sessions: Mapping[int, int]
    accepted: Mapping[int, int]
    source: Mapping[int, Locus]
    """The first session of each hour."""


class Fates(NamedTuple):
    """What became of recipients, over all logs."""

    known: int
    unknown: int
    evidence: tuple[Locus, ...]


def find_symptoms(survey: Survey, hours: Hours | None, fates: Fates | None) -> list[Finding]:
    """Look for each symptom in a queue, and in what the logs count when there are logs."""
    found = [
        *_one_sender_dominates(survey),
        *_tiny_messages(survey),
        *_random_recipients(survey),
        *_failing_recipients(survey, fates),
        *_sender_not_account(survey),
        *_queue_growing(survey, hours),
        *_sessions_multiplying(hours),
    ]
    return sorted(found, key=lambda finding: finding.name)


def _one_sender_dominates(survey: Survey) -> Iterator[Finding]:
    account, number = _busiest(survey.accounts)
    if account is not None and number >= max(ENOUGH, DOMINANT_SHARE * survey.messages):
        detail = f"{account} sent {number:,} of {survey.messages:,} queued messages"
        yield Finding("one-sender-dominates", detail, survey.places_of(account), Severity.HIGH)


def _busiest(accounts: Mapping[str | None, int]) -> tuple[str | None, int]:
    """Return the account with most messages; None when nobody authenticated."""
    named = [(-number, account) for account, number in accounts.items() if account is not None]
    number, account = min(named, default=(0, None))
    return account, -number


def _tiny_messages(survey: Survey) -> Iterator[Finding]:
    number = survey.signs[TINY]
    if number >= max(ENOUGH, TINY_SHARE * survey.messages):
        detail = f"{number:,} of {survey.messages:,} messages are smaller than {TINY_BYTES:,} bytes"
        yield Finding("tiny-messages", detail, survey.places_with(TINY), Severity.LOW)


def _random_recipients(survey: Survey) -> Iterator[Finding]:
    number = survey.signs[RANDOM]
    if number >= max(ENOUGH, RANDOM_SHARE * survey.recipients):
        detail = f"{number:,} of {survey.recipients:,} recipients look made up at random"
        yield Finding("random-recipients", detail, survey.places_with(RANDOM), Severity.MEDIUM)


def _failing_recipients(survey: Survey, fates: Fates | None) -> Iterator[Finding]:
    if fates is not None and fates.known:
        if fates.unknown >= max(ENOUGH, FAILING_SHARE * fates.known):
            detail = f"{fates.unknown:,} of {fates.known:,} recipients do not exist (no MX record, unknown user)"
            yield Finding("failing-recipients", detail, fates.evidence, Severity.HIGH)
        return
    account, number = _busiest(survey.retried)
    if account is not None and number >= max(ENOUGH, RETRY_SHARE * survey.messages):
        detail = f"{number:,} messages of {account} wait in the retry queue"
        yield Finding("failing-recipients", detail, survey.retried_of(account), Severity.MEDIUM)


def _sender_not_account(survey: Survey) -> Iterator[Finding]:
    number = survey.signs[FOREIGN]
    if number >= max(ENOUGH / 2, FOREIGN_SHARE * survey.messages):
        detail = f"{number:,} of {survey.messages:,} messages declare a sender that is not the account"
        yield Finding("sender-not-account", detail, survey.places_with(FOREIGN), Severity.HIGH)


def _queue_growing(survey: Survey, hours: Hours | None) -> Iterator[Finding]:
    is_logged = hours is not None and len(hours.accepted) > 0
    grown = _growth(_counted(hours.accepted) if hours is not None and is_logged else survey.hours)
    if grown is None:
        return
    evidence = survey.places_within(WINDOW, grown.until) or _places(hours, grown)
    if evidence:
        detail = f"{grown.now:,} messages came in within six hours; in the days before at most {grown.before:,}"
        yield Finding("queue-growing", detail, evidence, Severity.HIGH)


def _sessions_multiplying(hours: Hours | None) -> Iterator[Finding]:
    grown = _growth(_counted(hours.sessions)) if hours is not None else None
    if grown is not None:
        detail = f"{grown.now:,} SMTP sessions within six hours; in the days before at most {grown.before:,}"
        yield Finding("sessions-multiplying", detail, _places(hours, grown), Severity.HIGH)


def _counted(by_second: Mapping[int, int]) -> dict[int, int]:
    """Count by the number of the hour what is counted by its first second."""
    return {second // HOUR_SECONDS: number for second, number in by_second.items()}


class Growth(NamedTuple):
    """The busiest six hours of the last day against the busiest before."""

    until: int
    """The last of the six hours, counted from the epoch."""
    now: int
    before: int


def _places(hours: Hours | None, grown: Growth) -> tuple[Locus, ...]:
    sources = hours.source.items() if hours is not None else ()
    return first(source for second, source in sources if 0 <= grown.until - second // HOUR_SECONDS < WINDOW)


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
