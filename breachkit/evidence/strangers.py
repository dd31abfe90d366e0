"""User names that no account is known by: people type their password there, so they do not leave the machine as typed.

On the node a fingerprint takes their place. Another node may know the name, and whoever stitches with the same key
finds it again; what nobody knows is numbered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from breachkit.records import Account, AuthAttempt, Message
    from breachkit.text.sasl import Fingerprints

HIDDEN = "\0"
"""What begins a fingerprint in the place of a user name; no user name that is read has it."""


class KnownNames(NamedTuple):
    """The names that accounts are known by."""

    names: frozenset[str]

    def has(self, typed: str) -> bool:
        """Tell whether a name as typed is an account's."""
        return spelled(typed) in self.names


def known_names(
    attempts: Iterable[AuthAttempt],
    messages: Iterable[Message],
    accounts: Iterable[Account],
) -> KnownNames:
    """Collect the names that were exported, seen to come in, or are the senders of queued messages."""
    names = {spelled(one.user) for one in attempts if one.user is not None and one.outcome == "success"}
    names |= {spelled(message.auth_user) for message in messages if message.auth_user is not None}
    for account in accounts:
        names |= {account.address, *account.usernames, *account.aliases}
    return KnownNames(frozenset(names | {name.rpartition("@")[0] for name in names if "@" in name}))


def hide_strangers(attempts: Iterable[AuthAttempt], known: KnownNames, fingerprints: Fingerprints) -> list[AuthAttempt]:
    """Put a fingerprint in the place of each user name that is not known."""
    return [
        one
        if one.user is None or known.has(one.user)
        else one._replace(user=HIDDEN + fingerprints.of(spelled(one.user)).hex())
        for one in attempts
    ]


def name_strangers(attempts: Iterable[AuthAttempt], known: KnownNames, fingerprints: Fingerprints) -> list[AuthAttempt]:
    """Name again what another node knows; number what nobody does, in order of time and place."""
    attempts = list(attempts)
    plain = {spelled(one.user) for one in attempts if one.user is not None and not one.user.startswith(HIDDEN)}
    named = {HIDDEN + fingerprints.of(name).hex(): name for name in known.names | plain}
    hidden = [one for one in attempts if one.user is not None and one.user.startswith(HIDDEN)]
    first_seen = dict.fromkeys(one.user for one in sorted(hidden, key=lambda one: (one.ts, one.source)))
    nobody = [user for user in first_seen if user not in named]
    named.update((user, f"unknown name {number}") for number, user in enumerate(nobody, 1) if user is not None)
    return [one._replace(user=named[one.user]) if one.user in named else one for one in attempts]
