"""The messages that are looked at closely: which ones, what they share, and what of each is its topic."""

from __future__ import annotations

import hashlib
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np

from breachkit.detect.campaigns.marks import PHRASE, SPECIFIC, bare, is_weak
from breachkit.detect.campaigns.strings import END, LINE_END, corpus_of, find_shared, is_cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from breachkit.detect.campaigns.authors import Author
    from breachkit.detect.campaigns.passages import Passage
    from breachkit.detect.campaigns.strings import Corpus, Shared
    from breachkit.records import Message

SHORT = 25
SHORT_LINES = 3
"""Lines of so many bytes, and so many of them, may differ within a tail: a name, a telephone number."""
COVERED = 0.6
"""Share of a line that shared strings cover when it is a shared line."""
MOST_PAINTED = 250
"""Strings whose places are looked at for one set of messages."""
MOST_MEASURED = 120
"""Messages of one set whose text is measured: they stand for all."""


def content_order(messages: Sequence[Message]) -> list[int]:
    """Order messages by what they say of themselves: the same for the same queue, and otherwise by chance."""

    def digest(message: Message) -> bytes:
        ts = message.ts.timestamp() if message.is_stamped else None  # a copy has other file times
        said = (message.queue_id, message.auth_user, message.mail_from, message.header_from, message.rcpt_to)
        named = repr((*said, message.subject, message.client_ip, message.size, ts))
        return hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    return sorted(range(len(messages)), key=lambda at: digest(messages[at]))


def choose_sample(order: Sequence[int], size: int, is_wanted: Callable[[int], bool]) -> tuple[list[int], int]:
    """Take the first of those wanted; estimate how many are wanted in all.

    Args:
        order: the indexes to choose from, in content order.
        size: how many to take.
        is_wanted: tells whether a message may be taken; it is asked of few.
    """
    ahead = iter(order)
    chosen = list(islice(filter(is_wanted, ahead), size))
    asked = len(order) - sum(1 for _ in ahead)
    return chosen, round(len(order) * len(chosen) / max(1, asked))


class MailSample:
    """Messages, the strings that they share, and what judging asks of both."""

    def __init__(
        self, passages: Sequence[Passage], authors: Sequence[Author], domains: frozenset[str], support: int
    ) -> None:
        """Look at messages.

        Args:
            passages: what of each may tell a run.
            authors: the author of each.
            domains: those of the house.
            support: how many messages must hold a string.
        """
        self.authors = authors
        self.domains = domains
        self.corpus: Corpus = corpus_of(passages)
        self.shared: list[Shared] = find_shared(self.corpus, support)
        self.is_list = np.array([passage.is_list for passage in passages], dtype=np.bool_)
        self.is_answer = np.array([passage.is_answer for passage in passages], dtype=np.bool_)
        self.is_forged = np.array([author.is_forged for author in authors], dtype=np.bool_)
        self.author_of: NDArray[np.int64] = np.unique([author.name for author in authors], return_inverse=True)[1]
        """The number of the author of each message."""
        self.lengths = np.array([len(one.text) for one in self.shared], dtype=np.int64)
        self.points = np.array([SPECIFIC.search(bare(one.text)) is not None for one in self.shared], dtype=np.bool_)
        """Strings that point at somebody."""
        cut = (is_weak(one.text, is_cut=is_cut(self.corpus, one)) for one in self.shared)
        self.is_weak = np.fromiter(cut, dtype=np.bool_, count=len(self.shared))
        """Strings that belong to many: they tell a run only where nothing better does, and none is purged by them."""
        self.sizes = np.array([len(one.docs) for one in self.shared], dtype=np.int64)
        """How many messages hold each string."""
        docs = np.concatenate([np.zeros(0, dtype=np.int32), *(one.docs for one in self.shared)])
        by_doc = np.argsort(docs, kind="stable")
        self._held = np.repeat(np.arange(len(self.shared)), self.sizes)[by_doc]
        self._held_from = np.searchsorted(docs[by_doc], np.arange(len(passages) + 1))
        self.is_topic = self._topics(passages)
        """Positions that are neither line end nor the shared end of a text part: the place of signatures, disclaimers
        and list footers. Without this half of the innocent mail of an office was grouped."""

    def counts_in(self, docs: NDArray[np.int32]) -> NDArray[np.int64]:
        """Count for each string how many of some messages hold it."""
        held = [self._held[self._held_from[doc] : self._held_from[doc + 1]] for doc in docs.tolist()]
        counts: NDArray[np.int64] = np.bincount(np.concatenate(held), minlength=len(self.shared))
        return counts

    def texts(self, strings: Iterable[int]) -> list[bytes]:
        """List the texts of strings."""
        return [self.shared[at].text for at in strings]

    def _topics(self, passages: Sequence[Passage]) -> NDArray[np.bool_]:
        text = self.corpus.text
        is_topic: NDArray[np.bool_] = (text != END) & (text != LINE_END)
        phrases = [one for one in self.shared if len(one.text) >= PHRASE]
        starts = np.concatenate([np.zeros(0, dtype=np.int32), *(one.places for one in phrases)])
        sizes = np.repeat([len(one.text) for one in phrases], [len(one.places) for one in phrases]).astype(np.int64)
        before = np.concatenate(([0], np.cumsum(painted(starts, starts + sizes, len(text))))).astype(np.int32).data
        for passage, start in zip(passages, self.corpus.starts.tolist(), strict=False):
            for begin, end in pairwise((*passage.parts, len(passage.text))):  # no part: a message that is one PDF
                tail = _tail(passage.text[begin:end], before, start + begin)
                is_topic[start + begin + tail : start + end] = False
        return is_topic


def painted(starts: NDArray[np.int64], ends: NDArray[np.int64], size: int) -> NDArray[np.bool_]:
    """Mark the positions that spans cover."""
    steps = np.bincount(starts, minlength=size + 1) - np.bincount(ends, minlength=size + 1)
    covered: NDArray[np.bool_] = np.cumsum(steps)[:-1] > 0
    return covered


def _tail(text: bytes, before: memoryview, start: int) -> int:
    """Find where the shared end of a text begins; its length when all of it is shared, or nothing at its end.

    Args:
        text: the text.
        before: how many bytes that shared strings cover stand before each place of the corpus.
        start: where in the corpus the text begins.
    """
    end = len(text)
    short = 0
    for line in reversed(text.split(b"\n")[:-1]):
        begin = end - len(line) - 1
        if line and (before[start + end - 1] - before[start + begin]) / len(line) < COVERED:
            short += len(line) <= SHORT
            if len(line) > SHORT or short > SHORT_LINES:
                return end
        end = begin
    return len(text)


class TopicText:
    """The topic of some messages: how much of it strings cover."""

    def __init__(self, sample: MailSample, docs: NDArray[np.int32]) -> None:
        """Put some of the messages one after the other."""
        self._sample = sample
        docs = docs[:: -(-len(docs) // MOST_MEASURED)]
        begins, ends = sample.corpus.starts[docs], sample.corpus.starts[docs + 1]
        self._edges = np.concatenate(([0], np.cumsum(ends - begins)))
        self._shift = begins - self._edges[:-1]
        """How far each was moved down from its place in the corpus."""
        self._number = np.full(len(sample.corpus.starts), -1, dtype=np.int64)
        self._number[docs] = np.arange(len(docs))
        places = np.repeat(self._shift, ends - begins) + np.arange(self._edges[-1])
        self._is_topic = sample.is_topic[places]
        self.sizes = self._sums(self._is_topic)
        """Bytes of the topic of each message."""

    def covered(self, strings: NDArray[np.int64]) -> NDArray[np.int64]:
        """Count, for each message, the bytes of its topic that strings cover; the longest ones do for many."""
        sample = self._sample
        longest = strings[np.argsort(-sample.lengths[strings], kind="stable")][:MOST_PAINTED]
        chosen = [sample.shared[at].places for at in longest.tolist()]
        starts = np.concatenate([np.zeros(0, dtype=np.int32), *chosen])
        sizes = np.repeat(sample.lengths[longest], [len(places) for places in chosen])
        number = self._number[sample.corpus.doc_of[starts]]
        here = number >= 0
        begins = starts[here] - self._shift[number[here]]
        return self._sums(painted(begins, begins + sizes[here], len(self._is_topic)) & self._is_topic)

    def _sums(self, flags: NDArray[np.bool_]) -> NDArray[np.int64]:
        sums: NDArray[np.int64] = np.diff(np.concatenate(([0], np.cumsum(flags)))[self._edges])
        return sums
