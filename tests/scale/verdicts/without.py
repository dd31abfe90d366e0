"""Run breachkit as if one of its signals did not exist: `python -m tests.scale.verdicts.without SIGNAL find-account …`.

What a signal is worth shows in the figures without it; the attacking addresses are found before any signal is asked.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from breachkit.__main__ import main
from breachkit.detect.accounts import judgement
from breachkit.detect.accounts.signals import find_signals

if TYPE_CHECKING:
    from breachkit.detect.accounts.signals import Held
    from breachkit.detect.findings import Signal


def _without(name: str) -> None:
    """Take a signal away."""

    def fewer(held: Held) -> list[Signal]:
        return [signal for signal in find_signals(held) if signal.name != name]

    setattr(judgement, "find_signals", fewer)  # noqa: B010  the name is imported there, not exported


if __name__ == "__main__":
    _without(sys.argv.pop(1))
    main()
