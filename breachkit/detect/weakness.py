"""Was the secret that came in a name of the account? Told by fingerprint, never by the secret itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.detect.names import spelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable

    from breachkit.detect.names import Directory

Weakness = str
"""`equals-username`, `equals-alias`, `username-variant` or `alias-variant`."""


def weakness_of(
    account: str,
    typed: Iterable[str],
    secrets: Iterable[bytes],
    directory: Directory,
    fingerprint: Callable[[str], bytes],
) -> Weakness | None:
    """Name how the secrets of an account relate to its names; None when they do not.

    Args:
        account: its address.
        typed: user names under which it came in.
        secrets: fingerprints of the secrets that came in.
        directory: who answers to which name.
        fingerprint: how the secrets were fingerprinted in this run.
    """
    usernames, aliases = directory.names_of(account)
    bare = {name.strip() for name in typed if "@" not in name and spelled(name) not in aliases}
    candidates: dict[bytes, Weakness] = {}
    for weakness, names in (("equals-username", {*usernames, *bare}), ("equals-alias", {*aliases})):
        for name in sorted(names):
            candidates.setdefault(fingerprint(name), weakness)
    for weakness, names in (("username-variant", {*usernames, *bare}), ("alias-variant", {*aliases})):
        for name in sorted(names):
            for variant in (name.lower(), name.upper(), name.capitalize(), name.title(), name[::-1]):
                candidates.setdefault(fingerprint(variant), weakness)
    found = [candidates[secret] for secret in secrets if secret in candidates]
    return min(found, key=_ORDER.index, default=None)


_ORDER = ["equals-username", "equals-alias", "username-variant", "alias-variant"]
