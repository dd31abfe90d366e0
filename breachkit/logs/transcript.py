"""The lines of a session as they may be shown: AUTH lines decoded, secrets masked.

What a client sends that is no SMTP command is masked whole, since a mangled AUTH line is a password too,
and so is every echo of it by the server.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from breachkit.logs.envelope import path_of
from breachkit.logs.facts import TranscriptLine
from breachkit.logs.smtp import VERBS
from breachkit.records import NULL_SENDER, Locus
from breachkit.text.charsets import decode_text
from breachkit.text.sasl import OTHER

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from breachkit.logs.grammar import Said
    from breachkit.logs.kinds import Place
    from breachkit.logs.smtp import Dialogue

MASK = "***"
USER_DECODED = "[user name, decoded]"
USER_UNKNOWN = "[user name, of no account that is known]"

MOST_LINES = 5_000
"""Lines of one session that are kept; a last line says how many more there were."""

_SHORTEST_ECHO = 4
"""Characters from which on an echo of a secret is looked for: a shorter one stands in any word."""

_MOST_SECRETS = 64
"""Masked words whose echo is looked for; an echo follows at once."""

_WITH_ARGUMENT = frozenset({b"EHLO", b"HELO", b"MAIL", b"RCPT", b"BDAT"})
"""Commands whose argument is shown; behind any other a lost password may stand."""


class Transcript:
    """The lines of one session, masked as they come."""

    __slots__ = ("_is_known", "_secrets", "_show", "_zone", "lines", "more")

    def __init__(self, zone: tzinfo, is_known: Callable[[str], bool], *, show_passwords: bool) -> None:
        self._zone = zone
        self._is_known = is_known
        self._show = show_passwords
        self._secrets: dict[str, None] = {}
        self.lines: list[TranscriptLine] = []
        self.more = 0

    def add(self, dialogue: Dialogue, ts: float, said: Said, place: Place) -> None:
        """Take one line, with the state of its session after it."""
        if len(self.lines) >= MOST_LINES:
            self.more += 1
            return
        direction, raw = said
        secret = None
        if dialogue.kind == "server" and direction == "received":
            text, secret = self._received(dialogue, raw)
        else:
            text = self._without_echo(decode_text(raw))
        self.lines.append(
            TranscriptLine(
                ts=datetime.fromtimestamp(ts, self._zone).isoformat(timespec="seconds"),
                direction=direction,
                text=text,
                secret=secret if self._show else None,
                source=Locus(*place),
            ),
        )

    def finish(self) -> tuple[TranscriptLine, ...]:
        """Return the lines; the last one tells of those that are too many."""
        if self.more:
            text = f"[{self.more + 1} more lines of this session]"
            self.lines[-1] = self.lines[-1]._replace(direction="note", text=text)
        return tuple(self.lines)

    def _received(self, dialogue: Dialogue, raw: bytes) -> tuple[str, str | None]:
        """Spell a line of the client, and what its mask hides."""
        if dialogue.role == "content":
            return self._without_echo(decode_text(raw)), None
        if dialogue.role == "command":
            return self._command(raw), None
        user = dialogue.credentials.user
        opening, hidden = _opening(dialogue, raw) if dialogue.role == "auth" else ("", raw)
        if not hidden:
            return opening, None
        if user and (dialogue.role == "user" or opening == "AUTH LOGIN"):
            if self._is_known(user):
                return f"{opening} {user}  {USER_DECODED}".lstrip(), None
            # people type their password where the user name belongs
            self._remember(user)
            return f"{opening} {self._mask(hidden)}  {USER_UNKNOWN}".lstrip(), user
        password = dialogue.credentials.password
        revealed = password.reveal() if password else decode_text(hidden)
        self._remember(revealed if not user or revealed not in user else "")
        named = ""
        if user and dialogue.mechanism != "LOGIN":
            is_known = self._is_known(user)
            named = f"[user {user}]" if is_known else USER_UNKNOWN
            self._remember("" if is_known else user)
        shown = (opening, self._mask(hidden), named)
        return " ".join(filter(None, shown)), revealed

    def _command(self, raw: bytes) -> str:
        verb, _, argument = raw.partition(b" ")
        name = verb.upper()
        path = path_of(argument) or ""
        is_path = name not in {b"MAIL", b"RCPT"} or "@" in path or path == NULL_SENDER
        if name in _WITH_ARGUMENT and is_path:
            return self._without_echo(decode_text(raw))
        if name in VERBS:
            return decode_text(verb) + (f" {self._mask(argument)}" if argument else "")
        return f"{self._mask(raw)}  [no SMTP command, {len(raw)} bytes]"

    def _mask(self, raw: bytes) -> str:
        text = decode_text(raw)
        for word in (text, *text.split()):
            self._remember(word)
        return MASK

    def _remember(self, secret: str) -> None:
        if len(secret) >= _SHORTEST_ECHO:
            self._secrets[secret] = None
        while len(self._secrets) > _MOST_SECRETS:
            del self._secrets[next(iter(self._secrets))]

    def _without_echo(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text


def _opening(dialogue: Dialogue, raw: bytes) -> tuple[str, bytes]:
    """Split an AUTH command into what may be shown and what stands behind it."""
    if dialogue.mechanism == OTHER:
        return "AUTH", raw[5:].strip()
    return f"AUTH {dialogue.mechanism}", b" ".join(raw.split(None, 2)[2:])
