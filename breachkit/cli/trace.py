"""`breachkit trace`."""

from __future__ import annotations

from typing import Annotated

import typer

from breachkit.cli import options, output

SHOWN = 20
"""Sessions shown on a terminal when nobody says how many."""

Wanted = Annotated[
    str,
    typer.Argument(
        metavar="MSGID|ACCOUNT|IP|SENDER|FILE",
        help="A message id, an account, an address, a declared sender (MAIL FROM), or a file of the queue.",
    ),
]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit", min=0, metavar="N", help=f"Sessions to show, 0 for all (default: {SHOWN} as text, else all)."
    ),
]


@options.grouped(asked=options.evidence("queue"), product=options.PRODUCT)
def trace(
    wanted: Wanted,
    *,
    asked: options.Asked,
    product: options.Output,
    limit: Limit = None,
    show_passwords: options.ShowPasswords = False,
) -> None:
    """Show the SMTP sessions of a message, an account or an address, AUTH decoded, passwords masked.

    The server session comes first, then the client sessions that carried its messages on. What no account is called is
    looked for as a declared sender.

    Example: breachkit trace YAR93710 --root /srv/copy-of-icewarp
    """
    from breachkit.detect.tracing import choose_sessions, read_chosen
    from breachkit.evidence import gather
    from breachkit.evidence.where import find_evidence
    from breachkit.report.trace_report import render_trace, trace_json

    if show_passwords:
        output.check_terminal(product)
    where, books = find_evidence(asked), gather.Books()
    output.check(product.output_file, where)
    sessions, facts, directory, is_known = choose_sessions(where, wanted, books)
    shown = sessions[: (SHOWN if limit is None and not product.is_json else limit) or None]
    traced = read_chosen(where, shown, directory, is_known, show_passwords=show_passwords)
    what = traced, len(sessions), gather.inputs_of(where, books, facts)
    text = trace_json(*what) if product.is_json else render_trace(*what, where.command("find-account"))
    output.end(text, product, books)
