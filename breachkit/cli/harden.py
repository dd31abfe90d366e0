"""`breachkit harden`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from breachkit.cli import exports, options, output
from breachkit.cli.accusing import accuse
from breachkit.errors import UsageError
from breachkit.evidence import gather
from breachkit.evidence.where import check_file, find_evidence

if TYPE_CHECKING:
    from breachkit.detect.hardening import JudgedSetting
    from breachkit.evidence.where import Where
    from breachkit.logs.facts import LogFacts

Settings = Annotated[
    Path | None,
    typer.Argument(metavar="SETTINGS", help="Lines 'NAME: value' from the server's tool (else settings.txt)."),
]


@options.grouped(asked=options.evidence("since", "until"), product=options.FINDINGS)
def harden(
    settings: Settings = None,
    *,
    asked: options.Asked,
    product: options.Product,
    print_commands: options.PrintCommands = False,
) -> None:
    """Hold the server's settings against the vendor's guides, with the line that mends each.

    Example: breachkit harden settings.txt --root /srv/copy-of-icewarp
    """
    from breachkit.report.contract import dump
    from breachkit.report.harden import harden_json, render_commands, render_harden

    where = find_evidence(asked, is_optional=True, use_defaults=settings is None and not print_commands)
    output.check(product.output_file, where, settings)
    guide, books = where.guide, gather.Books()
    if print_commands:
        return output.write(render_commands(guide.commands), product.output_file)
    judged, others, facts = _judge(where, settings or where.layout.settings, books)
    inputs, advice = gather.inputs_of(where, books, facts), guide.advice
    following = [where.command("weak-passwords")] if where.accounts is not None else []
    text = harden_json(judged, others, advice, inputs) if product.is_json else None
    output.write(dump(text) if text else render_harden(judged, others, advice, inputs, following), product.output_file)
    return output.finish(books, findings=product.fail_on_findings and any(row.status == "fail" for row in judged))


def _judge(
    where: Where,
    path: Path | None,
    books: gather.Books,
) -> tuple[tuple[JudgedSetting, ...], int, LogFacts]:
    """Judge the settings; returns too how many no rule speaks of."""
    from breachkit.detect.hardening import judge_settings
    from breachkit.detect.incident import incident_of

    if path is None:
        raise UsageError(
            "no settings found; name their file (breachkit harden settings.txt);"
            " breachkit harden --print-commands prints the lines that make it"
        )
    check_file("SETTINGS", path)
    settings = exports.read_settings(where, path, books)
    found, facts = accuse(where, books)
    known = [setting for setting in settings if setting.name]
    judged = judge_settings(known, where.guide.rules, incident_of(found))
    return judged, len(settings) - len(known), facts
