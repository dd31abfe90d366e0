"""The steps of a scan: count, find, tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from breachkit.cli import options, output
from breachkit.cli.several import Several, read_together
from breachkit.detect.survey import survey_of
from breachkit.evidence import gather
from breachkit.evidence.counting import count_messages
from breachkit.evidence.where import find_evidence
from breachkit.sends import Sends

if TYPE_CHECKING:
    from breachkit.detect.survey import Survey
    from breachkit.evidence.where import Asked
    from breachkit.report.inputs import Inputs


class Manner(NamedTuple):
    """How a scan is to be done and told."""

    jobs: int | None
    output_format: options.Format
    output_file: Path | None
    fail_on_findings: bool


def run_scan(asked: Asked, several: Several, manner: Manner) -> None:
    """Do it. Raises BreachkitErrors; ends with the exit code that the books and the symptoms call for."""
    survey, facts, inputs, books, queues, following = (
        _read_together(asked, several, manner) if several.is_asked else _read(asked, manner)
    )
    from breachkit.cli import logged
    from breachkit.detect.inventory import take_inventory
    from breachkit.detect.symptoms import find_symptoms
    from breachkit.report.contract import dump
    from breachkit.report.scan import render_scan, scan_json

    hours = logged.hours_of(facts)
    found = take_inventory(survey, queues, hours and hours.sessions, inputs.zone)
    symptoms = find_symptoms(survey, hours, logged.fates_of(facts))
    is_json = manner.output_format is options.Format.JSON
    output.write(
        dump(scan_json(found, symptoms, inputs)) if is_json else render_scan(found, symptoms, inputs, following),
        manner.output_file,
    )
    output.finish(books, findings=manner.fail_on_findings and bool(symptoms))


class _Read(NamedTuple):
    """What a scan looks at."""

    survey: Survey
    facts: gather.SmtpFacts
    inputs: Inputs
    books: gather.Books
    queues: list[str]
    following: str


def _read(asked: Asked, manner: Manner) -> _Read:
    where, books, jobs = find_evidence(asked), gather.Books(), manner.jobs
    output.check(manner.output_file, where)
    survey = count_messages(where, books, jobs)
    facts = gather.read_smtp(where, books, gather.run_fingerprints(), frozenset(), jobs)
    inputs = gather.inputs_of(where, books, facts)
    return _Read(survey, facts, inputs, books, gather.queue_labels(where), where.command("find-account"))


def _read_together(asked: Asked, several: Several, manner: Manner) -> _Read:
    several.check(manner.output_file)
    together = read_together(asked, several, manner.jobs)
    stitched = together.stitched
    # what was read for find-account alone is left out: mail from outside, other doors, what was moved away
    facts = replace(stitched.facts, sends=Sends(sent for sent in stitched.facts.sends if sent[2] is not None))
    survey = survey_of(message for message in stitched.messages if not message.quarantined)
    inputs, books = together.inputs(("queue", "smtp"))
    queues = [f"{node.node}:{queue}" for node in stitched.read for queue in node.queues]
    return _Read(survey, facts, inputs, books, queues, together.again("find-account", several))
