"""SMTP logs of IceWarp: the form of their lines, and what its own lines say of a session.

Real lines of 10.3.1: the peer padded to 16 columns, a thread id in brackets, a stamp, the text. The thread id is reused
all day, and two sessions of one id can be alive at once from different peers (measured), so a session is keyed by peer
and thread, from `Connected` to `Disconnected`, to the next `Connected`, or to a banner. It may go on over the end of a
file and over midnight.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

import numpy as np

from breachkit.logs.envelope import NOTE_READ, Envelope, Noted, address_of
from breachkit.logs.forms import TIME, Usual, fits
from breachkit.logs.grammar import IDLE, Grammar
from breachkit.logs.kinds import TimeOfDay
from breachkit.logs.mailbox import TRY_WORDS, Mailbox
from breachkit.logs.smtp import ACCEPTED_ID, Dialogue
from breachkit.servers.icewarp.queue import ANY_ID
from breachkit.text.charsets import decode_text

if TYPE_CHECKING:
    from datetime import tzinfo

    from breachkit.logs.grammar import Fate, Listener, Said
    from breachkit.logs.kinds import IsKnown, Place
    from breachkit.logs.lines import Column, Lines

CLIENT_MARK = b"client session"
_SUMMARY_END = re.compile(rb"> (\d{1,6}) \d{1,15} \d{1,6}:\d\d:\d\d ([^<>]*)\Z")
_RECEIVED, _SENT = frozenset({b"<<< ", b"<<<"}), frozenset({b">>> ", b">>>"})
_WIDTH = 16
"""Columns that a peer is padded to."""
_OPEN, _CLOSE, _SPACE, _ONE = b"[] 1"


_CODE = b"\xff\xff\xff\xff\xf0\xf0\xf0"
"""A mask: of what stands behind the direction three are digits."""
_AFTER_CODE = np.zeros(256, np.bool_)
_AFTER_CODE[[*b" -\r\n\0"]] = True


def _opens(word: Column, text: bytes, mask: bytes = b"") -> Column:
    """Tell which texts, by their first eight bytes, open with others, but for the bits that a mask leaves out."""
    value, bits = (np.frombuffer(part.ljust(8, b"\0"), "<u8")[0] for part in (text, mask or b"\xff" * len(text)))
    found: Column = word & bits == value
    return found


class IceWarpLines(Grammar):
    """The form of a line: `PEER [THREAD] STAMP TEXT`; usually the peer is padded and the stamp is a time of day."""

    has_dialogues = True

    def find_usual(self, octets: Column, words: Column, start: Column) -> Usual:
        """Tell lines of an IPv4 address, a thread of 4, 8 or 16 digits, and a time of day."""
        close = start + (_WIDTH + 5)
        for longer in (4, 8):
            close += longer * (octets[close] != _CLOSE)
        stamp = close + 2
        is_usual = (octets[start] - _ONE < 9) & (octets[start + _WIDTH] == _OPEN) & (octets[close] == _CLOSE)  # digits
        is_usual &= (octets[close + 1] == _SPACE) & (octets[stamp + 8] == _SPACE) & fits(words, stamp, TIME)
        return Usual(is_usual, close + 1, stamp + 9, (words[stamp],))

    def read_stamp(self, line: bytes, _zone: tzinfo) -> TimeOfDay:
        """Read the time of day."""
        return TimeOfDay(line[-9:-1])

    def find_peer(self, lines: Lines, client_ip: str) -> Column:
        """List the rows of lines of an address."""
        # an IPv6 address has several spellings
        rows = np.flatnonzero(lines.is_line) if ":" in client_ip else lines.find([client_ip.encode()], folded=False)
        _, first, which = np.unique(lines.keys_at(rows), return_index=True, return_inverse=True)
        is_its = np.array([peer_of(lines.name(row)) == client_ip for row in rows[first].tolist()], np.bool_)
        return rows[is_its[which]]

    def longest_silence(self, _key: bytes) -> float:
        """Return the seconds of silence behind which a line of a key always begins another session."""
        return IDLE

    def begins(self, _key: bytes, text: bytes) -> bool:
        """Tell whether a line begins a session."""
        return text.startswith(b"Connected")

    def ends(self, _key: bytes, text: bytes) -> bool:
        """Tell whether a line ends its session."""
        return text.startswith(b"Disconnected")

    def said(self, _key: bytes, text: bytes, _is_known: IsKnown) -> Said:
        """Split a text into its direction and what was said."""
        if text[:4] in _RECEIVED:
            return "received", text[4:]
        return ("sent", text[4:]) if text[:4] in _SENT else ("note", text)

    def count_levels(self, lines: Lines) -> tuple[int, int]:
        """Count the lines of dialogues, and those of summaries."""
        word = lines.word[lines.is_line]
        received, sent, summaries = (int(_opens(word, marker).sum()) for marker in (b"<<<", b">>>", b"***"))
        return received + sent, summaries


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
        if marker in _SENT:
            said = text[4:]
            # a banner opens another session, but behind STARTTLS and from the server of another
            if said[:3] == b"220" and self.has_dialogue and not self.tls_asked and self.kind != "client":
                return "another"
            self.end = ts
            self.sent(ts, said, place)
        elif marker in _RECEIVED:
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
            if not self.is_bare:
                return "another"
            self.is_connected = True
        self.end = ts
        if not self.has_dialogue and CLIENT_MARK in text[:NOTE_READ].lower():
            self.kind = "client"
        if self.kind == "client":
            self._note(text)
        return "ends" if text.startswith(b"Disconnected") else "goes on"

    def _note(self, text: bytes) -> None:
        self.noted = self.noted or Noted(ANY_ID)
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


def peer_of(key: bytes) -> str:
    """Read the peer from a key: an address in its canonical form (RFC 5952), or a word."""
    text = key.rpartition(b"[")[0].decode("ascii", "backslashreplace").strip("[] \t")
    if ":" not in text:
        return text  # an IPv4 address has one form only
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    return str(getattr(address, "ipv4_mapped", None) or address)


class IceWarpSmtp(IceWarpLines):
    """How lines of an SMTP log become sessions."""

    def open(self, key: bytes, ts: float, text: bytes, place: Place, listener: Listener) -> IceWarpSession | None:
        """Begin a session with a line; None when the line belongs to no session."""
        is_said = text[:4] in _SENT or text[:4] in _RECEIVED
        if not is_said and not text.startswith((b"Connected", b"***")) and b"lient session" not in text:
            return None
        thread = key.rpartition(b"[")[2][:-1].decode().upper()
        return IceWarpSession(peer_of(key), thread, ts, ts, place, listener, (ts, place))

    def find_clients(self, lines: Lines) -> Column:
        """List the rows of lines without one of which no session is one in which the server delivers."""
        is_after = _AFTER_CODE[lines.octets[lines.begin + 7]]
        is_found = _opens(lines.word, b"<<< 000", _CODE) & is_after
        is_found |= _opens(lines.word, b">>>") & ~(_opens(lines.word, b">>> 000", _CODE) & is_after)
        notes = self._notes(lines)
        plain = [_opens(lines.word[notes], opening) for opening in (b"Connecte", b"Disconne", b"Start of")]
        for row in notes[~np.any(plain, axis=0)].tolist():
            is_found[row] = CLIENT_MARK in lines.raw(row)[:NOTE_READ].lower()
        return np.flatnonzero(is_found)

    def find_telling(self, lines: Lines) -> Column:
        """List the rows of lines one of which stands in every session that matters to an account."""
        return np.union1d(
            self.find_clients(lines), np.flatnonzero(_opens(lines.word, b"<<< A", b"\xff\xff\xff\xff\xdf"))
        )

    @staticmethod
    def _notes(lines: Lines) -> Column:
        first = lines.octets[lines.begin]
        found: Column = np.flatnonzero((first != b"<"[0]) & (first != b">"[0]) & (first != b"*"[0]))
        return found

    def find_messages(self, lines: Lines, ids: frozenset[str]) -> Column:
        """List the rows of lines in which the server names one of some messages as handed in."""
        rows = np.union1d(np.flatnonzero(_opens(lines.word, b"***")), lines.find((b"message id", b"message-id")))
        return np.array([row for row in rows.tolist() if _id_in(lines.raw(row)) in ids], np.int64)

    def find_begun(self, lines: Lines, *, is_summed: bool) -> tuple[Column, Column]:
        """List the rows of lines with which a session begins, and of those by which a message is taken in.

        The server names the id of a message that it takes; at a level at which logs hold no dialogue summaries do.
        """
        if is_summed:
            rows = np.flatnonzero(_opens(lines.word, b"***"))
            ends = [_SUMMARY_END.search(lines.raw(row)) for row in rows.tolist()]
            is_taken = [end is not None and end[2].upper().startswith(b"OK") for end in ends]
            return rows[[end is not None for end in ends]], rows[is_taken]
        notes, named = self._notes(lines), lines.find((b"essage",), folded=False)
        word = lines.word[notes]
        begun = notes[_opens(word, b"Connecte") | _opens(word, b"CLIENT S", b"\xdf\xdf\xdf\xdf\xdf\xdf\xff\xdf")]
        named = named[_opens(lines.word[named], b">>> 2")].tolist()
        return begun, np.array([row for row in named if ACCEPTED_ID.search(lines.raw(row))], np.int64)


def _id_in(text: bytes) -> str | None:
    if text.startswith(b"***"):
        summary = _SUMMARY_END.search(text)
        return summary and _summary_id(summary)
    found = ACCEPTED_ID.search(text)
    return found and decode_text(found[1])


class IceWarpMailbox(Mailbox):
    """A session of a POP3, IMAP or web log."""

    __slots__ = ()

    def take(self, ts: float, text: bytes, place: Place) -> Fate:
        """Take the next line of a key, unless it begins another session."""
        if ts - self.end > IDLE or text.startswith(b"Connected"):
            return "another"
        self.end = ts
        if text[:4] in _RECEIVED:
            self.received(text[4:], place)
        elif text[:4] in _SENT:
            self.sent(ts, text[4:])
        # what was said so far may tell nothing of what is to come
        is_idle = self.mechanism is None and self.named is None
        return "ends" if is_idle or text.startswith(b"Disconnected") else "goes on"


class IceWarpLogins(IceWarpLines):
    """How lines of a POP3, IMAP or web log become sessions.

    Only the grammar of SMTP logs has public samples: these are read where their lines begin alike and hold the
    dialogues of the RFCs.
    """

    def open(self, key: bytes, ts: float, text: bytes, _place: Place, listener: Listener) -> IceWarpMailbox | None:
        """Begin a session with a line of the client."""
        return IceWarpMailbox(peer_of(key), ts, listener) if text[:4] in _RECEIVED else None

    def find_telling(self, lines: Lines) -> Column:
        """List the rows of lines that may begin a try."""
        return lines.find(TRY_WORDS)
