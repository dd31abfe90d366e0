"""What there are many thousands of, kept as columns of numbers; what repeats is kept once and numbered.

A record is made of them again when somebody looks at it. A try to authenticate takes 82 bytes so, where a record with
its moment and places takes 330; a message handed in 100 and its recipients, where records take 900; an account 100: a
million of them as records would take 600 MB. Messages are kept of those who authenticated, and those that a queued
message asks for.
"""

from __future__ import annotations

import marshal
from array import array
from collections import deque
from collections.abc import Sequence
from datetime import timedelta
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast, overload

from breachkit.micros import EPOCH, MICROSECOND
from breachkit.records import Account, AuthAttempt, Delivery, Locus, Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from breachkit.records import DeliveryOutcome, Outcome

MOST_WAITING = 1 << 10
SAME_MOMENT = timedelta(seconds=2)
"""Between the lines in which two servers tell of one try."""
NOBODY = -1
"""The number of a name that is not known."""


class NumberedNames:
    """Texts that repeat, each kept once and numbered."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._numbers: dict[str, int] = {}

    def number(self, text: str | None) -> int:
        """Return the number of a text, which is kept if it is new; `NOBODY` for None."""
        if text is None:
            return NOBODY
        number = self._numbers.get(text)
        if number is None:
            number = self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return number

    def known(self, text: str) -> int:
        """Return the number of a text, another than all numbers for one that is not kept."""
        return self._numbers.get(text, NOBODY - 1)


class Columns:
    """The columns of one kind of row."""

    CODES: ClassVar[dict[str, str]]
    """The type of each column, as `array` has it."""
    NAMED: ClassVar[tuple[str, ...]]
    """Columns of numbers that stand for names."""
    TEXTS: ClassVar[tuple[str, ...]] = ()
    """What has a text of its own in each row."""
    PLACES: ClassVar[tuple[str, ...]]
    """What the columns of each place begin with: there are four, `path`, `offset`, `line`, `node`, or only some."""

    def __init__(self, names: NumberedNames | None = None) -> None:
        """Begin without rows, with names of their own unless others share them."""
        self.names = NumberedNames() if names is None else names
        self._columns: dict[str, array[int]] = {name: array(code) for name, code in self.CODES.items()}
        self._texts = {name: PackedTexts() for name in self.TEXTS}
        self._waiting: list[tuple[Any, ...]] = []
        """Rows that are in no column yet: many at once take a third of the time."""

    @property
    def columns(self) -> dict[str, array[int]]:
        """Moments in microseconds since the epoch, places, counts; what is named by its number in `names`."""
        self._settle()
        return self._columns

    def _settle(self) -> None:
        """Put the rows that wait in columns."""
        if not self._waiting:
            return
        rows, self._waiting = self._waiting, []
        held: dict[str, Any] = self._columns | self._texts
        for (name, column), values in zip(held.items(), zip(*rows, strict=True), strict=True):
            column.extend(map(self.names.number, values) if name in self.NAMED else values)

    def text(self, name: str) -> PackedTexts:
        """Return the texts of all rows."""
        self._settle()
        return self._texts[name]

    def __len__(self) -> int:
        return len(self.columns["ts"])

    def name(self, column: str, row: int) -> str | None:
        """Return what a row has in a column of names."""
        number = self.columns[column][row]
        return None if number == NOBODY else self.names.texts[number]

    def moment(self, row: int) -> datetime:
        """Tell when it was."""
        return EPOCH + self.columns["ts"][row] * MICROSECOND

    def place(self, row: int, kind: str = "") -> Locus:
        """Tell where a row stands, or another of its places."""
        columns, texts = self.columns, self.names.texts
        path, node = columns[f"{kind}path"][row], columns[f"{kind}node"][row]
        return Locus(texts[path], columns[f"{kind}offset"][row], columns[f"{kind}line"][row], texts[node])

    def _put(self, *values: str | int | None) -> None:
        """Add one row: what it has in the columns, in the order of `CODES`, and its `TEXTS`."""
        self._waiting.append(values)
        if len(self._waiting) >= MOST_WAITING:
            self._settle()

    def add(self, other: Self) -> None:
        """Add other rows."""
        import numpy as np  # who adds up parts of logs has it; who only names a try must not wait for it

        added = other.columns
        numbers = [*map(self.names.number, other.names.texts), NOBODY]  # the last one, so that -1 stays itself
        renumbered = np.array(numbers, "i")
        for name, column in added.items():
            if name in self.NAMED:
                self.columns[name].frombytes(renumbered[np.frombuffer(column, "i")].tobytes())
            else:
                self.columns[name].extend(column)
        for name, texts in self._texts.items():
            texts.add(other._texts[name])

    def clear(self) -> None:
        """Forget all."""
        self.__init__()  # type: ignore[misc]


class PackedTexts:
    """A list of texts that hardly repeat, one behind the other: as many bytes as they have, and 8."""

    __slots__ = ("_bytes", "_ends")

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends: array[int] = array("q")

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, place: int) -> str:
        begin = self._ends[place - 1] if place else 0
        return self._bytes[begin : self._ends[place]].decode("utf-8", "surrogatepass")

    def column(self) -> Any:
        """Return them as one column of bytes, as wide as the longest."""
        import numpy as np

        ends = np.frombuffer(self._ends, np.int64)
        begins = np.concatenate(([0], ends[:-1]))
        parts = (self._bytes[begin:end] for begin, end in zip(begins.tolist(), self._ends, strict=True))
        return np.fromiter(map(bytes, parts), f"S{max(1, (ends - begins).max(initial=0))}", len(self))

    def extend(self, texts: Iterable[str]) -> None:
        """Add some."""
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        self._ends.extend(islice(accumulate(map(len, encoded), initial=len(self._bytes)), 1, None))
        self._bytes += b"".join(encoded)

    def add(self, other: PackedTexts) -> None:
        """Add another list."""
        before = len(self._bytes)
        self._bytes += other._bytes
        self._ends.extend([before + end for end in other._ends])


class Attempts(Columns):
    """A list of tries, some of which know where their sessions begin."""

    NAMED = ("service", "client_ip", "user", "mechanism", "outcome", "path", "node", "begin_path")
    CODES: ClassVar = {
        **dict.fromkeys(NAMED, "i"),
        **dict.fromkeys(("ts", "offset", "line", "begin_offset", "begin_line"), "q"),
        "secret": "Q",
        **dict.fromkeys(("is_seen", "distance"), "b"),
    }
    PLACES = ("", "begin_")

    def __init__(self, tries: Iterable[AuthAttempt] = ()) -> None:
        super().__init__()
        self.extend(tries)

    def __iter__(self) -> Iterator[AuthAttempt]:
        return map(self._record, range(len(self)))

    def _record(self, row: int) -> AuthAttempt:
        service, client_ip, user, mechanism, outcome = (self.name(name, row) for name in self.NAMED[:5])
        secret = self.columns["secret"][row].to_bytes(8) if self.columns["is_seen"][row] else None
        return AuthAttempt(
            service,  # type: ignore[arg-type]
            self.moment(row),
            client_ip,  # type: ignore[arg-type]
            user,
            mechanism,  # type: ignore[arg-type]
            outcome,  # type: ignore[arg-type]
            secret,
            self.place(row),
        )

    def session_of(self) -> dict[Locus, Locus]:
        """Tell of each try that came in where its session begins, where that is known."""
        columns = self.columns
        won = self.names.known("success")
        return {
            self.place(row): self._begin(row)._replace(node=self.place(row).node)
            for row, (outcome, path) in enumerate(zip(columns["outcome"], columns["begin_path"], strict=True))
            if outcome == won and path != NOBODY
        }

    def _begin(self, row: int) -> Locus:
        columns = self.columns
        return Locus(
            cast("str", self.name("begin_path", row)), columns["begin_offset"][row], columns["begin_line"][row]
        )

    def users(self, outcome: Outcome) -> set[str]:
        """List the user names, as typed, of the tries with an outcome."""
        columns = self.columns
        wanted = self.names.known(outcome)
        rows = zip(columns["user"], columns["outcome"], strict=True)
        return {self.names.texts[user] for user in {one for one, found in rows if found == wanted} - {NOBODY}}

    def begins_of(self, is_meant: Callable[[str], bool]) -> set[Locus]:
        """Tell where the sessions begin in which a user name was typed that is meant."""
        columns = self.columns
        meant = {user for user in {*columns["user"]} - {NOBODY} if is_meant(self.names.texts[user])}
        return {
            self._begin(row)
            for row, (user, path) in enumerate(zip(columns["user"], columns["begin_path"], strict=True))
            if user in meant and path != NOBODY
        }

    def append(self, tried: AuthAttempt, begin: Locus | tuple[str, int, int] | None = None, distance: int = 0) -> None:
        """Add one, with where its session begins and how far its secret is from the user name."""
        service, ts, client_ip, user, mechanism, outcome, secret, source = tried
        self._put(
            *(service, client_ip, user, mechanism, outcome, source.path, source.node, begin and begin[0]),
            *((ts - EPOCH) // MICROSECOND, source.offset, source.line),
            *((0, 0) if begin is None else begin[1:3]),
            *(0 if secret is None else int.from_bytes(secret), secret is not None, distance),
        )

    def complete(self, hints: Attempts) -> None:
        """Give failures by SMTP the user or the secret that hints from the same address tell at the same moment.

        Both stand in order of time. A hint is of one try, and of no other user.
        """
        by_ip: dict[str | None, deque[AuthAttempt]] = {}
        for hint in hints:
            by_ip.setdefault(hint.client_ip, deque()).append(hint)
        columns, is_meant = self.columns, (self.names.known("smtp"), self.names.known("failure"))
        for row, which in enumerate(zip(columns["service"], columns["outcome"], strict=True)):
            if which != is_meant or (columns["is_seen"][row] and columns["user"][row] != NOBODY):
                continue
            near, ts, user = by_ip.get(self.name("client_ip", row)), self.moment(row), self.name("user", row)
            while near and ts - near[0].ts > SAME_MOMENT:
                near.popleft()
            if near and near[0].ts - ts <= SAME_MOMENT and user in {None, near[0].user}:
                told = near.popleft()
                columns["user"][row] = self.names.number(told.user)
                if told.secret is not None:
                    columns["secret"][row], columns["is_seen"][row] = int.from_bytes(told.secret), True

    def extend(self, tries: Iterable[AuthAttempt]) -> None:
        """Add some, without where their sessions begin."""
        for tried in tries:
            self.append(tried)


Send = tuple[str, "str | None", "Locus | None", "Transaction"]
"""Client address, user as typed, place of the AUTH (both None without one), and the message."""


class Sends(Columns):
    """A list of messages, each with who sent it from where."""

    NAMED = ("client_ip", "user", "mail_from", "helo", "path", "node", "auth_path", "auth_node")
    CODES: ClassVar = {
        **dict.fromkeys(NAMED, "i"),
        **dict.fromkeys(("ts", "offset", "line", "auth_offset", "auth_line", "rcpt_count", "rcpt_unknown"), "q"),
        **dict.fromkeys(("attempt", "rcpts"), "i"),
        **dict.fromkeys(("accepted", "has_id"), "b"),
    }
    TEXTS = ("queue_id",)
    PLACES = ("", "auth_")

    def __init__(self, sends: Iterable[Send] = (), names: NumberedNames | None = None) -> None:
        super().__init__(names)
        self._rcpts = PackedTexts()
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
        return self.text("queue_id")[row] if self.columns["has_id"][row] else None

    def append(self, send: Send) -> None:
        """Add one."""
        client_ip, user, auth, sent = send
        ts, mail_from, rcpt_to, rcpt_count, rcpt_unknown, queue_id, accepted, attempt, helo, source = sent
        self._put(
            *(client_ip, user, mail_from, helo, source.path, source.node, auth and auth.path, auth and auth.node),
            *((ts - EPOCH) // MICROSECOND, source.offset, source.line),
            *((0, 0) if auth is None else auth[1:3]),
            *(rcpt_count, rcpt_unknown, NOBODY if attempt is None else attempt),
            *(len(rcpt_to), accepted, queue_id is not None, queue_id or ""),
        )
        self._first.append(len(self._rcpts))
        if rcpt_to:
            self._rcpts.extend(rcpt_to)

    def lacking(self) -> list[int]:
        """List the messages with an id of which neither sender nor recipients are known."""
        rows = zip(*(self.columns[name] for name in ("accepted", "has_id", "rcpts", "mail_from")), strict=True)
        return [
            row
            for row, (is_accepted, has_id, number, mail_from) in enumerate(rows)
            if is_accepted and has_id and (not number or mail_from == NOBODY)
        ]

    def complete(self, row: int, mail_from: str | None, rcpt_to: Sequence[str], count: int) -> None:
        """Fill in what a message lacks: its sender, its first recipients, how many these are."""
        columns = self.columns
        if columns["mail_from"][row] == NOBODY:
            columns["mail_from"][row] = self.names.number(mail_from)
        if not columns["rcpts"][row]:
            self._first[row], columns["rcpts"][row] = len(self._rcpts), len(rcpt_to)
            columns["rcpt_count"][row] = max(columns["rcpt_count"][row], count)
            self._rcpts.extend(rcpt_to)

    def extend(self, sends: Iterable[Send]) -> None:
        """Add some."""
        for send in sends:
            self.append(send)

    def add(self, other: Self) -> None:
        """Add another list."""
        super().add(other)
        before = len(self._rcpts)
        self._first.extend([before + first for first in other._first])
        self._rcpts.add(other._rcpts)


class Deliveries(Columns):
    """A list of recipients of deliveries, and what came of each."""

    NAMED = ("mail_from", "outcome", "path", "node")
    CODES: ClassVar = {
        **dict.fromkeys(NAMED, "i"),
        **dict.fromkeys(("ts", "offset", "line"), "q"),
        **dict.fromkeys(("is_unknown", "has_id", "has_rcpt"), "b"),
    }
    TEXTS = ("queue_id", "rcpt_to")
    PLACES = ("",)

    def __init__(self, deliveries: Iterable[Delivery] = ()) -> None:
        super().__init__()
        self.extend(deliveries)

    def __iter__(self) -> Iterator[Delivery]:
        return map(self._record, range(len(self)))

    def _record(self, row: int) -> Delivery:
        return Delivery(
            self.moment(row),
            self.queue_id(row),
            self.name("mail_from", row),
            self.rcpt_to(row),
            cast("DeliveryOutcome", self.name("outcome", row)),
            bool(self.columns["is_unknown"][row]),
            self.place(row),
        )

    def queue_id(self, row: int) -> str | None:
        """Return the id of a message."""
        return self.text("queue_id")[row] if self.columns["has_id"][row] else None

    def rcpt_to(self, row: int) -> str | None:
        """Return a recipient."""
        return self.text("rcpt_to")[row] if self.columns["has_rcpt"][row] else None

    def append(self, gone: Delivery) -> None:
        """Add one."""
        ts, queue_id, mail_from, rcpt_to, outcome, is_unknown, source = gone
        self._put(
            *(mail_from, outcome, source.path, source.node),
            *((ts - EPOCH) // MICROSECOND, source.offset, source.line),
            *(is_unknown, queue_id is not None, rcpt_to is not None, queue_id or "", rcpt_to or ""),
        )

    def extend(self, deliveries: Iterable[Delivery]) -> None:
        """Add some."""
        for gone in deliveries:
            self.append(gone)


class Roster(Sequence[Account]):
    """A list of accounts, each made when it is asked for."""

    def __init__(self, accounts: Iterable[Account] = ()) -> None:
        self._packed = bytearray()
        self._begins = array("Q")
        self._offsets = array("Q")
        self._lines = array("Q")
        self._places: dict[tuple[str, str], int] = {}
        """Each file that accounts stand in, and its node, by number."""
        for account in accounts:
            self.append(account)

    def append(self, account: Account) -> None:
        """Add an account."""
        address, usernames, aliases, is_person, source = account
        place = self._places.setdefault((source.path, source.node), len(self._places))
        self._begins.append(len(self._packed))
        self._offsets.append(source.offset)
        self._lines.append(source.line)
        self._packed += marshal.dumps((address, usernames, aliases, is_person, place))

    def __len__(self) -> int:
        return len(self._begins)

    @overload
    def __getitem__(self, at: int) -> Account: ...

    @overload
    def __getitem__(self, at: slice) -> list[Account]: ...

    def __getitem__(self, at: int | slice) -> Account | list[Account]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        begin = self._begins[at]
        with memoryview(self._packed) as packed:
            address, usernames, aliases, is_person, place = marshal.loads(packed[begin:])  # noqa: S302  see `append`
        path, node = list(self._places)[place]
        source = Locus(path, self._offsets[at], self._lines[at], node)
        return Account(address, usernames, aliases, is_person, source)
