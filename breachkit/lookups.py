"""A table's column whose values are made when somebody looks at one.

Places and texts that are rarely looked at cost a table four bytes a row so: which row of the evidence they are of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from pandas.api.extensions import ExtensionArray, ExtensionDtype, take
from pandas.api.indexers import check_array_indexer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Column = np.ndarray[Any, np.dtype[Any]]

NOTHING = -1
"""The row of a value that is missing."""


class LookupDtype(ExtensionDtype):
    """The type of such a column."""

    name = "lookup"
    type = object
    kind = "O"
    na_value = None

    @classmethod
    def construct_array_type(cls) -> Any:
        """Name the array."""
        return Lookups


class Lookups(ExtensionArray):
    """Rows of some evidence, and what makes a value of a row; see pandas, "Extending", for what each method does."""

    def __init__(self, rows: Column, of: Callable[[int], object]) -> None:
        self.rows = rows.astype(np.int32, copy=False)
        self.of = of

    @classmethod
    def _from_sequence(cls, scalars: Iterable[object], *, dtype: object = None, copy: bool = False) -> Lookups:  # noqa: ARG003  the contract's
        values = list(scalars)
        is_missing = [value is None or isinstance(value, float) for value in values]
        return cls(np.where(is_missing, NOTHING, np.arange(len(values))), values.__getitem__)

    @classmethod
    def _from_factorized(cls, values: Iterable[object], original: Lookups) -> Lookups:  # noqa: ARG003  the contract's
        return cls._from_sequence(values)

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[Lookups]) -> Lookups:
        first = to_concat[0]
        if all(one.of == first.of for one in to_concat):
            return cls(np.concatenate([one.rows for one in to_concat]), first.of)
        return cls._from_sequence([value for one in to_concat for value in one])

    @property
    def dtype(self) -> LookupDtype:
        """Its type."""
        return LookupDtype()

    @property
    def nbytes(self) -> int:
        """Bytes of the rows."""
        return int(self.rows.nbytes)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Any]:
        return (None if row == NOTHING else self.of(row) for row in self.rows.tolist())

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, int | np.integer):
            row = int(self.rows[key])
            return None if row == NOTHING else self.of(row)
        return Lookups(self.rows[check_array_indexer(self, key)], self.of)

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Column:
        values = np.empty(len(self), "object")
        for place, value in enumerate(self):  # at once, numpy would make a table of tuples
            values[place] = value
        return values

    def __eq__(self, other: object) -> Any:
        others = other if isinstance(other, Lookups) else [other] * len(self)
        return np.array([one == another for one, another in zip(self, others, strict=True)], "bool")

    def __hash__(self) -> int:
        raise TypeError("a column is compared row by row")

    def isna(self) -> Any:
        """Tell which values are missing."""
        return self.rows == NOTHING

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: object = None) -> Lookups:  # noqa: ARG002  the contract's
        """Choose rows; with `allow_fill` -1 is one that is missing."""
        fill = NOTHING if allow_fill else None
        rows: Any = take(self.rows, np.asarray(indices), allow_fill=allow_fill, fill_value=fill)
        return Lookups(rows, self.of)

    def copy(self) -> Lookups:
        """Copy the rows."""
        return Lookups(self.rows.copy(), self.of)
