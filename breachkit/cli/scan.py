"""`breachkit scan`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from breachkit.cli import options, output

if TYPE_CHECKING:
    from breachkit.detect.survey import Survey
    from breachkit.evidence import gather
    from breachkit.evidence.books import Inputs
    from breachkit.logs.facts import LogFacts


@options.grouped(asked=options.evidence("accounts", "columns"), several=options.SEVERAL, product=options.FINDINGS)
def scan(
    *,
    asked: options.Asked,
    several: options.Several,
    product: options.Product,
    jobs: options.Jobs = None,
) -> None:
    """Show what is in the outgoing queues, and the symptoms of a break-in.

    Example: breachkit scan --root /srv/copy-of-icewarp
    """
    read = _read_together(asked, several, product, jobs) if several.is_asked else _read(asked, product, jobs)
    from breachkit.cli import logged
    from breachkit.detect.inventory import take_inventory
    from breachkit.detect.symptoms import find_symptoms
    from breachkit.report.contract import dump
    from breachkit.report.scan import render_scan, scan_json

    survey, facts, inputs, books, queues, following = read
    hours = logged.hours_of(facts)
    found = take_inventory(survey, queues, hours and hours.sessions, inputs.zone)
    symptoms = find_symptoms(survey, hours, logged.fates_of(facts))
    output.write(
        dump(scan_json(found, symptoms, inputs))
        if product.is_json
        else render_scan(found, symptoms, inputs, following),
        product.output_file,
    )
    output.finish(books, findings=product.fail_on_findings and bool(symptoms))


class _Read(NamedTuple):
    """What a scan looks at."""

    survey: Survey
    facts: LogFacts
    inputs: Inputs
    books: gather.Books
    queues: list[str]
    following: str


def _read(asked: options.Asked, product: options.Product, jobs: int | None) -> _Read:
    from breachkit.detect.counting import count_messages
    from breachkit.evidence import gather
    from breachkit.evidence.where import find_evidence

    where, books = find_evidence(asked), gather.Books()
    output.check(product.output_file, where)
    survey = count_messages(where, books, jobs)
    facts = gather.read_smtp(where, books, gather.run_fingerprints(), frozenset(), jobs)
    inputs = gather.inputs_of(where, books, facts)
    return _Read(survey, facts, inputs, books, gather.queue_labels(where), where.command("find-account"))


def _read_together(asked: options.Asked, several: options.Several, product: options.Product, jobs: int | None) -> _Read:
    from dataclasses import replace

    from breachkit.cli.several import check_product, read_together
    from breachkit.detect.survey import survey_of
    from breachkit.sends import Sends

    check_product(several, product.output_file)
    together = read_together(asked, several, jobs)
    stitched = together.stitched
    # what was read for find-account alone is left out: mail from outside, other doors, what was moved away
    facts = replace(stitched.facts, sends=Sends(sent for sent in stitched.facts.sends if sent[2] is not None))
    survey = survey_of(message for message in stitched.messages if not message.quarantined)
    inputs, books = together.inputs(("queue", "smtp"))
    queues = [f"{node.node}:{queue}" for node in stitched.read for queue in node.queues]
    return _Read(survey, facts, inputs, books, queues, together.again("find-account", several))
