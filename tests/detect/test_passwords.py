from __future__ import annotations

import base64
import hashlib
import itertools
from typing import TYPE_CHECKING

import bcrypt
import pytest

from breachkit.detect.names import Directory
from breachkit.detect.passwords.hashes import recognise
from breachkit.detect.passwords.lists import digest_of, is_popular, open_breaches
from breachkit.detect.passwords.weak_accounts import Criteria, Policy, WeakPasswords, find_weak_passwords
from breachkit.detect.passwords.weakness import weakness_of
from breachkit.errors import BreachkitError
from breachkit.records import Account, Locus
from breachkit.text.sasl import Fingerprints, Login, Password

if TYPE_CHECKING:
    from pathlib import Path

    from breachkit.text.sasl import AuthMode

PRINTS = Fingerprints(b"k" * 32)
STRONG = "kR8!vQz2-Lw"
WORD = "Tr4monto.kappa"


def login(
    name: str,
    password: str | None,
    *,
    mode: AuthMode | None = None,
    is_person: bool = True,
    is_admin: bool | None = None,
) -> Login:
    account = Account(f"{name}@example.it", (name,), (), is_person, Locus("users.csv", 0, 1))
    secret = None if password is None else Password(password)
    return Login(account, (name,), (), "", secret, is_admin, None, mode, None)


def judge(*logins: Login, **wanted: object) -> WeakPasswords:
    criteria = Criteria(PRINTS.of, **wanted)  # type: ignore[arg-type]
    return find_weak_passwords(logins, criteria, frozenset())


def classes(found: WeakPasswords) -> dict[str, tuple[str, ...]]:
    return {account.account.partition("@")[0]: tuple(account.classes) for account in found.accounts}


def test_a_strong_password_is_not_listed() -> None:
    found = judge(login("anna", STRONG))
    assert (found.checked, found.accounts) == (1, ())


def test_an_empty_cell_is_blank_where_others_have_passwords() -> None:
    found = judge(login("anna", ""), login("bruno", STRONG))
    assert classes(found) == {"anna": ("blank",)}
    assert (found.checked, found.unreadable) == (2, 0)


def test_a_column_of_nothing_is_unreadable_and_nobody_is_strong() -> None:
    found = judge(login("anna", ""), login("bruno", ""))
    assert (found.checked, found.unreadable, found.accounts) == (0, 2, ())


def test_a_masked_password_is_unreadable() -> None:
    found = judge(login("anna", None), login("bruno", STRONG))
    assert (found.checked, found.unreadable) == (1, 1)


def test_who_is_no_person_is_only_counted() -> None:
    found = judge(login("lista", "lista", is_person=False), login("anna", STRONG))
    assert (found.checked, found.not_people, found.accounts) == (1, 1, ())


def test_a_directory_account_without_a_password_is_unreadable_and_one_with_is_marked() -> None:
    found = judge(login("anna", "", mode="directory"), login("bruno", "bruno", mode="directory"))
    assert (found.unreadable, [account.directory for account in found.accounts]) == (1, [True])


def test_an_account_that_takes_any_password_is_blank() -> None:
    found = judge(login("anna", STRONG, mode="any"))
    assert classes(found) == {"anna": ("blank",)}
    assert found.accounts[0].any_password


def test_shared_passwords_name_one_another() -> None:
    found = judge(login("anna", WORD), login("bruno", WORD), login("carla", STRONG))
    assert classes(found) == {"anna": ("shared",), "bruno": ("shared",)}
    assert found.accounts[0].shared_with == ("bruno@example.it",)
    assert found.accounts[0].shared_by == 2


def test_a_password_of_a_thousand_accounts_does_not_name_a_million_pairs() -> None:
    found = judge(*(login(f"u{number:04}x", WORD) for number in range(1000)))
    assert {account.shared_by for account in found.accounts} == {1000}
    assert max(len(account.shared_with) for account in found.accounts) == 50


def test_the_policy_is_held_against_every_password() -> None:
    policy = Policy(length=10, digits=1, signs=1, letters=1, capitals=1)
    found = judge(login("anna", STRONG), login("bruno", "kr8!vqz2-lw"), login("carla", "Kr8!"), policy=policy)
    assert classes(found) == {"bruno": ("below-policy",), "carla": ("below-policy",)}


def test_the_worst_come_first_and_whom_the_attackers_tried_before_all() -> None:
    logins = [login("carla", "Carla1"), login("anna", "anna"), login("bruno", "bruno", is_admin=True)]
    found = find_weak_passwords(logins, Criteria(PRINTS.of), frozenset({"carla@example.it"}))
    assert [account.account[0] for account in found.accounts] == ["c", "b", "a"]
    assert [account.tried for account in found.accounts] == [True, False, False]


@pytest.mark.parametrize("secret", ["123456", "Password", "P@ssw0rd", "qwerty2024", "Estate2024!", "luglio23"])
def test_what_everybody_uses_is_popular(secret: str) -> None:
    assert is_popular(secret)


@pytest.mark.parametrize("secret", [STRONG, WORD, "estatelontana", "8cherries&Milk"])
def test_what_hardly_anybody_uses_is_not(secret: str) -> None:
    assert not is_popular(secret)


def hashed(kind: str, secret: str) -> str:
    raw, salt = secret.encode(), b"saltsalt"
    match kind:
        case "{SHA}":
            return kind + base64.b64encode(hashlib.sha1(raw, usedforsecurity=False).digest()).decode()
        case "{SSHA}":
            return kind + base64.b64encode(hashlib.sha1(raw + salt, usedforsecurity=False).digest() + salt).decode()
        case "{SMD5}":
            return kind + base64.b64encode(hashlib.md5(raw + salt, usedforsecurity=False).digest() + salt).decode()
        case "{SSHA512}":
            return kind + base64.b64encode(hashlib.sha512(raw + salt).digest() + salt).decode()
        case "bcrypt":
            return bcrypt.hashpw(raw, bcrypt.gensalt(4)).decode()
    return hashlib.new(kind, raw).hexdigest()


KINDS = ["md5", "sha1", "sha256", "sha512", "{SHA}", "{SSHA}", "{SMD5}", "{SSHA512}", "bcrypt"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_hashed_password_is_tried_with_names_and_the_list(kind: str) -> None:
    rows = [login("zorbanta", hashed(kind, "Zorbanta123")), login("bruno", hashed(kind, "123456"))]
    found = judge(*rows, login("carla", hashed(kind, STRONG)), seconds=60.0)
    assert classes(found) == {"zorbanta": ("username-variant",), "bruno": ("common",)}
    assert sum(found.hashed.values()) == found.checked == 3
    assert found.untested == (kind == "bcrypt")


def test_hashes_for_which_there_was_no_time_are_said_to_be_untested() -> None:
    ticks = itertools.count()
    rows = [login(f"u{number}", hashed("{SSHA}", STRONG + str(number))) for number in range(3)]
    found = judge(*rows, seconds=1.0, clock=lambda: float(next(ticks)))
    assert (found.accounts, found.untested) == ((), 3)


def test_a_hash_of_a_kind_that_cannot_be_tested_is_unreadable() -> None:
    found = judge(login("anna", "$6$rounds=5000$salt$" + "x" * 86), login("bruno", STRONG))
    assert (found.checked, found.unreadable, found.hashed) == (1, 1, {"crypt": 1})


@pytest.mark.parametrize("secret", ["hunter2", "{curly}", "$100$", "deadbeef", "{SHA}", "{SSHA}***", "a" * 33])
def test_nothing_odd_breaks_the_recognition_of_hashes(secret: str) -> None:
    found = recognise(secret)
    assert found is None or found.is_hash_of is None or not found.is_hash_of("x")


def breached_files(folder: Path, digests: list[str]) -> tuple[Path, Path]:
    ranges = folder / "ranges"
    ranges.mkdir()
    for digest in digests:
        with (ranges / f"{digest[:5]}.txt").open("a") as stream:
            stream.write(f"{digest[5:]}:3\r\n")
    single = folder / "pwned.txt"
    single.write_text("".join(f"{digest}:3\r\n" for digest in sorted(digests)))
    return ranges, single


def test_breached_passwords_are_found_in_range_files_and_in_one_sorted_file(tmp_path: Path) -> None:
    secrets = [f"{WORD}{number}" for number in range(300)]
    innocent = [f"{STRONG}{number}" for number in range(300)]
    for path in breached_files(tmp_path, [digest_of(secret) for secret in secrets]):
        is_breached = open_breaches(path)
        assert all(is_breached(digest_of(secret)) for secret in secrets)
        assert not any(is_breached(digest_of(secret)) for secret in innocent)
        assert classes(judge(login("anna", secrets[7]), is_breached=is_breached)) == {"anna": ("breached",)}
        sha1 = hashed("sha1", secrets[8])
        assert classes(judge(login("anna", sha1), is_breached=is_breached)) == {"anna": ("breached",)}


def test_padding_of_the_service_is_no_breach(tmp_path: Path) -> None:
    digest = digest_of(WORD)
    (tmp_path / f"{digest[:5]}.txt").write_text(f"{digest[5:]}:0\n")
    assert not open_breaches(tmp_path)(digest)


def test_what_is_no_list_of_breached_passwords_is_said(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("hello\n")
    for path in (tmp_path, tmp_path / "readme.txt"):
        with pytest.raises(BreachkitError, match="SHA1:COUNT"):
            open_breaches(path)


def test_fingerprints_alone_tell_the_same_classes() -> None:
    account = Account("user@example.it", ("user",), ("ordini",), True, Locus("users.csv", 0, 1))
    directory = Directory([account])
    for secret, expected in [
        ("user", "equals-username"),
        ("ordini", "equals-alias"),
        ("User2025", "username-variant"),
        ("0rdini", "alias-variant"),
        (STRONG, None),
    ]:
        assert weakness_of(account.address, ["user"], [PRINTS.of(secret)], directory, PRINTS.of) == expected
