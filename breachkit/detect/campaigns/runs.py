"""Which sets of messages that share a string are one spam run, and which share what innocent mail shares.

Innocent mail shares strings too: signatures, disclaimers, set phrases, list footers. They differ from a run
in where they stand (at the end, below text that nobody else wrote), in whom they belong to (one author in
his own name, or a whole house), and in what else the same messages share (a set phrase stands among other
phrases, each shared with other messages).

People who write in their own names answer, are answered, and sign; a feed links to something else each time. Where few
accounts write to ever new readers, nobody is answered, nothing is signed, and every message leads to one and the same
foreign address, number or link, that is what the messages are for, whatever else they say (`_is_outreach`). Of 25
disguised runs 10 are lost without `_is_scattered`, 2 without `_is_outreach`. Not known by them: fewer than 8 messages,
own names of more than three accounts, answers to mail that was never there, a serial number of digits alone in each
link.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from breachkit.detect.campaigns.marks import PHRASE, SPECIFIC, STRONG, bare, house, pointers
from breachkit.detect.campaigns.sample import TopicText

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from breachkit.detect.campaigns.sample import MailSample

TELLING = 12
"""Bytes from which on a string can tell anything at all, unless it is an address or a number."""
PURE = 0.95
CARRIES = 16
LONG = 150
"""Bytes of the topic that messages of many accounts must have in common when nothing in them points at anybody."""
SOME, HALF, MOSTLY = 0.3, 0.5, 0.6
NAMED = 4
"""Letters of the shortest word of an address that is looked for in a signature."""
FEW = 3
"""Authors that a run in their own names may have without the stricter tests."""
ENOUGH = 8
"""Messages below which it is chance that nobody is answered: among real people half and more of the mail answers."""
ANSWERS = 0.05
"""Share of messages that may answer or quote somebody."""
ONCE = 0.8
"""Share of readers that are written to once; what reports to the same people each time is no spam."""
SAME = 0.9
"""Share of messages that lead to one and the same place, path and query included."""
LONGEST_WORD = 200
OF_THEIR_OWN, UNLIKE = 0.6, 0.95
"""Share of messages that have an address of their own, and of these addresses that are unlike."""

_DAY = re.compile(rb"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\Z")
_BETWEEN = re.compile(rb"[\s\"'<>()]")
_CODE = rb"/[^\s\"'<>]{0,100}?\b((?=[a-z]{0,60}[0-9])(?=[0-9]{0,60}[a-z])[a-z0-9]{6,60})"
"""A word of the path or the query that no language has: letters and digits, six at least."""


class SpamRun(NamedTuple):
    """A set of sampled messages that is one run, and the strings that make it one."""

    closed: tuple[bytes, ...]
    """Strings that nearly all of its messages hold, and nearly nobody else."""
    nested: tuple[bytes, ...]
    """Strings that a part of its messages holds, and nearly nobody else."""
    is_weak: bool
    """All that its messages share belongs to many."""


def find_runs(sample: MailSample, least: int, *, is_large: bool) -> Iterator[SpamRun]:
    """Yield the runs of a sample, those of most messages first; each message is in one at most.

    First by what points at somebody and by whole phrases, then by shorter strings: a set phrase that happens
    to stand in most copies of a run is a worse name for it than its link. What belongs to many, such as the host
    of a link to a shared document, comes last: two runs that share no more than that are two.

    Args:
        sample: the messages and their strings.
        least: messages of a run.
        is_large: the sample shows what others say, too.
    """
    taken = np.zeros(len(sample.authors), dtype=np.bool_)
    judged: set[int] = set()
    seen: set[bytes] = set()
    strong = (sample.lengths >= STRONG) | sample.points
    pointing = np.array([SPECIFIC.search(one.text) is not None for one in sample.shared], dtype=np.bool_)
    telling = np.flatnonzero(np.where(sample.is_weak, pointing, (sample.lengths >= TELLING) | sample.points))
    for at in telling[np.lexsort((~strong[telling], sample.is_weak[telling]))].tolist():
        docs = sample.shared[at].docs
        if len(docs) < least or at in judged or (key := docs.tobytes()) in seen:
            continue
        seen.add(key)
        if np.count_nonzero(taken[docs]) * 5 <= len(docs) and (run := _judge(sample, at, judged, is_large=is_large)):
            taken[docs] = True
            yield run


def _judge(sample: MailSample, at: int, judged: set[int], *, is_large: bool) -> SpamRun | None:
    """Tell whether the messages that hold a string are one run; note other strings that would tell the same."""
    docs = sample.shared[at].docs
    is_forged = bool(sample.is_forged[docs].mean() >= PURE)
    few = np.sort(np.bincount(sample.author_of[docs]))[::-1][:FEW].sum()
    is_few = bool(few >= PURE * len(docs))
    if not is_forged and not is_few and sample.lengths[at] < PHRASE and not sample.points[at]:
        return None
    near = _near(sample, docs)
    is_same = np.abs(sample.sizes[near.closed] - len(docs)) * 50 <= len(docs)
    judged.update(near.closed[is_same & ~sample.points[near.closed]].tolist())
    held = int(sample.lengths[near.closed].sum())
    if not is_forged and held < (STRONG if is_few else LONG) and not sample.points[near.closed].any():
        return None
    is_weak = bool(sample.is_weak[at])
    texts = sample.texts(other for other in near.closed.tolist() if is_weak or not sample.is_weak[other])
    foreign, home = _contacts(sample, docs, texts, is_forged=is_forged, is_weak=is_weak)
    if is_forged:
        is_run = bool(foreign) or (
            max(map(len, texts)) >= STRONG and _own_share(sample, TopicText(sample, docs), near) >= SOME
        )
    elif home and not is_few:
        is_run = False  # a house that writes of itself
    else:
        is_run = (
            _is_scattered(sample, docs, foreign, below_path=is_few)
            or _is_one_text(sample, docs, near, CARRIES if foreign else STRONG if is_few else LONG)
            # what is signed is written to somebody
            or (
                is_large
                and is_few
                and not home
                and not _is_signed(sample, docs, near)
                and _is_outreach(sample, docs, foreign)
            )
        )
    if not is_run or (not foreign and _is_union(sample, docs, near)):
        return None
    known = set(near.closed.tolist())
    nested = [other for other in near.inside.tolist() if other not in known and (is_weak or not sample.is_weak[other])]
    closed = dict.fromkeys((*texts, *_pointers(sample, docs, texts)))
    return SpamRun(tuple(closed), tuple(sample.texts(nested)), is_weak)


def _pointers(sample: MailSample, docs: NDArray[np.int32], texts: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the words of strings that point at somebody, where hardly any other message holds them.

    By chance all copies in a sample have the same words before a link; those that it missed may break the line there.
    """
    for word in sorted({word for text in texts for word in pointers(text)}):
        places = [found.start() for found in re.finditer(re.escape(word), sample.corpus.text.data)]
        holders = np.unique(sample.corpus.doc_of[places])
        if np.isin(holders, docs).sum() * 10 >= len(holders) * 9:
            yield word


class _NearStrings(NamedTuple):
    """The strings that some messages hold, by how they stand to these messages."""

    every: NDArray[np.int64]
    """Held by a twentieth of them at least."""
    inside: NDArray[np.int64]
    """Of these, those that hardly any other message holds."""
    usual: NDArray[np.int64]
    """Of these, those that a good part of them holds: a signature of one of few authors is among them."""
    closed: NDArray[np.int64]
    """Of these, those that nearly all of them hold."""


def _near(sample: MailSample, docs: NDArray[np.int32]) -> _NearStrings:
    both = sample.counts_in(docs)
    every = np.flatnonzero(both * 20 >= len(docs))
    inside = every[both[every] * 10 >= sample.sizes[every] * 9]
    return _NearStrings(
        every, inside, inside[both[inside] >= SOME * len(docs)], inside[both[inside] * 10 >= len(docs) * 9]
    )


def _contacts(
    sample: MailSample, docs: NDArray[np.int32], texts: Sequence[bytes], *, is_forged: bool, is_weak: bool
) -> tuple[list[bytes], list[bytes]]:
    """List what in some strings points at strangers, and what at the house or, in his own name, the author."""
    own = set(sample.domains)
    if not is_forged:
        authors = [sample.authors[doc] for doc in docs.tolist()]
        own |= {house(one.name.rpartition("@")[2]) for one in authors} | {one.home for one in authors}
    houses = [domain.encode() for domain in own if domain]
    found = sorted({hit.lower() for text in texts for hit in SPECIFIC.findall(text if is_weak else bare(text))})
    home = [hit for hit in found if any(domain in hit for domain in houses)]
    return [hit for hit in found if hit not in home], home


def _is_one_text(sample: MailSample, docs: NDArray[np.int32], near: _NearStrings, least: int) -> bool:
    """Tell whether half of what these messages say is one text, at least so many bytes of it the same in all."""
    topic = TopicText(sample, docs)
    telling = near.closed[(sample.lengths[near.closed] >= CARRIES) | sample.points[near.closed]]
    by_closed = topic.covered(telling if len(telling) else near.closed)
    if (by_closed > 0).mean() < MOSTLY or np.median(by_closed) < least:
        return False
    covered = np.median(topic.covered(near.inside) / np.maximum(1, topic.sizes))
    return bool(covered >= HALF) and _own_share(sample, topic, near) >= HALF


def _own_share(sample: MailSample, topic: TopicText, near: _NearStrings) -> float:
    """Return, of what these messages share with any, how much they share with one another only."""
    others = near.every[(sample.lengths[near.every] >= CARRIES) & ~np.isin(near.every, near.inside)]
    own, foreign = float(topic.covered(near.inside).mean()), float(topic.covered(others).mean())
    return own / max(1.0, own + foreign)


def _is_signed(sample: MailSample, docs: NDArray[np.int32], near: _NearStrings) -> bool:
    """Tell a signature: it names its author or his house."""
    text = b"\n".join(sample.texts(near.usual.tolist())).lower().decode("utf-8", "replace")
    names = {sample.authors[doc].name.rpartition(".")[0] for doc in docs.tolist()}
    return any(word in text for name in names for word in re.split(r"[^\w]+", name) if len(word) >= NAMED)


def _is_union(sample: MailSample, docs: NDArray[np.int32], near: _NearStrings) -> bool:
    """Tell two runs that share a word from one: it falls apart into sets that share far more within.

    Such a set is one that strings of twice the weight of those of all hold, and that no other string of a part crosses.
    """
    size = len(docs)
    own = int(sample.lengths[near.closed].sum())
    held = np.array([np.isin(docs, sample.shared[at].docs) for at in near.inside.tolist()])
    counts = held.sum(axis=1)
    is_part = (counts >= size * 0.03) & (counts <= size * 0.9)
    if not is_part.any():
        return False
    parts, kind = np.unique(held[is_part], axis=0, return_inverse=True)
    weights = np.bincount(kind.ravel(), weights=sample.lengths[near.inside][is_part])
    sizes = parts.sum(axis=1)
    left = np.ones(size, dtype=np.bool_)
    for at in sorted(np.flatnonzero(weights > 2 * own).tolist(), key=lambda at: -weights[at]):
        both = (parts & parts[at]).sum(axis=1)
        is_clean = (both * 20 <= sizes) | (both * 20 >= sizes * 19)
        is_new = (parts[at] & left).sum() >= 0.9 * sizes[at]
        if is_new and weights[is_clean].sum() >= 0.95 * weights.sum():
            left &= ~parts[at]
    return bool(left.sum() < HALF * size)


def _is_outreach(sample: MailSample, docs: NDArray[np.int32], contacts: Sequence[bytes]) -> bool:
    """Tell messages that were sent out around one contact.

    Args:
        sample: the sample.
        docs: messages of few authors.
        contacts: what in the strings they share points at strangers.
    """
    if len(docs) < ENOUGH or sample.is_list[docs].any() or sample.is_answer[docs].mean() > ANSWERS:
        return False
    if len({sample.authors[doc].reader for doc in docs.tolist()}) < ONCE * len(docs):
        return False
    for contact in contacts:
        top = Counter(_places(sample, docs, contact)).most_common(1)
        if not _DAY.match(contact) and top and top[0][1] >= SAME * len(docs):
            return True
    return False


def _places(sample: MailSample, docs: NDArray[np.int32], contact: bytes) -> Iterator[bytes]:
    """Yield, for each message, the word that its first mention of a contact stands in, without its reader's address."""
    form = re.compile(re.escape(contact), re.IGNORECASE)
    text, starts = sample.corpus.text.data, sample.corpus.starts
    for doc in docs.tolist():
        hit = form.search(text, starts[doc], starts[doc + 1])
        if hit:
            before = bytes(text[max(starts[doc], hit.start() - LONGEST_WORD) : hit.start()])
            after = bytes(text[hit.end() : min(starts[doc + 1], hit.end() + LONGEST_WORD)])
            word = _BETWEEN.split(before)[-1] + hit[0] + _BETWEEN.split(after, maxsplit=1)[0]
            reader = sample.authors[doc].reader.encode("utf-8", "surrogatepass")
            yield word.lower().replace(b"%40", b"@").replace(reader, b"").rstrip(b".,;:!?")


def _is_scattered(sample: MailSample, docs: NDArray[np.int32], contacts: Sequence[bytes], *, below_path: bool) -> bool:
    """Tell a foreign domain under which every message has an address of its own: no writer and no mailing does that.

    A host name that no other message has; and, where few accounts write and no list, a code in the path that none has.
    """
    below_path = below_path and not sample.is_list[docs].mean() > 1 / 2
    text, starts = sample.corpus.text.data, sample.corpus.starts
    for domain in {hit.rpartition(b"//")[2].partition(b"/")[0].strip(b".@") for hit in contacts}:
        name = re.escape(domain)
        forms = [rb"(?<![a-z0-9-])([a-z0-9-]++)\." + name]  # tried once for each word, not for each of its letters
        for form in (*forms, *([name + _CODE] if below_path else [])):
            found = (
                re.compile(form, re.IGNORECASE).search(text, starts[doc], starts[doc + 1]) for doc in docs.tolist()
            )
            words = [bytes(one[1]).lower() for one in found if one]
            if len(words) >= OF_THEIR_OWN * len(docs) and len(set(words)) >= UNLIKE * len(words):
                return True
    return False
