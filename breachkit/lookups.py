"""A table's column whose values are made when somebody looks at one.

Places and texts that are rarely looked at cost a table four bytes a row so: which row of the evidence they are of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import numpy as np
from pandas.api.extensions import ExtensionArray
from pandas.api.extensions import ExtensionDtype
from pandas.api.extensions import take
from pandas.api.indexers import check_array_indexer

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

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
    def construct_array_type(cls) -> type[Lookups]:
        """Name the array."""
        return Lookups


class Lookups(ExtensionArray):
    """Rows of some evidence, and what makes a value of a row; see pandas, "Extending", for what each method does."""

    def __init__(self, rows: Column, of: Callable[[int], object]) -> None:
        self._rows = rows.astype(np.int32, copy=False)
        self._of = of

    @classmethod
    def _from_sequence(cls, scalars: Iterable[object], *, dtype: object = None, copy: bool = False) -> Lookups:  # noqa: ARG003  the contract's
        values = list(scalars)
        is_missing = [value is None or value is np.nan for value in values]
        return cls(np.where(is_missing, NOTHING, np.arange(len(values))), values.__getitem__)

    @classmethod
    def _from_factorized(cls, values: Iterable[object], original: Lookups) -> Lookups:  # noqa: ARG003  the contract's
        return cls._from_sequence(values)

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[Lookups]) -> Lookups:
        first = to_concat[0]
        if all(one._of == first._of for one in to_concat):
            return cls(np.concatenate([one._rows for one in to_concat]), first._of)
        return cls._from_sequence([value for one in to_concat for value in one])

    @property
    def dtype(self) -> LookupDtype:
        return LookupDtype()

    @property
    def nbytes(self) -> int:
        return int(self._rows.nbytes)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return (None if row == NOTHING else self._of(row) for row in self._rows.tolist())

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, int | np.integer):
            row = int(self._rows[key])
            return None if row == NOTHING else self._of(row)
        return Lookups(self._rows[check_array_indexer(self, key)], self._of)

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Column:
        values = np.empty(len(self), "object")
        for place, value in enumerate(self):  # at once, numpy would make a table of tuples
            values[place] = value
        return values

    def __eq__(self, other: object) -> Any:
        others = other if isinstance(other, Lookups) else [other] * len(self)
        return np.array([one == another for one, another in zip(self, others, strict=True)], "bool")

    def isna(self) -> Any:
        return self._rows == NOTHING

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: object = None) -> Lookups:  # noqa: ARG002  the contract's
        rows = take(self._rows, np.asarray(indices), allow_fill=allow_fill, fill_value=NOTHING if allow_fill else None)
        return Lookups(rows, self._of)

    def copy(self) -> Lookups:
        return Lookups(self._rows.copy(), self._of)
