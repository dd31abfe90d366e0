"""Where messages lead: to one place that strangers are sent to, or each to an address of its own below one domain.

People who write in their own names answer, are answered, and sign; a feed links to something else each time. Where few
accounts write to ever new readers, nobody is answered, nothing is signed, and every message leads to one and the same
foreign address, number or link, that is what the messages are for, whatever else they say. Of 25 disguised runs 10 are
lost without the first of these rules, 2 without the second. Not known by them: fewer than 8 messages, own names of more
than three accounts, answers to mail that was never there (`References`), a serial number of digits alone in each link.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
MOSTLY, UNLIKE = 0.6, 0.95
"""Share of messages that have an address of their own, and of these addresses that are unlike."""

_DAY = re.compile(rb"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\Z")
_BETWEEN = re.compile(rb"[\s\"'<>()]")
_CODE = rb"/[^\s\"'<>]{0,100}?\b((?=[a-z]{0,60}[0-9])(?=[0-9]{0,60}[a-z])[a-z0-9]{6,60})"
"""A word of the path or the query that no language has: letters and digits, six at least."""


def is_outreach(sample: Sample, docs: NDArray[np.int32], contacts: Sequence[bytes]) -> bool:
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
            reader = sample.authors[doc].reader.encode("utf-8", "surrogatepass")
            yield word.lower().replace(b"%40", b"@").replace(reader, b"").rstrip(b".,;:!?")


def is_scattered(sample: Sample, docs: NDArray[np.int32], contacts: Sequence[bytes], *, below_path: bool) -> bool:
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
            if len(words) >= MOSTLY * len(docs) and len(set(words)) >= UNLIKE * len(words):
                return True
    return False
