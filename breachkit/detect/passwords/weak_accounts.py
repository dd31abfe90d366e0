"""Which accounts have a guessable password?

A password is compared and forgotten: what is kept of it is the name of a class, and a fingerprint keyed for
this run, by which shared passwords are found. Hashes are tried last, the likeliest candidates of every account
before the unlikely ones of any, until the time is up.
"""

from __future__ import annotations

import time
from array import array
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from breachkit.detect.hardening import number_of
from breachkit.detect.passwords.hashes import recognise, unwrapped
from breachkit.detect.passwords.lists import PASSWORDS, digest_of, is_popular
from breachkit.detect.passwords.variants import candidates, likeliest
from breachkit.detect.passwords.vocabulary import names_of_address, vocabulary_of
from breachkit.detect.passwords.weakness import WEAKNESSES, weaknesses_by_name
from breachkit.evidence.gather import read_settings
from breachkit.evidence.where import check_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from breachkit.detect.passwords.hashes import Hash
    from breachkit.detect.passwords.vocabulary import AccountNames
    from breachkit.detect.passwords.weakness import Weakness
    from breachkit.evidence.gather import Books
    from breachkit.evidence.where import Where
    from breachkit.text.sasl import Login

KEPT_SHARERS = 50
"""Accounts with the same password that are named beside one; `shared_by` counts them all."""


class Policy(NamedTuple):
    """The least a password must have, by what the administrator has set or means to set; 0 asks for nothing."""

    length: int = 0
    digits: int = 0
    signs: int = 0
    letters: int = 0
    capitals: int = 0

    def stricter(self, other: Policy) -> Policy:
        """Return the stricter of two, rule by rule."""
        return Policy(*map(max, self, other))

    def is_met_by(self, secret: str) -> bool:
        """Tell whether a password breaks none of the rules."""
        if not any(self):
            return True
        had = Policy(
            length=len(secret),
            digits=sum(sign.isdigit() for sign in secret),
            signs=sum(not sign.isalnum() for sign in secret),
            letters=sum(sign.isalpha() for sign in secret),
            capitals=sum(sign.isupper() for sign in secret),
        )
        return had.stricter(self) == had


NO_POLICY = Policy()


def read_policy(where: Where, path: Path, books: Books) -> Policy:
    """Read the policy of a file of settings; where a rule is given twice, the stricter. Raises BreachkitError."""
    check_file("--policy", path)
    policy, settings = Policy(), read_settings(where, path, books)
    rules = where.guide_to(path).policy
    for setting in settings:
        rule = rules.get(setting.name.lower())
        number = None if rule is None else number_of(setting.value)
        if rule is not None and number is not None:
            policy = policy.stricter(policy._replace(**{rule: int(number)}))
    return policy


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
    """What was found in one export, and what the export does not show."""

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


_Marks = tuple[bool | None, bool | None, bool, bool]
"""Disabled, admin, known to a directory, any password goes."""


class _Pending(NamedTuple):
    """An account whose password is a hash, and has to wait until all are seen."""

    number: int
    names: AccountNames
    hashed: Hash


class _Judge:
    """Everything that is known so far, by the number of the account; of each an address, marks and eight bytes."""

    def __init__(self, criteria: Criteria) -> None:
        self.criteria = criteria
        self.checked = self.unreadable = self.not_people = self.untested = 0
        self.hashed: Counter[str] = Counter()
        self.classes: dict[int, tuple[Weakness, ...]] = {}
        """Of the accounts that have one."""
        self._addresses: list[str] = []
        self._marks: list[_Marks] = []
        self._known_marks: dict[_Marks, _Marks] = {}
        """Equal ones are one object."""
        self._prints = array("Q")
        self._blanks: list[int] = []
        self._pending: list[_Pending] = []

    def take(self, login: Login) -> None:
        """Judge one account, or keep it until all are seen."""
        if not login.account.is_person:
            self.not_people += 1
            return
        secret = None if login.password is None else unwrapped(login.password.reveal())
        is_any, is_directory = login.auth_mode == "any", login.auth_mode == "directory"
        if not is_any and (secret is None or (is_directory and not secret.strip())):
            self.unreadable += 1
            return
        number = len(self._addresses)
        self._addresses.append(login.account.address)
        self._prints.append(0)
        marks = (login.is_disabled, login.is_admin, is_directory, is_any)
        self._marks.append(self._known_marks.setdefault(marks, marks))
        names = names_of_address(login.account.address, login.usernames, login.aliases, login.full_name)
        if is_any:
            self.checked += 1
            self.classes[number] = ("blank",)
        elif secret is None or not secret.strip():
            self._blanks.append(number)
        elif hashed := recognise(secret):
            self.hashed[hashed.kind] += 1
            self._prints[number] = self._print(secret.strip())
            if hashed.is_hash_of is None:
                self.unreadable += 1
            else:
                self.checked += 1
                self._pending.append(_Pending(number, names, hashed))
        else:
            self.checked += 1
            self._judge(number, names, secret)

    def _print(self, secret: str) -> int:
        return int.from_bytes(self.criteria.fingerprint(secret)) or 1

    def _judge(self, number: int, names: AccountNames, secret: str) -> None:
        """Hold one password in clear against everything."""
        found = weaknesses_by_name(secret, names)
        if is_popular(secret):
            found.append("common")
        is_breached = self.criteria.is_breached
        if "breached" in self.classes.get(number, ()) or (is_breached is not None and is_breached(digest_of(secret))):
            found.append("breached")
        if not self.criteria.policy.is_met_by(secret):
            found.append("below-policy")
        if found:
            self.classes[number] = tuple(found)
        self._prints[number] = self._print(secret)

    def close(self) -> None:
        """Judge what had to wait: an empty cell is a blank password only where the column holds passwords at all."""
        if self.checked:
            self.checked += len(self._blanks)
            self.classes.update((number, ("blank",)) for number in self._blanks)
        else:
            self.unreadable += len(self._blanks)
        deadline = self.criteria.clock() + self.criteria.seconds
        kinds = {one.hashed.kind for one in self._pending if one.hashed.digest is not None}
        # the list of common passwords, digested once for each kind of unsalted hash
        listed = {(kind, digest_of(secret, kind)): secret for kind in kinds for secret in PASSWORDS}
        left = [one for one in self._pending if not self._is_known(one, listed, deadline)]
        for one in left:
            if one.hashed.is_slow or not self._is_cracked(one, _all_candidates(one), deadline):
                # a fast hash that withstood every candidate in time was tested; nobody's time is up then
                self.untested += one.hashed.is_slow or self.criteria.clock() > deadline

    def _is_known(self, one: _Pending, listed: dict[tuple[str, str], str], deadline: float) -> bool:
        """Try what costs little: the list for unsalted digests, the likeliest names for all."""
        digest = one.hashed.digest
        if digest is not None:
            secret = listed.get((one.hashed.kind, digest))
            if secret is not None:
                self._judge(one.number, one.names, secret)
                return True
            if one.hashed.kind == "sha1" and self.criteria.is_breached and self.criteria.is_breached(digest):
                self.classes[one.number] = ("breached",)
        return self._is_cracked(one, likeliest(one.names, vocabulary_of(one.names), PASSWORDS), deadline)

    def _is_cracked(self, one: _Pending, made: Iterable[str], deadline: float) -> bool:
        for tries, secret in enumerate(made):
            if (one.hashed.is_slow or tries % 256 == 0) and self.criteria.clock() > deadline:
                return False
            if one.hashed.is_hash_of is not None and one.hashed.is_hash_of(secret):
                self._judge(one.number, one.names, secret)
                return True
        return False

    def findings(self, tried: frozenset[str]) -> Iterator[WeakAccount]:
        """Yield the accounts that have a class, shared passwords among them."""
        groups = _groups(self._prints)
        for number in sorted({*self.classes, *groups}):
            group = groups.get(number, [number])
            sharers = [other for other in group[: KEPT_SHARERS + 1] if other != number][:KEPT_SHARERS]
            classes = {*self.classes.get(number, ()), *(("shared",) if len(group) > 1 else ())}
            yield WeakAccount(
                self._addresses[number],
                tuple(sorted(classes, key=WEAKNESSES.index)),
                *self._marks[number],
                shared_with=tuple(sorted(self._addresses[other] for other in sharers)),
                shared_by=len(group),
                tried=self._addresses[number] in tried,
            )


def _all_candidates(one: _Pending) -> Iterator[str]:
    yield from candidates(one.names, vocabulary_of(one.names))
    if one.hashed.digest is None:  # the digests of the list were looked up already
        yield from PASSWORDS


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
