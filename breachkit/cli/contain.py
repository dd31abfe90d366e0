"""`breachkit contain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from breachkit.cli import options, output
from breachkit.cli.accusing import accuse, accused_names
from breachkit.cli.casebook import BOOK, recorded
from breachkit.errors import BreachkitError, PathUnreadableError
from breachkit.evidence import gather
from breachkit.evidence.where import find_evidence
from breachkit.servers import Containment
from breachkit.shells import is_safe
from breachkit.spelling import plain_address, spelled
from breachkit.text.sasl import Login

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breachkit.detect.accounts.verdict import Accusation
    from breachkit.evidence.books import Inputs
    from breachkit.evidence.where import Where
    from breachkit.report.blocklist import BlockList
    from breachkit.report.contain import Contained

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ACCOUNT]…", help="The accounts to contain (default: all that look compromised)."),
]

PLACEHOLDER = "ACCOUNT"
_MORE_THAN_ONE = frozenset("?, ")
"""Signs that are safe in a line, but may make the server's tool take other accounts too."""


@options.grouped(asked=options.evidence("since", "until"), product=options.PRODUCT)
def contain(
    names: Names = None,
    *,
    asked: options.Asked,
    product: options.Product,
    block_list: options.BlockListOption = None,
    block_minutes: options.BlockMinutes = 30,
    case: options.Case = None,
) -> None:
    """Print the steps that contain a compromised account, in order; nothing is run.

    Example: breachkit contain --root /srv/copy-of-icewarp --block-list nftables
    """
    with recorded(case) as outcome:
        where, books = find_evidence(asked, is_optional=bool(names) and block_list is None), gather.Books()
        output.check(product.output_file, where, case and case / BOOK)
        found, facts = accuse(where, books)
        chosen = _chosen(names, found)
        inputs = gather.inputs_of(where, books, facts)
        told = _Told(where, found, chosen, inputs, block_minutes)
        output.write(_text(told, block_list, is_json=product.is_json), product.output_file)
        outcome |= {"accounts": chosen, "block_list": None if block_list is None else block_list.value}
        output.finish(books, findings=False)


class _Told(NamedTuple):
    """What the steps are made of."""

    where: Where
    found: Accusation
    chosen: list[str]
    inputs: Inputs
    minutes: int


def _text(told: _Told, block_list: BlockList | None, *, is_json: bool) -> str:
    from breachkit.detect.incident import attackers_of
    from breachkit.report.blocklist import render_block_list
    from breachkit.report.contain import contain_json, render_contain
    from breachkit.report.contract import dump

    where, found, chosen, inputs, minutes = told
    attackers = attackers_of(found)
    if block_list is not None:
        return render_block_list(block_list, attackers.ips, minutes)
    steps = [contained(where, account, found, len(attackers.ips)) for account in chosen]
    if is_json:
        return dump(contain_json(steps, attackers, minutes, inputs))
    return render_contain(steps, attackers, minutes, inputs, [where.harden()])


def _chosen(names: Sequence[str] | None, found: Accusation) -> list[str]:
    """Name the accounts: those typed, a bare name resolved where it is one account's, else the compromised."""
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


def contained(where: Where, account: str, found: Accusation, attackers: int, called: str | None = None) -> Contained:
    """Write the steps for one account, under another name where it must not be told. Raises PathUnreadableError."""
    from breachkit.report.contain import Contained

    name = account if called is None else called
    accused = accused_names(found)
    # under another name none of the true ones may stand in a line
    names = [] if called is not None else accused if account in accused else [account, *accused]
    purge = where.command("group") if where.layout.queues else None
    block = where.command("contain", *names, "--block-list", "nftables")
    shown = name if is_safe(name) and not _MORE_THAN_ONE & set(name) else PLACEHOLDER
    system = where.guide.system_of(where.layout, where.logs)
    known = Containment(shown, _left_behind(where, account), purge, block, attackers, system)
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
