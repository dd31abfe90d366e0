"""Which of many strings a message holds, in its bytes, decoded, or as a reader sees it: as `purge` does."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from breachkit.text import make_finder
from breachkit.text.message import added_by_decoding, typed_texts
from breachkit.text.seen import SeenString, normal, paragraphs_seen

if TYPE_CHECKING:
    from collections.abc import Sequence


class Search:
    """Tells which strings a message holds, each on one line; it travels between processes."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._finder = make_finder([text.encode() for text in texts])

    def __reduce__(self) -> tuple[object, ...]:
        return _search_of, (tuple(self._texts),)

    def __call__(self, raw: bytes) -> list[int]:
        """Return the indexes of the strings that stand in the bytes of a message or in one of its decoded texts."""
        matches = self._finder.find_matches_as_indexes(_texts_of(raw), overlapping=True) if self._texts else ()
        return list({match[0] for match in matches})


class SeenSearch:
    """Tells which strings a message holds only as a reader sees it; it travels between processes."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._seen = [SeenString(text) for text in texts]
        self._finder = make_finder([normal(text).encode() for text in texts])

    def __reduce__(self) -> tuple[object, ...]:
        return _seen_search_of, (tuple(self._texts),)

    def __call__(self, raw: bytes) -> list[int]:
        """Return the indexes of the strings that a message holds so, and neither in its bytes nor decoded."""
        typed = list(typed_texts(raw))
        seen = "\n".join(paragraph for text, kind in typed for paragraph in paragraphs_seen(text, kind)).encode()
        found = {match[0] for match in self._finder.find_matches_as_indexes(seen, overlapping=True)}
        text = _texts_of(raw) if found else b""
        return [at for at in found if self._texts[at].encode() not in text and self._seen[at].is_in(typed)]


def _texts_of(raw: bytes) -> bytes:
    return b"\n".join([raw, *map(str.encode, added_by_decoding(raw).texts)])


@lru_cache(maxsize=1)
def _search_of(texts: tuple[str, ...]) -> Search:
    """Make it once in each process that it is handed to: with every piece of the work it is handed over again."""
    return Search(texts)


@lru_cache(maxsize=1)
def _seen_search_of(texts: tuple[str, ...]) -> SeenSearch:
    return SeenSearch(texts)
