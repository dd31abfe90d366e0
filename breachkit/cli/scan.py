"""`breachkit scan`."""

from __future__ import annotations

from breachkit.cli import options


def scan(
    *,
    root: options.Root = None,
    queue: options.Queue = None,
    logs: options.Logs = None,
    timezone: options.Timezone = None,
    since: options.Since = None,
    until: options.Until = None,
    server: options.Server = None,
    node: options.Node = None,
    partial: options.Partial = None,
    key: options.Key = None,
    scheduler: options.Scheduler = None,
    certs: options.Certs = None,
    wait: options.Wait = options.PATIENCE,
    jobs: options.Jobs = None,
    output_format: options.OutputFormat = options.Format.TEXT,
    output_file: options.OutputFile = None,
    fail_on_findings: options.FailOnFindings = False,
) -> None:
    """Show what is in the outgoing queues, and the symptoms of a break-in.

    Example: breachkit scan --root /srv/copy-of-icewarp
    """
    from breachkit.cli.scanning import Manner, run_scan
    from breachkit.cli.several import Several
    from breachkit.evidence.where import Asked

    asked = Asked(root, queue, logs, timezone=timezone, since=since, until=until, server=server)
    several = Several(node, partial, key, scheduler, certs, wait)
    run_scan(asked, several, Manner(jobs, output_format, output_file, fail_on_findings))
