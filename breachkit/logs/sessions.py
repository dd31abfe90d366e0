"""The SMTP sessions that somebody looks for, whole, and their lines."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from breachkit.logs.grammar import Listener
from breachkit.logs.reader import LogReader, Stretch, by_node, every_row, find_keys, rows_of
from breachkit.logs.transcript import Transcript
from breachkit.records import Locus, Session
from breachkit.text import make_finder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from breachkit.logs.facts import LogReading, Sought, TranscriptLine
    from breachkit.logs.kinds import Event, LogFile, Place
    from breachkit.logs.lines import Column, Entry, Lines


def find_sessions(
    logs: Sequence[LogFile], reading: LogReading, sought: Sought, keep: Callable[[], Any]
) -> Iterator[Session]:
    """Read the SMTP sessions that are sought, and perhaps others; what cannot be read is passed over.

    `keep` makes what is kept of one session: its `take` is given each event.
    """
    texts = [text for text in sought.texts if text]
    for node in by_node(logs):
        grammar = node[0].kind.sessions()
        finds = [*([_holding(texts)] if texts else []), *([grammar.find_clients] if sought.is_client else [])]
        rows: Callable[[Lines], Column] = every_row
        if sought.client_ip is not None:
            rows = partial(grammar.find_peer, client_ip=sought.client_ip)
        elif not finds:
            rows = _beginning_at(sought.places)
        elif all(map(str.isascii, texts)):  # a log may spell any other text in more than one way
            looks = [find_keys(Stretch(log), reading.zone, *finds) for log in node]
            first, *more = (np.concatenate(keys) for keys in zip(*(look.keys for look in looks), strict=True))
            keys = np.intersect1d(first, more[0]) if more else first
            rows = rows_of(keys)
            if not len(keys):
                reading.progress(sum(log.size for log in node))
                continue
        yield from read_sessions(node, reading, rows, keep)


def _holding(texts: Iterable[str]) -> Callable[[Lines], Column]:
    """Make what lists the rows that hold one of some texts, whatever the case of their letters."""
    finder = make_finder([text.lower().encode() for text in texts])
    return lambda lines: lines.rows_at(finder.find_matches_as_indexes(lines.text.lower()))


def _beginning_at(places: Iterable[Locus]) -> Callable[[Lines], Column]:
    """Make what lists, block by block, the rows of sessions that begin at some places, and of later ones alike."""
    offsets: dict[str, list[int]] = {}
    for place in places:
        offsets.setdefault(place.path, []).append(place.offset)
    keys = [np.zeros(0, np.uint64)]

    def rows(lines: Lines) -> Column:
        is_held = np.isin(lines.key, keys[0])
        begun = np.flatnonzero(np.isin(lines.offset, offsets.get(lines.label, ())))
        for row in begun.tolist():
            # from there on: the end of another session before it may look like a beginning
            is_held[row:] |= lines.key[row:] == lines.key[row]
        keys[0] = np.union1d(keys[0], lines.key[begun])
        found: Column = np.flatnonzero(is_held & lines.is_line)
        return found

    return rows


def read_transcripts(
    logs: Sequence[LogFile],
    reading: LogReading,
    wanted: frozenset[Locus],
    is_known: Callable[[str], bool],
    show_passwords: bool,
) -> Iterator[tuple[Session, tuple[TranscriptLine, ...]]]:
    """Read again the sessions that begin at the given places, with their lines.

    A user name is shown where the function knows it for one; True keeps the secrets.
    """
    places = {place[:3] for place in wanted}
    transcripts: dict[Place, Transcript] = {}
    for node in by_node(logs):
        grammar = node[0].kind.sessions()

        def watch(session: Any, entry: Entry) -> None:
            key, ts, text, place = entry
            if session.source in places:
                if session.source not in transcripts:
                    transcripts[session.source] = Transcript(reading.zone, is_known, show_passwords=show_passwords)
                said = grammar.said(key, text, is_known)  # noqa: B023  as above
                transcripts[session.source].add(session, ts, said, place)

        for session in read_sessions(node, reading, _beginning_at(wanted), None, watch):
            transcript = transcripts.pop(session.source[:3], None)
            if transcript is not None:
                places.discard(session.source[:3])
                yield session, transcript.finish()
            if not places:  # the rest of the logs need not be read
                return


def read_sessions(
    node: Sequence[LogFile],
    reading: LogReading,
    rows: Callable[[Lines], Column],
    keep: Callable[[], Any] | None,
    watch: Callable[[Any, Entry], object] | None = None,
) -> Iterator[Session]:
    """Read the wanted rows of the logs of one node; yield each session when it ends, the open ones last."""
    ended: list[Session] = []
    zone = reading.zone

    def tell(session: Any, event: Event | None, _distance: int) -> None:
        if session is None:  # what cannot be read is passed over
            return
        if keep is not None and session.kept is None:
            session.kept = keep()
        if event is None:
            start, end = (datetime.fromtimestamp(ts, zone) for ts in (session.start, session.end))
            seen = (session.thread, start, end, session.helo, session.kept, session.has_dialogue)
            source = Locus(*session.source)
            ended.append(Session(session.kind or "server", session.client_ip, *seen, node[0].node, source))
        elif keep is not None:
            session.kept.take(event)

    reader = LogReader(node[0].kind, zone, Listener(zone, reading.fingerprints, tell))
    reader.progress = reading.progress
    for log in node:
        for lines in reader.blocks(Stretch(log)):
            reader.lead(lines.entries(rows(lines)), watch)
            yield from ended
            ended.clear()
    reader.close()
    yield from ended
