"""`breachkit investigate`."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from breachkit.cli import options, output
from breachkit.cli.output import recorded

if TYPE_CHECKING:
    from breachkit.case.dossier import Dossier
    from breachkit.case.investigation import Investigation
    from breachkit.report.contract import Json


class Audience(StrEnum):
    """Whom a page of a case is written for (typer takes no list of a Literal)."""

    RESPONDER = "responder"
    OWNER = "owner"
    AUTHORITY = "authority"


CaseFormat = Annotated[
    Literal["text", "json", "ecs"],
    typer.Option("--format", help="On stdout: a summary, the findings, or logins by the Elastic Common Schema."),
]
CaseFolder = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="CASE", help="The folder of the case; a later run adds to it."),
]
Readers = Annotated[
    list[Audience] | None,
    typer.Option("--for", help="Whom pages are written for (repeatable; default: responder)."),
]
Lang = Annotated[Literal["en", "it"], typer.Option("--lang", help="The language of the pages and of the verdict.")]
Geoip = Annotated[
    Path | None,
    typer.Option("--geoip", metavar="FILE", help="A database of countries (.mmdb); nothing is downloaded."),
]
Redact = Annotated[
    bool,
    typer.Option("--redact", help="Give people and addresses other names, the same ones everywhere in this run."),
]


@options.grouped(asked=options.evidence())
def investigate(
    *,
    asked: options.Asked,
    case: CaseFolder = None,
    readers: Readers = None,
    lang: Lang = "en",
    redact: Redact = False,
    geoip: Geoip = None,
    quarantine: options.Quarantine = None,
    max_minutes: options.MaxMinutes = 2.0,
    output_format: CaseFormat = "text",
    fail_on_findings: options.FailOnFindings = False,
) -> None:
    """Investigate all there is in one go, and leave a case: report, timeline, indicators, inputs and custody.

    Example: breachkit investigate --root /srv/copy-of-icewarp -o CASE
    """
    from breachkit.errors import UsageError
    from breachkit.evidence import gather
    from breachkit.evidence.where import find_evidence

    if case is None and output_format != "ecs":
        raise UsageError("name the folder of the case with -o CASE (only --format ecs goes without one)")
    where, books = find_evidence(asked), gather.Books()
    from breachkit.case.countries import open_countries
    from breachkit.case.custody import open_run
    from breachkit.case.dossier import Dossier
    from breachkit.case.investigation import look_into
    from breachkit.case.phrases import Phrases

    places = open_countries(geoip)
    output.check(case, where, quarantine, geoip, option="-o")
    place = None if case is None else open_run(case)
    # what was typed may name people: a redacted case does not repeat it
    command = ["investigate", "--redact"] if redact else None
    with recorded(case, command, is_new=True, is_named=not redact) as outcome:
        chosen = tuple(readers or [Audience.RESPONDER])
        dossier = Dossier(chosen, redact, Phrases(lang), datetime.now(UTC), place)
        found = look_into(where, books, places, max_minutes, quarantine)
        findings = dossier.fill(found)
        outcome |= {"run": findings["case"]["run"], "written": dossier.written}
        _write(output_format, dossier, found, findings)
        output.finish(books, findings=fail_on_findings and bool(findings["accused"]))


def _write(output_format: CaseFormat, dossier: Dossier, found: Investigation, findings: Json) -> None:
    """Write what was asked for to stdout."""
    from breachkit.case.dossier import render_summary
    from breachkit.case.timeline import ecs_events, render_jsonl
    from breachkit.report.contract import dump

    if output_format == "ecs":
        lines = render_jsonl(map(dossier.masked, ecs_events(found, dossier.named)))
        while piece := "".join(islice(lines, 1000)):
            output.write(piece, None)
    else:
        output.write(dump(findings) if output_format == "json" else render_summary(dossier, findings), None)
