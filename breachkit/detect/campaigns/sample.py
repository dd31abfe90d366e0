"""A sample of messages with all that judging asks of it: who wrote, what is shared, where tails begin."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from breachkit.detect.campaigns.marks import PHRASE, is_weak, points
from breachkit.detect.campaigns.strings import END, LINE_END, is_cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from breachkit.detect.campaigns.authors import Author
    from breachkit.detect.campaigns.novelty import Speech
    from breachkit.detect.campaigns.passages import Passage
    from breachkit.detect.campaigns.strings import Corpus, Shared

SHORT = 25
SHORT_LINES = 3
"""Lines of so many bytes, and so many of them, may differ within a tail: a name, a telephone number."""
COVERED = 0.6
"""Share of a line that shared strings cover when it is a shared line."""


@dataclass(slots=True)
class Sample:
    """The sample with all that judging asks."""

    corpus: Corpus
    shared: list[Shared]
    bits: list[int]
    sizes: NDArray[np.int64]
    """How many messages hold each string."""
    held: NDArray[np.int32]
    """The strings of each message, one message after the other."""
    held_from: NDArray[np.int64]
    """Where the strings of each message begin in `held`."""
    authors: NDArray[np.int32]
    forged: NDArray[np.bool_]
    lengths: NDArray[np.int64]
    """Bytes of each string."""
    points: NDArray[np.bool_]
    """Strings that point at somebody."""
    weak: NDArray[np.bool_]
    """Strings that belong to many: they tell a run only where nothing better does, and none is purged by them."""
    names: list[str]
    homes: list[str]
    """The house of the declared sender of each message."""
    is_topic: NDArray[np.bool_]
    """Positions that are neither tail nor line ends."""
    domains: frozenset[str]
    lists: NDArray[np.bool_]
    """Messages that a mailing list sent, by their own word."""
    answers: NDArray[np.bool_]
    """Messages that answer, quote or pass on another."""
    readers: list[str]
    """The first recipient of each message."""
    speech: Speech | None
    """None where the sample is too small to tell what others say."""


def bits_of(docs: NDArray[np.int32], size: int) -> int:
    """Pack a set of messages into one number."""
    flags = np.zeros(size, dtype=np.uint8)
    flags[docs] = 1
    return int.from_bytes(np.packbits(flags).tobytes(), "big")


def sample_of(
    passages: Sequence[Passage],
    found: tuple[Corpus, list[Shared]],
    authors: Sequence[Author],
    domains: frozenset[str],
    speech: Speech | None,
) -> Sample:
    """Put together what judging asks."""
    corpus, shared = found
    names = sorted({author.name for author in authors})
    docs = np.concatenate([one.docs for one in shared]) if shared else np.zeros(0, dtype=np.int32)
    sizes = np.array([len(one.docs) for one in shared], dtype=np.int64)
    by_doc = np.argsort(docs, kind="stable")
    places = {name: at for at, name in enumerate(names)}
    return Sample(
        corpus,
        shared,
        [bits_of(one.docs, len(passages)) for one in shared],
        sizes,
        np.repeat(np.arange(len(shared), dtype=np.int32), sizes)[by_doc],
        np.searchsorted(docs[by_doc], np.arange(len(passages) + 1)),
        np.array([places[author.name] for author in authors], dtype=np.int32),
        np.array([author.is_forged for author in authors], dtype=np.bool_),
        np.array([len(one.text) for one in shared], dtype=np.int64),
        np.array([points(one.text) for one in shared], dtype=np.bool_),
        np.array([is_weak(one.text, is_cut=is_cut(corpus, one)) for one in shared], dtype=np.bool_),
        names,
        [author.home for author in authors],
        _topics(passages, corpus, shared),
        domains,
        np.array([passage.is_list for passage in passages], dtype=np.bool_),
        np.array([passage.is_answer for passage in passages], dtype=np.bool_),
        [author.reader for author in authors],
        speech,
    )


def _topics(passages: Sequence[Passage], corpus: Corpus, shared: Sequence[Shared]) -> NDArray[np.bool_]:
    """Mark what is not the shared end of a text part: the place of signatures, disclaimers and list footers."""
    is_topic: NDArray[np.bool_] = (corpus.text != END) & (corpus.text != LINE_END)
    covered = painted(corpus, [one for one in shared if len(one.text) >= PHRASE])
    before = np.concatenate(([0], np.cumsum(covered, dtype=np.int32)), dtype=np.int32).data
    for passage, start in zip(passages, corpus.starts.tolist(), strict=False):
        for begin, end in pairwise((*passage.parts, len(passage.text))):  # no part: a message that is one PDF
            tail = _tail(passage.text[begin:end], before, start + begin)
            is_topic[start + begin + tail : start + end] = False
    return is_topic


def painted(corpus: Corpus, shared: Sequence[Shared]) -> NDArray[np.bool_]:
    """Mark the positions that strings cover."""
    if not shared:
        return np.zeros(len(corpus.text), dtype=np.bool_)
    starts = np.concatenate([one.places for one in shared])
    ends = np.concatenate([one.places + len(one.text) for one in shared])
    size = len(corpus.text) + 1
    steps = np.bincount(starts, minlength=size) - np.bincount(ends, minlength=size)
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
                return _marked(text, end)
        end = begin
    return _marked(text, len(text))


def _marked(text: bytes, tail: int) -> int:
    """Begin the tail at the signature mark at the latest (RFC 3676 §4.3)."""
    mark = text.find(b"\n--\n")
    return tail if mark < 0 else min(tail, mark + 1)
