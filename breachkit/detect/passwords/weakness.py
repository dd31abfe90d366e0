"""The classes of guessable passwords, worst first, and which of them names explain.

One rule set for both who holds the password (`weak-passwords`) and who holds only its fingerprint
(`find-account`): the first undoes what people do to a name, the second does it to every name; then both say
what a name that was found means here.
"""

from __future__ import annotations

import itertools
import string
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, get_args

from breachkit.detect.passwords.variants import NO_LETTERS, SHIFTS, candidates, is_conceivable, sources_of
from breachkit.detect.passwords.vocabulary import fold, names_of_address, vocabulary_of
from breachkit.spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from breachkit.detect.names import Directory
    from breachkit.detect.passwords.vocabulary import AccountNames, Vocabulary

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

IN_PASSING = 300
"""Variants of its names tried on the secret of an account that nobody entered: there may be thousands of those."""

NEAR, UNLIKELY, FAR = 0, 1, 2
_ENOUGH = 3
"""Letters and digits of a name that has more than `IN_PASSING` variants without a word behind it."""

_ENDINGS = "iesdng"
"""Letters of what `candidates` puts behind a word, or in the place of a `y`, among the first variants."""

_STAND_INS = "013457"
"""Digits that `candidates` puts in the place of letters."""

_VARIANTS: tuple[Weakness, ...] = ("username-variant", "alias-variant", "name-variant", "domain-variant")


def weaknesses_by_name(secret: str, names: AccountNames, vocabulary: Vocabulary | None = None) -> list[Weakness]:
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


def weakness_of(
    account: str,
    typed: Iterable[str],
    secrets: Iterable[bytes],
    directory: Directory,
    fingerprint: Callable[[str], bytes],
    depth: int | None = None,
    far: Mapping[bytes, int] | None = None,
) -> Weakness | None:
    """Name how the secrets of an account relate to its names; None when they do not.

    Args:
        account: its address.
        typed: user names under which it came in.
        secrets: fingerprints of the secrets that came in.
        directory: who answers to which name.
        fingerprint: how the secrets were fingerprinted in this run.
        depth: candidates to try, all when None (tens of thousands: 50 ms an account).
        far: how far the secrets are from a user name typed with them, see `distance_of`; what is not here may be near.
    """
    usernames, aliases = directory.names_of(account)
    bare = sorted({name.strip() for name in typed if "@" not in name and spelled(name) not in aliases})
    names = names_of_address(account, dict.fromkeys((*usernames, *bare)), aliases, "")
    wanted = set(secrets)
    if far and _is_spelled_out(names, typed):
        least = UNLIKELY if depth is not None and depth <= IN_PASSING else FAR
        wanted -= {secret for secret, distance in far.items() if distance >= least}
    if not wanted:
        return None
    vocabulary = vocabulary_of(names)
    found: set[Weakness] = set()
    for made in itertools.islice(candidates(names, vocabulary), depth):
        if fingerprint(made) in wanted:
            found.update(weaknesses_by_name(made, names, vocabulary)[:1])
    return min(found, key=WEAKNESSES.index, default=None)


def _is_spelled_out(names: AccountNames, typed: Iterable[str]) -> bool:
    """Tell whether no name of an account has a letter that is not in every user name typed for it."""
    letters = set("".join((*names.usernames, *names.aliases, names.full_name, names.domain)))
    return all(letters.issubset(fold(name)) for name in typed)


def distance_of(typed: str, secret: str) -> int:
    """Return at a glance how far a secret is from the user name typed with it.

    The answer is one of three numbers, made where the secret was read: its letters go nowhere.

    Returns:
        `FAR` when nothing that `candidates` makes of the name is the secret and says something of it, `UNLIKELY` when
        none of its first `IN_PASSING` variants is, else `NEAR`. These add no letter but those of some endings, unless
        a hand sat one or two keys too far to the right or left, and between letters no digit but those that stand
        for one.
    """
    if not (typed.isascii() and secret.isascii()):
        return NEAR
    if not is_conceivable(secret, typed + " "):
        return FAR
    held = "".join(filter(str.isalnum, secret.lower().strip(NO_LETTERS)))
    return NEAR if any(not held.strip(letters) for letters in _letters_near(typed.lower())) else UNLIKELY


@lru_cache(maxsize=1 << 14)
def _letters_near(typed: str) -> tuple[str, ...]:
    """Return the signs of a user name with those that are added inside, and as each shifted hand types them."""
    few = string.ascii_lowercase + string.digits if len(set(filter(str.isalnum, typed))) < _ENOUGH else ""
    return "".join({*typed, *_ENDINGS, *_STAND_INS, *few}), *(typed.translate(table) for table in SHIFTS)
