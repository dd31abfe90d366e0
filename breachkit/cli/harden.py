"""`breachkit harden`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from breachkit.cli import options, output

Settings = Annotated[
    Path | None,
    typer.Argument(metavar="SETTINGS", help="Lines 'NAME: value' from the server's tool (else settings.txt)."),
]
PrintCommands = Annotated[
    bool,
    typer.Option("--print-commands", help="Print the lines that collect the settings, and nothing else."),
]


@options.grouped(asked=options.evidence("since", "until"), product=options.FINDINGS)
def harden(
    settings: Settings = None,
    *,
    asked: options.Asked,
    product: options.Output,
    print_commands: PrintCommands = False,
) -> None:
    """Compare the server's settings with the vendor's guides, and print the line that mends each.

    Example: breachkit harden settings.txt --root /srv/copy-of-icewarp
    """
    from breachkit.detect.accounts.accusation import accuse
    from breachkit.detect.hardening import hardening_of
    from breachkit.errors import UsageError
    from breachkit.evidence import gather
    from breachkit.evidence.where import check_file, find_evidence
    from breachkit.report.contract import dump
    from breachkit.report.harden_report import harden_json, render_commands, render_harden

    where = find_evidence(asked, is_optional=True, use_defaults=settings is None and not print_commands)
    output.check(product.output_file, where, settings)
    path, books = settings or where.layout.settings, gather.Books()
    if print_commands:
        return output.write(render_commands(where.commands()), product.output_file)
    guide = where.guide if path is None else where.guide_to(path)
    if path is None:
        raise UsageError(
            "no settings found; name their file (breachkit harden settings.txt);"
            " breachkit harden --print-commands prints the lines that make it"
        )
    check_file("SETTINGS", path)
    read = gather.read_settings(where, path, books)
    accused, facts = accuse(where, books)
    found, inputs = hardening_of(read, guide, accused), gather.inputs_of(where, books, facts)
    following = [where.command("weak-passwords")] if where.accounts is not None else []
    text = dump(harden_json(found, inputs)) if product.is_json else render_harden(found, inputs, following)
    return output.end(text, product, books, findings=any(row.status == "fail" for row in found.judged))
