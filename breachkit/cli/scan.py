"""`breachkit scan`."""

from __future__ import annotations

from breachkit.cli import gather
from breachkit.cli import options
from breachkit.cli import output
from breachkit.cli.where import Asked
from breachkit.cli.where import find_evidence


def scan(
    *,
    root: options.Root = None,
    queue: options.Queue = None,
    logs: options.Logs = None,
    timezone: options.Timezone = None,
    since: options.Since = None,
    until: options.Until = None,
    server: options.Server = None,
    jobs: options.Jobs = None,
    output_format: options.OutputFormat = options.Format.TEXT,
    output_file: options.OutputFile = None,
    fail_on_findings: options.FailOnFindings = False,
) -> None:
    """Show what is in the outgoing queues, and the symptoms of a break-in.

    Example: breachkit scan --root /srv/copy-of-icewarp
    """
    where = find_evidence(Asked(root, queue, logs, timezone=timezone, since=since, until=until, server=server))
    books = gather.Books()
    messages = gather.read_messages(where, books, quarantined=False)
    facts = gather.read_smtp(where, books, gather.run_fingerprints(), frozenset(), jobs)
    from breachkit.cli import joins
    from breachkit.detect.inventory import take_inventory
    from breachkit.detect.symptoms import find_symptoms
    from breachkit.report.contract import dump
    from breachkit.report.scan import render_scan
    from breachkit.report.scan import scan_json
    from breachkit.tables import messages_table
    from breachkit.tables import recipients_table

    table, hours = messages_table(messages), joins.hours_of(facts)
    sessions = None if hours is None else hours.sessions
    found = take_inventory(table, recipients_table(table), gather.queue_labels(where), sessions, where.zone)
    symptoms = find_symptoms(table, hours, joins.fates_of(facts))
    inputs = gather.inputs_of(where, books, facts)
    is_json = output_format is options.Format.JSON
    following = where.command("find-account")
    output.write(
        dump(scan_json(found, symptoms, inputs)) if is_json else render_scan(found, symptoms, inputs, following),
        output_file,
    )
    output.finish(books, findings=fail_on_findings and bool(symptoms))
