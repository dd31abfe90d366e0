"""`breachkit scan`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.cli import options, output

if TYPE_CHECKING:
    from breachkit.detect.survey import Survey
    from breachkit.evidence.gather import Books, Inputs
    from breachkit.logs.facts import LogFacts
    from breachkit.nodes.several import Several


@options.grouped(asked=options.evidence("accounts", "columns"), several=options.SEVERAL, product=options.FINDINGS)
def scan(
    *,
    asked: options.Asked,
    several: options.Several | None,
    product: options.Output,
    jobs: options.Jobs = None,
) -> None:
    """Show what is in the outgoing queues, and the symptoms of a break-in.

    Example: breachkit scan --root /srv/copy-of-icewarp
    """
    from breachkit.detect.inventory import take_inventory
    from breachkit.detect.symptoms import find_symptoms
    from breachkit.report.contract import dump
    from breachkit.report.scan_report import render_scan, scan_json

    read = _read(asked, product, jobs) if several is None else _read_together(asked, several, product, jobs)
    found = take_inventory(read.survey, read.queues, read.facts.sessions, read.inputs.zone)
    what = found, find_symptoms(read.survey, read.facts), read.inputs
    text = dump(scan_json(*what)) if product.is_json else render_scan(*what, read.following)
    output.end(text, product, read.books, findings=bool(what[1]))


class _Scanned(NamedTuple):
    """What a scan looks at."""

    survey: Survey
    facts: LogFacts
    inputs: Inputs
    books: Books
    queues: list[str]
    following: str


def _read(asked: options.Asked, product: options.Output, jobs: int | None) -> _Scanned:
    from breachkit.detect.survey import count_messages
    from breachkit.evidence import gather
    from breachkit.evidence.where import find_evidence

    where, books = find_evidence(asked), gather.Books()
    output.check(product.output_file, where)
    survey = count_messages(where, books, jobs)
    facts = gather.read_smtp(where, books, gather.run_fingerprints(), frozenset(), jobs)
    inputs = gather.inputs_of(where, books, facts)
    return _Scanned(survey, facts, inputs, books, gather.queue_labels(where), where.command("find-account"))


def _read_together(asked: options.Asked, several: Several, product: options.Output, jobs: int | None) -> _Scanned:
    """Read what find-account needs too; other doors, and what was moved away, are left out."""
    from breachkit.detect.survey import survey_of
    from breachkit.nodes.several import read_together

    output.check(product.output_file, several)
    together = read_together(asked, several, jobs)
    stitched = together.stitched
    survey = survey_of(message for message in stitched.messages if not message.quarantined)
    inputs, books = together.inputs(("queue", "smtp"))
    queues = [f"{node.node}:{queue}" for node in stitched.read for queue in node.queues]
    return _Scanned(survey, stitched.facts, inputs, books, queues, together.again("find-account"))
