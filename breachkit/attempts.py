"""Tries to authenticate by the 100,000, as columns: 82 bytes each, where a record with its moment and places takes 330.

A server that is guessed at for a month has millions of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

from breachkit.columns import NOBODY, Columns
from breachkit.micros import EPOCH, MICROSECOND
from breachkit.records import AuthAttempt, Locus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from breachkit.records import Outcome


@dataclass(frozen=True, slots=True)
class Places:
    """Some places in logs, one row each."""

    paths: Sequence[str]
    offsets: Sequence[int]
    lines: Sequence[int]

    def of(self, row: int) -> Locus:
        """Return one of them."""
        return Locus(self.paths[row], self.offsets[row], self.lines[row])


class Alike(NamedTuple):
    """Tries that the server answered alike, one row each."""

    ts: Sequence[int]
    """Microseconds since the epoch."""
    client_ips: Sequence[str]
    users: Sequence[str | None]
    mechanisms: Sequence[str]
    outcome: Outcome
    secrets: Sequence[bytes | None]
    distances: Sequence[int]
    """How far the secrets are from the user names; 0 where nobody looked."""
    places: Places
    begins: Places
    """Where their sessions begin."""


class Attempts(Columns):
    """A list of tries, some of which know where their sessions begin."""

    NAMED = ("service", "client_ip", "user", "mechanism", "outcome", "path", "node", "begin_path")
    CODES = {  # noqa: RUF012  a ClassVar, declared by `Columns`
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

    def append(self, tried: AuthAttempt, begin: Locus | None = None) -> None:
        """Add one."""
        service, ts, client_ip, user, mechanism, outcome, secret, source = tried
        self._put(
            (service, client_ip, user, mechanism, outcome, source.path, source.node, begin and begin.path),
            {
                "ts": (ts - EPOCH) // MICROSECOND,
                "offset": source.offset,
                "line": source.line,
                "begin_offset": 0 if begin is None else begin.offset,
                "begin_line": 0 if begin is None else begin.line,
                "secret": 0 if secret is None else int.from_bytes(secret),
                "is_seen": secret is not None,
                "distance": 0,
            },
        )

    def extend(self, tries: Iterable[AuthAttempt]) -> None:
        """Add some, without where their sessions begin."""
        for tried in tries:
            self.append(tried)

    def add_alike(self, tries: Alike) -> None:
        """Add SMTP tries a column at a time."""
        columns, number, size = self.columns, self.names.number, len(tries.ts)
        named = {"client_ip": tries.client_ips, "user": tries.users, "mechanism": tries.mechanisms}
        for name, texts in named.items():
            columns[name].extend(map(number, texts))
        for name, text in (("service", "smtp"), ("outcome", tries.outcome), ("node", "")):
            columns[name].extend((number(text),) * size)
        for kind, places in (("", tries.places), ("begin_", tries.begins)):
            columns[f"{kind}path"].extend(map(number, places.paths))
            columns[f"{kind}offset"].extend(places.offsets)
            columns[f"{kind}line"].extend(places.lines)
        columns["ts"].extend(tries.ts)
        columns["secret"].extend([0 if secret is None else int.from_bytes(secret) for secret in tries.secrets])
        columns["is_seen"].extend([secret is not None for secret in tries.secrets])
        columns["distance"].extend(tries.distances)
