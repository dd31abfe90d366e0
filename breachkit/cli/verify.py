"""`breachkit verify`."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from breachkit.cli import options, output
from breachkit.cli.output import BOOK, recorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from breachkit.detect.closure import Check
    from breachkit.evidence.where import Where

Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ACCOUNT]…", help="Accounts to check, beside those that look compromised."),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="TIME|AGE", help="Since when it should be over (default: the end of the newest purge)."
    ),
]


class Monitoring(NamedTuple):
    """The form of a monitoring plugin, and from where on it warns and calls."""

    monitor: bool
    warn_queue: int | None
    crit_queue: int | None
    warn_rate: int | None
    crit_rate: int | None


def _limit(option: str, what: str) -> tuple[object, None]:
    return Annotated[int | None, typer.Option(option, min=0, metavar="N", help=f"{what}, with --monitor.")], None


MONITORING = options.OptionGroup(
    Monitoring,
    {
        "monitor": (
            Annotated[
                bool, typer.Option("--monitor", help="Print one line for Nagios and its like; exit with 0, 1, 2 or 3.")
            ],
            False,
        ),
        "warn_queue": _limit("--warn-queue", "Queued messages to warn at"),
        "crit_queue": _limit("--crit-queue", "Queued messages that are critical"),
        "warn_rate": _limit("--warn-rate", "Messages an hour of one account to warn at"),
        "crit_rate": _limit("--crit-rate", "Messages an hour of one account that are critical"),
    },
)


@options.grouped(asked=options.evidence("since", "until"), product=options.PRODUCT, monitoring=MONITORING)
def verify(
    names: Names = None,
    *,
    asked: options.Asked,
    product: options.Output,
    monitoring: Monitoring,
    since: Since = None,
    quarantine: options.Quarantine = None,
    case: options.Case = None,
    jobs: options.Jobs = None,
) -> None:
    """Check that the incident is closed: queue, attackers, password, what was left behind, settings, delivery.

    Exits with 0 when it is closed, 10 when something is open, 3 when something it needs could not be read.

    Example: breachkit verify --root /srv/icewarp --accounts new-users.csv
    """
    from breachkit.detect.closure import closing_checks, is_closed, look_after, no_entry, pace_of
    from breachkit.errors import UsageError
    from breachkit.evidence import gather
    from breachkit.evidence.where import find_evidence
    from breachkit.report.contract import dump
    from breachkit.report.verify_report import Thresholds, Verified, monitor_line, render_verify, verify_json

    is_monitor, limits = monitoring.monitor, Thresholds(*monitoring[1:])
    if any(limit is not None for limit in limits) and not is_monitor:
        raise UsageError("--warn-queue, --crit-queue, --warn-rate and --crit-rate go with --monitor; add it")
    with recorded(case) as outcome, _answering(monitoring):
        where, books = find_evidence(asked), gather.Books()
        output.check(product.output_file, where, quarantine, case and case / BOOK)
        begin = _since(where, quarantine, since or ("1h" if is_monitor else None))
        after = look_after(where, books, begin.ts, names or (), jobs)
        if is_monitor:
            code, line = monitor_line(no_entry(after), pace_of(after), limits, is_incomplete=bool(books.skipped))
            output.write(line, product.output_file)
            raise typer.Exit(code)
        found = Verified(begin.ts, begin.run, after.accounts, closing_checks(after))
        inputs = gather.inputs_of(where, books, after.facts)
        following = _following(where, found.checks)
        text = dump(verify_json(found, inputs)) if product.is_json else render_verify(found, inputs, following)
        output.write(text, product.output_file)
        closed = is_closed(found.checks)
        outcome |= {"closed": closed, "checks": {check.name: check.status for check in found.checks}}
        output.finish(books, findings=closed is False, is_incomplete=closed is None)


@contextmanager
def _answering(monitoring: Monitoring) -> Iterator[None]:
    """Let a monitor know by its own code that it cannot be told: 1 and 2, by which a command ends, are its alarms."""
    from breachkit.errors import BreachkitError

    try:
        yield
    except BreachkitError as error:
        if not monitoring.monitor:
            raise
        output.note(f"breachkit: {error}")
        output.write("BREACHKIT UNKNOWN - nothing could be read; stderr says why\n", None)
        raise typer.Exit(3) from None


class _Begin(NamedTuple):
    """Since when the incident should be over, and the purge whose end that is."""

    ts: datetime
    run: str | None


def _since(where: Where, quarantine: Path | None, typed: str | None) -> _Begin:
    """Read the moment that was named, or find the end of the newest purge. Raises BreachkitError."""
    from breachkit.errors import UsageError
    from breachkit.evidence.moments import read_moment
    from breachkit.purge.reach import reach_of

    if typed is not None:
        return _Begin(read_moment("--since", typed, where.zone), None)
    runs = reach_of(where, quarantine, with_outside=False).stocks() if where.layout.queues else []
    # a purge that was killed has no end in its journal: its beginning counts
    ended = [_Begin(datetime.fromisoformat(run.ended or run.began), run.run.name) for run in runs if run.began]
    if not ended:
        raise UsageError(
            "no purge of this queue is known, so nothing says since when it should be over; add --since TIME"
        )
    return max(ended)


def _following(where: Where, checks: Iterable[Check]) -> list[str]:
    """Spell what mends what is open."""
    commands = {
        "queue-clean": where.command("group"),
        "no-entry-since": where.command("find-account"),
        "no-attacker-since": where.command("contain", "--block-list", "nftables"),
        "password-changed": where.command("contain"),
        "left-behind": where.command("contain"),
        "settings": where.harden(),
    }
    return list(dict.fromkeys(commands[one.name] for one in checks if one.status == "open" and one.name in commands))
