"""Tries to authenticate by the 100,000, as columns: 82 bytes each, where a record with its moment and places takes 330.

What repeats (addresses, user names, mechanisms, logs) is kept once and numbered. A server that is guessed at for a
month has millions of them.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import TYPE_CHECKING
from typing import NamedTuple
from typing import cast

from breachkit.records import AuthAttempt
from breachkit.records import Locus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from breachkit.records import Outcome

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NOBODY = -1
"""The number of a name that is not known."""

_COLUMNS = {
    **dict.fromkeys(("service", "client_ip", "user", "mechanism", "outcome", "path", "node", "begin_path"), "i"),
    **dict.fromkeys(("ts", "offset", "line", "begin_offset", "begin_line"), "q"),
    "secret": "Q",
    **dict.fromkeys(("is_seen", "distance"), "b"),
}
_NAMED = ("service", "client_ip", "user", "mechanism", "outcome", "path", "node", "begin_path")


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


class Attempts:
    """A list of tries, some of which know where their sessions begin."""

    def __init__(self, tries: Iterable[AuthAttempt] = ()) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}
        self.columns: dict[str, array[int]] = {name: array(code) for name, code in _COLUMNS.items()}
        """Moments in microseconds since the epoch, places, fingerprints; what is named by its number in `names`."""
        self.extend(tries)

    def __len__(self) -> int:
        return len(self.columns["ts"])

    def __iter__(self) -> Iterator[AuthAttempt]:
        return map(self._record, range(len(self)))

    def _record(self, row: int) -> AuthAttempt:
        service, client_ip, user, mechanism, outcome = (self._name(name, row) for name in _NAMED[:5])
        secret = self.columns["secret"][row].to_bytes(8) if self.columns["is_seen"][row] else None
        ts = EPOCH + self.columns["ts"][row] * MICROSECOND
        return AuthAttempt(service, ts, client_ip, user, mechanism, outcome, secret, self.place(row))  # type: ignore[arg-type]

    def _name(self, column: str, row: int) -> str | None:
        number = self.columns[column][row]
        return None if number == NOBODY else self.names[number]

    def place(self, row: int) -> Locus:
        """Tell where a try stands."""
        path, node = (cast("str", self._name(name, row)) for name in ("path", "node"))
        return Locus(path, self.columns["offset"][row], self.columns["line"][row], node)

    def session_of(self) -> dict[Locus, Locus]:
        """Tell of each try that came in where its session begins, where that is known."""
        columns = self.columns
        won = self._numbers.get("success")
        return {
            self.place(row): Locus(
                self.names[path], columns["begin_offset"][row], columns["begin_line"][row], self.place(row).node
            )
            for row, (outcome, path) in enumerate(zip(columns["outcome"], columns["begin_path"], strict=True))
            if outcome == won and path != NOBODY
        }

    def append(self, tried: AuthAttempt, begin: Locus | None = None) -> None:
        """Add one."""
        service, ts, client_ip, user, mechanism, outcome, secret, source = tried
        named = (service, client_ip, user, mechanism, outcome, source.path, source.node, begin and begin.path)
        at = (source.offset, source.line, *((begin.offset, begin.line) if begin is not None else (0, 0)))
        columns = self.columns
        for name, text in zip(_NAMED, named, strict=True):
            columns[name].append(self._number(text))
        for name, number in zip(("offset", "line", "begin_offset", "begin_line"), at, strict=True):
            columns[name].append(number)
        columns["ts"].append((ts - EPOCH) // MICROSECOND)
        columns["secret"].append(0 if secret is None else int.from_bytes(secret))
        columns["is_seen"].append(secret is not None)
        columns["distance"].append(0)

    def _number(self, name: str | None) -> int:
        if name is None:
            return NOBODY
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.names)
            self.names.append(name)
        return number

    def extend(self, tries: Iterable[AuthAttempt]) -> None:
        """Add some, without where their sessions begin."""
        for tried in tries:
            self.append(tried)

    def add_alike(self, tries: Alike) -> None:
        """Add SMTP tries a column at a time."""
        columns, number, size = self.columns, self._number, len(tries.ts)
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

    def add(self, other: Attempts) -> None:
        """Add another list."""
        import numpy as np  # noqa: PLC0415  who adds up parts of logs has it; who only names a try must not wait for it

        numbers = np.array([*map(self._number, other.names), NOBODY], "i")  # the last so that NOBODY stays itself
        for name, column in other.columns.items():
            if name in _NAMED:
                self.columns[name].frombytes(numbers[np.frombuffer(column, "i")].tobytes())
            else:
                self.columns[name].extend(column)

    def clear(self) -> None:
        """Forget all."""
        self.__init__()  # type: ignore[misc]

    def move_down(self, path: str, lines: int) -> None:
        """Add to the numbers of the lines of one log how many stand before those that were read."""
        import numpy as np  # noqa: PLC0415  as above

        moved = self._numbers.get(path, NOBODY - 1)
        for kind in ("", "begin_"):
            paths, numbers = (
                np.frombuffer(self.columns[f"{kind}{name}"], "iq"[name == "line"]) for name in ("path", "line")
            )
            self.columns[f"{kind}line"] = array("q", (numbers + lines * (paths == moved)).astype("q").tobytes())
