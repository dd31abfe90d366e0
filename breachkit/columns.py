"""Rows by the 100,000 kept as columns of numbers; what repeats is kept once and numbered.

A record with its moment and places takes several hundred bytes, its numbers less than a hundred. A record is made of
them again when somebody looks at it.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, ClassVar, Self, cast

from breachkit.micros import EPOCH, MICROSECOND
from breachkit.records import Locus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

NOBODY = -1
"""The number of a name that is not known."""


class Names:
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
    PLACES: ClassVar[tuple[str, ...]]
    """What the columns of each place begin with: there are four, `path`, `offset`, `line`, `node`, or only some."""

    def __init__(self, names: Names | None = None) -> None:
        """Begin without rows, with names of their own unless others share them."""
        self.names = Names() if names is None else names
        self.columns: dict[str, array[int]] = {name: array(code) for name, code in self.CODES.items()}
        """Moments in microseconds since the epoch, places, counts; what is named by its number in `names`."""

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
        path, node = (cast("str", self.name(kind + name, row)) for name in ("path", "node"))
        return Locus(path, self.columns[kind + "offset"][row], self.columns[kind + "line"][row], node)

    def _put(self, named: Sequence[str | None], numbers: tuple[int, ...]) -> None:
        """Add one row: what it has in the columns of names, and in the others, in the order of `CODES`."""
        number = self.names.number
        for column, value in zip(self.columns.values(), (*map(number, named), *numbers), strict=True):
            column.append(value)

    def add(self, other: Self) -> None:
        """Add other rows."""
        import numpy as np  # noqa: PLC0415  who adds up parts of logs has it; who only names a try must not wait for it

        numbers = [*map(self.names.number, other.names.texts), NOBODY]  # the last one, so that -1 stays itself
        renumbered = np.array(numbers, "i")
        for name, column in other.columns.items():
            if name in self.NAMED:
                self.columns[name].frombytes(renumbered[np.frombuffer(column, "i")].tobytes())
            else:
                self.columns[name].extend(column)

    def clear(self) -> None:
        """Forget all."""
        self.__init__()  # type: ignore[misc]


class Texts:
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

    def append(self, text: str) -> None:
        """Add one."""
        self._bytes += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))

    def add(self, other: Texts) -> None:
        """Add another list."""
        before = len(self._bytes)
        self._bytes += other._bytes
        self._ends.extend([before + end for end in other._ends])
