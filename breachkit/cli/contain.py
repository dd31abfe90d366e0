"""`breachkit contain`."""

from __future__ import annotations

from typing import Annotated

import typer

from breachkit.cli import options, output
from breachkit.cli.output import BOOK, recorded
from breachkit.report.blocklist import BlockList

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ACCOUNT]…", help="The accounts to contain (default: all that look compromised)."),
]
BlockListOption = Annotated[
    BlockList | None,
    typer.Option("--block-list", help="Print the attacking addresses for a firewall, and nothing else."),
]
BlockMinutes = Annotated[
    int,
    typer.Option("--block-minutes", min=1, metavar="N", help="How long to block: addresses are dynamic."),
]


@options.grouped(asked=options.evidence("since", "until"), product=options.PRODUCT)
def contain(
    names: Names = None,
    *,
    asked: options.Asked,
    product: options.Output,
    block_list: BlockListOption = None,
    block_minutes: BlockMinutes = 30,
    case: options.Case = None,
) -> None:
    """Print the steps that contain a compromised account, in order; nothing is run.

    Example: breachkit contain --root /srv/copy-of-icewarp --block-list nftables
    """
    from breachkit.detect.accounts.accusation import accuse
    from breachkit.detect.containment import attackers_of, choose_accounts, contain_accounts
    from breachkit.evidence import gather
    from breachkit.evidence.where import find_evidence
    from breachkit.report.blocklist import render_block_list
    from breachkit.report.contain_report import contain_json, render_contain
    from breachkit.report.contract import dump

    with recorded(case) as outcome:
        where, books = find_evidence(asked, is_optional=bool(names) and block_list is None), gather.Books()
        output.check(product.output_file, where, case and case / BOOK)
        found, facts = accuse(where, books)
        chosen, attackers = choose_accounts(names or (), found), attackers_of(found)
        inputs = gather.inputs_of(where, books, facts)
        if block_list is not None:
            text = render_block_list(block_list, attackers.ips, block_minutes)
        else:
            steps = contain_accounts(where, chosen, found)
            what = steps, attackers, block_minutes, inputs
            text = dump(contain_json(*what)) if product.is_json else render_contain(*what, [where.harden()])
        output.write(text, product.output_file)
        outcome |= {"accounts": chosen, "block_list": block_list}
        output.finish(books)
