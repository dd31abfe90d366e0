"""The rows of a table by account: sorted once, since a search for each of thousands of accounts would be quadratic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from breachkit.detect.visits import Column


class Slices:
    """Where the rows of each account stand."""

    def __init__(self, accounts: pd.Series[Any], chosen: Column | None = None) -> None:
        """Sort rows.

        Args:
            accounts: the account of each row; rows without one are left out.
            chosen: the rows that count, all when None.
        """
        codes, names = pd.factorize(accounts)
        rows = np.flatnonzero(codes >= 0 if chosen is None else (codes >= 0) & chosen)
        ordered = np.argsort(codes[rows], kind="stable")
        self.order = rows[ordered].astype(np.int32)
        """The rows, those of one account together, each in its order."""
        self._names = {str(name): number for number, name in enumerate(names)}
        self._bounds = np.searchsorted(codes[self.order], np.arange(len(names) + 1))

    def of(self, account: str) -> slice:
        """Tell which part of the order an account has."""
        number = self._names.get(account)
        return slice(0, 0) if number is None else slice(*self._bounds[number : number + 2].tolist())
