"""Kinds of log lines, one letter each: all that the course of a usual session depends on.

Two lines of one kind have the same effect on the state of a `Dialogue`, whatever else they say: which is what lets
`plans` learn the course of a session once for all that have the same letters. What the state hangs on in finer
ways (BDAT, a reply that is cut short, a number where a command is due) is `UNUSUAL`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from breachkit.servers.icewarp.lines import RECEIVED, SENT

Column = np.ndarray[Any, Any]

LF, CR, TAB, SPACE, OPEN, CLOSE = b"\n\r\t []"
IS_SIGN = ~np.isin(np.arange(256), np.frombuffer(b"\t\n\v\f\r ", np.uint8))
"""Bytes that `\\S` matches."""
IS_HEX = np.isin(np.arange(256), np.frombuffer(b"0123456789ABCDEFabcdef", np.uint8))

UNUSUAL, NOTE, SUMMARY, OTHER = b"?NSX"
"""Anything else the server sent; without direction; `***`; anything else that the peer sent."""
BEGUN = ord("p")
"""A note that says nothing of a session, whatever its state: `Start of mail processing`."""
CONNECTED, DISCONNECTED = b"CD"
HELLO, MAIL, RCPT, CONTENT, RSET, STARTTLS, AUTH, IDLE_VERB = b"EMRTZLAQ"
BANNER, GOOD, GOOD_MORE, FAILED, FAILED_MORE, REFUSED, REFUSED_MORE = b"b2m4n5o"
CHALLENGE, GO_AHEAD, WELCOME = b"cgs"
"""334, 354, 235."""

EXAMPLES = {
    NOTE: (b"", b"Something noted"),
    BEGUN: (b"", b"Start of mail processing"),
    SUMMARY: (b"", b"*** <a@example.org> <b@example.org> 1 1 00:00:01 OK"),
    OTHER: (RECEIVED, b"dXNlcg=="),
    CONNECTED: (b"", b"Connected"),
    DISCONNECTED: (b"", b"Disconnected"),
    HELLO: (RECEIVED, b"EHLO x"),
    MAIL: (RECEIVED, b"MAIL FROM:<a@example.org>"),
    RCPT: (RECEIVED, b"RCPT TO:<b@example.org>"),
    CONTENT: (RECEIVED, b"DATA"),
    RSET: (RECEIVED, b"RSET"),
    STARTTLS: (RECEIVED, b"STARTTLS"),
    AUTH: (RECEIVED, b"AUTH LOGIN"),
    IDLE_VERB: (RECEIVED, b"NOOP"),
    BANNER: (SENT, b"220 "),
    GOOD: (SENT, b"250 "),
    GOOD_MORE: (SENT, b"250-"),
    FAILED: (SENT, b"450 "),
    FAILED_MORE: (SENT, b"450-"),
    REFUSED: (SENT, b"550 "),
    REFUSED_MORE: (SENT, b"550-"),
    CHALLENGE: (SENT, b"334 "),
    GO_AHEAD: (SENT, b"354 "),
    WELCOME: (SENT, b"235 "),
}
"""One line of each kind: marker and text."""

_VERBS = {
    **dict.fromkeys((b"EHLO", b"HELO"), HELLO),
    b"MAIL": MAIL,
    b"RCPT": RCPT,
    b"DATA": CONTENT,
    b"RSET": RSET,
    b"AUTH": AUTH,
    b"STAR": STARTTLS,
    **dict.fromkeys((b"QUIT", b"NOOP", b"VRFY", b"EXPN", b"HELP", b"ETRN"), IDLE_VERB),
}
_SPECIAL = {
    b"220 ": BANNER,
    b"235 ": WELCOME,
    b"334 ": CHALLENGE,
    b"354 ": GO_AHEAD,
    b"220-": UNUSUAL,
    b"235-": UNUSUAL,
}
_REPLIES = {2: (GOOD, GOOD_MORE), 4: (FAILED, FAILED_MORE), 5: (REFUSED, REFUSED_MORE)}
_IS_COMMAND = np.isin(np.arange(256), np.unique([*_VERBS.values()]))
_CTED, _TTLS = (int.from_bytes(part, "little") for part in (b"cted", b"TTLS"))
_BEGUN = tuple(int.from_bytes(EXAMPLES[BEGUN][1][place : place + 8], "little") for place in (0, 8, 16))
_HALF = np.uint64(0xFFFFFFFF)
_THREE = np.uint64(0xFFFFFF)
_MARK = np.array([int.from_bytes(mark, "little") for mark in (RECEIVED, SENT, b"***")], np.uint64)
_SLOTS = 16


def _openings() -> dict[int, int]:
    """Name the kinds that show in the first eight bytes."""
    found = {b"Connecte": CONNECTED, b"Disconne": DISCONNECTED, b"Start of": BEGUN}
    for verb, code in _VERBS.items():
        found |= {RECEIVED + b" " + form: code for form in (verb, verb.lower(), verb.capitalize())}
    for reply in (*range(200, 260), *range(400, 460), *range(500, 560)):
        final, more = _REPLIES[reply // 100]
        found |= {SENT + b" %d " % reply: final, SENT + b" %d-" % reply: more}
    found |= {SENT + b" " + reply: code for reply, code in _SPECIAL.items()}
    return {int.from_bytes(opening, "little"): code for opening, code in found.items()}


def _table() -> tuple[np.uint64, Column, Column]:
    """Spread the openings over a table in which no two of them meet."""
    openings = _openings()
    known = np.array(list(openings), np.uint64)
    factor = 0x9E3779B97F4A7C15
    while True:
        slots = (known * np.uint64(factor)) >> np.uint64(64 - _SLOTS)
        if len(np.unique(slots)) == len(known):
            break
        factor = (factor * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF | 1
    keys, kinds = np.zeros(1 << _SLOTS, np.uint64), np.zeros(1 << _SLOTS, np.uint8)
    keys[slots], kinds[slots] = known, list(openings.values())
    return np.uint64(factor), keys, kinds


_FACTOR, _KEYS, _KINDS = _table()


def codes_of(text: bytes, word: Column, begin: Column, stop: Column) -> Column:
    """Name the kind of each line.

    Args:
        text: the bytes that the lines are in, padded.
        word: the eight bytes that begin at each place of them.
        begin: where the texts of the lines begin.
        stop: where they end.
    """
    opening = word[begin]
    slot = (opening * _FACTOR) >> np.uint64(64 - _SLOTS)
    code = np.where(_KEYS[slot] == opening, _KINDS[slot], 0).astype(np.uint8)
    octets = np.frombuffer(text, np.uint8)
    commands = np.flatnonzero(_IS_COMMAND[code])
    after = begin[commands] + 8
    is_tls = code[commands] == STARTTLS
    is_long = is_tls & ((word[after] & _HALF) == _TTLS)
    after = after + 4 * is_long
    # the verb must end there: MAILBOX is not MAIL
    is_verb = (after == stop[commands]) | ((octets[after] == SPACE) & (after < stop[commands]))
    is_verb &= after <= stop[commands]
    code[commands[~is_verb | (is_tls & ~is_long)]] = OTHER
    _check_notes(code, word, octets, begin, stop)
    unknown = np.flatnonzero(code == 0)
    code[unknown] = _plain_codes(opening[unknown], stop[unknown] - begin[unknown])
    code[begin + 8 > stop] = _plain_codes(opening[begin + 8 > stop], (stop - begin)[begin + 8 > stop])
    return code


def _check_notes(code: Column, word: Column, octets: Column, begin: Column, stop: Column) -> None:
    gone = np.flatnonzero(code == DISCONNECTED)
    is_whole = ((word[begin[gone] + 8] & _HALF) == _CTED) & (begin[gone] + 12 <= stop[gone])
    code[gone[~is_whole]] = NOTE
    come = np.flatnonzero(code == CONNECTED)
    is_whole = (octets[begin[come] + 8] == ord("d")) & (begin[come] + 9 <= stop[come])
    code[come[~is_whole]] = NOTE
    begun = np.flatnonzero(code == BEGUN)
    is_whole = (word[begin[begun] + 8] == _BEGUN[1]) & (word[begin[begun] + 16] == _BEGUN[2])
    code[begun[~is_whole | (stop[begun] - begin[begun] != 24)]] = NOTE  # noqa: PLR2004  three times eight bytes


def _plain_codes(opening: Column, size: Column) -> Column:
    """Name the kind of lines by their marker alone."""
    mark = opening & _THREE
    # `<<<` counts only where a blank or nothing follows
    is_marker = (size == 3) | ((size > 3) & ((opening >> np.uint64(24)) & np.uint64(0xFF) == SPACE))  # noqa: PLR2004
    code = np.full(len(opening), NOTE, np.uint8)
    code[(mark == _MARK[2]) & (size >= 3)] = SUMMARY  # noqa: PLR2004
    code[(mark == _MARK[0]) & is_marker] = OTHER
    code[(mark == _MARK[1]) & is_marker] = UNUSUAL
    return code


def are_marked(code: Column) -> Column:
    """Tell which kinds have a direction."""
    marked: Column = _IS_MARKED[code]
    return marked


def are_commands(code: Column) -> Column:
    """Tell which kinds are commands that the peer sent."""
    commands: Column = _IS_COMMAND[code]
    return commands


_IS_MARKED = ~np.isin(np.arange(256), (NOTE, BEGUN, SUMMARY, CONNECTED, DISCONNECTED))
