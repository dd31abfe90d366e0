"""Is a password below the policy that the administrator has set, or means to set?"""

from __future__ import annotations

from typing import NamedTuple


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
