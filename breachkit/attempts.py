"""Tries to authenticate by the 100,000, as columns: 82 bytes each, where a record with its moment and places takes 330.

A server that is guessed at for a month has millions of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from breachkit.columns import NOBODY, Columns
from breachkit.micros import EPOCH, MICROSECOND
from breachkit.records import AuthAttempt, Locus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from breachkit.records import Outcome


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

    def append(self, tried: AuthAttempt, begin: Locus | tuple[str, int, int] | None = None, distance: int = 0) -> None:
        """Add one, with where its session begins and how far its secret is from the user name."""
        service, ts, client_ip, user, mechanism, outcome, secret, source = tried
        self._put(
            (service, client_ip, user, mechanism, outcome, source.path, source.node, begin and begin[0]),
            (
                *((ts - EPOCH) // MICROSECOND, source.offset, source.line),
                *((0, 0) if begin is None else begin[1:3]),
                *(0 if secret is None else int.from_bytes(secret), secret is not None, distance),
            ),
        )

    def extend(self, tries: Iterable[AuthAttempt]) -> None:
        """Add some, without where their sessions begin."""
        for tried in tries:
            self.append(tried)
