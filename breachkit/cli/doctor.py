"""`breachkit doctor`."""

from __future__ import annotations

from breachkit.cli import options, output


@options.grouped(asked=options.evidence("since", "until"), product=options.PRODUCT)
def doctor(*, asked: options.Asked, product: options.Output, jobs: options.Jobs = None) -> None:
    """Say which evidence is there and which is missing, and print the lines that collect it.

    Example: breachkit doctor --root /srv/copy-of-icewarp
    """
    from breachkit.detect.checkup import check_up
    from breachkit.evidence import gather
    from breachkit.evidence.where import find_evidence
    from breachkit.report.contract import dump
    from breachkit.report.doctor_report import doctor_json, render_doctor

    where, books = find_evidence(asked, is_optional=True), gather.Books()
    output.check(product.output_file, where)
    found, facts = check_up(where, books, jobs)
    inputs = gather.inputs_of(where, books, facts)
    following = [where.command("find-account")] if found.found else []
    text = dump(doctor_json(found, inputs)) if product.is_json else render_doctor(found, inputs, following)
    output.write(text, product.output_file)
    output.finish(books, findings=False)
