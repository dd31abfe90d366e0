"""Which accounts have a guessable password?

A password is compared and forgotten: what is kept of it is the name of a class, and a fingerprint keyed for
this run, by which shared passwords are found. Hashes are tried last, the likeliest candidates of every account
before the unlikely ones of any, until the time is up.
"""

from __future__ import annotations

import time
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from breachkit.detect.passwords.breached import digest_of
from breachkit.detect.passwords.candidates import candidates, likeliest
from breachkit.detect.passwords.hashes import digest_with, recognise, unwrapped
from breachkit.detect.passwords.policy import NO_POLICY, Policy, is_below
from breachkit.detect.passwords.vocabulary import names_of_address, vocabulary_of
from breachkit.detect.passwords.weakness import WEAKNESSES, weaknesses_by_name
from breachkit.detect.passwords.wordlist import is_popular, passwords

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from breachkit.detect.passwords.hashes import Hash
    from breachkit.detect.passwords.vocabulary import Names
    from breachkit.detect.passwords.weakness import Weakness
    from breachkit.text.sasl import Login

KEPT_SHARERS = 50
"""Accounts with the same password that are named beside one; `shared_by` counts them all."""


@dataclass(frozen=True, slots=True)
class Criteria:
    """What passwords are held against."""

    fingerprint: Callable[[str], bytes]
    policy: Policy = NO_POLICY
    is_breached: Callable[[str], bool] | None = None
    """Tells whether a SHA-1 digest is in the list of breached passwords."""
    seconds: float = 600.0
    """How long hashes may be tried."""
    clock: Callable[[], float] = time.monotonic


class WeakAccount(NamedTuple):
    """One account whose password is guessable, and why."""

    account: str
    classes: tuple[Weakness, ...]
    disabled: bool | None
    admin: bool | None
    directory: bool
    """A directory knows its password too; the one in the export may be stale."""
    any_password: bool
    """The server takes any password for it."""
    shared_with: tuple[str, ...]
    shared_by: int
    """Accounts with this password, itself among them; 1 when it is not shared."""
    tried: bool
    """Attacking addresses tried to log in to it."""


@dataclass(frozen=True, slots=True)
class WeakPasswords:
    """What was found in one export, and what could not be told."""

    accounts: tuple[WeakAccount, ...]
    checked: int
    unreadable: int
    not_people: int
    hashed: dict[str, int]
    """How many passwords were hashes, by kind."""
    untested: int
    """Hashes not tried with every candidate: slow ones, and those for which there was no time."""


def find_weak_passwords(logins: Iterable[Login], criteria: Criteria, tried: frozenset[str]) -> WeakPasswords:
    """Judge the passwords of an export; accounts that attacking addresses tried come first, then the worst."""
    judge = _Judge(criteria)
    for login in logins:
        judge.take(login)
    judge.close()
    return WeakPasswords(
        accounts=tuple(sorted(judge.findings(tried), key=_rank)),
        checked=judge.checked,
        unreadable=judge.unreadable,
        not_people=judge.not_people,
        hashed=dict(sorted(judge.hashed.items())),
        untested=judge.untested,
    )


def _rank(found: WeakAccount) -> tuple[bool, int, bool, bool, str]:
    worst = min(map(WEAKNESSES.index, found.classes))
    return not found.tried, worst, not found.admin, bool(found.disabled), found.account


class _Marks(NamedTuple):
    disabled: bool | None
    admin: bool | None
    directory: bool
    any_password: bool


@dataclass(slots=True)
class _Judge:
    """Everything that is known so far; per account an address and eight bytes."""

    criteria: Criteria
    checked: int = 0
    unreadable: int = 0
    not_people: int = 0
    untested: int = 0
    hashed: Counter[str] = field(default_factory=Counter)
    classes: dict[int, tuple[Weakness, ...]] = field(default_factory=dict)
    """By the number of the account; only those that have one."""
    marks: list[_Marks] = field(default_factory=list)
    """By the number of the account; equal ones are one object."""
    known_marks: dict[_Marks, _Marks] = field(default_factory=dict)
    addresses: list[str] = field(default_factory=list)
    prints: array[int] = field(default_factory=lambda: array("Q"))
    blanks: list[int] = field(default_factory=list)
    pending: list[tuple[int, Login, Hash]] = field(default_factory=list)

    def take(self, login: Login) -> None:
        """Judge one account, or keep it until all are seen."""
        if not login.account.is_person:
            self.not_people += 1
            return
        text = None if login.password is None else unwrapped(login.password.reveal())
        is_any = login.auth_mode == "any"
        if not is_any and (text is None or (login.auth_mode == "directory" and not text.strip())):
            self.unreadable += 1
            return
        number = self._number(login)
        if is_any:
            self.checked += 1
            self.classes[number] = ("blank",)
        elif text is None or not text.strip():
            self.blanks.append(number)
        elif hashed := recognise(text):
            self._keep(number, login, hashed, text)
        else:
            self.checked += 1
            self._judge(number, login, text)

    def _number(self, login: Login) -> int:
        number = len(self.addresses)
        self.addresses.append(login.account.address)
        self.prints.append(0)
        marks = _Marks(login.is_disabled, login.is_admin, login.auth_mode == "directory", login.auth_mode == "any")
        self.marks.append(self.known_marks.setdefault(marks, marks))
        return number

    def _keep(self, number: int, login: Login, hashed: Hash, text: str) -> None:
        self.hashed[hashed.kind] += 1
        self.prints[number] = self._print(text.strip())
        if hashed.is_hash_of is None:
            self.unreadable += 1
        else:
            self.checked += 1
            self.pending.append((number, login, hashed))

    def _print(self, secret: str) -> int:
        return int.from_bytes(self.criteria.fingerprint(secret)) or 1

    def _judge(self, number: int, login: Login, secret: str, *, is_breached: bool = False) -> None:
        """Hold one password in clear against everything."""
        found = weaknesses_by_name(secret, _names(login))
        if is_popular(secret):
            found.append("common")
        if is_breached or (self.criteria.is_breached is not None and self.criteria.is_breached(digest_of(secret))):
            found.append("breached")
        if self.criteria.policy.is_set and is_below(secret, self.criteria.policy):
            found.append("below-policy")
        if found:
            self.classes[number] = tuple(found)
        self.prints[number] = self._print(secret)

    def close(self) -> None:
        """Judge what had to wait: an empty cell is a blank password only where the column holds passwords at all."""
        if self.checked:
            self.checked += len(self.blanks)
            self.classes.update((number, ("blank",)) for number in self.blanks)
        else:
            self.unreadable += len(self.blanks)
        self._try_hashes()

    def _try_hashes(self) -> None:
        deadline = self.criteria.clock() + self.criteria.seconds
        unsalted = _digests({hashed.kind for _, _, hashed in self.pending if hashed.digest is not None})
        left = [case for case in self.pending if not self._is_known(case, unsalted, deadline)]
        for case in left:
            if case[2].is_slow or not self._is_cracked(case, _all_candidates(case[1], case[2]), deadline):
                # a fast hash that withstood every candidate in time was tested; nobody's time is up then
                self.untested += case[2].is_slow or self.criteria.clock() > deadline
        self.pending.clear()

    def _is_known(self, case: tuple[int, Login, Hash], unsalted: dict[str, dict[str, str]], deadline: float) -> bool:
        """Try what costs little: the list for unsalted digests, the likeliest names for all."""
        number, login, hashed = case
        if hashed.digest is not None:
            listed = unsalted[hashed.kind].get(hashed.digest)
            if listed is not None:
                self._judge(number, login, listed)
                return True
            if hashed.kind == "sha1" and self.criteria.is_breached and self.criteria.is_breached(hashed.digest):
                self.classes[number] = ("breached",)
        names = _names(login)
        few = likeliest(names, vocabulary_of(names), passwords())
        return self._is_cracked(case, few, deadline)

    def _is_cracked(self, case: tuple[int, Login, Hash], made: Iterable[str], deadline: float) -> bool:
        number, login, hashed = case
        for tries, secret in enumerate(made):
            if (hashed.is_slow or tries % 256 == 0) and self.criteria.clock() > deadline:
                return False
            if hashed.is_hash_of is not None and hashed.is_hash_of(secret):
                self._judge(number, login, secret, is_breached="breached" in self.classes.get(number, ()))
                return True
        return False

    def findings(self, tried: frozenset[str]) -> Iterable[WeakAccount]:
        """Yield the accounts that have a class, shared passwords among them."""
        groups = _groups(self.prints)
        for number in sorted({*self.classes, *groups}):
            group = groups.get(number)
            sharers = () if group is None else [other for other in group[: KEPT_SHARERS + 1] if other != number]
            classes = {*self.classes.get(number, ()), *(("shared",) if group is not None else ())}
            address = self.addresses[number]
            yield WeakAccount(
                address,
                tuple(sorted(classes, key=WEAKNESSES.index)),
                *self.marks[number],
                shared_with=tuple(sorted(self.addresses[other] for other in sharers[:KEPT_SHARERS])),
                shared_by=1 if group is None else len(group),
                tried=address in tried,
            )


def _names(login: Login) -> Names:
    return names_of_address(login.account.address, login.usernames, login.aliases, login.full_name)


def _all_candidates(login: Login, hashed: Hash) -> Iterator[str]:
    names = _names(login)
    yield from candidates(names, vocabulary_of(names))
    if hashed.digest is None:  # the digests of the list were looked up already
        yield from passwords()


def _digests(kinds: set[str]) -> dict[str, dict[str, str]]:
    """Digest the list of common passwords once for each kind of unsalted hash."""
    return {kind: {digest_with(kind, secret): secret for secret in passwords()} for kind in kinds}


def _groups(prints: array[int]) -> dict[int, list[int]]:
    """Group the accounts with equal passwords, by their numbers; sorted in numpy: 2,000,000 take 16 MB each way."""
    column = np.array(prints, dtype=np.uint64)
    order = np.argsort(column, kind="stable")
    starts = np.flatnonzero(np.diff(column[order], prepend=~column[order[:1]]))
    sizes = np.diff(starts, append=len(column))
    groups: dict[int, list[int]] = {}
    for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
        numbers = [int(number) for number in order[start : start + size]]
        if prints[numbers[0]]:  # 0 stands for no password
            groups.update(dict.fromkeys(numbers, numbers))
    return groups
