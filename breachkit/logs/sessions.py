"""The SMTP sessions that somebody looks for, whole, and their lines."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from breachkit.logs.reader import Reader, Span, Wanted, by_node, find_keys
from breachkit.logs.smtp import Listener
from breachkit.logs.transcript import Transcript
from breachkit.records import Locus, Session
from breachkit.text.finder import make_finder

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from breachkit.logs.block import Column, Lines
    from breachkit.logs.facts import Reading, Sought, TranscriptLine
    from breachkit.logs.kinds import LogFile
    from breachkit.logs.smtp import Dialogue, Place
    from breachkit.records import AuthAttempt, Delivery, Transaction


class Kept:
    """What is kept of the events of one session: of this one nothing."""

    __slots__ = ()

    def tried(self, attempt: AuthAttempt) -> None:
        """Take a try."""

    def sent(self, sent: Transaction) -> None:
        """Take a message handed in."""

    def delivered(self, delivery: Delivery) -> None:
        """Take what came of one recipient of a delivery."""


class Collector:
    """Makes records of sessions."""

    def __init__(self, node: str, reading: Reading, keep: Callable[[], Kept]) -> None:
        """Begin; `keep` begins what is kept of one session."""
        self._node, self._zone, self._keep = node, reading.zone, keep
        self.listener = Listener(reading.zone, reading.fingerprints, None, self)
        self._open: dict[int, Kept] = {}
        self._ended: list[Session] = []

    def _of(self, session: Dialogue) -> Kept:
        if id(session) not in self._open:
            self._open[id(session)] = self._keep()
        return self._open[id(session)]

    def tried(self, session: Dialogue, attempt: AuthAttempt, _distance: int) -> None:
        """Hand on a try."""
        self._of(session).tried(attempt)

    def sent(self, session: Dialogue, sent: Transaction) -> None:
        """Hand on a message."""
        self._of(session).sent(sent)

    def delivered(self, session: Dialogue, delivery: Delivery) -> None:
        """Hand on a delivery."""
        self._of(session).delivered(delivery)

    def ended(self, session: Dialogue, *, is_open: bool) -> None:
        """Make the record of a session."""
        kept = self._of(session)
        del self._open[id(session)]
        self._ended.append(
            Session(
                kind=session.kind or "server",
                client_ip=session.client_ip,
                thread=session.thread,
                start=datetime.fromtimestamp(session.start, self._zone),
                end=datetime.fromtimestamp(session.end, self._zone),
                helo=session.helo,
                kept=kept,
                has_dialogue=session.has_dialogue,
                is_open=is_open,
                node=self._node,
                source=Locus(*session.source),
            )
        )

    def take_ended(self) -> list[Session]:
        """Return the sessions that have ended since this was asked."""
        ended, self._ended = self._ended, []
        return ended


class Wants(Protocol):
    """Tells which lines are wanted."""

    def rows(self, lines: Lines) -> Column:
        """List the rows that are wanted of a block; blocks come in the order of the logs."""


class Everything:
    """All lines are."""

    def rows(self, lines: Lines) -> Column:
        """List all rows."""
        found: Column = np.flatnonzero(lines.is_line)
        return found


class BeginningAt:
    """Those of the sessions that begin at some places are, and of later ones of the same keys."""

    def __init__(self, places: Iterable[Locus]) -> None:
        self._offsets: dict[str, list[int]] = {}
        for place in places:
            self._offsets.setdefault(place.path, []).append(place.offset)
        self._keys = np.zeros(0, np.uint64)

    def rows(self, lines: Lines) -> Column:
        """List the rows of the sessions that have begun."""
        is_held = np.isin(lines.key, self._keys)
        begun = np.flatnonzero(np.isin(lines.offset, self._offsets.get(lines.label, ())))
        for row in begun.tolist():
            # from there on: the end of another session before it may look like a beginning
            is_held[row:] |= lines.key[row:] == lines.key[row]
        self._keys = np.union1d(self._keys, lines.key[begun])
        found: Column = np.flatnonzero(is_held & lines.is_line)
        return found


class FromPeer:
    """Those of all sessions with one peer are."""

    def __init__(self, client_ip: str) -> None:
        self._client_ip = client_ip

    def rows(self, lines: Lines) -> Column:
        """List the rows of the peer."""
        return lines.kind.sessions().find_peer(lines, self._client_ip)


class Holding:
    """Those that hold one of some texts are, whatever the case of their letters."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._finder = make_finder([text.lower().encode("ascii") for text in texts])

    def rows(self, lines: Lines) -> Column:
        """List the rows that hold one."""
        return lines.rows_at([begin for _, begin, _ in self._finder.find_matches_as_indexes(lines.text.lower())])


def find_sessions(
    logs: Sequence[LogFile], reading: Reading, sought: Sought, keep: Callable[[], Kept]
) -> Iterator[Session]:
    """Read the SMTP sessions that are sought, and perhaps others; what cannot be read is passed over.

    `keep` begins what is kept of the events of one.
    """
    texts = [text for text in sought.texts if text]
    is_twice = (bool(texts) or sought.is_client) and sought.client_ip is None and all(map(str.isascii, texts))
    progress = reading.progress
    for node in by_node(logs, frozenset({"smtp"})):
        wants: Wants = Everything()  # a log may spell a text that is no ASCII in more than one way
        if is_twice:
            keys = _keys_holding(node, reading, texts, is_client=sought.is_client)
            progress(sum(log.size for log in node) // 2)
            wants = Wanted(keys)
            if not len(keys):
                progress(sum(log.size for log in node) // 2)
                continue
        elif sought.client_ip is not None:
            wants = FromPeer(sought.client_ip)
        elif not texts:
            wants = BeginningAt(sought.places)
        reader, collector = _reader(node, reading, keep)
        reader.progress = (lambda size: progress(size // 2)) if is_twice else progress
        yield from _each_session(node, reader, collector, wants)


def _reader(node: Sequence[LogFile], reading: Reading, keep: Callable[[], Kept]) -> tuple[Reader, Collector]:
    collector = Collector(node[0].node, reading, keep)
    return Reader(node[0].kind, reading.zone, collector.listener), collector


def _keys_holding(node: Sequence[LogFile], reading: Reading, texts: Collection[str], *, is_client: bool) -> Column:
    """List the keys with a line that holds one of some texts; `is_client`: in which the server delivers."""
    finds: list[Callable[[Lines], Any]] = [Holding(texts).rows] if texts else []
    finds += [node[0].kind.sessions().find_clients] if is_client else []
    found = []
    for find in finds:
        heads = [find_keys(Span(log), reading.zone, find).keys for log in node]
        found.append(np.unique(np.concatenate(heads)))
    return np.intersect1d(found[0], found[-1])


def read_transcripts(
    logs: Sequence[LogFile],
    reading: Reading,
    wanted: frozenset[Locus],
    is_known: Callable[[str], bool],
    show_passwords: bool,
) -> Iterator[tuple[Session, tuple[TranscriptLine, ...]]]:
    """Read again the sessions that begin at the given places, with their lines.

    A user name is shown where the function knows it for one; True keeps the secrets.
    """
    places = {place[:3] for place in wanted}
    for node in by_node(logs, frozenset({"smtp"})):
        reader, collector = _reader(node, reading, Kept)
        reader.progress = reading.progress
        transcripts: dict[Place, Transcript] = {}

        def watch(session: Dialogue, ts: float, text: bytes, place: Place) -> None:
            if session.source in places:
                if session.source not in transcripts:  # noqa: B023  called within this turn
                    transcript = Transcript(reading.zone, is_known, show_passwords=show_passwords)
                    transcripts[session.source] = transcript  # noqa: B023
                transcripts[session.source].add(session, ts, reader.grammar.said(text), place)  # noqa: B023

        for session in _each_session(node, reader, collector, BeginningAt(wanted), watch):
            transcript = transcripts.pop(session.source[:3], None)
            if transcript is not None:
                places.discard(session.source[:3])
                yield session, transcript.finish()
            if not places:  # the rest of the logs need not be read
                return


def _each_session(
    node: Sequence[LogFile],
    reader: Reader,
    collector: Collector,
    wants: Wants,
    watch: Callable[[Any, float, bytes, Place], object] | None = None,
) -> Iterator[Session]:
    """Read the wanted lines of the logs of one node; yield each session when it ends, the open ones last."""
    for log in node:
        for lines in reader.blocks(Span(log)):
            reader.lead(lines.entries(wants.rows(lines)), watch)
            yield from collector.take_ended()
    reader.close()
    yield from collector.take_ended()
