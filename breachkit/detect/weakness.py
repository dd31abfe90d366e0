"""The classes of guessable passwords, worst first, and which of them names explain.

One rule set for both who holds the password (`weak-passwords`) and who holds only its fingerprint
(`find-account`): the first undoes what people do to a name, the second does it to every name; then both say
what a name that was found means here.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING
from typing import Literal
from typing import get_args

from breachkit.detect.candidates import candidates
from breachkit.detect.names import spelled
from breachkit.detect.undoing import is_conceivable
from breachkit.detect.undoing import sources_of
from breachkit.detect.vocabulary import names_of_address
from breachkit.detect.vocabulary import vocabulary_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable

    from breachkit.detect.names import Directory
    from breachkit.detect.vocabulary import Names
    from breachkit.detect.vocabulary import Vocabulary

Weakness = Literal[
    "blank",
    "equals-username",
    "equals-alias",
    "username-variant",
    "alias-variant",
    "name-variant",
    "domain-variant",
    "common",
    "breached",
    "shared",
    "below-policy",
]
WEAKNESSES: tuple[Weakness, ...] = get_args(Weakness)
"""Worst first."""

_VARIANTS: tuple[Weakness, ...] = ("username-variant", "alias-variant", "name-variant", "domain-variant")


def weaknesses_by_name(secret: str, names: Names, vocabulary: Vocabulary | None = None) -> list[Weakness]:
    """Name how a password comes from the names of its account, worst first; empty when it does not.

    A password that *is* a name is that and nothing else; equal but for case is a variant.
    """
    if secret in names.usernames:
        return ["equals-username"]
    local, _, domain = secret.rpartition("@")
    if secret in names.aliases or (domain == names.domain and local in names.usernames + names.aliases and local):
        return ["equals-alias"]
    if not is_conceivable(secret, " ".join((*names.usernames, *names.aliases, names.full_name, names.domain))):
        return []
    found = sources_of(secret, vocabulary or vocabulary_of(names))
    return [weakness for bit, weakness in enumerate(_VARIANTS) if found >> bit & 1]


def weakness_of(  # noqa: PLR0913, PLR0917  what came in, and all it may be held against
    account: str,
    typed: Iterable[str],
    secrets: Iterable[bytes],
    directory: Directory,
    fingerprint: Callable[[str], bytes],
    depth: int | None = None,
) -> Weakness | None:
    """Name how the secrets of an account relate to its names; None when they do not.

    Args:
        account: its address.
        typed: user names under which it came in.
        secrets: fingerprints of the secrets that came in.
        directory: who answers to which name.
        fingerprint: how the secrets were fingerprinted in this run.
        depth: candidates to try, all when None (tens of thousands: 50 ms an account).
    """
    usernames, aliases = directory.names_of(account)
    bare = sorted({name.strip() for name in typed if "@" not in name and spelled(name) not in aliases})
    names = names_of_address(account, dict.fromkeys((*usernames, *bare)), aliases, "")
    vocabulary = vocabulary_of(names)
    wanted = set(secrets)
    found: set[Weakness] = set()
    for made in itertools.islice(candidates(names, vocabulary), depth) if wanted else ():
        if fingerprint(made) in wanted:
            found.update(weaknesses_by_name(made, names, vocabulary)[:1])
    return min(found, key=WEAKNESSES.index, default=None)
