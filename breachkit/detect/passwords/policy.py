"""Is a password below the policy that the administrator has set, or means to set?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.detect.hardening import number_of
from breachkit.evidence.exports import read_settings
from breachkit.evidence.where import check_file

if TYPE_CHECKING:
    from pathlib import Path

    from breachkit.evidence.books import Books
    from breachkit.evidence.where import Where


class Policy(NamedTuple):
    """The least a password must have; 0 asks for nothing."""

    length: int = 0
    digits: int = 0
    signs: int = 0
    letters: int = 0
    capitals: int = 0

    @property
    def is_set(self) -> bool:
        """True when it asks for anything."""
        return any(self)

    def stricter(self, other: Policy) -> Policy:
        """Return the stricter of two, rule by rule."""
        return Policy(*map(max, self, other))


NO_POLICY = Policy()
"""Asks for nothing."""


def read_policy(where: Where, path: Path, books: Books) -> Policy:
    """Read the policy of a file of settings; where a rule is given twice, the stricter. Raises BreachkitError."""
    check_file("--policy", path)
    policy = Policy()
    for setting in read_settings(where, path, books):
        rule = where.guide.policy.get(setting.name.lower())
        number = None if rule is None else number_of(setting.value)
        if rule is not None and number is not None:
            policy = policy.stricter(policy._replace(**{rule: int(number)}))
    return policy


def is_below(secret: str, policy: Policy) -> bool:
    """Tell whether a password breaks a rule of the policy."""
    had = Policy(
        length=len(secret),
        digits=sum(sign.isdigit() for sign in secret),
        signs=sum(not sign.isalnum() for sign in secret),
        letters=sum(sign.isalpha() for sign in secret),
        capitals=sum(sign.isupper() for sign in secret),
    )
    return any(has < wants for has, wants in zip(had, policy, strict=True))
