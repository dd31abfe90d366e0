"""Which of many strings a message holds, in its bytes or decoded: as `purge` does."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from breachkit.content.added import added_by_decoding
from breachkit.content.decoding import decoded_texts
from breachkit.content.finder import make_finder

if TYPE_CHECKING:
    from collections.abc import Sequence


class Search:
    """Looks for many strings at once; each stands on one line."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._automaton = make_finder([text.encode() for text in texts])

    def __reduce__(self) -> tuple[object, ...]:
        return _search_of, (tuple(self._texts),)

    def listed(self, raw: bytes) -> list[int]:
        """Return what `held` does as a plain value, which travels between processes."""
        return list(self.held(raw))

    def held(self, raw: bytes) -> set[int]:
        """Return the indexes of the strings that a message holds."""
        if not self._texts:
            return set()
        added = added_by_decoding(raw)
        text = "\n".join(decoded_texts(raw)).encode() if added is None else added
        matches = self._automaton.find_matches_as_indexes(b"%b\n%b" % (raw, text), overlapping=True)
        return {match[0] for match in matches}


@lru_cache(maxsize=1)
def _search_of(texts: tuple[str, ...]) -> Search:
    """Make it once in each process that it is handed to: with every piece of the work it is handed over again."""
    return Search(texts)
