"""SMTP logs of IceWarp: the form of their lines, and what its own lines say of a session.

Real lines of 10.3.1: the peer padded to 16 columns, a thread id in brackets, a stamp, the text. The thread id is reused
all day, and two sessions of one id can be alive at once from different peers (measured), so a session is keyed by peer
and thread, from `Connected` to `Disconnected`, to the next `Connected`, or to a banner. It may go on over the end of a
file and over midnight.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from breachkit.logs.envelope import NOTE_READ, Envelope, Noted, address_of
from breachkit.logs.grammar import Grammar
from breachkit.logs.hourly import ASKED, BEGUN, ENDED, NO, SUMMARY, SUMMARY_TAKEN, YES
from breachkit.logs.mailbox import TRY_WORDS, Mailbox
from breachkit.logs.smtp import ACCEPTED_ID, Dialogue
from breachkit.servers.icewarp.values import ANY_ID
from breachkit.text.sasl import decode_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from breachkit.logs.grammar import Fate, Listener, Said
    from breachkit.logs.kinds import Place
    from breachkit.logs.lines import Column, Lines

CLIENT_MARK = b"client session"
_SUMMARY_END = re.compile(rb"> (\d{1,6}) \d{1,15} \d{1,6}:\d\d:\d\d ([^<>]*)\Z")
_AFTER_MARKER = frozenset({b" ", b""})
IDLE = 24 * 3600
"""Seconds after which a line of a thread belongs to another session: none lives that long in silence."""

_WIDTH = 16
"""Columns that a peer is padded to."""
_OPEN, _CLOSE, _SPACE, _ONE = b"[] 1"
_MIDNIGHT = np.uint64(int.from_bytes(b"00:00:00", "little"))
_TOO_MUCH = np.uint64(int.from_bytes(b"\x0d\x06\0\x0a\x06\0\x0a\x06", "little"))
"""Added to the digits of a time, a tens digit of more than 2 or 5 or a units digit of more than 9 carries."""
_CARRIED = np.uint64(int.from_bytes(b"\xf0\xf0\xff\xf0\xf0\xff\xf0\xf0", "little"))


class IceWarpLines(Grammar):
    """The form of a line: `PEER [THREAD] STAMP TEXT`; usually the peer is padded and the stamp is a time of day."""

    def find_usual(self, octets: Column, words: Column, start: Column) -> tuple[Column, Column, Column, Column]:
        """Tell lines of an IPv4 address, a thread of 4, 8 or 16 digits, and a time of day."""
        close = start + (_WIDTH + 5)
        for longer in (4, 8):
            close += longer * (octets[close] != _CLOSE)
        stamp = close + 2
        is_usual = (octets[start] - _ONE < 9) & (octets[start + _WIDTH] == _OPEN) & (octets[close] == _CLOSE)  # noqa: PLR2004  digits
        is_usual &= (octets[close + 1] == _SPACE) & (octets[stamp + 8] == _SPACE)
        digits = words[stamp] ^ _MIDNIGHT
        is_usual &= (digits | (digits + _TOO_MUCH)) & _CARRIED == 0
        return is_usual, close + 1, stamp, stamp + 9

    @staticmethod
    def peer_of(key: bytes) -> str:
        """Read the peer's address from a key, canonical."""
        return canonical(key.rpartition(b"[")[0].rstrip(b" "))

    def find_peer(self, lines: Lines, client_ip: str) -> Column:
        """List the rows of lines of an address."""
        name = client_ip.encode().ljust(_WIDTH)
        if ":" in client_ip or len(name) > _WIDTH:  # it has several spellings, or is none of the usual form
            rows = np.flatnonzero(lines.is_line)
            keys, at = np.unique(lines.key[rows], return_index=True)
            is_its = [self.peer_of(lines.name(row)) == client_ip for row in rows[at].tolist()]
            return rows[np.isin(lines.key[rows], keys[is_its])]
        first, second = (int.from_bytes(half, "little") for half in (name[:8], name[8:]))
        is_peer = (lines.words[lines.start] == first) & (lines.words[lines.start + 8] == second)
        for row, line in lines.odd.items():
            is_peer[row] = self.peer_of(line.key) == client_ip
        found: Column = np.flatnonzero(is_peer & lines.is_line)
        return found

    def begins(self, _key: bytes, text: bytes) -> bool:
        """Tell whether a line begins a session."""
        return text.startswith(b"Connected")

    def ends(self, _key: bytes, text: bytes) -> bool:
        """Tell whether a line ends its session."""
        return text.startswith(b"Disconnected")

    def is_told(self, text: bytes) -> bool:
        """Tell whether a line is of a dialogue, or a beginning."""
        return text.startswith((b"<<<", b">>>", b"Connected"))

    def said(self, _key: bytes, text: bytes) -> Said:
        """Split a text into its direction and what was said."""
        direction = {b"<<<": "received", b">>>": "sent"}.get(text[:3]) if text[3:4] in _AFTER_MARKER else None
        return (direction, text[4:]) if direction else ("note", text)  # type: ignore[return-value]

    def count_levels(self, lines: Lines) -> tuple[int, int]:
        """Count the lines of dialogues, and those of summaries."""
        mark = lines.word & _MARK
        is_said = ((mark == _RECEIVED) | (mark == _SENT)) & lines.is_line
        return int(np.count_nonzero(is_said)), int(np.count_nonzero((mark == _SUMMED) & lines.is_line))


def _opening(text: bytes, mask: bytes) -> tuple[np.uint64, np.uint64]:
    return np.uint64(int.from_bytes(mask.ljust(8, b"\0"), "little")), np.uint64(
        int.from_bytes(text.ljust(8, b"\0"), "little")
    )


_TELLING = (
    _opening(b"<<< A", b"\xff\xff\xff\xff\xdf"),  # a client authenticates
    _opening(b"<<< 000 ", b"\xff\xff\xff\xff\xf0\xf0\xf0\xf0"),  # a reply to the server: it is the client
    _opening(b">>> @", b"\xff\xff\xff\xff\xc0"),  # a command of the server
)
"""Openings by mask and value: one of these stands in every session in which somebody authenticates or mail goes out."""
_MARK, _RECEIVED = _opening(b"<<<", b"\xff\xff\xff")
_SENT, _SUMMED = _opening(b">>>", b"")[1], _opening(b"***", b"")[1]
_LESS, _GREATER, _STAR = b"<>*"
_PLAIN_NOTES = tuple(_opening(text, b"\xff" * 8) for text in (b"Connecte", b"Disconne", b"Start of"))


_REPLY_MASK, _REPLY = _opening(b">>> \0\0\0 ", b"\xff\xff\xff\xff\0\0\0\xff")
_GO_AHEAD = _opening(b">>> 354", b"\xff" * 7)
_STEP_OF_CLASS = np.zeros(256, np.int8)
"""What a final reply means by its first digit; of those that begin with 3 only 354 asks for a message."""
_STEP_OF_CLASS[[*b"2345"]] = YES, ASKED, NO, NO
_STEPS = (
    (BEGUN, _opening(b"Connecte", b"\xff" * 8)),
    (BEGUN, _opening(b"CLIENT S", b"\xdf\xdf\xdf\xdf\xdf\xdf\xff\xdf")),
    (ENDED, _opening(b"Disconne", b"\xff" * 8)),
)
_CHUNK = _opening(b"<<< BDAT", b"\xff\xff\xff\xff\xdf\xdf\xdf\xdf")
"""A piece of a message (RFC 3030): the last one asks for the server's word on it, as `354` and the content do."""


def _is_any(word: Column, openings: Iterable[tuple[np.uint64, np.uint64]]) -> Column:
    found = np.zeros(len(word), np.bool_)
    for mask, value in openings:
        found |= word & mask == value
    return found


class IceWarpSession(Dialogue):
    """A dialogue with what IceWarp notes between its lines."""

    __slots__ = ()

    @property
    def is_bare(self) -> bool:
        """True while neither a beginning nor a dialogue was logged."""
        return not self.has_dialogue and not self.is_connected

    def take(self, ts: float, text: bytes, place: Place) -> Fate:
        """Take the next line of a key, unless it begins another session."""
        if ts - self.end > IDLE:
            return "another"
        marker = text[:4]
        if marker in {b">>> ", b">>>"}:
            said = text[4:]
            if said[:3] == b"220" and not self.is_banner_due:
                return "another"
            self.end = ts
            self.sent(ts, said, place)
        elif marker in {b"<<< ", b"<<<"}:
            self.end = ts
            self.received(ts, text[4:], place)
        elif marker[:3] == b"***":
            self.end = ts
            self._summary(ts, text, place)
        else:
            return self._take_note(ts, text)
        return "goes on"

    def _take_note(self, ts: float, text: bytes) -> Fate:
        if text.startswith(b"Connected"):
            if self.has_dialogue or self.is_connected:
                return "another"
            self.is_connected = True
        self.end = ts
        if not self.has_dialogue and CLIENT_MARK in text[:NOTE_READ].lower():
            self.kind = "client"
        if self.kind == "client":
            self._note(text)
        return "ends" if text.startswith(b"Disconnected") else "goes on"

    def _note(self, text: bytes) -> None:
        if self.noted is None:
            self.noted = Noted(ANY_ID)
        self.noted.add(text[:NOTE_READ])

    def _summary(self, ts: float, text: bytes, place: Place) -> None:
        """Read `*** <from> <to> recipients bytes hh:mm:ss status [id]` from the right: the left is a stranger's."""
        found = _SUMMARY_END.search(text)
        if not found:
            return
        if self.kind == "client":
            self._note(text)
        elif self.message is not None:
            self.summary_id = _summary_id(found)
        elif not self.has_dialogue:
            mail_from, _, rcpt_to = text[5 : found.start()].rpartition(b"> <")
            message = Envelope(address_of(mail_from), place, is_taken=True)
            message.taken, message.count = [address_of(rcpt_to)], int(found[1])
            self.hand_in(ts, message, _summary_id(found), is_accepted=found[2].upper().startswith(b"OK"))


def _summary_id(found: re.Match[bytes]) -> str | None:
    *status, last = found[2].split() or [b""]
    return decode_text(last) if status or ANY_ID.fullmatch(decode_text(last)) else None


@lru_cache(maxsize=1 << 14)
def canonical(peer: bytes) -> str:
    """Spell an address in its canonical form (RFC 5952); a word stays a word."""
    text = peer.decode("ascii", "backslashreplace").strip("[]")
    if ":" not in text:
        return text  # an IPv4 address has one form only
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


class IceWarpSmtp(IceWarpLines):
    """How lines of an SMTP log become sessions."""

    def open(self, key: bytes, ts: float, text: bytes, place: Place, listener: Listener) -> IceWarpSession | None:
        """Begin a session with a line; None when the line belongs to no session."""
        is_marked = text.startswith((b"<<<", b">>>")) and text[3:4] in _AFTER_MARKER
        if not is_marked and not text.startswith((b"Connected", b"***")) and b"lient session" not in text:
            return None
        thread = key.rpartition(b"[")[2][:-1].decode().upper()
        return IceWarpSession(self.peer_of(key), thread, ts, place, listener)

    def find_clients(self, lines: Lines) -> Column:
        """List the rows of lines without one of which no session is one in which the server delivers."""
        return self._find(lines, _TELLING[1:])

    def find_telling(self, lines: Lines) -> Column:
        """List the rows of lines one of which stands in every session that matters to an account."""
        return self._find(lines, _TELLING)

    @staticmethod
    def _find(lines: Lines, openings: Iterable[tuple[np.uint64, np.uint64]]) -> Column:
        is_found = _is_any(lines.word, openings)
        first = lines.octets[lines.begin]
        notes = np.flatnonzero((first != _LESS) & (first != _GREATER) & (first != _STAR))
        for row in notes[~_is_any(lines.word[notes], _PLAIN_NOTES)].tolist():
            is_found[row] = CLIENT_MARK in lines.raw(row)[:NOTE_READ].lower()
        found: Column = np.flatnonzero(is_found)
        return found

    def find_messages(self, lines: Lines, ids: frozenset[str]) -> Column:
        """List the rows of lines in which the server names one of some messages as handed in."""
        rows = {*np.flatnonzero(lines.word & _MARK == _SUMMED).tolist()}
        rows.update(lines.find((b"message id", b"message-id")).tolist())
        return np.array([row for row in sorted(rows) if _id_in(lines.raw(row)) in ids], np.int64)

    def find_steps(self, lines: Lines) -> Column:
        """Tell what each line means to the counts by the hour; see `hours`."""
        word = lines.word
        step = np.zeros(len(word), np.int8)
        replies = np.flatnonzero(word & _REPLY_MASK == _REPLY)
        step[replies] = _STEP_OF_CLASS[lines.octets[lines.begin[replies] + 4]]
        asked = replies[step[replies] == ASKED]
        step[asked[word[asked] & _GO_AHEAD[0] != _GO_AHEAD[1]]] = 0
        first = lines.octets[lines.begin]
        notes = np.flatnonzero((first != _LESS) & (first != _GREATER) & (first != _STAR))
        for meant, opening in _STEPS:
            step[notes[_is_any(word[notes], (opening,))]] = meant
        chunks = np.flatnonzero(_is_any(word, (_CHUNK,)))
        step[[row for row in chunks.tolist() if lines.raw(row).upper().endswith(b"LAST")]] = ASKED
        mark = word & _MARK
        if not ((mark == _RECEIVED) | (mark == _SENT)).any():  # else summaries are not asked for
            for row in np.flatnonzero(mark == _SUMMED).tolist():
                found = _SUMMARY_END.search(lines.raw(row))
                step[row] = 0 if not found else SUMMARY_TAKEN if found[2].upper().startswith(b"OK") else SUMMARY
        return step


def _id_in(text: bytes) -> str | None:
    found = _SUMMARY_END.search(text) if text.startswith(b"***") else ACCEPTED_ID.search(text)
    if not found:
        return None
    return _summary_id(found) if text.startswith(b"***") else decode_text(found[1])


class IceWarpMailbox(Mailbox):
    """A session of a POP3, IMAP or web log."""

    __slots__ = ()

    def take(self, ts: float, text: bytes, place: Place) -> Fate:
        """Take the next line of a key, unless it begins another session."""
        if ts - self.end > IDLE or text.startswith(b"Connected"):
            return "another"
        self.end = ts
        marker = text[:4]
        if marker in {b"<<< ", b"<<<"}:
            self.received(text[4:], place)
        elif marker in {b">>> ", b">>>"}:
            self.sent(ts, text[4:])
        elif text.startswith(b"Disconnected"):
            return "ends"
        # what was said so far tells nothing of what is to come
        return "ends" if self.mechanism is None and self.named is None else "goes on"


class IceWarpLogins(IceWarpLines):
    """How lines of a POP3, IMAP or web log become sessions.

    Only the grammar of SMTP logs has public samples: these are read where their lines begin alike and hold the
    dialogues of the RFCs.
    """

    def open(self, key: bytes, ts: float, text: bytes, _place: Place, listener: Listener) -> IceWarpMailbox | None:
        """Begin a session with a line of the client."""
        return IceWarpMailbox(self.peer_of(key), ts, listener) if text[:4] in {b"<<< ", b"<<<"} else None

    def find_telling(self, lines: Lines) -> Column:
        """List the rows of lines that may begin a try."""
        return lines.find(TRY_WORDS)
