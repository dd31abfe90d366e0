"""Which messages are one spam run, and by which strings?

A sample is searched for the strings that its messages share; sets of messages that share one are judged; for
each that is a run, its strings are looked for in every message of the queue, and the one that covers the run
and hits nothing else becomes its purge string. The messages that hold it are the campaign: what `purge`
would take is what is shown. Then the rest is sampled again, until nothing new is found.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from breachkit.detect.campaign_authors import authors_of, local_domains
from breachkit.detect.campaign_choice import Tried, candidates_of, choose, names_of
from breachkit.detect.campaign_novelty import Speech
from breachkit.detect.campaign_runs import Run, find_runs
from breachkit.detect.campaign_sample import sample_of
from breachkit.detect.campaign_sampling import choose_sample, content_order
from breachkit.detect.campaign_search import Search, SeenSearch
from breachkit.detect.campaign_strings import corpus_of, find_shared
from breachkit.detect.campaign_texts import Passage, is_of_list, passage_of
from breachkit.records import NULL_SENDER
from breachkit.text.headers import decoded_words
from breachkit.text.message import decoded_headers, decoded_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from breachkit.detect.campaign_authors import Author
    from breachkit.records import Message

SAMPLES = (1500, 4000, 4000)
"""Messages of each sample. The first shows the large runs; with these left out the next ones see the small."""
LARGE = 100
"""The small sample shows only runs that are this part of it: of less it holds too little to judge."""
SHRUNK = 10
"""A sample is followed by another when the runs found in it are this part of it at least."""
HEAD = 8000
"""Bytes of a message in which its headers stand."""
SMALLEST = 5
SMALLEST_SHARE = 0.001
"""Messages of a run, in number and as a share of what was read, below which it is not looked for by default."""
SUPPORT = 5
NEARLY_ALL = 0.98
"""Share of a campaign that must be one lawful mailing; a letter that has its string by chance makes it nothing else."""
KEPT_STRINGS = 8
KEPT_SUBJECTS = 3
ID_DIGITS = 10
HALF = 0.5

NoPurge = Literal["cleared", "list-mail", "unauthenticated", "only-weak-string"]
"""Why a campaign must not be purged by its string: the logs acquit all its accounts; people's own mail, or a mailing,
that says it is of a list; nobody logged in for it, and no address that it came from is accused; what its messages
share belongs to many."""
BULK = frozenset({"cleared", "list-mail"})


class SharedString(NamedTuple):
    """A literal text, how many messages of the campaign hold it, and how many queued messages outside."""

    text: str
    messages: int
    elsewhere: int


class NamedCount(NamedTuple):
    """A name and the number of messages under it."""

    name: str | None
    messages: int


@dataclass(frozen=True, slots=True)
class Campaign:
    """One spam run, or mail that nothing speaks against (`bulk`)."""

    id: str
    messages: int
    quarantined_messages: int
    share: float
    bulk: bool
    """Lawful mass mail by its own word, or mail of accounts that the logs acquit."""
    no_purge_why: NoPurge | None
    """Why it must not be purged by its string."""
    strings: tuple[SharedString, ...]
    purge_string: str
    auth_users: tuple[NamedCount, ...]
    mail_froms: tuple[NamedCount, ...]
    subjects: tuple[str, ...]
    client_ips: int
    first_seen: datetime
    last_seen: datetime
    members: tuple[int, ...]
    """Indexes of its messages, quarantined ones too."""


@dataclass(frozen=True, slots=True)
class Campaigns:
    """The campaigns of a queue, biggest first, those not to be purged last; the number of queued messages in none."""

    campaigns: tuple[Campaign, ...]
    ungrouped: int
    judged: bool = False
    """Logs told which accounts are accused and which are clear."""

    def named(self, word: str) -> Campaign | None:
        """Find a campaign by its id or by its number in the list, from 1."""
        at = int(word) - 1 if word.isdecimal() and len(word) < ID_DIGITS else -1
        by_number = self.campaigns[at] if 0 <= at < len(self.campaigns) else None
        return next((one for one in self.campaigns if one.id == word), by_number)


class Judged(NamedTuple):
    """What logs say of who sent messages."""

    clear: frozenset[str] = frozenset()
    """Accounts that the logs show and acquit."""
    accused: frozenset[str] = frozenset()
    """Accounts that the logs accuse: their mail is never lawful mass mail."""
    accused_ips: frozenset[str] = frozenset()
    """Client addresses that the logs accuse of what came in without a login."""
    came_from: Mapping[str | None, str | None] | None = None
    """The client address of the session that brought in a message, by its id; None: all sessions are taken as seen."""

    def accuses(self, message: Message) -> bool:
        """Tell whether the account of a message is accused, or, of one without a login, the address it came from."""
        if message.auth_user is not None:
            return message.auth_user in self.accused
        return ((self.came_from or {}).get(message.queue_id) or message.client_ip) in self.accused_ips

    def shows(self, message: Message) -> bool:
        """Tell whether the logs show how a message came in, as far as its id can tell."""
        return self.came_from is None or message.queue_id is None or message.queue_id in self.came_from


class Grouping(NamedTuple):
    """What grouping needs beside the messages."""

    read: Callable[[Message], bytes]
    """Return the bytes of a message, none when it is gone."""
    progress: Callable[[int], object]
    least: int | None = None
    """Messages of the smallest campaign; None: 5, or 0.1 % of the queue when that is more."""
    judged: Judged | None = None
    """What the logs say of who sent the messages; None where no log tells."""
    samples: Sequence[int] = SAMPLES
    each: Callable[[Sequence[Message], Callable[[bytes], Any], Callable[[int], object]], Iterable[Any]] | None = None
    """Yield what a function makes of the bytes of each message, in order, and tell the progress; None: one after the
    other, by `read`. What the function returns can be written by `marshal`."""


class _Found(NamedTuple):
    best: Tried
    strings: tuple[Tried, ...]
    members: NDArray[np.int32]
    is_weak: bool


def find_campaigns(messages: Sequence[Message], grouping: Grouping) -> Campaigns:
    """Group messages by the strings they share."""
    least = grouping.least or max(SMALLEST, round(SMALLEST_SHARE * len(messages)))
    queue = _Queue(messages, grouping)
    runs = queue.runs(least)
    found = queue.verified(runs, least) if runs else []
    campaigns = queue.as_seen([campaign for one in found if (campaign := queue.campaign(one)).messages])
    campaigns.sort(key=lambda one: (one.no_purge_why is not None, -one.messages, one.purge_string))
    queued = sum(not message.quarantined for message in messages)
    ungrouped = queued - sum(one.messages for one in campaigns)
    return Campaigns(tuple(campaigns), ungrouped, grouping.judged is not None)


class _Queue:
    """The messages with what all samples need."""

    def __init__(self, messages: Sequence[Message], grouping: Grouping) -> None:
        self.messages = messages
        self.grouping = grouping
        self.order = [at for at in content_order(messages) if messages[at].mail_from != NULL_SENDER]
        self.authors: list[Author] = authors_of(messages)
        self.domains = local_domains(messages)
        self.queued = np.array([not message.quarantined for message in messages], dtype=np.bool_)

    def runs(self, least: int) -> list[Run]:
        """Find runs in a small sample, then in larger ones of what holds none of their strings.

        As long as what was found makes the rest markedly smaller: else the next sample would show the same.
        """
        runs: list[Run] = []
        known: set[int] = set()
        passages: dict[int, Passage] = {}
        for place, size in enumerate(self.grouping.samples):
            chosen, rest = self._sample(runs, known, size)
            unread = [at for at in chosen if at not in passages]
            found = self._each([self.messages[at] for at in unread], _plain_passage, lambda _amount: None)
            passages |= {at: Passage(*plain) for at, plain in zip(unread, found, strict=True)}
            is_large = place > 0 or len(chosen) == rest
            support = min(SUPPORT, least) if is_large else max(SUPPORT, len(chosen) // LARGE)
            smallest = max(support, round(least * len(chosen) / max(1, rest) / 2))
            shown = [passages[at] for at in chosen]
            new = list(self._sampled_runs(chosen, shown, smallest, is_large=is_large))
            runs += new
            if is_large and SHRUNK * sum(len(run.docs) for run in new) < len(chosen):
                break
        return runs

    def _sample(self, runs: Sequence[Run], known: set[int], size: int) -> tuple[list[int], int]:
        """Choose messages that hold no string of a run; estimate how many of these there are.

        Args:
            runs: the runs found so far.
            known: messages that hold a string of one, as far as they were met; added to.
            size: how many messages to choose.
        """
        search = Search([text for run in runs for text in names_of(run.closed, may_be_weak=run.is_weak)])

        def is_fresh(at: int) -> bool:
            if runs and search.held(self._read(at)):
                known.add(at)
            return at not in known

        return choose_sample(self.messages, [at for at in self.order if at not in known], size, is_fresh)

    def _sampled_runs(
        self, chosen: Sequence[int], passages: Sequence[Passage], smallest: int, *, is_large: bool
    ) -> Iterator[Run]:
        corpus = corpus_of(passages)
        shared = find_shared(corpus, smallest)
        speech = Speech(passages) if is_large else None
        authors = [self.authors[at] for at in chosen]
        return find_runs(sample_of(passages, (corpus, shared), authors, self.domains, speech), smallest)

    def _read(self, at: int) -> bytes:
        return self.grouping.read(self.messages[at])

    def _texts(self, at: int) -> Iterator[str]:
        raw = self._read(at)
        yield raw.decode("utf-8", "replace")
        yield from decoded_texts(raw)

    def verified(self, runs: Sequence[Run], least: int) -> list[_Found]:
        """Look for the strings of runs in every message; keep those runs that are large enough."""
        spelled = [candidates_of(run.closed, run.nested, may_be_weak=run.is_weak) for run in runs]
        held = self.held(sorted({text for pair in spelled for texts in pair for text in texts}))
        taken = np.zeros(len(self.messages), dtype=np.bool_)
        found: list[_Found] = []
        for run, (closed, nested) in zip(runs, spelled, strict=True):
            best = choose([held[text] for text in closed], self._texts, self.domains)
            if best is None:
                continue
            members = best.holders[~taken[best.holders]]
            if len(members) >= least and 2 * len(members) >= len(best.holders):
                taken[members] = True
                strings = tuple(held[text] for text in (*closed, *nested))
                found.append(_Found(best, strings, members, run.is_weak))
        return found

    def as_seen(self, campaigns: Sequence[Campaign]) -> list[Campaign]:
        """Count for the strings shown, elsewhere, what holds them only as a reader sees it, as `purge` does.

        Looked at are the messages in no campaign: those of another one would have to be read a second time.
        """
        texts = sorted({one.text for campaign in campaigns for one in campaign.strings})
        grouped = {at for campaign in campaigns for at in campaign.members}
        alone = [one for at, one in enumerate(self.messages) if self.queued[at] and at not in grouped]
        if not texts or not alone:
            return list(campaigns)
        search = SeenSearch(texts)
        counts = Counter(which for seen in self._each(alone, search.listed, lambda _amount: None) for which in seen)
        more = {text: counts[at] for at, text in enumerate(texts)}
        return [
            replace(one, strings=tuple(row._replace(elsewhere=row.elsewhere + more[row.text]) for row in one.strings))
            for one in campaigns
        ]

    def held(self, texts: Sequence[str]) -> dict[str, Tried]:
        """Find which messages hold which strings."""
        if not texts:
            return {}
        search = Search(texts)
        which, places = array("i"), array("i")
        for at, found in enumerate(self._each(self.messages, search.listed, self.grouping.progress)):
            which.extend(found)
            places.extend([at] * len(found))
        strings, holders = np.frombuffer(which, dtype=np.int32), np.frombuffer(places, dtype=np.int32)
        by_string = np.argsort(strings, kind="stable")
        ends = np.searchsorted(strings[by_string], np.arange(1, len(texts)))
        held = np.split(holders[by_string], ends)
        return {text: Tried(text, at) for text, at in zip(texts, held, strict=True)}

    def _each(
        self, messages: Sequence[Message], look: Callable[[bytes], Any], progress: Callable[[int], object]
    ) -> Iterator[Any]:
        if self.grouping.each is not None:
            yield from self.grouping.each(messages, look, progress)
            return
        for message in messages:
            yield look(self.grouping.read(message))
            progress(1)

    def campaign(self, found: _Found) -> Campaign:
        """Describe a campaign."""
        members = found.members.tolist()
        queued = [self.messages[at] for at in members if not self.messages[at].quarantined]
        times = [self.messages[at].ts for at in members]
        total = int(self.queued.sum())
        lawful = self._why_lawful(members)
        return Campaign(
            id=hashlib.sha256(found.best.text.encode()).hexdigest()[:ID_DIGITS],
            messages=len(queued),
            quarantined_messages=len(members) - len(queued),
            share=len(queued) / total if total else 0.0,
            bulk=lawful in BULK,
            no_purge_why=lawful or ("only-weak-string" if found.is_weak else None),
            strings=self._strings(found),
            purge_string=found.best.text,
            auth_users=counted(message.auth_user for message in queued),
            mail_froms=counted(message.mail_from for message in queued),
            subjects=_subjects(queued),
            client_ips=len({message.client_ip for message in queued if message.client_ip}),
            first_seen=min(times),
            last_seen=max(times),
            members=tuple(members),
        )

    def _why_lawful(self, members: Sequence[int]) -> NoPurge | None:
        """Name what speaks for the messages of a campaign; None when nothing does, or somebody is accused of them.

        Where no log tells who sent them, only a mailing with a way out is lawful.
        """
        judged = self.grouping.judged
        messages = [self.messages[at] for at in members]
        if judged is None:
            return "list-mail" if self._is_mailing(members) else None
        names = {message.auth_user for message in messages}
        if not any(map(judged.accuses, messages)):
            nameless = sum(message.auth_user is None for message in messages)
            if nameless > HALF * len(messages) and names - {None} <= judged.clear:
                return "unauthenticated"
            if names - {None} <= judged.clear and sum(map(judged.shows, messages)) >= HALF * len(messages):
                return "cleared"
            if self._is_mailing(members):
                return "list-mail"
        own = (at for at in members if self._is_own(at) and not judged.accuses(self.messages[at]))
        return "list-mail" if sum(map(self._is_of_list, own)) > HALF * len(members) else None

    def _is_mailing(self, members: Sequence[int]) -> bool:
        """Tell one sender's mailing with a way out, which some may have passed on."""
        mailings: dict[tuple[str | None, str | None], list[int]] = {}
        for at in members:
            message = self.messages[at]
            if message.mail_from == message.header_from == (message.auth_user or message.mail_from):
                mailings.setdefault((message.mail_from, message.client_ip), []).append(at)
        largest = max(mailings.values(), key=len, default=[])
        return len(largest) >= NEARLY_ALL * len(members) and all(map(self._has_way_out, largest))

    def _is_own(self, at: int) -> bool:
        """Tell whether somebody writes in his own name; a list puts its own address on the envelope."""
        message = self.messages[at]
        return message.header_from is not None and message.header_from == (message.auth_user or message.header_from)

    def _has_way_out(self, at: int) -> bool:
        return b"list-unsubscribe" in self._read(at)[:HEAD].lower()

    def _is_of_list(self, at: int) -> bool:
        return is_of_list(decoded_headers(self._read(at)))

    def _strings(self, found: _Found) -> tuple[SharedString, ...]:
        inside, outside = np.zeros_like(self.queued), self.queued.copy()
        inside[found.members] = self.queued[found.members]
        outside[found.members] = False
        own, *rows = [
            SharedString(one.text, int(inside[one.holders].sum()), int(outside[one.holders].sum()))
            for one in (found.best, *found.strings)
        ]
        rows = sorted(rows, key=lambda row: (row.elsewhere > 0, -row.messages, -len(row.text), row.text))
        shown: list[SharedString] = []
        for row in rows:
            is_new = row.text != own.text and not any(row.text in other.text for other in shown)
            if len(shown) < KEPT_STRINGS - 1 and row.messages and is_new:
                shown.append(row)
        return tuple(sorted([own, *shown], key=lambda row: (-row.messages, row.text)))


def _plain_passage(raw: bytes) -> tuple[Any, ...]:
    """Take a passage as a plain value, which travels between processes."""
    return tuple(passage_of(raw))


def counted(names: Iterable[str | None]) -> tuple[NamedCount, ...]:
    """Count names, the most frequent first."""
    counts = Counter(names)
    return tuple(
        NamedCount(name, number) for name, number in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0] or ""))
    )


def _subjects(messages: Sequence[Message]) -> tuple[str, ...]:
    counts: Counter[str] = Counter()
    for subject, number in Counter(message.subject for message in messages if message.subject).items():
        counts[decoded_words(subject)] += number
    return tuple(sorted(counts, key=lambda subject: (-counts[subject], subject))[:KEPT_SUBJECTS])
