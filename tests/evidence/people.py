"""The people of a story: accounts, the machines they use, and what they type to get in."""

from __future__ import annotations

from typing import NamedTuple

from .knobs import Auth


class Account(NamedTuple):
    address: str
    secret: str
    name: str = ""
    aliases: tuple[str, ...] = ()
    weak: str | None = None
    """The class of a secret that is weak by the story's own choice."""
    kind: int = 0
    """IceWarp's u_type: 0 is a person."""

    @property
    def user(self) -> str:
        return self.address.partition("@")[0]

    @property
    def domain(self) -> str:
        return self.address.partition("@")[2]


class Machine(NamedTuple):
    ip: str
    helo: str


class Login(NamedTuple):
    typed: str
    secret: str
    mechanism: Auth = Auth.LOGIN
    hostile: bool = False


def full(account: Account) -> str:
    return account.address


def bare(account: Account) -> str:
    return account.user


def shouted(account: Account) -> str:
    return account.address.upper()


def percent(account: Account) -> str:
    return f"{account.user}%{account.domain}"


def slash(account: Account) -> str:
    return f"{account.user}/{account.domain}"


def alias(account: Account) -> str:
    return account.aliases[0]


def login(account: Account, mechanism: Auth = Auth.LOGIN, typed: str = "") -> Login:
    """Give what the owner's machine sends."""
    return Login(typed or account.address, account.secret, mechanism)


def break_in(account: Account, mechanism: Auth = Auth.LOGIN, typed: str = "") -> Login:
    """Give what somebody sends who should not know the secret."""
    return Login(typed or account.address, account.secret, mechanism, hostile=True)


def guess(typed: str, secret: str, mechanism: Auth = Auth.LOGIN) -> Login:
    return Login(typed, secret, mechanism, hostile=True)
