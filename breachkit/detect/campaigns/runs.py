"""Which sets of messages that share a string are one spam run, and which share what innocent mail shares.

Innocent mail shares strings too: signatures, disclaimers, set phrases, list footers. They differ from a run
in where they stand (at the end, below text that nobody else wrote), in whom they belong to (one author in
his own name, or a whole house), and in what else the same messages share (a set phrase stands among other
phrases, each shared with other messages).
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from breachkit.detect.campaigns.contacts import are_numbered, is_outreach
from breachkit.detect.campaigns.marks import PHRASE, SPECIFIC, STRONG, bare, house, pointers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from breachkit.detect.campaigns.sample import Sample


TELLING = 12
"""Bytes from which on a string can tell anything at all, unless it is an address or a number."""
PURE = 0.95
CARRIES = 16
LONG = 150
"""Bytes of the topic that messages of many accounts must have in common when nothing in them points at anybody."""
SOME, HALF, MOSTLY = 0.3, 0.5, 0.6
NEW = 0.63
"""Share of word pairs never said elsewhere from which on a text was put together by chance."""
MOST_PAINTED = 250
"""Strings whose places are looked at for one set of messages."""
MOST_MEASURED = 120
"""Messages of one set whose text is measured: they stand for all."""
NAMED = 4
"""Letters of the shortest word of an address that is looked for in a signature."""
_CODE = rb"/[^\s\"'<>]{0,100}?\b((?:[a-z]{1,20}[0-9]|[0-9]{1,20}[a-z])[a-z0-9]{4,60})"
"""A word of the path or the query that no language has: letters and digits, six at least."""
FEW = 3
"""Authors that a run in their own names may have without the stricter tests."""


class Run(NamedTuple):
    """A set of sampled messages that is one run, and the strings that make it one."""

    docs: NDArray[np.int32]
    closed: tuple[bytes, ...]
    """Strings that nearly all of its messages hold, and nearly nobody else."""
    nested: tuple[bytes, ...]
    """Strings that a part of its messages holds, and nearly nobody else."""
    why: str
    is_weak: bool = False
    """All that its messages share belongs to many."""


def find_runs(sample: Sample, least: int) -> Iterator[Run]:
    """Yield the runs of a sample, those of most messages first; each message is in one at most.

    First by what points at somebody and by whole phrases, then by shorter strings: a set phrase that happens
    to stand in most copies of a run is a worse name for it than its link. What belongs to many, such as the host
    of a link to a shared document, comes last: two runs that share no more than that are two.
    """
    taken = 0
    judged: set[int] = set()
    first: dict[int, int] = {}
    then: dict[int, int] = {}
    last: dict[int, int] = {}
    for at, bits in enumerate(sample.bits):
        text = sample.shared[at].text
        is_strong = len(text) >= STRONG or bool(sample.points[at])
        if sample.weak[at]:
            if SPECIFIC.search(text):
                last.setdefault(bits, at)
        elif is_strong:
            first.setdefault(bits, at)
        elif len(text) >= TELLING:
            then.setdefault(bits, at)
    for group in (first, then, last):
        for bits, at in group.items():  # most messages first, as the strings are
            size = bits.bit_count()
            if size < least or at in judged or (bits & taken).bit_count() * 5 > size:
                continue
            run = _judge(sample, bits, at, judged)
            if run is not None:
                taken |= bits
                yield run


def _judge(sample: Sample, bits: int, at: int, judged: set[int]) -> Run | None:
    """Tell whether the messages that hold a string are one run."""
    docs = sample.shared[at].docs
    text = sample.shared[at].text
    size = len(docs)
    is_forged = int(np.count_nonzero(sample.forged[docs])) / size >= PURE
    top = np.sort(np.bincount(sample.authors[docs]))[::-1][:FEW].sum()
    is_few = bool(top >= PURE * size)
    if not is_forged and not is_few and len(text) < PHRASE and not sample.points[at]:
        return None
    near = _near(sample, docs)
    judged.update(near.alike(docs, sample).tolist())
    if not is_forged and not _may_be(sample, near, is_few=is_few):
        return None
    is_weak = bool(sample.weak[at])
    shown = _Cover(sample, docs, near, is_forged=is_forged, is_weak=is_weak)
    why = _verdict(sample, shown, is_forged=is_forged, is_few=is_few)
    if not why or _is_union(sample, bits, near, shown):
        return None
    known = set(near.closed.tolist())
    nested = [other for other in near.inside.tolist() if other not in known and (is_weak or not sample.weak[other])]
    return Run(
        docs,
        tuple(dict.fromkeys((*shown.texts, *_pointers(sample, docs, shown.texts)))),
        tuple(sample.shared[other].text for other in nested),
        why,
        is_weak,
    )


def _may_be(sample: Sample, near: _Near, *, is_few: bool) -> bool:
    """Tell, before anything costly, whether strings that all of some messages hold could make them a run."""
    held = int(sample.lengths[near.closed].sum())
    return held >= (STRONG if is_few else LONG) or bool(sample.points[near.closed].any())


class _Near(NamedTuple):
    """The strings that some messages hold, by how they stand to these messages."""

    every: NDArray[np.int64]
    """Held by a twentieth of them at least."""
    inside: NDArray[np.int64]
    """Of these, those that hardly any other message holds."""
    usual: NDArray[np.int64]
    """Of these, those that a good part of them holds: a signature of one of few authors is among them."""
    closed: NDArray[np.int64]
    """Of these, those that nearly all of them hold."""

    def alike(self, docs: NDArray[np.int32], sample: Sample) -> NDArray[np.int64]:
        """Return the strings about which nothing else could be said: held by as many, and pointing at nobody."""
        is_same = np.abs(sample.sizes[self.closed] - len(docs)) * 50 <= len(docs)
        alike: NDArray[np.int64] = self.closed[is_same & ~sample.points[self.closed]]
        return alike


def _near(sample: Sample, docs: NDArray[np.int32]) -> _Near:
    begins, ends = sample.held_from[docs], sample.held_from[docs + 1]
    counts = ends - begins
    places = np.repeat(begins - np.concatenate(([0], np.cumsum(counts)[:-1])), counts) + np.arange(counts.sum())
    both = np.bincount(sample.held[places], minlength=len(sample.sizes))
    every = np.flatnonzero(both * 20 >= len(docs))
    inside = every[both[every] * 10 >= sample.sizes[every] * 9]
    usual = inside[both[inside] >= SOME * len(docs)]
    return _Near(every, inside, usual, inside[both[inside] * 10 >= len(docs) * 9])


def _pointers(sample: Sample, docs: NDArray[np.int32], texts: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the words of strings that point at somebody, where hardly any other message holds them.

    By chance all copies in a sample have the same words before a link; those that it missed may break the line there.
    """
    for word in sorted({word for text in texts for word in pointers(text)}):
        places = [found.start() for found in re.finditer(re.escape(word), sample.corpus.text.data)]
        holders = np.unique(sample.corpus.doc_of[places])
        if len(np.intersect1d(holders, docs)) * 10 >= len(holders) * 9:
            yield word


def _pointed(
    sample: Sample, docs: NDArray[np.int32], texts: Sequence[bytes], *, is_forged: bool, is_weak: bool
) -> tuple[list[bytes], list[bytes]]:
    """List what in some strings points at strangers, and what at the house or, in his own name, the author."""
    found = sorted({hit.lower() for text in texts for hit in SPECIFIC.findall(text if is_weak else bare(text))})
    own = set(sample.domains)
    if not is_forged:
        own |= {house(sample.names[at].rpartition("@")[2]) for at in np.unique(sample.authors[docs]).tolist()}
        own |= {sample.homes[at] for at in docs.tolist()}
    houses = [domain.encode() for domain in own if domain]
    home = [hit for hit in found if any(domain in hit for domain in houses)]
    return [hit for hit in found if hit not in home], home


class _Cover:
    """How much of the topic of some messages is covered, by strings of which kind; measured when it is asked."""

    def __init__(self, sample: Sample, docs: NDArray[np.int32], near: _Near, *, is_forged: bool, is_weak: bool) -> None:
        self.docs = docs
        self.texts = [sample.shared[at].text for at in near.closed.tolist() if is_weak or not sample.weak[at]]
        self.usual = [sample.shared[at].text for at in near.usual.tolist()]
        self.foreign, self.home = _pointed(sample, docs, self.texts, is_forged=is_forged, is_weak=is_weak)
        self._sample = sample
        self._near = near

    @cached_property
    def covered(self) -> float:
        """Of all their text, how much is shared within these messages only."""
        topic = np.diff(np.concatenate(([0], np.cumsum(self._shape.topic)))[self._shape.edges])
        return float(np.median(self._by_inside / np.maximum(1, topic)))

    @cached_property
    def own_share(self) -> float:
        """Of the shared text, how much is shared within these messages only."""
        sample, near = self._sample, self._near
        others = near.every[(sample.lengths[near.every] >= CARRIES) & ~np.isin(near.every, near.inside)]
        by_inside, by_others = float(self._by_inside.mean()), float(self._count(others).mean())
        return by_inside / max(1.0, by_inside + by_others)

    @property
    def is_topical(self) -> bool:
        """Most of these messages have in their topic what they all share."""
        return float((self._by_closed > 0).mean()) >= MOSTLY

    @property
    def closed_topic(self) -> float:
        """Bytes of the topic that they all share."""
        return float(np.median(self._by_closed))

    @cached_property
    def _by_inside(self) -> NDArray[np.int64]:
        return self._count(self._near.inside)

    @cached_property
    def _by_closed(self) -> NDArray[np.int64]:
        sample, closed = self._sample, self._near.closed
        telling = closed[(sample.lengths[closed] >= CARRIES) | sample.points[closed]]
        return self._count(telling if len(telling) else closed)

    @cached_property
    def _shape(self) -> _Shape:
        return _shape_of(self._sample, self.docs[:: -(-len(self.docs) // MOST_MEASURED)])

    def _count(self, strings: NDArray[np.int64]) -> NDArray[np.int64]:
        """Count, for each message, the bytes of its topic that strings cover; the longest ones do for many."""
        sample, shape = self._sample, self._shape
        longest = strings[np.argsort(-sample.lengths[strings], kind="stable")][:MOST_PAINTED]
        chosen = [sample.shared[at].places for at in longest.tolist()]
        if not chosen:
            return np.zeros(len(shape.shift), dtype=np.int64)
        starts = np.concatenate(chosen)
        sizes = np.repeat(sample.lengths[longest], [len(places) for places in chosen])
        local = shape.local[sample.corpus.doc_of[starts]]
        here = local >= 0
        begins = starts[here] - shape.shift[local[here]]
        size = len(shape.topic) + 1
        steps = np.bincount(begins, minlength=size) - np.bincount(begins + sizes[here], minlength=size)
        sums = np.concatenate(([0], np.cumsum((np.cumsum(steps)[:-1] > 0) & shape.topic)))
        counts: NDArray[np.int64] = np.diff(sums[shape.edges])
        return counts


class _Shape(NamedTuple):
    """Some messages one after the other."""

    edges: NDArray[np.int64]
    """Where each begins, and the end of all."""
    shift: NDArray[np.int64]
    """How far each was moved down from its place in the corpus."""
    local: NDArray[np.int64]
    """The number of each message of the sample among these; -1: none of them."""
    topic: NDArray[np.bool_]


def _shape_of(sample: Sample, docs: NDArray[np.int32]) -> _Shape:
    begins, ends = sample.corpus.starts[docs], sample.corpus.starts[docs + 1]
    edges = np.concatenate(([0], np.cumsum(ends - begins)))
    shift = begins - edges[:-1]
    local = np.full(len(sample.corpus.starts), -1, dtype=np.int64)
    local[docs] = np.arange(len(docs))
    return _Shape(edges, shift, local, sample.is_topic[np.repeat(shift, ends - begins) + np.arange(edges[-1])])


def _verdict(sample: Sample, shown: _Cover, *, is_forged: bool, is_few: bool) -> str:
    """Name why a set of messages is a run; empty when it is none.

    Under forged senders little has to be shared. In their own names people share much too: there, most of the
    text has to be one, or a foreign address has to stand among words that were put together by chance.
    """
    longest = max(map(len, shown.texts))
    if is_forged:
        is_run = shown.foreign or (longest >= STRONG and shown.own_share >= SOME)
        return "forged senders" if is_run else ""
    if not is_few and shown.home:
        return ""  # a house that writes of itself
    least = STRONG if is_few else LONG
    if _is_scattered(sample, shown, below_path=is_few):
        return "an address of its own in every message"
    if shown.is_topical and shown.covered >= HALF and shown.own_share >= HALF:
        return "one text" if shown.closed_topic >= (CARRIES if shown.foreign else least) else ""
    if _is_filler(sample, shown, is_few=is_few):
        return "filler around one address"
    return "sent out around one address" if is_few and _is_sent_out(sample, shown) else ""


def _is_filler(sample: Sample, shown: _Cover, *, is_few: bool) -> bool:
    """Tell a foreign address among words put together by chance from one among what people write."""
    if sample.speech is None or not shown.foreign or sample.lists[shown.docs].mean() > HALF:
        return False
    if shown.is_topical and shown.own_share < (SOME if is_few else MOSTLY):
        return False
    if not shown.is_topical and (not is_few or _is_signed(sample, shown)):
        return False
    if all(are_numbered(sample, shown.docs, contact) for contact in shown.foreign):
        return False
    telling = [text for text in shown.texts if len(text) >= CARRIES]
    return sample.speech.novelty(shown.docs.tolist(), telling) >= NEW


def _is_sent_out(sample: Sample, shown: _Cover) -> bool:
    """Tell what few accounts send around to lead strangers to one place; what they sign, they write to somebody."""
    if sample.speech is None or not shown.foreign or shown.home or _is_signed(sample, shown):
        return False
    return is_outreach(sample, shown.docs, shown.foreign)


def _is_scattered(sample: Sample, shown: _Cover, *, below_path: bool) -> bool:
    """Tell a foreign domain under which every message has an address of its own: no writer and no mailing does that.

    A host name that no other message has; and, where few accounts write, a code in the path that none has.
    """
    below_path = below_path and sample.lists[shown.docs].mean() <= HALF
    for domain in {hit.rpartition(b"//")[2].partition(b"/")[0].strip(b".@") for hit in shown.foreign}:
        name = re.escape(domain)
        forms = [rb"(?<![a-z0-9-])([a-z0-9-]++)\." + name]  # tried once for each word, not for each of its letters
        if below_path:
            forms.append(name + _CODE)
        if any(_is_each_its_own(sample, shown.docs, re.compile(form, re.IGNORECASE)) for form in forms):
            return True
    return False


def _is_each_its_own(sample: Sample, docs: NDArray[np.int32], form: re.Pattern[bytes]) -> bool:
    text, starts = sample.corpus.text.data, sample.corpus.starts
    found = (form.search(text, starts[doc], starts[doc + 1]) for doc in docs.tolist())
    words = [bytes(one[1]).lower() for one in found if one]
    return len(words) >= MOSTLY * len(docs) and len(set(words)) >= PURE * len(words)


def _is_signed(sample: Sample, shown: _Cover) -> bool:
    """Tell a signature: it names its author or his house."""
    text = b"\n".join(shown.usual).lower().decode("utf-8", "replace")
    names = {sample.names[at] for at in set(sample.authors[shown.docs].tolist())}
    words = {word for name in names for word in re.split(r"[^\w]+", name.rpartition(".")[0]) if len(word) >= NAMED}
    return any(word in text for word in words)


def _is_union(sample: Sample, bits: int, near: _Near, shown: _Cover) -> bool:
    """Tell two runs that share a word from one: it falls apart into sets that share far more within."""
    size = bits.bit_count()
    if shown.foreign:
        return False
    own = int(sample.lengths[near.closed].sum())
    parts: dict[int, int] = {}
    for at in near.inside.tolist():
        part = sample.bits[at] & bits
        if size * 0.03 <= part.bit_count() <= size * 0.9:
            parts[part] = parts.get(part, 0) + len(sample.shared[at].text)
    heavy = sorted(((weight, part) for part, weight in parts.items() if weight > 2 * own), reverse=True)
    rest = bits
    for _, part in heavy:
        clean = sum(
            weight
            for other, weight in parts.items()
            if (both := (other & part).bit_count()) * 20 <= other.bit_count() or both * 20 >= other.bit_count() * 19
        )
        if clean >= 0.95 * sum(parts.values()) and (part & rest).bit_count() >= 0.9 * part.bit_count():
            rest &= ~part
    return rest.bit_count() < 0.5 * size
