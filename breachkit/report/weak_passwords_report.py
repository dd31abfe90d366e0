"""The report of `weak-passwords`: accounts and classes, and never a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breachkit.detect.passwords.weakness import WEAKNESSES
from breachkit.report.inputs import head_json, render_skipped
from breachkit.report.page import Page
from breachkit.report.words import count

if TYPE_CHECKING:
    from breachkit.detect.passwords.weak_accounts import WeakAccount, WeakPasswords
    from breachkit.detect.passwords.weakness import Weakness
    from breachkit.evidence.gather import Inputs
    from breachkit.report.contract import Json

SHOWN = 200
"""Accounts shown on a terminal; JSON has them all."""

MEANINGS: dict[Weakness, str] = {
    "blank": "no password at all",
    "equals-username": "the user name itself",
    "equals-alias": "an alias, or the address",
    "username-variant": "made of the user name",
    "alias-variant": "made of an alias",
    "name-variant": "made of the full name",
    "domain-variant": "made of the domain",
    "common": "on the list of common passwords",
    "breached": "in a breach (Pwned Passwords)",
    "shared": "the password of another account too",
    "below-policy": "below the policy",
}


def weak_passwords_json(found: WeakPasswords, inputs: Inputs) -> Json:
    """Write the object of the contract."""
    return {
        **head_json(inputs, "weak-passwords"),
        "checked": found.checked,
        "unreadable": found.unreadable,
        "not_people": found.not_people,
        "untested": found.untested,
        "hashed": found.hashed,
        "accounts": found.accounts,
    }


def render_weak_passwords(found: WeakPasswords, inputs: Inputs, next_commands: list[str]) -> str:
    """Write the report for a terminal."""
    page = Page()
    listed = len(found.accounts)
    if found.checked == 0:
        page.say("No password could be judged.", style="bold yellow")
    elif listed:
        page.say(f"Guessable: the passwords of {listed:,} of {count(found.checked, 'account')}.", style="bold red")
    else:
        page.say(f"Guessable: none of {count(found.checked, 'password')}.", style="bold green")
    _render_classes(page, found)
    _render_accounts(page, found)
    _render_counts(page, found)
    render_skipped(page, inputs)
    page.commands(next_commands)
    return page.text()


def _render_classes(page: Page, found: WeakPasswords) -> None:
    numbers = {weakness: sum(weakness in account.classes for account in found.accounts) for weakness in WEAKNESSES}
    rows = [(weakness, f"{number:,}", MEANINGS[weakness]) for weakness, number in numbers.items() if number]
    if rows:
        page.heading("By class")
        page.table(["class", "accounts", "the password is"], rows)


def _render_accounts(page: Page, found: WeakPasswords) -> None:
    if not found.accounts:
        return
    shown = min(SHOWN, len(found.accounts))
    page.heading(
        "Accounts, worst first" + (f" ({shown} of {len(found.accounts):,})" if len(found.accounts) > SHOWN else "")
    )
    rows = [(one.account, ", ".join(one.classes), ", ".join(_marks(one))) for one in found.accounts[:SHOWN]]
    if any(marks for _, _, marks in rows):
        page.table(["account", "classes", ""], rows)
    else:
        page.table(["account", "classes"], [(account, classes) for account, classes, _ in rows])
    page.more(len(found.accounts) - SHOWN)


def _marks(account: WeakAccount) -> list[str]:
    marks = {
        "tried by the attackers": account.tried,
        "admin": account.admin,
        "disabled": account.disabled,
        "directory": account.directory,
        "takes any password": account.any_password,
        f"{account.shared_by:,} accounts share it": account.shared_by > 1,
    }
    return [mark for mark, is_so in marks.items() if is_so]


def _render_counts(page: Page, found: WeakPasswords) -> None:
    page.heading("What was judged")
    page.say(f"{count(found.checked, 'password')} judged.", indent=2)
    if found.hashed:
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in found.hashed.items())
        page.say(f"Hashes: {kinds}.", indent=2)
    if found.untested:
        page.say(
            f"Not fully tested: {count(found.untested, 'hash', 'hashes')} (slow ones get the 20 likeliest candidates;"
            " --max-minutes gives more time). Not listed does not mean strong.",
            style="yellow",
            indent=2,
        )
    if found.unreadable:
        page.say(
            f"Not readable: {count(found.unreadable, 'password')} (masked, not exported, or held by a directory)."
            " Not readable is not strong.",
            style="yellow",
            indent=2,
        )
    if found.not_people:
        page.say(f"Not people: {count(found.not_people, 'account')} (lists, groups, services), not judged.", indent=2)
