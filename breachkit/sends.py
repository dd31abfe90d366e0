"""Messages that somebody handed in, as columns: 100 bytes each and its recipients, where records take 900.

Kept are those of who authenticated, and those that a queued message asks for.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, cast

from breachkit.columns import NOBODY, Columns, Texts
from breachkit.micros import EPOCH, MICROSECOND
from breachkit.records import Transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Self

    from breachkit.columns import Names
    from breachkit.records import Locus

Send = tuple[str, "str | None", "Locus | None", "Transaction"]
"""Client address, user as typed, place of the AUTH (both None without one), and the message."""


class Sends(Columns):
    """A list of messages, each with who sent it from where."""

    NAMED = ("client_ip", "user", "mail_from", "helo", "path", "node", "auth_path", "auth_node")
    CODES = {  # noqa: RUF012  a ClassVar, declared by `Columns`
        **dict.fromkeys(NAMED, "i"),
        **dict.fromkeys(("ts", "offset", "line", "auth_offset", "auth_line", "rcpt_count", "rcpt_unknown"), "q"),
        **dict.fromkeys(("attempt", "rcpts"), "i"),
        **dict.fromkeys(("accepted", "has_id"), "b"),
    }
    PLACES = ("", "auth_")

    def __init__(self, sends: Iterable[Send] = (), names: Names | None = None) -> None:
        super().__init__(names)
        self._ids, self._rcpts = Texts(), Texts()
        self._first: array[int] = array("q")
        """The place of the first recipient of each among those of all."""
        self.extend(sends)

    def __iter__(self) -> Iterator[Send]:
        return map(self._record, range(len(self)))

    def _record(self, row: int) -> Send:
        columns = self.columns
        sent = Transaction(
            ts=self.moment(row),
            mail_from=self.name("mail_from", row),
            rcpt_to=self.rcpt_to(row),
            rcpt_count=columns["rcpt_count"][row],
            rcpt_unknown=columns["rcpt_unknown"][row],
            queue_id=self.queue_id(row),
            accepted=bool(columns["accepted"][row]),
            attempt=None if columns["attempt"][row] == NOBODY else columns["attempt"][row],
            helo=self.name("helo", row),
            source=self.place(row),
        )
        return cast("str", self.name("client_ip", row)), self.name("user", row), self.auth(row), sent

    def auth(self, row: int) -> Locus | None:
        """Tell where the AUTH stands under which a message was sent."""
        return None if self.columns["auth_path"][row] == NOBODY else self.place(row, "auth_")

    def rcpt_to(self, row: int) -> tuple[str, ...]:
        """Return the first recipients of a message."""
        first = self._first[row]
        return tuple([self._rcpts[place] for place in range(first, first + self.columns["rcpts"][row])])

    def queue_id(self, row: int) -> str | None:
        """Return the id of a message."""
        return self._ids[row] if self.columns["has_id"][row] else None

    def append(self, send: Send) -> None:
        """Add one."""
        client_ip, user, auth, sent = send
        source = sent.source
        places = (source.path, source.node, auth and auth.path, auth and auth.node)
        named = (client_ip, user, sent.mail_from, sent.helo, *places)
        self._put(
            named,
            (
                *((sent.ts - EPOCH) // MICROSECOND, source.offset, source.line),
                *((0, 0) if auth is None else auth[1:3]),
                *(sent.rcpt_count, sent.rcpt_unknown, NOBODY if sent.attempt is None else sent.attempt),
                *(len(sent.rcpt_to), sent.accepted, sent.queue_id is not None),
            ),
        )
        self._first.append(len(self._rcpts))
        self._ids.append(sent.queue_id or "")
        for rcpt_to in sent.rcpt_to:
            self._rcpts.append(rcpt_to)

    def extend(self, sends: Iterable[Send]) -> None:
        """Add some."""
        for send in sends:
            self.append(send)

    def add(self, other: Self) -> None:
        """Add another list."""
        super().add(other)
        before = len(self._rcpts)
        self._first.extend([before + first for first in other._first])
        self._ids.add(other._ids)
        self._rcpts.add(other._rcpts)
