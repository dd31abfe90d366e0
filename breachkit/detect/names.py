"""Who is meant by a user name as typed: bare name, alias, `user%domain`, `user/domain`, any case."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from breachkit.spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from breachkit.records import Account


class Resolved(NamedTuple):
    """An account, or a name as typed with the accounts it may mean."""

    account: str
    candidates: tuple[str, ...] = ()


class Directory:
    """The accounts of a server and the names they answer to."""

    def __init__(self, accounts: Sequence[Account], names: Iterable[str] = ()) -> None:
        """Make a directory.

        Args:
            accounts: from an export.
            names: what the server itself calls accounts (LocalSender, a successful login): addresses and bare names.
        """
        names = {spelled(name) for name in names}
        self._accounts = accounts
        self._index = _Index(accounts)
        self._seen: dict[str, set[str]] = {}
        known = {name for name in names if "@" in name and not self._owners(name)}
        for address in sorted(known, key=len):  # a tagged one is another's where that other is seen too
            if not self._owners(address):
                self._seen[address] = {address}
        # without an export a bare name is an account only where there is one domain it can belong to
        if not self._accounts and len({address.partition("@")[2] for address in known}) == 1:
            for address in known:
                self._seen.setdefault(address.partition("@")[0], set()).add(address)
        self.domains = self._index.domains | {address.rpartition("@")[2] for address in known}
        """The domains that have accounts."""
        self._known = names | {address.rpartition("@")[0] for address in known}

    def _owners(self, name: str) -> set[str]:
        """List the accounts that answer to a name; to `anna+news@…` (RFC 5233) Anna does where nobody else does."""
        named = {account.address for account in self._named(name) if name in _answers_to(account)}
        owners = named | self._seen.get(name, set())
        local, tagged, rest = name.partition("+")
        return owners or (self._owners(f"{local}@{rest.rpartition('@')[2]}") if tagged and "@" in rest else owners)

    def _named(self, name: str) -> Iterator[Account]:
        """Yield the accounts of the export that may have a name."""
        return (self._accounts[number] for number in self._index.find(name))

    def is_known(self, typed: str) -> bool:
        """Tell whether a name as typed is an account's: exported, a LocalSender, or one that logged in.

        Any other name may be a password that was typed in the wrong place, an address of the house too.
        """
        name = spelled(typed)
        if name in self._known or name in self._seen or self._of_windows(name):
            return True
        return any(name in _known_by(account) for account in self._named(name))

    def resolve(self, typed: str) -> Resolved:
        """Name the account that a user name means; never by chance."""
        name = spelled(typed)
        owners = self._owners(name) or self._of_windows(name)
        if name in owners or not owners:
            return Resolved(name)
        if len(owners) == 1:
            return Resolved(next(iter(owners)))
        return Resolved(name, tuple(sorted(owners)))

    def _of_windows(self, name: str) -> set[str]:
        r"""Find the accounts that `DOMAIN\user` or `DOMAIN/user` may mean: of a domain called so, else of all."""
        house, found, local = name.replace("/", "\\").rpartition("\\")
        if not found:
            return set()
        owners = self._owners(local) or {
            *(account.address for account in self._named(local) if local in _known_by(account)),
            *(one for one in self._seen if "@" in one and one.partition("@")[0] == local),
        }
        called = {one for one in owners if house in {one.rpartition("@")[2], one.rpartition("@")[2].partition(".")[0]}}
        return called or owners

    def names_of(self, address: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the user names and the aliases (its address among them) of an account, lower case."""
        account = next((account for account in self._named(address) if account.address == address), None)
        local = address.partition("@")[0]
        if account is None:
            return (local,), (address,)
        usernames = tuple(dict.fromkeys(account.usernames))
        aliases = dict.fromkeys((*account.aliases, local, address))
        return usernames, tuple(alias for alias in aliases if alias not in usernames)

    def is_own(self, address: str, mail_from: str) -> bool:
        """Tell whether an account may call itself so: its address, one of its aliases, its bare name."""
        if mail_from == address or address in self._owners(mail_from):
            return True
        return "@" not in address and mail_from.partition("@")[0] == address


def _answers_to(account: Account) -> set[str]:
    """List the names that mean an account: each bare one at its domain, too."""
    local, _, domain = account.address.partition("@")
    bare = {name for name in (local, *account.usernames, *account.aliases) if "@" not in name}
    return {account.address, *account.usernames, *account.aliases, *bare, *(f"{name}@{domain}" for name in bare)}


def _known_by(account: Account) -> set[str]:
    """List the names that an account is known by, if not meant by: those before the `@` of an address, too."""
    names = _answers_to(account)
    return names | {name.rpartition("@")[0] for name in names if "@" in name}


class _Index:
    """Which accounts may have a name: by its hash, 12 bytes a name, where a dictionary of names takes 170."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        hashes, numbers, domains = array("q"), array("L"), set()
        for number, account in enumerate(accounts):
            for name in _known_by(account):
                hashes.append(hash(name))
                numbers.append(number)
                if "@" in name:
                    domains.add(name.rpartition("@")[2])
        self.domains = frozenset(domains)
        self._hashes, self._numbers = hashes, numbers
        if hashes:
            import numpy as np  # who asks for one name of no export needs none

            order = np.argsort(np.frombuffer(hashes, np.int64), kind="stable")
            self._hashes = array("q", np.frombuffer(hashes, np.int64)[order].tobytes())
            self._numbers = array("L", np.frombuffer(numbers, numbers.typecode)[order].tobytes())

    def find(self, name: str) -> Iterator[int]:
        """Yield the numbers of the accounts that may have a name, the last first."""
        wanted = hash(name)
        begin, end = bisect_left(self._hashes, wanted), bisect_right(self._hashes, wanted)
        return reversed(self._numbers[begin:end])
