"""The accounts of an export, a hundred bytes each: a million of them as records would take 600 MB."""

from __future__ import annotations

import marshal
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from breachkit.records import Account, Locus

if TYPE_CHECKING:
    from collections.abc import Iterable


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
