"""Which messages of the queues are wanted: each file is searched once, and only hits are read as messages."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from breachkit.files import QUARANTINE, Found, list_pieces, shown, walk
from breachkit.purge.needles import Texts
from breachkit.purge.plan import is_wanted
from breachkit.purge.search import WEAKEST_FIRST, Hit, Search, Unread
from breachkit.records import Locus, Message, Skipped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from breachkit.parallel import Piece
    from breachkit.purge.plan import Wanted
    from breachkit.purge.search import FoundAs

    ReadMessage = Callable[[Found], Message | Skipped]
    ReadSenders = Callable[[bytes], tuple[str | None, str | None, str | None]]
    """From the bytes of a message: account, declared From, subject."""


NO_AGE = "message of unknown time, neither older nor newer: left alone"


class Senders(NamedTuple):
    """What a plan counts of a message."""

    auth_user: str | None
    mail_from: str | None
    subject: str | None


class Chosen(NamedTuple):
    """A message that is wanted."""

    hit: Hit
    senders: Senders


def walk_queues(folders: Sequence[str], root: Path | None) -> Iterator[Found | Skipped]:
    """Yield every file of the queues, once, and never one that breachkit has already moved away."""
    aside = f"{os.sep}{QUARANTINE}{os.sep}"
    for folder in topmost(folders):
        for found in walk(folder, root):
            if not (isinstance(found, Found) and aside in found.path[len(folder) :]):
                yield found


def queue_pieces(folders: Sequence[str], root: Path | None, passed_over: list[Skipped]) -> Iterator[Piece]:
    """Yield the same files some at a time, in no order; `passed_over` gets what is none."""
    for folder in topmost(folders):
        yield from list_pieces(folder, root, passed_over, _each_file)


def _each_file(_folder: str, names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    return zip(names, strict=False)


def topmost(folders: Iterable[str]) -> list[str]:
    """Leave out folders that lie in another of them, or are the same by another name."""
    real = {os.path.realpath(folder): folder for folder in reversed(list(folders))}
    return [folder for path, folder in sorted(real.items()) if not any(above in real for above in _above(path))]


def _above(path: str) -> Iterator[str]:
    while (parent := os.path.dirname(path)) != path:  # noqa: PTH120  strings, as they come from a walk
        yield parent
        path = parent


class Chooser:
    """Judges files; the predicates that cost least come first. Raises BlankStringError, BadPatternError when made."""

    def __init__(self, wanted: Wanted, read_message: ReadMessage, read_senders: ReadSenders, root: Path | None) -> None:
        self._searches = [Search(texts) for texts in _searched(wanted)]
        self._wanted = wanted
        self._read = read_message
        self._read_senders = read_senders
        self._root = root
        self._alone = self._searches[0].alone if len(self._searches) == 1 else None
        self._is_raw_only = wanted.texts.raw_only
        self._heads_first = wanted.asks_heads and not wanted.asks_texts

    def judge(self, found: Found) -> Chosen | Skipped | None:
        """Return a wanted message, None for one that is not, Skipped for one that could not be judged."""
        if self._heads_first:
            message = self._wanted_message(found)
            if not isinstance(message, Message):
                return message
        hit = self._look(found.path)
        if hit is None:
            return None
        if isinstance(hit, Unread):
            return Skipped(hit.reason, Locus(shown(found.path, self._root), 0, 1))
        message = self._wanted_message(found)
        if not isinstance(message, Message):
            return message
        return Chosen(hit, Senders(message.auth_user, message.mail_from, message.subject))

    def _wanted_message(self, found: Found) -> Message | Skipped | None:
        """Read a message and judge it by its head; None for one that is not wanted."""
        message = self._read(found)
        if isinstance(message, Skipped) or not is_wanted(message, self._wanted):
            return message if isinstance(message, Skipped) else None
        if self._wanted.asks_times and not message.is_dated:
            return Skipped(NO_AGE, message.source)
        return message

    @property
    def alone(self) -> bytes | None:
        """The bytes sought when they are one literal string and nothing else."""
        return self._alone

    @property
    def is_raw_only(self) -> bool:
        """Whether that string is sought in the raw bytes only."""
        return self._alone is not None and self._is_raw_only

    @property
    def asks_bytes_only(self) -> bool:
        """Whether its bytes tell if a message is wanted."""
        return not self._wanted.asks_heads

    @property
    def longest(self) -> bytes:
        """The longest word of it, without which no message holds it in its bytes; nothing where that is not known."""
        return self._searches[0].longest if len(self._searches) == 1 else b""

    def judge_bytes(self, raw: bytes) -> FoundAs | None:
        """Search a whole message; of several searches the weakest hit counts. Raises TimeoutError."""
        hits = []
        for search in self._searches:
            found_as = search.judge(raw)
            if found_as is None:
                return None
            hits.append(found_as)
        return min(hits, key=WEAKEST_FIRST.index)

    @property
    def judge_decoded(self) -> Callable[..., FoundAs | None]:
        """What searches the texts of a whole message that does not hold `alone` in its bytes. Raises TimeoutError."""
        return self._searches[0].judge_decoded

    def senders_of(self, raw: bytes) -> Senders:
        """Read what a plan counts."""
        return Senders(*self._read_senders(raw))

    def _look(self, path: str) -> Hit | Unread | None:
        """Search a file for all that is sought; of several searches the weakest hit counts."""
        hits = []
        for search in self._searches:
            hit = search.look(path)
            if not isinstance(hit, Hit):
                return hit
            hits.append(hit)
        return hits[-1]._replace(found_as=min((hit.found_as for hit in hits), key=WEAKEST_FIRST.index))


def _searched(wanted: Wanted) -> list[Texts]:
    """List what is searched for: the STRINGs, and the string of a campaign as it is; nothing finds every file."""
    texts = [wanted.texts] if wanted.texts.strings or not wanted.campaign else []
    return texts + ([Texts((wanted.campaign,))] if wanted.campaign else [])
