"""Which messages were sent out around one contact, and not written to somebody.

People who write in their own names answer, are answered, and sign; a feed links to something else each time. Where few
accounts write to ever new readers, nobody is answered, nothing is signed, and every message leads to one and the same
foreign address, number or link, that is what the messages are for, whatever else they say.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from breachkit.detect.campaigns.sample import Sample

ENOUGH = 8
"""Messages below which it is chance that nobody is answered: among real people half and more of the mail answers."""
ANSWERS = 0.05
"""Share of messages that may answer or quote somebody."""
ONCE = 0.8
"""Share of readers that are written to once; what reports to the same people each time is no spam."""
SAME = 0.9
"""Share of messages that lead to one and the same place, path and query included."""
LONGEST_WORD = 200

_DAY = re.compile(rb"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\Z")
_QUERY = re.compile(rb"[?#]")
_NUMBER = re.compile(rb"\d+")
_BETWEEN = re.compile(rb"[\s\"'<>()]")


def is_outreach(sample: Sample, docs: NDArray[np.int32], contacts: Iterable[bytes]) -> bool:
    """Tell messages that were sent out around one contact.

    Args:
        sample: the sample.
        docs: messages of few authors.
        contacts: what in the strings they share points at strangers.
    """
    if len(docs) < ENOUGH or sample.lists[docs].any() or sample.answers[docs].mean() > ANSWERS:
        return False
    readers = {sample.readers[doc] for doc in docs.tolist()}
    if len(readers) < ONCE * len(docs):
        return False
    return _lead_to_one_place(sample, docs, (contact for contact in contacts if not _DAY.match(contact)))


def _lead_to_one_place(sample: Sample, docs: NDArray[np.int32], contacts: Iterable[bytes]) -> bool:
    """Tell whether nearly all of some messages name the same place, where a feed names another page each time."""
    return any(_is_one(_places(sample, docs, contact), len(docs)) for contact in contacts)


def are_numbered(sample: Sample, docs: NDArray[np.int32], contact: bytes) -> bool:
    """Tell links to pages that only numbers and dates in their paths set apart: a feed, or letters of a shop."""
    paths = [_QUERY.split(place, maxsplit=1)[0] for place in _places(sample, docs, contact)]
    return not _is_one(paths, len(docs)) and _is_one((_NUMBER.sub(b"0", path) for path in paths), len(docs))


def _is_one(places: Iterable[bytes], size: int) -> bool:
    top = Counter(places).most_common(1)
    return bool(top) and top[0][1] >= SAME * size


def _places(sample: Sample, docs: NDArray[np.int32], contact: bytes) -> Iterator[bytes]:
    """Yield, for each message, the word that its first mention of a contact stands in, without its reader's address."""
    form = re.compile(re.escape(contact), re.IGNORECASE)
    text, starts = sample.corpus.text.data, sample.corpus.starts
    for doc in docs.tolist():
        hit = form.search(text, starts[doc], starts[doc + 1])
        if hit:
            before = bytes(text[max(starts[doc], hit.start() - LONGEST_WORD) : hit.start()])
            after = bytes(text[hit.end() : min(starts[doc + 1], hit.end() + LONGEST_WORD)])
            word = _BETWEEN.split(before)[-1] + hit[0] + _BETWEEN.split(after, maxsplit=1)[0]
            reader = sample.readers[doc].encode("utf-8", "surrogatepass")
            yield word.lower().replace(b"%40", b"@").replace(reader, b"").rstrip(b".,;:!?")
