"""Run breachkit as if one of its signals, or one rule behind them, did not exist.

Usage: `python -m tests.scale.verdicts.without NAME find-account …`; a name that is neither is refused. What a signal or
a rule is worth shows in the figures without it. Without a signal the attacking addresses are found all the same, since
that comes first; without a rule of RULES they are not.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from breachkit.__main__ import main
from breachkit.detect.accounts import judgement, roles, signals, suspects

if TYPE_CHECKING:
    from collections.abc import Callable


def _facts(**less: bool) -> Callable[[], None]:
    """Make a rule that one fact about what was sent is never held against anybody."""

    def take() -> None:
        whole = roles.facts_of
        for module in (roles, suspects):
            module.facts_of = lambda *uses: whole(*uses)._replace(**less)  # type: ignore[attr-defined]

    return take


def _answers(place: Any, name: str, answer: object) -> Callable[[], None]:
    """Make a rule that a function finds nothing."""
    return lambda: setattr(place, name, lambda *_arguments, **_options: answer)


RULES: dict[str, Callable[[], None]] = {
    "foreign": _facts(is_foreign=False),
    "to-nobody": _facts(is_to_nobody=False),
    "mass": _facts(is_mass=False),
    "many": _facts(is_many=False),
    "scattered": _facts(is_scattered=False),
    "blind": _facts(is_blind=False),
    "unanswered": _facts(is_unanswered=False),
    "guests": _answers(roles._Parting, "_is_guest", False),
    "companions": _answers(roles._Parting, "_companions", []),
    "systems": _answers(roles._Parting, "_is_system", False),
    "no-owners": _answers(roles._Parting, "_is_no_owners", False),
    "goes-with": _answers(roles, "_goes_with", False),
    "letters": _answers(suspects, "find_letters", []),
    "runs": _answers(suspects, "_runs", {}),
    "spread": _answers(suspects, "_spread", {}),
    "onset": _answers(sys.modules["breachkit.detect.accounts.activity"], "_onset", 0),
}
"""What a verdict rests on beside the signals: a name, and how it is taken away."""

SIGNALS = (
    "queue-share",
    "burst",
    "sender-not-account",
    "colleagues-names",
    "answers-elsewhere",
    "unknown-recipients",
    "random-recipients",
    "strangers",
    "new-addresses",
    "other-programme",
    "many-places",
    "attacker-addresses",
    "failures-before-entry",
    "secret-equals-name",
)


def _without(name: str) -> None:
    """Take a signal or a rule away."""
    if name in RULES:
        RULES[name]()
        return
    if name not in SIGNALS:
        sys.exit(f"no such signal or rule: {name}; known: {', '.join((*SIGNALS, *RULES))}")
    found = signals.find_signals
    judgement.find_signals = lambda held: [signal for signal in found(held) if signal.name != name]  # type: ignore[attr-defined]


if __name__ == "__main__":
    _without(sys.argv.pop(1))
    main()
