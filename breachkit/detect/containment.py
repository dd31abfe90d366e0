"""The steps that contain one compromised account, in the words of the maker of its server."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.errors import BreachkitError, PathUnreadableError
from breachkit.servers import Containment
from breachkit.shells import is_safe
from breachkit.spelling import plain_address, spelled
from breachkit.text.sasl import Login

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from breachkit.advice import Step
    from breachkit.detect.accounts.accusation import Accusation
    from breachkit.detect.incident import Attackers
    from breachkit.evidence.where import Where

PLACEHOLDER = "ACCOUNT"
_MORE_THAN_ONE = frozenset("?, ")
"""Signs that are safe in a line, but may make the server's tool take other accounts too."""


class Contained(NamedTuple):
    """One account and its steps."""

    account: str
    verdict: str | None
    steps: tuple[Step, ...]
    is_safe: bool
    """False when the name must not stand in a command line: the commands say ACCOUNT instead."""


def choose_accounts(names: Sequence[str], found: Accusation) -> list[str]:
    """Name the accounts to contain: those typed, a bare name resolved where it is one account's, else the compromised.

    Raises BreachkitError where there is nothing to contain.
    """
    if not names:
        chosen = [account.account for account in found.accounts if account.verdict == "compromised"]
        if not chosen and not found.attackers:
            raise BreachkitError(
                "no account looks compromised in this evidence and no address attacked;"
                " name one: breachkit contain ACCOUNT"
            )
        return chosen
    known = [account.account for account in found.accounts]
    typed = [spelled(plain_address(name)) for name in names]
    owners = {name: [account for account in known if account.partition("@")[0] == name] for name in typed}
    return list(dict.fromkeys(owners[name][0] if len(owners[name]) == 1 else name for name in typed))


def contain_accounts(
    where: Where,
    accounts: Iterable[str],
    found: Accusation,
    attackers: Attackers,
    called: Callable[[str], str] | None = None,
) -> list[Contained]:
    """Write the steps for some accounts, under other names where their own must not be shown. Raises BreachkitError."""
    return [_contained(where, account, found, len(attackers.ips), called) for account in accounts]


def _contained(
    where: Where, account: str, found: Accusation, attackers: int, called: Callable[[str], str] | None
) -> Contained:
    name = account if called is None else called(account)
    accused = found.accused_names()
    # under another name none of the true ones may stand in a line
    names = [] if called is not None else accused if account in accused else [account, *accused]
    group = where.command("group") if where.layout.queues else None
    block = where.command("contain", *names, "--block-list", "nftables")
    shown = name if is_safe(name) and not _MORE_THAN_ONE & set(name) else PLACEHOLDER
    system = where.guide.system_of(where.layout, where.logs)
    known = Containment(shown, _left_behind(where, account), group, block, attackers, system)
    verdict = next((one.verdict for one in found.accounts if one.account == account), None)
    return Contained(name, verdict, where.guide.steps(known), shown == name)


def _left_behind(where: Where, account: str) -> tuple[str, ...] | None:
    """Read from the export what of the account outlives a new password; None when it does not tell."""
    if where.accounts is None:
        return None
    try:
        rows = where.export.read(where.accounts, where.layout.root, where.columns, False)
        mine = (row.left_behind for row in rows if isinstance(row, Login) and row.account.address == account)
        return next(mine, None)
    except (OSError, BreachkitError) as error:
        if not where.is_accounts_asked:  # that it lies there and cannot be read is said with what was read
            return None
        raise error if isinstance(error, BreachkitError) else PathUnreadableError(where.accounts, error) from None
