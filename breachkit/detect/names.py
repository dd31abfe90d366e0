"""Who is meant by a user name as typed: bare name, alias, `user%domain`, `user/domain`, any case."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from breachkit.records import Account


class Resolved(NamedTuple):
    """An account, or a name as typed with the accounts it may mean."""

    account: str
    candidates: tuple[str, ...] = ()


class Directory:
    """The accounts of a server and the names they answer to."""

    def __init__(self, accounts: Iterable[Account], names: Iterable[str] = ()) -> None:
        """Make a directory.

        Args:
            accounts: from an export.
            names: what the server itself calls accounts (LocalSender, a successful login): addresses and bare names.
        """
        names = {spelled(name) for name in names}
        self._accounts = {account.address: account for account in accounts}
        self._owners: dict[str, set[str]] = {}
        for account in self._accounts.values():
            domain = account.address.partition("@")[2]
            for name in (account.address, account.address.partition("@")[0], *account.usernames, *account.aliases):
                self._own(name, account.address)
                if "@" not in name:
                    self._own(f"{name}@{domain}", account.address)
        known = {name for name in names if "@" in name} - set(self._owners)
        for address in known:
            self._own(address, address)
        # without an export a bare name is an account only where there is one domain it can belong to
        if not self._accounts and len({address.partition("@")[2] for address in known}) == 1:
            for address in known:
                self._own(address.partition("@")[0], address)

        whole = {name for name in self._owners if "@" in name}
        self.domains = frozenset(name.rpartition("@")[2] for name in whole)
        """The domains that have accounts."""
        self._known = names | {name.rpartition("@")[0] for name in whole}

    def _own(self, name: str, address: str) -> None:
        self._owners.setdefault(name, set()).add(address)

    def is_known(self, typed: str) -> bool:
        """Tell whether a name as typed is an account's: exported, a LocalSender, or one that logged in.

        Any other name may be a password that was typed in the wrong place, an address of the house too.
        """
        name = spelled(typed)
        return name in self._owners or name in self._known

    @property
    def is_export(self) -> bool:
        """True when an export of accounts was read."""
        return bool(self._accounts)

    def resolve(self, typed: str) -> Resolved:
        """Name the account that a user name means; never by chance."""
        name = spelled(typed)
        owners = self._owners.get(name, set())
        if name in owners or not owners:
            return Resolved(name)
        if len(owners) == 1:
            return Resolved(next(iter(owners)))
        return Resolved(name, tuple(sorted(owners)))

    def names_of(self, address: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the user names and the aliases (its address among them) of an account, lower case."""
        account = self._accounts.get(address)
        local = address.partition("@")[0]
        if account is None:
            return (local,), (address,)
        usernames = tuple(dict.fromkeys(account.usernames))
        aliases = dict.fromkeys((*account.aliases, local, address))
        return usernames, tuple(alias for alias in aliases if alias not in usernames)

    def is_own(self, address: str, mail_from: str) -> bool:
        """Tell whether an account may call itself so: its address, one of its aliases, its bare name."""
        if mail_from == address or address in self._owners.get(mail_from, ()):
            return True
        return "@" not in address and mail_from.partition("@")[0] == address


def spelled(typed: str) -> str:
    """Spell a user name as an address where it is one: lower case, `%` and `/` read as `@`."""
    name = typed.strip().lower()
    if "@" not in name:
        for sign in "%/":
            local, found, domain = name.rpartition(sign)
            if found and local and "." in domain:
                return f"{local}@{domain}"
    return name
