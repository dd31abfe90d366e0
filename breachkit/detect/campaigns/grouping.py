"""Which messages are one spam run, and by which strings?

A small sample, then a larger one of the rest, is searched for the strings that its messages share; sets of messages
that share one are judged; for each that is a run, its strings are looked for in every message of the queue, and the one
that covers the run and hits nothing else becomes its purge string. The messages that hold it are the campaign: what
`purge` would take is what is shown.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from breachkit.detect.accounts.accusation import accuse
from breachkit.detect.campaigns.authors import authors_of, local_domains
from breachkit.detect.campaigns.bulk import BULK, judged_by_logs, why_lawful
from breachkit.detect.campaigns.campaign import ID_DIGITS, Campaign, Campaigns, SharedString, counted
from breachkit.detect.campaigns.choice import SeenSearch, StringSearch, Tried, candidates_of, choose, names_of
from breachkit.detect.campaigns.passages import Passage, passage_of
from breachkit.detect.campaigns.runs import find_runs
from breachkit.detect.campaigns.sample import MailSample, choose_sample, content_order
from breachkit.evidence import gather
from breachkit.evidence.again import MessageReader
from breachkit.progress import bar, silent
from breachkit.records import NULL_SENDER
from breachkit.text.headers import decoded_words
from breachkit.text.message import decoded_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from breachkit.detect.accounts.accusation import Accusation
    from breachkit.detect.campaigns.bulk import Judged
    from breachkit.detect.campaigns.runs import SpamRun
    from breachkit.evidence.where import Where
    from breachkit.logs.facts import LogFacts
    from breachkit.progress import Progress
    from breachkit.records import Message

SAMPLES = (1500, 4000)
"""Messages of each sample. The first shows the large runs; with these left out the second sees the small. A third of
4,000 found nothing more, and took two thirds more time."""
LARGE = 100
"""The small sample shows only runs that are this part of it: of less it holds too little to judge."""
SMALLEST = 5
SMALLEST_SHARE = 0.001
"""Messages of a run, in number and as a share of what was read, below which it is not looked for by default."""
SUPPORT = 5
KEPT_STRINGS = 8
KEPT_SUBJECTS = 3


class Grouped(NamedTuple):
    """The campaigns of a queue, and what they rest on."""

    campaigns: Campaigns
    messages: list[Message]
    """What the members of campaigns point to."""
    accusation: Accusation | None
    """None where there are no logs."""
    facts: LogFacts | None

    def campaign_of(self, message: Message) -> Campaign | None:
        """Return the campaign that a message belongs to."""
        at = next((at for at, one in enumerate(self.messages) if one.source == message.source), None)
        return next((campaign for campaign in self.campaigns.campaigns if at in campaign.members), None)


def group_queue(where: Where, books: gather.Books, least: int | None = None) -> Grouped:
    """Find the campaigns; where there are logs, what they say of the accounts counts too. Raises BreachkitError."""
    messages = gather.read_queued(where, books)
    found, facts = None, None
    if gather.smtp_logs(where):
        found, facts = accuse(where, books, messages)
    else:
        for skipped in where.skipped:  # else said with the logs that were read
            books.skip(skipped)
    return Grouped(find_judged(where, books, messages, found, facts, least), messages, found, facts)


def find_judged(
    where: Where,
    books: gather.Books,
    messages: Sequence[Message],
    found: Accusation | None,
    facts: LogFacts | None,
    least: int | None = None,
) -> Campaigns:
    """Find the campaigns of messages that are read, in the light of verdicts on the accounts, if there are any."""
    judged = None if found is None or facts is None else judged_by_logs(found, facts)
    with bar(sys.stderr, "grouping", None, " messages") as progress:
        return find_campaigns(messages, MessageReader(where, books), progress=progress, least=least, judged=judged)


class MessageSource(Protocol):
    """Reads messages again."""

    def __call__(self, message: Message, /) -> bytes:
        """Return the bytes of a message, none when it is gone."""

    def each(self, messages: Sequence[Message], look: Callable[[bytes], Any], progress: Progress, /) -> Iterable[Any]:
        """Yield what a function makes of the bytes of each message, in order, and report the progress.

        What the function returns can be written by `marshal`.
        """


def find_campaigns(
    messages: Sequence[Message],
    reading: MessageSource,
    *,
    progress: Progress = silent,
    least: int | None = None,
    judged: Judged | None = None,
) -> Campaigns:
    """Group messages by the strings they share.

    Args:
        messages: those of a queue, quarantined ones too.
        reading: reads them again.
        progress: gets the number of messages looked through.
        least: messages of the smallest campaign; None: 5, or 0.1 % of the queue when that is more.
        judged: what the logs say of who sent the messages; None where no log tells.
    """
    least = least or max(SMALLEST, round(SMALLEST_SHARE * len(messages)))
    queue = _Queue(messages, reading, judged)
    runs = queue.runs(least)
    found = queue.verified(runs, least, progress) if runs else []
    campaigns = queue.as_seen([campaign for one in found if (campaign := queue.campaign(one)).messages])
    campaigns.sort(key=lambda one: (one.no_purge_why is not None, -one.messages, one.purge_string))
    queued = sum(not message.quarantined for message in messages)
    return Campaigns(tuple(campaigns), queued - sum(one.messages for one in campaigns), judged is not None)


class _Found(NamedTuple):
    best: Tried
    strings: tuple[Tried, ...]
    members: NDArray[np.int32]
    is_weak: bool


class _Queue:
    """The messages with what all samples need."""

    def __init__(self, messages: Sequence[Message], reading: MessageSource, judged: Judged | None) -> None:
        self.messages = messages
        self.reading = reading
        self.judged = judged
        self.domains = local_domains(messages)
        self.order = [at for at in content_order(messages) if messages[at].mail_from != NULL_SENDER]
        """Those to choose samples from."""
        self.queued = np.array([not message.quarantined for message in messages], dtype=np.bool_)

    def runs(self, least: int) -> list[SpamRun]:
        """Find runs in a small sample, then in a larger one of what holds none of their strings."""
        authors = authors_of(self.messages)
        runs: list[SpamRun] = []
        passages: dict[int, Passage] = {}
        for place, size in enumerate(SAMPLES):
            chosen, rest = self._sample(runs, size)
            unread = [at for at in chosen if at not in passages]
            passages |= zip(unread, (Passage(*plain) for plain in self._each(unread, _plain_passage)), strict=True)
            is_large = place > 0 or len(chosen) == rest
            support = min(SUPPORT, least) if is_large else max(SUPPORT, len(chosen) // LARGE)
            smallest = max(support, round(least * len(chosen) / max(1, rest) / 2))
            shown = [passages[at] for at in chosen]
            sample = MailSample(shown, [authors[at] for at in chosen], self.domains, smallest)
            runs += find_runs(sample, smallest, is_large=is_large)
        return runs

    def _sample(self, runs: Sequence[SpamRun], size: int) -> tuple[list[int], int]:
        """Choose messages that hold no string of a run, and leave out those met that do; return how many there are."""
        search = StringSearch([text for run in runs for text in names_of(run.closed, may_be_weak=run.is_weak)])
        known: set[int] = set()

        def is_fresh(at: int) -> bool:
            if runs and search(self._read(at)):
                known.add(at)
            return at not in known

        chosen, rest = choose_sample(self.order, size, is_fresh)
        self.order = [at for at in self.order if at not in known]
        return chosen, rest

    def _read(self, at: int) -> bytes:
        return self.reading(self.messages[at])

    def _texts(self, at: int) -> Iterator[str]:
        raw = self._read(at)
        yield raw.decode("utf-8", "replace")
        yield from decoded_texts(raw)

    def _each(self, places: Iterable[int], look: Callable[[bytes], Any], progress: Progress = silent) -> Iterable[Any]:
        return self.reading.each([self.messages[at] for at in places], look, progress)

    def verified(self, runs: Sequence[SpamRun], least: int, progress: Progress) -> list[_Found]:
        """Look for the strings of runs in every message; keep those runs that are large enough."""
        spelled = [candidates_of(run.closed, run.nested, may_be_weak=run.is_weak) for run in runs]
        held = self._held(sorted({text for pair in spelled for texts in pair for text in texts}), progress)
        taken = np.zeros(len(self.messages), dtype=np.bool_)
        found: list[_Found] = []
        for run, (closed, nested) in zip(runs, spelled, strict=True):
            best = choose([held[text] for text in closed], self._texts, self.domains)
            if best is None:
                continue
            members = best.holders[~taken[best.holders]]
            if len(members) >= least and 2 * len(members) >= len(best.holders):
                taken[members] = True
                found.append(_Found(best, tuple(held[text] for text in (*closed, *nested)), members, run.is_weak))
        return found

    def _held(self, texts: Sequence[str], progress: Progress) -> dict[str, Tried]:
        """Find which messages hold which strings."""
        if not texts:
            return {}
        holders = [array("i") for _ in texts]
        for at, found in enumerate(self._each(range(len(self.messages)), StringSearch(texts), progress)):
            for which in found:
                holders[which].append(at)
        return {text: Tried(text, np.array(at, dtype=np.int32)) for text, at in zip(texts, holders, strict=True)}

    def campaign(self, found: _Found) -> Campaign:
        """Describe a campaign."""
        members = [self.messages[at] for at in found.members.tolist()]
        queued = [message for message in members if not message.quarantined]
        lawful = why_lawful(members, self.judged, self.reading)
        return Campaign(
            id=hashlib.sha256(found.best.text.encode()).hexdigest()[:ID_DIGITS],
            messages=len(queued),
            quarantined_messages=len(members) - len(queued),
            share=len(queued) / max(1, int(self.queued.sum())),
            bulk=lawful in BULK,
            no_purge_why=lawful or ("only-weak-string" if found.is_weak else None),
            strings=self._strings(found),
            purge_string=found.best.text,
            auth_users=counted(message.auth_user for message in queued),
            mail_froms=counted(message.mail_from for message in queued),
            subjects=_subjects(queued),
            client_ips=len({message.client_ip for message in queued if message.client_ip}),
            first_seen=min(message.ts for message in members),
            last_seen=max(message.ts for message in members),
            members=tuple(found.members.tolist()),
        )

    def _strings(self, found: _Found) -> tuple[SharedString, ...]:
        """Count the strings of a campaign; the purge string and the most telling of the others are shown."""
        inside, outside = np.zeros_like(self.queued), self.queued.copy()
        inside[found.members] = self.queued[found.members]
        outside[found.members] = False
        own, *rows = [
            SharedString(one.text, int(inside[one.holders].sum()), int(outside[one.holders].sum()))
            for one in (found.best, *found.strings)
        ]
        rows.sort(key=lambda row: (row.elsewhere > 0, -row.messages, -len(row.text), row.text))
        shown: list[SharedString] = []
        for row in rows:
            is_new = row.text != own.text and not any(row.text in other.text for other in shown)
            if len(shown) < KEPT_STRINGS - 1 and row.messages and is_new:
                shown.append(row)
        return tuple(sorted([own, *shown], key=lambda row: (-row.messages, row.text)))

    def as_seen(self, campaigns: list[Campaign]) -> list[Campaign]:
        """Count for the strings shown, elsewhere, what holds them only as a reader sees it, as `purge` does."""
        texts = sorted({one.text for campaign in campaigns for one in campaign.strings})
        if not texts:
            return campaigns
        queued = np.flatnonzero(self.queued).tolist()
        seen = zip(queued, self._each(queued, SeenSearch(texts)), strict=True)
        more = {at: {texts[which] for which in found} for at, found in seen if found}
        counts = Counter(text for found in more.values() for text in found)
        own = {one.id: Counter(text for at in one.members for text in more.get(at, ())) for one in campaigns}
        return [
            replace(
                one,
                strings=tuple(
                    row._replace(elsewhere=row.elsewhere + counts[row.text] - own[one.id][row.text])
                    for row in one.strings
                ),
            )
            for one in campaigns
        ]


def _plain_passage(raw: bytes) -> tuple[Any, ...]:
    """Take a passage as a plain value, which travels between processes."""
    return tuple(passage_of(raw))


def _subjects(messages: Sequence[Message]) -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    for subject, number in Counter(message.subject for message in messages if message.subject).items():
        counts[decoded_words(subject)] += number
    return tuple(sorted(counts, key=lambda subject: (-counts[subject], subject))[:KEPT_SUBJECTS])
