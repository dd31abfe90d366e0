"""Which of many strings a message holds, in its bytes, decoded, or as a reader sees it: as `purge` does."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from breachkit.text.finder import make_finder
from breachkit.text.message import added_by_decoding, typed_texts
from breachkit.text.seen import Seen, flat, normal

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
        matches = self._automaton.find_matches_as_indexes(_texts_of(raw), overlapping=True)
        return {match[0] for match in matches}


class SeenSearch:
    """Looks for strings that messages hold only as a reader sees them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._spelled = [text.encode() for text in texts]
        self._seen = [Seen(text) for text in texts]
        self._automaton = make_finder([normal(text).encode() for text in texts])

    def __reduce__(self) -> tuple[object, ...]:
        return _seen_search_of, (tuple(self._texts),)

    def listed(self, raw: bytes) -> list[int]:
        """Return the indexes of the strings that a message holds so, and neither in its bytes nor decoded."""
        text = _texts_of(raw)
        found = {match[0] for match in self._automaton.find_matches_as_indexes(flat(text), overlapping=True)}
        likely = [at for at in sorted(found) if self._spelled[at] not in text]
        typed = list(typed_texts(raw)) if likely else []
        return [at for at in likely if self._seen[at].is_in(typed)]


def _texts_of(raw: bytes) -> bytes:
    return b"\n".join([raw, *(text.encode() for text in added_by_decoding(raw).texts)])


@lru_cache(maxsize=1)
def _search_of(texts: tuple[str, ...]) -> Search:
    """Make it once in each process that it is handed to: with every piece of the work it is handed over again."""
    return Search(texts)


@lru_cache(maxsize=1)
def _seen_search_of(texts: tuple[str, ...]) -> SeenSearch:
    return SeenSearch(texts)
