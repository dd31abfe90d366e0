"""Is this server under attack, by the symptoms that the guides name?

"Do the SMTP sessions multiply before your eyes? Does the outgoing queue grow out of measure?" and: many
messages in the queues, to improbable recipients, typically very small (Tecniche di messa in sicurezza di
un server violato).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

import pandas as pd

from breachkit.detect.findings import Finding
from breachkit.detect.findings import Severity
from breachkit.detect.findings import first
from breachkit.detect.lookalike import is_random_looking

if TYPE_CHECKING:
    from collections.abc import Iterator

    from breachkit.records import Locus

ENOUGH = 20
"""Messages, recipients or sessions below which a share says nothing."""

DOMINANT_SHARE = 0.5
TINY_BYTES = 2_048
TINY_SHARE = 0.5
RANDOM_SHARE = 0.3
FAILING_SHARE = 0.2
RETRY_SHARE = 0.5
FOREIGN_SHARE = 0.2
WINDOW = pd.Timedelta(hours=6)
GROWTH = 2
"""How many times the busiest six hours of the days before is out of measure. One hour would do for a quiet server,
but a newsletter fills one as well."""


class Hours(NamedTuple):
    """What the SMTP logs count by the hour; index: hour (UTC), values: numbers; and a place to look."""

    sessions: pd.Series[int]
    accepted: pd.Series[int]
    source: dict[pd.Timestamp, Locus]
    """The first session of each hour."""


class Fates(NamedTuple):
    """What became of recipients, over all logs."""

    known: int
    unknown: int
    evidence: tuple[Locus, ...]


def find_symptoms(messages: pd.DataFrame, hours: Hours | None, fates: Fates | None) -> list[Finding]:
    """Look for each symptom in a queue, and in what the logs count when there are logs."""
    found = [
        *_one_sender_dominates(messages),
        *_tiny_messages(messages),
        *_random_recipients(messages),
        *_failing_recipients(messages, fates),
        *_sender_not_account(messages),
        *_queue_growing(messages, hours),
        *_sessions_multiplying(hours),
    ]
    return sorted(found, key=lambda finding: finding.name)


def is_foreign(messages: pd.DataFrame) -> pd.Series[bool]:
    """Tell which messages declare a sender that is not the account, by names alone."""
    # a run has few pairs, and a column of 200,000 texts takes 14 us each to be split
    pairs = list(zip(messages["auth_user"], messages["mail_from"], strict=True))
    known = {pair: _names_another(*pair) for pair in set(pairs)}
    return pd.Series([known[pair] for pair in pairs], index=messages.index, dtype="bool")


def _names_another(auth_user: Any, mail_from: Any) -> bool:
    if not isinstance(auth_user, str) or not isinstance(mail_from, str) or "@" not in mail_from:
        return False
    return auth_user not in {mail_from, mail_from.partition("@")[0]}


def _one_sender_dominates(messages: pd.DataFrame) -> Iterator[Finding]:
    counts = messages["auth_user"].value_counts()
    if len(counts) and counts.iloc[0] >= max(ENOUGH, DOMINANT_SHARE * len(messages)):
        rows = messages[messages["auth_user"] == counts.index[0]]
        detail = f"{counts.index[0]} sent {counts.iloc[0]:,} of {len(messages):,} queued messages"
        yield Finding("one-sender-dominates", detail, first(rows["source"]), Severity.HIGH)


def _tiny_messages(messages: pd.DataFrame) -> Iterator[Finding]:
    tiny = messages[messages["size"] < TINY_BYTES]
    if len(tiny) >= max(ENOUGH, TINY_SHARE * len(messages)):
        detail = f"{len(tiny):,} of {len(messages):,} messages are smaller than {TINY_BYTES:,} bytes"
        yield Finding("tiny-messages", detail, first(tiny["source"]), Severity.LOW)


def _random_recipients(messages: pd.DataFrame) -> Iterator[Finding]:
    names = messages["rcpt_to"].explode().dropna()
    bare = [name.partition("@")[0] for name in names]
    known = {local: is_random_looking(local) for local in set(bare)}
    odd = names[[known[local] for local in bare]]
    if len(odd) >= max(ENOUGH, RANDOM_SHARE * len(names)):
        detail = f"{len(odd):,} of {len(names):,} recipients look made up at random"
        yield Finding("random-recipients", detail, first(messages.loc[odd.index.unique(), "source"]), Severity.MEDIUM)


def _failing_recipients(messages: pd.DataFrame, fates: Fates | None) -> Iterator[Finding]:
    if fates is not None and fates.known:
        if fates.unknown >= max(ENOUGH, FAILING_SHARE * fates.known):
            detail = f"{fates.unknown:,} of {fates.known:,} recipients do not exist (no MX record, unknown user)"
            yield Finding("failing-recipients", detail, fates.evidence, Severity.HIGH)
        return
    retry = messages[messages["queue"].str.contains(r"(?:^|[/:])retry$", case=False, regex=True)]
    counts = retry["auth_user"].value_counts()
    if len(counts) and counts.iloc[0] >= max(ENOUGH, RETRY_SHARE * len(messages)):
        rows = retry[retry["auth_user"] == counts.index[0]]
        detail = f"{counts.iloc[0]:,} messages of {counts.index[0]} wait in the retry queue"
        yield Finding("failing-recipients", detail, first(rows["source"]), Severity.MEDIUM)


def _sender_not_account(messages: pd.DataFrame) -> Iterator[Finding]:
    foreign = messages[is_foreign(messages)]
    if len(foreign) >= max(ENOUGH / 2, FOREIGN_SHARE * len(messages)):
        detail = f"{len(foreign):,} of {len(messages):,} messages declare a sender that is not the account"
        yield Finding("sender-not-account", detail, first(foreign["source"]), Severity.HIGH)


def _queue_growing(messages: pd.DataFrame, hours: Hours | None) -> Iterator[Finding]:
    stamped = messages[messages["is_stamped"]]
    is_logged = hours is not None and len(hours.accepted) > 0
    arrivals = hours.accepted if hours is not None and is_logged else stamped["ts"].dt.floor("h").value_counts()
    grown = _growth(arrivals)
    if grown is None:
        return
    inside = stamped[(stamped["ts"] > grown.until - WINDOW) & (stamped["ts"] <= grown.until)]
    evidence = first(inside["source"]) or _places(hours, grown)
    if evidence:
        detail = f"{grown.now:,} messages came in within six hours; in the days before at most {grown.before:,}"
        yield Finding("queue-growing", detail, evidence, Severity.HIGH)


def _sessions_multiplying(hours: Hours | None) -> Iterator[Finding]:
    grown = _growth(hours.sessions) if hours is not None else None
    if grown is not None:
        detail = f"{grown.now:,} SMTP sessions within six hours; in the days before at most {grown.before:,}"
        yield Finding("sessions-multiplying", detail, _places(hours, grown), Severity.HIGH)


class Growth(NamedTuple):
    """The busiest six hours of the last day against the busiest before."""

    until: pd.Timestamp
    now: int
    before: int


def _places(hours: Hours | None, grown: Growth) -> tuple[Locus, ...]:
    sources = hours.source.items() if hours is not None else ()
    return first(source for hour, source in sources if grown.until - WINDOW < hour <= grown.until)


def _growth(counts: pd.Series[Any]) -> Growth | None:
    """Compare the last day with the days before; None when it is in measure, or nothing is known before."""
    if counts.empty:
        return None
    sums = counts.sort_index().rolling(WINDOW).sum()
    last: Any = sums.index.max()
    first_hour: Any = sums.index.min()
    since = last - pd.Timedelta(days=1)
    recent, before = sums[sums.index > since], sums[sums.index <= since]
    if first_hour > since or recent.max() < max(ENOUGH, GROWTH * before.max()):
        return None
    until: Any = recent.idxmax()
    return Growth(until, int(recent.max()), int(before.max()))
