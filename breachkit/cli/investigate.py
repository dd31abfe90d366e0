"""`breachkit investigate`."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, assert_never

from breachkit.cli import options, output
from breachkit.cli.casebook import recorded
from breachkit.errors import UsageError
from breachkit.evidence import gather
from breachkit.evidence.where import find_evidence

if TYPE_CHECKING:
    from breachkit.case.investigation import Investigation
    from breachkit.cli.casework import Work
    from breachkit.report.contract import Json


@options.grouped(asked=options.evidence())
def investigate(
    *,
    asked: options.Asked,
    case: options.CaseFolder = None,
    readers: options.Readers = None,
    lang: options.Lang = options.Language.ENGLISH,
    redact: options.Redact = False,
    geoip: options.Geoip = None,
    quarantine: options.Quarantine = None,
    max_minutes: options.MaxMinutes = 2.0,
    output_format: options.CaseFormatOption = options.CaseFormat.TEXT,
    fail_on_findings: options.FailOnFindings = False,
) -> None:
    """Investigate all there is in one go, and leave a case: report, timeline, indicators, inputs and custody.

    Example: breachkit investigate --root /srv/copy-of-icewarp -o CASE
    """
    if case is None and output_format is not options.CaseFormat.ECS:
        raise UsageError("name the folder of the case with -o CASE (only --format ecs goes without one)")
    where = find_evidence(asked)
    from breachkit.case.countries import open_countries
    from breachkit.case.custody import open_run
    from breachkit.case.phrases import Phrases
    from breachkit.cli.casework import Asking, Work
    from breachkit.cli.investigating import look_into

    books, places, words = gather.Books(), open_countries(geoip), Phrases(lang.value)
    asking = Asking(tuple(reader.value for reader in readers or [options.Reader.RESPONDER]), redact)
    output.check(case, where, quarantine, geoip, option="-o")
    place = None if case is None else open_run(case)
    # what was typed may name people: a redacted case does not repeat it
    command = ["investigate", "--redact"] if redact else None
    with recorded(case, command, is_new=True, is_named=not redact) as outcome:
        work = Work(where, asking, words, datetime.now(UTC), place)
        found = look_into(where, books, places, max_minutes, quarantine)
        findings = work.fill(found)
        outcome |= {"run": findings["case"]["run"], "written": work.written}
        _tell(output_format, work, found, findings)
        output.finish(books, findings=fail_on_findings and bool(findings["accused"]))


def _tell(output_format: options.CaseFormat, work: Work, found: Investigation, findings: Json) -> None:
    """Write what was asked for to stdout."""
    from breachkit.case.timeline import ecs_events, render_jsonl
    from breachkit.cli.casework import render_summary
    from breachkit.report.contract import dump

    match output_format:
        case options.CaseFormat.TEXT:
            output.write(render_summary(work, findings, work.words), None)
        case options.CaseFormat.JSON:
            output.write(dump(findings), None)
        case options.CaseFormat.ECS:
            lines = render_jsonl(map(work.masked, ecs_events(found, work.named)))
            while piece := "".join(islice(lines, 1000)):
                output.write(piece, None)
        case _:
            assert_never(output_format)
