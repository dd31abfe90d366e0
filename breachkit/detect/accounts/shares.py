"""A share of few is no share: the bound that a signal over shares has to pass.

A signal over shares needs the lower end of the 95 % interval of Wilson (E. B. Wilson, JASA 22, 1927, 209-212) above its
threshold, so that six of six say less than sixty of a hundred.
"""

from __future__ import annotations

from math import sqrt

Z = 1.96


def lower_bound(hits: int, tried: int) -> float:
    """Return the lower end of the interval of a share; 0 where nothing was tried."""
    if tried <= 0 or hits <= 0:
        return 0.0
    share, spread = min(hits / tried, 1.0), Z * Z / tried
    middle = share + spread / 2
    return (middle - Z * sqrt(share * (1 - share) / tried + spread / (4 * tried))) / (1 + spread)
